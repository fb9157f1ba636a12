/** Waiting in which this thread has listened. */
import { describe, expect, it } from 'vitest';
import { ResponsiveTimer } from '../../src/scheduler/responsive-timer.ts';

describe('a responsive timer', () => {
  const busy = (ms: number): void => {
    const end = performance.now() + ms;
    while (performance.now() < end);
  };

  it('is about time in which this thread listens', async () => {
    let called = false;
    const began = performance.now();
    new ResponsiveTimer(50, true, () => {
      called = true;
    });
    busy(100);
    // What has come meanwhile is heard now, in several turns.
    let turns = 0;
    while (!called) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      turns++;
    }
    expect(turns).toBeGreaterThanOrEqual(4);
    expect(performance.now() - began).toBeGreaterThanOrEqual(139);
  });

  it('ends when it is told to, at any step', async () => {
    let calls = 0;
    const patience = [0, 15, 35].map((wait) => {
      const one = new ResponsiveTimer(50, false, () => calls++);
      setTimeout(() => one.end(), wait);
      return one;
    });
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(calls).toBe(0);
    for (const one of patience) one.end();
  });
});
