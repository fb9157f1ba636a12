/**
 * QR factors and least squares.
 */
import { type Elements, type Matrix, type NdArray, sameElements, shaped } from '../arrays/index.ts';
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
import { notConverged } from './errors.ts';
import { type MatrixInput, type StackLike, takeBoth } from './inputs.ts';
import { relativeTolerance } from './rank.ts';
import {
  along,
  axesOf,
  broadcast,
  checked,
  columnsOf,
  matrices,
  result,
  rowsOf,
  unwanted,
} from './stack.ts';

/** The factors of A = Q R. */
export interface Qr<D extends Elements> {
  /** Columns of length one at right angles: m × k with k = min(m, n), or m × m. */
  readonly q: Matrix<D>;
  /** Upper triangular: k × n, or m × n. */
  readonly r: Matrix<D>;
}

/** Options of {@link qr}. */
export interface QrOptions extends QueuedOptions {
  /**
   * `'reduced'` (the default): Q is m × k and R k × n, with k = min(m, n). `'complete'`: Q is m × m
   * and R m × n. `'r'`: R alone, k × n.
   */
  mode?: 'reduced' | 'complete' | 'r' | undefined;
}
/** Options of {@link qrSync}. */
export type QrSyncOptions = SyncOptions<QrOptions>;

function planQr<D extends Elements>(
  a: MatrixInput<D>,
  options: QrSyncOptions,
): Call<Qr<D> | Matrix<D>> {
  const matrix = matrices('a', a);
  const mode = options.mode ?? 'reduced';
  if (mode !== 'reduced' && mode !== 'complete' && mode !== 'r') {
    throw typeError('mode', mode, "'reduced', 'complete' or 'r'");
  }
  const axes = axesOf(matrix);
  const m = rowsOf(matrix);
  const n = columnsOf(matrix);
  const width = mode === 'complete' ? m : Math.min(m, n);
  const r = result(matrix, ...axes, width, n);
  const q = mode === 'r' ? undefined : result(matrix, ...axes, m, width);
  return {
    operation: native.linalg.qr,
    operands: [
      along(matrix, axes),
      along(r, axes),
      q === undefined ? unwanted(matrix) : along(q, axes),
    ],
    numbers: [q === undefined ? 0 : 1, checkFinite()],
    threads: options.threads,
    options: ['mode'],
    name: 'qr',
    axes,
    finish: () => (q === undefined ? r : { q, r }),
  };
}

/**
 * The QR factors: A = QR with the columns of Q at right angles and R upper triangular.
 *
 * @param a - m × n, or a stack: … × m × n
 * @param options - `mode`: `'reduced'` (default), `'complete'` or `'r'` (R alone); `threads`,
 *   `signal`
 * @returns `{ q, r }`, or R, as `numpy.linalg.qr`
 * @throws LinAlgError for a NaN or an infinity; otherwise as `matmul`
 *
 * LAPACK: `geqrf`, `orgqr`.
 */
export async function qr<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: QrOptions & { mode: 'r' },
): Promise<Matrix<D>>;
export async function qr<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options?: QrOptions & { mode?: 'reduced' | 'complete' | undefined },
): Promise<Qr<D>>;
export async function qr<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: QrOptions = {},
): Promise<Qr<D> | Matrix<D>> {
  return callAsync(planQr(a, options), options);
}

/** {@link qr}, blocking until the result is there. */
export function qrSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: QrSyncOptions & { mode: 'r' },
): Matrix<D>;
export function qrSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options?: QrSyncOptions & { mode?: 'reduced' | 'complete' | undefined },
): Qr<D>;
export function qrSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: QrSyncOptions = {},
): Qr<D> | Matrix<D> {
  return callSync(planQr(a, options), options);
}

/** What {@link lstsq} found. */
export interface LeastSquares<D extends Elements> {
  /** The solution: a vector of n, or n × p. */
  readonly x: Matrix<D>;
  /**
   * The sum of squares of B − AX for each column of B (one where B is a vector); of length 0 where
   * the rank is less than n, or m is not greater than n.
   */
  readonly residuals: Matrix<D>;
  /** How many singular values of A counted as not zero. */
  readonly rank: number;
  /** The singular values of A, falling: min(m, n) of them. */
  readonly s: Matrix<D>;
}

/** What {@link lstsq} found of a stack: arrays with its axes before those of one system. */
export interface LeastSquaresStack<D extends Elements> {
  readonly x: Matrix<D>;
  /** As of one system; NaN for those whose rank is less than n. */
  readonly residuals: Matrix<D>;
  readonly rank: NdArray<Int32Array>;
  readonly s: Matrix<D>;
}

/** Options of {@link lstsq}. */
export interface LstsqOptions extends QueuedOptions {
  /**
   * Singular values up to `rcond` times the largest count as zero. Default: max(m, n) times the
   * precision of the elements, or the precision alone for -1, as NumPy has it.
   */
  rcond?: number | undefined;
}
/** Options of {@link lstsqSync}. */
export type LstsqSyncOptions = SyncOptions<LstsqOptions>;

function planLstsq<D extends Elements>(
  a: MatrixInput<D>,
  b: MatrixInput<D>,
  options: LstsqSyncOptions,
): Call<LeastSquares<D> | LeastSquaresStack<D>> {
  const [left, right] = takeBoth('a', a, 'b', b);
  const matrix = matrices('a', left);
  const given = checked('b', right);
  sameElements('b.data', matrix, given);
  const m = rowsOf(matrix);
  const n = columnsOf(matrix);
  const vector = given.shape.length === 1;
  const own = vector ? 1 : 2;
  if (given.shape[given.shape.length - own] !== m) {
    throw rangeError('b.shape', given.shape, `that of ${m} rows, as many as 'a' has`);
  }
  const axes = broadcast('b', axesOf(matrix), given.shape.slice(0, -own));
  const columns = vector ? [] : [columnsOf(given)];
  const x = result(matrix, ...axes, n, ...columns);
  const s = result(matrix, ...axes, Math.min(m, n));
  const residuals = result(matrix, ...axes, columns[0] ?? 1);
  const ranks = result(matrix, ...axes);
  return {
    operation: native.linalg.lstsq,
    operands: [
      along(matrix, axes),
      along(given, axes, own),
      along(x, axes, own),
      along(s, axes, 1),
      along(residuals, axes, 1),
      along(ranks, axes, 0),
    ],
    numbers: [relativeTolerance('rcond', options.rcond, matrix), checkFinite()],
    threads: options.threads,
    options: ['rcond'],
    name: 'lstsq',
    axes,
    failed: (failure) => notConverged(failure, 'superdiagonals are not zero'),
    finish() {
      if (axes.length === 0) {
        const rank = ranks.data[0] as number;
        const told = rank === n && m > n;
        return { x, residuals: told ? residuals : result(matrix, 0), rank, s };
      }
      const rank = shaped(Int32Array.from(ranks.data), axes);
      if (m <= n) return { x, residuals: result(matrix, ...axes, 0), rank, s };
      const width = columns[0] ?? 1;
      for (let i = 0; i < rank.data.length; i++) {
        if (rank.data[i] !== n) residuals.data.fill(Number.NaN, i * width, (i + 1) * width);
      }
      return { x, residuals, rank, s };
    },
  };
}

/**
 * Least squares: the X that makes |AX − B| smallest, and of those the smallest.
 *
 * @param a - m × n, or a stack: … × m × n
 * @param b - a vector of m, or m × p, or a stack: … × m × p; only an array of one axis is a vector.
 *   The axes before the last two are broadcast (NumPy takes no stacks here)
 * @param options - `rcond`: the size of singular values that count as zero; `threads`, `signal`
 * @returns `{ x, residuals, rank, s }`, as `numpy.linalg.lstsq`
 * @throws LinAlgError where the singular values do not converge (`info`: how many superdiagonals),
 *   or for a NaN or an infinity; otherwise as `matmul`
 *
 * LAPACK: `gelsd`.
 */
export async function lstsq<D extends Elements>(
  a: StackLike<D>,
  b: MatrixInput<D>,
  options?: LstsqOptions,
): Promise<LeastSquaresStack<D>>;
export async function lstsq<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  b: MatrixInput<D>,
  options?: LstsqOptions,
): Promise<LeastSquares<D>>;
export async function lstsq<D extends Elements>(
  a: MatrixInput<D>,
  b: MatrixInput<D>,
  options: LstsqOptions = {},
): Promise<LeastSquares<D> | LeastSquaresStack<D>> {
  return callAsync(planLstsq(a, b, options), options);
}

/** {@link lstsq}, blocking until the result is there. */
export function lstsqSync<D extends Elements>(
  a: StackLike<D>,
  b: MatrixInput<D>,
  options?: LstsqSyncOptions,
): LeastSquaresStack<D>;
export function lstsqSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  b: MatrixInput<D>,
  options?: LstsqSyncOptions,
): LeastSquares<D>;
export function lstsqSync<D extends Elements>(
  a: MatrixInput<D>,
  b: MatrixInput<D>,
  options: LstsqSyncOptions = {},
): LeastSquares<D> | LeastSquaresStack<D> {
  return callSync(planLstsq(a, b, options), options);
}
