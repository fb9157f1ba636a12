/**
 * All distances between two sets of rows, at once or in blocks.
 */
import {
  checkQueuedOptionNames,
  type Elements,
  type Matrix,
  type MatrixLike,
  target,
} from '../arrays/index.ts';
import { scopedConfig } from '../config/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { integerVariable } from '../machine/index.ts';
import { native } from '../native.ts';
import {
  type Call,
  callAsync,
  callSync,
  METRIC_NAMES,
  type NeighborsOptions,
  type NeighborsSyncOptions,
  operands,
  settings,
  withoutNumber,
} from './call.ts';
import { checkedMetric } from './metric.ts';

const NAMES = [...METRIC_NAMES, 'out'];

/** Options of {@link pairwiseDistancesSync}. */
export interface PairwiseSyncOptions<D extends Elements> extends NeighborsSyncOptions {
  /** Where the result is to be written: a matrix of its shape that overlaps no operand. */
  out?: MatrixLike<D> | undefined;
}
/** Options of {@link pairwiseDistances}. */
export interface PairwiseOptions<D extends Elements>
  extends NeighborsOptions,
    PairwiseSyncOptions<D> {}

/** Options of {@link pairwiseDistancesChunked}. */
export interface ChunkedOptions extends NeighborsOptions {
  /**
   * The most bytes that a block of distances may take, unless one row takes more. Default: the
   * setting `workingMemory`, else `HEDDLE_WORKING_MEMORY`, else 1 GiB.
   */
  workingMemory?: number | undefined;
}

/** Some rows of the distances. */
export interface DistanceBlock<D extends Elements> {
  /** The row of X that the first row of the block belongs to. */
  readonly start: number;
  /** b × m. */
  readonly distances: Matrix<D>;
}

function allOperands<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D> | undefined,
  options: NeighborsSyncOptions,
) {
  const measure = checkedMetric(options);
  if (measure.name === 'precomputed') {
    throw rangeError('metric', measure.name, 'another one: X would hold the distances already');
  }
  // A row's distance to itself is one of all.
  return { measure, ...operands(X, Y ?? X, measure) };
}

function plan<D extends Elements>(
  X: MatrixLike<D>,
  [Y, options]: [MatrixLike<D> | undefined, PairwiseSyncOptions<D>],
): Call<Matrix<D>> {
  const { measure, x, y } = allOperands(X, Y, options);
  const { result, output } = target(options.out, x, [x.rows, y.rows]);
  return {
    operation: native.neighbors.distances,
    operands: [x, y, output],
    numbers: settings(measure, false),
    buffers: [measure.scale],
    threads: options.threads,
    finish: () => result as Matrix<D>,
  };
}

/**
 * The distance of every row of X to every row of Y.
 *
 * Computed from float64 products, for float32 operands too; where the difference of the products
 * would have lost digits, from the differences of the rows. A row's distance to itself is 0.
 *
 * @param X - n × d
 * @param Y - m × d, of the element type of X; left out: the rows of X
 * @param options - `metric` with `p`, `w`, `V`; `out`, `threads`, `signal`, `onProgress`
 * @returns n × m, of the element type of X
 * @throws TypeError for what is no matrix or mixes element types; RangeError for widths that don't
 *   fit, for NaN or infinity unless `assumeFinite` is set, and for an `out` of another shape or one
 *   that overlaps an operand. The Promise is rejected with them, and with the signal's reason.
 */
export function pairwiseDistances<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
  options?: PairwiseOptions<D>,
): Promise<Matrix<D>>;
export function pairwiseDistances<D extends Elements>(
  X: MatrixLike<D>,
  options?: PairwiseOptions<D>,
): Promise<Matrix<D>>;
export async function pairwiseDistances<D extends Elements>(
  X: MatrixLike<D>,
  ...rest: unknown[]
): Promise<Matrix<D>> {
  const args = withoutNumber<D, PairwiseOptions<D>>(rest);
  return callAsync(plan(X, args), args[1], NAMES);
}

/** {@link pairwiseDistances}, blocking until the result is there. */
export function pairwiseDistancesSync<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
  options?: PairwiseSyncOptions<D>,
): Matrix<D>;
export function pairwiseDistancesSync<D extends Elements>(
  X: MatrixLike<D>,
  options?: PairwiseSyncOptions<D>,
): Matrix<D>;
export function pairwiseDistancesSync<D extends Elements>(
  X: MatrixLike<D>,
  ...rest: unknown[]
): Matrix<D> {
  const args = withoutNumber<D, PairwiseSyncOptions<D>>(rest);
  return callSync(plan(X, args), args[1], NAMES);
}

function blockBytes(option: number | undefined): number {
  if (option === undefined) {
    const set = scopedConfig().workingMemory ?? integerVariable('HEDDLE_WORKING_MEMORY');
    return set ?? 2 ** 30;
  }
  const right = 'a number of bytes, at least 1';
  if (typeof option !== 'number') throw typeError('workingMemory', option, right);
  if (!(option >= 1)) throw rangeError('workingMemory', option, right);
  return option;
}

/**
 * {@link pairwiseDistances} in blocks of rows, for results that are larger than memory. A block is
 * computed when it is asked for.
 *
 * @param X - n × d
 * @param Y - m × d, of the element type of X; left out: the rows of X
 * @param options - `workingMemory`, and those of {@link pairwiseDistances} without `out`
 * @returns blocks in the order of the rows of X
 * @throws as {@link pairwiseDistances}: arguments at once, the rest when a block is asked for
 *
 * @example
 * ```ts
 * for await (const { start, distances } of pairwiseDistancesChunked(X, Y)) {
 *   // distances.shape[0] rows, from row `start` of X on
 * }
 * ```
 */
export function pairwiseDistancesChunked<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
  options?: ChunkedOptions,
): AsyncIterableIterator<DistanceBlock<D>>;
export function pairwiseDistancesChunked<D extends Elements>(
  X: MatrixLike<D>,
  options?: ChunkedOptions,
): AsyncIterableIterator<DistanceBlock<D>>;
export function pairwiseDistancesChunked<D extends Elements>(
  X: MatrixLike<D>,
  ...args: unknown[]
): AsyncIterableIterator<DistanceBlock<D>> {
  const [Y, options] = withoutNumber<D, ChunkedOptions>(args);
  checkQueuedOptionNames(options, [...METRIC_NAMES, 'workingMemory']);
  const { x, y } = allOperands(X, Y, options);
  const rowBytes = Math.max(y.rows * x.data.BYTES_PER_ELEMENT, 1);
  const rows = Math.max(Math.floor(blockBytes(options.workingMemory) / rowBytes), 1);
  const { workingMemory: _, ...rest } = options;
  return (async function* () {
    for (let start = 0; start < x.rows; start += rows) {
      const block: MatrixLike<D> = {
        data: x.data as D,
        shape: [Math.min(rows, x.rows - start), x.columns],
        stride: [x.rowStride, x.columnStride],
        offset: x.offset + start * x.rowStride,
      };
      yield { start, distances: await pairwiseDistances(block, Y ?? X, rest) };
    }
  })();
}
