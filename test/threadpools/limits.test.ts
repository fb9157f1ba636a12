import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type Limits,
  ThreadpoolController,
  threadpoolInfo,
  threadpoolLimits,
} from '../../src/index.ts';
import { native } from '../../src/native.ts';
import { type Library, loadLibrary, loadStub, probe } from './probe.ts';

// No OpenBLAS on OpenMP here: it has no count apart from OpenMP's.
let openblas: Library;
let blis: Library;

beforeAll(() => {
  openblas = loadLibrary('openblas-pthread');
  blis = loadLibrary('blis-pthread');
  loadLibrary('openblas-serial');
  loadLibrary('libgomp');
  loadLibrary('libomp');
  probe.call(loadLibrary('libvips'), 'vips_concurrency_set', 7);
  // The same numbers on every machine.
  probe.call(openblas, 'openblas_set_num_threads', 4);
  probe.call(blis, 'bli_thread_set_num_threads', 5);
  for (const library of [loadLibrary('libgomp'), loadLibrary('libomp')]) {
    probe.call(library, 'omp_set_num_threads', 6);
  }
});

/** Threads of each runtime, by a short name. */
function threads(): Record<string, number> {
  return Object.fromEntries(
    threadpoolInfo().map((info) => [
      info.threadingLayer === 'disabled' ? `${info.prefix}-serial` : info.prefix,
      info.numThreads,
    ]),
  );
}

const ORIGINAL = {
  libopenblas: 4,
  'libopenblas-serial': 1,
  libblis: 5,
  libgomp: 6,
  libomp: 6,
  libvips: 7,
};

afterEach(() => expect(threads()).toEqual(ORIGINAL));

describe('threadpoolLimits', () => {
  it.each([1, 3])('by number: %i for all, then as before', (limit) => {
    const limits = threadpoolLimits(limit);
    for (const [name, count] of Object.entries(threads())) {
      expect(count, name).toBeGreaterThan(0);
      expect(count, name).toBeLessThanOrEqual(limit);
    }
    expect(threads()).toMatchObject({ libopenblas: limit, libblis: limit, libgomp: limit });
    limits.restore();
  });

  it('by user API: BLAS alone leaves OpenMP alone, and the reverse', () => {
    const blas = threadpoolLimits({ blas: 1 });
    expect(threads()).toEqual({ ...ORIGINAL, libopenblas: 1, libblis: 1 });
    blas.restore();
    const openmp = threadpoolLimits({ openmp: 2 });
    expect(threads()).toEqual({ ...ORIGINAL, libgomp: 2, libomp: 2 });
    openmp.restore();
    const image = threadpoolLimits({ image: 2 });
    expect(threads()).toEqual({ ...ORIGINAL, libvips: 2 });
    image.restore();
    const both = threadpoolLimits({ blas: 2, openmp: 3 });
    expect(threads()).toMatchObject({ libopenblas: 2, libblis: 2, libgomp: 3, libomp: 3 });
    both.restore();
  });

  it('by number for one user API', () => {
    const limits = threadpoolLimits(2, { userApi: 'openmp' });
    expect(threads()).toEqual({ ...ORIGINAL, libgomp: 2, libomp: 2 });
    limits.restore();
  });

  it('by prefix, which wins over the user API', () => {
    const one = threadpoolLimits({ libgomp: 1 });
    expect(threads()).toEqual({ ...ORIGINAL, libgomp: 1 });
    one.restore();
    const limits = threadpoolLimits({ blas: 1, libblis: 3 });
    expect(threads()).toEqual({ ...ORIGINAL, libopenblas: 1, libblis: 3 });
    limits.restore();
  });

  it('may raise a number too', () => {
    const limits = threadpoolLimits({ libblis: 8 });
    expect(threads()).toMatchObject({ libblis: 8 });
    limits.restore();
  });

  it('by a list of infos and by a controller', () => {
    const wanted = threadpoolInfo().map((info) =>
      info.prefix === 'libgomp' ? { ...info, numThreads: 2 } : info,
    );
    const limits = threadpoolLimits(wanted);
    expect(threads()).toEqual({ ...ORIGINAL, libgomp: 2 });
    limits.restore();

    const controller = new ThreadpoolController().select({ prefix: 'libopenblas' });
    probe.call(openblas, 'openblas_set_num_threads', 2);
    const kept = threadpoolLimits(controller);
    probe.call(openblas, 'openblas_set_num_threads', 4);
    kept.restore();
    expect(threads()).toMatchObject({ libopenblas: 2 });
    probe.call(openblas, 'openblas_set_num_threads', 4);
  });

  it('null changes nothing', () => {
    for (const limits of [threadpoolLimits(null), threadpoolLimits(null, { userApi: 'blas' })]) {
      expect(threads()).toEqual(ORIGINAL);
      limits.restore();
    }
    const empty = threadpoolLimits({});
    expect(threads()).toEqual(ORIGINAL);
    empty.restore();
  });

  it("'sequential_blas_under_openmp' is BLAS on one thread, OpenMP as it is", () => {
    const limits = threadpoolLimits('sequential_blas_under_openmp');
    expect(threads()).toEqual({ ...ORIGINAL, libopenblas: 1, libblis: 1 });
    limits.restore();
  });

  it('is restored once, by hand or by leaving a scope', () => {
    {
      using limits = threadpoolLimits({ blas: 1 });
      expect(limits.originalNumThreads().openmp).toBe(6);
      expect(threads()).toMatchObject({ libopenblas: 1 });
    }
    expect(threads()).toEqual(ORIGINAL);
    const first = threadpoolLimits(2);
    const second = threadpoolLimits(1);
    first.restore();
    first.restore();
    expect(threads()).toMatchObject({ libopenblas: 1, libgomp: 1 });
    second.restore();
  });

  it('restores the ways of BLIS, not only a number', () => {
    probe.call(blis, 'bli_thread_set_num_threads', -1);
    const limits = threadpoolLimits({ blas: 2 });
    expect(threads()).toMatchObject({ libblis: 2 });
    limits.restore();
    expect(probe.call(blis, 'bli_thread_get_num_threads')).toBe(-1);
    probe.call(blis, 'bli_thread_set_num_threads', 5);
  });
});

describe('limits that overlap', () => {
  it('nest: per thread the inner one holds, 1, 2, 1, as before', () => {
    const openmp = () => [threads().libgomp, threads().libomp];
    const outer = threadpoolLimits({ openmp: 1 });
    expect(openmp()).toEqual([1, 1]);
    const inner = threadpoolLimits({ openmp: 2 });
    expect(openmp()).toEqual([2, 2]);
    inner.restore();
    expect(openmp()).toEqual([1, 1]);
    outer.restore();
  });

  it('are leases: for the process the smallest that lives holds', () => {
    const steps: number[] = [];
    const step = () => steps.push(threads().libopenblas ?? 0);
    const two = threadpoolLimits({ blas: 2 });
    step();
    const one = threadpoolLimits({ blas: 1 });
    step();
    const three = threadpoolLimits({ blas: 3 });
    step();
    one.restore();
    step();
    two.restore();
    step();
    three.restore();
    step();
    expect(steps).toEqual([2, 1, 1, 2, 3, 4]);
  });

  it('may end in any order', () => {
    const orders = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ];
    for (const order of orders) {
      const limits = [threadpoolLimits(2), threadpoolLimits({ blas: 1 }), threadpoolLimits(3)];
      for (const index of order) limits[index]!.restore();
      expect(threads()).toEqual(ORIGINAL);
    }
  });

  it('opened by two jobs that run side by side end where they began', async () => {
    const job = async (limit: number, ms: number) => {
      using _limits = threadpoolLimits(limit);
      await new Promise((resolve) => setTimeout(resolve, ms));
    };
    await Promise.all([job(1, 20), job(2, 5), job(3, 30)]);
    expect(threads()).toEqual(ORIGINAL);
  });
});

describe('originalNumThreads', () => {
  it('tells the numbers before, the smallest where they differ, with a warning', () => {
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const limits = threadpoolLimits(1);
    expect(limits.originalNumThreads()).toEqual({ blas: 1, openmp: 6, image: 7 });
    expect(warning).toHaveBeenCalledTimes(1);
    expect(warning.mock.calls[0]?.[0]).toMatch(/of blas had different/);
    limits.restore();
    warning.mockClear();
    const alike = new ThreadpoolController().select({ userApi: 'openmp' }).limit(2);
    expect(alike.originalNumThreads()).toEqual({ openmp: 6 });
    expect(warning).not.toHaveBeenCalled();
    alike.restore();
    warning.mockRestore();
  });
});

describe('input that makes no sense', () => {
  const loaded = /loaded: .*libopenblas \(blas, .*libopenblasp/;
  it.each<[unknown, new () => Error, RegExp]>([
    [0, RangeError, /whole number from 1/],
    [-1, RangeError, /whole number from 1/],
    [1.5, RangeError, /whole number from 1/],
    [Number.NaN, RangeError, /whole number from 1/],
    [Number.POSITIVE_INFINITY, RangeError, /whole number from 1/],
    [100_000, RangeError, /whole number from 1/],
    [{ blas: 0 }, RangeError, /limits\.blas/],
    [{ blas: -2 }, RangeError, /limits\.blas/],
    [{ openmp: Number.NaN }, RangeError, /limits\.openmp/],
    [{ blas: '1' }, TypeError, /limits\.blas/],
    [{ blass: 1 }, RangeError, loaded],
    [{ libmkl_rt: 1 }, RangeError, loaded],
    ['1', TypeError, /a number, a record/],
    [true, TypeError, /a number, a record/],
    [undefined, TypeError, /a number, a record/],
    [[1], TypeError, /limits\[0\]/],
    [[{ userApi: 'blas', prefix: 'libx', filepath: '/x', numThreads: 1 }], RangeError, loaded],
  ])('%j', (limits, kind, message) => {
    expect(() => threadpoolLimits(limits as Limits)).toThrow(kind);
    expect(() => threadpoolLimits(limits as Limits)).toThrow(message);
    expect(() => new ThreadpoolController().limit(limits as Limits)).toThrow(kind);
  });

  it('an unknown user API, or one beside a record', () => {
    expect(() => threadpoolLimits(1, { userApi: 'gpu' })).toThrow(/blas, openmp, image/);
    expect(() => threadpoolLimits({ blas: 1 }, { userApi: 'blas' })).toThrow(TypeError);
    expect(() => threadpoolLimits('sequential_blas_under_openmp', { userApi: 'blas' })).toThrow(
      TypeError,
    );
  });

  it('carries a code', () => {
    expect(() => threadpoolLimits(0)).toThrow(
      expect.objectContaining({ code: 'ERR_HEDDLE_INVALID_ARGUMENT' }),
    );
  });
});

describe('wrap', () => {
  const controller = () => new ThreadpoolController();

  it('limits while the function runs, and passes on this, arguments, result and error', () => {
    const seen: unknown[] = [];
    const wrapped = controller().wrap({ blas: 1 }, function (this: { name: string }, a: number) {
      seen.push(this.name, a, threads().libopenblas);
      if (a < 0) throw new RangeError('negative');
      return a * 2;
    });
    expect(wrapped.call({ name: 'me' }, 21)).toBe(42);
    expect(seen).toEqual(['me', 21, 1]);
    expect(threads()).toEqual(ORIGINAL);
    expect(() => wrapped.call({ name: 'me' }, -1)).toThrow(new RangeError('negative'));
  });

  it('limits until the Promise of an async function settles', async () => {
    const wrapped = controller().wrap(2, async (fail: boolean) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (fail) throw new Error('failed');
      return threads();
    });
    const running = wrapped(false);
    expect(threads()).toMatchObject({ libopenblas: 2, libgomp: 2 });
    expect(await running).toMatchObject({ libopenblas: 2, libgomp: 2 });
    expect(threads()).toEqual(ORIGINAL);
    await expect(wrapped(true)).rejects.toThrow('failed');
  });

  it('refuses bad limits at once', () => {
    expect(() => controller().wrap(0, () => {})).toThrow(RangeError);
    expect(() => controller().wrap(1, 5 as never)).toThrow(TypeError);
  });
});

describe("limits and Heddle's own operations", () => {
  const operations = () => [
    native.threadpools.operationLimit(0),
    native.threadpools.operationLimit(1),
  ];

  it('a limit on this thread is theirs too, the smallest one', () => {
    expect(operations()).toEqual([0, 0]);
    const all = threadpoolLimits(3);
    const blas = threadpoolLimits({ blas: 2 });
    const openmp = threadpoolLimits(1, { userApi: 'openmp' });
    expect(operations()).toEqual([2, 1]);
    blas.restore();
    openmp.restore();
    expect(operations()).toEqual([3, 3]);
    all.restore();
    expect(operations()).toEqual([0, 0]);
  });

  it('a limit on a part of the runtimes is theirs only where it is per thread', () => {
    const all = new ThreadpoolController();
    const openmp = all.select({ prefix: 'libgomp' }).limit(2);
    const openblas = all.select({ internalApi: 'openblas' }).limit(1);
    expect(operations()).toEqual([0, 2]);
    openmp.restore();
    openblas.restore();
    const whole = all.limit({ blas: 1 });
    expect(operations()).toEqual([1, 0]);
    whole.restore();
  });
});

describe('runtimes that are loaded while a limit lives', () => {
  it('are limited as of the next look, and restored with the others', () => {
    const limits = threadpoolLimits({ blas: 2 });
    const mkl = loadStub('libmkl_rt.so.2');
    expect(probe.call(mkl, 'MKL_Get_Max_Threads')).toBe(4);
    expect(threads()).toMatchObject({ libmkl_rt: 2 });
    limits.restore();
    expect(probe.call(mkl, 'MKL_Get_Max_Threads')).toBe(4);
    Object.assign(ORIGINAL, { libmkl_rt: 4 });
  });
});
