/**
 * Executors: tasks that are submitted one by one, as those of Python's concurrent.futures.
 */
import { rangeError, typeError } from '../errors.ts';
import { flag, type OptionsOf, readOptions } from '../options.ts';
import {
  CallSite,
  closeJob,
  Job,
  onAbort,
  type ParallelOptions,
  parallelOptions,
  type ResolvedOptions,
  resolveOptions,
  taskSource,
} from '../scheduler/index.ts';
import { type Future, FutureControl, type FutureOwner } from './future.ts';
import { single, stream } from './start.ts';
import type { ResultStream } from './stream.ts';
import { zippedCalls } from './zip.ts';

// What is of a whole job and not of a task is not here.
const {
  progress: _progress,
  returnErrors: _returnErrors,
  onError: _onError,
  seed: _seed,
  trace: _trace,
  ...executorOptions
} = parallelOptions;

/**
 * Options of an {@link Executor}: those of `map` that make sense for tasks by themselves. `batchSize` and
 * `preDispatch` are those of its `map`; `signal` stops everything that it runs.
 */
export interface ExecutorOptions extends OptionsOf<typeof executorOptions> {}

const closeOptions = { cancel: flag };

/** A task that has not ended. */
interface Entry {
  readonly control: FutureControl;
  readonly job: Job;
  readonly args: readonly unknown[];
  readonly site: CallSite;
  /** Stops it, once it is on its way. */
  stop: ((why: string) => void) | null;
}

const CANCELLED = 'The future was cancelled';

function abortError(why: string): DOMException {
  return new DOMException(why, 'AbortError');
}

/**
 * Futures in the order in which they were submitted, of which as many are on their way as there may be
 * workers: so the others can be taken back, and who is on its way runs.
 */
export class FutureQueue implements FutureOwner {
  #waiting: Entry[] = [];
  /** Entries before this one have gone; the array is cut now and then. */
  #head = 0;
  readonly #entries = new Map<FutureControl, Entry>();
  #underWay = 0;
  #starting = false;

  /** Notes a task. Errors of a function that can't be sent are the future's. */
  add(
    fn: (...args: never[]) => unknown,
    args: readonly unknown[],
    options: ResolvedOptions,
    site: CallSite,
  ): Future<unknown> {
    const control = new FutureControl(this);
    const { signal } = options;
    if (signal?.aborted) {
      control.stopped(signal.reason ?? abortError('The executor was stopped'));
      return control.future;
    }
    let job: Job;
    try {
      job = new Job('calls', fn, options);
    } catch (error) {
      control.fail(error);
      return control.future;
    }
    const entry: Entry = { control, job, args, site, stop: null };
    this.#entries.set(control, entry);
    this.#waiting.push(entry);
    // Until it starts, nobody else listens to the signal.
    if (signal) {
      const ended = onAbort(signal, () => {
        if (entry.stop === null) this.#drop(entry, signal.reason);
      });
      control.promise.then(ended, ended);
    }
    this.#startMore();
    return control.future;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Everything that has not been given to a worker is cancelled. */
  cancelWaiting(): void {
    for (const entry of this.#waiting.slice(this.#head)) {
      if (this.#isWaiting(entry)) this.#drop(entry, abortError('The executor was closed'));
    }
  }

  /** Settles when all that are there are done, however. */
  async finished(): Promise<void> {
    await Promise.allSettled([...this.#entries.keys()].map(({ promise }) => promise));
  }

  cancel(control: FutureControl): void {
    const entry = this.#entries.get(control);
    if (!entry) return;
    if (this.#isWaiting(entry)) {
      this.#drop(entry, abortError(CANCELLED));
      return;
    }
    // Who looks at it next must see it, although the worker may take a moment.
    this.#entries.delete(control);
    control.stopped(abortError(CANCELLED));
    entry.stop?.(CANCELLED);
  }

  #isWaiting({ control, stop }: Entry): boolean {
    return stop === null && this.#entries.has(control);
  }

  /** Ends a future that was never started. */
  #drop(entry: Entry, error: unknown): void {
    if (!this.#entries.delete(entry.control)) return;
    closeJob(entry.job);
    entry.control.stopped(error);
  }

  #startMore(): void {
    // A task of the calling process may submit another one while it starts.
    if (this.#starting) return;
    this.#starting = true;
    try {
      for (let entry = this.#waiting[this.#head]; entry; entry = this.#waiting[this.#head]) {
        const isWaiting = this.#isWaiting(entry);
        if (isWaiting && this.#underWay >= entry.job.options.jobs) return;
        this.#waiting[this.#head++] = undefined as never;
        if (isWaiting) this.#start(entry);
      }
    } finally {
      this.#starting = false;
      if (this.#head * 2 > this.#waiting.length) {
        this.#waiting = this.#waiting.slice(this.#head);
        this.#head = 0;
      }
    }
  }

  #start(entry: Entry): void {
    const { control, job, args, site } = entry;
    this.#underWay++;
    const ended = (): void => {
      this.#underWay--;
      this.#startMore();
    };
    const { result, stop } = single(job, [0, args], site, {
      dispatched: (_count, worker) => control.dispatched(worker),
      withdrawn: () => control.withdrawn(),
      finished: (event) => control.ran(event),
      ended: () => queueMicrotask(ended),
    });
    entry.stop = stop;
    result.then(
      (value) => this.#settle(entry, () => control.fulfil(value)),
      (error: unknown) => {
        const { signal } = job.options;
        const stopped = signal?.aborted === true && error === signal.reason;
        this.#settle(entry, () => (stopped ? control.stopped(error) : control.fail(error)));
      },
    );
  }

  #settle({ control }: Entry, settle: () => void): void {
    // One that was cancelled has been told so.
    if (this.#entries.delete(control)) settle();
  }
}

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
  readonly #queue = new FutureQueue();
  /** What lets the streams that there are run to their end; resolves when they have. */
  readonly #streams = new Map<() => void, Promise<void>>();
  #closing: Promise<void> | null = null;

  /** @internal */
  constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  #checkOpen(): void {
    if (this.#closing) throw rangeError('executor', this, 'one that has not been closed');
  }

  /**
   * Runs `fn(...args)` in a worker. As many are given to workers at once as there are workers; the others
   * wait in order, and their arguments must stay as they are until then.
   *
   * @returns at once; a function that can't be sent is an error of the future
   * @throws RangeError after {@link Executor.close}
   */
  submit<A extends readonly unknown[], R>(fn: (...args: A) => R, ...args: A): Future<Awaited<R>> {
    this.#checkOpen();
    if (typeof fn !== 'function') throw typeError('fn', fn, 'a function');
    const site = new CallSite(this.submit);
    return this.#queue.add(fn as never, args, this.#options, site) as Future<Awaited<R>>;
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
  return resolveOptions({ ...options, progress: false });
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
  return new Executor(resolved(readOptions('options', executorOptions, options)));
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
  return common.add(fn as never, args, resolved({}), site) as Future<Awaited<R>>;
}
