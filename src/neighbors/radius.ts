/**
 * All rows within a distance.
 */
import type { Elements, MatrixLike, Operand } from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { native } from '../native.ts';
import {
  type Call,
  callAsync,
  callSync,
  checkedMetric,
  type Metric,
  type NeighborsOptions,
  type NeighborsSyncOptions,
  operands,
  settings,
} from './call.ts';

/**
 * All rows of Y within a distance of each row of X: those of row i stand in `indices` and
 * `distances` from `starts[i]` to before `starts[i + 1]`.
 */
export interface RadiusNeighbors {
  /** n + 1 positions, the last one the length of the other arrays. */
  readonly starts: Float64Array;
  readonly indices: Int32Array;
  readonly distances: Float64Array;
}

/** Options of {@link radiusNeighborsSync}. */
export interface RadiusSyncOptions extends NeighborsSyncOptions {
  /** Nearest first (largest first for `'dot'`); otherwise in the order of the rows of Y. */
  sort?: boolean | undefined;
}
/** Options of {@link radiusNeighbors}. */
export interface RadiusOptions extends NeighborsOptions, RadiusSyncOptions {}

/** The call for checked operands. */
export function planRadius(
  x: Operand,
  y: Operand,
  radius: number,
  metric: Metric,
  options: RadiusSyncOptions,
): Call<RadiusNeighbors> {
  if (typeof radius !== 'number') throw typeError('radius', radius, 'a number');
  if (Number.isNaN(radius)) throw rangeError('radius', radius, 'a number other than NaN');
  const starts = new Float64Array(x.rows + 1);
  const keeper = native.neighbors.radiusKeeper();
  return {
    operation: native.neighbors.radius,
    operands: [x, y],
    numbers: [...settings(metric), radius, options.sort ? 1 : 0],
    buffers: [starts, keeper],
    threads: options.threads,
    finish: (count) => {
      const indices = new Int32Array(count);
      const distances = new Float64Array(count);
      native.neighbors.takeRadius(keeper, indices, distances);
      return { starts, indices, distances };
    },
  };
}

function plan<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
  radius: number,
  options: RadiusSyncOptions,
): Call<RadiusNeighbors> {
  const [x, y] = operands(X, Y);
  return planRadius(x, y, radius, checkedMetric(options.metric), options);
}

/**
 * For each row of X all rows of Y at a distance of at most `radius` (for `'dot'`: with a product of
 * at least `radius`).
 *
 * @param X - n × d
 * @param Y - m × d, of the element type of X; may have no rows
 * @param radius - in the unit of the metric; rows at exactly this distance are in
 * @param options - `sort`, and those of `argKmin`
 * @throws TypeError for what is no matrix or mixes element types; RangeError for widths that don't
 *   fit and for NaN or infinity. The Promise is rejected with them, and with the signal's reason.
 *
 * Memory: the result, twice while it is put together, and a few chunks of rows for each thread.
 */
export async function radiusNeighbors<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
  radius: number,
  options: RadiusOptions = {},
): Promise<RadiusNeighbors> {
  return callAsync(plan(X, Y, radius, options), options);
}

/** {@link radiusNeighbors}, blocking until the result is there. */
export function radiusNeighborsSync<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
  radius: number,
  options: RadiusSyncOptions = {},
): RadiusNeighbors {
  return callSync(plan(X, Y, radius, options));
}
