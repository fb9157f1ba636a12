/**
 * Ranks and condition numbers.
 */
import { types } from 'node:util';
import {
  type Elements,
  fresh,
  type MatrixLike,
  type Operand,
  operand,
  requireMatrix,
  requireSquare,
} from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import type { QueuedOptions } from '../executor/index.ts';
import { native } from '../native.ts';
import { type Call, callAsync, callSync, checkFinite } from './call.ts';
import { notConverged } from './errors.ts';
import { matrixNorms } from './norms.ts';

/** The difference between 1 and the next number of the elements' precision. */
export function precision(data: Elements): number {
  return types.isFloat64Array(data) ? Number.EPSILON : 2 ** -23;
}

/** A tolerance: the caller's, checked, or max(n, m) times the precision. */
export function relativeTolerance(
  name: string,
  given: number | undefined | null,
  matrix: Operand,
): number {
  if (given === undefined || given === null) {
    return Math.max(matrix.rows, matrix.columns) * precision(matrix.data);
  }
  if (typeof given !== 'number') throw typeError(name, given, 'a number');
  if (!(given >= 0)) throw rangeError(name, given, 'a number of at least 0');
  return given;
}

/** Options of {@link matrixRank}. */
export interface MatrixRankOptions extends QueuedOptions {
  /** Singular values up to `tol` count as zero. Default: `rtol` times the largest. */
  tol?: number | undefined;
  /** The same as a part of the largest. Default: max(n, m) times the elements' precision. */
  rtol?: number | undefined;
}
/** Options of {@link matrixRankSync}. */
export type MatrixRankSyncOptions = Omit<MatrixRankOptions, 'signal'>;

function planSingular(
  name: string,
  matrix: Operand,
  options: { threads?: number | undefined },
  make: (values: Elements) => number,
): Call<number> {
  const s = fresh(matrix, [Math.min(matrix.rows, matrix.columns)]);
  return {
    operation: native.linalg.svdValues,
    operands: [matrix, s.place],
    numbers: [checkFinite()],
    threads: options.threads,
    finite: name,
    finish(outcome) {
      if (outcome > 0) throw notConverged(name, outcome, 'superdiagonals are not zero');
      return make(s.result.data);
    },
  };
}

function planMatrixRank(a: MatrixLike, options: MatrixRankSyncOptions): Call<number> {
  const matrix = operand('a', a);
  const relative = relativeTolerance('rtol', options.rtol, matrix);
  // Checked as the other one, whose default is not used.
  if (options.tol !== undefined) relativeTolerance('tol', options.tol, matrix);
  return planSingular('matrixRank', matrix, options, (values) => {
    const limit = options.tol ?? relative * (values[0] ?? 0);
    let rank = 0;
    while (rank < values.length && (values[rank] as number) > limit) rank++;
    return rank;
  });
}

/**
 * The rank: how many singular values are larger than a tolerance.
 *
 * @param a - n × m; a vector has rank 1, or 0 where it is all zeros
 * @param options - `tol`, `rtol`: the size of singular values that count as zero; `threads`,
 *   `signal`
 * @throws LinAlgError where the singular values do not converge, or for a NaN or an infinity;
 *   otherwise as `matmul`
 *
 * LAPACK: `gesdd`; `gesvd` where that does not converge.
 */
export async function matrixRank(a: MatrixLike, options: MatrixRankOptions = {}): Promise<number> {
  return callAsync(planMatrixRank(a, options), options);
}

/** {@link matrixRank}, blocking until the result is there. */
export function matrixRankSync(a: MatrixLike, options: MatrixRankSyncOptions = {}): number {
  return callSync(planMatrixRank(a, options));
}

/** Norms in which a condition number can be asked for. */
export type ConditionOrder = 1 | -1 | 2 | -2 | number | 'fro';

/** Options of {@link cond}. */
export interface CondOptions extends QueuedOptions {
  /** The norm: 2 (default) or -2 by singular values; 1, -1, Infinity, -Infinity, 'fro'. */
  p?: ConditionOrder | undefined;
}
/** Options of {@link condSync}. */
export type CondSyncOptions = Omit<CondOptions, 'signal'>;

function planCond(a: MatrixLike, options: CondSyncOptions): Call<number> {
  const matrix = operand('a', a);
  requireMatrix('a', matrix, a.shape);
  const p = options.p ?? 2;
  if (matrix.rows * matrix.columns === 0) {
    throw rangeError('a.shape', a.shape, 'that of a matrix with elements');
  }
  if (p === 2 || p === -2) {
    return planSingular('cond', matrix, options, (values) => {
      const largest = values[0] as number;
      const smallest = values[values.length - 1] as number;
      if (p === -2) return smallest / largest;
      return smallest === 0 ? Number.POSITIVE_INFINITY : largest / smallest;
    });
  }
  const kind = matrixNorms.get(p);
  if (kind === undefined || (p as unknown) === 'nuc') {
    throw rangeError('p', p, "2, -2, 1, -1, Infinity, -Infinity or 'fro'");
  }
  requireSquare('a', matrix, a.shape);
  return {
    operation: native.linalg.cond,
    operands: [matrix],
    numbers: [kind, checkFinite()],
    threads: options.threads,
    finite: 'cond',
    finish: (outcome) => outcome,
  };
}

/**
 * The condition number: how much an error in the matrix may grow in a solution.
 *
 * @param a - n × m for the norms 2 and -2, n × n for the others; with elements
 * @param options - `p`: which norm, 2 when not said; `threads`, `signal`
 * @returns the norm of A times that of its inverse; Infinity where A is singular
 * @throws LinAlgError where the singular values do not converge, or for a NaN or an infinity;
 *   otherwise as `matmul`
 *
 * LAPACK: `gesdd`, or `getrf` and `getri`.
 */
export async function cond(a: MatrixLike, options: CondOptions = {}): Promise<number> {
  return callAsync(planCond(a, options), options);
}

/** {@link cond}, blocking until the result is there. */
export function condSync(a: MatrixLike, options: CondSyncOptions = {}): number {
  return callSync(planCond(a, options));
}
