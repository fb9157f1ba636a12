/**
 * Where the results of a job go.
 */

/** Takes results as they come in, in any order of batches. */
export interface Sink {
  /** Results of tasks whose indices follow each other from `first`. */
  accept(first: number, values: ArrayLike<unknown>): void;
  /** Everything has been accepted. */
  end(): void;
  fail(error: unknown): void;
  /** Tasks that may be on their way or wait for a consumer. */
  readonly window: number | null;
  /** Results that wait for a consumer. */
  readonly waiting: number;
  /**
   * The task whose result is given out next, where a consumer takes results in order as they come;
   * null where an error needs not wait for the results of other tasks.
   */
  readonly position: number | null;
}

/** All results in one array, in order of the tasks. */
export class CollectSink implements Sink {
  readonly promise: Promise<unknown[]>;
  readonly window = null;
  readonly waiting = 0;
  readonly position = null;
  readonly #values: unknown[];
  #resolve!: (values: unknown[]) => void;
  #reject!: (error: unknown) => void;

  constructor(length: number | null) {
    this.#values = length === null ? [] : new Array(length);
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  accept(first: number, values: ArrayLike<unknown>): void {
    const all = this.#values;
    for (let i = 0; i < values.length; i++) all[first + i] = values[i];
  }

  end(): void {
    this.#resolve(this.#values);
  }

  fail(error: unknown): void {
    this.#reject(error);
  }
}

interface Waiter {
  /** Whoever gave out the promise: not collected while somebody waits. */
  readonly owner: unknown;
  resolve(step: IteratorResult<unknown, undefined>): void;
  reject(error: unknown): void;
}

interface Piece {
  readonly values: ArrayLike<unknown>;
  next: number;
}

/** Results for a consumer that takes them one by one, in order of tasks or of completion. */
export class StreamSink implements Sink {
  readonly #ordered: boolean;
  /** Pieces that the consumer may take, and how many are behind it. */
  #ready: Piece[] = [];
  #head = 0;
  /** Ordered: pieces that have come before their turn. */
  readonly #early = new Map<number, ArrayLike<unknown>>();
  #turn = 0;
  #waiters: Waiter[] = [];
  /** Those who wait for all of it; the first gets it. */
  #collectors: { readonly owner: unknown; resolve(): void; reject(error: unknown): void }[] = [];
  #ended = false;
  #failure: { readonly error: unknown } | null = null;
  waiting = 0;
  window: number | null;
  /** Called when the consumer has taken a result. */
  onTaken: (() => void) | null = null;

  constructor(ordered: boolean, window: number) {
    this.#ordered = ordered;
    this.window = window;
  }

  get position(): number | null {
    return this.#ordered ? this.#turn : null;
  }

  accept(first: number, values: ArrayLike<unknown>): void {
    if (values.length === 0) return;
    this.waiting += values.length;
    if (!this.#ordered) {
      this.#ready.push({ values, next: 0 });
    } else {
      this.#early.set(first, values);
      for (;;) {
        const next = this.#early.get(this.#turn);
        if (!next) break;
        this.#early.delete(this.#turn);
        this.#turn += next.length;
        this.#ready.push({ values: next, next: 0 });
      }
    }
    this.#serve();
  }

  #take(): { readonly value: unknown } | null {
    const piece = this.#ready[this.#head];
    if (!piece) return null;
    const value = piece.values[piece.next++];
    this.waiting--;
    if (piece.next >= piece.values.length) {
      this.#ready[this.#head++] = undefined as never;
      if (this.#head > 64 && this.#head * 2 > this.#ready.length) {
        this.#ready = this.#ready.slice(this.#head);
        this.#head = 0;
      }
    }
    return { value };
  }

  #serve(): void {
    while (this.#waiters.length > 0) {
      const taken = this.#take();
      if (!taken) break;
      this.#waiters.shift()!.resolve({ done: false, value: taken.value });
    }
    if (!this.#ended && !this.#failure) return;
    const collectors = this.#collectors;
    this.#collectors = [];
    for (const { resolve, reject } of collectors) {
      if (this.#failure) reject(this.#failure.error);
      else resolve();
    }
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      if (this.#failure) {
        waiter.reject(this.#failure.error);
        this.#failure = null;
        this.#ended = true;
      } else waiter.resolve({ done: true, value: undefined });
    }
  }

  /** The next result. `owner` is kept as long as the result is awaited. */
  next(owner?: unknown): Promise<IteratorResult<unknown, undefined>> {
    const taken = this.#waiters.length === 0 ? this.#take() : null;
    if (taken) {
      this.onTaken?.();
      return Promise.resolve({ done: false, value: taken.value });
    }
    return new Promise((resolve, reject) => {
      this.#waiters.push({ owner, resolve, reject });
      this.#serve();
      this.onTaken?.();
    });
  }

  /** Everything that has not been taken yet, in one array; the window is open from now on. */
  collect(owner?: unknown): Promise<unknown[]> {
    this.window = null;
    return new Promise((resolve, reject) => {
      const taken = (): void => {
        const all: unknown[] = [];
        for (const { values, next } of this.#ready.slice(this.#head)) {
          for (let i = next; i < values.length; i++) all.push(values[i]);
        }
        this.#clear();
        resolve(all);
      };
      this.#collectors.push({ owner, resolve: taken, reject });
      this.#serve();
      this.onTaken?.();
    });
  }

  end(): void {
    this.#ended = true;
    this.#serve();
  }

  /** What is ready is still given out before the error. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#failure = { error };
    this.#serve();
  }

  /** The consumer has gone. Who waits for all of it must not take a part for that. */
  drop(): void {
    const error = new DOMException('The job was stopped before its end', 'AbortError');
    if (!this.#ended) for (const { reject } of this.#collectors.splice(0)) reject(error);
    this.#ended = true;
    this.#failure = null;
    this.#clear();
    this.#serve();
  }

  #clear(): void {
    this.#ready = [];
    this.#head = 0;
    this.#early.clear();
    this.waiting = 0;
  }
}
