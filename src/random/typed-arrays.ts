/**
 * Typed arrays of any kind, Buffers among them: telling them apart, making and copying them.
 */
import { types } from 'node:util';
import { rangeError } from '../errors.ts';
import type { Numbers } from './output.ts';

/** Whether a value is a typed array. */
export function isNumbers(value: unknown): value is Numbers {
  return ArrayBuffer.isView(value) && !types.isDataView(value);
}

/** The name of a typed array's kind; a Buffer is a Uint8Array. */
export function kindOf(data: Numbers): string {
  return Object.prototype.toString.call(data);
}

/**
 * A copy of a typed array, or of a part of it, in memory of its own. `data.slice()` is none where
 * `data` is a Buffer: that gives another view of the same memory.
 */
export function duplicate<D extends Numbers>(data: D, begin = 0, end = data.length): D {
  return copySlice.call(data, begin, end) as D;
}
const copySlice = Object.getPrototypeOf(Uint8Array.prototype).slice as (
  this: Numbers,
  begin: number,
  end: number,
) => Numbers;

/** A new typed array of the kind of another. */
export function newLike(data: Numbers, length: number): Numbers {
  if (data instanceof Uint8Array && Buffer.isBuffer(data)) return Buffer.alloc(length);
  return new (data.constructor as new (length: number) => Numbers)(length);
}

/** The axis as a place in the shape; negative ones count from the end. */
export function axisOf(shape: readonly number[], axis: number): number {
  const position = axis < 0 ? axis + shape.length : axis;
  if (!Number.isInteger(position) || position < 0 || position >= shape.length) {
    throw rangeError('axis', axis, `an axis of an array of ${shape.length}`);
  }
  return position;
}
