/**
 * Executors: tasks that are submitted one by one, as those of Python's concurrent.futures.
 */
import { configKeys, scopedConfig } from '../config/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { flag, type OptionsOf, readOptions } from '../options.ts';
import {
  CallSite,
  Job,
  type ParallelOptions,
  parallelOptions,
  type ResolvedOptions,
  resolveOptions,
  taskSource,
} from '../scheduler/index.ts';
import type { Future } from './future.ts';
import { FutureQueue, type MaxQueue } from './future-queue.ts';
import { stream } from './start.ts';
import type { ResultStream } from './stream.ts';
import { zippedCalls } from './zip.ts';

// What is of a whole job and not of a task is not here.
const {
  progress: _progress,
  verbose: _verbose,
  returnErrors: _returnErrors,
  onError: _onError,
  seed: _seed,
  trace: _trace,
  ...taskOptions
} = parallelOptions;

const executorOptions = {
  ...taskOptions,
  /**
   * Futures that may wait for a worker: one that is submitted beyond fails with a {@link
   * QueueFullError}. 'auto': the square of those that may run at once. Default Infinity.
   */
  maxQueue: configKeys.maxQueue,
};

/**
 * Options of an {@link Executor}: those of `map` that make sense for tasks by themselves. `batchSize` and
 * `preDispatch` are those of its `map`; `signal` stops everything that it runs.
 */
export interface ExecutorOptions extends OptionsOf<typeof executorOptions> {}

const closeOptions = { cancel: flag };

/** What `map` of an executor takes one element of for each argument. */
type Inputs<A extends readonly unknown[]> = {
  readonly [K in keyof A]: Iterable<A[K]> | AsyncIterable<A[K]>;
};

/**
 * Runs tasks that are submitted one by one; from {@link executor}. Executors with the same options share
 * their workers, which stay for later work when one is closed.
 */
export class Executor implements AsyncDisposable {
  readonly #options: ResolvedOptions;
  readonly #maxQueue: MaxQueue;
  readonly #queue = new FutureQueue();
  /** What lets the streams that there are run to their end; resolves when they have. */
  readonly #streams = new Map<() => void, Promise<void>>();
  #closing: Promise<void> | null = null;

  /** @internal */
  constructor(options: ResolvedOptions, maxQueue: MaxQueue) {
    this.#options = options;
    this.#maxQueue = maxQueue;
  }

  /** Futures that wait to be given to a worker. */
  get queueSize(): number {
    return this.#queue.length;
  }

  /** Whether nothing waits and nothing runs; streams of `map` don't count. */
  get drained(): boolean {
    return this.#queue.size === 0;
  }

  /**
   * Resolves when all futures are done, those that are submitted meanwhile too; errors are theirs. The
   * executor stays open.
   */
  drain(): Promise<void> {
    return this.#queue.drained();
  }

  #checkOpen(): void {
    if (this.#closing) throw rangeError('executor', this, 'one that has not been closed');
  }

  /**
   * Runs `fn(...args)` in a worker. As many are given to workers as these may run at once; the others
   * wait in order, and their arguments must stay as they are until then.
   *
   * @returns at once; a function that can't be sent is an error of the future
   * @throws RangeError after {@link Executor.close}
   */
  submit<A extends readonly unknown[], R>(fn: (...args: A) => R, ...args: A): Future<Awaited<R>> {
    this.#checkOpen();
    if (typeof fn !== 'function') throw typeError('fn', fn, 'a function');
    const site = new CallSite(this.submit);
    return this.#queue.add(fn as never, args, this.#options, site, this.#maxQueue) as Future<
      Awaited<R>
    >;
  }

  /**
   * Calls `fn` with an element of each of the inputs, until the shortest ends, and streams the results in
   * order. Inputs are read as far ahead as the results are taken, and the options say.
   *
   * @throws RangeError after {@link Executor.close}; {@link CloneError} of a function that can't be sent
   */
  map<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    ...inputs: Inputs<A>
  ): ResultStream<Awaited<R>> {
    this.#checkOpen();
    const site = new CallSite(this.map);
    if (typeof fn !== 'function') throw typeError('fn', fn, 'a function');
    const source = taskSource(zippedCalls(inputs));
    const job = new Job('calls', fn as never, this.#options);
    let ended = (): void => {};
    const settings = {
      ordered: true,
      once: true,
      started: (_stop: (why: string) => void, release: () => void): void => {
        const end = new Promise<void>((resolve) => {
          ended = () => {
            this.#streams.delete(release);
            resolve();
          };
        });
        this.#streams.set(release, end);
      },
      ended: () => ended(),
    };
    return stream<Awaited<R>>(job, source, site, settings);
  }

  /**
   * Takes no more tasks, and waits until those that were submitted are done. Streams of `map` are run to
   * their end; their results can still be taken.
   *
   * @param options - `cancel`: cancel futures that have not been given to a worker
   */
  close(options?: OptionsOf<typeof closeOptions>): Promise<void> {
    const { cancel = false } = readOptions('options', closeOptions, options);
    if (cancel) this.#queue.cancelWaiting();
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  async #finish(): Promise<void> {
    const streams = [...this.#streams];
    for (const [release] of streams) release();
    await Promise.all([this.#queue.finished(), ...streams.map(([, end]) => end)]);
  }

  /** {@link Executor.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A job of one task each has no bar, and its error is the future's. */
function resolved(options: ParallelOptions): ResolvedOptions {
  return resolveOptions({ ...options, progress: false, verbose: 0 });
}

/**
 * Makes an executor.
 *
 * @throws RangeError or TypeError for options that make no sense
 * @example
 * ```ts
 * await using pool = executor({ jobs: 4, timeout: 60_000 });
 * const futures = files.map((file) => pool.submit(analyse, file));
 * for await (const future of asCompleted(futures)) console.log(future.outcome);
 * ```
 */
export function executor(options?: ExecutorOptions): Executor {
  const { maxQueue, ...rest } = readOptions('options', executorOptions, options);
  return new Executor(resolved(rest), maxQueue ?? scopedConfig().maxQueue ?? Infinity);
}

/** The tasks of {@link submit}. */
const common = new FutureQueue();

/**
 * Runs `fn(...args)` in a worker, with the default options and those of `withConfig`.
 *
 * @returns at once; a function that can't be sent is an error of the future
 * @example
 * ```ts
 * const future = submit((n: number) => n ** 2, 12);
 * console.log(await future, future.metadata.worker?.pid);
 * ```
 */
export function submit<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  ...args: A
): Future<Awaited<R>> {
  const site = new CallSite(submit);
  if (typeof fn !== 'function') throw typeError('fn', fn, 'a function');
  return common.add(fn as never, args, resolved({}), site, scopedConfig().maxQueue) as Future<
    Awaited<R>
  >;
}
