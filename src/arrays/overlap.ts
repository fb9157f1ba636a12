/**
 * Memory that two arrays share, by whatever buffers or mappings they reach it. Native operations
 * check their own `out`; this is for what is written in TypeScript.
 */
import { rangeError } from '../errors.ts';
import { native } from '../native.ts';
import type { TypedArray } from './ndarray.ts';

/** Whether writing to one array can change what is read of the other. */
export function sharesMemory(written: TypedArray, read: TypedArray): boolean {
  return native.executor.overlap(written, read);
}

/**
 * Checks that an `out` shares no memory with what is read while it is written.
 *
 * @param name - as the caller knows it
 * @param out - what is written
 * @param operands - what is read
 * @throws RangeError
 */
export function requireApart(
  name: string,
  out: TypedArray,
  ...operands: readonly TypedArray[]
): void {
  if (operands.some((operand) => sharesMemory(out, operand))) {
    throw rangeError(name, out, 'an array that shares no element with the operands');
  }
}
