/** Messages as frames of bytes. */

import { describe, expect, it } from 'vitest';
import { encodeFrame, FrameReader } from '../../src/protocol/frames.ts';
import { isJson } from '../../src/protocol/json.ts';
import type { BatchMessage, FromWorker, ResultMessage } from '../../src/protocol/messages.ts';
import { fc } from '../helpers/seeds.ts';

describe('the wire', () => {
  const times = Float64Array.of(1.5, 2.5, 2.5, 9.25);
  const messages: (BatchMessage | ResultMessage | FromWorker)[] = [
    { type: 'ready', clockOffset: 5.5, version: '1.2.3', build: 'node' },
    {
      type: 'batch',
      context: 3,
      run: 4,
      batch: 5,
      slot: 1,
      first: 2 ** 40,
      args: { kind: 'numbers', values: Float64Array.of(1, -0, Number.NaN) },
    },
    {
      type: 'batch',
      context: 3,
      run: 4,
      batch: 6,
      slot: 0,
      first: 0,
      args: { kind: 'coded', count: 1, message: [{ a: new Map([[1, 'x'.repeat(300_000)]]) }] },
    },
    {
      type: 'result',
      run: 4,
      batch: 5,
      slot: 1,
      offset: 2,
      values: { kind: 'plain', values: ['a', null, true, 5n] },
      times,
      last: true,
      memory: 123,
    },
    {
      type: 'result',
      run: 4,
      batch: 5,
      slot: 1,
      offset: 2,
      values: { kind: 'void', count: 3 },
      times: new Float64Array(0),
      last: false,
    },
    {
      type: 'result',
      run: 4,
      batch: 5,
      slot: 1,
      offset: 0,
      values: { kind: 'numbers', values: Float64Array.from({ length: 1000 }, (_, i) => i / 3) },
      times,
      last: false,
    },
  ];

  it.each([1, 3, 4, 7, 64, 65_536, 10_000_000])(
    'puts messages together from pieces of %d',
    (size) => {
      const bytes = Buffer.concat(messages.map(encodeFrame));
      const seen: unknown[] = [];
      const reader = new FrameReader((message: never) => seen.push(message));
      // The reader may not keep what it is given: the same memory holds each piece.
      const piece = Buffer.alloc(Math.min(size, bytes.length));
      for (let at = 0; at < bytes.length; at += piece.length) {
        const length = bytes.copy(piece, 0, at, at + piece.length);
        reader.push(piece.subarray(0, length));
      }
      piece.fill(255);
      expect(seen).toEqual(messages);
    },
  );

  it.each([
    ['of the largest number', Buffer.alloc(12, 0xff)],
    ['of an unknown kind', Buffer.from('hello, parent\n')],
    ['shorter than what it says to be', Buffer.from([8, 0, 0, 0, 1, 0, 0, 0])],
    ['of nothing', Buffer.alloc(5)],
  ])('waits for no end of a message %s', (_what, bytes) => {
    for (const size of [1, bytes.length]) {
      const reader = new FrameReader(() => {});
      for (const message of messages) reader.push(encodeFrame(message));
      const push = () => {
        for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
      };
      expect(push).toThrow(expect.objectContaining({ code: 'ERR_HEDDLE_FRAME' }));
    }
  });

  const shared = { text: 'twice' };
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const sparse = Object.assign(new Array<unknown>(2), { extra: 1 });
  sparse[0] = 1;

  it.each<[string, unknown, boolean]>([
    ['numbers, text and nothing', { a: [1, -2.5e300, 'ä\ud800', true, null], b: {} }, true],
    ['a name that is special', JSON.parse('{"__proto__": [1]}'), true],
    ['minus zero', [-0], false],
    ['not a number', [Number.NaN], false],
    ['undefined', { a: undefined }, false],
    ['a bigint', [1n], false],
    ['a date', [new Date(0)], false],
    ['bytes', new Uint8Array(3), false],
    ['a map', new Map([[1, 2]]), false],
    ['an array with a hole and a property', sparse, false],
    ['what is met twice', [shared, shared], false],
    ['what contains itself', cyclic, false],
    ['what is no plain object', [Object.create(null)], false],
    ['what says its text itself', { toJSON: 1 }, false],
    ['much', new Array<number>(10_000).fill(1), false],
  ])('carries %s as structured clone would', (_what, scope, json) => {
    expect(isJson(scope)).toBe(json);
    const seen: unknown[] = [];
    const frame = encodeFrame({ ...(messages[0] as FromWorker), scope } as never);
    new FrameReader((message: never) => seen.push(message)).push(frame);
    const [came] = seen as { scope: unknown }[];
    expect(came!.scope).toStrictEqual(structuredClone(scope));
  });

  it('says as JSON only what comes back from it', () => {
    const plain = fc.object({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
      maxDepth: 4,
    });
    let text = 0;
    fc.assert(
      fc.property(plain, (value) => {
        if (!isJson(value)) return;
        text++;
        expect(JSON.parse(JSON.stringify(value))).toStrictEqual(structuredClone(value));
      }),
      { numRuns: 500 },
    );
    expect(text).toBeGreaterThan(10);
  });
});
