/**
 * A condition: processes and threads that hold a lock let go of it and wait until another one says that
 * something has changed.
 */
import { types } from 'node:util';

import { restore, state } from '../codec/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { FOREVER, isHeld, Lock, type LockHold, letGo, take, takeAsync } from './lock.ts';
import { letGoOfAll, RLock, resume, resumeSync, type Suspended } from './rlock.ts';
import {
  type AsyncWaitOptions,
  Deadline,
  GONE,
  isGone,
  NotHeldError,
  newWords,
  ownStart,
  ownToken,
  sleep,
  sleepAsync,
  type WaitOptions,
  wake,
  watch,
} from './words.ts';

/** The number of the next one that waits: who has waited longest is woken first. */
const NEXT = 0;
/** Behind it: who waits. Whoever changes these words holds the lock. */
const SLOTS = 1;
/** Token, start of the process, number, state. */
const SLOT_WORDS = 4;
const START = 1;
const TICKET = 2;
const STATE = 3;
const MAX_WAITERS = 1000;
const WORDS = SLOTS + MAX_WAITERS * SLOT_WORDS;

const WAITS = 1;
const NOTIFIED = 2;

interface State {
  readonly words: Int32Array;
  readonly lock: Lock | RLock;
}

/**
 * A condition between processes and threads. Travels like a {@link Lock}, with its lock.
 *
 * Who waits and dies takes no notification with it; a holder of the lock that dies frees it, and
 * {@link Condition.abandoned} tells the next one.
 *
 * @example
 * ```ts
 * const changed = new Condition();
 * await changed.run(() => changed.waitFor(() => stock.data[0] > 0));
 * // elsewhere:
 * changed.runSync(() => { stock.data[0]++; changed.notify(); });
 * ```
 */
export class Condition {
  readonly lock: Lock | RLock;
  readonly #words: Int32Array;
  #abandoned = false;

  /** @param lock - what is held while something is looked at or changed; a new {@link RLock} unless given */
  constructor(lock: Lock | RLock | State = new RLock()) {
    if (lock instanceof Lock || lock instanceof RLock) {
      this.lock = lock;
      this.#words = newWords(WORDS);
    } else if (types.isInt32Array(lock?.words)) {
      this.lock = lock.lock;
      this.#words = lock.words;
    } else throw typeError('lock', lock, 'a Lock or an RLock');
  }

  [state](): State {
    return { words: this.#words, lock: this.lock };
  }

  static [restore](from: State): Condition {
    return new Condition(from);
  }

  /**
   * Whether the lock, when this object got it last (by `acquire`, `run` or the end of a wait), came from a
   * holder that had died with it: what it protects may be half written.
   */
  get abandoned(): boolean {
    return this.#abandoned;
  }

  /** Waits for the lock without blocking the thread: `acquire` of the lock. */
  acquire(options?: { readonly signal?: AbortSignal }): Promise<LockHold>;
  acquire(options: AsyncWaitOptions): Promise<LockHold | null>;
  async acquire(options: AsyncWaitOptions = {}): Promise<LockHold | null> {
    return this.#note(await this.lock.acquire(options));
  }

  /** The same, blocking the thread: for workers. */
  acquireSync(options?: Record<string, never>): LockHold;
  acquireSync(options: WaitOptions): LockHold | null;
  acquireSync(options: WaitOptions = {}): LockHold | null {
    return this.#note(this.lock.acquireSync(options));
  }

  #note(hold: LockHold | null): LockHold | null {
    if (hold) this.#abandoned = hold.abandoned;
    return hold;
  }

  /** Runs a function with the lock held. */
  run<T>(
    body: (hold: LockHold) => T | Promise<T>,
    options: Pick<AsyncWaitOptions, 'signal'> = {},
  ): Promise<T> {
    return this.lock.run((hold) => {
      this.#note(hold);
      return body(hold);
    }, options);
  }

  /** The same, blocking the thread. */
  runSync<T>(body: (hold: LockHold) => T): T {
    return this.lock.runSync((hold) => {
      this.#note(hold);
      return body(hold);
    });
  }

  /**
   * Lets go of the lock, waits until it is notified, and takes the lock again, without blocking the
   * thread. The lock is held again in every case, also when the time is up or the signal aborts.
   *
   * @returns whether it was notified before the time was up
   * @throws {@link NotHeldError} where the lock is not held; the signal's reason
   */
  async wait(options: AsyncWaitOptions = {}): Promise<boolean> {
    const deadline = Deadline.of(options);
    const slot = this.#enter();
    const suspended = this.#letGo();
    const lock = this.lock[state]();
    const again = async (): Promise<boolean> => {
      this.#abandoned = suspended
        ? await resume(lock, suspended)
        : (await takeAsync(lock, FOREVER))!;
      return this.#leave(slot);
    };
    try {
      while (this.#waits(slot) && deadline.left > 0) {
        await sleepAsync(this.#words, slot + STATE, WAITS, deadline, options.signal);
      }
    } catch (error) {
      // A notification that nobody would hear of goes to the next one.
      if (await again()) this.notify();
      throw error;
    }
    return await again();
  }

  /** The same, blocking the thread: for workers. */
  waitSync(options: WaitOptions = {}): boolean {
    const deadline = new Deadline(options);
    const slot = this.#enter();
    const suspended = this.#letGo();
    while (this.#waits(slot) && deadline.left > 0) {
      sleep(this.#words, slot + STATE, WAITS, deadline);
    }
    const lock = this.lock[state]();
    this.#abandoned = suspended ? resumeSync(lock, suspended) : take(lock, FOREVER)!;
    return this.#leave(slot);
  }

  /**
   * Waits, again and again, until a predicate holds. It is called with the lock held.
   *
   * @returns what the predicate gave last: something false when the time was up
   */
  async waitFor<T>(predicate: () => T, options: AsyncWaitOptions = {}): Promise<T> {
    const deadline = Deadline.of(options);
    let result = predicate();
    while (!result && deadline.left > 0) {
      await this.wait({ ...options, ...limit(deadline) });
      result = predicate();
    }
    return result;
  }

  /** The same, blocking the thread. */
  waitForSync<T>(predicate: () => T, options: WaitOptions = {}): T {
    const deadline = new Deadline(options);
    let result = predicate();
    while (!result && deadline.left > 0) {
      this.waitSync(limit(deadline));
      result = predicate();
    }
    return result;
  }

  /**
   * Wakes those who have waited longest; they go on when they get the lock.
   *
   * @param count - how many at most
   * @returns how many were woken
   * @throws {@link NotHeldError} where the lock is not held
   */
  notify(count = 1): number {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw rangeError('count', count, 'a whole number of at least 1');
    }
    this.#checkHeld();
    let left = count;
    for (const slot of this.#waiting()) {
      if (left === 0) break;
      const words = this.#words;
      if (isGone(Atomics.load(words, slot), Atomics.load(words, slot + START))) {
        Atomics.store(words, slot, 0);
        continue;
      }
      Atomics.store(words, slot + STATE, NOTIFIED);
      wake(words, slot + STATE);
      left--;
    }
    return count - left;
  }

  /** Wakes all who wait; how many these are. */
  notifyAll(): number {
    return this.notify(MAX_WAITERS);
  }

  /** Slots of those who wait and have not been notified, who came first before the others. */
  #waiting(): number[] {
    const words = this.#words;
    const slots: number[] = [];
    for (let slot = SLOTS; slot < WORDS; slot += SLOT_WORDS) {
      if (Atomics.load(words, slot) !== 0 && Atomics.load(words, slot + STATE) === WAITS) {
        slots.push(slot);
      }
    }
    const first = Atomics.load(words, NEXT);
    // Numbers start again from below: how far each is behind the next one.
    const age = (slot: number): number => (first - Atomics.load(words, slot + TICKET)) >>> 0;
    return slots.sort((a, b) => age(b) - age(a));
  }

  #checkHeld(): void {
    const { lock } = this;
    if (lock instanceof RLock ? !lock.held : !isHeld(lock[state]())) throw new NotHeldError('lock');
  }

  /** Frees the lock; what an RLock is taken again with. */
  #letGo(): Suspended | null {
    const words = this.lock[state]();
    if (this.lock instanceof RLock) return letGoOfAll(words);
    letGo(words);
    return null;
  }

  /** Takes a slot to wait at. */
  #enter(): number {
    this.#checkHeld();
    const words = this.#words;
    // To look whether processes live takes its time: only where there is no other slot.
    const slot = this.#freeSlot(false) || this.#freeSlot(true);
    if (slot === 0) {
      throw Object.assign(new Error(`more than ${MAX_WAITERS} wait for one condition`), {
        code: 'ERR_HEDDLE_TOO_MANY_WAITERS',
      });
    }
    // Whoever ends from here on, at whichever step, has left no slot or one that is known as dead.
    watch(words, slot, 0, slot + STATE);
    Atomics.store(words, slot, 0);
    Atomics.store(words, slot + START, ownStart());
    Atomics.store(words, slot + TICKET, Atomics.add(words, NEXT, 1));
    Atomics.store(words, slot + STATE, WAITS);
    Atomics.store(words, slot, ownToken());
    return slot;
  }

  /** A slot where nobody waits; 0 where there is none. */
  #freeSlot(look: boolean): number {
    const words = this.#words;
    for (let slot = SLOTS; slot < WORDS; slot += SLOT_WORDS) {
      const found = Atomics.load(words, slot);
      if (found === 0 || found === GONE) return slot;
      if (look && isGone(found, Atomics.load(words, slot + START))) return slot;
    }
    return 0;
  }

  #waits(slot: number): boolean {
    return Atomics.load(this.#words, slot + STATE) === WAITS;
  }

  /** Gives the slot up; whether there was a notification. */
  #leave(slot: number): boolean {
    const notified = !this.#waits(slot);
    Atomics.store(this.#words, slot, 0);
    return notified;
  }
}

/** What is left of the time. */
function limit({ left }: Deadline): WaitOptions {
  return Number.isFinite(left) ? { timeout: left } : {};
}
