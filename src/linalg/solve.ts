/**
 * Cholesky factors and linear systems.
 */
import {
  type Elements,
  type Matrix,
  type MatrixLike,
  operand,
  requireSquare,
  sameElements,
  target,
} from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import type { QueuedOptions } from '../executor/index.ts';
import { native } from '../native.ts';
import { type Call, callAsync, callSync, checkFinite } from './call.ts';
import { notPositiveDefinite, singular } from './errors.ts';
import type { OutOptions } from './products.ts';

/** Options of {@link cholesky}. */
export interface CholeskyOptions<D extends Elements> extends QueuedOptions, OutOptions<D> {}
/** Options of {@link choleskySync}. */
export type CholeskySyncOptions<D extends Elements> = Omit<CholeskyOptions<D>, 'signal'>;

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
export type SolveSyncOptions<D extends Elements> = Omit<SolveOptions<D>, 'signal'>;

function planCholesky<D extends Elements>(
  a: MatrixLike<D>,
  options: CholeskySyncOptions<D>,
): Call<Matrix<D>> {
  const matrix = operand('a', a);
  requireSquare('a', matrix, a.shape);
  const { result, place } = target(options.out, matrix, a.shape);
  return {
    operation: native.linalg.cholesky,
    operands: [matrix, place],
    numbers: [checkFinite()],
    threads: options.threads,
    finite: 'cholesky',
    finish(outcome) {
      if (outcome > 0) throw notPositiveDefinite('cholesky', outcome);
      return result;
    },
  };
}

/**
 * The Cholesky factor: the lower triangular L with A = LLᵀ.
 *
 * @param a - n × n, symmetric and positive definite; only its lower triangle is read
 * @param options - `out`, `threads`, `signal`
 * @returns L, n × n, with zeros above its diagonal
 * @throws LinAlgError where A is not positive definite (`info` is the order of the first leading
 *   minor that is not) or has a NaN or an infinity in it; otherwise as `matmul`
 *
 * LAPACK: `potrf`.
 */
export async function cholesky<D extends Elements>(
  a: MatrixLike<D>,
  options: CholeskyOptions<D> = {},
): Promise<Matrix<D>> {
  return callAsync(planCholesky(a, options), options);
}

/** {@link cholesky}, blocking until the result is there. */
export function choleskySync<D extends Elements>(
  a: MatrixLike<D>,
  options: CholeskySyncOptions<D> = {},
): Matrix<D> {
  return callSync(planCholesky(a, options));
}

function planSolve<D extends Elements>(
  a: MatrixLike<D>,
  b: MatrixLike<D>,
  options: SolveSyncOptions<D>,
): Call<Matrix<D>> {
  const matrix = operand('a', a);
  const right = operand('b', b);
  requireSquare('a', matrix, a.shape);
  sameElements('b.data', matrix, right);
  if (right.rows !== matrix.rows) {
    throw rangeError('b.shape', b.shape, `that of ${matrix.rows} rows, as many as 'a' has`);
  }
  const assume = options.assume ?? 'general';
  if (!Object.hasOwn(assumptions, assume)) {
    throw typeError('assume', assume, `one of ${Object.keys(assumptions).join(', ')}`);
  }
  const { result, place } = target(options.out, matrix, b.shape);
  return {
    operation: native.linalg.solve,
    operands: [matrix, right, place],
    numbers: [
      assumptions[assume],
      options.transpose ? 1 : 0,
      options.unitDiagonal ? 1 : 0,
      checkFinite(),
    ],
    threads: options.threads,
    finite: 'solve',
    finish(outcome) {
      if (outcome > 0) {
        throw assume === 'positive definite'
          ? notPositiveDefinite('solve', outcome)
          : singular('solve', outcome);
      }
      return result;
    },
  };
}

/**
 * Solves the linear system AX = B.
 *
 * @param a - n × n
 * @param b - a vector of n, or n × m: m systems at once
 * @param options - `assume` what is known of A, `transpose`, `unitDiagonal`; `out`, `threads`,
 *   `signal`
 * @returns X, of b's shape
 * @throws LinAlgError where A is singular (`info`: the pivot that is zero), is not positive definite
 *   as assumed (`info`: the order of the minor), or has a NaN or an infinity in it; otherwise as
 *   `matmul`
 *
 * LAPACK: `getrf`/`getrs`, `potrf`/`potrs`, `sytrf`/`sytrs`, `trtrs`.
 */
export async function solve<D extends Elements>(
  a: MatrixLike<D>,
  b: MatrixLike<D>,
  options: SolveOptions<D> = {},
): Promise<Matrix<D>> {
  return callAsync(planSolve(a, b, options), options);
}

/** {@link solve}, blocking until the result is there. */
export function solveSync<D extends Elements>(
  a: MatrixLike<D>,
  b: MatrixLike<D>,
  options: SolveSyncOptions<D> = {},
): Matrix<D> {
  return callSync(planSolve(a, b, options));
}
