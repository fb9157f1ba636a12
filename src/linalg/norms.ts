/**
 * Norms.
 */
import { type MatrixLike, operand } from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import type { QueuedOptions } from '../executor/index.ts';
import { native } from '../native.ts';
import { type Call, callAsync, callSync, checkFinite } from './call.ts';
import { notConverged } from './errors.ts';

/** The numbers that `native/linalg/norms.cpp` has for the norms. */
const FROBENIUS = 0;
const POWER = 1;
const COUNT = 2;
const LARGEST = 3;
const SMALLEST = 4;

/** The norms of matrices. */
export const matrixNorms: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  ['fro', FROBENIUS],
  [1, 5],
  [-1, 6],
  [Number.POSITIVE_INFINITY, 7],
  [Number.NEGATIVE_INFINITY, 8],
  [2, 9],
  [-2, 10],
  ['nuc', 11],
]);

/** Norms that have no value for a matrix without elements: a largest or smallest of nothing. */
const needsElements: ReadonlySet<number> = new Set([LARGEST, SMALLEST, 5, 6, 7, 8, 9, 10]);

/** Options of {@link norm}. */
export interface NormOptions extends QueuedOptions {
  /**
   * Which norm, as in `numpy.linalg.norm`. Of a vector: any number p for (Σ|x|ᵖ)^(1/p), 0 for the
   * count of elements other than zero, Infinity and -Infinity for the largest and smallest |x|.
   * Of a matrix: 'fro', 'nuc' (sum of the singular values), 2 and -2 (largest and smallest one),
   * 1 and -1 (largest and smallest sum of a column), Infinity and -Infinity (of a row). When not
   * given: the root of the sum of all squares.
   */
  ord?: number | 'fro' | 'nuc' | undefined;
}
/** Options of {@link normSync}. */
export type NormSyncOptions = Omit<NormOptions, 'signal'>;

function vectorNorm(ord: unknown): number {
  if (typeof ord !== 'number') throw typeError('ord', ord, 'a number for a vector');
  if (Number.isNaN(ord)) throw rangeError('ord', ord, 'a number for a vector');
  if (ord === 2) return FROBENIUS;
  if (ord === 0) return COUNT;
  if (ord === Number.POSITIVE_INFINITY) return LARGEST;
  if (ord === Number.NEGATIVE_INFINITY) return SMALLEST;
  return POWER;
}

function matrixNorm(ord: unknown): number {
  const kind = matrixNorms.get(ord);
  if (kind === undefined) {
    throw rangeError('ord', ord, "1, -1, 2, -2, Infinity, -Infinity, 'fro' or 'nuc' for a matrix");
  }
  return kind;
}

function planNorm(a: MatrixLike, options: NormSyncOptions): Call<number> {
  const matrix = operand('a', a);
  const { ord } = options;
  const kind = ord === undefined ? FROBENIUS : matrix.vector ? vectorNorm(ord) : matrixNorm(ord);
  if (matrix.rows * matrix.columns === 0 && needsElements.has(kind)) {
    throw rangeError('a.shape', a.shape, `that of something with elements for the norm ${ord}`);
  }
  const exponent = typeof ord === 'number' && Number.isFinite(ord) ? ord : 0;
  return {
    operation: native.linalg.norm,
    operands: [matrix],
    numbers: [kind, exponent, checkFinite()],
    threads: options.threads,
    finite: 'norm',
    finish(outcome) {
      if (outcome < 0) throw notConverged('norm', -outcome, 'superdiagonals are not zero');
      return outcome;
    },
  };
}

/**
 * A norm of a vector or a matrix.
 *
 * @param a - a vector, or n × m
 * @param options - `ord`: which norm; `threads`, `signal`
 * @returns a number, of the elements' precision
 * @throws RangeError for a norm that there is not, and for the largest or smallest of no elements;
 *   LinAlgError for a NaN or an infinity where singular values are needed (elsewhere the norm is
 *   NaN or infinite), or where these do not converge; otherwise as `matmul`
 *
 * BLAS: `nrm2`. LAPACK, for 2, -2 and 'nuc': `gesdd`; `gesvd` where that does not converge.
 */
export async function norm(a: MatrixLike, options: NormOptions = {}): Promise<number> {
  return callAsync(planNorm(a, options), options);
}

/** {@link norm}, blocking until the result is there. */
export function normSync(a: MatrixLike, options: NormSyncOptions = {}): number {
  return callSync(planNorm(a, options));
}
