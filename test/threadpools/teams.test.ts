import { beforeAll, describe, expect, it } from 'vitest';
import { ThreadpoolController, threadpoolInfo, threadpoolLimits } from '../../src/index.ts';
import { type Library, loadLibrary, probe } from './probe.ts';

const NAMES = ['libgomp', 'libomp'] as const;
const runtimes = {} as Record<(typeof NAMES)[number], Library>;

beforeAll(() => {
  for (const name of NAMES) {
    runtimes[name] = loadLibrary(name);
    probe.call(runtimes[name], 'omp_set_num_threads', 3);
  }
});

describe.each(NAMES)('real teams of %s', (name) => {
  it.each([1, 2, 4])('have as many threads as the limit, %i', (limit) => {
    const limits = threadpoolLimits({ openmp: limit });
    expect(probe.team(runtimes[name])).toBe(limit);
    limits.restore();
    expect(probe.team(runtimes[name])).toBe(3);
  });

  it.each([1, 2, 4])('take the limit inside a region that has its own number, %i', (limit) => {
    const limits = threadpoolLimits({ openmp: limit });
    const [all, inner] = probe.nested(runtimes[name], 2, 0);
    limits.restore();
    expect(inner).toBe(limit);
    // A thread of a team that is done may serve in the other one too.
    expect(all).toBeGreaterThanOrEqual(limit);
    expect(all).toBeLessThanOrEqual(2 * limit);
  });

  it('nest inside one another', () => {
    const limits = threadpoolLimits({ openmp: 2 });
    const [all, inner] = probe.nested(runtimes[name], 0, 3);
    limits.restore();
    expect(inner).toBe(3);
    expect(all).toBeGreaterThanOrEqual(3);
    expect(all).toBeLessThanOrEqual(6);
  });
});

describe('an OpenBLAS that is built on OpenMP', () => {
  it('has the count of that OpenMP, and a limit on either is one on both', () => {
    const openblas = loadLibrary('openblas-openmp');
    const counts = () =>
      new ThreadpoolController()
        .select({ prefix: ['libopenblas', 'libgomp'] })
        .info()
        .map((info) => info.numThreads);
    const other = () => threadpoolInfo().find((info) => info.prefix === 'libomp')?.numThreads;
    expect(counts()).toEqual([3, 3]);
    const blas = threadpoolLimits({ blas: 1 });
    expect(counts()).toEqual([1, 1]);
    expect(other()).toBe(3);
    // Ended in the order in which they were opened, the case that a pair of values can't stand.
    const openmp = threadpoolLimits({ openmp: 2 });
    expect(counts()).toEqual([2, 2]);
    blas.restore();
    expect(counts()).toEqual([2, 2]);
    expect(probe.product(openblas, 100)).toBe(100);
    openmp.restore();
    expect(counts()).toEqual([3, 3]);
    const both = threadpoolLimits({ blas: 1, openmp: 2 });
    expect(counts()).toEqual([1, 1]);
    both.restore();
    expect(counts()).toEqual([3, 3]);
  });

  it("is left alone by 'sequential_blas_under_openmp'", () => {
    const pthread = loadLibrary('openblas-pthread');
    probe.call(pthread, 'openblas_set_num_threads', 3);
    const limits = threadpoolLimits('sequential_blas_under_openmp');
    const blas = threadpoolInfo().filter((info) => info.userApi === 'blas');
    expect(blas.map((info) => [info.threadingLayer, info.numThreads])).toEqual([
      ['openmp', 3],
      ['pthreads', 1],
    ]);
    limits.restore();
  });
});

describe('ProcessRuntime', () => {
  it('holds under threads that open and close leases and overrides at random', () => {
    expect(probe.stressProcessRuntime(8, 20_000)).toBe('');
  });
});
