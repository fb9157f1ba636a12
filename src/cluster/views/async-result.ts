/**
 * What a call on engines gives: a promise with a record of what happened.
 */
import { milliseconds, type OptionsOf, readOptions } from '../../options.ts';
import { invokeProgress, type ProgressStream } from '../../progress/index.ts';
import type { ResultBoard } from './board.ts';

/** What became of a task, and where. Times are in milliseconds of `performance.now()`. */
export interface TaskMetadata {
  /** The task's place in its call. */
  readonly index: number;
  /** Number of the engine; null while it is not known. */
  readonly engine: number | null;
  /** Name of the engine's machine, and its process. */
  readonly node: string | null;
  readonly pid: number | null;
  readonly submitted: number;
  /** When it began and ended on the engine; null where the engine could not tell. */
  readonly started: number | null;
  readonly completed: number | null;
  /** When its outcome was here. */
  readonly received: number | null;
  readonly status: 'pending' | 'ok' | 'error' | 'aborted';
  readonly error: unknown;
}

/** What is behind a result. */
export interface ResultSource {
  metadata(): readonly TaskMetadata[];
  /** The sum of all tasks' times on engines (ms). */
  serialTime(): number;
  /** Nobody wants it any more. */
  abort(): void;
}

const waitOptions = {
  /** Where the bar is shown. Default: stderr. */
  stream: (_name: string, value: unknown) => value as ProgressStream,
  /** Milliseconds after which it waits no more. */
  timeout: milliseconds,
};

/** Options of {@link AsyncResult.waitInteractive}. */
export interface InteractiveOptions extends OptionsOf<typeof waitOptions> {}

let lastId = 0;

/**
 * The result of a call on engines. `await` gives it, or throws its error; as with a promise, an error that
 * nobody handles is an unhandled rejection. Iterated over, it gives the results of its tasks in their
 * order, each as soon as it is there.
 */
export class AsyncResult<T> implements PromiseLike<T>, AsyncDisposable {
  /** Unique in this program. */
  readonly id = `result-${++lastId}`;
  readonly #promise: Promise<T>;
  readonly #board: ResultBoard;
  readonly #source: ResultSource;
  #outcome: boolean | null = null;
  #aborted = false;

  /** @internal */
  constructor(promise: Promise<T>, board: ResultBoard, source: ResultSource) {
    this.#board = board;
    this.#source = source;
    this.#promise = promise.then(
      (value) => {
        this.#outcome = true;
        return value;
      },
      (error: unknown) => {
        this.#outcome = false;
        throw error;
      },
    );
  }

  /** Whether it has a result or an error. */
  get ready(): boolean {
    return this.#outcome !== null;
  }

  /** Whether all went well; null until it is ready. */
  get successful(): boolean | null {
    return this.#outcome;
  }

  /** Tasks that are done, failed ones included. */
  get progress(): number {
    return this.#board.settled;
  }

  /** Tasks in all; of an input whose length is not known, those that are done. */
  get length(): number {
    return this.#board.length ?? this.#board.settled;
  }

  /** What became of each task so far. Of many tasks, the latest 65 536 at least have times. */
  get metadata(): readonly TaskMetadata[] {
    return this.#source.metadata();
  }

  /** Milliseconds from the call until it was ready, or until now. */
  get elapsed(): number {
    return (this.#board.ended ?? performance.now()) - this.#board.began;
  }

  /** The same as {@link AsyncResult.elapsed}, as ipyparallel calls it. */
  get wallTime(): number {
    return this.elapsed;
  }

  /** The sum of all tasks' times: what one engine would have taken (ms). */
  get serialTime(): number {
    return this.#source.serialTime();
  }

  /** serialTime / wallTime. */
  get speedup(): number {
    return this.serialTime / this.wallTime;
  }

  /** Error of who waited in vain. */
  #late(timeout: number): DOMException {
    const { progress, length } = this;
    const text = `Not ready after ${timeout} ms: ${progress} of ${length} task(s) done`;
    return new DOMException(text, 'TimeoutError');
  }

  /**
   * Waits until it is ready, whatever it becomes.
   *
   * @param timeout - milliseconds to wait at most
   * @returns whether it is ready
   */
  async wait(timeout?: number): Promise<boolean> {
    const ms = timeout === undefined ? Infinity : milliseconds('timeout', timeout);
    const whatever = (): void => {};
    return within(this.#promise.then(whatever, whatever), ms);
  }

  /**
   * The result.
   *
   * @param timeout - milliseconds to wait at most
   * @throws a DOMException TimeoutError when it is not ready by then; the call goes on
   */
  async get(timeout?: number): Promise<T> {
    if (!(await this.wait(timeout))) throw this.#late(timeout!);
    return await this.#promise;
  }

  /**
   * Waits, and shows a progress bar meanwhile: on a terminal; elsewhere one line at the end.
   *
   * @returns whether it is ready
   */
  async waitInteractive(options?: InteractiveOptions): Promise<boolean> {
    const { stream, timeout = Number.POSITIVE_INFINITY } = readOptions(
      'options',
      waitOptions,
      options,
    );
    const board = this.#board;
    const until = performance.now() + timeout;
    using bar = invokeProgress({
      label: this.id,
      total: board.length ?? undefined,
      unit: 'tasks',
      ...(stream === undefined ? {} : { stream }),
    });
    while (board.ended === null) {
      bar.advance(board.settled - bar.completed);
      const left = until - performance.now();
      if (left <= 0) return false;
      await within(board.changed(), left);
    }
    bar.advance(board.settled - bar.completed);
    return await this.wait(Math.max(until - performance.now(), 1));
  }

  /**
   * Gives it up: whoever awaits it gets an AbortError. Tasks that have not begun are not run; those that run
   * find `ctx.signal` aborted. On a direct view they go on as long as they like, because their engine has
   * what was pushed to it; {@link Client.restart} ends them. Load-balanced ones are ended with their
   * engine, which is replaced.
   */
  async abort(): Promise<void> {
    if (this.ready || this.#aborted) return;
    this.#aborted = true;
    this.#promise.catch(() => {});
    this.#source.abort();
    await this.wait();
  }

  /** Whether {@link AsyncResult.abort} was called in time. */
  get aborted(): boolean {
    return this.#aborted;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }

  // biome-ignore lint/suspicious/noThenProperty: it is awaited like a promise
  then<R = T, E = never>(
    onfulfilled?: ((value: T) => R | PromiseLike<R>) | null,
    onrejected?: ((reason: unknown) => E | PromiseLike<E>) | null,
  ): Promise<R | E> {
    return this.#promise.then(onfulfilled, onrejected);
  }

  catch<E = never>(onrejected?: ((reason: unknown) => E | PromiseLike<E>) | null): Promise<T | E> {
    return this.#promise.catch(onrejected);
  }

  finally(onfinally?: (() => void) | null): Promise<T> {
    return this.#promise.finally(onfinally);
  }

  /** The results in the order of the tasks, each as soon as it and those before it are there. */
  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined> {
    const board = this.#board;
    this.#promise.catch(() => {});
    for (let i = 0; ; i++) {
      let outcome = board.at(i);
      while (!outcome && board.ended === null) {
        await board.changed();
        outcome = board.at(i);
      }
      if (!outcome) break;
      if (outcome.status === 'rejected') throw outcome.reason;
      yield outcome.value;
    }
    // What has no task of its own: the call could not be made, or was given up.
    await this.#promise;
  }
}

/**
 * Waits for a promise that is not rejected, but no longer than so many milliseconds.
 *
 * @returns whether it was resolved by then
 */
async function within(promise: Promise<void>, ms: number): Promise<boolean> {
  const done = promise.then(() => true);
  if (ms === Number.POSITIVE_INFINITY) return done;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}
