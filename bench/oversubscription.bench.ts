/**
 * Workers that all call BLAS: what oversubscription costs, and that the defaults do without it.
 *
 * 2, 4 and 8 workers do products of 512 × 512, of one matrix that all of them share, as the threads
 * of the NumPy peers do: with a matrix each, more workers would need more of the caches, which is
 * not what is measured here. "All cores each" is what a pool that knows nothing of BLAS and a BLAS
 * that knows nothing of the pool do together; "by hand" is the best setting that somebody who knows
 * both could make: as many workers as cores, and one core for each product.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { cpuCount, invoker, type ParallelOptions, task, withConfig } from 'heddle';
import { blasInfo, type MatrixLike } from 'heddle/linalg';
import { descendants } from './harness/cpu.ts';
import { type Contender, inProcess, measured, python, type Suite } from './harness/index.ts';

const kernel = new URL('./oversubscription/kernel.mjs', import.meta.url);

/** Times that the threads of this process and of those below it were taken off a core. */
function involuntarySwitches(): number {
  let sum = 0;
  for (const pid of [process.pid, ...descendants()]) {
    try {
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
        sum += Number(/^nonvoluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1] ?? 0);
      }
    } catch {
      // Gone since it was listed.
    }
  }
  return sum;
}

/** `tasks` products by an invoker's warm workers; `backendThreads` of each product, if by hand. */
function heddle(
  name: string,
  tasks: number,
  options: ParallelOptions,
  backendThreads?: number,
): Contender {
  return inProcess(name, async () => {
    const work = task<[MatrixLike], number>(kernel, 'product');
    const data = Float64Array.from({ length: 512 * 512 }, (_, i) => (i % 13) - 6);
    const matrix: MatrixLike = { data, shape: [512, 512] };
    // An invoker's tasks have the settings of the scope that it was made in.
    const pool = withConfig(backendThreads ? { backendThreads } : {}, () =>
      invoker(matrix, work, { ...options, batchSize: 1 }),
    );
    const run = () => pool.map(Array.from({ length: tasks }, (_, i) => i)).toArray();
    let last: unknown[] = await run();
    return {
      run: async () => {
        const before = involuntarySwitches();
        const start = performance.now();
        last = await run();
        const seconds = (performance.now() - start) / 1000;
        const switches = (involuntarySwitches() - before) / tasks;
        return measured({ seconds, metrics: { 'switches/task': switches } });
      },
      result: () => last[0],
      close: () => pool.shutdown(),
    };
  });
}

function numpyThreads(name: string, tasks: number, workers: number, threads: number): Contender {
  return python(name, {
    modules: { numpy: 'python3-numpy' },
    source: readFileSync(new URL('./oversubscription/numpy_threads.py', import.meta.url), 'utf8'),
    // The kernels that Heddle's BLAS has chosen, and by which NumPy's would not be told apart.
    env: { OPENBLAS_NUM_THREADS: String(threads), OPENBLAS_CORETYPE: blasInfo().architecture },
    params: { tasks, workers },
  });
}

const suite: Suite = {
  title: 'Oversubscription',
  about:
    'Workers that all multiply a 512 × 512 matrix that they share. The ratios are times by the best hand setting.',
  groups: ({ short }) => {
    const cores = cpuCount();
    const tasks = short ? 32 : 160;
    const expected = Array.from({ length: 512 }, (_, k) => ((k % 13) - 6) * (((k * 512) % 13) - 6));
    const verify = (result: unknown) =>
      assert.equal(
        result,
        expected.reduce((sum, value) => sum + value, 0),
      );
    return [2, 4, 8].flatMap((jobs) => [
      {
        name: `${jobs} worker processes`,
        unit: 'product',
        operations: tasks,
        verify,
        x: jobs,
        baseline: 'by hand',
        contenders: [
          heddle('by hand', tasks, {
            backend: 'processes',
            jobs: Math.min(jobs, cores),
            childThreads: 1,
          }),
          heddle('defaults', tasks, { backend: 'processes', jobs }),
          heddle('all cores each', tasks, { backend: 'processes', jobs, childThreads: cores }),
        ],
        targets: [{ contender: 'defaults', against: 'by hand', speedup: 0.95 }],
      },
      {
        name: `${jobs} worker threads`,
        unit: 'product',
        operations: tasks,
        verify,
        x: jobs,
        baseline: 'by hand',
        contenders: [
          heddle('by hand', tasks, { backend: 'threads', jobs: Math.min(jobs, cores) }, 1),
          heddle('defaults', tasks, { backend: 'threads', jobs }),
          numpyThreads('NumPy threads, all cores each', tasks, jobs, cores),
          numpyThreads('NumPy threads, one core each', tasks, jobs, 1),
        ],
        targets: [{ contender: 'defaults', against: 'by hand', speedup: 0.95 }],
      },
    ]);
  },
  plots: [
    {
      file: 'oversubscription.svg',
      title: 'Products of 512 × 512 per second, by workers',
      kind: 'lines',
      figure: 'rate',
      groups: /processes/,
      xLabel: 'worker processes',
    },
    {
      file: 'oversubscription-threads.svg',
      title: 'Products of 512 × 512 per second, by workers',
      kind: 'lines',
      figure: 'rate',
      groups: /threads/,
      xLabel: 'worker threads',
    },
  ],
};

export default suite;
