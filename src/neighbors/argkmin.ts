/**
 * The k nearest rows.
 */
import { type Elements, type Matrix, type MatrixLike, shaped } from '../arrays/index.ts';
import { zeros } from '../executor/index.ts';
import { native } from '../native.ts';
import {
  type Call,
  callAsync,
  callSync,
  checkedCount,
  type DistanceOption,
  type IndexMatrix,
  METRIC_NAMES,
  mapCall,
  type NeighborsOptions,
  type NeighborsSyncOptions,
  type Operands,
  operands,
  settings,
  type WithoutDistance,
  wantsDistance,
  withNumber,
  withoutNumber,
} from './call.ts';
import { checkedMetric, type Measure } from './metric.ts';

const NAMES = [...METRIC_NAMES, 'returnDistance'];

/** The k nearest rows of Y for each of the n rows of X, nearest first, without their distances. */
export interface NeighborIndices {
  /** n × k: which rows of Y. */
  readonly indices: IndexMatrix;
}

/** The k nearest rows of Y for each of the n rows of X, nearest first. */
export interface Neighbors extends NeighborIndices {
  /** n × k: how far they are, in float64 whatever the operands are. */
  readonly distances: Matrix<Float64Array>;
}

/** The nearest row of Y for each of the n rows of X. */
export interface Nearest {
  readonly indices: Int32Array;
  readonly distances: Float64Array;
}

/** Options of {@link argKminSync}. */
export interface ArgKminSyncOptions extends NeighborsSyncOptions, DistanceOption {}
/** Options of {@link argKmin}. */
export interface ArgKminOptions extends NeighborsOptions, DistanceOption {}

/** The call for checked operands. Without distances the result has none. */
export function planArgKmin(
  of: Operands,
  k: number,
  measure: Measure,
  threads: number | undefined,
  far = true,
): Call<Neighbors> {
  const { x, y, own } = of;
  const indices = shaped(zeros(Int32Array, x.rows * k), [x.rows, k]);
  const distances = far ? shaped(zeros(Float64Array, x.rows * k), [x.rows, k]) : undefined;
  return {
    operation: native.neighbors.argKmin,
    operands: [x, y],
    numbers: [...settings(measure, own), k],
    buffers: [measure.scale, indices.data, distances?.data],
    threads,
    finish: () => (distances ? { indices, distances } : { indices }) as Neighbors,
  };
}

function plan<D extends Elements>(
  X: MatrixLike<D>,
  [Y, k, options]: [MatrixLike<D> | undefined, number, ArgKminSyncOptions],
): Call<Neighbors> {
  const measure = checkedMetric(options);
  const of = operands(X, Y, measure);
  const count = checkedCount(k, of);
  return planArgKmin(of, count, measure, options.threads, wantsDistance(options));
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
 * @param Y - m × d: the rows to find them among; of the element type of X. Left out: the other rows of
 *   X; with `metric: 'precomputed'` X is n × m and holds the distances to all of them
 * @param k - how many, from 1 to m (to n - 1 among the other rows of X)
 * @param options - `metric` with `p`, `w`, `V`; `returnDistance`, `threads`, `signal`, `onProgress`
 * @returns `indices` and `distances`, n × k, nearest first (for `'dot'`: largest first). Of rows at
 *   the same distance the one with the lower index comes first. `returnDistance: false`: `indices` only
 * @throws TypeError for what is no matrix or mixes element types; RangeError for a metric, a parameter
 *   of it, a k or widths that don't fit, for NaN or infinity in X or Y unless `assumeFinite` is set, and
 *   for given distances below 0. The Promise is rejected with them, and with the signal's reason.
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
export function argKmin<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
  k: number,
  options: ArgKminOptions & WithoutDistance,
): Promise<NeighborIndices>;
export function argKmin<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
  k: number,
  options?: ArgKminOptions,
): Promise<Neighbors>;
export function argKmin<D extends Elements>(
  X: MatrixLike<D>,
  k: number,
  options: ArgKminOptions & WithoutDistance,
): Promise<NeighborIndices>;
export function argKmin<D extends Elements>(
  X: MatrixLike<D>,
  k: number,
  options?: ArgKminOptions,
): Promise<Neighbors>;
export async function argKmin<D extends Elements>(
  X: MatrixLike<D>,
  ...rest: unknown[]
): Promise<Neighbors> {
  const args = withNumber<D, ArgKminOptions>(rest);
  return callAsync(plan(X, args), args[2], NAMES);
}

/** {@link argKmin}, blocking until the result is there. */
export function argKminSync<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
  k: number,
  options: ArgKminSyncOptions & WithoutDistance,
): NeighborIndices;
export function argKminSync<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
  k: number,
  options?: ArgKminSyncOptions,
): Neighbors;
export function argKminSync<D extends Elements>(
  X: MatrixLike<D>,
  k: number,
  options: ArgKminSyncOptions & WithoutDistance,
): NeighborIndices;
export function argKminSync<D extends Elements>(
  X: MatrixLike<D>,
  k: number,
  options?: ArgKminSyncOptions,
): Neighbors;
export function argKminSync<D extends Elements>(X: MatrixLike<D>, ...rest: unknown[]): Neighbors {
  const args = withNumber<D, ArgKminSyncOptions>(rest);
  return callSync(plan(X, args), args[2], NAMES);
}

function planNearest<D extends Elements>(
  X: MatrixLike<D>,
  [Y, options]: [MatrixLike<D> | undefined, NeighborsSyncOptions],
): Call<Nearest> {
  return mapCall(plan(X, [Y, 1, options]), ({ indices, distances }) => ({
    indices: indices.data,
    distances: distances.data,
  }));
}

/**
 * For each row of X the nearest row of Y: {@link argKmin} with k = 1, as flat arrays of n.
 *
 * @param X - n × d
 * @param Y - m × d, of at least one row; left out: the other rows of X
 * @param options - as those of {@link argKmin}, but for `returnDistance`
 * @throws as {@link argKmin}
 */
export function pairwiseArgmin<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
  options?: NeighborsOptions,
): Promise<Nearest>;
export function pairwiseArgmin<D extends Elements>(
  X: MatrixLike<D>,
  options?: NeighborsOptions,
): Promise<Nearest>;
export async function pairwiseArgmin<D extends Elements>(
  X: MatrixLike<D>,
  ...rest: unknown[]
): Promise<Nearest> {
  const args = withoutNumber<D, NeighborsOptions>(rest);
  return callAsync(planNearest(X, args), args[1], METRIC_NAMES);
}

/** {@link pairwiseArgmin}, blocking until the result is there. */
export function pairwiseArgminSync<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
  options?: NeighborsSyncOptions,
): Nearest;
export function pairwiseArgminSync<D extends Elements>(
  X: MatrixLike<D>,
  options?: NeighborsSyncOptions,
): Nearest;
export function pairwiseArgminSync<D extends Elements>(
  X: MatrixLike<D>,
  ...rest: unknown[]
): Nearest {
  const args = withoutNumber<D, NeighborsSyncOptions>(rest);
  return callSync(planNearest(X, args), args[1], METRIC_NAMES);
}
