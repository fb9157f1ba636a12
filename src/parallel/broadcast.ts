/**
 * broadcast: a function that runs once in every worker of a pool.
 */
import { typeError } from '../errors.ts';
import { type OptionsOf, readOptions } from '../options.ts';
import {
  CallSite,
  parallelOptions,
  poolFor,
  resolveOptions,
  taskSource,
} from '../scheduler/index.ts';
import type { TaskContext } from '../worker/index.ts';
import { collect } from './start.ts';

// What is about many tasks is not here.
const {
  batchSize: _batchSize,
  preDispatch: _preDispatch,
  progress: _progress,
  verbose: _verbose,
  returnErrors: _returnErrors,
  onError: _onError,
  seed: _seed,
  ...broadcastOptions
} = parallelOptions;

/** Options of {@link broadcast}: those that say which workers, and what may become of the calls. */
export interface BroadcastOptions extends OptionsOf<typeof broadcastOptions> {}

/**
 * Calls `fn` once in every worker of the pool that calls with these options have, and waits until all
 * have answered: to fill caches, to read counters, to change settings that tasks go by. There are at least
 * `jobs` workers then; those that start later don't get the call, for which there is `initializer`. A
 * worker that is busy gets it after what it has.
 *
 * @param fn - called with a {@link TaskContext}; may be async
 * @returns what each worker gave, by its number, which is `ctx.worker.id` there
 * @throws {@link TaskError} for the first that threw, {@link WorkerCrashedError}, {@link TaskTimeoutError}
 *
 * @example
 * ```ts
 * const heaps = await broadcast(() => process.memoryUsage().heapUsed, { jobs: 4 });
 * for (const [worker, bytes] of heaps) console.log(worker, bytes);
 * ```
 */
export async function broadcast<R>(
  fn: (context: TaskContext) => R | PromiseLike<R>,
  options?: BroadcastOptions,
): Promise<Map<number, Awaited<R>>> {
  const site = new CallSite(broadcast);
  if (typeof fn !== 'function') throw typeError('fn', fn, 'a function');
  const given = readOptions('options', broadcastOptions, options);
  const resolved = resolveOptions({ ...given, progress: false, verbose: 0 });
  const count = Math.max(resolved.jobs, poolFor(resolved).usable);
  const workers: number[] = [];
  const values = await collect(
    'spread',
    fn,
    { ...resolved, jobs: count, maxBatches: count, batchSize: 1, oncePerWorker: true },
    site,
    taskSource(Array.from({ length: count }, () => [])),
    undefined,
    {
      finished: ({ first, worker }) => {
        workers[first] = worker;
      },
    },
  );
  const byWorker = values.map((value, i) => [workers[i]!, value as Awaited<R>] as const);
  return new Map(byWorker.sort(([a], [b]) => a - b));
}
