// Linear algebra with as many threads as one says, and with one in each of several workers.
// `npx tsx examples/coming-from/threaded-cholesky.ts`; threaded-cholesky.py is the same with NumPy and
// threadpoolctl.
import { map, threadpoolLimits } from 'heddle';
import { choleskySync, gramSync } from 'heddle/linalg';
import { defaultRng } from 'heddle/random';
import { digits, show } from './show.ts';

const n = 400;

/** The logarithm of the determinant of XᵀX, for a random X. */
function logDeterminant(seed: number): number {
  const x = { data: defaultRng(seed).normal(0, 1, n * n), shape: [n, n] };
  const { data } = choleskySync(gramSync(x));
  let sum = 0;
  for (let i = 0; i < n; i++) sum += Math.log(data[i * n + i]!);
  return 2 * sum;
}

for (const threads of [1, 2]) {
  using _limit = threadpoolLimits({ blas: threads });
  show('threads', [threads, digits(logDeterminant(0), 9)]);
}
const options = { jobs: 2, backend: 'threads', childThreads: 1 };
show('workers', digits(await map([0, 1, 2, 3], logDeterminant, options), 9));

/* threaded-cholesky.py prints, with Debian 12's python3-numpy 1.24.2 and python3-threadpoolctl 3.1.0:
threads [1,1996.96383]
threads [2,1996.96383]
workers [1996.96383,1985.81867,1995.64646,1991.71154]
*/
