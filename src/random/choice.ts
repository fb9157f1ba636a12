/**
 * Samples, with and without replacement, of equal or given chances; drawn as NumPy does.
 */
import { types } from 'node:util';

import {
  dense,
  FRAME_HEADER as HEADER,
  isNdArray,
  lengthOf,
  type NdArrayLike,
  shaped,
} from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { zeros } from '../executor/index.ts';
import { native } from '../native.ts';
import { wholeNumber } from './arguments.ts';
import { callEnd } from './distribution.ts';
import { integers } from './integers.ts';
import type { ChoiceOptions } from './options.ts';
import type { Numbers, Size } from './output.ts';
import { type Stream, uniforms } from './stream.ts';
import { kahanSum } from './sums.ts';
import { axisOf, isNumbers, newLike } from './typed-arrays.ts';

const { frame } = native.random;

/** How far from 1 the sum of p may be: the square root of its type's precision. */
function toleranceOf(p: ArrayLike<number>): number {
  return Math.sqrt(types.isFloat32Array(p) ? 2 ** -23 : Number.EPSILON);
}

/** Checks probabilities and returns a copy. */
function checkedP(p: ArrayLike<number>, population: number): Float64Array {
  if (typeof p !== 'object' || p === null || typeof p.length !== 'number') {
    throw typeError('p', p, 'an array of numbers');
  }
  if (p.length !== population) throw rangeError('p', p, `${population} probabilities`);
  const chances = Float64Array.from(p);
  const sum = kahanSum(chances);
  if (Number.isNaN(sum)) throw rangeError('p', p, 'free of NaN');
  if (chances.some((chance) => chance < 0)) throw rangeError('p', p, 'at least 0 everywhere');
  if (Math.abs(sum - 1) > toleranceOf(p)) throw rangeError('p', p, `of sum 1 (it is ${sum})`);
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
function indexAt(sums: Float64Array, draw: number): number {
  let from = 0;
  let to = sums.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (draw < (sums[middle] as number)) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** Different places by their chances: draws for all that are missing, the first of equals kept. */
function weightedSample(stream: Stream, chances: Float64Array, count: number): Float64Array {
  if (chances.reduce((n, chance) => n + (chance > 0 ? 1 : 0), 0) < count) {
    throw rangeError('p', chances, `above 0 in at least ${count} places`);
  }
  const found = zeros(Float64Array, count);
  let have = 0;
  while (have < count) {
    const draws = uniforms(stream, count - have);
    for (let i = 0; i < have; i++) chances[found[i] as number] = 0;
    const sums = cumulative(chances);
    const seen = new Set<number>();
    for (const draw of draws) {
      const index = indexAt(sums, draw);
      if (seen.has(index)) continue;
      seen.add(index);
      found[have++] = index;
    }
  }
  return found;
}

/** What a call of `choice` asks for. */
interface ChoiceCall {
  readonly replace: boolean;
  readonly p: ArrayLike<number> | undefined;
  readonly shuffle: boolean;
}

/** Places below `population`, as many as asked for. */
function chooseIndices(
  stream: Stream,
  population: number,
  count: number,
  { replace, p, shuffle: shuffled }: ChoiceCall,
): Float64Array {
  const chances = p === undefined ? undefined : checkedP(p, population);
  if (replace) {
    if (chances !== undefined) {
      const sums = cumulative(chances);
      return uniforms(stream, count).map((draw) => indexAt(sums, draw));
    }
    const indices = zeros(Float64Array, count);
    if (count === 0) return indices;
    frame[HEADER] = 4;
    frame[HEADER + 1] = 0;
    frame[HEADER + 2] = 0;
    frame[HEADER + 3] = (population - 1) % 0x100000000;
    frame[HEADER + 4] = Math.floor((population - 1) / 0x100000000);
    native.random.fillIntegers(stream.words, indices);
    return indices;
  }
  if (count > population) {
    throw rangeError('size', count, `at most ${population}, as there is no replacement`);
  }
  if (chances !== undefined) return weightedSample(stream, chances, count);
  const indices = zeros(Float64Array, count);
  frame[HEADER] = population;
  frame[HEADER + 1] = shuffled ? 1 : 0;
  native.random.sample(stream.words, indices);
  return indices;
}

/**
 * The elements at the places; of an array in a shape, the slices along the axis, whose place in the
 * shape the size takes.
 */
function take(from: unknown, indices: Float64Array, size: Size | undefined, axis: number): unknown {
  if (Array.isArray(from)) {
    if (size !== undefined && typeof size !== 'number') {
      throw typeError('size', size, 'a count, where a list is chosen from');
    }
    return Array.from(indices, (index) => from[index] as unknown);
  }
  if (isNumbers(from)) {
    const result = newLike(from, indices.length);
    for (let i = 0; i < indices.length; i++) result[i] = from[indices[i] as number] as never;
    return Array.isArray(size) ? shaped(result, size) : result;
  }
  const array = from as NdArrayLike<Numbers>;
  const data = dense('from', array);
  const position = axisOf(array.shape, axis);
  const inner = array.shape.slice(position + 1).reduce((product, length) => product * length, 1);
  const outer = array.shape.slice(0, position).reduce((product, length) => product * length, 1);
  const count = array.shape[position] as number;
  const lengths = size === undefined ? [] : typeof size === 'number' ? [size] : size;
  const shape = array.shape.toSpliced(position, 1, ...lengths);
  const result = newLike(data, outer * indices.length * inner);
  for (let block = 0, to = 0; block < outer; block++) {
    for (const chosen of indices) {
      const start = (block * count + chosen) * inner;
      result.set(data.subarray(start, start + inner) as never, to);
      to += inner;
    }
  }
  return shaped(result, shape);
}

/** How many there are to choose from. */
function populationOf(from: unknown, axis: number): number {
  if (typeof from === 'number') return wholeNumber('from', from);
  if (Array.isArray(from) || isNumbers(from)) return from.length;
  if (isNdArray(from)) return from.shape[axisOf(from.shape, axis)] as number;
  throw typeError('from', from, 'a whole number, an array, a typed array, or { data, shape }');
}

/** Chooses; `given` is `from, size, options`. */
export function choice(stream: Stream, given: readonly unknown[]): unknown {
  const [from] = given;
  const { size, options } = callEnd(given[1], given[2], ['replace', 'p', 'axis', 'shuffle']);
  const { replace = true, p, axis = 0, shuffle: shuffled = true } = options as ChoiceOptions;
  const population = populationOf(from, axis);
  const count = size === undefined ? 1 : lengthOf(size, 'size');
  if (population === 0 && count > 0) {
    throw rangeError('from', from, 'not empty where something is to be chosen');
  }
  const scalar = size === undefined;
  // With and without replacement, one place is drawn as an integer is.
  const indices =
    scalar && p === undefined
      ? Float64Array.of(integers(stream, [0, population]) as number)
      : chooseIndices(stream, population, count, { replace, p, shuffle: shuffled });
  if (typeof from === 'number') {
    if (scalar) return indices[0];
    return typeof size === 'number' ? indices : shaped(indices, size as readonly number[]);
  }
  if (scalar && (Array.isArray(from) || isNumbers(from))) return from[indices[0] as number];
  return take(from, indices, size, axis);
}
