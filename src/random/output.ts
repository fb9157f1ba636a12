/**
 * Where numbers go: sizes, `out` arrays, and memory for new ones.
 */
import { rangeError, typeError } from '../errors.ts';
import { type ArrayConstructor, unwritten } from '../executor/index.ts';

/** A count, or the lengths of axes. */
export type Size = number | readonly number[];

/** Numbers in a shape: row-major, like the matrices of `heddle/linalg`. */
export interface NdArray<D> {
  readonly data: D;
  readonly shape: number[];
  readonly stride: number[];
  readonly offset: number;
}

/** What is taken as an array with a shape: rows one after the other. */
export interface NdArrayLike<D> {
  readonly data: D;
  readonly shape: readonly number[];
  readonly stride?: readonly number[] | undefined;
  readonly offset?: number | undefined;
}

/** What a call with a size returns: a typed array for a count, with a shape for a shape. */
export type Filled<S extends Size, D> = S extends number ? D : NdArray<D>;

/** Typed arrays that numbers are written into. */
export type Numbers =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** The constructor of a typed array. */
export interface NumbersConstructor<D extends Numbers> extends ArrayConstructor<D> {
  readonly name: string;
}

/** A place to fill, and what the caller gets for it. */
export interface Target<D extends Numbers, R = D | NdArray<D>> {
  readonly data: D;
  readonly result: R;
}

function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** How many numbers a size is. */
export function lengthOf(size: Size): number {
  if (typeof size === 'number') {
    if (!isLength(size)) throw rangeError('size', size, 'a whole number of at least 0');
    return size;
  }
  if (!Array.isArray(size)) {
    throw typeError('size', size, 'a whole number or an array of them');
  }
  let length = 1;
  for (const axis of size) {
    if (!isLength(axis)) throw rangeError('size', size, 'whole numbers of at least 0');
    length *= axis;
  }
  if (!Number.isSafeInteger(length)) throw rangeError('size', size, 'fewer numbers in all');
  return length;
}

/** Row-major steps of a shape. */
export function strideOf(shape: readonly number[]): number[] {
  const stride = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    stride[axis] = step;
    step *= shape[axis] as number;
  }
  return stride;
}

/** Data in a shape. */
export function shaped<D>(data: D, shape: readonly number[]): NdArray<D> {
  return { data, shape: [...shape], stride: strideOf(shape), offset: 0 };
}

/** Whether a value is an array with a shape. */
export function isNdArray(value: unknown): value is NdArrayLike<Numbers> {
  return (
    typeof value === 'object' &&
    value !== null &&
    ArrayBuffer.isView((value as NdArrayLike<Numbers>).data) &&
    Array.isArray((value as NdArrayLike<Numbers>).shape)
  );
}

/** The part of `data` that a row-major array is; refuses one with gaps or other strides. */
export function dense<D extends Numbers>(name: string, array: NdArrayLike<D>): D {
  const { data, shape, stride, offset = 0 } = array;
  const length = lengthOf(shape);
  const expected = strideOf(shape);
  if (
    stride !== undefined &&
    (stride.length !== shape.length ||
      shape.some((n, axis) => n > 1 && stride[axis] !== expected[axis]))
  ) {
    throw rangeError(`${name}.stride`, stride, `row-major: [${expected.join(', ')}]`);
  }
  if (!isLength(offset) || offset + length > data.length) {
    throw rangeError(
      name,
      array,
      `inside its data: ${length} numbers from ${offset} on, of ${data.length}`,
    );
  }
  return (data.length === length ? data : data.subarray(offset, offset + length)) as D;
}

/**
 * The place for a call's numbers.
 *
 * @param Kind - the array that the call makes
 * @param size - a count or shape; with `out` it must be out's
 * @param out - the caller's own array
 */
export function target<D extends Numbers>(
  Kind: NumbersConstructor<D>,
  size: Size | undefined,
  out: D | NdArrayLike<D> | undefined,
): Target<D> {
  if (out === undefined) {
    const data = unwritten(Kind, lengthOf(size as Size));
    return { data, result: typeof size === 'number' ? data : shaped(data, size as number[]) };
  }
  const data = isNdArray(out) ? dense('out', out as NdArrayLike<D>) : (out as D);
  if (Object.prototype.toString.call(data) !== `[object ${Kind.name}]`) {
    throw typeError('out', out, `a ${Kind.name}, or one in { data, shape }`);
  }
  if (size !== undefined) {
    const fits = isNdArray(out)
      ? Array.isArray(size) &&
        size.length === out.shape.length &&
        size.every((n, axis) => n === out.shape[axis])
      : lengthOf(size) === data.length && (typeof size === 'number' || size.length === 1);
    if (!fits) throw rangeError('size', size, "out's, where both are given");
  }
  return { data, result: out as D | NdArray<D> };
}
