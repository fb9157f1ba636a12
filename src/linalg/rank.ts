/**
 * Ranks and condition numbers.
 */
import { types } from 'node:util';
import {
  type Elements,
  lengthOf,
  type Matrix,
  type NdArray,
  plain,
  shaped,
} from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { native } from '../native.ts';
import {
  type Call,
  callAsync,
  callSync,
  checkFinite,
  type QueuedOptions,
  type SyncOptions,
} from './call.ts';
import { type MatrixInput, type StackLike, take } from './inputs.ts';
import { matrixNorms } from './norms.ts';
import { planSingularValues } from './singular.ts';
import { along, axesOf, checked, columnsOf, matrices, result, rowsOf, squares } from './stack.ts';

/** The difference between 1 and the next number of the elements' precision. */
export function precision(data: Elements): number {
  return types.isFloat64Array(data) ? Number.EPSILON : 2 ** -23;
}

/**
 * A tolerance: the caller's, checked, or max(n, m) times the precision.
 *
 * @param name - the option's; `rcond` may be -1, for the precision alone
 */
export function relativeTolerance(
  name: 'rtol' | 'rcond',
  given: number | undefined | null,
  matrix: Matrix,
): number {
  const own = precision(matrix.data);
  if (given === undefined || given === null) {
    return Math.max(rowsOf(matrix), columnsOf(matrix)) * own;
  }
  if (typeof given !== 'number') throw typeError(name, given, 'a number');
  if (name === 'rcond' && given === -1) return -1; // gelsd's own
  if (!(given >= 0)) throw rangeError(name, given, 'a number of at least 0');
  return given;
}

/** Options of {@link matrixRank}. */
export interface MatrixRankOptions extends QueuedOptions {
  /** Singular values up to `tol` count as zero. Not together with `rtol`. */
  tol?: number | undefined;
  /** The same as a part of the largest. Default: max(n, m) times the elements' precision. */
  rtol?: number | undefined;
}
/** Options of {@link matrixRankSync}. */
export type MatrixRankSyncOptions = SyncOptions<MatrixRankOptions>;

function planMatrixRank(
  a: MatrixInput,
  options: MatrixRankSyncOptions,
): Call<number | NdArray<Int32Array>> {
  const { tol, rtol } = options;
  const given = checked('a', take('a', a));
  // As in NumPy, a vector has rank 1 unless all of it is zero: it is one row.
  const matrix =
    given.shape.length > 1
      ? given
      : { ...given, shape: [1, ...given.shape], stride: [1, ...given.stride] };
  if (tol !== undefined && rtol !== undefined) {
    throw rangeError('tol', tol, "left out where 'rtol' is given");
  }
  if (tol !== undefined) {
    if (typeof tol !== 'number') throw typeError('tol', tol, 'a number');
    if (!(tol >= 0)) throw rangeError('tol', tol, 'a number of at least 0');
  }
  const relative = relativeTolerance('rtol', rtol, matrix);
  return planSingularValues(
    'matrixRank',
    matrix,
    options,
    (values, axes) => {
      const ranks = shaped(new Int32Array(lengthOf(axes)), axes);
      const k = values.shape[axes.length] as number;
      for (let i = 0; i < ranks.data.length; i++) {
        const limit = tol ?? relative * (values.data[i * k] ?? 0);
        let rank = 0;
        while (rank < k && (values.data[i * k + rank] as number) > limit) rank++;
        ranks.data[i] = rank;
      }
      return plain(ranks);
    },
    ['tol', 'rtol'],
  );
}

/**
 * The rank: how many singular values are larger than a tolerance.
 *
 * @param a - n × m; a vector has rank 1, or 0 where it is all zeros; or a stack
 * @param options - `tol`, `rtol`: the size of singular values that count as zero; `threads`,
 *   `signal`
 * @throws LinAlgError where the singular values do not converge, or for a NaN or an infinity;
 *   otherwise as `matmul`
 *
 * LAPACK: `gesdd`; `gesvd` where that does not converge.
 */
export async function matrixRank(
  a: StackLike,
  options?: MatrixRankOptions,
): Promise<NdArray<Int32Array>>;
export async function matrixRank(a: MatrixInput, options?: MatrixRankOptions): Promise<number>;
export async function matrixRank(
  a: MatrixInput,
  options: MatrixRankOptions = {},
): Promise<number | NdArray<Int32Array>> {
  return callAsync(planMatrixRank(a, options), options);
}

/** {@link matrixRank}, blocking until the result is there. */
export function matrixRankSync(a: StackLike, options?: MatrixRankSyncOptions): NdArray<Int32Array>;
export function matrixRankSync(a: MatrixInput, options?: MatrixRankSyncOptions): number;
export function matrixRankSync(
  a: MatrixInput,
  options: MatrixRankSyncOptions = {},
): number | NdArray<Int32Array> {
  return callSync(planMatrixRank(a, options), options);
}

/** Norms in which a condition number can be asked for. */
export type ConditionOrder = 1 | -1 | 2 | -2 | number | 'fro';

/** Options of {@link cond}. */
export interface CondOptions extends QueuedOptions {
  /** The norm: 2 (default) or -2 by singular values; 1, -1, Infinity, -Infinity, 'fro'. */
  p?: ConditionOrder | undefined;
}
/** Options of {@link condSync}. */
export type CondSyncOptions = SyncOptions<CondOptions>;

function planCond(a: MatrixInput, options: CondSyncOptions): Call<number | Matrix> {
  const matrix = matrices('a', a);
  const p = options.p ?? 2;
  if (rowsOf(matrix) * columnsOf(matrix) === 0) {
    throw rangeError('a.shape', matrix.shape, 'that of a matrix with elements');
  }
  if (p === 2 || p === -2) {
    return planSingularValues(
      'cond',
      matrix,
      options,
      (values, axes) => {
        const numbers = result(matrix, ...axes);
        const k = values.shape[axes.length] as number;
        for (let i = 0; i < numbers.data.length; i++) {
          const largest = values.data[i * k] as number;
          const smallest = values.data[(i + 1) * k - 1] as number;
          const number = smallest === 0 ? Number.POSITIVE_INFINITY : largest / smallest;
          numbers.data[i] = p === -2 ? smallest / largest : number;
        }
        return plain(numbers);
      },
      ['p'],
    );
  }
  const kind = matrixNorms.get(p);
  if (kind === undefined || (p as unknown) === 'nuc') {
    throw rangeError('p', p, "2, -2, 1, -1, Infinity, -Infinity or 'fro'");
  }
  squares('a', matrix);
  const axes = axesOf(matrix);
  const numbers = result(matrix, ...axes);
  return {
    operation: native.linalg.cond,
    operands: [along(matrix, axes), along(numbers, axes, 0)],
    numbers: [kind, checkFinite()],
    threads: options.threads,
    options: ['p'],
    name: 'cond',
    axes,
    finish: () => plain(numbers),
  };
}

/**
 * The condition number: how much an error in the matrix may grow in a solution.
 *
 * @param a - n × m for the norms 2 and -2, n × n for the others; with elements; or a stack
 * @param options - `p`: which norm, 2 when not said; `threads`, `signal`
 * @returns the norm of A times that of its inverse; Infinity where A is singular
 * @throws LinAlgError where the singular values do not converge, or for a NaN or an infinity;
 *   otherwise as `matmul`
 *
 * LAPACK: `gesdd`, or `getrf` and `getri`.
 */
export async function cond<D extends Elements>(
  a: StackLike<D>,
  options?: CondOptions,
): Promise<Matrix<D>>;
export async function cond(a: MatrixInput, options?: CondOptions): Promise<number>;
export async function cond(a: MatrixInput, options: CondOptions = {}): Promise<number | Matrix> {
  return callAsync(planCond(a, options), options);
}

/** {@link cond}, blocking until the result is there. */
export function condSync<D extends Elements>(a: StackLike<D>, options?: CondSyncOptions): Matrix<D>;
export function condSync(a: MatrixInput, options?: CondSyncOptions): number;
export function condSync(a: MatrixInput, options: CondSyncOptions = {}): number | Matrix {
  return callSync(planCond(a, options), options);
}
