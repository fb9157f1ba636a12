/**
 * The peers from Python: joblib and multiprocessing.
 */
import { type Contender, python } from '../harness/index.ts';
import { WORKERS } from './pools.ts';

const modules = { joblib: 'python3-joblib' };

const loky = `
from joblib import Parallel, delayed
def echo(x):
    return x
`;

/** Many tasks in one call. */
export function bulk(count: number): Contender[] {
  const params = { count, workers: WORKERS };
  return [
    ...(['loky', 'threading'] as const).map((backend) =>
      python(`joblib ${backend}`, {
        modules,
        params: { ...params, backend },
        source: `${loky}
def setup(params):
    tasks = list(range(params["count"]))
    pool = Parallel(n_jobs=params["workers"], backend=params["backend"])
    pool.__enter__()
    call = delayed(echo)
    def run():
        return len(pool(call(x) for x in tasks))
    run()
    return run
`,
      }),
    ),
    python('multiprocessing Pool.map', {
      modules: {},
      params,
      source: `
import multiprocessing, operator
def setup(params):
    tasks = list(range(params["count"]))
    pool = multiprocessing.Pool(params["workers"])
    return lambda: len(pool.map(operator.index, tasks))
`,
    }),
  ];
}

/** One task after another, each awaited. */
export function single(): Contender[] {
  const params = { workers: WORKERS };
  return [
    python('joblib loky, a call of one task', {
      modules,
      params,
      source: `${loky}
def setup(params):
    pool = Parallel(n_jobs=params["workers"], backend="loky")
    pool([delayed(echo)(1)])
    return lambda: pool([delayed(echo)(1)])
`,
    }),
    python('loky submit', {
      modules,
      params,
      source: `
import operator
from joblib.externals.loky import ProcessPoolExecutor
def setup(params):
    executor = ProcessPoolExecutor(max_workers=params["workers"])
    executor.submit(operator.index, 1).result()
    return lambda: executor.submit(operator.index, 1).result()
`,
    }),
    python('multiprocessing Pool.apply', {
      modules: {},
      params,
      source: `
import multiprocessing, operator
def setup(params):
    pool = multiprocessing.Pool(params["workers"])
    return lambda: pool.apply(operator.index, (1,))
`,
    }),
  ];
}
