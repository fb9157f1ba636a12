import { execFileSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { resetKnobs } from '../../src/config/knobs.ts';
import {
  ensureInitialized,
  initialize,
  ThreadpoolController,
  threadEnvironment,
  threadpoolInfo,
  threadpoolLimits,
} from '../../src/index.ts';
import { native } from '../../src/native.ts';
import { setDefaultThreads } from '../../src/threadpools/index.ts';
import { triplet } from '../helpers/debian.ts';
import { libraryFile, loadLibrary, loadStub, probe, probeFile } from './probe.ts';

// Whole processes are started, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const ORIGINAL = { libopenblas: 4, libblis: 5, libgomp: 6, libvips: 7 };

beforeAll(() => {
  probe.call(loadLibrary('openblas-pthread'), 'openblas_set_num_threads', 4);
  probe.call(loadLibrary('blis-pthread'), 'bli_thread_set_num_threads', 5);
  probe.call(loadLibrary('libgomp'), 'omp_set_num_threads', 6);
  probe.call(loadLibrary('libvips'), 'vips_concurrency_set', 7);
});

afterEach(() => {
  vi.unstubAllEnvs();
  resetKnobs();
  setDefaultThreads(undefined);
});

const threads = () =>
  Object.fromEntries(threadpoolInfo().map((info) => [info.prefix, info.numThreads]));

describe('initialize', () => {
  it("gives other people's BLAS and OpenMP backendThreads, and spares libvips", () => {
    initialize({ backendThreads: 2 });
    expect(threads()).toEqual({ libopenblas: 2, libblis: 2, libgomp: 2, libvips: 7 });
    initialize({ backendThreads: 3 });
    expect(threads()).toMatchObject({ libopenblas: 3, libblis: 3, libgomp: 3 });
    expect(ensureInitialized().backendThreads).toBe(3);
  });

  it('by the derived default too', () => {
    vi.stubEnv('HEDDLE_NUM_THREADS', '100');
    ensureInitialized();
    expect(threads()).toMatchObject({ libopenblas: 1, libblis: 1, libgomp: 1 });
  });

  it('leaves all alone with -1', () => {
    initialize({ backendThreads: 1 });
    initialize({ backendThreads: -1 });
    expect(threads()).toEqual(ORIGINAL);
  });

  it('leaves alone the library whose own variable the user has set', () => {
    vi.stubEnv('OPENBLAS_NUM_THREADS', '4');
    initialize({ backendThreads: 1 });
    expect(threads()).toMatchObject({ libopenblas: 4, libblis: 1, libgomp: 1 });
    setDefaultThreads(undefined);
    vi.stubEnv('OPENBLAS_NUM_THREADS', undefined);
    vi.stubEnv('BLIS_JC_NT', '2');
    initialize({ backendThreads: 1 });
    expect(threads()).toMatchObject({ libopenblas: 1, libblis: 5, libgomp: 1 });
    setDefaultThreads(undefined);
    vi.stubEnv('OMP_NUM_THREADS', '6');
    initialize({ backendThreads: 1 });
    expect(threads()).toEqual(ORIGINAL);
  });

  it('does not take a variable of its own for one of the user', () => {
    for (const [name, value] of Object.entries(threadEnvironment(4, {}))) vi.stubEnv(name, value);
    initialize({ backendThreads: 1 });
    expect(threads()).toMatchObject({ libopenblas: 1, libblis: 1, libgomp: 1 });
  });

  it('yields to a limit, larger or smaller, opened before or after', () => {
    const before = threadpoolLimits({ blas: 3 });
    initialize({ backendThreads: 2 });
    expect(threads()).toMatchObject({ libopenblas: 3, libgomp: 2 });
    before.restore();
    expect(threads()).toMatchObject({ libopenblas: 2 });
    const after = new ThreadpoolController().limit({ openmp: 3, blas: 1 });
    expect(threads()).toMatchObject({ libopenblas: 1, libgomp: 3 });
    after.restore();
    expect(threads()).toMatchObject({ libopenblas: 2, libgomp: 2 });
  });

  it("does not limit Heddle's own operations", () => {
    initialize({ backendThreads: 1 });
    expect(native.threadpools.operationLimit(0)).toBe(0);
    expect(native.threadpools.operationLimit(1)).toBe(0);
  });

  it('holds for what is loaded later', () => {
    initialize({ backendThreads: 2 });
    const mkl = loadStub('libmkl_rt.so.2');
    ensureInitialized();
    expect(probe.call(mkl, 'MKL_Get_Max_Threads')).toBe(2);
  });
});

describe('threadEnvironment in a real child process', () => {
  /** The threads of libraries loaded in a fresh process. */
  function childThreads(env: Record<string, string>) {
    const script = `
      const probe = require(${JSON.stringify(probeFile)});
      for (const file of process.argv.slice(1)) probe.load(file);
      import('./src/index.ts').then(({ threadpoolInfo }) => console.log(JSON.stringify(
        threadpoolInfo().map((i) => [i.filepath.split('/').at(-2) + '/' + i.prefix, i.numThreads]))));`;
    const files = ['openblas-pthread', 'openblas-openmp', 'blis-pthread', 'libomp'] as const;
    const out = execFileSync(
      process.execPath,
      ['--import', 'tsx', '-e', script, ...files.map(libraryFile)],
      {
        encoding: 'utf8',
        cwd: path.resolve(import.meta.dirname, '../..'),
        env: { PATH: process.env.PATH, HEDDLE_ADDON: process.env.HEDDLE_ADDON, ...env },
      },
    );
    return Object.fromEntries(JSON.parse(out) as [string, number][]);
  }

  it('every pool in it takes so many threads, but for what the user has set', () => {
    const three = childThreads(threadEnvironment(3, {}));
    // OpenBLAS takes no more from its variable than there are processors.
    const most = Math.min(3, os.availableParallelism());
    expect(three).toEqual({
      'openblas-pthread/libopenblas': most,
      'openblas-openmp/libopenblas': 3,
      [`${triplet}/libgomp`]: 3,
      'blis-pthread/libblis': 3,
      'lib/libomp': 3,
    });
    const user = { OPENBLAS_NUM_THREADS: '1' };
    const mixed = childThreads({ ...user, ...threadEnvironment(2, user) });
    expect(mixed).toMatchObject({
      'openblas-pthread/libopenblas': 1,
      'openblas-openmp/libopenblas': 2,
      'blis-pthread/libblis': 2,
    });
  });
});
