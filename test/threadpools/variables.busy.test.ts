import { describe, expect, it, vi } from 'vitest';
import '../helpers/built.ts';
import { cpuCount } from '../../src/index.ts';
import { ended, startFixture } from '../helpers/child.ts';
import { libraryFile } from './probe.ts';

// Whole processes are started, each with some seconds of processor time to use.
vi.setConfig({ testTimeout: 240_000 });

const BLAS = ['matmul', 'gram', 'solve', 'cholesky'];
const OPENMP = ['argKmin', 'distances', 'fill'];
const PLACES = ['main', 'threads', 'processes'] as const;

type Place = (typeof PLACES)[number];
type Task = Record<string, unknown>;

/** How many threads compute, operation by operation, for each task of a process with these variables. */
async function busy(
  env: Record<string, string>,
  tasks: readonly (readonly [Place, Task])[],
): Promise<Record<string, number>[]> {
  const child = startFixture('busy-threads-main.mjs', [JSON.stringify(tasks)], {
    env: { HEDDLE_MAX_CPU_COUNT: '2', ...env },
  });
  const { code, stdout, stderr } = await ended(child, 200);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

function counts(blas: number, openmp: number): Record<string, number> {
  return Object.fromEntries([
    ...BLAS.map((name) => [name, blas]),
    ...OPENMP.map((name) => [name, openmp]),
  ]);
}

// In a worker process the share of two workers on two cores is one thread; with -1 there is none,
// and the variables alone decide.
const alone = { options: { childThreads: -1 } };

// A variable or several, and how many threads compute in operations on BLAS and on OpenMP.
const rows: [Record<string, string>, number, number][] = [
  [{}, 2, 2],
  [{ OMP_NUM_THREADS: '1' }, 1, 1],
  [{ OMP_NUM_THREADS: '1,2' }, 1, 1],
  [{ OMP_NUM_THREADS: '2,1' }, 2, 2],
  [{ OMP_NUM_THREADS: ' ' }, 2, 2],
  [{ OPENBLAS_NUM_THREADS: '1' }, 1, 2],
  [{ GOTO_NUM_THREADS: '1' }, 1, 2],
  [{ OPENBLAS_NUM_THREADS: '2', GOTO_NUM_THREADS: '1', OMP_NUM_THREADS: '1' }, 2, 1],
  [{ MKL_NUM_THREADS: '1', BLIS_NUM_THREADS: '1', VECLIB_MAXIMUM_THREADS: '1' }, 2, 2],
  [{ OMP_THREAD_LIMIT: '1' }, 1, 1],
  [{ OMP_NUM_THREADS: '2', OMP_MAX_ACTIVE_LEVELS: '0' }, 1, 1],
  [{ OMP_PROC_BIND: 'true' }, 2, 2],
  [{ OMP_PLACES: '{0}' }, 1, 1],
  [{ GOMP_CPU_AFFINITY: '0' }, 1, 1],
];

describe.runIf(cpuCount() > 1)('threads that compute', () => {
  it.each(rows)('at each place with %o: %i on BLAS, %i on OpenMP', async (env, blas, openmp) => {
    const found = await busy(
      env,
      PLACES.map((place) => [place, alone]),
    );
    const expected = counts(blas, openmp);
    expect(Object.fromEntries(PLACES.map((place, i) => [place, found[i]]))).toEqual({
      main: expected,
      threads: expected,
      processes: expected,
    });
  });

  // Of BLIS the build on OpenMP: the other one makes new threads for each call. And products alone:
  // its threads wait for one another by spinning, which a busy machine makes long.
  it.each([
    ['blis-openmp', { OMP_NUM_THREADS: '1' }, 1, 1],
    ['blis-openmp', { BLIS_NUM_THREADS: '1' }, 1, 2],
    ['blis-openmp', { BLIS_NUM_THREADS: '2', OMP_NUM_THREADS: '1' }, 2, 1],
    ['blis-openmp', { BLIS_JC_NT: '1', BLIS_NUM_THREADS: '2' }, 1, 2],
    ['blis-openmp', { OPENBLAS_NUM_THREADS: '1' }, 2, 2],
    ['openblas-openmp', { OMP_NUM_THREADS: '1' }, 1, 1],
    ['openblas-openmp', { OPENBLAS_NUM_THREADS: '1' }, 2, 2],
    // Left to itself this library waits for ever for threads that OpenMP doesn't give it.
    ['openblas-openmp', { OMP_THREAD_LIMIT: '1' }, 1, 1],
    ['openblas-openmp', { OMP_PROC_BIND: 'true' }, 2, 2],
    ['openblas-serial', {}, 1, 2],
  ] as const)('of %s, with %o: %i and %i', async (name, env, blas, openmp) => {
    const task = { names: ['matmul', 'fill'] };
    const found = await busy({ HEDDLE_BLAS: libraryFile(name), ...env }, [['main', task]]);
    expect(found).toEqual([{ matmul: blas, fill: openmp }]);
  });

  it('may be fewer with OMP_DYNAMIC in a team, and are none the fewer in OpenBLAS', async () => {
    const env = { OMP_DYNAMIC: 'true', HEDDLE_BLAS: libraryFile('openblas-openmp') };
    const [found] = await busy(env, [['main', { names: ['matmul', 'fill'] }]]);
    expect(found!.matmul).toBe(2);
    expect(found!.fill).toBeLessThanOrEqual(2);
  });

  it('are what threads, scopes and limits ask, whatever the variables say', async () => {
    const asked = [
      [{ threads: 2 }, 2],
      [{ scope: 2 }, 2],
      [{ limit: 2 }, 2],
      [{ scope: -1 }, 1],
      [{ threads: 1, scope: 2 }, 1],
    ] as const;
    const found = await busy(
      { OMP_NUM_THREADS: '1' },
      asked.map(([how]) => ['main', how]),
    );
    expect(found).toEqual(asked.map(([, expected]) => counts(expected, expected)));
  });

  it('with `threads` are no more than OMP_THREAD_LIMIT, which OpenMP itself holds to', async () => {
    const found = await busy({ OMP_THREAD_LIMIT: '1' }, [['main', { threads: 2 }]]);
    expect(found).toEqual([counts(1, 1)]);
  });

  it.each([
    [{ OMP_NUM_THREADS: '1' }, 2],
    [{ OMP_NUM_THREADS: '2' }, 1],
  ])('in workers are what childThreads asks: with %o, %i', async (env, childThreads) => {
    const task = { options: { childThreads } };
    const found = await busy(env, [
      ['threads', task],
      ['processes', task],
    ]);
    expect(found).toEqual([counts(childThreads, childThreads), counts(childThreads, childThreads)]);
  });
});
