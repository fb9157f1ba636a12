/** How many tasks go into a batch. */
import { describe, expect, it } from 'vitest';
import { BatchSizer } from '../../src/scheduler/sizer.ts';

describe('batch sizes', () => {
  it('stay at 1 for slow tasks and grow fast for fast ones', () => {
    const slow = new BatchSizer('auto');
    expect(slow.next(null, 2)).toBe(1);
    slow.measured(1, 50);
    expect(slow.next(null, 2)).toBe(1);
    expect(slow.prefetch).toBe(false);
    const fast = new BatchSizer('auto');
    fast.measured(1, 0.01);
    const second = fast.next(null, 2);
    expect(second).toBeGreaterThanOrEqual(32);
    fast.measured(second, second * 0.0005);
    expect(fast.next(null, 2)).toBeGreaterThanOrEqual(1000);
    expect(fast.prefetch).toBe(true);
    fast.measured(1000, 5000);
    expect(fast.next(null, 2)).toBeLessThan(10);
  });

  it('leave nothing behind a batch that takes long, and where nothing can be taken back, behind few', () => {
    for (const [careful, ms, prefetch] of [
      [false, 20, true],
      [false, 60, false],
      [true, 4, true],
      [true, 20, false],
    ] as const) {
      const sizer = new BatchSizer(1);
      if (careful) sizer.noClaims();
      sizer.measured(1, ms);
      expect(sizer.prefetch, `${careful} ${ms}`).toBe(prefetch);
    }
  });

  it('share out the rest of a known length', () => {
    const sizer = new BatchSizer('auto');
    sizer.measured(1, 1);
    sizer.measured(3, 0.9);
    expect(sizer.next(8, 2)).toBeLessThanOrEqual(2);
    expect(sizer.next(1, 2)).toBe(1);
  });

  it('are what was asked for', () => {
    const sizer = new BatchSizer(7);
    sizer.measured(7, 0.001);
    expect(sizer.next(3, 2)).toBe(7);
    expect(new BatchSizer(1e9).next(null, 2)).toBeLessThan(2 ** 15);
  });
});
