import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { native } from '../../src/native.ts';

// When the call of one ends, the other's next one has not come yet: nothing waits, and each call
// would run wide, with the other thread waiting for it.
it('two threads that each call in a loop have a core each', async () => {
  const workers = 2;
  const arrived = new Int32Array(new SharedArrayBuffer(4));
  const module = new URL('../fixtures/executor-callers.ts', import.meta.url).href;
  const all = Array.from({ length: workers }, () => {
    return new Worker(new URL('../fixtures/typescript-worker.mjs', import.meta.url), {
      workerData: { module, arrived, workers },
      env: { ...process.env, HEDDLE_MAX_CPU_COUNT: '2' },
    });
  });
  await Promise.all(all.map((worker) => once(worker, 'message')));
  const { narrow, wide } = native.executor.stats();
  expect(narrow).toBeGreaterThan(2 * wide);
  await Promise.all(all.map((worker) => worker.terminate()));
});
