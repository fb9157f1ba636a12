/**
 * What the queues, locks, semaphores and events of a manager are in its process. Each call comes with its
 * peer: who holds something and goes, however that is, gives it back.
 */
import { rangeError } from '../../errors.ts';
import { NotHeldError, QueueClosedError } from '../../sync/index.ts';
import type { Wire } from './wire.ts';

/** One environment that is connected; the same object for all its calls. */
export type Peer = object;

/** One call that waits, with what it has brought. */
interface Waiter<T, B> {
  readonly peer: Peer;
  readonly brought: B;
  /** Null: there is nothing, and won't be. */
  settle(result: T | null): void;
  fail(error: Error): void;
}

/** Calls that wait for something, in order. */
class Waiters<T, B = undefined> {
  readonly #waiters = new Set<Waiter<T, B>>();

  /**
   * Waits for a turn.
   *
   * @param timeout - in milliseconds; undefined for no limit
   * @returns what it got; null when the time was up
   */
  wait(peer: Peer, timeout: number | undefined, brought: B): Promise<T | null> {
    if (timeout === 0) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      const endless = timeout === undefined || timeout === Number.POSITIVE_INFINITY;
      const timer = endless ? undefined : setTimeout(() => waiter.settle(null), timeout);
      const done = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter<T, B> = {
        peer,
        brought,
        settle(result) {
          done();
          resolve(result);
        },
        fail(error) {
          done();
          reject(error);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  /** Who waits longest. */
  get first(): Waiter<T, B> | null {
    const [waiter = null] = this.#waiters;
    return waiter;
  }

  all(result: T | null): void {
    for (const waiter of [...this.#waiters]) waiter.settle(result);
  }

  /** What they wait for was freed. */
  end(error: Error): void {
    for (const waiter of [...this.#waiters]) waiter.fail(error);
  }

  /** A peer has gone: nobody hears its answers any more. */
  left(peer: Peer): void {
    for (const waiter of [...this.#waiters]) if (waiter.peer === peer) waiter.settle(null);
  }
}

/** A hold of a lock: its number, and whether the holder before has gone with the lock. */
type Hold = readonly [number: number, abandoned: boolean];

export class KeptLock {
  #holder: Peer | null = null;
  /** Tells one hold from another of the same peer. */
  #hold = 0;
  readonly #waiters = new Waiters<Hold>();
  #abandoned = false;

  #give(peer: Peer): Hold {
    const abandoned = this.#abandoned;
    this.#abandoned = false;
    this.#holder = peer;
    return [++this.#hold, abandoned];
  }

  /** @returns the hold; nothing when the time was up */
  async acquire(peer: Peer, timeout?: number): Promise<readonly Wire[]> {
    if (this.#holder === null) return this.#give(peer);
    return (await this.#waiters.wait(peer, timeout, undefined)) ?? [];
  }

  release(_peer: Peer, hold: number): void {
    if (this.#holder === null || hold !== this.#hold) throw new NotHeldError('lock');
    this.#pass();
  }

  #pass(): void {
    this.#holder = null;
    const next = this.#waiters.first;
    next?.settle(this.#give(next.peer));
  }

  locked(): boolean {
    return this.#holder !== null;
  }

  end(error: Error): void {
    this.#waiters.end(error);
  }

  left(peer: Peer): void {
    this.#waiters.left(peer);
    if (this.#holder !== peer) return;
    this.#abandoned = true;
    this.#pass();
  }
}

export class KeptSemaphore {
  readonly #most: number;
  #free: number;
  /** Who holds one, in order; a peer as often as it does. */
  readonly #holders: Peer[] = [];
  readonly #waiters = new Waiters<true>();

  constructor(value: number, bounded: boolean) {
    this.#free = value;
    this.#most = bounded ? value : Number.POSITIVE_INFINITY;
  }

  async acquire(peer: Peer, timeout?: number): Promise<boolean> {
    if (this.#free > 0) {
      this.#free--;
      this.#holders.push(peer);
      return true;
    }
    return (await this.#waiters.wait(peer, timeout, undefined)) ?? false;
  }

  release(peer: Peer): void {
    if (this.#free >= this.#most) {
      throw rangeError('release()', this.#most, 'called no more often than acquire()');
    }
    // Who gives back what it has not taken does it for another, as in a hand-over.
    const own = this.#holders.indexOf(peer);
    this.#holders.splice(Math.max(own, 0), 1);
    this.#pass();
  }

  #pass(): void {
    const next = this.#waiters.first;
    if (!next) {
      this.#free++;
      return;
    }
    this.#holders.push(next.peer);
    next.settle(true);
  }

  available(): number {
    return this.#free;
  }

  end(error: Error): void {
    this.#waiters.end(error);
  }

  left(peer: Peer): void {
    this.#waiters.left(peer);
    for (let at = this.#holders.indexOf(peer); at >= 0; at = this.#holders.indexOf(peer)) {
      this.#holders.splice(at, 1);
      this.#pass();
    }
  }
}

export class KeptEvent {
  #set = false;
  readonly #waiters = new Waiters<true>();

  isSet(): boolean {
    return this.#set;
  }

  set(): void {
    this.#set = true;
    this.#waiters.all(true);
  }

  clear(): void {
    this.#set = false;
  }

  async wait(peer: Peer, timeout?: number): Promise<boolean> {
    return this.#set || ((await this.#waiters.wait(peer, timeout, undefined)) ?? false);
  }

  end(error: Error): void {
    this.#waiters.end(error);
  }

  left(peer: Peer): void {
    this.#waiters.left(peer);
  }
}

export class KeptQueue {
  readonly #maxSize: number;
  #items: Wire[] = [];
  /** Put, and not said to be done. */
  #unfinished = 0;
  #closed = false;
  readonly #putters = new Waiters<true, Wire>();
  readonly #getters = new Waiters<readonly [Wire]>();
  readonly #joiners = new Waiters<true>();

  /** @param maxSize - 0 for any number of values */
  constructor(maxSize: number) {
    this.#maxSize = maxSize === 0 ? Number.POSITIVE_INFINITY : maxSize;
  }

  /** @returns whether there was room in time */
  async put(peer: Peer, value: Wire, timeout?: number): Promise<boolean> {
    if (this.#closed) throw new QueueClosedError();
    if (this.#items.length < this.#maxSize) {
      this.#add(value);
      return true;
    }
    if (await this.#putters.wait(peer, timeout, value)) return true;
    if (this.#closed) throw new QueueClosedError();
    return false;
  }

  #add(value: Wire): void {
    this.#unfinished++;
    const getter = this.#getters.first;
    if (getter) getter.settle([value]);
    else this.#items.push(value);
  }

  /** @returns the value; nothing when the time was up, or there will be none */
  async get(peer: Peer, timeout?: number): Promise<readonly Wire[]> {
    if (this.#items.length > 0) {
      const value = this.#items.shift();
      const putter = this.#putters.first;
      if (putter) {
        this.#add(putter.brought);
        putter.settle(true);
      }
      return [value];
    }
    if (this.#closed) return [];
    return (await this.#getters.wait(peer, timeout, undefined)) ?? [];
  }

  size(): number {
    return this.#items.length;
  }

  close(): void {
    this.#closed = true;
    this.#putters.all(null);
    this.#getters.all(null);
  }

  closed(): boolean {
    return this.#closed;
  }

  taskDone(): void {
    if (this.#unfinished === 0) {
      throw rangeError('taskDone()', 0, 'called no more often than values were put');
    }
    if (--this.#unfinished === 0) this.#joiners.all(true);
  }

  /** @returns whether all that was put was done in time */
  async join(peer: Peer, timeout?: number): Promise<boolean> {
    return (
      this.#unfinished === 0 || ((await this.#joiners.wait(peer, timeout, undefined)) ?? false)
    );
  }

  end(error: Error): void {
    this.#putters.end(error);
    this.#getters.end(error);
    this.#joiners.end(error);
  }

  left(peer: Peer): void {
    this.#putters.left(peer);
    this.#getters.left(peer);
    this.#joiners.left(peer);
  }
}
