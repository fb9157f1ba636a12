/**
 * Inverses and determinants.
 */
import {
  type Elements,
  fresh,
  type Matrix,
  type MatrixLike,
  operand,
  requireMatrix,
  requireSquare,
  target,
} from '../arrays/index.ts';
import type { QueuedOptions } from '../executor/index.ts';
import { native } from '../native.ts';
import { type Call, callAsync, callSync, checkFinite } from './call.ts';
import { notConverged, singular } from './errors.ts';
import type { OutOptions } from './products.ts';
import { relativeTolerance } from './rank.ts';

/** Options of {@link inv}. */
export interface InvOptions<D extends Elements> extends QueuedOptions, OutOptions<D> {}
/** Options of {@link invSync}. */
export type InvSyncOptions<D extends Elements> = Omit<InvOptions<D>, 'signal'>;

function planInv<D extends Elements>(
  a: MatrixLike<D>,
  options: InvSyncOptions<D>,
): Call<Matrix<D>> {
  const matrix = operand('a', a);
  requireSquare('a', matrix, a.shape);
  const { result, place } = target(options.out, matrix, a.shape);
  return {
    operation: native.linalg.inv,
    operands: [matrix, place],
    numbers: [checkFinite()],
    threads: options.threads,
    finite: 'inv',
    finish(outcome) {
      if (outcome > 0) throw singular('inv', outcome);
      return result;
    },
  };
}

/**
 * The inverse. To solve a system, `solve` is faster and more exact.
 *
 * @param a - n × n
 * @param options - `out`, `threads`, `signal`
 * @returns A⁻¹, n × n
 * @throws LinAlgError where A is singular (`info`: the pivot that is zero), or for a NaN or an
 *   infinity; otherwise as `matmul`
 *
 * LAPACK: `getrf`, `getri`.
 */
export async function inv<D extends Elements>(
  a: MatrixLike<D>,
  options: InvOptions<D> = {},
): Promise<Matrix<D>> {
  return callAsync(planInv(a, options), options);
}

/** {@link inv}, blocking until the result is there. */
export function invSync<D extends Elements>(
  a: MatrixLike<D>,
  options: InvSyncOptions<D> = {},
): Matrix<D> {
  return callSync(planInv(a, options));
}

/** Options of {@link pinv}. */
export interface PinvOptions<D extends Elements> extends QueuedOptions, OutOptions<D> {
  /**
   * Singular values up to `rtol` times the largest count as zero. Default: max(n, m) times the
   * precision of the elements, as in `scipy.linalg.pinv`.
   */
  rtol?: number | undefined;
}
/** Options of {@link pinvSync}. */
export type PinvSyncOptions<D extends Elements> = Omit<PinvOptions<D>, 'signal'>;

function planPinv<D extends Elements>(
  a: MatrixLike<D>,
  options: PinvSyncOptions<D>,
): Call<Matrix<D>> {
  const matrix = operand('a', a);
  requireMatrix('a', matrix, a.shape);
  const shape = [matrix.columns, matrix.rows];
  const { result, place } = target(options.out, matrix, shape);
  return {
    operation: native.linalg.pinv,
    operands: [matrix, place],
    numbers: [relativeTolerance('rtol', options.rtol, matrix), checkFinite()],
    threads: options.threads,
    finite: 'pinv',
    finish(outcome) {
      if (outcome > 0) throw notConverged('pinv', outcome, 'superdiagonals are not zero');
      return result;
    },
  };
}

/**
 * The Moore–Penrose pseudo-inverse, by singular values.
 *
 * @param a - n × m
 * @param options - `rtol`: the size of singular values that count as zero; `out`, `threads`,
 *   `signal`
 * @returns A⁺, m × n
 * @throws LinAlgError where the singular values do not converge, or for a NaN or an infinity;
 *   otherwise as `matmul`
 *
 * LAPACK: `gesdd`; `gesvd` where that does not converge.
 */
export async function pinv<D extends Elements>(
  a: MatrixLike<D>,
  options: PinvOptions<D> = {},
): Promise<Matrix<D>> {
  return callAsync(planPinv(a, options), options);
}

/** {@link pinv}, blocking until the result is there. */
export function pinvSync<D extends Elements>(
  a: MatrixLike<D>,
  options: PinvSyncOptions<D> = {},
): Matrix<D> {
  return callSync(planPinv(a, options));
}

/** Options of {@link det} and {@link slogdet}. */
export interface DetOptions extends QueuedOptions {}
/** Options of {@link detSync} and {@link slogdetSync}. */
export type DetSyncOptions = Omit<DetOptions, 'signal'>;

/** A determinant that may be too large or too small for a number. */
export interface SignAndLog {
  /** 1 or -1; 0 where the determinant is zero. */
  readonly sign: number;
  /** The natural logarithm of its absolute value; -Infinity where it is zero. */
  readonly logabsdet: number;
}

function planDet<R>(
  name: string,
  a: MatrixLike,
  options: DetSyncOptions,
  make: (parts: Elements) => R,
): Call<R> {
  const matrix = operand('a', a);
  requireSquare('a', matrix, a.shape);
  const parts = fresh(matrix, [3]);
  return {
    operation: native.linalg.det,
    operands: [matrix, parts.place],
    numbers: [checkFinite()],
    threads: options.threads,
    finite: name,
    finish: () => make(parts.result.data),
  };
}

const value = (parts: Elements): number => parts[0] as number;
const signAndLog = (parts: Elements): SignAndLog => ({
  sign: parts[1] as number,
  logabsdet: parts[2] as number,
});

/**
 * The determinant.
 *
 * @param a - n × n
 * @param options - `threads`, `signal`
 * @returns a number, of the elements' precision; 1 for 0 × 0
 * @throws LinAlgError for a NaN or an infinity; otherwise as `matmul`
 *
 * LAPACK: `getrf`.
 */
export async function det(a: MatrixLike, options: DetOptions = {}): Promise<number> {
  return callAsync(planDet('det', a, options, value), options);
}

/** {@link det}, blocking until the result is there. */
export function detSync(a: MatrixLike, options: DetSyncOptions = {}): number {
  return callSync(planDet('det', a, options, value));
}

/**
 * The sign and the logarithm of the determinant: det(A) = sign · exp(logabsdet).
 *
 * @param a - n × n
 * @param options - `threads`, `signal`
 * @returns `{ sign, logabsdet }`; 0 and -Infinity where A is singular
 * @throws as {@link det}
 *
 * LAPACK: `getrf`.
 */
export async function slogdet(a: MatrixLike, options: DetOptions = {}): Promise<SignAndLog> {
  return callAsync(planDet('slogdet', a, options, signAndLog), options);
}

/** {@link slogdet}, blocking until the result is there. */
export function slogdetSync(a: MatrixLike, options: DetSyncOptions = {}): SignAndLog {
  return callSync(planDet('slogdet', a, options, signAndLog));
}
