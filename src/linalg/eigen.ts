/**
 * Eigenvalues and eigenvectors.
 */
import {
  type Elements,
  fresh,
  type Matrix,
  type MatrixLike,
  nothing,
  operand,
  requireSquare,
} from '../arrays/index.ts';
import { typeError } from '../errors.ts';
import type { QueuedOptions } from '../executor/index.ts';
import { native } from '../native.ts';
import { type Call, callAsync, callSync, checkFinite } from './call.ts';
import { notConverged } from './errors.ts';

/** Complex numbers as two matrices (or vectors) of one shape: re + i·im. */
export interface ComplexMatrix<D extends Elements = Elements> {
  readonly re: Matrix<D>;
  readonly im: Matrix<D>;
}

/** Eigenvalues and eigenvectors of a symmetric matrix. */
export interface Eigh<D extends Elements> {
  /** A vector of n, rising. */
  readonly eigenvalues: Matrix<D>;
  /** Columns of length one at right angles, in the values' order: n × n. */
  readonly eigenvectors: Matrix<D>;
}

/** Eigenvalues and eigenvectors of any square matrix. */
export interface Eig<D extends Elements> {
  /** A vector of n, in no order but that a pair re ± i·im stands together, + first. */
  readonly eigenvalues: ComplexMatrix<D>;
  /** Columns of length one, in the values' order: n × n. */
  readonly eigenvectors: ComplexMatrix<D>;
}

/** Options of {@link eigh} and {@link eigvalsh}. */
export interface EighOptions extends QueuedOptions {
  /** Which triangle is read: `'L'`, the lower (default), or `'U'`, the upper. */
  uplo?: 'L' | 'U' | undefined;
}
/** Options of {@link eighSync} and {@link eigvalshSync}. */
export type EighSyncOptions = Omit<EighOptions, 'signal'>;

function planEigh<D extends Elements>(
  name: string,
  a: MatrixLike<D>,
  vectors: boolean,
  options: EighSyncOptions,
): Call<{ values: Matrix<D>; vectors: Matrix<D> | undefined }> {
  const matrix = operand('a', a);
  requireSquare('a', matrix, a.shape);
  const uplo = options.uplo ?? 'L';
  if (uplo !== 'L' && uplo !== 'U') throw typeError('uplo', uplo, "'L' or 'U'");
  const n = matrix.rows;
  const w = fresh(matrix, [n]);
  const v = vectors ? fresh(matrix, [n, n]) : undefined;
  return {
    operation: native.linalg.eigh,
    operands: [matrix, w.place, v?.place ?? nothing(matrix)],
    numbers: [vectors ? 1 : 0, uplo === 'L' ? 1 : 0, checkFinite()],
    threads: options.threads,
    finite: name,
    finish(outcome) {
      if (outcome > 0) throw notConverged(name, outcome, 'off-diagonal elements are not zero');
      return { values: w.result, vectors: v?.result };
    },
  };
}

function bothOf<D extends Elements>(a: MatrixLike<D>, options: EighSyncOptions): Call<Eigh<D>> {
  const call = planEigh('eigh', a, true, options);
  return {
    ...call,
    finish(outcome) {
      const { values, vectors } = call.finish(outcome);
      return { eigenvalues: values, eigenvectors: vectors as Matrix<D> };
    },
  };
}

function valuesOf<D extends Elements>(a: MatrixLike<D>, options: EighSyncOptions): Call<Matrix<D>> {
  const call = planEigh('eigvalsh', a, false, options);
  return { ...call, finish: (outcome) => call.finish(outcome).values };
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix: AV = VΛ.
 *
 * @param a - n × n; only one triangle is read
 * @param options - `uplo`: which triangle, `'L'` when not said; `threads`, `signal`
 * @returns `{ eigenvalues, eigenvectors }`, as `numpy.linalg.eigh`
 * @throws LinAlgError where the iteration does not converge (`info`: how many elements), or for a
 *   NaN or an infinity; otherwise as `matmul`
 *
 * LAPACK: `syevd`.
 */
export async function eigh<D extends Elements>(
  a: MatrixLike<D>,
  options: EighOptions = {},
): Promise<Eigh<D>> {
  return callAsync(bothOf(a, options), options);
}

/** {@link eigh}, blocking until the result is there. */
export function eighSync<D extends Elements>(
  a: MatrixLike<D>,
  options: EighSyncOptions = {},
): Eigh<D> {
  return callSync(bothOf(a, options));
}

/**
 * The eigenvalues alone of a symmetric matrix.
 *
 * @param a - n × n; only one triangle is read
 * @param options - `uplo`, `threads`, `signal`
 * @returns a vector of n, rising
 * @throws as {@link eigh}
 *
 * LAPACK: `syevd`.
 */
export async function eigvalsh<D extends Elements>(
  a: MatrixLike<D>,
  options: EighOptions = {},
): Promise<Matrix<D>> {
  return callAsync(valuesOf(a, options), options);
}

/** {@link eigvalsh}, blocking until the result is there. */
export function eigvalshSync<D extends Elements>(
  a: MatrixLike<D>,
  options: EighSyncOptions = {},
): Matrix<D> {
  return callSync(valuesOf(a, options));
}

/** Options of {@link eig} and {@link eigvals}. */
export interface EigOptions extends QueuedOptions {}
/** Options of {@link eigSync} and {@link eigvalsSync}. */
export type EigSyncOptions = Omit<EigOptions, 'signal'>;

function planEig<D extends Elements, R>(
  name: string,
  a: MatrixLike<D>,
  vectors: boolean,
  options: EigSyncOptions,
  make: (values: ComplexMatrix<D>, vectors: ComplexMatrix<D>) => R,
): Call<R> {
  const matrix = operand('a', a);
  requireSquare('a', matrix, a.shape);
  const n = matrix.rows;
  const size = vectors ? n : 0;
  const real = fresh(matrix, [n]);
  const imaginary = fresh(matrix, [n]);
  const vectorReal = fresh(matrix, [size, size]);
  const vectorImaginary = fresh(matrix, [size, size]);
  return {
    operation: native.linalg.eig,
    operands: [matrix, real.place, imaginary.place, vectorReal.place, vectorImaginary.place],
    numbers: [vectors ? 1 : 0],
    threads: options.threads,
    finite: name,
    finish(outcome) {
      if (outcome > 0) {
        throw notConverged(name, outcome, 'eigenvalues and all after them were found, no others');
      }
      return make(
        { re: real.result, im: imaginary.result },
        { re: vectorReal.result, im: vectorImaginary.result },
      );
    },
  };
}

const both = <D extends Elements>(
  eigenvalues: ComplexMatrix<D>,
  eigenvectors: ComplexMatrix<D>,
): Eig<D> => ({ eigenvalues, eigenvectors });
const values = <D extends Elements>(eigenvalues: ComplexMatrix<D>): ComplexMatrix<D> => eigenvalues;

/**
 * Eigenvalues and right eigenvectors of a square matrix: AV = VΛ. They are complex in general:
 * real and imaginary parts come as matrices of their own, the latter all zeros where everything is
 * real.
 *
 * @param a - n × n
 * @param options - `threads`, `signal`
 * @returns `{ eigenvalues: { re, im }, eigenvectors: { re, im } }`, values and scaling as of
 *   `numpy.linalg.eig`
 * @throws LinAlgError where the iteration does not converge, or for a NaN or an infinity; otherwise
 *   as `matmul`
 *
 * LAPACK: `geev`.
 */
export async function eig<D extends Elements>(
  a: MatrixLike<D>,
  options: EigOptions = {},
): Promise<Eig<D>> {
  return callAsync(planEig('eig', a, true, options, both), options);
}

/** {@link eig}, blocking until the result is there. */
export function eigSync<D extends Elements>(
  a: MatrixLike<D>,
  options: EigSyncOptions = {},
): Eig<D> {
  return callSync(planEig('eig', a, true, options, both));
}

/**
 * The eigenvalues alone of a square matrix.
 *
 * @param a - n × n
 * @param options - `threads`, `signal`
 * @returns `{ re, im }`, each a vector of n
 * @throws as {@link eig}
 *
 * LAPACK: `geev`.
 */
export async function eigvals<D extends Elements>(
  a: MatrixLike<D>,
  options: EigOptions = {},
): Promise<ComplexMatrix<D>> {
  return callAsync(planEig('eigvals', a, false, options, values), options);
}

/** {@link eigvals}, blocking until the result is there. */
export function eigvalsSync<D extends Elements>(
  a: MatrixLike<D>,
  options: EigSyncOptions = {},
): ComplexMatrix<D> {
  return callSync(planEig('eigvals', a, false, options, values));
}
