/**
 * Small batches and their results, in memory that two threads share.
 *
 * Structured clone costs by the parts of a message: the tuple of one small task takes 3 µs more
 * than one number, each way. So a batch of few numbers is laid into the place of its slot, and all
 * that is posted is where to look. A slot has one batch at a time, and a batch one last result:
 * whatever lies in a place has been read before it is written again. Posting orders the memory.
 */
import type { BatchMessage, ResultMessage } from './messages.ts';
import type { ValueBatch } from './value-batch.ts';

/** Tasks that a place has room for; a batch of more than that costs more than its message. */
export const MAILBOX_CAPACITY = 8;

// Numbers of a place: what comes first, the value batch (its kind or length, its values), the times.
const HEAD = 5;
const VALUES = 1 + MAILBOX_CAPACITY;
const SLOT_WORDS = HEAD + VALUES + 2 * MAILBOX_CAPACITY;

/** Bytes of a mailbox: for each slot a place for the batch, and one for its result. */
export function mailboxBytes(slots: number): number {
  return 8 * SLOT_WORDS * 2 * slots;
}

/** Stands for a value batch of nothing but undefined, of that length. */
const VOID = MAILBOX_CAPACITY + 1;

function fits(valueBatch: ValueBatch): boolean {
  if (valueBatch.kind === 'void') return valueBatch.count <= MAILBOX_CAPACITY;
  return valueBatch.kind === 'numbers' && valueBatch.values.length <= MAILBOX_CAPACITY;
}

export class Mailbox {
  readonly #numbers: Float64Array;
  readonly #slots: number;

  /**
   * @param slots - batches that may be on their way to the worker
   * @param buffer - shared by both threads
   * @param offset - where its {@link mailboxBytes} begin, in bytes
   */
  constructor(slots: number, buffer: SharedArrayBuffer, offset: number) {
    this.#slots = slots;
    this.#numbers = new Float64Array(buffer, offset, mailboxBytes(slots) / 8);
  }

  /** Lays a message down, and says where; null if it has to go another way. */
  put(message: BatchMessage | ResultMessage): number | null {
    return message.type === 'batch' ? this.#putBatch(message) : this.#putResult(message);
  }

  /** The message that lies there. */
  take(position: number): BatchMessage | ResultMessage {
    return position < this.#slots ? this.#takeBatch(position) : this.#takeResult(position);
  }

  #putBatch({ context, run, batch, slot, first, args }: BatchMessage): number | null {
    if (!fits(args)) return null;
    const numbers = this.#numbers;
    const at = slot * SLOT_WORDS;
    numbers[at] = context;
    numbers[at + 1] = run;
    numbers[at + 2] = batch;
    numbers[at + 3] = first;
    this.#putValues(args, at + HEAD);
    return slot;
  }

  #takeBatch(slot: number): BatchMessage {
    const numbers = this.#numbers;
    const at = slot * SLOT_WORDS;
    return {
      type: 'batch',
      context: numbers[at]!,
      run: numbers[at + 1]!,
      batch: numbers[at + 2]!,
      slot,
      first: numbers[at + 3]!,
      args: this.#takeValues(at + HEAD),
    };
  }

  #putResult(message: ResultMessage): number | null {
    const { run, batch, slot, offset, values, times, last, memory } = message;
    if (!last || !fits(values) || times.length > 2 * MAILBOX_CAPACITY) return null;
    const numbers = this.#numbers;
    const position = this.#slots + slot;
    const at = position * SLOT_WORDS;
    numbers[at] = run;
    numbers[at + 1] = batch;
    numbers[at + 2] = offset;
    numbers[at + 3] = memory ?? -1;
    numbers[at + 4] = times.length;
    this.#putValues(values, at + HEAD);
    for (let i = 0; i < times.length; i++) numbers[at + HEAD + VALUES + i] = times[i]!;
    return position;
  }

  #takeResult(position: number): ResultMessage {
    const numbers = this.#numbers;
    const at = position * SLOT_WORDS;
    const memory = numbers[at + 3]!;
    const times = new Float64Array(numbers[at + 4]!);
    for (let i = 0; i < times.length; i++) times[i] = numbers[at + HEAD + VALUES + i]!;
    const message: ResultMessage = {
      type: 'result',
      run: numbers[at]!,
      batch: numbers[at + 1]!,
      slot: position - this.#slots,
      offset: numbers[at + 2]!,
      values: this.#takeValues(at + HEAD),
      times,
      last: true,
    };
    return memory < 0 ? message : { ...message, memory };
  }

  #putValues(valueBatch: ValueBatch, at: number): void {
    const numbers = this.#numbers;
    if (valueBatch.kind === 'void') {
      numbers[at] = VOID + valueBatch.count;
      return;
    }
    const values = (valueBatch as { values: Float64Array }).values;
    numbers[at] = values.length;
    for (let i = 0; i < values.length; i++) numbers[at + 1 + i] = values[i]!;
  }

  #takeValues(at: number): ValueBatch {
    const numbers = this.#numbers;
    const count = numbers[at]!;
    if (count >= VOID) return { kind: 'void', count: count - VOID };
    const values = new Float64Array(count);
    for (let i = 0; i < count; i++) values[i] = numbers[at + 1 + i]!;
    return { kind: 'numbers', values };
  }
}
