/**
 * Inverses and determinants.
 */
import { type Elements, type Matrix, plain } from '../arrays/index.ts';
import { native } from '../native.ts';
import {
  type Call,
  callAsync,
  callSync,
  checkFinite,
  type QueuedOptions,
  type SyncOptions,
} from './call.ts';
import { notConverged, singular } from './errors.ts';
import type { MatrixInput, StackLike } from './inputs.ts';
import type { OutOptions } from './products.ts';
import { relativeTolerance } from './rank.ts';
import {
  along,
  axesOf,
  columnsOf,
  matrices,
  result,
  resultIn,
  rowsOf,
  squares,
  unwanted,
} from './stack.ts';

/** Options of {@link inv}. */
export interface InvOptions<D extends Elements> extends QueuedOptions, OutOptions<D> {}
/** Options of {@link invSync}. */
export type InvSyncOptions<D extends Elements> = SyncOptions<InvOptions<D>>;

function planInv<D extends Elements>(
  a: MatrixInput<D>,
  options: InvSyncOptions<D>,
): Call<Matrix<D>> {
  const matrix = squares('a', a);
  const axes = axesOf(matrix);
  const inverse = resultIn(options.out, matrix, matrix.shape);
  return {
    operation: native.linalg.inv,
    operands: [along(matrix, axes), along(inverse, axes)],
    numbers: [checkFinite()],
    threads: options.threads,
    options: ['out'],
    name: 'inv',
    axes,
    failed: singular,
    finish: () => inverse,
  };
}

/**
 * The inverse. To solve a system, `solve` is faster and more exact.
 *
 * @param a - n × n, or a stack: … × n × n
 * @param options - `out`, `threads`, `signal`, `onProgress`
 * @returns A⁻¹, n × n; a stack of a stack
 * @throws LinAlgError where A is singular (`info`: the pivot that is zero), or for a NaN or an
 *   infinity; otherwise as `matmul`
 *
 * LAPACK: `getrf`, `getri`.
 */
export async function inv<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: InvOptions<D> = {},
): Promise<Matrix<D>> {
  return callAsync(planInv(a, options), options);
}

/** {@link inv}, blocking until the result is there. */
export function invSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: InvSyncOptions<D> = {},
): Matrix<D> {
  return callSync(planInv(a, options), options);
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
export type PinvSyncOptions<D extends Elements> = SyncOptions<PinvOptions<D>>;

function planPinv<D extends Elements>(
  a: MatrixInput<D>,
  options: PinvSyncOptions<D>,
): Call<Matrix<D>> {
  const matrix = matrices('a', a);
  const axes = axesOf(matrix);
  const inverse = resultIn(options.out, matrix, [...axes, columnsOf(matrix), rowsOf(matrix)]);
  return {
    operation: native.linalg.pinv,
    operands: [along(matrix, axes), along(inverse, axes)],
    numbers: [relativeTolerance('rtol', options.rtol, matrix), checkFinite()],
    threads: options.threads,
    options: ['out', 'rtol'],
    name: 'pinv',
    axes,
    failed: (failure) => notConverged(failure, 'superdiagonals are not zero'),
    finish: () => inverse,
  };
}

/**
 * The Moore–Penrose pseudo-inverse, by singular values.
 *
 * @param a - n × m, or a stack: … × n × m
 * @param options - `rtol`: the size of singular values that count as zero; `out`, `threads`,
 *   `signal`, `onProgress`
 * @returns A⁺, m × n; a stack of a stack
 * @throws LinAlgError where the singular values do not converge, or for a NaN or an infinity;
 *   otherwise as `matmul`
 *
 * LAPACK: `gesdd`; `gesvd` where that does not converge.
 */
export async function pinv<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: PinvOptions<D> = {},
): Promise<Matrix<D>> {
  return callAsync(planPinv(a, options), options);
}

/** {@link pinv}, blocking until the result is there. */
export function pinvSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: PinvSyncOptions<D> = {},
): Matrix<D> {
  return callSync(planPinv(a, options), options);
}

/** Options of {@link det} and {@link slogdet}. */
export interface DetOptions extends QueuedOptions {}
/** Options of {@link detSync} and {@link slogdetSync}. */
export type DetSyncOptions = SyncOptions<DetOptions>;

/** A determinant that may be too large or too small for a number. */
export interface SignAndLog {
  /** 1 or -1; 0 where the determinant is zero. */
  readonly sign: number;
  /** The natural logarithm of its absolute value; -Infinity where it is zero. */
  readonly logabsdet: number;
}

/** The same of a stack. */
export interface SignsAndLogs<D extends Elements> {
  readonly sign: Matrix<D>;
  readonly logabsdet: Matrix<D>;
}

function planDet<D extends Elements, R>(
  name: 'det' | 'slogdet',
  a: MatrixInput<D>,
  options: DetSyncOptions,
  make: (found: readonly Matrix<D>[]) => R,
): Call<R> {
  const matrix = squares('a', a);
  const axes = axesOf(matrix);
  const whole = name === 'det';
  const found = (whole ? [0] : [0, 1]).map(() => result(matrix, ...axes));
  const outputs = found.map((each) => along(each, axes, 0));
  const none = unwanted(matrix);
  return {
    operation: native.linalg.det,
    operands: [along(matrix, axes), ...(whole ? [...outputs, none, none] : [none, ...outputs])],
    numbers: [whole ? 1 : 0, checkFinite()],
    threads: options.threads,
    name,
    axes,
    finish: () => make(found),
  };
}

/** The number of an array without axes; any other as it is. */
const determinant = ([value]: readonly Matrix[]): number | Matrix => plain(value as Matrix);
const signAndLog = ([sign, log]: readonly Matrix[]) =>
  ({ sign: plain(sign as Matrix), logabsdet: plain(log as Matrix) }) as
    | SignAndLog
    | SignsAndLogs<Elements>;

/**
 * The determinant.
 *
 * @param a - n × n, or a stack: … × n × n
 * @param options - `threads`, `signal`, `onProgress`
 * @returns a number, of the elements' precision; 1 for 0 × 0. Of a stack an array with its axes;
 *   types tell a stack by the length of its shape (`StackLike`)
 * @throws LinAlgError for a NaN or an infinity; otherwise as `matmul`
 *
 * LAPACK: `getrf`.
 */
export async function det<D extends Elements>(
  a: StackLike<D>,
  options?: DetOptions,
): Promise<Matrix<D>>;
export async function det(a: MatrixInput, options?: DetOptions): Promise<number>;
export async function det(a: MatrixInput, options: DetOptions = {}): Promise<number | Matrix> {
  return callAsync(planDet('det', a, options, determinant), options);
}

/** {@link det}, blocking until the result is there. */
export function detSync<D extends Elements>(a: StackLike<D>, options?: DetSyncOptions): Matrix<D>;
export function detSync(a: MatrixInput, options?: DetSyncOptions): number;
export function detSync(a: MatrixInput, options: DetSyncOptions = {}): number | Matrix {
  return callSync(planDet('det', a, options, determinant), options);
}

/**
 * The sign and the logarithm of the determinant: det(A) = sign · exp(logabsdet).
 *
 * @param a - n × n, or a stack: … × n × n
 * @param options - `threads`, `signal`, `onProgress`
 * @returns `{ sign, logabsdet }`; 0 and -Infinity where A is singular. Of a stack arrays with its
 *   axes
 * @throws as {@link det}
 *
 * LAPACK: `getrf`.
 */
export async function slogdet<D extends Elements>(
  a: StackLike<D>,
  options?: DetOptions,
): Promise<SignsAndLogs<D>>;
export async function slogdet(a: MatrixInput, options?: DetOptions): Promise<SignAndLog>;
export async function slogdet(
  a: MatrixInput,
  options: DetOptions = {},
): Promise<SignAndLog | SignsAndLogs<Elements>> {
  return callAsync(planDet('slogdet', a, options, signAndLog), options);
}

/** {@link slogdet}, blocking until the result is there. */
export function slogdetSync<D extends Elements>(
  a: StackLike<D>,
  options?: DetSyncOptions,
): SignsAndLogs<D>;
export function slogdetSync(a: MatrixInput, options?: DetSyncOptions): SignAndLog;
export function slogdetSync(
  a: MatrixInput,
  options: DetSyncOptions = {},
): SignAndLog | SignsAndLogs<Elements> {
  return callSync(planDet('slogdet', a, options, signAndLog), options);
}
