/**
 * A place where several processes or threads wait for each other.
 */
import { rangeError } from '../errors.ts';
import { restore, state } from '../memory/hooks.ts';
import {
  type AsyncWaitOptions,
  Deadline,
  drop,
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

/** Round number, which grows when all have come. */
const ROUND = 0;
const COUNT = 1;
const PARTIES = 2;
const BROKEN = 3;
/** Behind these words: who waits, as token and start of its process. */
const PLACES = 4;
const PLACE_WORDS = 2;

/** The barrier is broken: one of the parties gave up waiting, aborted it or died. */
export class BrokenBarrierError extends Error {
  readonly code = 'ERR_HEDDLE_BROKEN_BARRIER';

  constructor(why: string) {
    super(`the barrier is broken: ${why}`);
    this.name = 'BrokenBarrierError';
  }
}

/** Memory in which this thread waits. */
const kept = new Set<Int32Array>();

/**
 * Lets `parties` processes or threads wait until all have come, again and again. Travels like a
 * Lock. When one of those that wait gives up or dies, the wait of all ends with
 * {@link BrokenBarrierError}, and so do later ones until `reset()`.
 */
export class Barrier {
  readonly #words: Int32Array;

  /** @param parties - how many have to come */
  constructor(parties: number | Int32Array) {
    if (parties instanceof Int32Array) {
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
    return Atomics.load(this.#words, COUNT);
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
    const { place, round } = this.#enter();
    try {
      while (this.#mustWait(round, deadline)) {
        await sleepAsync(this.#words, ROUND, round, deadline, options.signal);
      }
    } catch (error) {
      this.abort();
      throw error;
    } finally {
      this.#leave(place);
    }
    return place;
  }

  /** The same, blocking the thread: for workers. */
  waitSync(options: WaitOptions = {}): number {
    const deadline = new Deadline(options);
    const { place, round } = this.#enter();
    try {
      while (this.#mustWait(round, deadline)) sleep(this.#words, ROUND, round, deadline);
    } finally {
      this.#leave(place);
    }
    return place;
  }

  /** Breaks the barrier: the waits of all end with an error. */
  abort(): void {
    Atomics.store(this.#words, BROKEN, 1);
    wake(this.#words, ROUND);
  }

  /** Makes a broken barrier whole again; nobody should be waiting. */
  reset(): void {
    const words = this.#words;
    for (let at = PLACES; at < words.length; at++) Atomics.store(words, at, 0);
    Atomics.store(words, COUNT, 0);
    Atomics.store(words, BROKEN, 0);
    Atomics.add(words, ROUND, 1);
    wake(words, ROUND);
  }

  #enter(): { place: number; round: number } {
    const words = this.#words;
    if (this.broken) throw new BrokenBarrierError('reset() it');
    const round = Atomics.load(words, ROUND);
    const place = Atomics.add(words, COUNT, 1);
    if (place >= this.parties) {
      throw new BrokenBarrierError(`more than ${this.parties} have come`);
    }
    const at = PLACES + place * PLACE_WORDS;
    Atomics.store(words, at + 1, ownStart());
    Atomics.store(words, at, ownToken());
    if (place < this.parties - 1) {
      kept.add(words);
      hold(words, at, 0, ROUND);
      return { place, round };
    }
    // The last one opens the next round.
    for (let i = PLACES; i < words.length; i++) Atomics.store(words, i, 0);
    Atomics.store(words, COUNT, 0);
    Atomics.add(words, ROUND, 1);
    wake(words, ROUND);
    return { place, round };
  }

  #leave(place: number): void {
    if (place < this.parties - 1) drop(this.#words, PLACES + place * PLACE_WORDS);
  }

  #mustWait(round: number, deadline: Deadline): boolean {
    const words = this.#words;
    if (Atomics.load(words, ROUND) !== round) return false;
    if (this.broken) throw new BrokenBarrierError('another party gave up');
    for (let at = PLACES; at < words.length; at += PLACE_WORDS) {
      const token = Atomics.load(words, at);
      if (token === 0 || token === ownToken()) continue;
      if (isGone(token, Atomics.load(words, at + 1)) && Atomics.load(words, ROUND) === round) {
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
