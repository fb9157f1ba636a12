/**
 * Where the tasks of a job come from: arrays, iterables, async iterables; pulled as needed.
 */
import { types } from 'node:util';
import { typeError } from '../errors.ts';

/** A source of tasks, numbered in order. */
export interface TaskSource {
  /** Up to `most` tasks that are there now. An error of the iterator is thrown. */
  take(most: number): ArrayLike<unknown>;
  /** No task will come any more. For an iterator this may be known only after another take(). */
  readonly done: boolean;
  /** Tasks that are left, where that is known. */
  readonly remaining: number | null;
  /** Of these, the ones that are there now, where the others come when these have been run. */
  readonly available?: number;
  /**
   * Calls back when tasks (or the end, or an error) have come after a take() that got none. A source
   * that never has to wait keeps nothing: what it held would keep the run alive with it, from one
   * garbage collection of young objects to the next of all.
   */
  whenReady(callback: () => void): void;
  /** Tells the iterator that no more is wanted. */
  close(): void;
}

const none: readonly unknown[] = [];

class ArraySource implements TaskSource {
  readonly #items: ArrayLike<unknown>;
  #next = 0;

  constructor(items: ArrayLike<unknown>) {
    this.#items = items;
  }

  get remaining(): number {
    return this.#items.length - this.#next;
  }

  get done(): boolean {
    return this.#next >= this.#items.length;
  }

  take(most: number): ArrayLike<unknown> {
    const from = this.#next;
    this.#next = Math.min(from + most, this.#items.length);
    return Array.prototype.slice.call(this.#items, from, this.#next);
  }

  whenReady(): void {}

  close(): void {
    this.#next = this.#items.length;
  }
}

class IteratorSource implements TaskSource {
  readonly #iterator: Iterator<unknown>;
  readonly remaining = null;
  done = false;
  #pulling = false;
  #closed = false;

  constructor(iterator: Iterator<unknown>) {
    this.#iterator = iterator;
  }

  take(most: number): unknown[] {
    const items: unknown[] = [];
    // A generator that starts or awaits work of this job must not be entered twice.
    if (this.#pulling) return items;
    this.#pulling = true;
    try {
      while (items.length < most && !this.done) {
        const step = checkStep(this.#iterator.next());
        if (step.done) this.done = true;
        else items.push(step.value);
      }
    } catch (error) {
      this.done = true;
      throw error;
    } finally {
      this.#pulling = false;
    }
    // It has stopped its own job: it couldn't be closed while it ran.
    if (this.#closed) endIterator(this.#iterator);
    return items;
  }

  whenReady(): void {}

  close(): void {
    if (this.done) return;
    this.done = true;
    this.#closed = true;
    if (!this.#pulling) endIterator(this.#iterator);
  }
}

/** What `next()` gives must be an object, as in a loop of the language; `done` of a number is never true. */
function checkStep<T>(step: IteratorResult<T>): IteratorResult<T> {
  if ((typeof step === 'object' && step !== null) || typeof step === 'function') return step;
  throw typeError("tasks' next()", step, 'a function that gives objects { value, done }');
}

/** The job has ended for a reason of its own, which is the one that is told. */
function endIterator(iterator: Iterator<unknown> | AsyncIterator<unknown>): void {
  try {
    Promise.resolve(iterator.return?.()).catch(() => {});
  } catch {}
}

class AsyncSource implements TaskSource {
  readonly #iterator: AsyncIterator<unknown>;
  readonly remaining = null;
  done = false;
  #ready: (() => void) | null = null;
  #buffer: unknown[] = [];
  #wanted = 0;
  #pulling = false;
  #ended = false;
  #failure: { readonly error: unknown } | null = null;

  constructor(iterator: AsyncIterator<unknown>) {
    this.#iterator = iterator;
  }

  take(most: number): readonly unknown[] {
    if (this.done) return none;
    const items = this.#buffer.splice(0, most);
    if (items.length === 0 && this.#failure) {
      this.done = true;
      throw this.#failure.error;
    }
    if (this.#ended) {
      if (this.#buffer.length === 0 && !this.#failure) this.done = true;
      return items;
    }
    this.#wanted = most;
    void this.#pull();
    return items;
  }

  /** Pulls one by one: an async iterator need not take a second call before it answered the first. */
  async #pull(): Promise<void> {
    if (this.#pulling) return;
    this.#pulling = true;
    try {
      while (this.#buffer.length < this.#wanted && !this.#ended) {
        const step = checkStep(await this.#iterator.next());
        if (step.done) this.#ended = true;
        else this.#buffer.push(step.value);
        this.#ready?.();
      }
    } catch (error) {
      this.#failure = { error };
      this.#ended = true;
      this.#ready?.();
    } finally {
      this.#pulling = false;
    }
  }

  whenReady(callback: () => void): void {
    this.#ready = callback;
  }

  close(): void {
    if (this.done) return;
    this.done = true;
    const ended = this.#ended;
    this.#ended = true;
    this.#buffer = [];
    if (!ended) endIterator(this.#iterator);
  }
}

function isArrayLike(tasks: object): tasks is ArrayLike<unknown> {
  const { length } = tasks as { length?: unknown };
  return typeof tasks === 'object' && Number.isSafeInteger(length) && (length as number) >= 0;
}

/** Makes the source of what a user gives as tasks. */
export function taskSource(tasks: unknown): TaskSource {
  if (Array.isArray(tasks)) return new ArraySource(tasks);
  if (ArrayBuffer.isView(tasks) && !types.isDataView(tasks)) {
    return new ArraySource(tasks as unknown as ArrayLike<unknown>);
  }
  if (tasks !== null && tasks !== undefined) {
    const { [Symbol.asyncIterator]: async, [Symbol.iterator]: sync } = tasks as {
      [Symbol.asyncIterator]?: () => AsyncIterator<unknown>;
      [Symbol.iterator]?: () => Iterator<unknown>;
    };
    if (typeof async === 'function') return new AsyncSource(async.call(tasks));
    if (typeof sync === 'function') return new IteratorSource(sync.call(tasks));
    if (isArrayLike(tasks)) return new ArraySource(tasks);
  }
  throw typeError('tasks', tasks, 'an array, an iterable, an async iterable or array-like');
}
