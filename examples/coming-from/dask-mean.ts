// Calls that are noted first and made together, whose results another call needs: Dask's delayed.
// `npx tsx examples/coming-from/dask-mean.ts`; dask-mean.py is the same with Dask.
import { compute, delayed } from 'heddle';
import { defaultRng } from 'heddle/random';
import { digits, show } from './show.ts';

type Pair = [mean: number, deviation: number];

const calcMean = delayed((i: number, n: number): Pair => {
  const data = defaultRng(i).normal(0, 1, n);
  const mean = data.reduce((a, b) => a + b) / n;
  return [mean, Math.sqrt(data.reduce((a, b) => a + (b - mean) ** 2, 0) / n)];
});

const overall = delayed(
  (pairs: readonly Pair[]): Pair => [
    pairs.reduce((sum, [mean]) => sum + mean, 0) / pairs.length,
    Math.max(...pairs.map(([, deviation]) => deviation)),
  ],
);

const calls = Array.from({ length: 5 }, (_, i) => calcMean(i, 100_000));
for (const backend of ['processes', 'threads', 'sequential']) {
  show('calc_mean', digits(await compute(calls, { backend }), 10));
}
show('overall', digits(await compute(overall(calls)), 10));

/* dask-mean.py prints, with Debian 12's python3-dask 2022.12.1 and python3-numpy 1.24.2:
calc_mean [[-0.0009082507731,1.000128504],[-0.004590572043,0.9965331882],[-0.001357585472,0.9990278785],[0.0007428766527,0.9990572142],[0.003517035366,0.9990764955]]
calc_mean [[-0.0009082507731,1.000128504],[-0.004590572043,0.9965331882],[-0.001357585472,0.9990278785],[0.0007428766527,0.9990572142],[0.003517035366,0.9990764955]]
calc_mean [[-0.0009082507731,1.000128504],[-0.004590572043,0.9965331882],[-0.001357585472,0.9990278785],[0.0007428766527,0.9990572142],[0.003517035366,0.9990764955]]
overall [-0.0005192992539,1.000128504]
*/
