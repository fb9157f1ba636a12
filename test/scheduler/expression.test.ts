/** The option `preDispatch`. */
import { describe, expect, it } from 'vitest';
import { preDispatchLimit } from '../../src/scheduler/expression.ts';

describe('preDispatch', () => {
  it.each([
    [5, 5],
    ['all', Number.POSITIVE_INFINITY],
    ['2*jobs', 8],
    ['2 * n_jobs', 8],
    ['jobs + 1', 5],
    ['(jobs - 1) * 2.5', 7],
    ['3 * jobs // 5', 2],
    ['-jobs + 9', 5],
    ['10 / jobs', 2],
    ['7', 7],
  ])('%s is %d for 4 jobs', (value, expected) => {
    expect(preDispatchLimit(value, 4)).toBe(expected);
  });

  it.each(['', 'jobs jobs', 'process.exit()', '2**jobs', 'jobs[0]', '0*jobs', '(jobs', '1e9999'])(
    "'%s' is refused, and not run",
    (value) => {
      expect(() => preDispatchLimit(value, 4)).toThrow(RangeError);
    },
  );

  it.each([0, -1, 1.5, Number.NaN])('%d is refused', (value) => {
    expect(() => preDispatchLimit(value, 4)).toThrow(RangeError);
  });
});
