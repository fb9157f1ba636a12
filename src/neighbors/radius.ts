/**
 * All rows within a distance.
 */
import type { Elements, MatrixLike } from '../arrays/index.ts';
import { zeros } from '../executor/index.ts';
import { native } from '../native.ts';
import {
  type Call,
  callAsync,
  callSync,
  checkedRadius,
  type DistanceOption,
  METRIC_NAMES,
  type NeighborsOptions,
  type NeighborsSyncOptions,
  type Operands,
  operands,
  settings,
  type WithoutDistance,
  wantsDistance,
  withNumber,
} from './call.ts';
import { checkedMetric, type Measure } from './metric.ts';

const NAMES = [...METRIC_NAMES, 'sort', 'returnDistance'];

/** All rows of Y within a distance of each row of X, without how far they are. */
export interface RadiusIndices {
  /** n + 1 positions: row i's neighbours stand from `starts[i]` to before `starts[i + 1]`. */
  readonly starts: Float64Array;
  readonly indices: Int32Array;
}

/**
 * All rows of Y within a distance of each row of X: those of row i stand in `indices` and
 * `distances` from `starts[i]` to before `starts[i + 1]`.
 */
export interface RadiusNeighbors extends RadiusIndices {
  readonly distances: Float64Array;
}

/** Options of {@link radiusNeighborsSync}. */
export interface RadiusSyncOptions extends NeighborsSyncOptions, DistanceOption {
  /** Nearest first (largest first for `'dot'`); otherwise in the order of the rows of Y. */
  sort?: boolean | undefined;
}
/** Options of {@link radiusNeighbors}. */
export interface RadiusOptions extends NeighborsOptions, RadiusSyncOptions {}

/** The call for checked operands. Without distances the result has none. */
export function planRadius(
  { x, y, own }: Operands,
  radius: number,
  measure: Measure,
  options: Pick<RadiusSyncOptions, 'sort' | 'threads' | 'returnDistance'>,
): Call<RadiusNeighbors> {
  const far = wantsDistance(options);
  const starts = new Float64Array(x.rows + 1);
  const keeper = native.neighbors.radiusKeeper();
  return {
    operation: native.neighbors.radius,
    operands: [x, y],
    numbers: [...settings(measure, own), checkedRadius(radius), options.sort ? 1 : 0],
    buffers: [measure.scale, starts, keeper],
    threads: options.threads,
    finish: (count) => {
      const indices = zeros(Int32Array, count);
      const distances = far ? zeros(Float64Array, count) : undefined;
      native.neighbors.takeRadius(keeper, indices, distances);
      return (distances ? { starts, indices, distances } : { starts, indices }) as RadiusNeighbors;
    },
  };
}

function plan<D extends Elements>(
  X: MatrixLike<D>,
  [Y, radius, options]: [MatrixLike<D> | undefined, number, RadiusSyncOptions],
): Call<RadiusNeighbors> {
  const measure = checkedMetric(options);
  return planRadius(operands(X, Y, measure), radius, measure, options);
}

/**
 * For each row of X all rows of Y at a distance of at most `radius` (for `'dot'`: with a product of
 * at least `radius`).
 *
 * @param X - n × d
 * @param Y - m × d, of the element type of X; may have no rows. Left out: the other rows of X; with
 *   `metric: 'precomputed'` X is n × m and holds the distances to all of them
 * @param radius - in the unit of the metric; rows at exactly this distance are in
 * @param options - `sort`, and those of `argKmin`
 * @throws as `argKmin`
 *
 * Memory: the result, twice while it is put together, and a few chunks of rows for each thread.
 */
export function radiusNeighbors<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
  radius: number,
  options: RadiusOptions & WithoutDistance,
): Promise<RadiusIndices>;
export function radiusNeighbors<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
  radius: number,
  options?: RadiusOptions,
): Promise<RadiusNeighbors>;
export function radiusNeighbors<D extends Elements>(
  X: MatrixLike<D>,
  radius: number,
  options: RadiusOptions & WithoutDistance,
): Promise<RadiusIndices>;
export function radiusNeighbors<D extends Elements>(
  X: MatrixLike<D>,
  radius: number,
  options?: RadiusOptions,
): Promise<RadiusNeighbors>;
export async function radiusNeighbors<D extends Elements>(
  X: MatrixLike<D>,
  ...rest: unknown[]
): Promise<RadiusNeighbors> {
  const args = withNumber<D, RadiusOptions>(rest);
  return callAsync(plan(X, args), args[2], NAMES);
}

/** {@link radiusNeighbors}, blocking until the result is there. */
export function radiusNeighborsSync<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
  radius: number,
  options: RadiusSyncOptions & WithoutDistance,
): RadiusIndices;
export function radiusNeighborsSync<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
  radius: number,
  options?: RadiusSyncOptions,
): RadiusNeighbors;
export function radiusNeighborsSync<D extends Elements>(
  X: MatrixLike<D>,
  radius: number,
  options: RadiusSyncOptions & WithoutDistance,
): RadiusIndices;
export function radiusNeighborsSync<D extends Elements>(
  X: MatrixLike<D>,
  radius: number,
  options?: RadiusSyncOptions,
): RadiusNeighbors;
export function radiusNeighborsSync<D extends Elements>(
  X: MatrixLike<D>,
  ...rest: unknown[]
): RadiusNeighbors {
  const args = withNumber<D, RadiusSyncOptions>(rest);
  return callSync(plan(X, args), args[2], NAMES);
}
