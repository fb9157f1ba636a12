/**
 * Memory of a message that can't be opened here, although its owner is there: another user's, in another
 * tree of processes or files, or where no descriptor is left. Its owner can be asked for the bytes.
 */
import { native } from '../native.ts';
import type { SegmentHandle } from './handle.ts';

/** Memory that could not be opened. */
export interface UnopenedMemory {
  readonly handle: SegmentHandle;
  /** What was opened for the message before: it stays open for who tries again. */
  readonly opened: readonly (readonly [SegmentHandle, ArrayBuffer])[];
}

const unopened = new WeakMap<object, UnopenedMemory>();

/** Notes which memory an error is about. */
export function noteUnopened(error: unknown, memory: UnopenedMemory): void {
  if (typeof error === 'object' && error !== null) unopened.set(error, memory);
}

/** The memory that an error is about, if it could not be opened and a copy of its bytes will do. */
export function unopenedMemory(error: unknown): UnopenedMemory | null {
  const memory = typeof error === 'object' && error !== null ? unopened.get(error) : undefined;
  // A copy of what all see each other write to would be something else.
  return memory && memory.handle.mode !== 'readwrite' ? memory : null;
}

/** Two handles of the same memory, in the same state, have one key. */
export function memoryKey(handle: SegmentHandle): string {
  return handle.kind === 'file'
    ? `${handle.offset}/${handle.bytes}/${handle.path}`
    : `${handle.inode}/${handle.generation}`;
}

const supplied = new Map<string, ArrayBuffer>();

/**
 * Gives bytes that are to be taken for memory, instead of opening it.
 *
 * @returns takes them back
 */
export function supply(handle: SegmentHandle, bytes: ArrayBuffer): () => void {
  const key = memoryKey(handle);
  supplied.set(key, bytes);
  return () => {
    if (supplied.get(key) === bytes) supplied.delete(key);
  };
}

/** What was given for memory, if something was. */
export function suppliedFor(handle: SegmentHandle): ArrayBuffer | undefined {
  return supplied.size === 0 ? undefined : supplied.get(memoryKey(handle));
}

/**
 * A copy of memory that this process has handed out, for a receiver that can't open it.
 *
 * @returns null where it is gone, or a copy will not do
 */
export function bytesOf(handle: SegmentHandle): ArrayBuffer | null {
  if (handle.mode === 'readwrite') return null;
  try {
    if (handle.kind === 'file') {
      return native.memory
        .mapFile(handle.path, handle.offset, handle.bytes, 'copyonwrite')
        .slice(0);
    }
    const { locator, inode, bytes, generation } = handle;
    const segment = native.memory.open(locator, inode, bytes, generation);
    try {
      return native.memory.map(segment, 'lent').slice(0, bytes);
    } finally {
      // The receiver has it now: what went to one need not be kept.
      native.memory.markOpened(segment);
      native.memory.release(segment);
    }
  } catch {
    return null;
  }
}

/**
 * What opening memory fails with when its owner has ended. All else is about this process: it has no
 * descriptor left, or may not look into the owner's.
 */
const GONE: readonly (keyof typeof import('node:os').constants.errno)[] = [
  'ENOENT',
  'ESRCH',
  'ESTALE',
];

/** Whether memory could not be opened because whoever had made it has ended. */
export function isGone(error: unknown): error is Error {
  const { code, errno } = (error ?? {}) as { code?: unknown; errno?: number };
  if (code !== 'ERR_HEDDLE_SHARED_MEMORY') return false;
  // Loaded here: workers need it for nothing else.
  const numbers = process.getBuiltinModule('node:os').constants.errno;
  return GONE.some((name) => numbers[name] === errno);
}
