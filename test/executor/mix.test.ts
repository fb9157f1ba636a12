import { expect, it } from 'vitest';
import { executorStats, matmul } from '../../src/linalg/index.ts';
import { native } from '../../src/native.ts';
import { randomMatrix } from '../helpers/matrices.ts';

for (const cores of [1, 2]) {
  it(`a mix of large and small operations keeps ${cores} core(s) busy and starves none`, async () => {
    const [small, large] = [randomMatrix(150, 150), randomMatrix(900, 900)];
    await matmul(small, small);
    const before = native.executor.budget();
    native.executor.budget(cores);
    try {
      executorStats({ resetPeak: true });
      // Large ones at the start, among the small ones and at the end.
      const settled: number[] = [];
      const operations = Array.from({ length: 240 }, (_, index) => {
        const factor = index % 24 === 0 || index === 239 ? large : small;
        return matmul(factor, factor).then(() => settled.push(index));
      });
      const all = Promise.all(operations);
      let [samples, idle] = [0, 0];
      let done = false;
      void all.then(() => {
        done = true;
      });
      while (!done) {
        const { queued, busy } = executorStats();
        if (queued > 0) {
          samples++;
          if (busy < cores) idle++;
        }
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await all;

      // Each starts once all before it have started: when one has ended, only few of those before
      // it have not, those that run beside it and those whose end is being told.
      expect(settled).toHaveLength(240);
      const ended = new Set<number>();
      let overtaken = 0;
      for (const index of settled) {
        ended.add(index);
        const behind = Array.from({ length: index }, (_, i) => i).filter((i) => !ended.has(i));
        overtaken = Math.max(overtaken, behind.length);
      }
      expect(overtaken).toBeLessThanOrEqual(4 * (cores - 1));
      // Cores stand still only where a wide operation waits for the one that runs beside it.
      expect(samples).toBeGreaterThan(20);
      expect(idle / samples).toBeLessThan(0.2);
      expect(executorStats()).toMatchObject({ peak: cores, queued: 0, running: 0, busy: 0 });
    } finally {
      native.executor.budget(before);
    }
  });
}
