/**
 * A lock that its holder may take again.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { restore, state } from '../codec/index.ts';
import { checkKeys } from '../options.ts';
import {
  during,
  duringSync,
  FOREVER,
  isHeld,
  WORDS as LOCK_WORDS,
  type LockHold,
  letGo,
  take,
  takeAsync,
} from './lock.ts';
import {
  type AsyncWaitOptions,
  Deadline,
  NotHeldError,
  newWords,
  type WaitOptions,
} from './words.ts';

/** How often the holder has taken it; says nothing while nobody holds it. */
const DEPTH = LOCK_WORDS;
const WORDS = LOCK_WORDS + 1;

/** What runs inside of a `run`, and what called that. */
interface Flow {
  readonly parent: Flow | null;
}

/** Who is inside of which `run`, so that two async functions of one thread are two holders. */
const flows = new AsyncLocalStorage<Flow>();

/** Everything outside of `run`: then the thread is the holder. */
const THREAD: Flow = { parent: null };

/** How this thread has a lock. */
interface Ownership {
  readonly flow: Flow;
  abandoned: boolean;
}

/** By the memory of locks: one lock may have come here more than once. */
const owned = new WeakMap<ArrayBufferLike, Ownership>();

/**
 * A lock between processes and threads that whoever holds it may take again, and must let go of as
 * often. Travels like a {@link Lock}, and is freed when its holder dies in any way.
 *
 * The holder is the thread, as in Python; inside of `run` it is what `run` was called with, so
 * that two async functions of one thread keep each other out, and what they call does not.
 *
 * @example
 * ```ts
 * const lock = new RLock();
 * const add = (x) => lock.runSync(() => { total.data[0] += x; });
 * const addAll = (xs) => lock.runSync(() => xs.forEach(add));
 * ```
 */
export class RLock {
  readonly #words: Int32Array;

  /** @param words - of a lock that came from elsewhere; leave it out */
  constructor(words: Int32Array = newWords(WORDS)) {
    this.#words = words;
  }

  [state](): Int32Array {
    return this.#words;
  }

  static [restore](words: Int32Array): RLock {
    return new RLock(words);
  }

  /** Whether somebody, anywhere, holds it now. */
  get locked(): boolean {
    return Atomics.load(this.#words, 0) !== 0;
  }

  /** Whether who asks holds it. */
  get held(): boolean {
    return ownershipOf(this.#words) !== null;
  }

  /**
   * Waits for the lock without blocking the thread; who holds it gets it at once.
   *
   * @returns the hold, or null when the time was up
   */
  acquire(options?: { readonly signal?: AbortSignal }): Promise<LockHold>;
  acquire(options: AsyncWaitOptions): Promise<LockHold | null>;
  async acquire(options: AsyncWaitOptions = {}): Promise<LockHold | null> {
    const deadline = Deadline.of(options);
    const again = takeAgain(this.#words);
    if (again) return again;
    const abandoned = await takeAsync(this.#words, deadline, options.signal);
    return abandoned === null ? null : taken(this.#words, abandoned, currentFlow());
  }

  /** The same, blocking the thread: for workers. */
  acquireSync(options?: Record<string, never>): LockHold;
  acquireSync(options: WaitOptions): LockHold | null;
  acquireSync(options: WaitOptions = {}): LockHold | null {
    const deadline = new Deadline(options);
    const again = takeAgain(this.#words);
    if (again) return again;
    const abandoned = take(this.#words, deadline);
    return abandoned === null ? null : taken(this.#words, abandoned, currentFlow());
  }

  /** Runs a function with the lock held; what it calls may take the lock again. */
  async run<T>(
    body: (hold: LockHold) => T | Promise<T>,
    options: Pick<AsyncWaitOptions, 'signal'> = {},
  ): Promise<T> {
    checkKeys('options', options, ['signal']);
    const flow = currentFlow();
    return await flows.run(this.held ? flow : { parent: flow }, async () => {
      return await during((await this.acquire(options)) as LockHold, body);
    });
  }

  /** The same, blocking the thread. */
  runSync<T>(body: (hold: LockHold) => T): T {
    return duringSync(this.acquireSync(), body);
  }
}

function currentFlow(): Flow {
  return flows.getStore() ?? THREAD;
}

/** How who asks has the lock; null where another has it, or nobody. */
function ownershipOf(words: Int32Array): Ownership | null {
  const ownership = owned.get(words.buffer);
  if (!ownership || !isHeld(words)) return null;
  let flow: Flow | null = currentFlow();
  while (flow !== null && flow !== ownership.flow) flow = flow.parent;
  return flow === null ? null : ownership;
}

function takeAgain(words: Int32Array): LockHold | null {
  const ownership = ownershipOf(words);
  if (!ownership) return null;
  Atomics.add(words, DEPTH, 1);
  return new Held(words, ownership);
}

function taken(words: Int32Array, abandoned: boolean, flow: Flow): LockHold {
  const ownership: Ownership = { flow, abandoned };
  Atomics.store(words, DEPTH, 1);
  owned.set(words.buffer, ownership);
  return new Held(words, ownership);
}

class Held implements LockHold {
  readonly #words: Int32Array;
  readonly #ownership: Ownership;
  #open = true;

  constructor(words: Int32Array, ownership: Ownership) {
    this.#words = words;
    this.#ownership = ownership;
  }

  get abandoned(): boolean {
    return this.#ownership.abandoned;
  }

  release(): void {
    const words = this.#words;
    if (!this.#open || owned.get(words.buffer) !== this.#ownership || !isHeld(words)) {
      throw new NotHeldError('lock');
    }
    this.#open = false;
    if (Atomics.sub(words, DEPTH, 1) > 1) return;
    owned.delete(words.buffer);
    letGo(words);
  }

  [Symbol.dispose](): void {
    if (this.#open) this.release();
  }
}

/** What {@link letGoOfAll} keeps, to take the lock as it was. */
export interface Suspended {
  readonly depth: number;
  readonly ownership: Ownership;
}

/** Frees the lock, however often it was taken. @throws NotHeldError */
export function letGoOfAll(words: Int32Array): Suspended {
  const ownership = ownershipOf(words);
  if (!ownership) throw new NotHeldError('lock');
  const depth = Atomics.load(words, DEPTH);
  owned.delete(words.buffer);
  letGo(words);
  return { depth, ownership };
}

function resumed(words: Int32Array, { depth, ownership }: Suspended, abandoned: boolean): boolean {
  ownership.abandoned ||= abandoned;
  Atomics.store(words, DEPTH, depth);
  owned.set(words.buffer, ownership);
  return abandoned;
}

/** Takes the lock again as often as it was held; whether it was abandoned meanwhile. */
export function resumeSync(words: Int32Array, suspended: Suspended): boolean {
  return resumed(words, suspended, take(words, FOREVER)!);
}

/** The same without blocking. */
export async function resume(words: Int32Array, suspended: Suspended): Promise<boolean> {
  return resumed(words, suspended, (await takeAsync(words, FOREVER))!);
}
