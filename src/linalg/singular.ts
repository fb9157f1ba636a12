/**
 * Singular values and vectors.
 */
import type { Elements, Matrix } from '../arrays/index.ts';
import { native } from '../native.ts';
import {
  type Call,
  callAsync,
  callSync,
  checkFinite,
  type QueuedOptions,
  type SyncOptions,
} from './call.ts';
import { type Failure, notConverged } from './errors.ts';
import type { MatrixInput } from './inputs.ts';
import { along, axesOf, columnsOf, matrices, result, rowsOf } from './stack.ts';

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
export type SvdSyncOptions = SyncOptions<SvdOptions>;

/** Options of {@link svdvals}. */
export interface SvdvalsOptions extends QueuedOptions {}
/** Options of {@link svdvalsSync}. */
export type SvdvalsSyncOptions = SyncOptions<SvdvalsOptions>;

/** The error of iterations for singular values. */
export function noSingularValues(failure: Failure): Error {
  return notConverged(failure, 'superdiagonals are not zero');
}

/**
 * The call for the singular values alone, of which `make` makes the result; `names` are those of the
 * options that the caller has of its own.
 */
export function planSingularValues<D extends Elements, R>(
  name: string,
  matrix: Matrix<D>,
  options: { threads?: number | undefined },
  make: (values: Matrix<D>, axes: readonly number[]) => R,
  names: readonly string[] = [],
): Call<R> {
  const axes = axesOf(matrix);
  const s = result(matrix, ...axes, Math.min(rowsOf(matrix), columnsOf(matrix)));
  return {
    operation: native.linalg.svdValues,
    operands: [along(matrix, axes), along(s, axes, 1)],
    numbers: [checkFinite()],
    threads: options.threads,
    options: names,
    name,
    axes,
    failed: noSingularValues,
    finish: () => make(s, axes),
  };
}

function planSvdvals<D extends Elements>(
  a: MatrixInput<D>,
  options: SvdvalsSyncOptions,
  names: readonly string[] = [],
): Call<Matrix<D>> {
  return planSingularValues('svd', matrices('a', a), options, (values) => values, names);
}

function planSvd<D extends Elements>(
  a: MatrixInput<D>,
  options: SvdSyncOptions,
): Call<Svd<D> | Matrix<D>> {
  const names = ['computeUv', 'fullMatrices'];
  if (options.computeUv === false) return planSvdvals(a, options, names);
  const matrix = matrices('a', a);
  const axes = axesOf(matrix);
  const m = rowsOf(matrix);
  const n = columnsOf(matrix);
  const k = Math.min(m, n);
  const full = options.fullMatrices ?? true;
  const s = result(matrix, ...axes, k);
  const u = result(matrix, ...axes, m, full ? m : k);
  const vh = result(matrix, ...axes, full ? n : k, n);
  return {
    operation: native.linalg.svd,
    operands: [along(matrix, axes), along(s, axes, 1), along(u, axes), along(vh, axes)],
    numbers: [full ? 1 : 0, checkFinite()],
    threads: options.threads,
    options: names,
    name: 'svd',
    axes,
    failed: noSingularValues,
    finish: () => ({ u, s, vh }),
  };
}

/**
 * The singular value decomposition A = U S Vᵀ.
 *
 * @param a - m × n, or a stack: … × m × n
 * @param options - `fullMatrices`: true unless said otherwise, as in NumPy; `computeUv: false`: the
 *   values alone; `threads`, `signal`, `onProgress`
 * @returns `{ u, s, vh }`, or `s`, of a stack with its axes before; as `numpy.linalg.svd`
 * @throws LinAlgError where the values do not converge (`info`: how many superdiagonals), or for a
 *   NaN or an infinity; otherwise as `matmul`
 *
 * LAPACK: `gesdd`; `gesvd` where that does not converge.
 */
export async function svd<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: SvdOptions & { computeUv: false },
): Promise<Matrix<D>>;
export async function svd<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options?: SvdOptions & { computeUv?: true | undefined },
): Promise<Svd<D>>;
export async function svd<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: SvdOptions = {},
): Promise<Svd<D> | Matrix<D>> {
  return callAsync(planSvd(a, options), options);
}

/** {@link svd}, blocking until the result is there. */
export function svdSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: SvdSyncOptions & { computeUv: false },
): Matrix<D>;
export function svdSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options?: SvdSyncOptions & { computeUv?: true | undefined },
): Svd<D>;
export function svdSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: SvdSyncOptions = {},
): Svd<D> | Matrix<D> {
  return callSync(planSvd(a, options), options);
}

/**
 * The singular values alone: about a quarter of the time of {@link svd}.
 *
 * @param a - m × n, or a stack: … × m × n
 * @param options - `threads`, `signal`
 * @returns a vector of min(m, n), falling; of a stack with its axes before
 * @throws as {@link svd}
 *
 * LAPACK: `gesdd`; `gesvd` where that does not converge.
 */
export async function svdvals<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: SvdvalsOptions = {},
): Promise<Matrix<D>> {
  return callAsync(planSvdvals(a, options), options);
}

/** {@link svdvals}, blocking until the result is there. */
export function svdvalsSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: SvdvalsSyncOptions = {},
): Matrix<D> {
  return callSync(planSvdvals(a, options), options);
}
