/**
 * Normal vectors: standard normal numbers, times a factor of the covariance matrix.
 *
 * The draws are NumPy's, and so is the factor up to what two LAPACK libraries differ by: these
 * numbers agree to rounding (and in the signs of columns), not to the last bit.
 */
import { types } from 'node:util';
import { dense, lengthOf, type NdArray, type NdArrayLike, shaped } from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { choleskySync, eighSync, matmulSync, svdSync } from '../linalg/index.ts';
import type { Size } from './output.ts';

/** Options of `multivariateNormal`; they may stand in the place of the size. */
export interface MultivariateOptions {
  /** What the covariance is factored by; 'svd' unless given, as in NumPy. 'cholesky' is faster. */
  method?: 'svd' | 'eigh' | 'cholesky' | undefined;
  /** What to do with a matrix that is no covariance: 'warn' unless given. */
  checkValid?: 'warn' | 'raise' | 'ignore' | undefined;
  /** How far from symmetric and from positive semidefinite it may be; 1e-8 unless given. */
  tol?: number | undefined;
}

const METHODS = ['svd', 'eigh', 'cholesky'];
const CHECKS = ['warn', 'raise', 'ignore'];
const NOT_SEMIDEFINITE = 'covariance is not symmetric positive-semidefinite';

/** Whether two numbers are equal within a relative and an absolute tolerance, as allclose has it. */
function close(a: number, b: number, tol: number): boolean {
  return Math.abs(a - b) <= tol + tol * Math.abs(b);
}

/** The columns of a matrix times the square roots of the values. */
function scaled(columns: Float64Array, values: Float64Array): Float64Array {
  const n = values.length;
  return columns.map((x, i) => x * Math.sqrt(Math.abs(values[i % n] as number)));
}

/** A matrix F with F Fᵀ = cov, as rows, and whether cov is what a covariance can be. */
function factor(
  cov: Float64Array,
  n: number,
  method: string,
  tol: number,
  check: boolean,
): { rows: Float64Array; valid: boolean } {
  const matrix = shaped(cov, [n, n]);
  if (method === 'cholesky') return { rows: choleskySync(matrix).data, valid: true };
  if (method === 'eigh') {
    const { eigenvalues, eigenvectors } = eighSync(matrix);
    return {
      rows: scaled(eigenvectors.data, eigenvalues.data),
      valid: eigenvalues.data.every((value) => !(value < -tol)),
    };
  }
  const { u, s, vh } = svdSync(matrix);
  // Of a covariance, left and right vectors are the same: V S Vᵀ gives it back.
  const valid = (): boolean => {
    const weighted = vh.data.map((x, i) => x * (s.data[Math.floor(i / n)] as number));
    const again = matmulSync(
      { data: vh.data, shape: [n, n], stride: [1, n], offset: 0 },
      shaped(weighted, [n, n]),
    );
    return again.data.every((x, i) => close(x, cov[i] as number, tol));
  };
  return { rows: scaled(u.data, s.data), valid: !check || valid() };
}

/** Draws the vectors; `normals` makes standard normal numbers. */
export function multivariateNormal(
  normals: (count: number) => Float64Array,
  mean: ArrayLike<number>,
  cov: NdArrayLike<Float64Array>,
  size: Size | undefined,
  options: MultivariateOptions = {},
): NdArray<Float64Array> {
  const { method = 'svd', checkValid = 'warn', tol = 1e-8 } = options;
  if (!METHODS.includes(method)) throw typeError('method', method, `one of ${METHODS.join(', ')}`);
  if (!CHECKS.includes(checkValid)) {
    throw typeError('checkValid', checkValid, `one of ${CHECKS.join(', ')}`);
  }
  const n = mean?.length;
  if (typeof n !== 'number') throw typeError('mean', mean, 'an array of numbers');
  if (!types.isFloat64Array(cov?.data)) {
    throw typeError('cov', cov, '{ data: Float64Array, shape }');
  }
  if (cov.shape?.length !== 2 || cov.shape[0] !== n || cov.shape[1] !== n) {
    throw rangeError('cov.shape', cov.shape, `[${n}, ${n}], as there are ${n} means`);
  }
  const count = size === undefined ? 1 : lengthOf(size, 'size');
  const shape = size === undefined ? [n] : typeof size === 'number' ? [size, n] : [...size, n];
  const draws = normals(count * n);
  if (draws.length === 0) return shaped(draws, shape);

  const { rows, valid } = factor(dense('cov', cov), n, method, tol, checkValid !== 'ignore');
  if (!valid && checkValid === 'raise') throw rangeError('cov', cov, 'a covariance matrix');
  if (!valid && checkValid === 'warn') process.emitWarning(NOT_SEMIDEFINITE, 'HeddleWarning');

  const { data } = matmulSync(
    { data: draws, shape: [count, n] },
    { data: rows, shape: [n, n], stride: [1, n] },
  );
  for (let i = 0; i < data.length; i++) {
    data[i] = (data[i] as number) + (mean[i % n] as number);
  }
  return shaped(data, shape);
}
