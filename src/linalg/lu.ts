/**
 * LU factors, inverses and determinants.
 */
import { types } from 'node:util';
import {
  type Elements,
  fresh,
  type Matrix,
  type MatrixLike,
  newMatrix,
  operand,
  requireMatrix,
  requireSquare,
  sameElements,
  target,
} from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import type { QueuedOptions } from '../executor/index.ts';
import { native } from '../native.ts';
import { type Call, callAsync, callSync, checkFinite } from './call.ts';
import { singular } from './errors.ts';
import type { OutOptions } from './products.ts';

/** The factors of A = P L U. */
export interface Lu<D extends Elements> {
  /** The permutation, m × m. */
  readonly p: Matrix<D>;
  /** Lower triangular with ones on its diagonal, m × k with k = min(m, n). */
  readonly l: Matrix<D>;
  /** Upper triangular, k × n. */
  readonly u: Matrix<D>;
}

/** The factors of A = L U where L's rows are in A's order. */
export interface PermutedLu<D extends Elements> {
  /** PL: a lower triangular matrix whose rows are permuted, m × k. */
  readonly pl: Matrix<D>;
  /** Upper triangular, k × n. */
  readonly u: Matrix<D>;
}

/** The factors with the permutation as indices: row i of A is row p[i] of LU. */
export interface IndexedLu<D extends Elements> {
  /** For each row of A its row in LU. */
  readonly p: Int32Array;
  readonly l: Matrix<D>;
  readonly u: Matrix<D>;
}

/** Options of {@link lu}. */
export interface LuOptions extends QueuedOptions {
  /** Returns `{ pl, u }`: L with its rows in A's order. */
  permuteL?: boolean | undefined;
  /** Returns the permutation as an Int32Array of indices. */
  pIndices?: boolean | undefined;
}
/** Options of {@link luSync}. */
export type LuSyncOptions = Omit<LuOptions, 'signal'>;

type AnyLu<D extends Elements> = Lu<D> | PermutedLu<D> | IndexedLu<D>;

function planLu<D extends Elements>(a: MatrixLike<D>, options: LuSyncOptions): Call<AnyLu<D>> {
  const matrix = operand('a', a);
  requireMatrix('a', matrix, a.shape);
  const { rows: m, columns: n } = matrix;
  const k = Math.min(m, n);
  const l = fresh(matrix, [m, k]);
  const u = fresh(matrix, [k, n]);
  const p = options.permuteL || options.pIndices ? undefined : newMatrix(matrix.data, [m, m]);
  const rows = new Int32Array(m);
  return {
    operation: native.linalg.lu,
    operands: [matrix, l.place, u.place],
    buffers: [rows],
    numbers: [options.permuteL ? 1 : 0, checkFinite()],
    threads: options.threads,
    finite: 'lu',
    finish() {
      if (p !== undefined) {
        for (let i = 0; i < m; i++) p.data[(rows[i] as number) * m + i] = 1;
        return { p, l: l.result, u: u.result };
      }
      if (options.permuteL) return { pl: l.result, u: u.result };
      const indices = new Int32Array(m);
      for (let i = 0; i < m; i++) indices[rows[i] as number] = i;
      return { p: indices, l: l.result, u: u.result };
    },
  };
}

/**
 * The LU factors with row exchanges: A = P L U.
 *
 * @param a - m × n
 * @param options - `permuteL`: `{ pl, u }` with PL in one; `pIndices`: the permutation as indices;
 *   `threads`, `signal`
 * @returns `{ p, l, u }`, as `scipy.linalg.lu`; of a singular matrix too
 * @throws LinAlgError for a NaN or an infinity; otherwise as `matmul`
 *
 * LAPACK: `getrf`.
 */
export async function lu<D extends Elements>(
  a: MatrixLike<D>,
  options: LuOptions & { permuteL: true },
): Promise<PermutedLu<D>>;
export async function lu<D extends Elements>(
  a: MatrixLike<D>,
  options: LuOptions & { pIndices: true },
): Promise<IndexedLu<D>>;
export async function lu<D extends Elements>(a: MatrixLike<D>, options?: LuOptions): Promise<Lu<D>>;
export async function lu<D extends Elements>(
  a: MatrixLike<D>,
  options: LuOptions = {},
): Promise<AnyLu<D>> {
  return callAsync(planLu(a, options), options);
}

/** {@link lu}, blocking until the result is there. */
export function luSync<D extends Elements>(
  a: MatrixLike<D>,
  options: LuSyncOptions & { permuteL: true },
): PermutedLu<D>;
export function luSync<D extends Elements>(
  a: MatrixLike<D>,
  options: LuSyncOptions & { pIndices: true },
): IndexedLu<D>;
export function luSync<D extends Elements>(a: MatrixLike<D>, options?: LuSyncOptions): Lu<D>;
export function luSync<D extends Elements>(
  a: MatrixLike<D>,
  options: LuSyncOptions = {},
): AnyLu<D> {
  return callSync(planLu(a, options));
}

/** A factored square matrix, for {@link luSolve}; as `scipy.linalg.lu_factor` returns it. */
export interface LuFactors<D extends Elements> {
  /** L below the diagonal (its ones are not stored) and U on and above it: n × n, column-major. */
  readonly lu: Matrix<D>;
  /** Row i was exchanged with row pivots[i], in this order. */
  readonly pivots: Int32Array;
}

/** Options of {@link luFactor}. */
export interface LuFactorOptions extends QueuedOptions {}
/** Options of {@link luFactorSync}. */
export type LuFactorSyncOptions = Omit<LuFactorOptions, 'signal'>;

function planLuFactor<D extends Elements>(
  a: MatrixLike<D>,
  options: LuFactorSyncOptions,
): Call<LuFactors<D>> {
  const matrix = operand('a', a);
  requireSquare('a', matrix, a.shape);
  const n = matrix.rows;
  const result: Matrix<D> = { ...newMatrix(matrix.data, [n, n]), stride: [1, n] };
  const pivots = new Int32Array(n);
  return {
    operation: native.linalg.luFactor,
    operands: [matrix, operand('result', result)],
    buffers: [pivots],
    numbers: [checkFinite()],
    threads: options.threads,
    finite: 'luFactor',
    finish: () => ({ lu: result, pivots }),
  };
}

/**
 * The LU factors of a square matrix in compact form, to solve with again and again.
 *
 * @param a - n × n
 * @param options - `threads`, `signal`
 * @returns `{ lu, pivots }` for {@link luSolve}; of a singular matrix too
 * @throws as {@link lu}
 *
 * LAPACK: `getrf`.
 */
export async function luFactor<D extends Elements>(
  a: MatrixLike<D>,
  options: LuFactorOptions = {},
): Promise<LuFactors<D>> {
  return callAsync(planLuFactor(a, options), options);
}

/** {@link luFactor}, blocking until the result is there. */
export function luFactorSync<D extends Elements>(
  a: MatrixLike<D>,
  options: LuFactorSyncOptions = {},
): LuFactors<D> {
  return callSync(planLuFactor(a, options));
}

/** Options of {@link luSolve}. */
export interface LuSolveOptions<D extends Elements> extends QueuedOptions, OutOptions<D> {
  /** Solves AᵀX = B. */
  transpose?: boolean | undefined;
}
/** Options of {@link luSolveSync}. */
export type LuSolveSyncOptions<D extends Elements> = Omit<LuSolveOptions<D>, 'signal'>;

function planLuSolve<D extends Elements>(
  factors: LuFactors<D>,
  b: MatrixLike<D>,
  options: LuSolveSyncOptions<D>,
): Call<Matrix<D>> {
  if (factors === null || typeof factors !== 'object') {
    throw typeError('factors', factors, 'what luFactor returned');
  }
  const { pivots } = factors;
  const compact = operand('factors.lu', factors.lu);
  requireSquare('factors.lu', compact, factors.lu.shape);
  const n = compact.rows;
  if (!types.isInt32Array(pivots)) throw typeError('factors.pivots', pivots, 'an Int32Array');
  if (pivots.length !== n || pivots.some((pivot) => !(pivot >= 0 && pivot < n))) {
    throw rangeError('factors.pivots', pivots, `${n} indices of rows`);
  }
  const right = operand('b', b);
  sameElements('b.data', compact, right);
  if (right.rows !== n) {
    throw rangeError('b.shape', b.shape, `that of ${n} rows, as many as the factored matrix has`);
  }
  const { result, place } = target(options.out, compact, b.shape);
  return {
    operation: native.linalg.luSolve,
    operands: [compact, right, place],
    buffers: [pivots],
    numbers: [options.transpose ? 1 : 0, checkFinite()],
    threads: options.threads,
    finite: 'luSolve',
    finish(outcome) {
      if (outcome > 0) throw singular('luSolve', outcome);
      return result;
    },
  };
}

/**
 * Solves AX = B with the factors of A, in 2n² operations for each column.
 *
 * @param factors - what {@link luFactor} returned for A
 * @param b - a vector of n, or n × m
 * @param options - `transpose`: solves AᵀX = B; `out`, `threads`, `signal`
 * @returns X, of b's shape
 * @throws LinAlgError where A is singular (`info`: the pivot that is zero), or for a NaN or an
 *   infinity; RangeError for pivots that are no rows; otherwise as `matmul`
 *
 * LAPACK: `getrs`.
 */
export async function luSolve<D extends Elements>(
  factors: LuFactors<D>,
  b: MatrixLike<D>,
  options: LuSolveOptions<D> = {},
): Promise<Matrix<D>> {
  return callAsync(planLuSolve(factors, b, options), options);
}

/** {@link luSolve}, blocking until the result is there. */
export function luSolveSync<D extends Elements>(
  factors: LuFactors<D>,
  b: MatrixLike<D>,
  options: LuSolveSyncOptions<D> = {},
): Matrix<D> {
  return callSync(planLuSolve(factors, b, options));
}
