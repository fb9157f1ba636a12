/** Messages as tuples, and the mailbox. */
import { describe, expect, it } from 'vitest';
import { claimTableBytes } from '../../src/protocol/claims.ts';
import { Mailbox, mailboxBytes } from '../../src/protocol/mailbox.ts';
import type { ResultMessage } from '../../src/protocol/messages.ts';
import { packMessage, unpackMessage } from '../../src/protocol/tuples.ts';

describe('messages between threads', () => {
  const valueBatch = (values: number[]) =>
    ({ kind: 'numbers', values: Float64Array.from(values) }) as const;
  const long = valueBatch(Array.from({ length: 30 }, (_, i) => i));
  const batch = { type: 'batch', context: 1, run: 2, batch: 3, slot: 1, first: 2 ** 40 } as const;
  const result = { type: 'result', run: 2, batch: 3, slot: 1, offset: 4, last: true } as const;
  const noTimes = new Float64Array(0);

  /** Both ends of a mailbox. */
  function ends(): [Mailbox, Mailbox] {
    const memory = new SharedArrayBuffer(claimTableBytes(2) + mailboxBytes(2));
    return [new Mailbox(2, memory, claimTableBytes(2)), new Mailbox(2, memory, claimTableBytes(2))];
  }

  it('keep all that they say', () => {
    const [here, there] = ends();
    const messages = [
      { ...batch, args: long },
      { ...batch, args: { kind: 'void', count: 9 } },
      { ...batch, args: { kind: 'plain', values: ['a', null] } },
      { ...batch, args: { kind: 'coded', count: 2, message: [{ a: 1 }] } },
      { ...result, values: long, times: new Float64Array(60).fill(1.5) },
      { ...result, values: long, times: Float64Array.of(1, 2), memory: 77 },
      { ...result, values: { kind: 'void', count: 1 }, times: new Float64Array(17) },
      { ...result, values: { kind: 'void', count: 1 }, times: Float64Array.of(1, 2), last: false },
      { type: 'abort', run: 5 },
    ] as const;
    for (const message of messages) {
      const posted = structuredClone(packMessage(message, here));
      expect(posted).toBeTypeOf('object');
      expect(unpackMessage(posted, there)).toEqual(message);
    }
    const few = { ...result, last: false, times: noTimes, values: valueBatch([1, -0, Number.NaN]) };
    const { values } = unpackMessage(packMessage(few, here), there) as ResultMessage;
    expect(values).toEqual({ kind: 'plain', values: [1, -0, Number.NaN] });
  });

  it('lie in the mailbox where they are few numbers, each slot and direction apart', () => {
    const [here, there] = ends();
    const pairs = [0, 1, 2, 8].flatMap((count) => {
      const numbers = valueBatch(
        Array.from({ length: count }, (_, i) => (i ? -i / 3 : Number.NaN)),
      );
      const times = Float64Array.from({ length: 2 * count }, (_, i) => 1 / (i + 1));
      const nothing = { kind: 'void', count } as const;
      return [
        [
          { ...batch, slot: 0, args: numbers },
          { ...batch, slot: 1, args: nothing },
          { ...result, slot: 0, values: nothing, times },
          { ...result, slot: 1, values: numbers, times, memory: 5e9 },
        ],
        [
          { ...batch, slot: 1, batch: 2 ** 32 - 1, args: numbers },
          { ...result, slot: 1, values: numbers, times: noTimes },
          { ...batch, slot: 0, args: numbers },
          { ...result, slot: 0, values: nothing, times: noTimes, memory: 0 },
        ],
      ];
    });
    for (const messages of pairs) {
      const posted = messages.map((message) => packMessage(message, here));
      for (const place of posted) expect(place).toBeTypeOf('number');
      expect(posted.map((place) => unpackMessage(place, there))).toEqual(messages);
    }
  });
});
