/**
 * Counting semaphores between processes and threads.
 */
import { types } from 'node:util';

import { restore, state } from '../codec/index.ts';
import { rangeError } from '../errors.ts';
import {
  deadEntries,
  type HolderTable,
  heldBy,
  newEntry,
  ownEntry,
  setHeld,
  TABLE_WORDS,
} from './holders.ts';
import { WORDS as LOCK_WORDS, letGo, takeSync } from './lock.ts';
import {
  type AsyncWaitOptions,
  Deadline,
  newWords,
  sleep,
  sleepAsync,
  type WaitOptions,
  wake,
} from './words.ts';

// The lock has the first words; whoever changes others than WAITING has it.
const VALUE = LOCK_WORDS;
const WAITING = LOCK_WORDS + 1;
const LIMIT = LOCK_WORDS + 2;
const ABANDONED = LOCK_WORDS + 3;
/**
 * What is about to be written: VALUE, ABANDONED, and what an entry will say. A process that dies
 * while it writes leaves this to the next one that has the lock, which writes it again.
 */
const PLANNED = LOCK_WORDS + 4;
const NEW_VALUE = LOCK_WORDS + 5;
const NEW_ABANDONED = LOCK_WORDS + 6;
const ENTRY = LOCK_WORDS + 7;
const NEW_COUNT = LOCK_WORDS + 8;
/** Behind these words: who has taken how many. Sleepers on VALUE wake when one of them ends. */
const HOLDERS: HolderTable = { at: LOCK_WORDS + 9, signal: VALUE };
const WORDS = HOLDERS.at + TABLE_WORDS;

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
    this.#words = types.isInt32Array(value) ? value : create(value, 0);
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
    const deadline = Deadline.of(options);
    let look = deadline.left === 0;
    while (!this.#take(look)) {
      if (deadline.left === 0) return look ? false : this.#take(true);
      Atomics.add(this.#words, WAITING, 1);
      try {
        look = await sleepAsync(this.#words, VALUE, 0, deadline, options.signal);
      } finally {
        Atomics.sub(this.#words, WAITING, 1);
      }
    }
    return true;
  }

  /** The same, blocking the thread: for workers. */
  acquireSync(options: WaitOptions = {}): boolean {
    const deadline = new Deadline(options);
    let look = deadline.left === 0;
    while (!this.#take(look)) {
      if (deadline.left === 0) return look ? false : this.#take(true);
      Atomics.add(this.#words, WAITING, 1);
      look = sleep(this.#words, VALUE, 0, deadline);
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
    enter(words);
    try {
      const limit = Atomics.load(words, LIMIT);
      const value = Atomics.load(words, VALUE) + count;
      if (limit > 0 && value > limit) {
        const most = limit + count - value;
        throw rangeError('count', count, `at most ${most}, as ${limit} is the bound`);
      }
      const entry = ownEntry(words, HOLDERS);
      const held = heldBy(words, entry);
      write(words, value, Atomics.load(words, ABANDONED), entry, Math.max(held - count, 0));
    } finally {
      letGo(words);
    }
    if (Atomics.load(words, WAITING) > 0) wake(words, VALUE, count);
  }

  /** @param look - whether to look if holders live, which costs more than most waits */
  #take(look: boolean): boolean {
    const words = this.#words;
    enter(words);
    try {
      if (Atomics.load(words, VALUE) <= 0) reclaim(words, look);
      const value = Atomics.load(words, VALUE);
      if (value <= 0) return false;
      const entry = ownEntry(words, HOLDERS) || newEntry(words, HOLDERS);
      write(words, value - 1, Atomics.load(words, ABANDONED), entry, heldBy(words, entry) + 1);
      return true;
    } finally {
      letGo(words);
    }
  }
}

/** A semaphore that can't be released more often than it was acquired: that is a RangeError. */
export class BoundedSemaphore extends Semaphore {
  /** @param value - how many may acquire before somebody releases; never more than this */
  constructor(value: number | Int32Array = 1) {
    super(types.isInt32Array(value) ? value : create(value, Math.max(value, 1)));
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

/** Takes the lock, and ends what one that died with it has begun. */
function enter(words: Int32Array): void {
  if (takeSync(words) && Atomics.load(words, PLANNED) !== 0) carryOut(words);
}

/** Changes all words of an operation, or none. Entry 0 is none. */
function write(
  words: Int32Array,
  value: number,
  abandoned: number,
  entry: number,
  count: number,
): void {
  Atomics.store(words, NEW_VALUE, value);
  Atomics.store(words, NEW_ABANDONED, abandoned);
  Atomics.store(words, ENTRY, entry);
  Atomics.store(words, NEW_COUNT, count);
  Atomics.store(words, PLANNED, 1);
  carryOut(words);
}

function carryOut(words: Int32Array): void {
  const entry = Atomics.load(words, ENTRY);
  setHeld(words, entry, Atomics.load(words, NEW_COUNT));
  Atomics.store(words, ABANDONED, Atomics.load(words, NEW_ABANDONED));
  Atomics.store(words, VALUE, Atomics.load(words, NEW_VALUE));
  Atomics.store(words, PLANNED, 0);
}

/** Gives back what dead holders had. */
function reclaim(words: Int32Array, look: boolean): void {
  let found = 0;
  for (const entry of deadEntries(words, HOLDERS, look)) {
    const count = heldBy(words, entry);
    const value = Atomics.load(words, VALUE) + count;
    write(words, value, Atomics.load(words, ABANDONED) + count, entry, 0);
    found += count;
  }
  if (found > 0) wake(words, VALUE, found);
}
