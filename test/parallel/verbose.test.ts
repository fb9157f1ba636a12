/** When joblib's `verbose` writes a line. */
import { describe, expect, it } from 'vitest';
import { isDueAtEnd, isDueWhileReading } from '../../src/progress/verbose.ts';

const due = (most: number, test: (i: number) => boolean): number[] =>
  Array.from({ length: most }, (_, i) => i).filter(test);

describe('lines about progress', () => {
  // The numbers are those of joblib's rules.
  it('come at growing distances while the input is read', () => {
    expect(due(40, (i) => isDueWhileReading(i, 10))).toEqual([0, 1, 4, 7, 12, 17, 24, 31]);
    expect(due(100, (i) => isDueWhileReading(i, 1))).toEqual([0, 49]);
    expect(due(5, (i) => isDueWhileReading(i, 51))).toEqual([0, 1, 2, 3, 4]);
    expect(due(5, (i) => isDueWhileReading(i, 11))).toEqual([0, 1, 2, 3, 4]);
  });

  it('come as often as asked for at the end', () => {
    expect(due(100, (i) => i > 0 && isDueAtEnd(i, 100, 4, 4))).toEqual([19, 45, 71, 97]);
    expect(isDueAtEnd(99, 100, 4, 200)).toBe(false); // the last line says it
  });
});
