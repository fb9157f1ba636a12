/**
 * The Dirichlet distribution: gamma numbers over their sum, or, where all parameters are so small
 * that these would all be 0, a stick broken by beta numbers.
 */
import { lengthOf, type NdArray, shaped } from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import type { Size } from './output.ts';
import { Law } from './stream.ts';

const SMALL = 0.1;

/** Draws the vectors; `draw` makes one number of a distribution. */
export function dirichlet(
  draw: (law: Law, a: number, b: number) => number,
  alpha: ArrayLike<number>,
  size: Size | undefined,
): Float64Array | NdArray<Float64Array> {
  if (typeof alpha !== 'object' || alpha === null || typeof alpha.length !== 'number') {
    throw typeError('alpha', alpha, 'an array of numbers');
  }
  const weights = Float64Array.from(alpha);
  const n = weights.length;
  if (n === 0 || !weights.every((weight) => weight > 0)) {
    throw rangeError('alpha', alpha, 'numbers above 0, at least one');
  }
  const count = size === undefined ? 1 : lengthOf(size, 'size');
  const data = new Float64Array(count * n);
  const small = weights.every((weight) => weight < SMALL);
  const after = new Float64Array(n);
  for (let i = n - 1, sum = 0; i >= 0; i--) {
    sum += weights[i] as number;
    after[i] = sum;
  }
  for (let start = 0; start < data.length; start += n) {
    const row = data.subarray(start, start + n);
    if (small) breakStick(draw, weights, after, row);
    else normalise(draw, weights, row);
  }
  if (size === undefined) return data;
  return shaped(data, typeof size === 'number' ? [size, n] : [...size, n]);
}

function normalise(
  draw: (law: Law, a: number, b: number) => number,
  weights: Float64Array,
  row: Float64Array,
): void {
  let sum = 0;
  for (let i = 0; i < row.length; i++) {
    const value = draw(Law.standardGamma, weights[i] as number, 0);
    row[i] = value;
    sum += value;
  }
  const inverse = 1 / sum;
  for (let i = 0; i < row.length; i++) row[i] = (row[i] as number) * inverse;
}

function breakStick(
  draw: (law: Law, a: number, b: number) => number,
  weights: Float64Array,
  after: Float64Array,
  row: Float64Array,
): void {
  let rest = 1;
  const last = row.length - 1;
  for (let i = 0; i < last; i++) {
    const share = draw(Law.beta, weights[i] as number, after[i + 1] as number);
    row[i] = rest * share;
    rest *= 1 - share;
  }
  row[last] = rest;
}
