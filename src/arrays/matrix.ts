/**
 * Matrices and vectors of float64 and float32: what is taken, what is returned, and the checks of
 * the one.
 */
import { types } from 'node:util';
import { rangeError, typeError } from '../errors.ts';
import { type Allocate, uninitialized, zeros } from '../executor/index.ts';
import { type Elements, isElements, type NdArray, type NdArrayLike } from './ndarray.ts';
import type { FrameOperand } from './operands.ts';
import { sameShape, stridesOf } from './shape.ts';
import { type AxisCount, isDistinct, requireStrided } from './strided.ts';

/**
 * A matrix (`shape` of two), a vector (of one) or a stack of matrices (of more), of float64 or
 * float32.
 */
export type MatrixLike<D extends Elements = Elements> = NdArrayLike<D>;

/** A result: row-major, with nothing left out. */
export type Matrix<D extends Elements = Elements> = NdArray<D>;

/** A checked operand as two axes. A vector is one column. */
export interface Operand<D extends Elements = Elements> extends FrameOperand {
  readonly data: D;
  /** Whether it was given as a vector. */
  readonly vector: boolean;
}

const MATRIX_OR_VECTOR: AxisCount = {
  least: 1,
  most: 2,
  expected: 'an array of one or two lengths',
};

/** Checks that the elements of an array are float64 or float32. */
export function requireElements(name: string, value: MatrixLike): void {
  if (value === null || typeof value !== 'object' || !isElements(value.data)) {
    throw typeError(name, value, '{ data: Float64Array | Float32Array, shape }');
  }
}

/**
 * Checks one matrix or vector.
 *
 * @param name - as the caller knows it
 * @param value - what was given
 * @throws TypeError where it is no matrix; RangeError where it reaches outside its data
 */
export function operand<D extends Elements>(name: string, value: MatrixLike<D>): Operand<D> {
  requireElements(name, value);
  requireStrided(name, value, MATRIX_OR_VECTOR);
  const { data, shape, stride } = value;
  const vector = shape.length === 1;
  const columns = vector ? 1 : (shape[1] as number);
  return {
    data,
    rows: shape[0] as number,
    columns,
    offset: value.offset ?? 0,
    rowStride: stride === undefined ? columns : (stride[0] as number),
    columnStride: vector || stride === undefined ? 1 : (stride[1] as number),
    vector,
  };
}

/** Checks that two operands have one element type, since BLAS mixes none. */
export function sameElements(
  name: string,
  one: { readonly data: Elements },
  other: { readonly data: Elements },
): void {
  if (types.isFloat64Array(one.data) !== types.isFloat64Array(other.data)) {
    throw typeError(name, other.data, `a ${one.data[Symbol.toStringTag]} like the first operand`);
  }
}

/** Checks that a matrix is square. */
export function requireSquare(name: string, matrix: Operand, shape: readonly number[]): void {
  if (matrix.vector || matrix.rows !== matrix.columns) {
    throw rangeError(`${name}.shape`, shape, 'that of a square matrix');
  }
}

/** Checks that an operand has two axes. */
export function requireMatrix(name: string, matrix: Operand, shape: readonly number[]): void {
  if (matrix.vector) {
    throw rangeError(`${name}.shape`, shape, 'that of a matrix: two lengths');
  }
}

/** A new row-major matrix of zeros, with the element type of `like`. */
export function newMatrix<D extends Elements>(
  like: D,
  shape: readonly number[],
  allocate: Allocate = zeros,
): Matrix<D> {
  const stride = stridesOf(shape);
  const length = shape.length === 0 ? 1 : (shape[0] as number) * (stride[0] as number);
  const data = types.isFloat64Array(like)
    ? allocate(Float64Array, length)
    : allocate(Float32Array, length);
  return { data: data as D, shape: shape.slice(), stride, offset: 0 };
}

/**
 * The place for a result: `out`, checked, or a new matrix. That `out` shares no element with an
 * operand is checked where the addresses are known: native/call/overlap.h.
 *
 * @param out - the caller's
 * @param like - an operand with the result's element type
 * @param shape - the result's
 */
export function target<D extends Elements>(
  out: MatrixLike<D> | undefined,
  like: Operand<D>,
  shape: readonly number[],
): { result: Matrix<D>; output: Operand<D> } {
  if (out === undefined) return fresh(like, shape, uninitialized);
  const output = operand('out', out);
  sameElements('out.data', like, output);
  requireOut(out, shape);
  const stride = output.vector ? [output.rowStride] : [output.rowStride, output.columnStride];
  return {
    result: { data: out.data, shape: shape.slice(), stride, offset: output.offset },
    output,
  };
}

/** Checks that an array is a place for a result of this shape. */
export function requireOut(out: MatrixLike, shape: readonly number[]): void {
  if (!sameShape(out.shape, shape)) {
    throw rangeError('out.shape', out.shape, `[${shape.join(', ')}]`);
  }
  if (out.stride !== undefined && !isDistinct(shape, out.stride)) {
    throw rangeError('out.stride', out.stride, 'strides under which no two elements coincide');
  }
}

/** A new vector or matrix for a result, and the same as an operand; nothing of it needs a check. */
export function fresh<D extends Elements>(
  like: Operand<D>,
  shape: readonly number[],
  allocate: Allocate = zeros,
): { result: Matrix<D>; output: Operand<D> } {
  const result = newMatrix(like.data, shape, allocate);
  const vector = shape.length === 1;
  const columns = vector ? 1 : (shape[1] as number);
  return {
    result,
    output: {
      data: result.data,
      rows: shape[0] as number,
      columns,
      offset: 0,
      rowStride: columns,
      columnStride: 1,
      vector,
    },
  };
}

/** In the place of a result that is not wanted. */
export function nothing<D extends Elements>(like: Operand<D>): Operand<D> {
  return { ...like, rows: 0, columns: 0, offset: 0, rowStride: 0, columnStride: 1 };
}

/** The transpose, without a copy. */
export function transposed<D extends Elements>(of: Operand<D>): Operand<D> {
  return {
    data: of.data,
    rows: of.columns,
    columns: of.rows,
    offset: of.offset,
    rowStride: of.columnStride,
    columnStride: of.rowStride,
    vector: false,
  };
}
