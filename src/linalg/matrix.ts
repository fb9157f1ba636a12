/**
 * Matrices and vectors: what is taken, what is returned, and the checks of the one.
 */
import { scopedConfig } from '../config/index.ts';
import { preview, rangeError, typeError } from '../errors.ts';
import { type Allocate, unwritten, zeros } from '../executor/index.ts';

/** Elements: float64 or float32. */
export type Elements = Float64Array | Float32Array;

/**
 * A matrix (`shape` of two), a vector (of one) or a stack of matrices (of more), over a typed
 * array that may lie in any ArrayBuffer or SharedArrayBuffer. An `ndarray` of scijs is one.
 */
export interface MatrixLike<D extends Elements = Elements> {
  readonly data: D;
  /** Length of each axis, outermost first. */
  readonly shape: readonly number[];
  /** Elements from one entry of each axis to the next; row-major where it is missing. */
  readonly stride?: readonly number[] | undefined;
  /** Index in `data` of the first element; 0 where it is missing. */
  readonly offset?: number | undefined;
}

/** A result: row-major, with nothing left out. */
export interface Matrix<D extends Elements = Elements> {
  readonly data: D;
  readonly shape: number[];
  readonly stride: number[];
  readonly offset: number;
}

/** A checked operand as two axes. A vector is one column. */
export interface Operand<D extends Elements = Elements> {
  readonly data: D;
  readonly rows: number;
  readonly columns: number;
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
  /** Whether it was given as a vector. */
  readonly vector: boolean;
  /** The axes of a stack before these two: how many, then the length and stride of each. */
  readonly axes?: readonly number[];
}

export function isElements(value: unknown): value is Elements {
  return value instanceof Float64Array || value instanceof Float32Array;
}

/** More than any buffer holds; strides of zero could ask for more. */
export const MAX_ELEMENTS = 2 ** 48;

export function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/**
 * Checks one matrix or vector.
 *
 * @param name - as the caller knows it
 * @param value - what was given
 * @throws TypeError where it is no matrix; RangeError where it reaches outside its data
 */
export function operand<D extends Elements>(name: string, value: MatrixLike<D>): Operand<D> {
  if (value === null || typeof value !== 'object' || !isElements(value.data)) {
    throw typeError(name, value, '{ data: Float64Array | Float32Array, shape }');
  }
  const { data, shape, stride } = value;
  const offset = value.offset ?? 0;
  if (!Array.isArray(shape) || (shape.length !== 2 && shape.length !== 1)) {
    throw typeError(`${name}.shape`, shape, 'an array of one or two lengths');
  }
  const rows = shape[0] as number;
  const vector = shape.length === 1;
  const columns = vector ? 1 : (shape[1] as number);
  if (!isSize(rows) || !isSize(columns)) {
    throw rangeError(`${name}.shape`, shape, 'lengths that are whole numbers of at least 0');
  }
  if (rows * columns > MAX_ELEMENTS) {
    throw rangeError(`${name}.shape`, shape, 'the shape of at most 2 ** 48 elements');
  }
  let rowStride = columns;
  let columnStride = 1;
  if (stride !== undefined) {
    if (!Array.isArray(stride) || stride.length !== shape.length) {
      throw typeError(`${name}.stride`, stride, 'an array as long as the shape');
    }
    rowStride = stride[0] as number;
    columnStride = vector ? 1 : (stride[1] as number);
    if (!Number.isSafeInteger(rowStride) || !Number.isSafeInteger(columnStride)) {
      throw rangeError(`${name}.stride`, stride, 'whole numbers');
    }
  }
  if (!isSize(offset)) {
    throw rangeError(`${name}.offset`, offset, 'a whole number of at least 0');
  }
  if (rows > 0 && columns > 0) {
    const down = (rows - 1) * rowStride;
    const across = (columns - 1) * columnStride;
    const first = offset + Math.min(down, 0) + Math.min(across, 0);
    const last = offset + Math.max(down, 0) + Math.max(across, 0);
    if (first < 0 || !(last < data.length)) {
      throw new RangeError(
        `'${name}' reaches outside its data: shape ${preview(shape)}, stride ` +
          `${preview(stride ?? [rowStride, columnStride])} and offset ${offset} need elements ` +
          `${first} to ${last}, but data has ${data.length}`,
      );
    }
  }
  return { data, rows, columns, offset, rowStride, columnStride, vector };
}

/** Checks that two operands have one element type, since BLAS mixes none. */
export function sameElements(name: string, one: Operand, other: Operand): void {
  if (one.data.constructor !== other.data.constructor) {
    throw typeError(name, other.data, `a ${one.data.constructor.name} like the first operand`);
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

/** 1 where NaN and infinity are to be looked for, 0 where `assumeFinite` is set. */
export function checkFinite(): number {
  return scopedConfig().assumeFinite ? 0 : 1;
}

/** A new row-major matrix of zeros, with the element type of `like`. */
export function newMatrix<D extends Elements>(
  like: D,
  shape: readonly number[],
  allocate: Allocate = zeros,
): Matrix<D> {
  const stride = new Array<number>(shape.length);
  let length = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    stride[axis] = length;
    length *= shape[axis] as number;
  }
  const data =
    like instanceof Float64Array ? allocate(Float64Array, length) : allocate(Float32Array, length);
  return { data: data as D, shape: shape.slice(), stride, offset: 0 };
}

/** First and last element that an operand touches. */
function extent(of: Operand): [number, number] {
  const down = (of.rows - 1) * of.rowStride;
  const across = (of.columns - 1) * of.columnStride;
  const start = of.data.byteOffset / of.data.BYTES_PER_ELEMENT + of.offset;
  return [
    start + Math.min(down, 0) + Math.min(across, 0),
    start + Math.max(down, 0) + Math.max(across, 0),
  ];
}

/** Whether two operands can have an element in common. */
export function overlap(one: Operand, other: Operand): boolean {
  // `buffer` is a call into V8, which takes longer than all the rest here.
  if (one.data !== other.data && one.data.buffer !== other.data.buffer) return false;
  if (one.rows * one.columns === 0 || other.rows * other.columns === 0) return false;
  const [first, last] = extent(one);
  const [otherFirst, otherLast] = extent(other);
  if (first > otherLast || otherFirst > last) return false;
  return !besideEachOther(one, other, otherFirst - first);
}

/**
 * Whether two views that are `apart` elements from each other take different columns (or rows) of
 * the same larger matrix, such as its left and its right half.
 */
function besideEachOther(one: Operand, other: Operand, apart: number): boolean {
  const beside = (step: number, width: number, otherWidth: number) => {
    const shift = ((apart % step) + step) % step;
    return shift >= width && step - shift >= otherWidth;
  };
  if (one.columnStride === 1 && other.columnStride === 1 && one.rowStride > 0) {
    return one.rowStride === other.rowStride && beside(one.rowStride, one.columns, other.columns);
  }
  return (
    one.rowStride === 1 &&
    other.rowStride === 1 &&
    one.columnStride > 0 &&
    one.columnStride === other.columnStride &&
    beside(one.columnStride, one.rows, other.rows)
  );
}

function sameShape(one: readonly number[], other: readonly number[]): boolean {
  if (one.length !== other.length) return false;
  for (let axis = 0; axis < one.length; axis++) {
    if (one[axis] !== other[axis]) return false;
  }
  return true;
}

/**
 * The place for a result: `out`, checked, or a new matrix.
 *
 * @param out - the caller's
 * @param like - an operand with the result's element type
 * @param shape - the result's
 * @param operands - what `out` must not overlap
 */
export function target<D extends Elements>(
  out: MatrixLike<D> | undefined,
  like: Operand<D>,
  shape: readonly number[],
  operands: readonly Operand[],
): { result: Matrix<D>; place: Operand<D> } {
  if (out === undefined) return fresh(like, shape, unwritten);
  const place = operand('out', out);
  sameElements('out.data', like, place);
  if (!sameShape(out.shape, shape)) {
    throw rangeError('out.shape', out.shape, `[${shape.join(', ')}]`);
  }
  const distinct =
    place.columnStride !== 0 &&
    place.rowStride !== 0 &&
    (Math.abs(place.rowStride) >= place.columns * Math.abs(place.columnStride) ||
      Math.abs(place.columnStride) >= place.rows * Math.abs(place.rowStride));
  if (place.rows * place.columns > 1 && !distinct) {
    throw rangeError('out.stride', out.stride, 'strides under which no two elements coincide');
  }
  for (let index = 0; index < operands.length; index++) {
    if (overlap(operands[index] as Operand, place)) {
      throw rangeError('out', out, 'a matrix that shares no element with the operands');
    }
  }
  const stride = place.vector ? [place.rowStride] : [place.rowStride, place.columnStride];
  return { result: { data: out.data, shape: shape.slice(), stride, offset: place.offset }, place };
}

/** A new vector or matrix for a result, and the same as an operand; nothing of it needs a check. */
export function fresh<D extends Elements>(
  like: Operand<D>,
  shape: readonly number[],
  allocate: Allocate = zeros,
): { result: Matrix<D>; place: Operand<D> } {
  const result = newMatrix(like.data, shape, allocate);
  const vector = shape.length === 1;
  const columns = vector ? 1 : (shape[1] as number);
  return {
    result,
    place: {
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
