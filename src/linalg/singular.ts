/**
 * Singular values and vectors.
 */
import {
  type Elements,
  fresh,
  type Matrix,
  type MatrixLike,
  operand,
  requireMatrix,
} from '../arrays/index.ts';
import type { QueuedOptions } from '../executor/index.ts';
import { native } from '../native.ts';
import { type Call, callAsync, callSync, checkFinite } from './call.ts';
import { notConverged } from './errors.ts';

/** The parts of A = U S Vᵀ. */
export interface Svd<D extends Elements> {
  /** Left singular vectors as columns: m × m, or m × k with k = min(m, n). */
  readonly u: Matrix<D>;
  /** Singular values, falling: a vector of k. */
  readonly s: Matrix<D>;
  /** Right singular vectors as rows (Vᵀ): n × n, or k × n. */
  readonly vh: Matrix<D>;
}

/** Options of {@link svd}. */
export interface SvdOptions extends QueuedOptions {
  /** U is m × m and Vᵀ n × n (the default, as in NumPy); false: m × k and k × n. */
  fullMatrices?: boolean | undefined;
  /** False: the singular values alone, as a vector. */
  computeUv?: boolean | undefined;
}
/** Options of {@link svdSync}. */
export type SvdSyncOptions = Omit<SvdOptions, 'signal'>;

/** Options of {@link svdvals}. */
export interface SvdvalsOptions extends QueuedOptions {}
/** Options of {@link svdvalsSync}. */
export type SvdvalsSyncOptions = Omit<SvdvalsOptions, 'signal'>;

function check(outcome: number): void {
  if (outcome > 0) throw notConverged('svd', outcome, 'superdiagonals are not zero');
}

function planSvdvals<D extends Elements>(
  a: MatrixLike<D>,
  options: SvdvalsSyncOptions,
): Call<Matrix<D>> {
  const matrix = operand('a', a);
  requireMatrix('a', matrix, a.shape);
  const s = fresh(matrix, [Math.min(matrix.rows, matrix.columns)]);
  return {
    operation: native.linalg.svdValues,
    operands: [matrix, s.place],
    numbers: [checkFinite()],
    threads: options.threads,
    finite: 'svd',
    finish(outcome) {
      check(outcome);
      return s.result;
    },
  };
}

function planSvd<D extends Elements>(
  a: MatrixLike<D>,
  options: SvdSyncOptions,
): Call<Svd<D> | Matrix<D>> {
  if (options.computeUv === false) return planSvdvals(a, options);
  const matrix = operand('a', a);
  requireMatrix('a', matrix, a.shape);
  const { rows: m, columns: n } = matrix;
  const k = Math.min(m, n);
  const full = options.fullMatrices ?? true;
  const s = fresh(matrix, [k]);
  const u = fresh(matrix, [m, full ? m : k]);
  const vh = fresh(matrix, [full ? n : k, n]);
  return {
    operation: native.linalg.svd,
    operands: [matrix, s.place, u.place, vh.place],
    numbers: [full ? 1 : 0, checkFinite()],
    threads: options.threads,
    finite: 'svd',
    finish(outcome) {
      check(outcome);
      return { u: u.result, s: s.result, vh: vh.result };
    },
  };
}

/**
 * The singular value decomposition A = U S Vᵀ.
 *
 * @param a - m × n
 * @param options - `fullMatrices`: true unless said otherwise, as in NumPy; `computeUv: false`: the
 *   values alone; `threads`, `signal`
 * @returns `{ u, s, vh }`, or `s`, as `numpy.linalg.svd`
 * @throws LinAlgError where the values do not converge (`info`: how many superdiagonals), or for a
 *   NaN or an infinity; otherwise as `matmul`
 *
 * LAPACK: `gesdd`; `gesvd` where that does not converge.
 */
export async function svd<D extends Elements>(
  a: MatrixLike<D>,
  options: SvdOptions & { computeUv: false },
): Promise<Matrix<D>>;
export async function svd<D extends Elements>(
  a: MatrixLike<D>,
  options?: SvdOptions & { computeUv?: true | undefined },
): Promise<Svd<D>>;
export async function svd<D extends Elements>(
  a: MatrixLike<D>,
  options: SvdOptions = {},
): Promise<Svd<D> | Matrix<D>> {
  return callAsync(planSvd(a, options), options);
}

/** {@link svd}, blocking until the result is there. */
export function svdSync<D extends Elements>(
  a: MatrixLike<D>,
  options: SvdSyncOptions & { computeUv: false },
): Matrix<D>;
export function svdSync<D extends Elements>(
  a: MatrixLike<D>,
  options?: SvdSyncOptions & { computeUv?: true | undefined },
): Svd<D>;
export function svdSync<D extends Elements>(
  a: MatrixLike<D>,
  options: SvdSyncOptions = {},
): Svd<D> | Matrix<D> {
  return callSync(planSvd(a, options));
}

/**
 * The singular values alone: about a quarter of the time of {@link svd}.
 *
 * @param a - m × n
 * @param options - `threads`, `signal`
 * @returns a vector of min(m, n), falling
 * @throws as {@link svd}
 *
 * LAPACK: `gesdd`; `gesvd` where that does not converge.
 */
export async function svdvals<D extends Elements>(
  a: MatrixLike<D>,
  options: SvdvalsOptions = {},
): Promise<Matrix<D>> {
  return callAsync(planSvdvals(a, options), options);
}

/** {@link svdvals}, blocking until the result is there. */
export function svdvalsSync<D extends Elements>(
  a: MatrixLike<D>,
  options: SvdvalsSyncOptions = {},
): Matrix<D> {
  return callSync(planSvdvals(a, options));
}
