import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { executorStats } from '../../src/executor/index.ts';
import { argKmin, pairwiseDistances, radiusNeighbors } from '../../src/neighbors/index.ts';
import { data, type Fill, kinds } from './definition.ts';

const real = kinds.real as Fill;
const many = data(8000, 32, 1, real);

async function idle(): Promise<void> {
  while (executorStats().running > 0) await sleep(1);
}

describe('a search that runs', { timeout: 120_000 }, () => {
  it('stops at the next chunk when it is given up', async () => {
    // Manhattan distances of 60 000 pairs of blocks take minutes; a chunk takes milliseconds.
    const huge = { data: new Float64Array(400_000 * 32).fill(1), shape: [400_000, 32] };
    for (const start of [
      (signal: AbortSignal) => argKmin(huge, huge, 3, { metric: 'manhattan', signal }),
      (signal: AbortSignal) => argKmin({ ...huge, shape: [900, 32] }, huge, 900, { signal }),
      (signal: AbortSignal) => radiusNeighbors(huge, huge, 0.1, { metric: 'chebyshev', signal }),
      (signal: AbortSignal) =>
        pairwiseDistances({ ...huge, shape: [400, 32] }, huge, { metric: 'manhattan', signal }),
    ]) {
      const controller = new AbortController();
      const running = start(controller.signal);
      const reason = new Error('enough');
      await sleep(30);
      controller.abort(reason);
      await expect(running).rejects.toBe(reason);
      await idle();
    }
  });

  it('does not begin when it was given up before', async () => {
    const signal = AbortSignal.abort(new Error('never'));
    await expect(argKmin(many, many, 3, { signal })).rejects.toThrow('never');
  });

  it('reports progress that grows to its end', async () => {
    const seen: [number, number][] = [];
    await argKmin(many, many, 3, {
      metric: 'manhattan',
      onProgress: (done, total) => seen.push([done, total]),
    });
    expect(seen.length).toBeGreaterThan(0);
    const total = seen[0]![1];
    for (const [i, [done, all]] of seen.entries()) {
      expect(all).toBe(total);
      expect(done).toBeGreaterThan(i === 0 ? 0 : seen[i - 1]![0]);
    }
    expect(seen.at(-1)).toEqual([total, total]);
  });

  it('never has more threads than it was given, and all of them', async () => {
    executorStats({ resetPeak: true });
    await argKmin(many, many, 3, { threads: 1 });
    expect(executorStats().peak).toBe(1);
    if (executorStats().budget < 2) return;
    executorStats({ resetPeak: true });
    await argKmin(many, many, 3, { threads: 2 });
    expect(executorStats().peak).toBe(2);
  });
});
