/**
 * Cholesky factors and linear systems.
 */
import { type Elements, type Matrix, sameElements } from '../arrays/index.ts';
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
import { notPositiveDefinite, singular } from './errors.ts';
import { type MatrixInput, takeBoth } from './inputs.ts';
import type { OutOptions } from './products.ts';
import { along, axesOf, broadcast, checked, resultIn, rowsOf, squares } from './stack.ts';

/** Options of {@link cholesky}. */
export interface CholeskyOptions<D extends Elements> extends QueuedOptions, OutOptions<D> {
  /** The upper factor U with A = UᵀU, read from the upper triangle. */
  upper?: boolean | undefined;
}
/** Options of {@link choleskySync}. */
export type CholeskySyncOptions<D extends Elements> = SyncOptions<CholeskyOptions<D>>;

/** What is known of the matrix of a linear system. */
export type Assumption =
  | 'general'
  | 'positive definite'
  | 'symmetric'
  | 'triangular'
  | 'lower triangular'
  | 'upper triangular';

const assumptions: Record<Assumption, number> = {
  general: 0,
  'positive definite': 1,
  symmetric: 2,
  triangular: 4,
  'lower triangular': 3,
  'upper triangular': 4,
};

/** Options of {@link solve}. */
export interface SolveOptions<D extends Elements> extends QueuedOptions, OutOptions<D> {
  /**
   * What is known of A: `'general'` (LU, the default), `'positive definite'` (Cholesky),
   * `'symmetric'` (Bunch–Kaufman), `'upper triangular'` (also `'triangular'`) or
   * `'lower triangular'` (substitution). Only the lower triangle of a symmetric A is read, and
   * only the named one of a triangular A.
   */
  assume?: Assumption | undefined;
  /** Solves AᵀX = B. */
  transpose?: boolean | undefined;
  /** For a triangular A: takes its diagonal to be all ones, and does not read it. */
  unitDiagonal?: boolean | undefined;
}
/** Options of {@link solveSync}. */
export type SolveSyncOptions<D extends Elements> = SyncOptions<SolveOptions<D>>;

function planCholesky<D extends Elements>(
  a: MatrixInput<D>,
  options: CholeskySyncOptions<D>,
): Call<Matrix<D>> {
  const matrix = squares('a', a);
  const axes = axesOf(matrix);
  const factor = resultIn(options.out, matrix, matrix.shape);
  return {
    operation: native.linalg.cholesky,
    operands: [along(matrix, axes), along(factor, axes)],
    numbers: [options.upper ? 1 : 0, checkFinite()],
    threads: options.threads,
    options: ['upper', 'out'],
    name: 'cholesky',
    axes,
    failed: notPositiveDefinite,
    finish: () => factor,
  };
}

/**
 * The Cholesky factor: the lower triangular L with A = LLᵀ.
 *
 * @param a - n × n, symmetric and positive definite, or a stack of them; only the lower triangle is
 *   read
 * @param options - `upper`: U with A = UᵀU instead, read from the upper triangle; `out`, `threads`,
 *   `signal`, `onProgress`
 * @returns L, n × n, with zeros above its diagonal; a stack of a stack
 * @throws LinAlgError where A is not positive definite (`info` is the order of the first leading
 *   minor that is not) or has a NaN or an infinity in it; otherwise as `matmul`
 *
 * LAPACK: `potrf`.
 */
export async function cholesky<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: CholeskyOptions<D> = {},
): Promise<Matrix<D>> {
  return callAsync(planCholesky(a, options), options);
}

/** {@link cholesky}, blocking until the result is there. */
export function choleskySync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: CholeskySyncOptions<D> = {},
): Matrix<D> {
  return callSync(planCholesky(a, options), options);
}

function planSolve<D extends Elements>(
  a: MatrixInput<D>,
  b: MatrixInput<D>,
  options: SolveSyncOptions<D>,
): Call<Matrix<D>> {
  const [left, right] = takeBoth('a', a, 'b', b);
  const matrix = squares('a', left);
  const given = checked('b', right);
  sameElements('b.data', matrix, given);
  const assume = options.assume ?? 'general';
  if (!Object.hasOwn(assumptions, assume)) {
    throw typeError('assume', assume, `one of ${Object.keys(assumptions).join(', ')}`);
  }
  const vector = given.shape.length === 1;
  const rows = rowsOf(matrix);
  if (given.shape[vector ? 0 : given.shape.length - 2] !== rows) {
    throw rangeError('b.shape', given.shape, `that of ${rows} rows, as many as 'a' has`);
  }
  const own = vector ? 1 : 2;
  const axes = broadcast('b', axesOf(matrix), given.shape.slice(0, -own));
  const solution = resultIn(options.out, matrix, [...axes, ...given.shape.slice(-own)]);
  return {
    operation: native.linalg.solve,
    operands: [along(matrix, axes), along(given, axes, own), along(solution, axes, own)],
    numbers: [
      assumptions[assume],
      options.transpose ? 1 : 0,
      options.unitDiagonal ? 1 : 0,
      checkFinite(),
    ],
    threads: options.threads,
    options: ['assume', 'out', 'transpose', 'unitDiagonal'],
    name: 'solve',
    axes,
    failed: assume === 'positive definite' ? notPositiveDefinite : singular,
    finish: () => solution,
  };
}

/**
 * Solves the linear system AX = B.
 *
 * @param a - n × n, or a stack: … × n × n
 * @param b - a vector of n, or n × m: m systems at once; or a stack: … × n × m. As in NumPy 2, only
 *   an array of one axis is a vector; the axes before the last two are broadcast
 * @param options - `assume` what is known of A, `transpose`, `unitDiagonal`; `out`, `threads`,
 *   `signal`, `onProgress`
 * @returns X, of b's shape, with the axes of the broadcast stack
 * @throws LinAlgError where A is singular (`info`: the pivot that is zero), is not positive definite
 *   as assumed (`info`: the order of the minor), or has a NaN or an infinity in it; otherwise as
 *   `matmul`
 *
 * LAPACK: `getrf`/`getrs`, `potrf`/`potrs`, `sytrf`/`sytrs`, `trtrs`.
 */
export async function solve<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  b: MatrixInput<D>,
  options: SolveOptions<D> = {},
): Promise<Matrix<D>> {
  return callAsync(planSolve(a, b, options), options);
}

/** {@link solve}, blocking until the result is there. */
export function solveSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  b: MatrixInput<D>,
  options: SolveSyncOptions<D> = {},
): Matrix<D> {
  return callSync(planSolve(a, b, options), options);
}
