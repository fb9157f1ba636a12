/**
 * QR factors and least squares.
 */
import {
  type Elements,
  fresh,
  type Matrix,
  type MatrixLike,
  nothing,
  operand,
  requireMatrix,
  sameElements,
} from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import type { QueuedOptions } from '../executor/index.ts';
import { native } from '../native.ts';
import { type Call, callAsync, callSync, checkFinite } from './call.ts';
import { notConverged } from './errors.ts';
import { relativeTolerance } from './rank.ts';

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
export type QrSyncOptions = Omit<QrOptions, 'signal'>;

function planQr<D extends Elements>(
  a: MatrixLike<D>,
  options: QrSyncOptions,
): Call<Qr<D> | Matrix<D>> {
  const matrix = operand('a', a);
  requireMatrix('a', matrix, a.shape);
  const mode = options.mode ?? 'reduced';
  if (mode !== 'reduced' && mode !== 'complete' && mode !== 'r') {
    throw typeError('mode', mode, "'reduced', 'complete' or 'r'");
  }
  const { rows: m, columns: n } = matrix;
  const width = mode === 'complete' ? m : Math.min(m, n);
  const r = fresh(matrix, [width, n]);
  const q = mode === 'r' ? undefined : fresh(matrix, [m, width]);
  return {
    operation: native.linalg.qr,
    operands: [matrix, r.place, q?.place ?? nothing(matrix)],
    numbers: [q === undefined ? 0 : 1, checkFinite()],
    threads: options.threads,
    finite: 'qr',
    finish: () => (q === undefined ? r.result : { q: q.result, r: r.result }),
  };
}

/**
 * The QR factors: A = QR with the columns of Q at right angles and R upper triangular.
 *
 * @param a - m × n
 * @param options - `mode`: `'reduced'` (default), `'complete'` or `'r'` (R alone); `threads`,
 *   `signal`
 * @returns `{ q, r }`, or R, as `numpy.linalg.qr`
 * @throws LinAlgError for a NaN or an infinity; otherwise as `matmul`
 *
 * LAPACK: `geqrf`, `orgqr`.
 */
export async function qr<D extends Elements>(
  a: MatrixLike<D>,
  options: QrOptions & { mode: 'r' },
): Promise<Matrix<D>>;
export async function qr<D extends Elements>(
  a: MatrixLike<D>,
  options?: QrOptions & { mode?: 'reduced' | 'complete' | undefined },
): Promise<Qr<D>>;
export async function qr<D extends Elements>(
  a: MatrixLike<D>,
  options: QrOptions = {},
): Promise<Qr<D> | Matrix<D>> {
  return callAsync(planQr(a, options), options);
}

/** {@link qr}, blocking until the result is there. */
export function qrSync<D extends Elements>(
  a: MatrixLike<D>,
  options: QrSyncOptions & { mode: 'r' },
): Matrix<D>;
export function qrSync<D extends Elements>(
  a: MatrixLike<D>,
  options?: QrSyncOptions & { mode?: 'reduced' | 'complete' | undefined },
): Qr<D>;
export function qrSync<D extends Elements>(
  a: MatrixLike<D>,
  options: QrSyncOptions = {},
): Qr<D> | Matrix<D> {
  return callSync(planQr(a, options));
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

/** Options of {@link lstsq}. */
export interface LstsqOptions extends QueuedOptions {
  /**
   * Singular values up to `rcond` times the largest count as zero. Default: max(m, n) times the
   * precision of the elements.
   */
  rcond?: number | undefined;
}
/** Options of {@link lstsqSync}. */
export type LstsqSyncOptions = Omit<LstsqOptions, 'signal'>;

function planLstsq<D extends Elements>(
  a: MatrixLike<D>,
  b: MatrixLike<D>,
  options: LstsqSyncOptions,
): Call<LeastSquares<D>> {
  const matrix = operand('a', a);
  requireMatrix('a', matrix, a.shape);
  const right = operand('b', b);
  sameElements('b.data', matrix, right);
  const { rows: m, columns: n } = matrix;
  if (right.rows !== m) {
    throw rangeError('b.shape', b.shape, `that of ${m} rows, as many as 'a' has`);
  }
  const x = right.vector ? fresh(matrix, [n]) : fresh(matrix, [n, right.columns]);
  const s = fresh(matrix, [Math.min(m, n)]);
  const residuals = fresh(matrix, [right.columns]);
  return {
    operation: native.linalg.lstsq,
    operands: [matrix, right, x.place, s.place, residuals.place],
    numbers: [relativeTolerance('rcond', options.rcond, matrix), checkFinite()],
    threads: options.threads,
    finite: 'lstsq',
    finish(outcome) {
      if (outcome < 0) throw notConverged('lstsq', -outcome, 'superdiagonals are not zero');
      const told = outcome === n && m > n;
      return {
        x: x.result,
        residuals: told ? residuals.result : fresh(matrix, [0]).result,
        rank: outcome,
        s: s.result,
      };
    },
  };
}

/**
 * Least squares: the X that makes |AX − B| smallest, and of those the smallest.
 *
 * @param a - m × n
 * @param b - a vector of m, or m × p
 * @param options - `rcond`: the size of singular values that count as zero; `threads`, `signal`
 * @returns `{ x, residuals, rank, s }`, as `numpy.linalg.lstsq`
 * @throws LinAlgError where the singular values do not converge (`info`: how many superdiagonals),
 *   or for a NaN or an infinity; otherwise as `matmul`
 *
 * LAPACK: `gelsd`.
 */
export async function lstsq<D extends Elements>(
  a: MatrixLike<D>,
  b: MatrixLike<D>,
  options: LstsqOptions = {},
): Promise<LeastSquares<D>> {
  return callAsync(planLstsq(a, b, options), options);
}

/** {@link lstsq}, blocking until the result is there. */
export function lstsqSync<D extends Elements>(
  a: MatrixLike<D>,
  b: MatrixLike<D>,
  options: LstsqSyncOptions = {},
): LeastSquares<D> {
  return callSync(planLstsq(a, b, options));
}
