import { expect, it } from 'vitest';
import { send } from '../../src/memory/outbox.ts';
import { type SegmentHandle, touch } from '../../src/memory/segment.ts';
import { native } from '../../src/native.ts';

type Memory = Extract<SegmentHandle, { kind: 'memory' }>;

it('leaves memory alone that a receiver has opened and is about to map', () => {
  const bytes = new Uint8Array(2 ** 20 + 8).fill(1);
  const first = send(bytes, 'one');
  first.release();
  const handle = first.handle as Memory;
  // The receiver, on another thread, between its two steps.
  const { locator, inode, generation } = handle;
  const segment = native.memory.open(locator, inode, handle.bytes, generation);
  const second = send(bytes.fill(2), 'one').handle as Memory;
  expect(second.inode).not.toBe(inode);
  expect(new Uint8Array(native.memory.map(segment, false))[0]).toBe(1);
});

it('uses memory again that its receiver has dropped', () => {
  const bytes = new Uint8Array(2 ** 20 + 16);
  const first = send(bytes, 'one');
  first.release();
  touch(first.handle as Memory);
  const second = send(bytes, 'one').handle as Memory;
  expect(second.inode).toBe((first.handle as Memory).inode);
  expect(second.generation).toBe((first.handle as Memory).generation + 1);
});
