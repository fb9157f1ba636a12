/**
 * A few words of memory that the scheduler shares with one worker.
 *
 * A worker claims each task of a batch here before it runs it, and the scheduler may take back from
 * the end of the batch what has not been claimed. So a batch can be as long as pays, and yet no
 * task waits behind a slow one while another worker has nothing to do. The worker also notes which
 * task runs since when: time-outs and the reports of crashes read it, at no message's cost.
 *
 * A claim word holds the next task in its upper half and the end of the batch in its lower half, so
 * that one compare-and-exchange settles who gets a task. Each batch on its way has a slot of its own:
 * of those that are there at once, a worker runs a task each of as many as it may run at a time.
 */

import type { Claims, Running, TaskClaims } from './backend.ts';

/** Bytes of a slot: its claim word, the position of the task that runs, and since when that does. */
const SLOT_BYTES = 16;

/** Tasks that a worker may run at a time: their slots, and one, fill a page. */
export const MAX_CONCURRENCY = 255;

/**
 * Batches that may be on their way to a worker that has a table: those that run, and one that waits.
 *
 * @param concurrency - tasks that the worker may run at a time
 */
export function slotsFor(concurrency: number): number {
  return concurrency + 1;
}

/** Bytes that a claim table of so many slots needs. */
export function claimTableBytes(slots: number): number {
  return slots * SLOT_BYTES;
}

/** Tasks that fit in a batch: what half a word counts. */
export const MAX_TASKS = 0x7fff;

const ONE = 0x10000;
const LOW = 0xffff;

// A slot is four words, of which the last two are a number.
const POSITION = 1;
const SINCE = 1;

/** Both sides of a claim table. */
export class ClaimTable implements Claims, TaskClaims {
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;

  /** @param slots - batches that may be on their way to the worker */
  constructor(slots: number, buffer: ArrayBufferLike = new ArrayBuffer(claimTableBytes(slots))) {
    this.#words = new Int32Array(buffer, 0, slots * 4);
    this.#numbers = new Float64Array(buffer, 0, slots * 2);
  }

  /** Opens a slot for a batch of `count` tasks; before it is sent. */
  open(slot: number, count: number): void {
    Atomics.store(this.#words, slot * 4, count);
  }

  /** The next task of the batch, or -1 when none is left. */
  claim(slot: number): number {
    const at = slot * 4;
    for (;;) {
      const word = Atomics.load(this.#words, at);
      const next = word >>> 16;
      if (next >= (word & LOW)) return -1;
      if (Atomics.compareExchange(this.#words, at, word, word + ONE) === word) return next;
    }
  }

  /** Takes back up to `most` tasks from the end of a batch, and says how many it got. */
  steal(slot: number, most: number): number {
    const at = slot * 4;
    for (;;) {
      const word = Atomics.load(this.#words, at);
      const taken = Math.min((word & LOW) - (word >>> 16), most);
      if (taken <= 0) return 0;
      if (Atomics.compareExchange(this.#words, at, word, word - taken) === word) return taken;
    }
  }

  /** Tasks of the batch that nobody has claimed. */
  unclaimed(slot: number): number {
    const word = Atomics.load(this.#words, slot * 4);
    return Math.max((word & LOW) - (word >>> 16), 0);
  }

  /** The end of the batch: its first task that has been taken back. */
  end(slot: number): number {
    return Atomics.load(this.#words, slot * 4) & LOW;
  }

  /** Notes that a task of the batch begins. */
  begin(slot: number, position: number, now: number): void {
    this.#words[slot * 4 + POSITION] = position;
    this.#numbers[slot * 2 + SINCE] = now;
  }

  /** Notes that no task of the batch runs. */
  idle(slot: number): void {
    this.#numbers[slot * 2 + SINCE] = 0;
  }

  /** The task of the batch that runs, if one does. */
  running(slot: number): Running | null {
    const since = this.#numbers[slot * 2 + SINCE]!;
    return since === 0 ? null : { position: this.#words[slot * 4 + POSITION]!, since };
  }
}
