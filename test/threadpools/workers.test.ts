import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { threadpoolInfo, threadpoolLimits } from '../../src/index.ts';
import { loadLibrary, probe } from './probe.ts';

// Each worker starts a loader of TypeScript of its own.
vi.setConfig({ testTimeout: 120_000 });

// No libomp here: a worker's loader of TypeScript starts a process, and what libomp does in the
// child between fork and exec waits for ever under AddressSanitizer.
beforeAll(() => {
  probe.call(loadLibrary('openblas-pthread'), 'openblas_set_num_threads', 4);
  probe.call(loadLibrary('blis-pthread'), 'bli_thread_set_num_threads', 5);
  loadLibrary('openblas-openmp');
  loadLibrary('libvips');
});

const process_ = () => threadpoolInfo().filter((info) => info.scope === 'process');

/** Starts a worker and waits until it has done its rounds. */
async function start(seed: number, leave: 'restored' | 'open' | 'hold' | 'exit', rounds = 400) {
  const worker = new Worker(new URL('./worker.mjs', import.meta.url), {
    workerData: { seed, leave, rounds },
  });
  const exited = once(worker, 'exit');
  await Promise.race([
    once(worker, 'message'),
    once(worker, 'error').then(([error]) => {
      throw error;
    }),
  ]);
  return { worker, exited };
}

describe('leases from worker threads', () => {
  it('eight workers open and close overlapping leases: the process ends as it began', async () => {
    const before = threadpoolInfo();
    const workers = await Promise.all(
      [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => start(seed, 'restored')),
    );
    await Promise.all(workers.map(({ exited }) => exited));
    expect(threadpoolInfo()).toEqual(before);
  });

  it('a worker that ends gives its leases back: by its end, by exit, by terminate', async () => {
    const before = threadpoolInfo();
    const ended = await start(11, 'open');
    await ended.exited;
    expect(threadpoolInfo()).toEqual(before);

    const exits = await start(12, 'exit');
    await exits.exited;
    expect(threadpoolInfo()).toEqual(before);

    const terminated = await start(13, 'hold');
    await terminated.worker.terminate();
    expect(threadpoolInfo()).toEqual(before);
  });

  it('a lease of a worker holds for the process, but for runtimes that count by thread', async () => {
    const before = threadpoolInfo();
    const { worker } = await start(21, 'hold');
    const meanwhile = threadpoolInfo();
    const expected = before.map((info) =>
      info.scope === 'process' ? { ...info, numThreads: 1 } : info,
    );
    expect(meanwhile).toEqual(expected);
    await worker.terminate();
    expect(threadpoolInfo()).toEqual(before);
  });

  it('a lease of this thread and one of a worker: the smaller holds, each ends by itself', async () => {
    const source = `
      const { parentPort, workerData } = require('node:worker_threads');
      import('tsx/esm/api').then(({ register }) => register()).then(() => import(workerData)).then(({ threadpoolLimits }) => {
        const limits = threadpoolLimits({ blas: 2 });
        parentPort.postMessage('open');
        parentPort.once('message', () => { limits.restore(); parentPort.postMessage('closed'); });
      });`;
    const worker = new Worker(source, {
      eval: true,
      workerData: new URL('../../src/threadpools/index.ts', import.meta.url).href,
    });
    const blas = () => process_().find((info) => info.prefix === 'libopenblas')?.numThreads;
    const three = threadpoolLimits({ blas: 3 });
    expect(blas()).toBe(3);
    await once(worker, 'message');
    expect(blas()).toBe(2);
    three.restore();
    expect(blas()).toBe(2);
    const one = threadpoolLimits({ blas: 1 });
    worker.postMessage('close');
    await once(worker, 'message');
    expect(blas()).toBe(1);
    one.restore();
    expect(blas()).toBe(4);
    await worker.terminate();
  });
});
