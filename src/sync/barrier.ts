/**
 * A place where several processes or threads wait for each other.
 */
import { types } from 'node:util';

import { restore, state } from '../codec/index.ts';
import { rangeError } from '../errors.ts';
import {
  type AsyncWaitOptions,
  Deadline,
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
 * The round, whether the one before it ended by a reset, and how many have come to it, in one word:
 * who comes last counts itself and opens the next round in one step, at whichever it dies.
 */
const STATE = 0;
/** Changes when there is something to look at; what waiters sleep on. */
const BELL = 1;
const PARTIES = 2;
/** One more than the round that is broken; 0 for none. A later round is whole. */
const BROKEN = 3;
/** The last round that ended by a reset, for those who look later than in the next round; -1: none. */
const RESET_ROUND = 4;
const COUNT_BITS = 17;
const COUNT_MASK = (1 << COUNT_BITS) - 1;
const AFTER_RESET = 1 << COUNT_BITS;
const ROUND_SHIFT = COUNT_BITS + 1;
const ROUNDS = 2 ** (32 - ROUND_SHIFT);
/**
 * Behind these words: who waits, as token and start of its process. The token has the round in its
 * upper two bits: what an earlier round has left is nobody's.
 */
const POSITIONS = 5;
const POSITION_WORDS = 2;
const TOKEN_BITS = 30;
const TOKEN_MASK = 2 ** TOKEN_BITS - 1;

/** How often to try at once for a place that another party is just coming to. */
const TRIES = 1000;

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
    this.#words = newWords(POSITIONS + parties * POSITION_WORDS);
    this.#words[PARTIES] = parties;
    this.#words[RESET_ROUND] = -1;
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
    return Atomics.load(this.#words, BROKEN) === roundOf(Atomics.load(this.#words, STATE)) + 1;
  }

  /**
   * Waits for the others without blocking the thread.
   *
   * @returns in which place one came: 0 for the first, `parties − 1` for the last
   * @throws {@link BrokenBarrierError}, also when the time is up
   */
  async wait(options: AsyncWaitOptions = {}): Promise<number> {
    const deadline = Deadline.of(options);
    let entered = this.#enter();
    while (!entered) {
      await sleepAsync(this.#words, BELL, this.#bell(deadline), deadline, options.signal);
      entered = this.#enter();
    }
    const { position, round } = entered;
    try {
      for (;;) {
        const bell = Atomics.load(this.#words, BELL);
        if (!this.#mustWait(round, deadline)) return position;
        await sleepAsync(this.#words, BELL, bell, deadline, options.signal);
      }
    } catch (error) {
      this.#giveUp(round);
      throw error;
    } finally {
      this.#signOut(position, round);
    }
  }

  /** The same, blocking the thread: for workers. */
  waitSync(options: WaitOptions = {}): number {
    const deadline = new Deadline(options);
    let entered = this.#enter();
    while (!entered) {
      sleep(this.#words, BELL, this.#bell(deadline), deadline);
      entered = this.#enter();
    }
    const { position, round } = entered;
    try {
      for (;;) {
        const bell = Atomics.load(this.#words, BELL);
        if (!this.#mustWait(round, deadline)) return position;
        sleep(this.#words, BELL, bell, deadline);
      }
    } catch (error) {
      this.#giveUp(round);
      throw error;
    } finally {
      this.#signOut(position, round);
    }
  }

  /** Breaks the barrier: the waits of all end with an error. */
  abort(): void {
    this.#break(roundOf(Atomics.load(this.#words, STATE)));
    this.#ring();
  }

  /**
   * Makes the barrier empty and whole: it is as new. The waits that there are end with
   * {@link BrokenBarrierError}.
   */
  reset(): void {
    const words = this.#words;
    for (;;) {
      const value = Atomics.load(words, STATE);
      // Nobody comes in meanwhile; should we die, the barrier is broken.
      this.#break(roundOf(value));
      for (let at = POSITIONS; at < words.length; at++) Atomics.store(words, at, 0);
      const empty = nextRound(value) | AFTER_RESET;
      if (Atomics.compareExchange(words, STATE, value, empty) !== value) continue;
      Atomics.store(words, RESET_ROUND, roundOf(value));
      break;
    }
    this.#ring();
  }

  /** Marks a round, unless it is over: a mark of a later one stays. */
  #break(round: number): void {
    const words = this.#words;
    const mark = Atomics.load(words, BROKEN);
    if (roundOf(Atomics.load(words, STATE)) !== round) return;
    Atomics.compareExchange(words, BROKEN, mark, round + 1);
  }

  #ring(): void {
    Atomics.add(this.#words, BELL, 1);
    wake(this.#words, BELL);
  }

  /** The bell for one that could not come in yet. */
  #bell(deadline: Deadline): number {
    if (deadline.left === 0) throw new BrokenBarrierError('the time is up');
    return Atomics.load(this.#words, BELL);
  }

  /** Null when another party is coming to the same place and takes its time: come again. */
  #enter(): { position: number; round: number } | null {
    const words = this.#words;
    for (let tries = 0; tries < TRIES; tries++) {
      if (this.broken) throw new BrokenBarrierError('reset() it');
      const value = Atomics.load(words, STATE);
      const position = value & COUNT_MASK;
      const round = roundOf(value);
      if (position === this.parties - 1) {
        if (Atomics.compareExchange(words, STATE, value, nextRound(value)) !== value) continue;
        this.#ring();
        return { position, round };
      }
      // Signed in before it is counted: who is counted must be missed if it dies.
      if (!this.#signIn(position, round)) continue;
      if (Atomics.compareExchange(words, STATE, value, value + 1) === value) {
        return { position, round };
      }
      this.#signOut(position, round);
    }
    return null;
  }

  /** Claims a place; false where another party is just coming to it. */
  #signIn(position: number, round: number): boolean {
    const words = this.#words;
    const at = POSITIONS + position * POSITION_WORDS;
    // Watched first: a thread that ends between two of these steps leaves the place marked.
    watch(words, at, ROUND_BITS, BELL);
    const other = Atomics.load(words, at);
    if (other === 0 || !isOf(other, round)) {
      // No start but 0 may stand beside another token than its own: 0 says nothing.
      Atomics.store(words, at + 1, 0);
      if (Atomics.compareExchange(words, at, other, signed(round)) !== other) return false;
      Atomics.store(words, at + 1, ownStart());
      return true;
    }
    if (isGone(other & TOKEN_MASK, Atomics.load(words, at + 1))) {
      // It may have been counted since we looked: then the place is not ours to look at.
      const value = Atomics.load(words, STATE);
      if (roundOf(value) !== round || (value & COUNT_MASK) !== position) return false;
      this.#giveUp(round);
      throw new BrokenBarrierError('a party died while it came');
    }
    return false;
  }

  #signOut(position: number, round: number): void {
    const at = POSITIONS + position * POSITION_WORDS;
    if (at < this.#words.length) Atomics.compareExchange(this.#words, at, signed(round), 0);
  }

  /** Breaks the barrier for the others of the round. */
  #giveUp(round: number): void {
    this.#break(round);
    this.#ring();
  }

  #mustWait(round: number, deadline: Deadline): boolean {
    const words = this.#words;
    const value = Atomics.load(words, STATE);
    if (roundOf(value) !== round) {
      const reset =
        roundOf(value) === (round + 1) % ROUNDS
          ? (value & AFTER_RESET) !== 0
          : Atomics.load(words, RESET_ROUND) === round;
      if (reset) throw new BrokenBarrierError('it has been reset');
      return false;
    }
    if (this.broken) throw new BrokenBarrierError('another party gave up');
    for (let at = POSITIONS; at < words.length; at += POSITION_WORDS) {
      const found = Atomics.load(words, at);
      if (found === 0 || !isOf(found, round)) continue;
      const token = found & TOKEN_MASK;
      if (token === ownToken()) continue;
      if (
        isGone(token, Atomics.load(words, at + 1)) &&
        roundOf(Atomics.load(words, STATE)) === round
      ) {
        throw new BrokenBarrierError('a party died while it waited');
      }
    }
    if (deadline.left === 0) throw new BrokenBarrierError('the time is up');
    return true;
  }
}

/** The bits of a place's word that tell the round. */
const ROUND_BITS = ~TOKEN_MASK;

function roundOf(value: number): number {
  return value >>> ROUND_SHIFT;
}

function nextRound(value: number): number {
  return (roundOf(value) + 1) << ROUND_SHIFT;
}

/** Our word in a place. */
function signed(round: number): number {
  return ownToken() | (round << TOKEN_BITS);
}

function isOf(word: number, round: number): boolean {
  return word >>> TOKEN_BITS === (round & 3);
}
