/**
 * Copies of arrays in shared memory. Apart from the segments, because only who sends copies, and
 * that asks the executor how many threads may help: a worker's first task needs neither.
 */
import { resolveThreads } from '../executor/index.ts';
import { type NativeSegment, native, type SegmentUse } from '../native.ts';
import { createSegment } from './create.ts';
import type { SharedMode } from './handle.ts';
import { hold } from './segment.ts';

/** From here on a copy may take more than this thread. */
const PARALLEL_BYTES = 8 * 2 ** 20;

/** Copies bytes to the start of a segment. */
export function fill(segment: NativeSegment, bytes: Uint8Array, use: SegmentUse): void {
  const threads = bytes.byteLength < PARALLEL_BYTES ? 1 : resolveThreads(undefined, 'openmp');
  native.memory.write(segment, bytes, use, threads);
}

/** New shared memory with a copy of `bytes`, which are at least 1. */
export function allocateCopy(bytes: Uint8Array, mode: SharedMode): ArrayBuffer {
  const segment = createSegment(bytes.byteLength);
  try {
    fill(segment, bytes, 'lasting');
    return hold(segment, mode);
  } catch (error) {
    native.memory.release(segment);
    throw error;
  }
}
