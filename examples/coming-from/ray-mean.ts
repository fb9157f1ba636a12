// Remote functions whose results others need, and an actor that keeps what it is told: Ray's calc_mean.
// `npx tsx examples/coming-from/ray-mean.ts`; Debian has no Ray: ray-mean.py does the same with NumPy and a pool.
import { Cluster } from 'heddle/cluster';
import { defaultRng } from 'heddle/random';
import { digits, show } from './show.ts';

type Pair = [mean: number, deviation: number];

const calcMean = (i: number, n: number): Pair => {
  const data = defaultRng(i).normal(0, 1, n);
  const mean = data.reduce((a, b) => a + b) / n;
  return [mean, Math.sqrt(data.reduce((a, b) => a + (b - mean) ** 2, 0) / n)];
};

const larger = (a: Pair, b: Pair): Pair => (a[1] > b[1] ? a : b);

/** Counts what it is told. */
class Totals {
  count = 0;
  sum = 0;

  add([mean]: Pair): number {
    this.sum += mean;
    return ++this.count;
  }

  mean(): number {
    return this.sum / this.count;
  }
}

await using cluster = await Cluster.start({ n: 2 });
const client = await cluster.client();
const remoteMean = client.remote(calcMean);
const remoteLarger = client.remote(larger);

const refs = Array.from({ length: 5 }, (_, i) => remoteMean(i, 100_000));
show('calc_mean', digits(await client.get(refs), 10));

// References as arguments: the results go from engine to engine by their names.
const largest = refs.reduce((a, b) => remoteLarger(a, b));
show('largest', digits(await client.get(largest), 10));

const totals = await client.actor(Totals, []);
for (const pair of await client.get(refs)) await totals.add(pair);
show('actor', digits(await totals.mean(), 10));

/* ray-mean.py prints, with Debian 12's python3-numpy 1.24.2:
calc_mean [[-0.0009082507731,1.000128504],[-0.004590572043,0.9965331882],[-0.001357585472,0.9990278785],[0.0007428766527,0.9990572142],[0.003517035366,0.9990764955]]
largest [-0.0009082507731,1.000128504]
actor -0.0005192992539
*/
