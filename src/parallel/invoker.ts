/**
 * invoker: a model that reaches each worker once, and tasks that are run with it.
 */

import { rangeError, typeError } from '../errors.ts';
import { abortSignal, flag, type OptionsOf, readOptions } from '../options.ts';
import {
  CallSite,
  closeJob,
  Job,
  type ParallelOptions,
  resolveOptions,
  taskSource,
} from '../scheduler/index.ts';
import type { TaskContext } from '../worker/index.ts';
import type { Tasks } from './map.ts';
import { stream } from './start.ts';
import type { ResultStream } from './stream.ts';

/** What an invoker calls for each task. */
export type ModelFunction<M, A, R> = (
  model: M,
  task: A,
  context: TaskContext,
) => R | PromiseLike<R>;

/** Names of the methods of a model that take a task. */
export type MethodName<M> = {
  [K in keyof M]: M[K] extends (...args: never[]) => unknown ? K : never;
}[keyof M] &
  string;

type Method<M, K extends keyof M> = M[K] extends (...args: infer P) => infer R
  ? { readonly task: P extends [infer A, ...unknown[]] ? A : unknown; readonly result: Awaited<R> }
  : never;

const invokeOptions = {
  /** Results in order of the tasks (default), or as they come. */
  ordered: flag,
  /** Stops this call. */
  signal: abortSignal,
};

/** Settings of one {@link ModelInvoker.map}. */
export interface InvokeOptions extends OptionsOf<typeof invokeOptions> {}

/** Jobs of invokers that nobody has any more. What runs keeps its invoker. */
const forgotten = new FinalizationRegistry<Job>(closeJob);

/**
 * Runs tasks with a model; from {@link invoker}. One that is no longer referred to is shut down when
 * it is collected.
 */
export class ModelInvoker<A, R> implements AsyncDisposable {
  readonly #job: Job;
  /** What stops the runs that there are; not their streams, whose loss is to stop them too. */
  readonly #open = new Set<(why: string) => void>();
  #closed = false;

  /** @internal */
  constructor(job: Job) {
    this.#job = job;
    forgotten.register(this, job, this);
  }

  /** Calls the function with the model for each task. */
  map(tasks: Tasks<A>, options?: InvokeOptions): ResultStream<R> {
    if (this.#closed) throw rangeError('invoker', this, 'one that has not been shut down');
    const site = new CallSite(this.map);
    const { ordered = true, signal } = readOptions('options', invokeOptions, options);
    let entry: ((why: string) => void) | null = null;
    const started = (stop: (why: string) => void): void => {
      entry = stop;
      this.#open.add(stop);
    };
    const ended = (): void => {
      if (entry) this.#open.delete(entry);
    };
    const settings = { ordered, once: false, signal, started, ended };
    return stream<R>(this.#job, taskSource(tasks), site, settings);
  }

  /**
   * Drops the model; jobs that are running are stopped with an AbortError. The workers stay for other
   * work.
   */
  async shutdown(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    forgotten.unregister(this);
    for (const stop of this.#open) stop('The invoker was shut down');
    closeJob(this.#job);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }
}

/**
 * Prepares a model for many tasks: it reaches each worker once, and large arrays in it are shared.
 *
 * @param model - anything that can be sent to a worker; the workers' copies are their own
 * @param fn - called with the model, a task and a {@link TaskContext}; or a method of the model
 * @throws {@link CloneError} naming what can't be sent
 *
 * @example
 * ```ts
 * await using scorer = invoker(model, (m, user: number) => m.score(user), { jobs: 4 });
 * for await (const scores of scorer.map(users)) save(scores);
 * ```
 */
export function invoker<M, A, R>(
  model: M,
  fn: ModelFunction<M, A, R>,
  options?: ParallelOptions,
): ModelInvoker<A, Awaited<R>>;
export function invoker<M, K extends MethodName<M>>(
  model: M,
  method: K,
  options?: ParallelOptions,
): ModelInvoker<Method<M, K>['task'], Method<M, K>['result']>;
export function invoker(
  model: unknown,
  fn: string | ((...args: never[]) => unknown),
  options?: ParallelOptions,
): ModelInvoker<unknown, unknown> {
  const resolved = resolveOptions(options);
  if (typeof fn === 'string') {
    const method = (model as Record<string, unknown> | null | undefined)?.[fn];
    if (typeof method !== 'function')
      throw rangeError('fn', fn, 'the name of a method of the model');
    return new ModelInvoker(new Job('model', null, resolved, { value: model, method: fn }));
  }
  if (typeof fn !== 'function') throw typeError('fn', fn, 'a function or the name of a method');
  return new ModelInvoker(new Job('model', fn, resolved, { value: model }));
}
