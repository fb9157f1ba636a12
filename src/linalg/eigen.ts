/**
 * Eigenvalues and eigenvectors.
 */
import { type Elements, type Matrix, rowMajor, sameElements, shaped } from '../arrays/index.ts';
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
import { notConverged, notPositiveDefinite } from './errors.ts';
import { type MatrixInput, takeBoth } from './inputs.ts';
import { along, axesOf, broadcast, result, rowsOf, squares, unwanted } from './stack.ts';

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
export interface EighOptions<D extends Elements = Elements> extends QueuedOptions {
  /** Which triangle is read: 'L' (the default) or 'U', in either case. */
  uplo?: 'L' | 'U' | 'l' | 'u' | undefined;
  /**
   * B of the generalized problem AV = BVΛ: n × n, symmetric and positive definite, or a stack of
   * such, of which the same triangle is read. The vectors have VᵀBV = I.
   */
  b?: MatrixInput<D> | undefined;
  /** The eigenvalues of these indices alone, counted from 0 in rising order: first and last. */
  subsetByIndex?: readonly [number, number] | undefined;
  /** The eigenvalues in (low, high] alone; not of stacks, since each has its own number of them. */
  subsetByValue?: readonly [number, number] | undefined;
}
/** Options of {@link eighSync} and {@link eigvalshSync}. */
export type EighSyncOptions<D extends Elements = Elements> = SyncOptions<EighOptions<D>>;

/** Which eigenvalues: `native/linalg/eigen.cpp` has the same numbers. */
interface Subset {
  readonly range: 0 | 1 | 2;
  readonly from: number;
  readonly to: number;
  /** The most that there may be. */
  readonly width: number;
}

function subset(n: number, options: EighSyncOptions, stack: boolean): Subset {
  const { subsetByIndex: indices, subsetByValue: values } = options;
  if (indices !== undefined && values !== undefined) {
    throw rangeError('subsetByValue', values, "left out where 'subsetByIndex' is given");
  }
  const pair = (name: string, given: readonly number[], right: string) => {
    if (!Array.isArray(given) || given.length !== 2) throw typeError(name, given, right);
    return given as [number, number];
  };
  if (indices !== undefined) {
    const right = `two indices from 0 to ${n - 1}, the first no larger than the last`;
    const [from, to] = pair('subsetByIndex', indices, right);
    const valid = Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to;
    if (!valid || to >= n) throw rangeError('subsetByIndex', indices, right);
    return { range: 1, from, to, width: to - from + 1 };
  }
  if (values !== undefined) {
    const right = 'two numbers, the first less than the last';
    const [from, to] = pair('subsetByValue', values, right);
    if (!(from < to)) throw rangeError('subsetByValue', values, right);
    if (stack) throw rangeError('subsetByValue', values, 'left out for a stack of matrices');
    return { range: 2, from, to, width: n };
  }
  return { range: 0, from: 0, to: 0, width: n };
}

function planEigh<D extends Elements, R>(
  name: string,
  a: MatrixInput<D>,
  vectors: boolean,
  options: EighSyncOptions<D>,
  make: (values: Matrix<D>, vectors: Matrix<D>) => R,
): Call<R> {
  const [left, right]: [MatrixInput<D>, MatrixInput<D> | undefined] =
    options.b === undefined ? [a, undefined] : takeBoth<D>('a', a, 'b', options.b);
  const matrix = squares('a', left);
  const other = right === undefined ? undefined : squares('b', right);
  const n = rowsOf(matrix);
  if (other !== undefined) {
    sameElements('b.data', matrix, other);
    if (rowsOf(other) !== n) throw rangeError('b.shape', other.shape, `that of n × n, n = ${n}`);
  }
  const uplo = options.uplo ?? 'L';
  if (!/^[lu]$/i.test(uplo)) throw typeError('uplo', uplo, "'L' or 'U'");
  const axes = other === undefined ? axesOf(matrix) : broadcast('b', axesOf(matrix), axesOf(other));
  const { range, from, to, width } = subset(n, options, axes.length > 0);
  const w = result(matrix, ...axes, width);
  const v = vectors ? result(matrix, ...axes, n, width) : undefined;
  const found = result(matrix, ...axes);
  return {
    operation: native.linalg.eigh,
    operands: [
      along(matrix, axes),
      other === undefined ? unwanted(matrix) : along(other, axes),
      along(w, axes, 1),
      v === undefined ? unwanted(matrix) : along(v, axes),
      along(found, axes, 0),
    ],
    numbers: [
      vectors ? 1 : 0,
      uplo.toUpperCase() === 'L' ? 1 : 0,
      other === undefined ? 0 : 1,
      range,
      from,
      to,
      checkFinite(),
    ],
    threads: options.threads,
    options: ['b', 'uplo', 'subsetByIndex', 'subsetByValue'],
    name,
    axes,
    failed: (failure) =>
      other !== undefined && failure.info > n
        ? notPositiveDefinite({ ...failure, info: failure.info - n })
        : notConverged(failure, 'off-diagonal elements are not zero'),
    finish() {
      if (range !== 2) return make(w, v ?? w);
      const count = n === 0 ? 0 : (found.data[0] as number);
      const some = shaped(w.data.slice(0, count) as D, [count]);
      if (v === undefined) return make(some, some);
      const part = rowMajor({ ...v, shape: [n, count] });
      return make(some, shaped((part === v.data ? part : part.slice()) as D, [n, count]));
    },
  };
}

const pairs = <D extends Elements>(eigenvalues: Matrix<D>, eigenvectors: Matrix<D>): Eigh<D> => ({
  eigenvalues,
  eigenvectors,
});

function bothOf<D extends Elements>(a: MatrixInput<D>, options: EighSyncOptions<D>): Call<Eigh<D>> {
  return planEigh('eigh', a, true, options, pairs);
}

function valuesOf<D extends Elements>(
  a: MatrixInput<D>,
  options: EighSyncOptions<D>,
): Call<Matrix<D>> {
  return planEigh('eigvalsh', a, false, options, (values) => values);
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix: AV = VΛ.
 *
 * @param a - n × n, or a stack: … × n × n; only one triangle is read
 * @param options - `uplo`: which triangle, `'L'` when not said; `b`: the generalized problem
 *   AV = BVΛ; `subsetByIndex`, `subsetByValue`: some of the values; `threads`, `signal`,
 *   `onProgress`
 * @returns `{ eigenvalues, eigenvectors }`, as `numpy.linalg.eigh`; of a stack with its axes before
 * @throws LinAlgError where the iteration does not converge (`info`: how many elements), or for a
 *   NaN or an infinity; otherwise as `matmul`
 *
 * LAPACK: `syevd`; `syevr` for some of the values; `potrf`, `sygst`, `trsm` for the generalized
 * problem.
 */
export async function eigh<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: EighOptions<D> = {},
): Promise<Eigh<D>> {
  return callAsync(bothOf(a, options), options);
}

/** {@link eigh}, blocking until the result is there. */
export function eighSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: EighSyncOptions<D> = {},
): Eigh<D> {
  return callSync(bothOf(a, options), options);
}

/**
 * The eigenvalues alone of a symmetric matrix.
 *
 * @param a - n × n, or a stack: … × n × n; only one triangle is read
 * @param options - as of {@link eigh}
 * @returns a vector of n, rising
 * @throws as {@link eigh}
 *
 * LAPACK: `syevd`; `syevr` for some of the values; `potrf`, `sygst`, `trsm` for the generalized
 * problem.
 */
export async function eigvalsh<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: EighOptions<D> = {},
): Promise<Matrix<D>> {
  return callAsync(valuesOf(a, options), options);
}

/** {@link eigvalsh}, blocking until the result is there. */
export function eigvalshSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: EighSyncOptions<D> = {},
): Matrix<D> {
  return callSync(valuesOf(a, options), options);
}

/** Options of {@link eig} and {@link eigvals}. */
export interface EigOptions extends QueuedOptions {}
/** Options of {@link eigSync} and {@link eigvalsSync}. */
export type EigSyncOptions = SyncOptions<EigOptions>;

function planEig<D extends Elements, R>(
  name: string,
  a: MatrixInput<D>,
  vectors: boolean,
  options: EigSyncOptions,
  make: (values: ComplexMatrix<D>, vectors: ComplexMatrix<D>) => R,
): Call<R> {
  const matrix = squares('a', a);
  const axes = axesOf(matrix);
  const n = rowsOf(matrix);
  const re = result(matrix, ...axes, n);
  const im = result(matrix, ...axes, n);
  const part = () => (vectors ? result(matrix, ...axes, n, n) : undefined);
  const [vectorRe, vectorIm] = [part(), part()];
  const operandOf = (each: Matrix<D> | undefined) =>
    each === undefined ? unwanted(matrix) : along(each, axes);
  return {
    operation: native.linalg.eig,
    operands: [
      along(matrix, axes),
      along(re, axes, 1),
      along(im, axes, 1),
      operandOf(vectorRe),
      operandOf(vectorIm),
    ],
    numbers: [vectors ? 1 : 0],
    threads: options.threads,
    name,
    axes,
    failed: (failure) =>
      notConverged(failure, 'eigenvalues and all after them were found, no others'),
    finish: () => make({ re, im }, { re: vectorRe ?? re, im: vectorIm ?? im }),
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
 * @param a - n × n, or a stack: … × n × n
 * @param options - `threads`, `signal`
 * @returns `{ eigenvalues: { re, im }, eigenvectors: { re, im } }`, values and scaling as of
 *   `numpy.linalg.eig`
 * @throws LinAlgError where the iteration does not converge, or for a NaN or an infinity; otherwise
 *   as `matmul`
 *
 * LAPACK: `geev`.
 */
export async function eig<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: EigOptions = {},
): Promise<Eig<D>> {
  return callAsync(planEig('eig', a, true, options, both), options);
}

/** {@link eig}, blocking until the result is there. */
export function eigSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: EigSyncOptions = {},
): Eig<D> {
  return callSync(planEig('eig', a, true, options, both), options);
}

/**
 * The eigenvalues alone of a square matrix.
 *
 * @param a - n × n, or a stack: … × n × n
 * @param options - `threads`, `signal`
 * @returns `{ re, im }`, each a vector of n
 * @throws as {@link eig}
 *
 * LAPACK: `geev`.
 */
export async function eigvals<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: EigOptions = {},
): Promise<ComplexMatrix<D>> {
  return callAsync(planEig('eigvals', a, false, options, values), options);
}

/** {@link eigvals}, blocking until the result is there. */
export function eigvalsSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: EigSyncOptions = {},
): ComplexMatrix<D> {
  return callSync(planEig('eigvals', a, false, options, values), options);
}
