/**
 * A place where several processes or threads wait for each other.
 */
import { types } from 'node:util';

import { restore, state } from '../codec/index.ts';
import { rangeError } from '../errors.ts';
import {
  type AsyncWaitOptions,
  Deadline,
  GONE,
  isGone,
  newWords,
  ownStart,
  ownToken,
  sleep,
  sleepAsync,
  type WaitOptions,
  wake,
  watch,
} from './words.ts';

/**
 * The round and how many have come to it, in one word: who comes and who opens the next round must
 * not see one without the other.
 */
const STATE = 0;
/** Changes when there is something to look at; what waiters sleep on. */
const BELL = 1;
const PARTIES = 2;
const BROKEN = 3;
const COUNT_BITS = 17;
const COUNT_MASK = (1 << COUNT_BITS) - 1;
/** Behind these words: who waits, as token and start of its process. */
const PLACES = 4;
const PLACE_WORDS = 2;

/** The barrier is broken: one of the parties gave up waiting, aborted it or died. */
export class BrokenBarrierError extends Error {
  override readonly name = 'BrokenBarrierError';
  readonly code = 'ERR_HEDDLE_BROKEN_BARRIER';

  constructor(why: string) {
    super(`the barrier is broken: ${why}`);
  }
}

/**
 * Lets `parties` processes or threads wait until all have come, again and again. Travels like a
 * Lock. When one of those that wait gives up or dies, the wait of all ends with
 * {@link BrokenBarrierError}, and so do later ones until `reset()`.
 */
export class Barrier {
  readonly #words: Int32Array;

  /** @param parties - how many have to come */
  constructor(parties: number | Int32Array) {
    if (types.isInt32Array(parties)) {
      this.#words = parties;
      return;
    }
    if (!Number.isSafeInteger(parties) || parties < 1 || parties > 100_000) {
      throw rangeError('parties', parties, 'a whole number from 1 to 100000');
    }
    this.#words = newWords(PLACES + parties * PLACE_WORDS);
    this.#words[PARTIES] = parties;
  }

  [state](): Int32Array {
    return this.#words;
  }

  static [restore](words: Int32Array): Barrier {
    return new Barrier(words);
  }

  get parties(): number {
    return this.#words[PARTIES]!;
  }

  /** How many wait now. */
  get waiting(): number {
    return Atomics.load(this.#words, STATE) & COUNT_MASK;
  }

  get broken(): boolean {
    return Atomics.load(this.#words, BROKEN) !== 0;
  }

  /**
   * Waits for the others without blocking the thread.
   *
   * @returns in which place one came: 0 for the first, `parties − 1` for the last
   * @throws {@link BrokenBarrierError}, also when the time is up
   */
  async wait(options: AsyncWaitOptions = {}): Promise<number> {
    const deadline = new Deadline(options);
    options.signal?.throwIfAborted();
    let entered = this.#enter();
    while (!entered) {
      const bell = Atomics.load(this.#words, BELL);
      if (this.#isFull(deadline)) {
        await sleepAsync(this.#words, BELL, bell, deadline, options.signal);
      }
      entered = this.#enter();
    }
    const { place, round } = entered;
    try {
      for (;;) {
        const bell = Atomics.load(this.#words, BELL);
        if (!this.#mustWait(round, deadline)) break;
        await sleepAsync(this.#words, BELL, bell, deadline, options.signal);
      }
    } catch (error) {
      this.abort();
      throw error;
    }
    return place;
  }

  /** The same, blocking the thread: for workers. */
  waitSync(options: WaitOptions = {}): number {
    const deadline = new Deadline(options);
    let entered = this.#enter();
    while (!entered) {
      const bell = Atomics.load(this.#words, BELL);
      if (this.#isFull(deadline)) sleep(this.#words, BELL, bell, deadline);
      entered = this.#enter();
    }
    const { place, round } = entered;
    for (;;) {
      const bell = Atomics.load(this.#words, BELL);
      if (!this.#mustWait(round, deadline)) return place;
      sleep(this.#words, BELL, bell, deadline);
    }
  }

  /** Breaks the barrier: the waits of all end with an error. */
  abort(): void {
    Atomics.store(this.#words, BROKEN, 1);
    this.#ring();
  }

  /** Makes a broken barrier whole again; nobody should be waiting. */
  reset(): void {
    this.#nextRound(Atomics.load(this.#words, STATE));
    Atomics.store(this.#words, BROKEN, 0);
    this.#ring();
  }

  #ring(): void {
    Atomics.add(this.#words, BELL, 1);
    wake(this.#words, BELL);
  }

  #nextRound(value: number): void {
    const words = this.#words;
    for (let at = PLACES; at < words.length; at++) Atomics.store(words, at, 0);
    Atomics.store(words, STATE, (roundOf(value) + 1) << COUNT_BITS);
  }

  /** Null when this round has all it needs and is about to open: come again. */
  #enter(): { place: number; round: number } | null {
    const words = this.#words;
    for (;;) {
      if (this.broken) throw new BrokenBarrierError('reset() it');
      const value = Atomics.load(words, STATE);
      const place = value & COUNT_MASK;
      if (place >= this.parties) return null;
      const last = place === this.parties - 1;
      // Signed in before it is counted: who is counted must be missed if it dies.
      if (!last && !this.#signIn(place)) continue;
      if (Atomics.compareExchange(words, STATE, value, value + 1) !== value) {
        if (!last) this.#signOut(place);
        continue;
      }
      if (last) {
        // Opens the next round; until then nobody else gets in.
        this.#nextRound(value);
        this.#ring();
      }
      return { place, round: roundOf(value) };
    }
  }

  /** Claims a place; false where another party is just coming to it. */
  #signIn(place: number): boolean {
    const words = this.#words;
    const at = PLACES + place * PLACE_WORDS;
    // Watched first: a thread that ends between two of these steps leaves the place marked.
    watch(words, at, 0, BELL);
    const other = Atomics.compareExchange(words, at, 0, ownToken());
    if (other === 0) {
      Atomics.store(words, at + 1, ownStart());
      return true;
    }
    const started = Atomics.load(words, at + 1);
    if (other === GONE || (started !== 0 && isGone(other, started))) {
      this.abort();
      throw new BrokenBarrierError('a party died while it came');
    }
    return false;
  }

  #signOut(place: number): void {
    const at = PLACES + place * PLACE_WORDS;
    Atomics.store(this.#words, at + 1, 0);
    Atomics.compareExchange(this.#words, at, ownToken(), 0);
  }

  #isFull(deadline: Deadline): boolean {
    if (this.broken) throw new BrokenBarrierError('reset() it');
    if (deadline.left === 0) throw new BrokenBarrierError('the time is up');
    return this.waiting >= this.parties;
  }

  #mustWait(round: number, deadline: Deadline): boolean {
    const words = this.#words;
    if (roundOf(Atomics.load(words, STATE)) !== round) return false;
    if (this.broken) throw new BrokenBarrierError('another party gave up');
    for (let at = PLACES; at < words.length; at += PLACE_WORDS) {
      const token = Atomics.load(words, at);
      if (token === 0 || token === ownToken()) continue;
      const started = Atomics.load(words, at + 1);
      if (token !== GONE && started === 0) continue; // it is just coming
      if (isGone(token, started) && roundOf(Atomics.load(words, STATE)) === round) {
        this.abort();
        throw new BrokenBarrierError('a party died while it waited');
      }
    }
    if (deadline.left === 0) {
      this.abort();
      throw new BrokenBarrierError('the time is up');
    }
    return true;
  }
}

function roundOf(value: number): number {
  return value >>> COUNT_BITS;
}
