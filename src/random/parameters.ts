/**
 * Parameters of distributions: numbers, or arrays of them that broadcast as NumPy's do.
 */
import { types } from 'node:util';

import { dense, isNdArray, lengthOf, type NdArrayLike } from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { zeros } from '../executor/index.ts';
import type { Numbers, Out, Size } from './output.ts';

/** A list of numbers: an array with one axis. */
export type NumberList = readonly number[] | Exclude<Numbers, BigInt64Array | BigUint64Array>;

/** A parameter: a number for all that is drawn, or an array that is broadcast to its shape. */
export type Parameter = number | NumberList | NdArrayLike<Numbers>;

/** A parameter that is an array: row-major numbers. */
export interface Grid {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
}

/** A parameter that is an array; undefined where it is none, which may be wrong. */
export function gridOf(name: string, value: unknown): Grid | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (isNdArray(value)) {
    return { data: numbersOf(name, dense(name, value)), shape: value.shape };
  }
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && !types.isDataView(value))) {
    const data = numbersOf(name, value as ArrayLike<number>);
    return { data, shape: [data.length] };
  }
  return undefined;
}

function numbersOf(name: string, data: ArrayLike<unknown>): ArrayLike<number> {
  if (types.isBigInt64Array(data) || types.isBigUint64Array(data)) {
    throw typeError(name, data, 'an array of numbers, not of bigints');
  }
  return data as ArrayLike<number>;
}

/**
 * The shape that arrays have together: lengths that are 1 or missing in front become the others'.
 *
 * @throws RangeError where two lengths differ and neither is 1
 */
export function broadcastShape(name: string, shapes: readonly (readonly number[])[]): number[] {
  const result = new Array<number>(Math.max(0, ...shapes.map((shape) => shape.length))).fill(1);
  for (const shape of shapes) {
    const first = result.length - shape.length;
    for (let axis = 0; axis < shape.length; axis++) {
      const length = shape[axis] as number;
      const found = result[first + axis] as number;
      if (length === found || length === 1) continue;
      if (found !== 1) {
        const all = shapes.map((one) => `[${one.join(', ')}]`).join(' and ');
        throw rangeError(name, shape, `of a shape that broadcasts with the others (${all})`);
      }
      result[first + axis] = length;
    }
  }
  return result;
}

/** Where in a row-major array of one shape the elements of a shape that it is broadcast to lie. */
export function broadcastIndices(from: readonly number[], to: readonly number[]): Float64Array {
  const indices = zeros(
    Float64Array,
    to.reduce((product, length) => product * length, 1),
  );
  if (indices.length === 0) return indices;
  // The step of each axis in the array; 0 along those that are repeated.
  const steps = new Array<number>(to.length).fill(0);
  let step = 1;
  for (let axis = from.length - 1, at = to.length - 1; axis >= 0; axis--, at--) {
    const length = from[axis] as number;
    if (length !== 1) steps[at] = step;
    step *= length;
  }
  const index = new Array<number>(to.length).fill(0);
  for (let i = 0, position = 0; ; ) {
    indices[i] = position;
    if (++i === indices.length) return indices;
    // As an odometer counts; the first axis never overflows before the end.
    for (let axis = to.length - 1; ; axis--) {
      position += steps[axis] as number;
      index[axis] = (index[axis] as number) + 1;
      if (index[axis] !== to[axis]) break;
      position -= (steps[axis] as number) * (index[axis] as number);
      index[axis] = 0;
    }
  }
}

/** An array's numbers in the order of a shape that it is broadcast to. */
export function broadcast(grid: Grid, shape: readonly number[]): Float64Array {
  const length = shape.reduce((product, axis) => product * axis, 1);
  // A copy in either case: results may be written over the caller's array.
  if (grid.data.length === length) return new Float64Array(grid.data);
  const indices = broadcastIndices(grid.shape, shape);
  return indices.map((position) => grid.data[position] as number);
}

/** The lengths of the axes that a size gives, one for a count. */
export function shapeOfSize(size: Size): readonly number[] {
  lengthOf(size, 'size');
  return typeof size === 'number' ? [size] : size;
}

/**
 * The shape that numbers are drawn in: of the size, else of `out`, else of the parameters alone, which
 * must broadcast to it.
 *
 * @param own - the shape that the parameters have together
 */
export function wantedShape(
  size: Size | undefined,
  out: Out<Numbers> | undefined,
  own: readonly number[],
): readonly number[] {
  let wanted = own;
  if (size !== undefined) wanted = shapeOfSize(size);
  else if (out !== undefined) wanted = isNdArray(out) ? out.shape : [out.length];
  checkSize(wanted, own);
  return wanted;
}

/** Refuses a size that the parameters' shape is not, once it is broadcast to it. */
function checkSize(size: readonly number[], shape: readonly number[]): void {
  const fits =
    shape.length <= size.length &&
    shape.every((length, axis) => {
      const wanted = size[size.length - shape.length + axis];
      return length === wanted || length === 1;
    });
  if (!fits) {
    throw rangeError('size', size, `a size that [${shape.join(', ')}] broadcasts to`);
  }
}
