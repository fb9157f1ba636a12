/**
 * Shared segments as ArrayBuffers: making them, opening them by a handle, and knowing which
 * buffers are on one.
 */
import { type NativeSegment, native } from '../native.ts';
import { borrow, collectSoon } from './collect.ts';

/**
 * Who may write. `'copyonwrite'`: every worker may, and keeps what it wrote to itself.
 * `'readwrite'`: everyone sees everyone's writes, at once.
 */
export type SharedMode = 'copyonwrite' | 'readwrite';

/** By what another thread or process maps the same memory; plain data. */
export type SegmentHandle =
  | {
      readonly kind: 'memory';
      readonly locator: string;
      readonly inode: number;
      readonly bytes: number;
      readonly generation: number;
      /**
       * 'copyonwrite': the receiver may know the memory already. 'once': a mapping of its own,
       * copy-on-write. 'own': the receiver is the only one, so that no copy-on-write is needed.
       */
      readonly mode: SharedMode | 'once' | 'own';
    }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly offset: number;
      readonly bytes: number;
      readonly mode: SharedMode;
    };

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
  const segment = native.memory.create(bytes);
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

/** The handle of a buffer that others map instead of getting a copy. */
export function handleOf(buffer: ArrayBufferLike): SegmentHandle | null {
  return held.get(buffer)?.handle ?? null;
}

/** Whether a buffer is a mapping of any kind: structured clone must not be asked to move it. */
export function isMapped(buffer: ArrayBufferLike): boolean {
  return held.has(buffer);
}

/** Maps what a handle describes. */
export function open(handle: SegmentHandle): ArrayBuffer {
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

/** Opens memory only to let its sender know that it need not be kept. */
export function touch(handle: Extract<SegmentHandle, { kind: 'memory' }>): void {
  try {
    const { locator, inode, bytes, generation } = handle;
    const segment = native.memory.open(locator, inode, bytes, generation);
    native.memory.markOpened(segment);
    native.memory.release(segment);
  } catch {
    // The sender has ended, and its memory with it.
  }
}

/**
 * To be called when a job has ended: what was mapped for its messages goes soon. What was shared on
 * purpose is likely to come again, and stays.
 */
export function scheduleCollection(): void {
  collectSoon(() => [...copies.values()].map((known) => known.deref()));
}
