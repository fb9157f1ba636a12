/**
 * Vectors of counts: the multinomial and the multivariate hypergeometric distribution.
 */

import {
  FRAME_HEADER as HEADER,
  isNdArray,
  lengthOf,
  type NdArray,
  shaped,
} from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { zeros } from '../executor/index.ts';
import { native } from '../native.ts';
import { probability, wholeNumber } from './arguments.ts';
import { callEnd } from './distribution.ts';
import type { CountArrays } from './options.ts';
import {
  broadcastIndices,
  broadcastShape,
  gridOf,
  shapeOfSize,
  wantedShape,
} from './parameters.ts';
import type { Stream } from './stream.ts';
import { kahanSum } from './sums.ts';

/** Options of {@link Generator.multinomial}. */
export interface CountVectorOptions<T extends keyof CountArrays = 'float64'> {
  /** Numbers in a Float64Array (the default), or bigints in a BigInt64Array. */
  dtype?: T | undefined;
}

/** Options of {@link Generator.multivariateHypergeometric}. */
export interface UrnOptions<T extends keyof CountArrays = 'float64'> extends CountVectorOptions<T> {
  /**
   * 'marginals' (the default) draws a hypergeometric number for each kind; 'count' shuffles a list
   * of all, which takes memory for them, and may be faster where these are few.
   */
  method?: 'marginals' | 'count' | undefined;
}

/** The methods in native code. */
const Method = { multinomial: 0, marginals: 1, count: 2 } as const;

const NONE = new Float64Array(1);

function newCounts(dtype: unknown, length: number): Float64Array | BigInt64Array {
  if (dtype === undefined || dtype === 'float64') return zeros(Float64Array, length);
  if (dtype === 'int64') return zeros(BigInt64Array, length);
  throw typeError('dtype', dtype, "'float64' or 'int64'");
}

function fillRows(
  stream: Stream,
  method: number,
  kinds: number,
  sample: number,
  out: Float64Array | BigInt64Array,
  whole: BigInt64Array,
  chances: Float64Array,
): void {
  if (out.length === 0) return;
  const { frame } = native.random;
  frame[HEADER] = method;
  frame[HEADER + 1] = kinds;
  frame[HEADER + 2] = sample;
  native.random.fillRows(stream.words, out, whole, chances);
}

/** Draws how `n` trials end; `given` is `n, pvals, size, options`. */
export function multinomial(
  stream: Stream,
  given: readonly unknown[],
): Float64Array | BigInt64Array | NdArray<Float64Array | BigInt64Array> {
  const [n, pvals] = given;
  const { size, options } = callEnd(given[2], given[3], ['dtype']);
  const chances = gridOf('pvals', pvals);
  if (chances === undefined) throw typeError('pvals', pvals, 'an array of probabilities');
  const kinds = chances.shape.at(-1) ?? 0;
  if (kinds === 0) throw rangeError('pvals', pvals, 'one probability at least');
  const all = Float64Array.from(chances.data, (p) => probability('pvals', p));
  for (let start = 0; start < all.length; start += kinds) {
    const sum = kahanSum(all.subarray(start, start + kinds - 1));
    if (sum > 1 + 1e-12) {
      throw rangeError('pvals', pvals, `of sum 1 at most but for the last one (it is ${sum})`);
    }
  }
  const trials = gridOf('n', n) ?? { data: [n as number], shape: [] };
  const counts = BigInt64Array.from(trials.data as ArrayLike<never>, (one) =>
    BigInt(wholeNumber('n', one)),
  );
  const rowShape = chances.shape.slice(0, -1);
  const own = broadcastShape('n, pvals', [trials.shape, rowShape]);
  const wanted = wantedShape(size, undefined, own);
  const indices = broadcastIndices(trials.shape, wanted);
  const rows = broadcastIndices(rowShape, wanted);
  const out = newCounts(options.dtype, indices.length * kinds);
  let spread = all;
  if (all.length !== kinds) {
    spread = zeros(Float64Array, rows.length * kinds);
    rows.forEach((row, i) => {
      spread.set(all.subarray(row * kinds, (row + 1) * kinds), i * kinds);
    });
  }
  const each = new BigInt64Array(indices.length);
  for (let i = 0; i < each.length; i++) each[i] = counts[indices[i] as number] as bigint;
  fillRows(stream, Method.multinomial, kinds, 0, out, each, spread);
  const plain = size === undefined && wanted.length === 0 && !isNdArray(pvals);
  return plain ? out : shaped(out, [...wanted, kinds]);
}

/** Draws from an urn; `given` is `colors, nsample, size, options`. */
export function multivariateHypergeometric(
  stream: Stream,
  given: readonly unknown[],
): Float64Array | BigInt64Array | NdArray<Float64Array | BigInt64Array> {
  const [colors, nsample] = given;
  const { size, options } = callEnd(given[2], given[3], ['dtype', 'method']);
  const { method = 'marginals' } = options as UrnOptions;
  if (method !== 'marginals' && method !== 'count') {
    throw typeError('method', method, "'marginals' or 'count'");
  }
  const grid = gridOf('colors', colors);
  if (grid?.shape.length !== 1) throw typeError('colors', colors, 'an array of whole numbers');
  const numbers = Array.from(grid.data, (one) => wholeNumber('colors', one));
  const total = numbers.reduce((sum, one) => sum + one, 0);
  // A list of all is made of them; of more than that it would take 16 GiB.
  const most = method === 'marginals' ? 1e9 - 1 : 2 ** 32 - 1;
  if (total > most) throw rangeError('colors', colors, `of sum ${most} at most for '${method}'`);
  const sample = wholeNumber('nsample', nsample);
  if (sample > total) throw rangeError('nsample', sample, `at most the sum of colors (${total})`);
  const kinds = numbers.length;
  const shape = size === undefined ? [] : shapeOfSize(size);
  const out = newCounts(options.dtype, lengthOf([...shape, kinds]));
  fillRows(
    stream,
    Method[method],
    kinds,
    sample,
    out,
    BigInt64Array.from(numbers, (one) => BigInt(one)),
    NONE,
  );
  return size === undefined ? out : shaped(out, [...shape, kinds]);
}
