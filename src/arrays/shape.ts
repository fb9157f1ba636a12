/**
 * Shapes: their checks, and the strides that follow from them.
 */
import { rangeError, typeError } from '../errors.ts';
import type { NdArray } from './ndarray.ts';

/** Axes that an array may have; as in NumPy. */
export const MAX_AXES = 32;

/** More elements than any buffer holds; strides of zero could ask for more. */
export const MAX_ELEMENTS = 2 ** 48;

/** Whether a value is a length, count or index. */
export function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/**
 * The number of elements of a shape, checked.
 *
 * @param shape - a length, or a list of them
 * @param name - as the caller knows it
 */
export function lengthOf(shape: number | readonly number[], name = 'shape'): number {
  if (typeof shape === 'number') {
    if (!isLength(shape)) throw rangeError(name, shape, 'a whole number of at least 0');
    return shape;
  }
  if (!Array.isArray(shape)) {
    throw typeError(name, shape, 'a whole number of at least 0 or an array of them');
  }
  let length = 1;
  for (const axis of shape as readonly number[]) {
    if (!isLength(axis)) throw rangeError(name, shape, 'whole numbers of at least 0');
    length *= axis;
  }
  if (!Number.isSafeInteger(length)) {
    throw rangeError(name, shape, 'a shape of fewer elements: this many fit into no memory');
  }
  return length;
}

/** Row-major strides of a shape. */
export function stridesOf(shape: readonly number[]): number[] {
  const stride = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    stride[axis] = step;
    step *= shape[axis] as number;
  }
  return stride;
}

export function sameShape(one: readonly number[], other: readonly number[]): boolean {
  if (one.length !== other.length) return false;
  for (let axis = 0; axis < one.length; axis++) {
    if (one[axis] !== other[axis]) return false;
  }
  return true;
}

/** Row-major data in a shape. */
export function shaped<D>(data: D, shape: readonly number[]): NdArray<D> {
  return { data, shape: [...shape], stride: stridesOf(shape), offset: 0 };
}

/** The number of an array without axes; any other array as it is. */
export function plain<D extends ArrayLike<number>>(array: NdArray<D>): number | NdArray<D> {
  return array.shape.length === 0 ? (array.data[0] as number) : array;
}
