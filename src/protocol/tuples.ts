/**
 * Messages as tuples, for the way between threads.
 *
 * Structured clone writes every key of an object and makes a buffer for each typed array; for one
 * small task that costs more than the way itself. Batches and results go as flat arrays, and few
 * numbers as an array of numbers, which is cheaper; or, where they are all there is, through the mailbox.
 */

import { MAILBOX_CAPACITY, type Mailbox } from './mailbox.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import type { ValueBatch } from './value-batch.ts';

type Message = ToWorker | FromWorker;

const BATCH = 0;
const RESULT = 1;
const JOINED = 2;

const VOID = 0;
const NUMBERS = 1;
const PLAIN = 2;
const CODED = 3;

type BatchTuple = [typeof BATCH, number, number, number, number, number, ...ValuesTuple];
type ResultTuple = [
  typeof RESULT,
  number,
  number,
  number,
  number,
  boolean,
  number,
  number[] | Float64Array,
  ...ValuesTuple,
];
type ValuesTuple = [kind: number, values: unknown, count: number];

function packValues(valueBatch: ValueBatch): ValuesTuple {
  switch (valueBatch.kind) {
    case 'void':
      return [VOID, 0, valueBatch.count];
    case 'numbers': {
      const { values } = valueBatch;
      return values.length > MAILBOX_CAPACITY
        ? [NUMBERS, values, 0]
        : [PLAIN, Array.from(values), 0];
    }
    case 'plain':
      return [PLAIN, valueBatch.values, 0];
    case 'coded':
      return [CODED, valueBatch.message, valueBatch.count];
  }
}

function unpackValues(kind: number, values: unknown, count: number): ValueBatch {
  switch (kind) {
    case VOID:
      return { kind: 'void', count };
    case NUMBERS:
      return { kind: 'numbers', values: values as Float64Array };
    case PLAIN:
      return { kind: 'plain', values: values as unknown[] };
    default:
      return { kind: 'coded', count, message: values };
  }
}

/** What to post for a message. */
export function packMessage(message: Message, mailbox: Mailbox): unknown {
  if (message.type !== 'batch' && (message.type !== 'result' || message.by)) return message;
  const position = mailbox.put(message);
  if (position !== null) return position;
  if (message.type === 'batch') {
    const { context, run, batch, slot, first, args } = message;
    const [kind, values, count] = packValues(args);
    return [BATCH, context, run, batch, slot, first, kind, values, count] satisfies BatchTuple;
  }
  const { run, batch, slot, offset, last, memory, times } = message;
  const [kind, values, count] = packValues(message.values);
  const few = times.length <= 2 * MAILBOX_CAPACITY ? Array.from(times) : times;
  const tuple: ResultTuple = [
    RESULT,
    run,
    batch,
    slot,
    offset,
    last,
    memory ?? -1,
    few,
    kind,
    values,
    count,
  ];
  return tuple;
}

/** What to post for several messages: a post of its own costs a thread more than all that is in it. */
export function joinMessages(posted: readonly unknown[]): unknown {
  return [JOINED, posted];
}

/** Gives the messages of what was posted for one, or for several, in order. */
export function eachMessage(
  posted: unknown,
  mailbox: Mailbox,
  receive: (message: Message) => void,
): void {
  if (!Array.isArray(posted) || posted[0] !== JOINED) {
    receive(unpackMessage(posted, mailbox));
    return;
  }
  for (const one of posted[1] as unknown[]) receive(unpackMessage(one, mailbox));
}

/** The message of what was posted. */
export function unpackMessage(posted: unknown, mailbox: Mailbox): Message {
  if (typeof posted === 'number') return mailbox.take(posted);
  if (!Array.isArray(posted)) return posted as Message;
  if (posted[0] === BATCH) {
    const [, context, run, batch, slot, first, kind, values, count] = posted as BatchTuple;
    const args = unpackValues(kind, values, count);
    return { type: 'batch', context, run, batch, slot, first, args };
  }
  const [, run, batch, slot, offset, last, memory, few, kind, packed, count] =
    posted as ResultTuple;
  const values = unpackValues(kind, packed, count);
  const times = Array.isArray(few) ? Float64Array.from(few) : few;
  const message = { type: 'result', run, batch, slot, offset, values, times, last } as const;
  return memory < 0 ? message : { ...message, memory };
}
