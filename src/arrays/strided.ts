/**
 * The one check of strided arrays, and what follows from their strides.
 */
import { INVALID_ARGUMENT, preview, rangeError, typeError } from '../errors.ts';
import type { NdArray, NdArrayLike, TypedArray } from './ndarray.ts';
import { isLength, lengthOf, MAX_AXES, MAX_ELEMENTS, stridesOf } from './shape.ts';

/** How many axes an array may have. */
export interface AxisCount {
  readonly least: number;
  readonly most: number;
  /** To complete "must be …". */
  readonly expected: string;
}

/** Any number of axes. */
export const ANY_AXES: AxisCount = {
  least: 0,
  most: MAX_AXES,
  expected: `an array of at most ${MAX_AXES} lengths`,
};

/**
 * Checks the shape, stride and offset of an array, and that it lies inside its data, whose kind is
 * the caller's to check.
 *
 * Makes nothing: of a small product, an object more for each operand is a twentieth.
 *
 * @param name - as the caller knows it
 * @param value - the array
 * @param axes - how many axes it may have
 * @throws TypeError or RangeError, each with the code ERR_HEDDLE_INVALID_ARGUMENT
 */
export function requireStrided(
  name: string,
  value: NdArrayLike<{ readonly length: number }>,
  axes: AxisCount = ANY_AXES,
): void {
  const { data, shape, stride } = value;
  const offset = value.offset ?? 0;
  if (!Array.isArray(shape) || shape.length < axes.least || shape.length > axes.most) {
    throw typeError(`${name}.shape`, shape, axes.expected);
  }
  if (stride !== undefined && (!Array.isArray(stride) || stride.length !== shape.length)) {
    throw typeError(`${name}.stride`, stride, 'an array as long as the shape');
  }
  if (!isLength(offset)) {
    throw rangeError(`${name}.offset`, offset, 'a whole number of at least 0');
  }
  let size = 1;
  let first = offset;
  let last = offset;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis];
    if (!isLength(length)) {
      throw rangeError(`${name}.shape`, shape, 'lengths that are whole numbers of at least 0');
    }
    let step = size;
    if (stride !== undefined) {
      step = stride[axis] as number;
      if (!Number.isSafeInteger(step)) throw rangeError(`${name}.stride`, stride, 'whole numbers');
    }
    if (step > 0) last += (length - 1) * step;
    else first += (length - 1) * step;
    size *= length;
  }
  if (size > MAX_ELEMENTS) {
    throw rangeError(`${name}.shape`, shape, 'the shape of at most 2 ** 48 elements');
  }
  if (size > 0 && (first < 0 || !(last < data.length))) {
    const error = new RangeError(
      `'${name}' reaches outside its data: shape ${preview(shape)}, stride ` +
        `${preview(stride ?? stridesOf(shape))} and offset ${offset} need elements ${first} to ` +
        `${last}, but data has ${data.length}`,
    );
    throw Object.assign(error, { code: INVALID_ARGUMENT });
  }
}

/** A checked array with nothing left out. */
export function strided<D extends { readonly length: number }>(
  name: string,
  value: NdArrayLike<D>,
  axes: AxisCount = ANY_AXES,
): NdArray<D> {
  requireStrided(name, value, axes);
  const shape = [...value.shape];
  const stride = value.stride === undefined ? stridesOf(shape) : [...value.stride];
  return { data: value.data, shape, stride, offset: value.offset ?? 0 };
}

/**
 * Whether no two elements coincide: each axis steps over all that the smaller steps reach.
 *
 * @param shape - lengths of axes
 * @param stride - one for each axis
 */
export function isDistinct(shape: readonly number[], stride: readonly number[]): boolean {
  const axes = shape
    .map((length, axis) => [length, Math.abs(stride[axis] as number)] as const)
    .filter(([length]) => length > 1)
    .sort((one, other) => one[1] - other[1]);
  if (shape.includes(0)) return true;
  let reached = 0;
  for (const [length, step] of axes) {
    if (step <= reached) return false;
    reached += (length - 1) * step;
  }
  return true;
}

/** Whether the elements lie one after the other in the given order of axes, row-major if none. */
export function isDense(
  shape: readonly number[],
  stride: readonly number[],
  order: 'C' | 'F' = 'C',
): boolean {
  let step = 1;
  for (let i = 0; i < shape.length; i++) {
    const axis = order === 'C' ? shape.length - 1 - i : i;
    const length = shape[axis] as number;
    if (length === 0) return true;
    if (length > 1 && stride[axis] !== step) return false;
    step *= length;
  }
  return true;
}

/**
 * The part of `data` that a row-major array is, without a copy; refuses one with gaps or other
 * strides.
 */
export function dense<D extends TypedArray>(name: string, array: NdArrayLike<D>): D {
  const { data, shape, stride, offset } = strided(name, array);
  if (!isDense(shape, stride)) {
    throw rangeError(`${name}.stride`, stride, `row-major: ${preview(stridesOf(shape))}`);
  }
  const length = lengthOf(shape);
  // Not slice(): a Buffer's is a view.
  return (data.length === length ? data : data.subarray(offset, offset + length)) as D;
}

/** The elements in row-major order: those of `data` where they lie so, else a copy. */
export function rowMajor<D extends TypedArray>(array: NdArray<D>): D {
  const { data, shape, stride, offset } = array;
  const length = lengthOf(shape);
  if (isDense(shape, stride)) return data.subarray(offset, offset + length) as D;
  const copy = new (data.constructor as new (length: number) => D)(length);
  let at = 0;
  const visit = (axis: number, from: number): void => {
    const count = shape[axis] as number;
    const step = stride[axis] as number;
    if (axis === shape.length - 1) {
      for (let i = 0; i < count; i++) copy[at++] = data[from + i * step] as never;
      return;
    }
    for (let i = 0; i < count; i++) visit(axis + 1, from + i * step);
  };
  if (length > 0) visit(0, offset);
  return copy;
}
