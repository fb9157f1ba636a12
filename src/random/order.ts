/**
 * Orders and samples: shuffle, permutation, permuted, choice.
 *
 * Shuffles go from the last element down and swap each with one at or before it, found by masked
 * rejection; samples without replacement are drawn by Lemire's method. Both as NumPy does.
 */
import {
  dense,
  FRAME_HEADER as HEADER,
  isNdArray,
  type NdArray,
  type NdArrayLike,
  stridesOf,
} from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { native } from '../native.ts';
import { wholeNumber } from './arguments.ts';
import type { Numbers } from './output.ts';
import { fill, Law, type Stream } from './stream.ts';

const frame = native.random.frame;
const MOST = 0xffffffff;

function isNumbers(value: unknown): value is Numbers {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

/** The name of a typed array's kind; a Buffer is a Uint8Array. */
function kindOf(data: Numbers): string {
  return Object.prototype.toString.call(data);
}

/**
 * A copy of a typed array, or of a part of it, in memory of its own. `data.slice()` is none where
 * `data` is a Buffer: that gives another view of the same memory.
 */
function duplicate<D extends Numbers>(data: D, begin = 0, end = data.length): D {
  return copySlice.call(data, begin, end) as D;
}
const copySlice = Object.getPrototypeOf(Uint8Array.prototype).slice as (
  this: Numbers,
  begin: number,
  end: number,
) => Numbers;

function bytesOf(data: Numbers): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function checkCount(name: string, count: number): void {
  if (count > MOST) throw rangeError(name, count, 'an array of fewer than 2^32 elements');
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

/** The axis as a place in the shape; negative ones count from the end. */
function axisOf(shape: readonly number[], axis: number): number {
  const place = axis < 0 ? axis + shape.length : axis;
  if (!Number.isInteger(place) || place < 0 || place >= shape.length) {
    throw rangeError('axis', axis, `an axis of an array of ${shape.length}`);
  }
  return place;
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
  const numbers = new Float64Array(count);
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
    const numbers = upTo(wholeNumber('array', Math.max(array, 0)));
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
  const place = axisOf(shape, axis);
  const count = shape[place] as number;
  const stride = stridesOf(shape)[place] as number;
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

// ---- Samples ------------------------------------------------------------------------------------

/** The square root of a double's precision: how far from 1 the sum of p may be. */
const TOLERANCE = Math.sqrt(Number.EPSILON);

/** Checks probabilities and returns a copy. */
function checkedP(p: ArrayLike<number>, population: number): Float64Array {
  if (typeof p !== 'object' || p === null || typeof p.length !== 'number') {
    throw typeError('p', p, 'an array of numbers');
  }
  if (p.length !== population) throw rangeError('p', p, `${population} probabilities`);
  const chances = Float64Array.from(p);
  // Kahan's sum.
  let sum = chances[0] as number;
  let lost = 0;
  for (let i = 1; i < chances.length; i++) {
    const term = (chances[i] as number) - lost;
    const next = sum + term;
    lost = next - sum - term;
    sum = next;
  }
  if (Number.isNaN(sum)) throw rangeError('p', p, 'free of NaN');
  if (chances.some((chance) => chance < 0)) throw rangeError('p', p, 'at least 0 everywhere');
  if (Math.abs(sum - 1) > TOLERANCE) throw rangeError('p', p, `of sum 1 (it is ${sum})`);
  return chances;
}

/** Running sums, the last of which is 1. */
function cumulative(chances: Float64Array): Float64Array {
  const sums = new Float64Array(chances.length);
  let sum = 0;
  for (let i = 0; i < sums.length; i++) {
    sum += chances[i] as number;
    sums[i] = sum;
  }
  for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) / sum;
  return sums;
}

/** The first place whose sum is above the draw. */
function placeOf(sums: Float64Array, draw: number): number {
  let from = 0;
  let to = sums.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (draw < (sums[middle] as number)) to = middle;
    else from = middle + 1;
  }
  return from;
}

function uniforms(stream: Stream, count: number): Float64Array {
  const draws = new Float64Array(count);
  fill(stream, draws, Law.random, 0, 0, 1);
  return draws;
}

/** Different places by their chances: draws for all that are missing, the first of equals kept. */
function weightedSample(stream: Stream, chances: Float64Array, count: number): Float64Array {
  if (chances.reduce((n, chance) => n + (chance > 0 ? 1 : 0), 0) < count) {
    throw rangeError('p', chances, `above 0 in at least ${count} places`);
  }
  const found = new Float64Array(count);
  let have = 0;
  while (have < count) {
    const draws = uniforms(stream, count - have);
    for (let i = 0; i < have; i++) chances[found[i] as number] = 0;
    const sums = cumulative(chances);
    const seen = new Set<number>();
    for (const draw of draws) {
      const place = placeOf(sums, draw);
      if (seen.has(place)) continue;
      seen.add(place);
      found[have++] = place;
    }
  }
  return found;
}

/** What a call of `choice` asks for. */
export interface ChoiceCall {
  readonly replace: boolean;
  readonly p: ArrayLike<number> | undefined;
  readonly shuffle: boolean;
}

/** Places below `population`, as many as asked for. */
export function choosePlaces(
  stream: Stream,
  population: number,
  count: number,
  { replace, p, shuffle: shuffled }: ChoiceCall,
): Float64Array {
  if (population === 0 && count > 0) {
    throw rangeError('from', population, 'not empty where something is to be chosen');
  }
  const chances = p === undefined ? undefined : checkedP(p, population);
  if (replace) {
    if (chances !== undefined) {
      const sums = cumulative(chances);
      return uniforms(stream, count).map((draw) => placeOf(sums, draw));
    }
    const places = new Float64Array(count);
    if (count === 0) return places;
    frame[HEADER] = 4;
    frame[HEADER + 1] = 0;
    frame[HEADER + 2] = 0;
    frame[HEADER + 3] = (population - 1) % 0x100000000;
    frame[HEADER + 4] = Math.floor((population - 1) / 0x100000000);
    native.random.fillIntegers(stream.words, places);
    return places;
  }
  if (count > population) {
    throw rangeError('size', count, `at most ${population}, as there is no replacement`);
  }
  if (chances !== undefined) return weightedSample(stream, chances, count);
  const places = new Float64Array(count);
  frame[HEADER] = population;
  frame[HEADER + 1] = shuffled ? 1 : 0;
  native.random.sample(stream.words, places);
  return places;
}

/** A new typed array of the kind of another. */
function newLike(data: Numbers, length: number): Numbers {
  if (data instanceof Uint8Array && Buffer.isBuffer(data)) return Buffer.alloc(length);
  return new (data.constructor as new (length: number) => Numbers)(length);
}

/** The elements (or, of an array in a shape, the slices along the axis) at the places. */
export function take(from: unknown, places: Float64Array, axis: number): unknown {
  if (Array.isArray(from)) return Array.from(places, (place) => from[place] as unknown);
  if (isNumbers(from)) {
    const result = newLike(from, places.length);
    for (let i = 0; i < places.length; i++) result[i] = from[places[i] as number] as never;
    return result;
  }
  const array = from as NdArrayLike<Numbers>;
  const data = dense('from', array);
  const place = axisOf(array.shape, axis);
  const inner = stridesOf(array.shape)[place] as number;
  const count = array.shape[place] as number;
  const shape = array.shape.with(place, places.length);
  const outer = data.length / (count * inner || 1);
  const result = newLike(data, outer * places.length * inner);
  for (let block = 0, to = 0; block < outer; block++) {
    for (const chosen of places) {
      const start = (block * count + chosen) * inner;
      result.set(data.subarray(start, start + inner) as never, to);
      to += inner;
    }
  }
  return { data: result, shape, stride: stridesOf(shape), offset: 0 } satisfies NdArray<Numbers>;
}

/** How many there are to choose from. */
export function populationOf(from: unknown, axis: number): number {
  if (typeof from === 'number') return wholeNumber('from', from);
  if (Array.isArray(from) || isNumbers(from)) return from.length;
  if (isNdArray(from)) return from.shape[axisOf(from.shape, axis)] as number;
  throw typeError('from', from, 'a whole number, an array, a typed array, or { data, shape }');
}
