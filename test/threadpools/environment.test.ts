import { describe, expect, it } from 'vitest';
import {
  forcedThreadEnvironment,
  threadEnvironment,
  threadVariables,
} from '../../src/threadpools/environment.ts';
import { MARK, setByUser } from '../../src/threadpools/variables.ts';

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
    const env = threadEnvironment(2, { OMP_NUM_THREADS: '5', NUMBA_NUM_THREADS: '' });
    expect(env).not.toHaveProperty('OMP_NUM_THREADS');
    expect(env.NUMBA_NUM_THREADS).toBe('2');
  });

  it('replaces what it has set itself in a parent process', () => {
    const parent = { OMP_NUM_THREADS: '5' };
    const child: Record<string, string> = { ...parent, ...threadEnvironment(4, parent) };
    expect(setByUser('OMP_NUM_THREADS', child)).toBe(true);
    expect(setByUser('NUMBA_NUM_THREADS', child)).toBe(false);
    // OpenBLAS would read it before the user's, which it reads now.
    expect(child).not.toHaveProperty('OPENBLAS_NUM_THREADS');
    const grandchild: Record<string, string> = { ...child, ...threadEnvironment(1, child) };
    expect(grandchild.NUMBA_NUM_THREADS).toBe('1');
    expect(grandchild.OMP_NUM_THREADS).toBe('5');
    expect(grandchild[MARK]).toBe(child[MARK]);
  });

  it('reads process.env where no other is given', () => {
    expect(threadEnvironment(1).NUMBA_NUM_THREADS).toBe(
      process.env.NUMBA_NUM_THREADS ? undefined : '1',
    );
  });

  it.each([
    ['OMP_NUM_THREADS', ['OPENBLAS', 'GOTO', 'MKL', 'BLIS', 'NUMEXPR'], ['NUMBA', 'RAYON']],
    ['GOTO_NUM_THREADS', ['OPENBLAS'], ['OMP', 'MKL', 'BLIS']],
    ['OPENBLAS_NUM_THREADS', [], ['OMP', 'GOTO', 'MKL', 'BLIS']],
    ['MKL_NUM_THREADS', [], ['OMP', 'OPENBLAS', 'BLIS']],
  ])('where the user has set %s leaves out what would be read before it', (name, out, left) => {
    const env = threadEnvironment(3, { [name]: '1' });
    for (const one of out) expect(env).not.toHaveProperty(`${one}_NUM_THREADS`);
    for (const one of left) expect(env[`${one}_NUM_THREADS`]).toBe('3');
  });

  it("sets what is read before a user's variable that the library passes over", () => {
    const env = threadEnvironment(3, { OMP_NUM_THREADS: 'all' });
    expect(env.OPENBLAS_NUM_THREADS).toBe('3');
    // OpenMP would take all processors for it.
    expect(env.OMP_NUM_THREADS).toBe('3');
  });

  it('can be forced on what the user has set, and on what would be read before that', () => {
    const user = {
      OMP_NUM_THREADS: '5',
      BLIS_JC_NT: '2',
      MKL_DOMAIN_NUM_THREADS: 'MKL_ALL=2',
      A: 'b',
    };
    const env = forcedThreadEnvironment(2, user);
    expect(env).toMatchObject({ OMP_NUM_THREADS: '2', BLIS_NUM_THREADS: '2', A: 'b' });
    expect(env).not.toHaveProperty('BLIS_JC_NT');
    expect(env).not.toHaveProperty('MKL_DOMAIN_NUM_THREADS');
    expect(setByUser('OMP_NUM_THREADS', env)).toBe(false);
    const files = forcedThreadEnvironment(2, { UV_THREADPOOL_SIZE: '16' });
    expect(files.UV_THREADPOOL_SIZE).toBe('16');
  });

  it.each([0, -1, 1.5, Number.NaN, '2'])('refuses %s', (bad) => {
    expect(() => threadEnvironment(bad as number, {})).toThrow(RangeError);
  });
});
