/**
 * The Dirichlet distribution: vectors of shares that sum to 1.
 */
import { lengthOf, type NdArray, shaped } from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { zeros } from '../executor/index.ts';
import { native } from '../native.ts';
import { callEnd } from './distribution.ts';
import { gridOf } from './parameters.ts';
import type { Stream } from './stream.ts';

/** Draws the vectors; `given` is `alpha, size`: there are no options. */
export function dirichlet(
  stream: Stream,
  [alpha, sizeOrOptions, rest]: readonly unknown[],
): Float64Array | NdArray<Float64Array> {
  const { size } = callEnd(sizeOrOptions, rest, []);
  const grid = gridOf('alpha', alpha);
  if (grid?.shape.length !== 1) throw typeError('alpha', alpha, 'an array of numbers');
  const weights = Float64Array.from(grid.data);
  if (weights.some((weight) => weight < 0)) {
    throw rangeError('alpha', alpha, 'numbers of at least 0');
  }
  const n = weights.length;
  const count = size === undefined ? 1 : lengthOf(size, 'size');
  const rows = zeros(Float64Array, count * n);
  if (rows.length > 0) native.random.fillShares(stream.words, rows, weights);
  if (size === undefined) return rows;
  return shaped(rows, typeof size === 'number' ? [size, n] : [...size, n]);
}
