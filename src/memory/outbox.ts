/**
 * Segments that carry big arrays to a receiver: copies, made when a message is encoded.
 *
 * Memory that the kernel has to find and zero costs more than the copy itself, so a segment that
 * every receiver has unmapped is used again for the next array of its size. Each process sees in
 * the segment's control page when that is.
 */
import { type NativeSegment, native } from '../native.ts';
import { fill } from './copy.ts';
import { createSegment, registerKeeper } from './create.ts';
import type { SegmentHandle } from './handle.ts';

/** A copy on its way. */
export interface Outgoing {
  readonly handle: SegmentHandle;
  /**
   * The sender is done with it. What went to one receiver is kept until that has opened it, what
   * went to many must have been opened by all.
   *
   * @param forsaken - whether nobody will open it any more; asked now and then until somebody has
   */
  release(forsaken?: () => boolean): void;
  /** It has not been sent: nobody knows of it, and its memory goes at once. */
  drop(): void;
}

interface Waiting {
  readonly segment: NativeSegment;
  readonly bytes: number;
  readonly since: number;
  /** Must not be freed before somebody has opened it. */
  readonly unopened: boolean;
  readonly forsaken: (() => boolean) | undefined;
}

const KEEP_BYTES = 256 * 2 ** 20;
const KEEP_MS = 5_000;

let waiting: Waiting[] = [];
let sweeping = false;

/**
 * Copies bytes into a segment.
 *
 * @param receivers - 'one' gives it away: the receiver's writes go into the segment itself
 * @throws an Error with code ERR_HEDDLE_SHARED_MEMORY when there is no memory or descriptor left
 */
export function send(bytes: Uint8Array, receivers: 'one' | 'many'): Outgoing {
  const segment = reuse(bytes.byteLength) ?? createSegment(bytes.byteLength);
  const mode = receivers === 'one' ? 'own' : 'once';
  let handle: SegmentHandle;
  try {
    handle = { kind: 'memory', ...native.memory.handle(segment), mode };
    if (handle.locator === '') throw unreachable();
    fill(segment, bytes, receivers === 'one' ? 'once' : 'repeated');
  } catch (error) {
    native.memory.release(segment);
    throw error;
  }
  let released = false;
  return {
    handle,
    release(forsaken) {
      if (released) return;
      released = true;
      retire({
        segment,
        bytes: bytes.byteLength,
        since: performance.now(),
        unopened: receivers === 'one',
        forsaken,
      });
    },
    drop() {
      if (released) return;
      released = true;
      native.memory.release(segment);
    },
  };
}

function unreachable(): Error {
  const text = "heddle: other processes can't open this process's memory, nor be served";
  return Object.assign(new Error(text), { code: 'ERR_HEDDLE_SHARED_MEMORY' });
}

function reuse(bytes: number): NativeSegment | null {
  for (let i = 0; i < waiting.length; i++) {
    const { segment, bytes: size, unopened } = waiting[i]!;
    if (size !== bytes || native.memory.mappings(segment) > 0) continue;
    if (unopened && native.memory.opened(segment) === 0) continue;
    waiting.splice(i, 1);
    native.memory.renew(segment);
    return segment;
  }
  return null;
}

function retire(entry: Waiting): void {
  waiting.push(entry);
  let bytes = 0;
  for (const item of waiting) bytes += item.bytes;
  if (bytes > KEEP_BYTES) sweep(bytes - KEEP_BYTES);
  if (!sweeping) later();
}

function later(): void {
  sweeping = waiting.length > 0;
  if (!sweeping) return;
  setTimeout(() => {
    sweep(0);
    later();
  }, KEEP_MS).unref();
}

/** Frees what has waited long, and the oldest beyond that until `excess` bytes are gone. */
function sweep(excess: number): void {
  const old = performance.now() - KEEP_MS;
  waiting = waiting.filter(({ segment, bytes, since, unopened, forsaken }) => {
    if (unopened && native.memory.opened(segment) === 0) {
      if (!forsaken?.()) return true;
    } else if (since > old && excess <= 0) return true;
    excess -= bytes;
    native.memory.release(segment);
    return false;
  });
}

/**
 * Frees at once all that waits to be used again, and keeps what somebody is still to open.
 *
 * @returns whether there was any
 */
export function releaseIdle(): boolean {
  const before = waiting.length;
  sweep(Number.POSITIVE_INFINITY);
  return waiting.length < before;
}

registerKeeper(releaseIdle);

/** How much memory waits to be used again or opened, for `sharedMemoryInfo`. */
export function outboxBytes(): number {
  return waiting.reduce((sum, { bytes }) => sum + bytes, 0);
}
