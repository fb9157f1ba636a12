/**
 * Counting semaphores between processes and threads.
 */
import { rangeError } from '../errors.ts';
import { restore, state } from '../memory/hooks.ts';
import {
  type AsyncWaitOptions,
  Deadline,
  hold,
  isGone,
  newWords,
  ownStart,
  ownToken,
  sleep,
  sleepAsync,
  type WaitOptions,
  wake,
} from './words.ts';

const VALUE = 0;
const WAITING = 1;
const LIMIT = 2;
const ABANDONED = 3;
/** Behind these words: who has taken how many, so that a dying holder's are given back. */
const HOLDERS = 4;
const HOLDER_WORDS = 3;
const MAX_HOLDERS = 256;
const WORDS = HOLDERS + MAX_HOLDERS * HOLDER_WORDS;

/** Memory in which this thread has an entry that the addon marks when the thread ends. */
const kept = new Set<Int32Array>();

/**
 * A semaphore that works between processes and threads, and travels like a {@link Lock}.
 *
 * What a holder has taken is given back when its process or thread ends. `release()` may also be
 * called by one that has not acquired, to signal another; then nobody is known to have it.
 */
export class Semaphore {
  readonly #words: Int32Array;

  /** @param value - how many may acquire before somebody releases */
  constructor(value: number | Int32Array = 1) {
    this.#words = value instanceof Int32Array ? value : create(value, 0);
  }

  [state](): Int32Array {
    return this.#words;
  }

  static [restore](words: Int32Array): Semaphore {
    return Atomics.load(words, LIMIT) > 0 ? new BoundedSemaphore(words) : new Semaphore(words);
  }

  /** How many could acquire now. */
  get value(): number {
    return Atomics.load(this.#words, VALUE);
  }

  /** How often a holder died without releasing what it had, over the life of the semaphore. */
  get abandoned(): number {
    return Atomics.load(this.#words, ABANDONED);
  }

  /**
   * Waits for a permit without blocking the thread.
   *
   * @returns whether there was one before the time was up
   */
  async acquire(options: AsyncWaitOptions = {}): Promise<boolean> {
    const deadline = new Deadline(options);
    options.signal?.throwIfAborted();
    while (!this.#take()) {
      if (deadline.left === 0) return false;
      Atomics.add(this.#words, WAITING, 1);
      try {
        await sleepAsync(this.#words, VALUE, 0, deadline, options.signal);
      } finally {
        Atomics.sub(this.#words, WAITING, 1);
      }
    }
    return true;
  }

  /** The same, blocking the thread: for workers. */
  acquireSync(options: WaitOptions = {}): boolean {
    const deadline = new Deadline(options);
    while (!this.#take()) {
      if (deadline.left === 0) return false;
      Atomics.add(this.#words, WAITING, 1);
      sleep(this.#words, VALUE, 0, deadline);
      Atomics.sub(this.#words, WAITING, 1);
    }
    return true;
  }

  /**
   * Gives permits back.
   *
   * @throws RangeError when a bounded semaphore would have more than at its beginning
   */
  release(count = 1): void {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw rangeError('count', count, 'a whole number of at least 1');
    }
    const words = this.#words;
    const limit = Atomics.load(words, LIMIT);
    for (;;) {
      const value = Atomics.load(words, VALUE);
      if (limit > 0 && value + count > limit) {
        throw rangeError('count', count, `at most ${limit - value}, as ${limit} is the bound`);
      }
      if (Atomics.compareExchange(words, VALUE, value, value + count) === value) break;
    }
    const entry = ownEntry(words, false);
    if (entry > 0) {
      const left = Math.max(Atomics.load(words, entry + 1) - count, 0);
      Atomics.store(words, entry + 1, left);
    }
    if (Atomics.load(words, WAITING) > 0) wake(words, VALUE, count);
  }

  #take(): boolean {
    const words = this.#words;
    for (;;) {
      const value = Atomics.load(words, VALUE);
      if (value <= 0) {
        if (!giveBack(words)) return false;
      } else if (Atomics.compareExchange(words, VALUE, value, value - 1) === value) {
        const entry = ownEntry(words, true);
        if (entry > 0) Atomics.add(words, entry + 1, 1);
        return true;
      }
    }
  }
}

/** A semaphore that can't be released more often than it was acquired: that is a RangeError. */
export class BoundedSemaphore extends Semaphore {
  /** @param value - how many may acquire before somebody releases; never more than this */
  constructor(value: number | Int32Array = 1) {
    super(value instanceof Int32Array ? value : create(value, Math.max(value, 1)));
  }
}

function create(value: number, limit: number): Int32Array {
  const least = limit > 0 ? 1 : 0;
  if (!Number.isSafeInteger(value) || value < least || value > 0x7fffffff) {
    throw rangeError('value', value, `a whole number of at least ${least}`);
  }
  const words = newWords(WORDS);
  words[VALUE] = value;
  words[LIMIT] = limit;
  return words;
}

/** Where our entry is; makes one when asked to. 0 when there is none, or no place for one. */
function ownEntry(words: Int32Array, make: boolean): number {
  const token = ownToken();
  for (let at = HOLDERS; at < WORDS; at += HOLDER_WORDS) {
    const found = Atomics.load(words, at);
    if (found === token) return at;
    if (found !== 0) continue;
    if (!make) return 0;
    if (Atomics.compareExchange(words, at, 0, token) === 0) {
      Atomics.store(words, at + 2, ownStart());
      kept.add(words);
      hold(words, at, 0, VALUE);
      return at;
    }
  }
  return 0;
}

/** Gives back what dead holders had; whether that was anything. */
function giveBack(words: Int32Array): boolean {
  let found = 0;
  for (let at = HOLDERS; at < WORDS; at += HOLDER_WORDS) {
    const token = Atomics.load(words, at);
    if (token === 0) break;
    if (Atomics.load(words, at + 1) === 0) continue;
    if (!isGone(token, Atomics.load(words, at + 2))) continue;
    found += Atomics.exchange(words, at + 1, 0);
  }
  if (found === 0) return false;
  Atomics.add(words, ABANDONED, found);
  Atomics.add(words, VALUE, found);
  wake(words, VALUE, found);
  return true;
}
