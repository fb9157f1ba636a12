import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import os from 'node:os';
import { expect, it } from 'vitest';
import type { SegmentHandle } from '../../src/memory/handle.ts';
import { outboxBytes, releaseIdle, send } from '../../src/memory/outbox.ts';
import { allocate, touch } from '../../src/memory/segment.ts';
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
  expect(new Uint8Array(native.memory.map(segment, 'shared'))[0]).toBe(1);
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

it('fills memory that it uses again with every byte, by several threads', () => {
  const bytes = new Uint32Array((9 * 2 ** 20 + 4096 + 8) / 4);
  const inodes = new Set<number>();
  for (let round = 1; round < 5; round++) {
    for (let i = 0; i < bytes.length; i++) bytes[i] = Math.imul(i + round, 0x9e3779b1);
    const outgoing = send(new Uint8Array(bytes.buffer), 'many');
    const { locator, inode, generation } = outgoing.handle as Memory;
    const segment = native.memory.open(locator, inode, bytes.byteLength, generation);
    const seen = Buffer.alloc(bytes.byteLength);
    readSync(openSync(locator, 'r'), seen, 0, seen.length, 0);
    expect(seen.equals(Buffer.from(bytes.buffer))).toBe(true);
    native.memory.release(segment);
    outgoing.release();
    inodes.add(inode);
  }
  expect(inodes.size).toBe(1);
});

it('gives back at once what waits to be used again, and nothing that is still to be opened', () => {
  releaseIdle();
  const before = outboxBytes();
  const bytes = new Uint8Array(2 ** 20 + 24);
  const opened = send(bytes, 'one');
  opened.release();
  touch(opened.handle as Memory);
  const unopened = send(new Uint8Array(2 ** 20 + 32), 'one');
  unopened.release();
  expect(outboxBytes() - before).toBe(2 ** 21 + 56);
  expect(releaseIdle()).toBe(true);
  expect(outboxBytes() - before).toBe(2 ** 20 + 32);
  expect(releaseIdle()).toBe(false);
  const { locator, inode, generation } = unopened.handle as Memory;
  native.memory.release(native.memory.open(locator, inode, 2 ** 20 + 32, generation));
});

it('gives descriptors back that it keeps when there are no others for new memory', () => {
  const files: number[] = [];
  const kept = send(new Uint8Array(2 ** 16), 'many');
  kept.release();
  try {
    for (;;) files.push(openSync('/dev/null', 'r'));
  } catch (error) {
    expect(error).toMatchObject({ code: 'EMFILE' });
  }
  try {
    // One descriptor is enough for new memory, and it is the one of the memory that waits.
    expect(allocate(4096, 'readwrite').byteLength).toBe(4096);
    expect(() => allocate(4096, 'readwrite')).toThrow(
      expect.objectContaining({ code: 'ERR_HEDDLE_SHARED_MEMORY' }),
    );
  } finally {
    for (const file of files) closeSync(file);
  }
});

/** MiB of the segment that are mapped here by huge pages. */
function onHugePages(inode: number): number {
  const lines = readFileSync('/proc/self/smaps', 'latin1').split('\n');
  const at = lines.findIndex(
    (line) => /memfd:heddle/.test(line) && line.split(/ +/)[4] === `${inode}`,
  );
  const found = lines.slice(at + 1).find((line) => line.startsWith('ShmemPmdMapped:'));
  return Number(found!.split(/ +/)[1]) / 1024;
}

const [major, minor] = os.release().split('.').map(Number) as [number, number];
// MADV_COLLAPSE is younger.
const collapses = os.platform() === 'linux' && major * 100 + minor >= 601;

it.runIf(collapses)('lies on huge pages when it is used time and again', async () => {
  const bytes = new Uint8Array(12 * 2 ** 20 + 8);
  const once = (value: number) => {
    const outgoing = send(bytes.fill(value), 'many');
    outgoing.release();
    return outgoing.handle as Memory;
  };
  const { inode } = once(1);
  // The kernel may have to look for some; it is asked again after a second.
  for (let round = 2; round < 10; round++) {
    expect(once(round).inode).toBe(inode);
    if (onHugePages(inode) === 12) break;
    await new Promise((resolve) => {
      setTimeout(resolve, round > 3 ? 1100 : 0);
    });
  }
  expect(onHugePages(inode)).toBe(12);
});
