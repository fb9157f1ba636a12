/**
 * What it costs to bring big arrays to workers and back: a model once, an argument with each task,
 * a result from each task.
 */
import assert from 'node:assert/strict';
import { type Contender, inProcess, python, type Suite } from './harness/index.ts';
import {
  heddlePool,
  type ModelPool,
  piscina,
  rawFork,
  rawThreads,
  tinypool,
  WORKERS,
} from './model/pools.ts';

const contenders: readonly (readonly [string, () => ModelPool | Promise<ModelPool>])[] = [
  ['heddle threads', () => heddlePool('threads')],
  ['heddle processes', () => heddlePool('processes')],
  ['worker_threads, SharedArrayBuffer', () => rawThreads(true)],
  ['worker_threads, clone', () => rawThreads(false)],
  ["fork, 'advanced'", rawFork],
  ['piscina', piscina],
  ['tinypool processes', tinypool],
];

function each(run: (pool: ModelPool) => Promise<unknown>): Contender[] {
  return contenders.map(([name, make]) =>
    inProcess(name, async () => {
      const pool = await make();
      await run(pool);
      return { run: () => run(pool), close: () => void pool.end() };
    }),
  );
}

/** The same model in call after call, put into shared memory once, before what is measured. */
const prepared: typeof contenders = [
  ['heddle threads, share() before', () => heddlePool('threads')],
  ['heddle processes, share() before', () => heddlePool('processes')],
  ['worker_threads, SharedArrayBuffer before', () => rawThreads(true)],
];

function eachPrepared(model: Float64Array, tasks: number): Contender[] {
  return prepared.map(([name, make]) =>
    inProcess(name, async () => {
      const pool = await make();
      const shared = await pool.share!(model);
      await pool.model(shared, tasks);
      return { run: () => pool.model(shared, tasks), close: () => void pool.end() };
    }),
  );
}

const modules = { joblib: 'python3-joblib', numpy: 'python3-numpy' };

/** joblib, with its memory maps for arrays from 1 MiB on. A view each time, which it maps anew. */
function joblib(body: string, params: Record<string, number>): Contender {
  return python('joblib, memmapping', {
    modules,
    params: { ...params, workers: WORKERS },
    source: `
import numpy as np
from joblib import Parallel, delayed
def touch(array):
    return float(array[::512].sum())
def use(array, n):
    return float(array[n])
def make(n):
    return np.ones(n)
def setup(params):
    pool = Parallel(n_jobs=params["workers"], max_nbytes="1M", mmap_mode="c")
    pool.__enter__()
    length, tasks = params["length"], params["tasks"]
${body.replace(/^/gm, '    ')}
    run()
    return run
`,
  });
}

const suite: Suite = {
  title: 'Models, arguments, results',
  about: `Arrays of float64 to ${WORKERS} workers and back; every worker reads each page of what it gets.`,
  groups({ short }) {
    const length = (short ? 8 : 100) * 2 ** 17;
    const small = 2 ** 20;
    const count = short ? 4 : 16;
    const tasks = short ? 50 : 1000;
    const model = new Float64Array(length).fill(1);
    const arrays = Array.from({ length: count }, (_, i) => new Float64Array(small).fill(i));
    const right = (expected: number) => (result: unknown) => assert.equal(Number(result), expected);
    return [
      {
        name: `a model of ${length / 2 ** 17} MiB and ${tasks} tasks`,
        unit: 'run',
        iterations: 1,
        about:
          'An ordinary array, copied into shared memory within the time that is measured, which is that ' +
          'of the call before if it was not long ago; or one that was put there once, before, and that ' +
          'the workers have mapped already. ' +
          'The others are sent the model twice and get tasks that do nothing.',
        contenders: [
          ...each((pool) => pool.model(model, tasks)),
          ...eachPrepared(model, tasks),
          joblib(
            `model = np.ones(length)
def run():
    view = model[:]
    return len(pool(delayed(use)(view, i) for i in range(tasks)))`,
            { length, tasks },
          ),
        ],
        verify: right(tasks),
        targets: [
          {
            contender: 'heddle threads',
            against: 'worker_threads, SharedArrayBuffer',
            speedup: 1 / 1.2,
          },
          { contender: 'heddle processes', against: "fork, 'advanced'", speedup: 20 },
          {
            contender: 'heddle processes, share() before',
            against: "fork, 'advanced'",
            speedup: 20,
          },
          { contender: 'heddle processes', against: 'joblib, memmapping', speedup: 1 },
        ],
      },
      {
        name: 'an argument of 8 MiB with each task',
        unit: 'task',
        operations: count,
        contenders: [
          ...each((pool) => pool.arguments(arrays)),
          joblib(
            `arrays = [np.full(length, float(i)) for i in range(tasks)]
def run():
    return len(pool(delayed(touch)(array[:]) for array in arrays))`,
            { length: small, tasks: count },
          ),
        ],
        verify: right(count),
        targets: [
          {
            contender: 'heddle threads',
            against: 'worker_threads, SharedArrayBuffer',
            speedup: 1 / 1.2,
          },
          { contender: 'heddle processes', against: 'joblib, memmapping', speedup: 1 },
        ],
      },
      {
        name: 'a result of 8 MiB from each task',
        unit: 'task',
        operations: count,
        contenders: [
          ...each((pool) => pool.results(small, count)),
          joblib(
            `def run():
    return len(pool(delayed(make)(length) for i in range(tasks)))`,
            { length: small, tasks: count },
          ),
        ],
        verify: right(count),
        targets: [
          {
            contender: 'heddle threads',
            against: 'worker_threads, SharedArrayBuffer',
            speedup: 1 / 1.2,
          },
          { contender: 'heddle processes', against: 'joblib, memmapping', speedup: 1 },
        ],
      },
    ];
  },
};

export default suite;
