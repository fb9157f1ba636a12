import { expect, it } from 'vitest';
import { executorStats, type MatrixLike, matmul } from '../../src/linalg/index.ts';
import { native } from '../../src/native.ts';
import { randomMatrix } from '../helpers/matrices.ts';

const COUNT = 240;

/**
 * Runs large operations at the start, among small ones and at the end. Returns how often this thread
 * looked while some waited, how often not all cores were busy then, and how many operations that
 * were called earlier had not ended at most when one ended.
 */
async function mix(small: MatrixLike, large: MatrixLike, cores: number) {
  const settled: number[] = [];
  const operations = Array.from({ length: COUNT }, (_, index) => {
    const factor = index % 24 === 0 || index === COUNT - 1 ? large : small;
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
  expect(settled).toHaveLength(COUNT);
  const ended = new Set<number>();
  let overtaken = 0;
  for (const index of settled) {
    ended.add(index);
    const behind = Array.from({ length: index }, (_, i) => i).filter((i) => !ended.has(i));
    overtaken = Math.max(overtaken, behind.length);
  }
  return { samples, idle, overtaken };
}

for (const cores of [1, 2]) {
  it(`a mix of large and small operations keeps ${cores} core(s) busy and starves none`, async () => {
    const [small, large] = [randomMatrix(150, 150), randomMatrix(900, 900)];
    await matmul(small, small);
    const before = native.executor.budget();
    native.executor.budget(cores);
    try {
      executorStats({ resetPeak: true });
      let [samples, idle] = [0, 0];
      // How often this thread gets to look while operations wait depends on the processor, and on
      // what instruments the addon: as many rounds as it takes to have looked often enough.
      for (let round = 0; samples <= 20; round++) {
        expect(round, `rounds, which gave ${samples} samples`).toBeLessThan(100);
        const seen = await mix(small, large, cores);
        samples += seen.samples;
        idle += seen.idle;
        // Each starts once all before it have started: when one has ended, only few of those before
        // it have not, those that run beside it and those whose end is being told.
        expect(seen.overtaken).toBeLessThanOrEqual(4 * (cores - 1));
      }
      // Cores stand still only where a wide operation waits for the one that runs beside it.
      expect(idle / samples).toBeLessThan(0.2);
      expect(executorStats()).toMatchObject({ peak: cores, queued: 0, running: 0, busy: 0 });
    } finally {
      native.executor.budget(before);
    }
  });
}
