import { describe, expect, it } from 'vitest';
import {
  MARK,
  setByUser,
  threadEnvironment,
  threadVariables,
} from '../../src/threadpools/environment.ts';

describe('threadEnvironment', () => {
  it('sets every variable of the table', () => {
    const env = threadEnvironment(3, {});
    for (const { name } of threadVariables) expect(env[name]).toBe('3');
    for (const name of [
      'OMP_NUM_THREADS',
      'OPENBLAS_NUM_THREADS',
      'GOTO_NUM_THREADS',
      'MKL_NUM_THREADS',
      'BLIS_NUM_THREADS',
      'VECLIB_MAXIMUM_THREADS',
      'NUMEXPR_NUM_THREADS',
      'NUMBA_NUM_THREADS',
      'RAYON_NUM_THREADS',
      'POLARS_MAX_THREADS',
      'TBB_NUM_THREADS',
      'TF_NUM_INTRAOP_THREADS',
      'TF_NUM_INTEROP_THREADS',
      'UV_THREADPOOL_SIZE',
    ]) {
      expect(env).toHaveProperty(name);
    }
  });

  it('leaves what the user has set', () => {
    const env = threadEnvironment(2, { OMP_NUM_THREADS: '5', MKL_NUM_THREADS: '' });
    expect(env).not.toHaveProperty('OMP_NUM_THREADS');
    expect(env.MKL_NUM_THREADS).toBe('2');
  });

  it('replaces what it has set itself in a parent process', () => {
    const parent = { OMP_NUM_THREADS: '5' };
    const child: Record<string, string> = { ...parent, ...threadEnvironment(4, parent) };
    expect(setByUser('OMP_NUM_THREADS', child)).toBe(true);
    expect(setByUser('OPENBLAS_NUM_THREADS', child)).toBe(false);
    const grandchild: Record<string, string> = { ...child, ...threadEnvironment(1, child) };
    expect(grandchild.OPENBLAS_NUM_THREADS).toBe('1');
    expect(grandchild.OMP_NUM_THREADS).toBe('5');
    expect(grandchild[MARK]).toBe(child[MARK]);
  });

  it('reads process.env where no other is given', () => {
    expect(threadEnvironment(1).OPENBLAS_NUM_THREADS).toBe(
      process.env.OPENBLAS_NUM_THREADS ? undefined : '1',
    );
  });

  it.each([0, -1, 1.5, Number.NaN, '2'])('refuses %s', (bad) => {
    expect(() => threadEnvironment(bad as number, {})).toThrow(RangeError);
  });
});
