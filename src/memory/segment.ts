/**
 * Shared segments as ArrayBuffers: making them, opening them by a handle, and knowing which
 * buffers are on one.
 */
import fs from 'node:fs';
import { isExhausted } from '../errors.ts';
import { type NativeSegment, native } from '../native.ts';
import { borrow, collectSoon } from './collect.ts';
import { createSegment } from './create.ts';
import type { MemoryHandle, SegmentHandle, SharedMode } from './handle.ts';
import { noteUnopened, suppliedFor } from './unopened.ts';

/** What is known of a buffer that is a mapping. */
interface Held {
  /** How others map the same memory; null where they must get a copy of what is seen here. */
  readonly handle: SegmentHandle | null;
  /** Keeps the memory open for those who come with the handle. */
  readonly segment: NativeSegment | null;
}

/** How memory is mapped here that came in a mode. */
const USES = { copyonwrite: 'private', once: 'lent', own: 'shared', readwrite: 'shared' } as const;

const held = new WeakMap<ArrayBufferLike, Held>();
/** The buffers whose writes all see: a handle that comes back finds the buffer it left from. */
const byInode = new Map<number, WeakRef<ArrayBuffer>>();
/** The copy-on-write mappings of memory that was shared on purpose, until they are collected. */
const copies = new Map<number, WeakRef<ArrayBuffer>>();
const forgotten = new FinalizationRegistry<number>((inode) => {
  for (const known of [byInode, copies]) if (!known.get(inode)?.deref()) known.delete(inode);
});

function remember(buffer: ArrayBuffer, entry: Held): ArrayBuffer {
  held.set(buffer, entry);
  if (entry.handle?.kind === 'memory') keep(byInode, entry.handle.inode, buffer);
  return buffer;
}

function keep(known: typeof byInode, inode: number, buffer: ArrayBuffer): void {
  known.set(inode, new WeakRef(buffer));
  forgotten.register(buffer, inode);
}

/**
 * New shared memory, zeroed, mapped here for reading and writing.
 *
 * @param bytes - at least 1
 */
export function allocate(bytes: number, mode: SharedMode): ArrayBuffer {
  const segment = createSegment(bytes);
  try {
    return hold(segment, mode);
  } catch (error) {
    native.memory.release(segment);
    throw error;
  }
}

/** Maps a segment that was made here, for reading and writing. */
export function hold(segment: NativeSegment, mode: SharedMode): ArrayBuffer {
  const handle: SegmentHandle = { kind: 'memory', ...native.memory.handle(segment), mode };
  return remember(native.memory.map(segment, 'shared'), { handle, segment });
}

/** Maps a part of a file; see `mapFile`. */
export function allocateFile(
  path: string,
  offset: number,
  bytes: number,
  mode: SharedMode | 'create',
): ArrayBuffer {
  const buffer = native.memory.mapFile(path, offset, bytes, mode);
  const others = mode === 'create' ? 'readwrite' : mode;
  const handle: SegmentHandle = { kind: 'file', path, offset, bytes, mode: others };
  return remember(buffer, { handle, segment: null });
}

/**
 * Maps a part of a file for this environment alone: what is written stays here, and others get a
 * copy of what is seen here, since the file may be gone by then.
 *
 * @param bytes - at least 1
 */
export function mapPrivately(path: string, offset: number, bytes: number): ArrayBuffer {
  const buffer = native.memory.mapFile(path, offset, bytes, 'copyonwrite');
  return remember(buffer, { handle: null, segment: null });
}

/** The handle of a buffer that others map instead of getting a copy. */
export function handleOf(buffer: ArrayBufferLike): SegmentHandle | null {
  const { handle, segment } = held.get(buffer) ?? { handle: null, segment: null };
  if (handle?.kind === 'file' && handle.mode === 'copyonwrite') {
    // What was written here is seen here only, and whoever maps the file would see what is in it.
    return native.memory.isUnwritten(buffer as ArrayBuffer) ? handle : null;
  }
  if (handle?.kind !== 'memory' || !segment) return handle;
  // By what others get at it is another thing when this process has changed its user.
  return { ...handle, locator: native.memory.handle(segment).locator };
}

/** Whether a buffer is a mapping of any kind: structured clone must not be asked to move it. */
export function isMapped(buffer: ArrayBufferLike): boolean {
  return held.has(buffer);
}

/**
 * Throws what {@link open} would, of memory that is to be opened later.
 *
 * @throws as {@link open}
 */
export function checkOpens(handle: SegmentHandle): void {
  if (suppliedFor(handle)) return;
  try {
    if (handle.kind === 'file') fs.accessSync(handle.path, fs.constants.R_OK);
    else {
      const { locator, inode, bytes, generation } = handle;
      native.memory.release(native.memory.open(locator, inode, bytes, generation));
    }
  } catch (error) {
    noteUnopened(error, { handle, opened: [] });
    throw error;
  }
}

/**
 * Maps what a handle describes, or takes what was supplied for it.
 *
 * @throws an Error of which `unopenedMemory` knows the handle
 */
export function open(handle: SegmentHandle): ArrayBuffer {
  const copy = suppliedFor(handle);
  if (copy) return copy;
  try {
    return map(handle);
  } catch (error) {
    noteUnopened(error, { handle, opened: [] });
    throw error;
  }
}

function map(handle: SegmentHandle): ArrayBuffer {
  if (handle.kind === 'file') {
    return allocateFile(handle.path, handle.offset, handle.bytes, handle.mode);
  }
  if (handle.mode === 'readwrite') {
    const known = byInode.get(handle.inode)?.deref();
    if (known) return known;
  }
  const { locator, inode, bytes, generation, mode } = handle;
  if (mode === 'copyonwrite') {
    // A model or table that comes with call after call: mapping it again would cost as much as
    // collecting the mapping before. What has been written to is mapped anew.
    const known = copies.get(inode)?.deref();
    if (known && native.memory.isUnwritten(known)) return known;
  }
  const segment = native.memory.open(locator, inode, bytes, generation);
  let buffer: ArrayBuffer;
  try {
    buffer = native.memory.map(segment, USES[mode]);
  } finally {
    // Not before it is mapped: the sender would take the memory for unused, and write into it.
    native.memory.markOpened(segment);
  }
  if (mode === 'copyonwrite') keep(copies, inode, buffer);
  if (mode === 'once') borrow(bytes);
  if (mode !== 'readwrite') {
    // What was written here is seen here only: whoever gets this array next needs a copy.
    native.memory.release(segment);
    return remember(buffer, { handle: null, segment: null });
  }
  const forward: SegmentHandle = { kind: 'memory', ...native.memory.handle(segment), mode };
  return remember(buffer, { handle: forward, segment });
}

/** Memory that another process has given away, and that this one keeps for others. */
export interface AdoptedMemory {
  /** By what others map it, each for itself; of this process. */
  readonly handle: MemoryHandle;
  /** Lets go of it: who has mapped it keeps it, nobody else gets it. */
  release(): void;
}

/**
 * Takes over memory that came for one receiver: it is there when its sender has ended.
 *
 * @throws as {@link open}
 */
export function adopt(handle: MemoryHandle): AdoptedMemory {
  const { locator, inode, bytes, generation } = handle;
  try {
    const segment = native.memory.open(locator, inode, bytes, generation);
    // As long as it is mapped somewhere its sender does not use it again.
    let mapping: ArrayBuffer | null = native.memory.map(segment, 'shared');
    native.memory.markOpened(segment);
    const own: MemoryHandle = { kind: 'memory', ...native.memory.handle(segment), mode: 'once' };
    return {
      handle: own,
      release() {
        if (!mapping) return;
        mapping = null;
        native.memory.release(segment);
      },
    };
  } catch (error) {
    noteUnopened(error, { handle, opened: [] });
    throw error;
  }
}

/** How long to wait for a descriptor before memory is opened after all (ms). */
const RETRY_MS = 200;

/** Opens memory only to let its sender know that it need not be kept. */
export function touch(handle: MemoryHandle): void {
  try {
    const segment = openAhead(handle);
    if (!segment) return; // The sender has ended, and its memory with it.
    native.memory.markOpened(segment);
    native.memory.release(segment);
  } catch {
    setTimeout(() => touch(handle), RETRY_MS).unref();
  }
}

/**
 * Opens memory without mapping it, which is left to who decodes.
 *
 * @returns null where its sender has gone
 * @throws the error where this process has no descriptor or memory left
 */
export function openAhead(handle: MemoryHandle): NativeSegment | null {
  const { locator, inode, bytes, generation } = handle;
  try {
    return native.memory.open(locator, inode, bytes, generation);
  } catch (error) {
    if (isExhausted(error)) throw error;
    return null;
  }
}

/** Lets go of what {@link openAhead} has opened. */
export function unpin(segment: NativeSegment): void {
  native.memory.release(segment);
}

/** How many mappings of the memory of a buffer there are, in all processes. */
export function mappingsOf(buffer: ArrayBuffer): number {
  const segment = held.get(buffer)?.segment;
  return segment ? native.memory.mappings(segment) : 0;
}

/**
 * To be called when a job has ended: what was mapped for its messages goes soon. What was shared on
 * purpose is likely to come again, and stays.
 */
export function scheduleCollection(): void {
  collectSoon(() => [...copies.values()].map((known) => known.deref()));
}
