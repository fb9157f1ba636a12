/**
 * A flag that processes and threads wait for.
 */
import { restore, state } from '../codec/index.ts';
import {
  type AsyncWaitOptions,
  Deadline,
  newWords,
  sleep,
  sleepAsync,
  type WaitOptions,
  wake,
} from './words.ts';

const FLAG = 0;

/** A flag, at first not set, that works between processes and threads and travels like a Lock. */
export class Event {
  readonly #words: Int32Array;

  /** @param words - of an event that came from elsewhere; leave it out */
  constructor(words: Int32Array = newWords(1)) {
    this.#words = words;
  }

  [state](): Int32Array {
    return this.#words;
  }

  static [restore](words: Int32Array): Event {
    return new Event(words);
  }

  get isSet(): boolean {
    return Atomics.load(this.#words, FLAG) !== 0;
  }

  /** Sets the flag and wakes all who wait. */
  set(): void {
    if (Atomics.exchange(this.#words, FLAG, 1) === 0) wake(this.#words, FLAG);
  }

  clear(): void {
    Atomics.store(this.#words, FLAG, 0);
  }

  /** Waits, without blocking the thread, until the flag is set; false when the time was up. */
  async wait(options: AsyncWaitOptions = {}): Promise<boolean> {
    const deadline = Deadline.of(options);
    while (!this.isSet) {
      if (deadline.left === 0) return false;
      await sleepAsync(this.#words, FLAG, 0, deadline, options.signal);
    }
    return true;
  }

  /** The same, blocking the thread: for workers. */
  waitSync(options: WaitOptions = {}): boolean {
    const deadline = new Deadline(options);
    while (!this.isSet) {
      if (deadline.left === 0) return false;
      sleep(this.#words, FLAG, 0, deadline);
    }
    return true;
  }
}
