/**
 * Results of calls that can't be made yet.
 */
import { AsyncResult, type TaskMetadata } from './async-result.ts';
import { ResultBoard } from './board.ts';

/** A call that is made when something is there. */
class Deferred<I, T> {
  readonly board = new ResultBoard(null);
  readonly promise: Promise<T>;
  #inner: AsyncResult<T> | null = null;
  #reject!: (error: unknown) => void;
  #aborted = false;

  constructor(input: Promise<I>, make: (value: I) => AsyncResult<T>) {
    this.promise = new Promise((resolve, reject) => {
      this.#reject = reject;
      this.#begin(input, make).then(resolve, (error: unknown) => {
        this.board.end();
        reject(error);
      });
    });
  }

  async #begin(input: Promise<I>, make: (value: I) => AsyncResult<T>): Promise<T> {
    const value = await input;
    if (this.#aborted) throw new DOMException('The call was aborted', 'AbortError');
    const inner = make(value);
    this.#inner = inner;
    this.board.length = inner.length;
    try {
      let index = 0;
      for await (const one of inner) this.board.put(index++, { status: 'fulfilled', value: one });
    } catch {
      // The result itself says what was wrong.
    }
    try {
      const result = await inner;
      this.board.end();
      return result;
    } finally {
      for (const { index, error } of inner.metadata) {
        if (error !== undefined) this.board.put(index, { status: 'rejected', reason: error });
      }
    }
  }

  metadata(): readonly TaskMetadata[] {
    return this.#inner?.metadata ?? [];
  }

  serialTime(): number {
    return this.#inner?.serialTime ?? 0;
  }

  abort(): void {
    this.#aborted = true;
    this.board.end();
    this.#reject(new DOMException('The call was aborted', 'AbortError'));
    void this.#inner?.abort();
  }
}

/**
 * The result of a call that is made when something is there.
 *
 * @param input - what it waits for; its error is the result's
 * @param make - makes the call
 */
export function deferredResult<I, T>(
  input: Promise<I>,
  make: (value: I) => AsyncResult<T>,
): AsyncResult<T> {
  const deferred = new Deferred(input, make);
  return new AsyncResult(deferred.promise, deferred.board, deferred);
}
