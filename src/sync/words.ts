/**
 * What all of heddle/sync stands on: words of shared memory, waiting for them to change, and knowing
 * who holds what.
 */
import { isExhausted, rangeError } from '../errors.ts';
import { allocate } from '../memory/index.ts';
import { native } from '../native.ts';
import { abortSignal, checkKeys } from '../options.ts';

/** How long to wait. */
export interface WaitOptions {
  /** In milliseconds. Not given: no limit. 0: only a try. */
  readonly timeout?: number | undefined;
}

/** How long to wait, and what ends the wait early. */
export interface AsyncWaitOptions extends WaitOptions {
  readonly signal?: AbortSignal | undefined;
}

const BLOCKING_NAMES = ['timeout'];
const ASYNC_NAMES = ['timeout', 'signal'];

/** A time limit that is looked at again and again. */
export class Deadline {
  readonly #end: number;

  /** Of a wait that blocks: there is no signal that could end it. */
  constructor(options: WaitOptions, names: readonly string[] = BLOCKING_NAMES) {
    checkKeys('options', options, names);
    const { timeout } = options;
    if (
      timeout !== undefined &&
      (typeof timeout !== 'number' || Number.isNaN(timeout) || timeout < 0)
    ) {
      throw rangeError('timeout', timeout, 'a number of milliseconds of at least 0');
    }
    this.#end = timeout === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeout;
  }

  /** Of a wait that a signal ends, too. Throws its reason where it has been aborted. */
  static of(options: AsyncWaitOptions): Deadline {
    const deadline = new Deadline(options, ASYNC_NAMES);
    if (options.signal !== undefined) abortSignal('signal', options.signal).throwIfAborted();
    return deadline;
  }

  /** Milliseconds left; 0 when there are none. */
  get left(): number {
    return Math.max(this.#end - performance.now(), 0);
  }
}

/**
 * Holders that die can't wake anybody. Those who wait look now and then whether who they wait for
 * still lives.
 */
const LOOK = 50;

/** What waits of the addon end with: nothing happened in the time that was given. */
const TIMED_OUT = 2;

/**
 * Sleeps until a word may have changed, or it is time to look around.
 *
 * @returns whether it is time to look around
 */
export function sleep(
  words: Int32Array,
  index: number,
  value: number,
  deadline: Deadline,
): boolean {
  return native.sync.wait(words, index, value, Math.min(deadline.left, LOOK)) === TIMED_OUT;
}

/** The same without blocking. Rejects with the signal's reason. */
export function sleepAsync(
  words: Int32Array,
  index: number,
  value: number,
  deadline: Deadline,
  signal?: AbortSignal,
): Promise<boolean> {
  const limit = Math.min(deadline.left, 2 * LOOK);
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    let cancel: () => void;
    const ended = (timedOut: boolean) => {
      signal?.removeEventListener('abort', cancel);
      if (signal?.aborted) reject(signal.reason as Error);
      else resolve(timedOut);
    };
    try {
      const wait = native.sync.waitAsync(words, index, value, limit, (result) =>
        ended(result === TIMED_OUT),
      );
      cancel = () => native.sync.cancel(wait);
    } catch (error) {
      // No thread, or no memory for one: the event loop looks by itself, now and then.
      if (!isExhausted(error)) throw error;
      cancel = look(words, index, value, limit, ended);
    }
    signal?.addEventListener('abort', cancel, { once: true });
  });
}

/** How often a wait that has no thread looks at its word (ms). */
const POLL = 2;

/**
 * Waits for a word by a timer.
 *
 * @returns ends the wait early
 */
function look(
  words: Int32Array,
  index: number,
  value: number,
  limit: number,
  ended: (timedOut: boolean) => void,
): () => void {
  const end = performance.now() + limit;
  const timer = setInterval(() => {
    const changed = Atomics.load(words, index) !== value;
    if (!changed && performance.now() < end) return;
    clearInterval(timer);
    ended(!changed);
  }, POLL);
  return () => {
    clearInterval(timer);
    ended(false);
  };
}

/** Wakes sleepers of a word, in all processes. */
export function wake(words: Int32Array, index: number, count = 0x7fffffff): void {
  native.sync.wake(words, index, count);
}

/** New words for an object that all may write. */
export function newWords(count: number): Int32Array {
  return new Int32Array(allocate(count * 4, 'readwrite'), 0, count);
}

/** Says in a lock's word that somebody waits for it. */
export const WAITERS = 1 << 30;

/** What the addon writes for an owner that ended without letting go. */
export const GONE = 1;

let token = 0;
let start = 0;

/** Who we are in a word: the process and, in its lowest byte, the thread. Positive, below WAITERS. */
export function ownToken(): number {
  if (token === 0) {
    token = process.pid * 256 + native.sync.slot();
    start = native.sync.start();
  }
  return token;
}

/** When our process started; tells it from a later one of the same pid. */
export function ownStart(): number {
  ownToken();
  return start;
}

/** Whether the thread and process behind a token are there no more. */
export function isGone(holder: number, started: number): boolean {
  if (holder === GONE) return true;
  const pid = Math.floor(holder / 256);
  // A thread of ours that has ended has marked what it held.
  if (pid === process.pid) return started !== 0 && ownStart() !== 0 && started !== ownStart();
  return !native.sync.alive(pid, started);
}

/** The words that the addon watches for us, and its numbers for that. */
const watched = new WeakMap<Int32Array, Map<number, number>>();
const collected = new FinalizationRegistry<ReadonlyMap<number, number>>((numbers) => {
  for (const number of numbers.values()) native.sync.drop(number);
});

/**
 * Has a word marked if this thread ends while its token is in it: from now on, whenever that is. To
 * be called before the token is put there, as a thread may end between any two steps.
 *
 * @param count - a word that is 0 while we hold nothing, though the token stays; below 0 for none
 */
export function watch(
  words: Int32Array,
  index: number,
  flag: number,
  signal: number,
  count = -1,
): void {
  let numbers = watched.get(words);
  if (!numbers) {
    numbers = new Map();
    watched.set(words, numbers);
    collected.register(words, numbers);
  }
  if (numbers.has(index)) return;
  numbers.set(index, native.sync.hold(words, index, ownToken(), flag, signal, count));
}

/** The error for blocking a thread until it lets go itself: it never would. */
export class DeadlockError extends Error {
  override readonly name = 'DeadlockError';
  readonly code = 'ERR_HEDDLE_DEADLOCK';

  constructor(what: string) {
    super(
      `this thread holds the ${what} already, and would be blocked until it lets go: ` +
        'release it before, wait without blocking (acquire()), or give a timeout',
    );
  }
}

/** The error for letting go what one does not hold. */
export class NotHeldError extends Error {
  override readonly name = 'NotHeldError';
  readonly code = 'ERR_HEDDLE_NOT_HELD';

  constructor(what: string) {
    super(`the ${what} is not held by this thread`);
  }
}
