/**
 * A lock between processes and threads that a dying holder frees.
 *
 * The word is 0 or the holder's token, taken by compare-and-exchange (the third mutex of U. Drepper,
 * "Futexes are tricky"); who waits looks now and then whether the holder lives.
 */
import { restore, state } from '../codec/index.ts';
import { checkKeys } from '../options.ts';
import {
  type AsyncWaitOptions,
  Deadline,
  DeadlockError,
  GONE,
  isGone,
  NotHeldError,
  newWords,
  ownStart,
  ownToken,
  sleep,
  sleepAsync,
  WAITERS,
  type WaitOptions,
  wake,
  watch,
} from './words.ts';

const WORD = 0;
/** When the process started whose token is in OWNER; for another holder it says nothing. */
const START = 1;
const OWNER = 2;

/** How many words a lock takes. */
export const WORDS = 3;

/** That a lock is held; letting go of it is `release()` or the end of a `using` block. */
export interface LockHold extends Disposable {
  /**
   * Whether the holder before died (or its thread ended) with the lock in its hands: what the lock
   * protects may be half written.
   */
  readonly abandoned: boolean;
  release(): void;
}

/**
 * A lock that works between processes and threads. It can be captured by functions, be part of
 * models and arguments, and is the same lock wherever it arrives.
 *
 * A holder that dies in any way frees the lock, and the next one is told. Not recursive. Fairness is
 * not promised.
 *
 * @example
 * ```ts
 * const lock = new Lock();
 * await map(rows, async (row) => {
 *   using held = await lock.acquire();
 *   if (held.abandoned) repair(table);
 *   update(table, row);
 * });
 * ```
 */
export class Lock {
  readonly #words: Int32Array;

  /** @param words - of a lock that came from elsewhere; leave it out */
  constructor(words: Int32Array = newWords(WORDS)) {
    this.#words = words;
  }

  [state](): Int32Array {
    return this.#words;
  }

  static [restore](words: Int32Array): Lock {
    return new Lock(words);
  }

  /** Whether somebody, anywhere, holds it now. */
  get locked(): boolean {
    return Atomics.load(this.#words, WORD) !== 0;
  }

  /**
   * Waits for the lock without blocking the thread.
   *
   * @returns the hold, or null when the time was up
   */
  acquire(options?: { readonly signal?: AbortSignal }): Promise<LockHold>;
  acquire(options: AsyncWaitOptions): Promise<LockHold | null>;
  async acquire(options: AsyncWaitOptions = {}): Promise<LockHold | null> {
    const deadline = Deadline.of(options);
    const abandoned = await takeAsync(this.#words, deadline, options.signal);
    return abandoned === null ? null : new Held(this.#words, abandoned);
  }

  /**
   * The same, blocking the thread: for workers.
   *
   * @throws {@link DeadlockError} without a timeout, where this thread holds the lock, as by `acquire()`
   */
  acquireSync(options?: Record<string, never>): LockHold;
  acquireSync(options: WaitOptions): LockHold | null;
  acquireSync(options: WaitOptions = {}): LockHold | null {
    const deadline = new Deadline(options);
    const abandoned = take(this.#words, deadline);
    return abandoned === null ? null : new Held(this.#words, abandoned);
  }

  /** Runs a function with the lock held. */
  async run<T>(
    body: (hold: LockHold) => T | Promise<T>,
    options: Pick<AsyncWaitOptions, 'signal'> = {},
  ): Promise<T> {
    checkKeys('options', options, ['signal']);
    return await during((await this.acquire(options)) as LockHold, body);
  }

  /**
   * The same, blocking the thread.
   *
   * @throws {@link DeadlockError} where this thread holds the lock
   */
  runSync<T>(body: (hold: LockHold) => T): T {
    return duringSync(this.acquireSync(), body);
  }
}

/** Runs a function while a lock is held, and lets go of it then. */
export async function during<T>(
  held: LockHold,
  body: (hold: LockHold) => T | Promise<T>,
): Promise<T> {
  try {
    return await body(held);
  } finally {
    held.release();
  }
}

/** {@link during}, for a function that is done when it returns. */
export function duringSync<T>(held: LockHold, body: (hold: LockHold) => T): T {
  try {
    return body(held);
  } finally {
    held.release();
  }
}

class Held implements LockHold {
  readonly abandoned: boolean;
  readonly #words: Int32Array;
  #open = true;

  constructor(words: Int32Array, abandoned: boolean) {
    this.#words = words;
    this.abandoned = abandoned;
  }

  release(): void {
    if (!this.#open) throw new NotHeldError('lock');
    this.#open = false;
    letGo(this.#words);
  }

  [Symbol.dispose](): void {
    if (this.#open) this.release();
  }
}

/**
 * Takes the lock if it is free or its holder is gone.
 *
 * @param mark - WAITERS for one that has slept: others may sleep still
 * @param look - whether to look if the holder's process lives, which costs more than most waits
 * @returns whether it was abandoned; null when it is held
 */
function tryTake(words: Int32Array, mark: number, look: boolean): boolean | null {
  const token = ownToken();
  const value = Atomics.load(words, WORD);
  const abandoned = value !== 0;
  if (abandoned) {
    const holder = value & ~WAITERS;
    if (holder !== GONE && !look) return null;
    const start = Atomics.load(words, OWNER) === holder ? Atomics.load(words, START) : 0;
    if (!isGone(holder, start)) return null;
  }
  watch(words, WORD, WAITERS, WORD);
  const mine = token | (value & WAITERS) | mark;
  if (Atomics.compareExchange(words, WORD, value, mine) !== value) return null;
  Atomics.store(words, START, ownStart());
  Atomics.store(words, OWNER, token);
  return abandoned;
}

/** Says that we are about to sleep; what the word is then, 0 when it has become free. */
function announce(words: Int32Array): number {
  const value = Atomics.load(words, WORD);
  if (value === 0 || value & WAITERS) return value;
  const marked = value | WAITERS;
  return Atomics.compareExchange(words, WORD, value, marked) === value ? marked : 0;
}

/** How often to look before going to sleep: for about as long as that takes by itself. */
const LOOKS = 200;

/** Most locks are held for less time than it takes to sleep and be woken. */
function becomesFree(words: Int32Array): boolean {
  for (let i = 0; i < LOOKS; i++) if (Atomics.load(words, WORD) === 0) return true;
  return false;
}

/** Waits for the lock without blocking; whether it was abandoned, or null when the time is up. */
export async function takeAsync(
  words: Int32Array,
  deadline: Deadline,
  signal?: AbortSignal,
): Promise<boolean | null> {
  let look = false;
  for (let mark = 0; ; mark = WAITERS) {
    const last = deadline.left === 0;
    const abandoned = tryTake(words, mark, look || last);
    if (abandoned !== null || last) return abandoned;
    const value = announce(words);
    if (value !== 0) look = await sleepAsync(words, WORD, value, deadline, signal);
  }
}

/** Waits for the lock, blocking; whether it was abandoned, or null when the time is up. */
export function take(words: Int32Array, deadline: Deadline): boolean | null {
  let look = false;
  for (let mark = 0; ; mark = WAITERS) {
    const free = tryTake(words, mark, look);
    if (free !== null) return free;
    if (deadline.left === 0) return tryTake(words, mark, true);
    // Whoever could let go is the one that would be blocked.
    if (deadline.left === Number.POSITIVE_INFINITY && isHeld(words))
      throw new DeadlockError('lock');
    if (becomesFree(words)) continue;
    const value = announce(words);
    if (value !== 0) look = sleep(words, WORD, value, deadline);
  }
}

/** Whether this thread holds the lock. */
export function isHeld(words: Int32Array): boolean {
  return (Atomics.load(words, WORD) & ~WAITERS) === ownToken();
}

/** Frees the lock. */
export function letGo(words: Int32Array): void {
  if (!isHeld(words)) throw new NotHeldError('lock');
  Atomics.store(words, OWNER, 0);
  if (Atomics.exchange(words, WORD, 0) & WAITERS) wake(words, WORD, 1);
}

/** No time limit. */
export const FOREVER = new Deadline({});

/** Takes the lock, blocking, for the few instructions that other objects of heddle/sync need it. */
export function takeSync(words: Int32Array): boolean {
  return take(words, FOREVER)!;
}
