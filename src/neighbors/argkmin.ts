/**
 * The k nearest rows.
 */
import {
  type Elements,
  type Matrix,
  type MatrixLike,
  type Operand,
  shaped,
} from '../arrays/index.ts';
import { native } from '../native.ts';
import {
  type Call,
  callAsync,
  callSync,
  checkedCount,
  checkedMetric,
  type IndexMatrix,
  type Metric,
  type NeighborsOptions,
  type NeighborsSyncOptions,
  operands,
  settings,
} from './call.ts';

/** The k nearest rows of Y for each of the n rows of X, nearest first. */
export interface Neighbors {
  /** n × k: which rows of Y. */
  readonly indices: IndexMatrix;
  /** n × k: how far they are, in float64 whatever the operands are. */
  readonly distances: Matrix<Float64Array>;
}

/** The nearest row of Y for each of the n rows of X. */
export interface Nearest {
  readonly indices: Int32Array;
  readonly distances: Float64Array;
}

/** The call for checked operands. */
export function planArgKmin(
  x: Operand,
  y: Operand,
  k: number,
  metric: Metric,
  threads: number | undefined,
): Call<Neighbors> {
  const indices = shaped(new Int32Array(x.rows * k), [x.rows, k]);
  const distances = shaped(new Float64Array(x.rows * k), [x.rows, k]);
  return {
    operation: native.neighbors.argKmin,
    operands: [x, y],
    numbers: [...settings(metric), k],
    buffers: [indices.data, distances.data],
    threads,
    finish: () => ({ indices, distances }),
  };
}

function plan<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
  k: number,
  options: NeighborsSyncOptions,
): Call<Neighbors> {
  const [x, y] = operands(X, Y);
  const count = checkedCount('k', k, y.rows);
  return planArgKmin(x, y, count, checkedMetric(options.metric), options.threads);
}

/**
 * For each row of X the k nearest rows of Y, without ever having all distances in memory.
 *
 * Distances are computed in float64 from the differences of the rows, for float32 operands too;
 * matrix products in lower precision only rule out, with a margin for all that they round, rows
 * that can't be among the nearest. So the result depends neither on the number of threads nor on
 * chunks nor on the BLAS, and an offset that all rows share costs no digits.
 *
 * @param X - n × d: the rows to find neighbours for
 * @param Y - m × d: the rows to find them among; of the element type of X
 * @param k - how many, from 1 to m
 * @param options - `metric`, `threads`, `signal`, `onProgress`
 * @returns `indices` and `distances`, n × k, nearest first (for `'dot'`: largest first). Of rows at
 *   the same distance the one with the lower index comes first.
 * @throws TypeError for what is no matrix or mixes element types; RangeError for a k or widths that
 *   don't fit, and for NaN or infinity in X or Y unless `assumeFinite` is set. The Promise is
 *   rejected with them, and with the signal's reason.
 *
 * Memory: the result, and a few chunks of rows for each thread. Rows in a chunk of Y: the setting
 * `pairwiseChunkSize`, else `HEDDLE_PAIRWISE_CHUNK_SIZE`, else 256.
 *
 * @example
 * ```ts
 * const Y = { data: new Float64Array([0, 0, 3, 4, 1, 0]), shape: [3, 2] };
 * const X = { data: new Float64Array([0, 0]), shape: [1, 2] };
 * const { indices, distances } = await argKmin(X, Y, 2);
 * // indices.data is [0, 2], distances.data is [0, 1]
 * ```
 */
export async function argKmin<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
  k: number,
  options: NeighborsOptions = {},
): Promise<Neighbors> {
  return callAsync(plan(X, Y, k, options), options);
}

/** {@link argKmin}, blocking until the result is there. */
export function argKminSync<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
  k: number,
  options: NeighborsSyncOptions = {},
): Neighbors {
  return callSync(plan(X, Y, k, options));
}

function nearest({ indices, distances }: Neighbors): Nearest {
  return { indices: indices.data, distances: distances.data };
}

/**
 * For each row of X the nearest row of Y: {@link argKmin} with k = 1, as flat arrays of n.
 *
 * @param X - n × d
 * @param Y - m × d, of at least one row
 * @param options - as those of {@link argKmin}
 * @throws as {@link argKmin}
 */
export async function pairwiseArgmin<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
  options: NeighborsOptions = {},
): Promise<Nearest> {
  return nearest(await callAsync(plan(X, Y, 1, options), options));
}

/** {@link pairwiseArgmin}, blocking until the result is there. */
export function pairwiseArgminSync<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
  options: NeighborsSyncOptions = {},
): Nearest {
  return nearest(callSync(plan(X, Y, 1, options)));
}
