/**
 * Orders: shuffle, permutation, permuted.
 *
 * Shuffles go from the last element down and swap each with one at or before it, found by masked
 * rejection, as NumPy's do.
 */

import { dense, FRAME_HEADER as HEADER, isNdArray, stridesOf } from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { zeros } from '../executor/index.ts';
import { native } from '../native.ts';
import { wholeNumber } from './arguments.ts';
import type { Numbers } from './output.ts';
import type { Stream } from './stream.ts';
import { axisOf, duplicate, isNumbers, kindOf } from './typed-arrays.ts';

const frame = native.random.frame;
const MAX_LENGTH = 0xffffffff;

function bytesOf(data: Numbers): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function checkCount(name: string, count: number): void {
  if (count > MAX_LENGTH) throw rangeError(name, count, 'an array of fewer than 2^32 elements');
}

/** Shuffles elements of `size` that lie `stride` apart from `offset` on; in numbers of the array. */
function shuffleNumbers(
  stream: Stream,
  data: Numbers,
  offset: number,
  count: number,
  size: number,
  stride: number,
): void {
  const unit = data.BYTES_PER_ELEMENT;
  frame[HEADER] = offset * unit;
  frame[HEADER + 1] = count;
  frame[HEADER + 2] = size * unit;
  frame[HEADER + 3] = stride * unit;
  native.random.shuffle(stream.words, bytesOf(data));
}

/** Shuffles in place what can be indexed. */
function shuffleList(stream: Stream, list: unknown[]): void {
  const partners = new Uint32Array(Math.max(list.length - 1, 0));
  native.random.partners(stream.words, partners);
  for (let i = list.length - 1, k = 0; i >= 1; i--, k++) {
    const j = partners[k] as number;
    const kept = list[i];
    list[i] = list[j];
    list[j] = kept;
  }
}

/** Shuffles the slices along an axis of a row-major array. */
function shuffleAxis(stream: Stream, data: Numbers, shape: readonly number[], axis: number): void {
  const count = shape[axis] as number;
  const inner = stridesOf(shape)[axis] as number;
  checkCount('array', count);
  if (axis === 0 || data.length === count * inner) {
    if (inner > 0) shuffleNumbers(stream, data, 0, count, inner, inner);
    else native.random.partners(stream.words, new Uint32Array(Math.max(count - 1, 0)));
    return;
  }
  const partners = new Uint32Array(Math.max(count - 1, 0));
  native.random.partners(stream.words, partners);
  const block = count * inner;
  const spare = duplicate(data, 0, inner);
  for (let start = 0; start < data.length; start += block) {
    for (let i = count - 1, k = 0; i >= 1; i--, k++) {
      const j = partners[k] as number;
      const a = start + i * inner;
      const b = start + j * inner;
      spare.set(data.subarray(a, a + inner) as never);
      data.copyWithin(a, b, b + inner);
      data.set(spare as never, b);
    }
  }
}

/** Shuffles in place: an array, a typed array, or the slices along an axis of an array in a shape. */
export function shuffle(stream: Stream, array: unknown, axis: number): void {
  if (Array.isArray(array)) {
    axisOf([array.length], axis);
    checkCount('array', array.length);
    shuffleList(stream, array);
  } else if (isNumbers(array)) {
    axisOf([array.length], axis);
    checkCount('array', array.length);
    shuffleNumbers(stream, array, 0, array.length, 1, 1);
  } else if (isNdArray(array)) {
    shuffleAxis(stream, dense('array', array), array.shape, axisOf(array.shape, axis));
  } else {
    throw typeError('array', array, 'an array, a typed array, or { data, shape }');
  }
}

/** Numbers from 0 up. */
function upTo(count: number): Float64Array {
  const numbers = zeros(Float64Array, count);
  for (let i = 0; i < count; i++) numbers[i] = i;
  return numbers;
}

/** A copy that can be written. */
function copyOf(array: unknown): unknown {
  if (Array.isArray(array)) return array.slice();
  if (isNumbers(array)) return duplicate(array);
  if (isNdArray(array)) {
    const data = duplicate(dense('array', array));
    return { data, shape: [...array.shape], stride: stridesOf(array.shape), offset: 0 };
  }
  throw typeError('array', array, 'a whole number, an array, a typed array, or { data, shape }');
}

/** A shuffled copy, or the numbers below `array` shuffled. */
export function permutation(stream: Stream, array: unknown, axis: number): unknown {
  if (typeof array === 'number') {
    const count = wholeNumber('array', Math.max(array, 0));
    checkCount('array', count);
    const numbers = upTo(count);
    shuffle(stream, numbers, 0);
    return numbers;
  }
  const copy = copyOf(array);
  shuffle(stream, copy, axis);
  return copy;
}

/** A copy in which each slice along the axis is shuffled by itself; without an axis, all of it. */
export function permuted(
  stream: Stream,
  array: unknown,
  axis: number | undefined,
  out: unknown,
): unknown {
  let result = out;
  if (out === undefined) {
    result = copyOf(array);
  } else if (out !== array) {
    writeInto(out, array);
  }
  if (!isNdArray(result)) {
    shuffle(stream, result, axis ?? 0);
    return result;
  }
  const data = dense('array', result);
  if (axis === undefined) {
    shuffle(stream, data, 0);
    return result;
  }
  const { shape } = result;
  const position = axisOf(shape, axis);
  const count = shape[position] as number;
  const stride = stridesOf(shape)[position] as number;
  for (let start = 0; start < data.length; start += count * stride) {
    for (let i = 0; i < stride; i++) shuffleNumbers(stream, data, start + i, count, 1, stride);
  }
  return result;
}

/** The lengths of the axes; a list and a typed array have one. */
function shapeOf(array: unknown): readonly number[] {
  return isNdArray(array) ? array.shape : [(array as ArrayLike<unknown>).length];
}

/** Copies an array into another of its shape and its kind. */
function writeInto(out: unknown, array: unknown): void {
  const to = isNdArray(out) ? dense('out', out) : out;
  const from = isNdArray(array) ? dense('array', array) : array;
  const numbers = isNumbers(to) && isNumbers(from) && kindOf(to) === kindOf(from);
  const lists = Array.isArray(to) && Array.isArray(from);
  if (!numbers && !lists) {
    if (!Array.isArray(from) && !isNumbers(from)) {
      throw typeError('array', array, 'an array, a typed array, or { data, shape }');
    }
    throw typeError('out', out, "an array of the kind of 'array'");
  }
  const shape = shapeOf(array);
  const given = shapeOf(out);
  if (given.length !== shape.length || given.some((n, axis) => n !== shape[axis])) {
    throw rangeError('out', out, `of the shape of 'array': [${shape.join(', ')}]`);
  }
  if (numbers) to.set(from as never);
  else if (lists) for (let i = 0; i < from.length; i++) to[i] = from[i];
}
