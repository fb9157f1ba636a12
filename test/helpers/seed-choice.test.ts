import { describe, expect, it } from 'vitest';
import { chosenSeeds, SEEDS } from './seed-choice.ts';
import { fc, seededNumbers, testSeed } from './seeds.ts';

describe('the seeds of suites that draw', () => {
  it('are a number, a range, any, or all', () => {
    expect(chosenSeeds(undefined)).toEqual([42]);
    expect(chosenSeeds('')).toEqual([42]);
    expect(chosenSeeds('7')).toEqual([7]);
    expect(chosenSeeds(' 40-42 ')).toEqual([40, 41, 42]);
    expect(chosenSeeds('all')).toEqual(Array.from({ length: SEEDS }, (_, i) => i));
    // Each time one of all; that a hundred draws are the same is less likely than 1e-196.
    const any = Array.from({ length: 100 }, () => chosenSeeds('any'));
    expect(any.every(([seed, ...more]) => seed! >= 0 && seed! < SEEDS && more.length === 0)).toBe(
      true,
    );
    expect(new Set(any.flat()).size).toBeGreaterThan(1);
  });

  it.each(['100', '-1', '3-2', '1-100', 'some', '1.5', '1,2', 'ANY'])('are not %s', (text) => {
    expect(() => chosenSeeds(text)).toThrow(/HEDDLE_TESTS_SEED is '.*', and must be/);
  });

  it('are what properties and numbers are drawn with', () => {
    const drawn = () => {
      const values: number[] = [];
      fc.assert(
        fc.property(fc.integer(), (value) => {
          values.push(value);
        }),
      );
      return values;
    };
    expect(drawn()).toEqual(drawn());
    expect(fc.readConfigureGlobal().seed).toBe(testSeed);
    expect(seededNumbers(1)()).toBe(seededNumbers(1)());
    expect(seededNumbers(1)()).not.toBe(seededNumbers(2)());
  });
});
