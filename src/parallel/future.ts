/**
 * Futures: one task each, which can be watched, awaited and cancelled.
 */
import type { RunBy } from '../protocol/index.ts';
import { type FinishedEvent, poolListeners, type WorkerEvent } from '../scheduler/index.ts';

/**
 * 'pending': it has not been given to a worker; 'running': it has; 'finished': it has a result or an
 * error; 'cancelled': it was stopped, and will have neither.
 */
export type FutureState = 'pending' | 'running' | 'finished' | 'cancelled';

/** What became of a task, and when; times in milliseconds of `performance.now()`. */
export interface FutureMetadata {
  readonly submitted: number;
  /** When it was given to a worker; the latest time, if that had to be done again. */
  readonly dispatched: number | null;
  /** When it began and ended on the worker; null where the worker could not tell. */
  readonly started: number | null;
  readonly completed: number | null;
  /** Who ran it: number of the worker, backend, machine, process and thread. */
  readonly worker: WorkerEvent | null;
  /** Who ran it, where that was not the worker itself. */
  readonly by: RunBy | null;
}

/** The workers that there are, by their numbers. */
const workers = new Map<number, WorkerEvent>();

poolListeners.add({
  workerStarted: (event) => void workers.set(event.worker, event),
  workerEnded: ({ worker }) => void workers.delete(worker),
});

/** What an executor does for its futures. */
export interface FutureOwner {
  /** Stops a task that has not ended. */
  cancel(future: FutureControl): void;
}

/** A future as its executor has it. */
export class FutureControl {
  readonly future: Future<unknown>;
  state: FutureState = 'pending';
  outcome: PromiseSettledResult<unknown> | null = null;
  readonly promise: Promise<unknown>;
  readonly #owner: FutureOwner;
  readonly #submitted = performance.now();
  #dispatched: number | null = null;
  #started: number | null = null;
  #completed: number | null = null;
  #worker: WorkerEvent | null = null;
  #by: RunBy | null = null;
  #resolve!: (value: unknown) => void;
  #reject!: (error: unknown) => void;
  readonly #done: (() => void)[] = [];

  constructor(owner: FutureOwner) {
    this.#owner = owner;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.future = new Future(this);
    controls.set(this.future, this);
  }

  get isDone(): boolean {
    return this.outcome !== null;
  }

  get metadata(): FutureMetadata {
    return {
      submitted: this.#submitted,
      dispatched: this.#dispatched,
      started: this.#started,
      completed: this.#completed,
      worker: this.#worker,
      by: this.#by,
    };
  }

  cancel(): boolean {
    if (this.isDone) return false;
    this.#owner.cancel(this);
    return true;
  }

  /** It was sent to a worker. */
  dispatched(worker: number): void {
    this.#dispatched = performance.now();
    this.#worker = workers.get(worker) ?? null;
    if (!this.isDone) this.state = 'running';
  }

  /** It was taken back from a worker. */
  withdrawn(): void {
    this.#worker = null;
    if (!this.isDone) this.state = 'pending';
  }

  /** A worker says that it has run. */
  ran({ times, clockOffset, by }: FinishedEvent): void {
    if (times.length < 2) return;
    this.#started = times[0]! + clockOffset;
    this.#completed = times[1]! + clockOffset;
    this.#by = by ?? null;
  }

  fulfil(value: unknown): void {
    this.#end('finished', { status: 'fulfilled', value });
    this.#resolve(value);
  }

  fail(error: unknown): void {
    this.#end('finished', { status: 'rejected', reason: error });
    this.#reject(error);
  }

  /** Whoever has stopped it knows: that is no error that nobody handles. */
  stopped(error: unknown): void {
    this.promise.catch(() => {});
    this.#end('cancelled', { status: 'rejected', reason: error });
    this.#reject(error);
  }

  #end(state: FutureState, outcome: PromiseSettledResult<unknown>): void {
    this.state = state;
    this.outcome = outcome;
    for (const callback of this.#done.splice(0)) callback();
  }

  /** Calls back when it is done; who asks will look at its error. */
  whenDone(callback: () => void): void {
    this.promise.catch(() => {});
    if (this.isDone) callback();
    else this.#done.push(callback);
  }

  /** Takes a callback back. */
  forget(callback: () => void): void {
    const at = this.#done.indexOf(callback);
    if (at >= 0) this.#done.splice(at, 1);
  }
}

const controls = new WeakMap<object, FutureControl>();

/** What is behind a future; undefined for what is none. */
export function controlOf(future: unknown): FutureControl | undefined {
  return typeof future === 'object' && future !== null ? controls.get(future) : undefined;
}

/**
 * One task; from {@link submit} or {@link Executor.submit}. `await future` gives its result or throws
 * its error. As with a promise, an error that nobody handles is an unhandled rejection; who passes the
 * future to {@link wait} or {@link asCompleted} is taken to look at it.
 */
export class Future<R> implements PromiseLike<R> {
  readonly #control: FutureControl;

  /** @internal */
  constructor(control: FutureControl) {
    this.#control = control;
  }

  /** See {@link FutureState}. */
  get state(): FutureState {
    return this.#control.state;
  }

  /** Whether it has a result or an error, or was cancelled. */
  get done(): boolean {
    return this.#control.isDone;
  }

  /** What came of it, as `Promise.allSettled` gives it; null until it is done. */
  get outcome(): PromiseSettledResult<R> | null {
    return this.#control.outcome as PromiseSettledResult<R> | null;
  }

  /** What is known of it so far. */
  get metadata(): FutureMetadata {
    return this.#control.metadata;
  }

  /**
   * Stops the task: one that has not been given to a worker is never run; one that is running gets a
   * moment, then its worker is ended. Who awaits the future gets an AbortError.
   *
   * @returns false if it was done already
   */
  cancel(): boolean {
    return this.#control.cancel();
  }

  // biome-ignore lint/suspicious/noThenProperty: a future is awaited like a promise
  then<T = R, E = never>(
    onfulfilled?: ((value: R) => T | PromiseLike<T>) | null,
    onrejected?: ((reason: unknown) => E | PromiseLike<E>) | null,
  ): Promise<T | E> {
    return (this.#control.promise as Promise<R>).then(onfulfilled, onrejected);
  }

  catch<E = never>(onrejected?: ((reason: unknown) => E | PromiseLike<E>) | null): Promise<R | E> {
    return (this.#control.promise as Promise<R>).catch(onrejected);
  }

  finally(onfinally?: (() => void) | null): Promise<R> {
    return (this.#control.promise as Promise<R>).finally(onfinally);
  }
}
