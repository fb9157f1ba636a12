/**
 * What all operations of this module share: metrics, options, the checks of the operands, and the
 * native calls.
 */
import * as arrays from '../arrays/index.ts';
import {
  type Elements,
  type MatrixLike,
  type Operand,
  operand,
  sameElements,
} from '../arrays/index.ts';
import { scopedConfig } from '../config/index.ts';
import { INVALID_ARGUMENT, preview, rangeError, typeError } from '../errors.ts';
import type { ExecutionOptions } from '../executor/index.ts';
import { integerVariable } from '../machine/index.ts';
import { native } from '../native.ts';

/**
 * How far apart two rows are.
 *
 * - `'euclidean'`: √Σ(x-y)², the default; `'sqeuclidean'`: Σ(x-y)²
 * - `'cosine'`: 1 - x·y / (|x||y|), and 1 where a row is all zeros
 * - `'dot'`: x·y, a similarity: the largest counts as the nearest
 * - `'manhattan'`: Σ|x-y|; `'chebyshev'`: max|x-y|
 */
export type Metric = 'sqeuclidean' | 'euclidean' | 'cosine' | 'dot' | 'manhattan' | 'chebyshev';

/** In the order of `native/neighbors/metric.h`. */
const metrics: readonly Metric[] = [
  'sqeuclidean',
  'euclidean',
  'cosine',
  'dot',
  'manhattan',
  'chebyshev',
];

/** Options of the blocking operations. */
export interface NeighborsSyncOptions extends ExecutionOptions {
  /** How far apart two rows are. Default `'euclidean'`. */
  metric?: Metric | undefined;
}

/** Options of the operations that return a Promise. */
export interface NeighborsOptions extends NeighborsSyncOptions, arrays.ProgressOptions {
  /**
   * Gives the operation up: one that waits is not begun, one that runs stops at the next chunk.
   */
  signal?: AbortSignal | undefined;
}

/** Indices of rows, row-major. */
export interface IndexMatrix {
  readonly data: Int32Array;
  readonly shape: number[];
  readonly stride: number[];
  readonly offset: number;
}

/** The metric, checked. */
export function checkedMetric(metric: unknown): Metric {
  if (metric === undefined) return 'euclidean';
  if (metrics.includes(metric as Metric)) return metric as Metric;
  const right = `one of ${metrics.map((name) => `'${name}'`).join(', ')}`;
  throw typeof metric === 'string'
    ? rangeError('metric', metric, right)
    : typeError('metric', metric, right);
}

/** Checks one operand: a matrix whose rows are points. */
export function points<D extends Elements>(name: string, value: MatrixLike<D>): Operand<D> {
  const checked = operand(name, value);
  if (checked.vector) {
    throw typeError(`${name}.shape`, value.shape, 'an array of two lengths: rows and columns');
  }
  if (checked.columns === 0 && checked.rows > 0) {
    throw rangeError(`${name}.shape`, value.shape, 'of rows with at least one column');
  }
  if (checked.rows > 0x7fffffff) {
    throw rangeError(`${name}.shape`, value.shape, 'of at most 2147483647 rows');
  }
  return checked;
}

/** Checks both operands of a search. */
export function operands<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
): [Operand<D>, Operand<D>] {
  const x = points('X', X);
  const y = points('Y', Y);
  sameElements('Y.data', x, y);
  if (x.columns !== y.columns) {
    throw rangeError('Y.shape', Y.shape, `of rows as wide as those of X, ${x.columns} columns`);
  }
  return [x, y];
}

/** Rows of a chunk: the scope's, else HEDDLE_PAIRWISE_CHUNK_SIZE, else 256. */
function chunkRows(): number {
  return scopedConfig().pairwiseChunkSize ?? integerVariable('HEDDLE_PAIRWISE_CHUNK_SIZE') ?? 256;
}

/** A checked call, ready to be made. */
export interface Call<R> extends arrays.NativeCall {
  readonly finish: (outcome: number) => R;
}

/** The numbers that every search has behind its operands, in the frame's order. */
export function settings(metric: Metric): number[] {
  return [metrics.indexOf(metric), scopedConfig().assumeFinite ? 0 : 1, chunkRows()];
}

const frame = native.neighbors.frame;

/** The result of an outcome, or the error that it means (see `native/neighbors/plan.h`). */
function conclude<R>(call: Call<R>, outcome: number): R {
  if (outcome < 0) {
    const code = -outcome - 1;
    throw Object.assign(
      new RangeError(
        `'${code % 2 === 1 ? 'Y' : 'X'}' must have no NaN and no infinity in it, but its row ` +
          `${Math.floor(code / 2)} has (withConfig({ assumeFinite: true }) skips the check)`,
      ),
      { code: INVALID_ARGUMENT },
    );
  }
  return call.finish(outcome);
}

/** Makes the call and blocks until it is done. */
export function callSync<R>(call: Call<R>): R {
  return conclude(call, arrays.callSync(call, frame));
}

/** Queues the call. */
export function callAsync<R>(call: Call<R>, options: NeighborsOptions): Promise<R> {
  return arrays.callAsync(call, frame, options, (outcome) => conclude(call, outcome));
}

/** Checks a number of neighbours. */
export function checkedCount(name: string, k: unknown, rows: number): number {
  const right = `a whole number from 1 to the rows of Y, ${preview(rows)}`;
  if (typeof k !== 'number') throw typeError(name, k, right);
  if (!Number.isInteger(k) || k < 1 || k > rows) throw rangeError(name, k, right);
  return k;
}
