/**
 * Looking at the thread pools of a process, and limiting them, beside Python's threadpoolctl.
 *
 * Both processes hold the same three libraries: OpenBLAS and BLIS on pthreads, and libgomp.
 *
 * Heddle is the built package, as users have it: the loader for TypeScript adds a call to every
 * arrow function that is made, which is a third of the time measured here.
 */
import assert from 'node:assert/strict';
import { libraryFile, probe } from '../test/threadpools/probe.ts';
import { inProcess, python, type Suite } from './harness/index.ts';

const FILES = (['openblas-pthread', 'blis-pthread', 'libgomp'] as const).map(libraryFile);

const BUILT = '../dist/index.js';

async function built(): Promise<typeof import('../src/index.ts')> {
  try {
    return (await import(BUILT)) as typeof import('../src/index.ts');
  } catch (cause) {
    throw new Error('this benchmark measures the built package: npm run build first', { cause });
  }
}

/** threadpoolctl with the same libraries, running one expression. */
function threadpoolctl(name: string, expression: string) {
  return python(name, {
    modules: { threadpoolctl: 'python3-threadpoolctl' },
    params: { files: FILES },
    source: `
import ctypes
import threadpoolctl

def setup(params):
    libraries = [ctypes.CDLL(file) for file in params["files"]]
    controller = threadpoolctl.ThreadpoolController()

    def with_controller():
        with controller.limit(limits=1, user_api="blas"):
            pass
        return len(libraries)

    def without_controller():
        with threadpoolctl.threadpool_limits(limits=1, user_api="blas"):
            pass
        return len(libraries)

    return ${expression}
`,
  });
}

const suite: Suite = {
  title: 'Thread pools',
  about:
    'Reading and limiting the threads of OpenBLAS, BLIS and libgomp, all loaded in each process. ' +
    'One limit is set and restored in each operation, on BLAS.',
  groups: async () => {
    const { ThreadpoolController, threadpoolInfo, threadpoolLimits } = await built();
    for (const file of FILES) probe.load(file);
    const controller = new ThreadpoolController();
    assert.equal(controller.length, FILES.length);
    const counts = (result: unknown) => assert.equal(Number(result), FILES.length);
    return [
      {
        name: 'info, nothing new loaded',
        unit: 'info',
        verify: counts,
        contenders: [
          inProcess('threadpoolInfo()', () => ({ run: () => threadpoolInfo().length })),
          inProcess('controller.info()', () => ({ run: () => controller.info().length })),
          threadpoolctl(
            'threadpoolctl: threadpool_info()',
            'lambda: len(threadpoolctl.threadpool_info())',
          ),
          threadpoolctl('threadpoolctl: controller.info()', 'lambda: len(controller.info())'),
        ],
        targets: [
          { contender: 'threadpoolInfo()', seconds: 20e-6 },
          {
            contender: 'threadpoolInfo()',
            against: 'threadpoolctl: threadpool_info()',
            speedup: 100,
          },
        ],
      },
      {
        name: 'set and restore',
        about: 'With a controller that is made once, and without.',
        unit: 'limit',
        verify: counts,
        contenders: [
          inProcess('controller.limit()', () => ({
            run: () => {
              controller.limit({ blas: 1 }).restore();
              return controller.length;
            },
          })),
          inProcess('threadpoolLimits()', () => ({
            run: () => {
              threadpoolLimits({ blas: 1 }).restore();
              return controller.length;
            },
          })),
          threadpoolctl('threadpoolctl: controller.limit()', 'with_controller'),
          threadpoolctl('threadpoolctl: threadpool_limits()', 'without_controller'),
        ],
        targets: [
          { contender: 'controller.limit()', seconds: 2e-6 },
          {
            contender: 'controller.limit()',
            against: 'threadpoolctl: controller.limit()',
            speedup: 10,
          },
        ],
      },
    ];
  },
};

export default suite;
