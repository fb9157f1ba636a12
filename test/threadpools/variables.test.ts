import { describe, expect, it } from 'vitest';
import { threadEnvironment } from '../../src/threadpools/environment.ts';
import {
  decidingVariable,
  MARK,
  readerOf,
  readVariables,
  setByUser,
  threadLimit,
  type VariableReader,
} from '../../src/threadpools/variables.ts';
import { fc } from '../helpers/seeds.ts';

type Env = Record<string, string>;

// What Debian 12's libraries make of these, but for MKL's and Accelerate's, which are from their
// manuals.
const rows: [VariableReader, Env, string | undefined, number?][] = [
  ['openmp', {}, undefined],
  ['openmp', { OMP_NUM_THREADS: '4' }, 'OMP_NUM_THREADS', 4],
  ['openmp', { OMP_NUM_THREADS: '4,2' }, 'OMP_NUM_THREADS', 4],
  ['openmp', { OMP_NUM_THREADS: ' 4 , 2 ' }, 'OMP_NUM_THREADS', 4],
  ['openmp', { OMP_NUM_THREADS: '+4' }, 'OMP_NUM_THREADS', 4],
  ['openmp', { OMP_NUM_THREADS: '4,' }, undefined],
  ['openmp', { OMP_NUM_THREADS: '4,0' }, undefined],
  ['openmp', { OMP_NUM_THREADS: '4x' }, undefined],
  ['openmp', { OMP_NUM_THREADS: '0' }, undefined],
  ['openmp', { OMP_NUM_THREADS: '-1' }, undefined],
  ['openmp', { OMP_NUM_THREADS: '' }, undefined],
  ['openmp', { OPENBLAS_NUM_THREADS: '4' }, undefined],
  ['openblas', { OMP_NUM_THREADS: '4,2' }, 'OMP_NUM_THREADS', 4],
  ['openblas', { OMP_NUM_THREADS: '4x' }, 'OMP_NUM_THREADS', 4],
  ['openblas', { OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '2' }, 'OPENBLAS_NUM_THREADS', 1],
  ['openblas', { GOTO_NUM_THREADS: '1', OMP_NUM_THREADS: '2' }, 'GOTO_NUM_THREADS', 1],
  ['openblas', { OPENBLAS_NUM_THREADS: '2', GOTO_NUM_THREADS: '1' }, 'OPENBLAS_NUM_THREADS', 2],
  ['openblas', { OPENBLAS_NUM_THREADS: '0', GOTO_NUM_THREADS: '1' }, 'GOTO_NUM_THREADS', 1],
  ['openblas', { OPENBLAS_NUM_THREADS: '-1', OMP_NUM_THREADS: '1' }, 'OMP_NUM_THREADS', 1],
  ['openblas', { OPENBLAS_NUM_THREADS: 'abc' }, undefined],
  ['openblas-openmp', { OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '2' }, 'OMP_NUM_THREADS', 2],
  ['openblas-openmp', { GOTO_NUM_THREADS: '1' }, undefined],
  ['blis', { OMP_NUM_THREADS: '2' }, 'OMP_NUM_THREADS', 2],
  ['blis', { BLIS_NUM_THREADS: '3', OMP_NUM_THREADS: '2' }, 'BLIS_NUM_THREADS', 3],
  ['blis', { BLIS_NUM_THREADS: '0', OMP_NUM_THREADS: '2' }, 'BLIS_NUM_THREADS', 1],
  ['blis', { BLIS_NUM_THREADS: '-1', OMP_NUM_THREADS: '2' }, 'OMP_NUM_THREADS', 2],
  ['blis', { BLIS_JC_NT: '2', BLIS_IR_NT: '3', BLIS_NUM_THREADS: '9' }, 'BLIS_JC_NT', 6],
  ['blis', { BLIS_IR_NT: '3' }, 'BLIS_IR_NT', 3],
  ['mkl', { MKL_NUM_THREADS: '3', OMP_NUM_THREADS: '2' }, 'MKL_NUM_THREADS', 3],
  ['mkl', { OMP_NUM_THREADS: '2' }, 'OMP_NUM_THREADS', 2],
  [
    'mkl',
    { MKL_DOMAIN_NUM_THREADS: 'MKL_DOMAIN_ALL=2, MKL_DOMAIN_BLAS=4', MKL_NUM_THREADS: '1' },
    'MKL_DOMAIN_NUM_THREADS',
    4,
  ],
  ['mkl', { MKL_DOMAIN_NUM_THREADS: 'MKL_ALL=2' }, 'MKL_DOMAIN_NUM_THREADS', 2],
  ['mkl', { MKL_DOMAIN_NUM_THREADS: 'MKL_FFT=2', MKL_NUM_THREADS: '3' }, 'MKL_NUM_THREADS', 3],
  ['accelerate', { VECLIB_MAXIMUM_THREADS: '2' }, 'VECLIB_MAXIMUM_THREADS', 2],
  ['accelerate', { OMP_NUM_THREADS: '2' }, undefined],
];

describe('the variable that decides', () => {
  it.each(rows)('for %s, of %o, is %s', (reader, env, name, threads) => {
    const found = decidingVariable(reader, env);
    expect(found?.name).toBe(name);
    expect(found?.threads).toBe(threads);
    if (found) expect(found.value).toBe(env[found.name]);
  });

  it('is none that Heddle has set', () => {
    const env = { OMP_NUM_THREADS: '2', [MARK]: 'OMP_NUM_THREADS' };
    expect(setByUser('OMP_NUM_THREADS', env)).toBe(false);
    expect(decidingVariable('openmp', env)).toBeUndefined();
  });

  const variable = fc.constantFrom(...readVariables);
  const text = fc.oneof(
    fc.integer({ min: -2, max: 9 }).map(String),
    fc.constantFrom('', ' ', '3,1', '2x', 'many', 'MKL_ALL=2'),
  );
  // What OpenMP can't read is set anew, see environment.test.ts.
  const env = fc
    .dictionary(variable, text, { maxKeys: 6 })
    .filter(({ OMP_NUM_THREADS: own = '' }) => !/^(0|-.*|2x|many|MKL.*)$/.test(own));
  const readers: VariableReader[] = ['openmp', 'openblas', 'openblas-openmp', 'blis', 'mkl'];

  it('and its number stay the same beside what Heddle sets for a child', () => {
    fc.assert(
      fc.property(env, fc.integer({ min: 1, max: 8 }), (user, threads) => {
        const child = { ...user, ...threadEnvironment(threads, user) };
        for (const reader of readers) {
          const before = decidingVariable(reader, user);
          expect(decidingVariable(reader, child)).toEqual(before);
          // The library itself reads without knowing who has set what.
          const { [MARK]: _, ...plain } = child;
          const read = decidingVariable(reader, plain);
          expect(read?.threads).toBe(before ? before.threads : threads);
        }
      }),
    );
  });
});

describe('the limit of OpenMP', () => {
  it.each([
    [{}, undefined],
    [{ OMP_THREAD_LIMIT: '3' }, 3],
    [{ OMP_THREAD_LIMIT: ' 3 ' }, 3],
    [{ OMP_THREAD_LIMIT: '0' }, undefined],
    [{ OMP_THREAD_LIMIT: '3,2' }, undefined],
    [{ OMP_THREAD_LIMIT: '3', OMP_MAX_ACTIVE_LEVELS: '0' }, 1],
    [{ OMP_MAX_ACTIVE_LEVELS: '2' }, undefined],
  ] as [Env, number | undefined][])('of %o is %s', (env, threads) => {
    expect(threadLimit(env)?.threads).toBe(threads);
  });
});

it.each([
  [{ internalApi: 'openblas', threadingLayer: 'pthreads' }, 'openblas'],
  [{ internalApi: 'openblas', threadingLayer: 'openmp' }, 'openblas-openmp'],
  [{ internalApi: 'flexiblas', currentBackend: 'OPENBLAS-OPENMP' }, 'openblas-openmp'],
  [{ internalApi: 'flexiblas', currentBackend: 'OpenBLASPthread' }, 'openblas'],
  [{ internalApi: 'flexiblas', currentBackend: 'MKLOpenMP' }, 'mkl'],
  [{ internalApi: 'flexiblas', currentBackend: 'BLIS' }, 'blis'],
  [{ internalApi: 'flexiblas', currentBackend: 'NETLIB' }, undefined],
  [{ internalApi: 'vips' }, undefined],
])('a pool %o reads as %s', (pool, reader) => {
  expect(readerOf(pool)).toBe(reader);
});
