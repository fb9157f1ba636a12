/**
 * Makes segments. Where the system gives no more, what is kept here to be used again goes first.
 */
import { isExhausted } from '../errors.ts';
import { type NativeSegment, native } from '../native.ts';

/** ENOSPC: the file system behind shared memory is full. */
const NO_SPACE = 28;

let releaseKept: () => boolean = () => false;

/**
 * Says how memory and descriptors that are kept to be used again are given back.
 *
 * @param keeper - returns whether there were any
 */
export function registerKeeper(keeper: () => boolean): void {
  releaseKept = keeper;
}

/**
 * A new segment, zeroed, not mapped yet.
 *
 * @param bytes - at least 1
 * @throws an Error with code ERR_HEDDLE_SHARED_MEMORY or ERR_HEDDLE_OUT_OF_MEMORY when there is no
 *   memory or descriptor left, and nothing that could be given back
 */
export function createSegment(bytes: number): NativeSegment {
  try {
    return native.memory.create(bytes);
  } catch (error) {
    const full = (error as { errno?: unknown }).errno === NO_SPACE;
    if (!(full || isExhausted(error)) || !releaseKept()) throw error;
    return native.memory.create(bytes);
  }
}
