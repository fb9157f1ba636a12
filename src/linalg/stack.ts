/**
 * Stacks of matrices: any number of axes before the last two, broadcast against each other as in
 * NumPy. A matrix is a stack without such axes.
 */
import {
  type AxisCount,
  type Elements,
  fresh,
  MAX_AXES,
  type Matrix,
  type MatrixLike,
  newMatrix,
  type Operand,
  requireElements,
  requireOut,
  sameElements,
  strided,
} from '../arrays/index.ts';
import { preview, rangeError } from '../errors.ts';
import { uninitialized } from '../executor/index.ts';
import { type MatrixInput, take } from './inputs.ts';

const NO_AXES: readonly number[] = [];

/** The numbers of a matrix that is alone: no axes. Most are, and small ones feel each array made. */
const NO_STACK: number[] = [0];

/** The axes that an array of a stack may have. */
export const STACK: AxisCount = {
  least: 1,
  most: MAX_AXES,
  expected: `an array of 1 to ${MAX_AXES} lengths`,
};

/** Checks an array of at least one axis. */
export function checked<D extends Elements>(name: string, value: MatrixLike<D>): Matrix<D> {
  requireElements(name, value);
  return strided(name, value, STACK);
}

/** Checks a matrix or a stack of them. */
export function matrices<D extends Elements>(name: string, value: MatrixInput<D>): Matrix<D> {
  const array = checked(name, take(name, value));
  if (array.shape.length < 2) {
    throw rangeError(`${name}.shape`, array.shape, 'that of a matrix: two lengths, or more');
  }
  return array;
}

/** Checks a square matrix or a stack of them. */
export function squares<D extends Elements>(name: string, value: MatrixInput<D>): Matrix<D> {
  const array = checked(name, take(name, value));
  if (array.shape.length < 2 || rowsOf(array) !== columnsOf(array)) {
    throw rangeError(
      `${name}.shape`,
      array.shape,
      'that of a square matrix, or of a stack of them',
    );
  }
  return array;
}

export function rowsOf(of: Matrix): number {
  return of.shape[of.shape.length - 2] as number;
}

export function columnsOf(of: Matrix): number {
  return of.shape[of.shape.length - 1] as number;
}

/** The axes before those of a matrix. */
export function axesOf(of: Matrix): readonly number[] {
  return of.shape.length === 2 ? NO_AXES : of.shape.slice(0, -2);
}

/**
 * The axes before the last two of two operands, after broadcasting: they are equal, or one of them
 * is 1 or missing.
 *
 * @param name - the second operand's
 */
export function broadcast(
  name: string,
  a: readonly number[],
  b: readonly number[],
): readonly number[] {
  const count = Math.max(a.length, b.length);
  if (count === 0) return NO_AXES;
  const axes: number[] = [];
  for (let axis = 0; axis < count; axis++) {
    const one = a[axis - (count - a.length)] ?? 1;
    const other = b[axis - (count - b.length)] ?? 1;
    if (one !== other && one !== 1 && other !== 1) {
      throw rangeError(
        `${name}.shape`,
        b,
        `of axes that are equal to those of 'a' (${preview(a)}) or 1, before the last two`,
      );
    }
    axes.push(one === 1 ? other : one);
  }
  return axes;
}

/**
 * An array as the native operations take it: a stack along `axes` of matrices, of vectors as
 * columns, or of numbers.
 *
 * @param of - its last `own` axes are one entry of the stack
 * @param axes - the stack's; those of `of` are broadcast to them
 * @param own - 2, 1 or 0
 */
export function along<D extends Elements>(
  of: Matrix<D>,
  axes: readonly number[],
  own: 0 | 1 | 2 = 2,
): Operand<D> {
  const before = of.shape.length - own;
  const numbers = axes.length === 0 ? NO_STACK : [axes.length];
  for (let axis = 0; axis < axes.length; axis++) {
    const at = axis - (axes.length - before);
    const length = axes[axis] as number;
    const repeats = at < 0 || of.shape[at] !== length;
    numbers.push(length, repeats ? 0 : (of.stride[at] as number));
  }
  return {
    data: of.data,
    rows: own === 0 ? 1 : (of.shape[before] as number),
    columns: own === 2 ? (of.shape[before + 1] as number) : 1,
    offset: of.offset,
    rowStride: own === 0 ? 1 : (of.stride[before] as number),
    columnStride: own === 2 ? (of.stride[before + 1] as number) : 1,
    vector: own === 1,
    axes: numbers,
  };
}

/** In the place of a result that is not wanted. */
export function unwanted<D extends Elements>(like: Matrix<D>): Operand<D> {
  return along(fresh({ data: like.data } as Operand<D>, [0, 0]).result, []);
}

/** A new array for results whose every element is going to be written. */
export function result<D extends Elements>(like: Matrix<D>, ...shape: number[]): Matrix<D> {
  return newMatrix(like.data, shape, uninitialized);
}

/** The place for results: `out`, checked, or a new array. */
export function resultIn<D extends Elements>(
  out: MatrixLike<D> | undefined,
  like: Matrix<D>,
  shape: readonly number[],
): Matrix<D> {
  if (out === undefined) return newMatrix(like.data, shape, uninitialized);
  const given = checked('out', out);
  sameElements('out.data', like, given);
  requireOut(given, shape);
  return given;
}
