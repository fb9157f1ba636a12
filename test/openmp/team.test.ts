import { describe, expect, it } from 'vitest';
import { native } from '../../src/native.ts';

describe('OpenMP teams', () => {
  it('run as many threads as are asked for', () => {
    expect(native.openmp.available()).toBe(true);
    for (const threads of [1, 2, 3, 4]) expect(native.openmp.teamSize(threads)).toBe(threads);
  });

  it('nest when nesting is allowed', () => {
    expect(native.openmp.nestedTeamSize(2)).toBeGreaterThanOrEqual(1);
  });
});
