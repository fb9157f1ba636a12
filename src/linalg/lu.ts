/**
 * LU factors, inverses and determinants.
 */
import { types } from 'node:util';
import {
  type Elements,
  type Matrix,
  type NdArray,
  newMatrix,
  operand,
  requireSquare,
  sameElements,
  shaped,
  target,
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
import { singular } from './errors.ts';
import { type MatrixInput, type StackLike, take } from './inputs.ts';
import type { OutOptions } from './products.ts';
import { along, axesOf, columnsOf, matrices, result, rowsOf, unwanted } from './stack.ts';

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
export interface IndexedLu<D extends Elements, P = Int32Array> {
  /** For each row of A its row in LU; of a stack an array with its axes before. */
  readonly p: P;
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
export type LuSyncOptions = SyncOptions<LuOptions>;

type AnyLu<D extends Elements> =
  | Lu<D>
  | PermutedLu<D>
  | IndexedLu<D>
  | IndexedLu<D, NdArray<Int32Array>>;

function planLu<D extends Elements>(a: MatrixInput<D>, options: LuSyncOptions): Call<AnyLu<D>> {
  const matrix = matrices('a', a);
  const axes = axesOf(matrix);
  const m = rowsOf(matrix);
  const n = columnsOf(matrix);
  const k = Math.min(m, n);
  const l = result(matrix, ...axes, m, k);
  const u = result(matrix, ...axes, k, n);
  // Made first: it is the largest, and there may be no such.
  const p =
    options.permuteL || options.pIndices ? undefined : newMatrix(matrix.data, [...axes, m, m]);
  const rows = options.permuteL ? undefined : result(matrix, ...axes, m);
  return {
    operation: native.linalg.lu,
    operands: [
      along(matrix, axes),
      along(l, axes),
      along(u, axes),
      rows === undefined ? unwanted(matrix) : along(rows, axes, 1),
    ],
    numbers: [options.permuteL ? 1 : 0, checkFinite()],
    threads: options.threads,
    options: ['permuteL', 'pIndices'],
    name: 'lu',
    axes,
    finish() {
      if (rows === undefined) return { pl: l, u };
      if (p !== undefined) {
        for (let i = 0; i < rows.data.length; i++) p.data[i * m + (rows.data[i] as number)] = 1;
        return { p, l, u };
      }
      const indices = Int32Array.from(rows.data);
      return axes.length === 0 ? { p: indices, l, u } : { p: shaped(indices, rows.shape), l, u };
    },
  };
}

/**
 * The LU factors with row exchanges: A = P L U.
 *
 * @param a - m × n, or a stack: … × m × n
 * @param options - `permuteL`: `{ pl, u }` with PL in one; `pIndices`: the permutation as indices;
 *   `threads`, `signal`, `onProgress`
 * @returns `{ p, l, u }`, as `scipy.linalg.lu`; of a singular matrix too
 * @throws LinAlgError for a NaN or an infinity; otherwise as `matmul`
 *
 * LAPACK: `getrf`.
 */
export async function lu<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: LuOptions & { permuteL: true },
): Promise<PermutedLu<D>>;
export async function lu<D extends Elements>(
  a: StackLike<D>,
  options: LuOptions & { pIndices: true },
): Promise<IndexedLu<D, NdArray<Int32Array>>>;
export async function lu<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: LuOptions & { pIndices: true },
): Promise<IndexedLu<D>>;
export async function lu<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options?: LuOptions,
): Promise<Lu<D>>;
export async function lu<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: LuOptions = {},
): Promise<AnyLu<D>> {
  return callAsync(planLu(a, options), options);
}

/** {@link lu}, blocking until the result is there. */
export function luSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: LuSyncOptions & { permuteL: true },
): PermutedLu<D>;
export function luSync<D extends Elements>(
  a: StackLike<D>,
  options: LuSyncOptions & { pIndices: true },
): IndexedLu<D, NdArray<Int32Array>>;
export function luSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: LuSyncOptions & { pIndices: true },
): IndexedLu<D>;
export function luSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options?: LuSyncOptions,
): Lu<D>;
export function luSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: LuSyncOptions = {},
): AnyLu<D> {
  return callSync(planLu(a, options), options);
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
export type LuFactorSyncOptions = SyncOptions<LuFactorOptions>;

function planLuFactor<D extends Elements>(
  a: MatrixInput<D>,
  options: LuFactorSyncOptions,
): Call<LuFactors<D>> {
  const given = take('a', a);
  const square = operand('a', given);
  requireSquare('a', square, given.shape);
  const n = square.rows;
  const factors: Matrix<D> = { ...newMatrix(square.data, [n, n]), stride: [1, n] };
  const pivots = new Int32Array(n);
  return {
    operation: native.linalg.luFactor,
    operands: [square, operand('result', factors)],
    buffers: [pivots],
    numbers: [checkFinite()],
    threads: options.threads,
    name: 'luFactor',
    finish: () => ({ lu: factors, pivots }),
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
export async function luFactor<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: LuFactorOptions = {},
): Promise<LuFactors<D>> {
  return callAsync(planLuFactor(a, options), options);
}

/** {@link luFactor}, blocking until the result is there. */
export function luFactorSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: LuFactorSyncOptions = {},
): LuFactors<D> {
  return callSync(planLuFactor(a, options), options);
}

/** Options of {@link luSolve}. */
export interface LuSolveOptions<D extends Elements> extends QueuedOptions, OutOptions<D> {
  /** Solves AᵀX = B. */
  transpose?: boolean | undefined;
}
/** Options of {@link luSolveSync}. */
export type LuSolveSyncOptions<D extends Elements> = SyncOptions<LuSolveOptions<D>>;

function planLuSolve<D extends Elements>(
  factors: LuFactors<D>,
  b: MatrixInput<D>,
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
  const given = take('b', b, compact.data);
  const right = operand('b', given);
  sameElements('b.data', compact, right);
  if (right.rows !== n) {
    throw rangeError(
      'b.shape',
      given.shape,
      `that of ${n} rows, as many as the factored matrix has`,
    );
  }
  const { result: solution, output } = target(options.out, compact, given.shape);
  return {
    operation: native.linalg.luSolve,
    operands: [compact, right, output],
    buffers: [pivots],
    numbers: [options.transpose ? 1 : 0, checkFinite()],
    threads: options.threads,
    options: ['out', 'transpose'],
    name: 'luSolve',
    failed: singular,
    finish: () => solution,
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
export async function luSolve<D extends Elements = Float64Array>(
  factors: LuFactors<D>,
  b: MatrixInput<D>,
  options: LuSolveOptions<D> = {},
): Promise<Matrix<D>> {
  return callAsync(planLuSolve(factors, b, options), options);
}

/** {@link luSolve}, blocking until the result is there. */
export function luSolveSync<D extends Elements = Float64Array>(
  factors: LuFactors<D>,
  b: MatrixInput<D>,
  options: LuSolveSyncOptions<D> = {},
): Matrix<D> {
  return callSync(planLuSolve(factors, b, options), options);
}
