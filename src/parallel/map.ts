/**
 * map and imap: one function over many tasks.
 */

import { typeError } from '../errors.ts';
import { flag, type OptionsOf } from '../options.ts';
import {
  CallSite,
  Job,
  type ParallelOptions,
  parallelOptions,
  prepareWorker,
  resolveOptions,
  taskSource,
} from '../scheduler/index.ts';
import type { TaskContext } from '../worker/index.ts';
import { collect, stream } from './start.ts';
import type { ResultStream } from './stream.ts';

/** Tasks: an array, a typed array, a generator, anything that can be iterated, also asynchronously. */
export type Tasks<A> = Iterable<A> | AsyncIterable<A> | ArrayLike<A>;

/** What a job is called with for each task. */
export type TaskFunction<A, R> = (task: A, context: TaskContext) => R | PromiseLike<R>;

/** Results with `returnErrors`. */
export type Settled<R> = PromiseSettledResult<R>;

const streamOptions = {
  ...parallelOptions,
  /** Results in order of the tasks (default), or as they come. */
  ordered: flag,
};

/** Options of {@link imap}. */
export interface StreamOptions extends OptionsOf<typeof streamOptions> {}

function checkFunction(fn: unknown): void {
  if (typeof fn !== 'function') throw typeError('fn', fn, 'a function');
}

/**
 * Calls `fn` for each task on several cores, and gives the results in order of the tasks.
 *
 * @param tasks - read only as far ahead as `preDispatch` says, where it isn't an array
 * @param fn - called with a task and a {@link TaskContext}; may be async
 * @throws {@link TaskError} for the first task that failed, {@link WorkerCrashedError},
 *   {@link TaskTimeoutError}; what the iterator of the tasks throws
 *
 * @example
 * ```ts
 * const areas = await map(radii, (r) => Math.PI * r * r, { jobs: -1 });
 * ```
 */
export function map<A, R>(
  tasks: Tasks<A>,
  fn: TaskFunction<A, R>,
  options: ParallelOptions & { readonly returnErrors: true },
): Promise<Settled<Awaited<R>>[]>;
export function map<A, R>(
  tasks: Tasks<A>,
  fn: TaskFunction<A, R>,
  options?: ParallelOptions,
): Promise<Awaited<R>[]>;
export async function map<A, R>(
  tasks: Tasks<A>,
  fn: TaskFunction<A, R>,
  options?: ParallelOptions,
): Promise<unknown[]> {
  const site = new CallSite(map);
  checkFunction(fn);
  const resolved = resolveOptions(options);
  return await collect('task', fn, resolved, site, taskSource(tasks));
}

/**
 * Calls `fn` for each task on several cores, and streams the results. Tasks are read and run only
 * as far ahead as the consumer follows, so that an endless input takes bounded memory.
 *
 * @example
 * ```ts
 * for await (const score of imap(users(), score, { ordered: false })) console.log(score);
 * ```
 */
export function imap<A, R>(
  tasks: Tasks<A>,
  fn: TaskFunction<A, R>,
  options: StreamOptions & { readonly returnErrors: true },
): ResultStream<Settled<Awaited<R>>>;
export function imap<A, R>(
  tasks: Tasks<A>,
  fn: TaskFunction<A, R>,
  options?: StreamOptions,
): ResultStream<Awaited<R>>;
export function imap<A, R>(
  tasks: Tasks<A>,
  fn: TaskFunction<A, R>,
  options?: StreamOptions,
): ResultStream<unknown> {
  const site = new CallSite(imap);
  checkFunction(fn);
  const resolved = resolveOptions(options, streamOptions);
  const source = taskSource(tasks);
  prepareWorker(resolved, source);
  const job = new Job('task', fn, resolved);
  const ordered = options?.ordered ?? true;
  return stream(job, source, site, { ordered, once: true });
}
