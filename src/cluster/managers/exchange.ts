/**
 * Proxies of what workers wait for: queues, locks, semaphores and events.
 */
import { milliseconds, readOptions } from '../../options.ts';
import type { WaitOptions } from '../../sync/index.ts';
import { ManagedProxy } from './proxy.ts';
import { toWire } from './wire.ts';

function timeoutOf(options: WaitOptions): number | undefined {
  const { timeout } = readOptions('options', { timeout: milliseconds }, options);
  return timeout;
}

/**
 * A queue in a manager's process, for values of any size and any number of them. A value that was got and not
 * worked through goes with who got it.
 */
export class QueueProxy<T = unknown> extends ManagedProxy {
  /**
   * Puts a value in, and waits for room where there is a `maxSize`.
   *
   * @returns whether there was room before the time was up
   * @throws QueueClosedError after {@link QueueProxy.close}
   */
  async put(value: T, options: WaitOptions = {}): Promise<boolean> {
    const timeout = timeoutOf(options);
    return (await this.value('put', toWire(value, 'value'), timeout)) as boolean;
  }

  /** Takes the oldest value; null when the time was up, or the queue is closed and empty. */
  async get(options: WaitOptions = {}): Promise<{ value: T } | null> {
    const found = await this.list('get', timeoutOf(options));
    return found.length === 0 ? null : { value: found[0] as T };
  }

  /** How many values are in it. */
  async size(): Promise<number> {
    return (await this.value('size')) as number;
  }

  /** Says that nothing more will be put: who waits to get, ends when the queue is empty. */
  async close(): Promise<void> {
    await this.send('close', []);
  }

  async closed(): Promise<boolean> {
    return (await this.value('closed')) as boolean;
  }

  /**
   * Says that a value that was got has been worked through.
   *
   * @throws RangeError when it is called more often than values were put
   */
  async taskDone(): Promise<void> {
    await this.send('taskDone', []);
  }

  /** Waits until all that was put has been worked through; gives whether it was in time. */
  async join(options: WaitOptions = {}): Promise<boolean> {
    return (await this.value('join', timeoutOf(options))) as boolean;
  }

  /** Values until the queue is closed and empty. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    for (let next = await this.get(); next; next = await this.get()) yield next.value;
  }
}

/** That a manager's lock is held; `release()` or the end of an `await using` block lets go of it. */
export class ManagedHold implements AsyncDisposable {
  /** Whether the holder before has ended with the lock: what it protects may be half written. */
  readonly abandoned: boolean;
  readonly #release: () => Promise<void>;

  /** @internal */
  constructor(abandoned: boolean, release: () => Promise<void>) {
    this.abandoned = abandoned;
    this.#release = release;
  }

  /** @throws NotHeldError where it was released before */
  release(): Promise<void> {
    return this.#release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#release().catch(() => {});
  }
}

/**
 * A lock in a manager's process. Who has it and ends, in any way, frees it: a thread, a process, a program
 * on another machine. Not recursive; who waits longest gets it next.
 */
export class LockProxy extends ManagedProxy {
  /** Waits for the lock; null when the time was up. */
  acquire(options?: Record<string, never>): Promise<ManagedHold>;
  acquire(options: WaitOptions): Promise<ManagedHold | null>;
  async acquire(options: WaitOptions = {}): Promise<ManagedHold | null> {
    const found = await this.list('acquire', timeoutOf(options));
    if (found.length === 0) return null;
    const [hold, abandoned] = found as [number, boolean];
    return new ManagedHold(abandoned, async () => {
      await this.send('release', [hold]);
    });
  }

  /** Runs a function with the lock held. */
  async run<R>(body: (hold: ManagedHold) => R | Promise<R>): Promise<R> {
    await using hold = await this.acquire();
    return await body(hold);
  }

  /** Whether somebody holds it now. */
  async locked(): Promise<boolean> {
    return (await this.value('locked')) as boolean;
  }
}

/** A semaphore in a manager's process. Who has taken some and ends, gives them back. */
export class SemaphoreProxy extends ManagedProxy {
  /** Waits until it may take one; gives whether it could in time. */
  async acquire(options: WaitOptions = {}): Promise<boolean> {
    return (await this.value('acquire', timeoutOf(options))) as boolean;
  }

  /** @throws RangeError for a bounded one that is released more often than acquired */
  async release(): Promise<void> {
    await this.send('release', []);
  }

  /** How many may acquire now. */
  async available(): Promise<number> {
    return (await this.value('available')) as number;
  }
}

/** An event in a manager's process. */
export class EventProxy extends ManagedProxy {
  async set(): Promise<void> {
    await this.send('set', []);
  }

  async clear(): Promise<void> {
    await this.send('clear', []);
  }

  async isSet(): Promise<boolean> {
    return (await this.value('isSet')) as boolean;
  }

  /** Waits until it is set; gives whether it was in time. */
  async wait(options: WaitOptions = {}): Promise<boolean> {
    return (await this.value('wait', timeoutOf(options))) as boolean;
  }
}
