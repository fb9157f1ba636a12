import { realpathSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ThreadpoolController, threadpoolInfo, threadpoolLimits } from '../../src/index.ts';
import { type Library, libraryFile, loadCopy, loadLibrary, loadStub, probe } from './probe.ts';

const loaded: Record<string, Library> = {};

beforeAll(() => {
  for (const name of [
    'openblas-pthread',
    'openblas-openmp',
    'openblas-serial',
    'openblas-blas',
    'blis-pthread',
    'blis-openmp',
    'blis-serial',
    'libgomp',
    'libomp',
    'libvips',
  ] as const) {
    loaded[name] = loadLibrary(name);
  }
});

/** The record of a library by the end of its path. */
function recordOf(...end: string[]) {
  const suffix = path.join('/', ...end);
  const found = threadpoolInfo().filter((info) => info.filepath.endsWith(suffix));
  expect(found, suffix).toHaveLength(1);
  return found[0]!;
}

describe('threadpoolInfo with every library in one process', () => {
  it('describes the three builds of OpenBLAS', () => {
    const pthread = recordOf('openblas-pthread', 'libopenblasp-r0.3.21.so');
    expect(pthread).toMatchObject({
      userApi: 'blas',
      internalApi: 'openblas',
      prefix: 'libopenblas',
      version: '0.3.21',
      scope: 'process',
      threadingLayer: 'pthreads',
    });
    expect(pthread.architecture).toMatch(/^[A-Z]/);
    expect(recordOf('openblas-openmp', 'libopenblasp-r0.3.21.so')).toMatchObject({
      scope: 'thread',
      threadingLayer: 'openmp',
    });
    expect(recordOf('openblas-serial', 'libopenblas-r0.3.21.so')).toMatchObject({
      scope: 'process',
      threadingLayer: 'disabled',
      numThreads: 1,
    });
  });

  it('describes the three builds of BLIS', () => {
    for (const [build, layer] of [
      ['blis-pthread', 'pthreads'],
      ['blis-openmp', 'openmp'],
      ['blis-serial', 'disabled'],
    ] as const) {
      const info = recordOf(build, 'libblis.so.4');
      expect(info).toMatchObject({
        userApi: 'blas',
        internalApi: 'blis',
        prefix: 'libblis',
        version: '0.9.0',
        scope: 'process',
        threadingLayer: layer,
        numThreads: 1,
      });
      expect(info.architecture).toMatch(/^[a-z]/);
    }
  });

  it('describes both OpenMP runtimes and libvips', () => {
    expect(recordOf(path.basename(realpathSync(libraryFile('libgomp'))))).toMatchObject({
      userApi: 'openmp',
      internalApi: 'openmp',
      prefix: 'libgomp',
      version: null,
      scope: 'thread',
    });
    expect(recordOf(path.basename(realpathSync(libraryFile('libomp'))))).toMatchObject({
      prefix: 'libomp',
      scope: 'thread',
    });
    expect(recordOf(path.basename(realpathSync(libraryFile('libvips'))))).toMatchObject({
      userApi: 'image',
      internalApi: 'vips',
      prefix: 'libvips',
      scope: 'process',
      version: expect.stringMatching(/^8\./),
    });
  });

  it('resolves symbolic links and lists each real file once', () => {
    const again = probe.load(
      `${path.dirname(libraryFile('openblas-pthread'))}/libopenblasp-r0.3.21.so`,
    );
    expect(again).toBeDefined();
    const files = threadpoolInfo().map((info) => info.filepath);
    expect(new Set(files).size).toBe(files.length);
    for (const file of files) expect(file).toBe(realpathSync(file));
  });

  it('passes over a library that only depends on a runtime', () => {
    const files = threadpoolInfo().map((info) => info.filepath);
    expect(files).not.toContain(libraryFile('openblas-blas'));
  });

  it('passes over a file with the right name but without the functions', () => {
    loadStub('libopenblas_empty.so');
    expect(threadpoolInfo().some((info) => info.filepath.includes('empty'))).toBe(false);
  });

  it('reads the numbers at the moment of the call', () => {
    const openblas = loaded['openblas-pthread']!;
    const controller = new ThreadpoolController();
    const read = () => recordOf('openblas-pthread', 'libopenblasp-r0.3.21.so').numThreads;
    const before = read();
    probe.call(openblas, 'openblas_set_num_threads', 3);
    expect(read()).toBe(3);
    expect(controller.info().find((info) => info.filepath.includes('openblas-pthread'))).toEqual(
      recordOf('openblas-pthread', 'libopenblasp-r0.3.21.so'),
    );
    probe.call(openblas, 'openblas_set_num_threads', before);
    expect(read()).toBe(before);
  });

  it('tells what BLIS really uses where its loops have ways of their own', () => {
    const blis = loaded['blis-openmp']!;
    const read = () => recordOf('blis-openmp', 'libblis.so.4').numThreads;
    probe.call(blis, 'bli_thread_set_num_threads', 3);
    expect(read()).toBe(3);
    probe.call(blis, 'bli_thread_set_num_threads', -1);
    expect(read()).toBe(1);
  });

  it('equals the info of a controller made now', () => {
    expect(new ThreadpoolController().info()).toEqual(threadpoolInfo());
    expect(new ThreadpoolController().length).toBe(threadpoolInfo().length);
  });

  it('sees a library that is loaded later; a controller made before does not', () => {
    const before = new ThreadpoolController();
    expect(threadpoolInfo().some((info) => info.internalApi === 'mkl')).toBe(false);
    const mkl = loadStub('libmkl_rt.so.2');
    expect(threadpoolInfo().find((info) => info.internalApi === 'mkl')).toMatchObject({
      userApi: 'blas',
      prefix: 'libmkl_rt',
      version: '2023.1',
      numThreads: 4,
      threadingLayer: 'gnu',
    });
    expect(before.info().some((info) => info.internalApi === 'mkl')).toBe(false);
    // MKL chooses its layer at run time.
    probe.call(mkl, 'MKL_Set_Threading_Layer', 1);
    expect(threadpoolInfo().find((info) => info.internalApi === 'mkl')?.threadingLayer).toBe(
      'sequential',
    );
  });

  it("tells FlexiBLAS's backends, and does not take it for the libraries whose names it has", () => {
    const flexiblas = loadStub('libflexiblas.so.3');
    const mine = () => threadpoolInfo().filter((info) => info.filepath.endsWith('flexiblas.so.3'));
    expect(mine()).toMatchObject([
      {
        userApi: 'blas',
        internalApi: 'flexiblas',
        prefix: 'libflexiblas',
        version: '3.4.2',
        numThreads: 3,
        availableBackends: ['NETLIB', 'OPENBLAS-OPENMP', 'BLIS-SERIAL'],
        loadedBackends: ['NETLIB', 'OPENBLAS-OPENMP'],
        currentBackend: 'OPENBLAS-OPENMP',
      },
    ]);
    probe.call(flexiblas, 'flexiblas_switch', 0);
    expect(mine()[0]?.currentBackend).toBe('NETLIB');
  });

  it.each(['libopenblas-scipy_64_.so', 'libopenblas-64_.so', 'libopenblas-_64.so'])(
    'knows the affixes of %s',
    (file) => {
      const library = loadStub(file);
      expect(recordOf(file)).toMatchObject({
        internalApi: 'openblas',
        version: '0.3.27',
        numThreads: 4,
        threadingLayer: 'pthreads',
        architecture: 'Zen',
      });
      const limits = threadpoolLimits({ blas: 2 });
      expect(recordOf(file).numThreads).toBe(2);
      limits.restore();
      expect(recordOf(file).numThreads).toBe(4);
      expect(library).toBeDefined();
    },
  );

  it('lists two copies of one library, and limits both', () => {
    loadCopy(realpathSync(libraryFile('openblas-pthread')));
    const copies = () =>
      threadpoolInfo().filter(
        (info) => /libopenblasp-r/.test(info.filepath) && info.threadingLayer === 'pthreads',
      );
    expect(copies()).toHaveLength(2);
    const before = copies().map((info) => info.numThreads);
    const limits = threadpoolLimits({ libopenblas: 1 });
    expect(copies().map((info) => info.numThreads)).toEqual([1, 1]);
    limits.restore();
    expect(copies().map((info) => info.numThreads)).toEqual(before);
  });
});

describe('select', () => {
  it('keeps what matches any of the keys; values may be lists', () => {
    const all = new ThreadpoolController();
    const expected = (test: (info: (typeof infos)[number]) => boolean) => infos.filter(test);
    const infos = all.info();
    expect(all.select({ userApi: 'blas' }).info()).toEqual(expected((i) => i.userApi === 'blas'));
    expect(all.select({ internalApi: ['blis', 'openmp'] }).info()).toEqual(
      expected((i) => i.internalApi === 'blis' || i.internalApi === 'openmp'),
    );
    expect(all.select({ userApi: 'openmp', prefix: 'libblis' }).info()).toEqual(
      expected((i) => i.userApi === 'openmp' || i.prefix === 'libblis'),
    );
    const file = infos[0]!.filepath;
    expect(all.select({ filepath: file }).length).toBe(1);
    expect(all.select({ userApi: 'blas' }).select({ internalApi: 'openmp' }).length).toBe(0);
    expect(all.select({}).length).toBe(0);
    expect(all.select({ prefix: 'nothing' }).length).toBe(0);
  });

  it('limits what was selected and nothing else', () => {
    const selected = new ThreadpoolController().select({ internalApi: 'mkl' });
    const others = () => threadpoolInfo().filter((info) => info.internalApi !== 'mkl');
    const before = others();
    const limits = selected.limit(1);
    expect(selected.info().map((info) => info.numThreads)).toEqual([1]);
    expect(others()).toEqual(before);
    limits.restore();
    expect(selected.info().map((info) => info.numThreads)).toEqual([4]);
  });

  it('refuses queries that make no sense', () => {
    const all = new ThreadpoolController();
    expect(() => all.select({ user_api: 'blas' } as never)).toThrow(/userApi, internalApi/);
    expect(() => all.select({ userApi: 1 } as never)).toThrow(TypeError);
    expect(() => all.select(null as never)).toThrow(TypeError);
  });
});
