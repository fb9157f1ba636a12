/** What has come and has not been taken, and who waits for it. */
import { timeoutError } from './errors.ts';

/** How long to wait; both are checked already. */
export interface Limits {
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Waiter<T> {
  take(item: T): void;
  fail(error: unknown): void;
}

/** A queue of what comes. Who waited first gets first. */
export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #waiters = new Set<Waiter<T>>();
  /** Called at every change of what `ready` says. */
  readonly #watchers = new Set<() => void>();
  #end: Error | null = null;

  get size(): number {
    return this.#items.length;
  }

  /** Whether `next` would settle at once: there is something, or there never will be. */
  get ready(): boolean {
    return this.#items.length > 0 || this.#end !== null;
  }

  push(item: T): void {
    const [waiter] = this.#waiters;
    if (waiter) {
      waiter.take(item);
      return;
    }
    this.#items.push(item);
    this.#tell();
  }

  /** Says that nothing more comes. What has come can still be taken. The first reason counts. */
  end(error: Error): void {
    if (this.#end) return;
    this.#end = error;
    for (const waiter of this.#waiters) waiter.fail(error);
    this.#tell();
  }

  /** Forgets what has come. */
  clear(): T[] {
    return this.#items.splice(0);
  }

  /** Has a function called when something has come, until what is returned is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /**
   * Takes the oldest.
   *
   * @param what - what did not come, for the message of the time-out
   * @throws what `end` was given; a DOMException TimeoutError; the signal's reason
   */
  next({ timeout = Number.POSITIVE_INFINITY, signal }: Limits, what: string): Promise<T> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#items.length > 0) return resolve(this.#items.shift()!);
      if (this.#end) throw this.#end;
      const late = (): void => waiter.fail(timeoutError(`${what} within ${timeout} ms`));
      const aborted = (): void => waiter.fail(signal!.reason);
      const timer = timeout === Number.POSITIVE_INFINITY ? undefined : setTimeout(late, timeout);
      const stop = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', aborted);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter<T> = {
        take(item) {
          stop();
          resolve(item);
        },
        fail(error) {
          stop();
          reject(error);
        },
      };
      this.#waiters.add(waiter);
      signal?.addEventListener('abort', aborted, { once: true });
    });
  }

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}
