/**
 * The Dirichlet distribution: gamma numbers over their sum, or, where all parameters are so small
 * that these would all be 0, a stick broken by beta numbers.
 */

import { FRAME_HEADER as HEADER, lengthOf, type NdArray, shaped } from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { native } from '../native.ts';
import type { Size } from './output.ts';
import { gridOf, type NumberList } from './parameters.ts';
import { DistributionId, type Stream } from './stream.ts';

const SMALL = 0.1;
const NONE = new Float64Array(1);

/** Draws the vectors. */
export function dirichlet(
  stream: Stream,
  alpha: NumberList,
  size: Size | undefined,
): Float64Array | NdArray<Float64Array> {
  const grid = gridOf('alpha', alpha);
  if (grid?.shape.length !== 1) throw typeError('alpha', alpha, 'an array of numbers');
  const weights = Float64Array.from(grid.data);
  if (weights.some((weight) => weight < 0)) {
    throw rangeError('alpha', alpha, 'numbers of at least 0');
  }
  const n = weights.length;
  const count = size === undefined ? 1 : lengthOf(size, 'size');
  const rows = new Float64Array(count * n);
  if (rows.length > 0) {
    if (weights.every((weight) => weight < SMALL)) breakSticks(stream, weights, rows);
    else normaliseGammas(stream, weights, rows);
  }
  if (size === undefined) return rows;
  return shaped(rows, typeof size === 'number' ? [size, n] : [...size, n]);
}

/** Numbers of a distribution, with parameters that are those of the row again and again. */
function drawRows(
  stream: Stream,
  id: DistributionId,
  count: number,
  a: Float64Array,
  b: Float64Array | undefined,
): Float64Array {
  const repeat = (row: Float64Array): Float64Array => {
    const all = new Float64Array(count * row.length);
    for (let start = 0; start < all.length; start += row.length) all.set(row, start);
    return all;
  };
  const out = new Float64Array(count * a.length);
  native.random.frame[HEADER] = id;
  native.random.fillVarying(stream.words, out, repeat(a), b ? repeat(b) : NONE, NONE);
  return out;
}

function normaliseGammas(stream: Stream, weights: Float64Array, rows: Float64Array): void {
  const n = weights.length;
  rows.set(drawRows(stream, DistributionId.standardGamma, rows.length / n, weights, undefined));
  for (let start = 0; start < rows.length; start += n) {
    let sum = 0;
    for (let i = start; i < start + n; i++) sum += rows[i] as number;
    const inverse = 1 / sum;
    for (let i = start; i < start + n; i++) rows[i] = (rows[i] as number) * inverse;
  }
}

function breakSticks(stream: Stream, weights: Float64Array, rows: Float64Array): void {
  const n = weights.length;
  const after = new Float64Array(n);
  let sum = 0;
  for (let i = n - 1; i >= 0; i--) {
    sum += weights[i] as number;
    after[i] = sum;
  }
  // All weights are 0, and so are all shares.
  if (sum === 0) return;
  // Where only zeros follow, what is left of the stick is taken whole.
  let breaks = 0;
  while (breaks < n - 1) if (after[++breaks] === 0) break;
  const shares = drawRows(
    stream,
    DistributionId.beta,
    rows.length / n,
    weights.slice(0, breaks),
    after.slice(1, breaks + 1),
  );
  for (let start = 0, at = 0; start < rows.length; start += n) {
    let rest = 1;
    for (let i = 0; i < breaks; i++) {
      const share = shares[at++] as number;
      rows[start + i] = rest * share;
      rest *= 1 - share;
    }
    rows[start + n - 1] = rest;
  }
}
