/**
 * A few words of memory that the scheduler shares with one worker.
 *
 * A worker claims each task of a batch here before it runs it, and the scheduler may take back from
 * the end of the batch what has not been claimed. So a batch can be as long as pays, and yet no
 * task waits behind a slow one while another worker has nothing to do. The worker also notes which
 * task runs since when: time-outs and the reports of crashes read it, at no message's cost.
 *
 * A claim word holds the next task in its upper half and the end of the batch in its lower half, so
 * that one compare-and-exchange settles who gets a task.
 */

import type { Claims, Running, TaskClaims } from './backend.ts';

/** Bytes that a claim table needs. */
export const CLAIM_TABLE_BYTES = 64;

/** Batches that may be on their way to a worker that has a table. */
export const SLOTS = 2;

/** Tasks that fit in a batch: what half a word counts. */
export const MAX_TASKS = 0x7fff;

const ONE = 0x10000;
const LOW = 0xffff;

// Indices into the numbers; the claim words take the first eight bytes.
const BATCH = 1;
const POSITION = 2;
const SINCE = 3;

/** Both sides of a claim table. */
export class ClaimTable implements Claims, TaskClaims {
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;

  constructor(buffer: ArrayBufferLike = new ArrayBuffer(CLAIM_TABLE_BYTES)) {
    this.#words = new Int32Array(buffer, 0, SLOTS);
    this.#numbers = new Float64Array(buffer, 0, CLAIM_TABLE_BYTES / 8);
  }

  /** Opens a slot for a batch of `count` tasks; before it is sent. */
  open(slot: number, count: number): void {
    Atomics.store(this.#words, slot, count);
  }

  /** The next task of the batch, or -1 when none is left. */
  claim(slot: number): number {
    for (;;) {
      const word = Atomics.load(this.#words, slot);
      const next = word >>> 16;
      if (next >= (word & LOW)) return -1;
      if (Atomics.compareExchange(this.#words, slot, word, word + ONE) === word) return next;
    }
  }

  /** Takes back up to `most` tasks from the end of a batch, and says how many it got. */
  steal(slot: number, most: number): number {
    for (;;) {
      const word = Atomics.load(this.#words, slot);
      const taken = Math.min((word & LOW) - (word >>> 16), most);
      if (taken <= 0) return 0;
      if (Atomics.compareExchange(this.#words, slot, word, word - taken) === word) return taken;
    }
  }

  /** Tasks of the batch that nobody has claimed. */
  unclaimed(slot: number): number {
    const word = Atomics.load(this.#words, slot);
    return Math.max((word & LOW) - (word >>> 16), 0);
  }

  /** The end of the batch: its first task that has been taken back. */
  end(slot: number): number {
    return Atomics.load(this.#words, slot) & LOW;
  }

  /** Notes that a task begins. */
  begin(batch: number, position: number, now: number): void {
    const numbers = this.#numbers;
    numbers[BATCH] = batch;
    numbers[POSITION] = position;
    numbers[SINCE] = now;
  }

  /** Notes that no task runs. */
  idle(): void {
    this.#numbers[SINCE] = 0;
  }

  /** The task that runs, if one does. */
  running(): Running | null {
    const since = this.#numbers[SINCE]!;
    if (since === 0) return null;
    return { batch: this.#numbers[BATCH]!, position: this.#numbers[POSITION]!, since };
  }
}
