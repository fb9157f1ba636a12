// A worker that opens overlapping leases at random and closes them in a random order; told to
// leave early, it goes with leases still open.
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
const { threadpoolLimits, threadpoolInfo } = await import('../../src/threadpools/index.ts');

let state = workerData.seed;
const random = (below) => {
  state = (state * 1103515245 + 12345) % 2147483648;
  return state % below;
};

const open = [];
for (let round = 0; round < workerData.rounds; round++) {
  if (open.length < 5 && random(2) === 0) {
    const limit = 1 + random(3);
    open.push(threadpoolLimits(random(2) === 0 ? limit : { blas: limit, openmp: limit }));
    const mine = threadpoolInfo().find((info) => info.prefix === 'libopenblas').numThreads;
    if (mine > limit) throw new Error(`${mine} threads under a limit of ${limit}`);
  } else if (open.length > 0) {
    open.splice(random(open.length), 1)[0].restore();
  }
  if (random(50) === 0) await sleep(1);
}
if (workerData.leave === 'restored') {
  for (const limits of open) limits.restore();
} else {
  threadpoolLimits(1);
}
parentPort.postMessage('done');
if (workerData.leave === 'hold') await sleep(60_000);
if (workerData.leave === 'exit') process.exit(3);
