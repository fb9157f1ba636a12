/**
 * Where numbers go: sizes, `out` arrays, and memory for new ones.
 */
import {
  dense,
  isNdArray,
  lengthOf,
  type NdArray,
  type NdArrayLike,
  sameShape,
  shaped,
  type TypedArray,
} from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { type ArrayConstructor, uninitialized } from '../executor/index.ts';

/** A count, or the lengths of axes. */
export type Size = number | readonly number[];

/** What a call with a size returns: a typed array for a count, with a shape for a shape. */
export type Filled<S extends Size, D> = S extends number ? D : NdArray<D>;

/** Typed arrays that numbers are written into. */
export type Numbers = TypedArray;

/** A destination for numbers. */
export type Out<D extends Numbers> = D | NdArrayLike<D>;

/** The constructor of a typed array. */
export interface NumbersConstructor<D extends Numbers> extends ArrayConstructor<D> {
  readonly name: string;
}

/** A place to fill, and what the caller gets for it. */
export interface Target<D extends Numbers, R = D | NdArray<D>> {
  readonly data: D;
  readonly result: R;
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
    const data = uninitialized(Kind, lengthOf(size as Size, 'size'));
    return { data, result: typeof size === 'number' ? data : shaped(data, size as number[]) };
  }
  const data = isNdArray(out) ? dense('out', out as NdArrayLike<D>) : (out as D);
  if (Object.prototype.toString.call(data) !== `[object ${Kind.name}]`) {
    throw typeError('out', out, `a ${Kind.name}, or one in { data, shape }`);
  }
  if (size !== undefined) {
    const fits = isNdArray(out)
      ? Array.isArray(size) && sameShape(size, out.shape)
      : lengthOf(size, 'size') === data.length && (typeof size === 'number' || size.length === 1);
    if (!fits) throw rangeError('size', size, "out's, where both are given");
  }
  return { data, result: out as D | NdArray<D> };
}
