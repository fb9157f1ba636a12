import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { withConfig } from '../../src/config/index.ts';
import { blasInfo, executorStats, gram, matmul, matmulSync } from '../../src/linalg/index.ts';
import { native } from '../../src/native.ts';
import { threadpoolLimits } from '../../src/threadpools/index.ts';
import { randomMatrix, rowsOf } from '../helpers/matrices.ts';

/** Pretends that the machine has so many cores, for the time of a test. */
async function withBudget(cores: number, body: () => Promise<void>): Promise<void> {
  executorStats(); // the real budget is set at the first use
  const before = native.executor.budget();
  native.executor.budget(cores);
  try {
    await body();
  } finally {
    native.executor.budget(before);
  }
}

describe('the executor', () => {
  it('runs equal queued products side by side, and a large one alone wide', async () => {
    await withBudget(2, async () => {
      const a = randomMatrix(300, 300);
      await matmul(a, a);
      const before = executorStats({ resetPeak: true });
      // Both cores are taken until all are queued, however slowly this thread does that: an executor with
      // one product at a time to see would give it both.
      const long = randomMatrix(1500, 1500);
      const blockers = [1, 2].map(() => matmul(long, long, { threads: 1 }));
      await Promise.all([...blockers, ...Array.from({ length: 8 }, () => matmul(a, a))]);
      const side = executorStats({ resetPeak: true });
      expect(side.narrow - before.narrow).toBeGreaterThanOrEqual(2 + 6);
      expect(side.peak).toBe(2);

      const large = randomMatrix(900, 900);
      await matmul(large, large);
      const alone = executorStats();
      expect(alone.wide - side.wide).toBe(1);
      expect(alone.busy).toBe(0);
    });
  });

  it('obeys the threads option, and the scope', async () => {
    await withBudget(2, async () => {
      const large = randomMatrix(700, 700);
      const before = executorStats().wide;
      await matmul(large, large, { threads: 1 });
      await withConfig({ backendThreads: 1 }, () => matmul(large, large));
      matmulSync(large, large, { threads: 1 });
      expect(executorStats().wide).toBe(before);
      await matmul(large, large, { threads: 2 });
      expect(executorStats().wide).toBe(before + 1);
    });
  });

  it('gives the same results wide and narrow, blocking and queued', async () => {
    const a = randomMatrix(600, 400, 3);
    const narrow = rowsOf(await gram(a, { threads: 1 }));
    for (const threads of [1, 2]) {
      const [queued, blocking] = [await gram(a, { threads }), await gram(a, { threads })];
      expect(rowsOf(queued)).toEqual(rowsOf(blocking));
      expect(Math.abs(queued.data[5]! - narrow[0]![5]!)).toBeLessThan(1e-10);
    }
  });

  it('lets thousands wait, and counts them', async () => {
    const a = randomMatrix(40, 40);
    const out = Array.from({ length: 5000 }, () => ({
      data: new Float64Array(1600),
      shape: [40, 40],
    }));
    const blocker = randomMatrix(2000, 2000);
    const first = [matmul(blocker, blocker), matmul(blocker, blocker), matmul(blocker, blocker)];
    const rss = process.memoryUsage().rss;
    const all = out.map((place) => matmul(a, a, { out: place }));
    expect(executorStats().queued).toBeGreaterThan(4000);
    // A queued call is a ticket, a job and a Promise: about a kilobyte.
    expect(process.memoryUsage().rss - rss).toBeLessThan(40e6);
    await Promise.all([...first, ...all]);
    expect(executorStats()).toMatchObject({ queued: 0, running: 0, busy: 0 });
    expect([...out.at(-1)!.data]).toEqual([...out[0]!.data]);
  });

  it('gives up what is queued when its signal aborts', async () => {
    await withBudget(1, async () => {
      const large = randomMatrix(900, 900);
      const controller = new AbortController();
      const blocker = randomMatrix(2500, 2500); // runs until all others are queued
      const first = matmul(blocker, blocker);
      const before = executorStats();
      const rest = Array.from({ length: 20 }, () =>
        matmul(large, large, { signal: controller.signal }),
      );
      const settled = Promise.allSettled(rest);
      expect(executorStats().queued).toBe(20);
      controller.abort(new Error('enough'));
      expect(executorStats().queued).toBe(0);
      for (const result of await settled) {
        expect(result).toMatchObject({ status: 'rejected', reason: { message: 'enough' } });
      }
      await first;
      expect(executorStats().narrow).toBe(before.narrow);
      await expect(matmul(large, large, { signal: controller.signal })).rejects.toThrow('enough');
    });
  });

  it('discards what runs when its signal aborts, and keeps its buffers until it has ended', async () => {
    const large = randomMatrix(1200, 1200);
    const controller = new AbortController();
    const running = matmul(large, large, { signal: controller.signal });
    await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort();
    await expect(running).rejects.toThrow(/aborted/);
    while (executorStats().running > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('leaves libuv’s pool alone', async () => {
    const large = randomMatrix(1500, 1500);
    let done = false;
    // Twice as many as libuv has threads.
    const products = Promise.all(Array.from({ length: 8 }, () => matmul(large, large))).then(() => {
      done = true;
    });
    await readFile(new URL(import.meta.url));
    expect(done).toBe(false);
    await products;
  });
});

describe('limits', () => {
  it('opened on the JavaScript thread bind operations wherever they run', async () => {
    await withBudget(2, async () => {
      const large = randomMatrix(700, 700);
      await matmul(large, large);
      const before = executorStats().wide;
      expect(before).toBeGreaterThan(0);
      for (const limits of [1, { blas: 1 }]) {
        using _ = threadpoolLimits(limits);
        await matmul(large, large);
        matmulSync(large, large);
        expect(executorStats().wide).toBe(before);
      }
      await matmul(large, large);
      expect(executorStats().wide).toBe(before + 1);
    });
  });

  it('leave the library’s own count as it was, once nothing runs', async () => {
    const large = randomMatrix(700, 700);
    const count = () => blasInfo().threads;
    const before = count();
    await Promise.all([matmul(large, large), matmul(large, large, { threads: 1 })]);
    matmulSync(randomMatrix(8, 8), randomMatrix(8, 8));
    expect(count()).toBe(before);
  });
});
