/**
 * Copies for queued operations where nothing keeps the bytes of a buffer.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { copyPrivately } from '../../src/arrays/private-copies.ts';
import { native } from '../../src/native.ts';
import { ended, startFixture } from '../helpers/child.ts';

const KINDS = [Float64Array, Float32Array, Int32Array, Uint8Array] as const;

/** A view of one of two buffers, aligned as its kind must be. */
const views = fc
  .record({
    buffer: fc.nat(1),
    kind: fc.constantFrom(...KINDS),
    from: fc.nat(20),
    length: fc.nat(20),
  })
  .map(({ buffer, kind, from, length }) => ({ buffer, kind, at: from * 8, length }));

describe('private copies', () => {
  it('have the same views of the same bytes, and give back just what was written', () => {
    fc.assert(
      fc.property(fc.array(views, { minLength: 1, maxLength: 6 }), fc.nat(), (places, salt) => {
        const buffers = [new ArrayBuffer(400), new ArrayBuffer(400)];
        for (const [i, buffer] of buffers.entries()) new Uint8Array(buffer).fill(i + 1);
        const given = places.map(
          ({ buffer, kind, at, length }) => new kind(buffers[buffer] as ArrayBuffer, at, length),
        );
        const { call, writeBack } = copyPrivately({
          operation: () => 0,
          operands: [],
          buffers: given,
          threads: 1,
        });
        const copies = call.buffers as Uint8Array[];
        for (const [i, copy] of copies.entries()) {
          expect(copy).toEqual(given[i]);
          expect(copy.buffer).not.toBe(given[i]?.buffer);
        }
        // Views of one buffer stay views of one.
        const written = copies[salt % copies.length] as Uint8Array;
        const expected = new Uint8Array(
          given[salt % copies.length]?.buffer.slice(0) as ArrayBuffer,
        );
        if (written.length > 0) written[salt % written.length] = 77;
        // Somebody else writes elsewhere meanwhile.
        for (const buffer of buffers) new Uint8Array(buffer)[399] = 99;
        expected[399] = 99;
        const { byteOffset, byteLength, buffer } = given[salt % copies.length] as Uint8Array;
        expected.set(
          new Uint8Array(written.buffer, written.byteOffset, written.byteLength),
          byteOffset,
        );
        writeBack();
        if (byteOffset + byteLength < 399) expect(new Uint8Array(buffer)).toEqual(expected);
        for (const [i, copy] of copies.entries()) expect(given[i]).toEqual(copy);
      }),
    );
  });

  it('leave shared memory, and what is no array, as they are', () => {
    const shared = new Float64Array(new SharedArrayBuffer(80));
    const other = { an: 'object' };
    const { call } = copyPrivately({
      operation: () => 0,
      operands: [],
      buffers: [shared, other, Buffer.from('abc')],
      threads: 1,
    });
    expect(call.buffers?.[0]).toBe(shared);
    expect(call.buffers?.[1]).toBe(other);
    expect(call.buffers?.[2]).toEqual(Uint8Array.of(97, 98, 99));
  });
});

describe('where bytes can not be held', () => {
  it('is not here', () => {
    expect(native.executor.holdsBytes).toBe(true);
  });

  it('a queued operation is right, and touches nothing that is freed', {
    timeout: 120_000,
  }, async () => {
    const child = startFixture('unheld.mjs', [], {
      env: { HEDDLE_V8_SYMBOLS: '0', NODE_OPTIONS: '--expose-gc' },
    });
    const { code, stdout, stderr } = await ended(child, 100);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      transferred: Array(20).fill('ERR_HEDDLE_BUFFER_TRANSFERRED'),
      harmed: 0,
      untouched: true,
      halves: true,
      solve: true,
      factors: true,
      neighbors: true,
      distances: true,
    });
  });
});
