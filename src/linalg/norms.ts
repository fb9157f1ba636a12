/**
 * Norms.
 */
import { type Elements, lengthOf, type Matrix, plain, rowMajor, shaped } from '../arrays/index.ts';
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
import { type MatrixInput, take } from './inputs.ts';
import { noSingularValues } from './singular.ts';
import { along, checked, result } from './stack.ts';

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
  /** The axis of vectors, or the two axes of matrices; negative ones count from the last. */
  axis?: number | readonly number[] | undefined;
  /** Whether the axes that the norm is over stay, with length one. */
  keepdims?: boolean | undefined;
}
/** Options of {@link normSync}. */
export type NormSyncOptions = SyncOptions<NormOptions>;

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

/** The axes that a norm is over: one for vectors, two for matrices. */
function checkedAxes(
  array: Matrix,
  { ord, axis }: { ord?: unknown; axis?: number | readonly number[] | undefined },
): number[] {
  const count = array.shape.length;
  if (axis === undefined || axis === null) {
    if (ord !== undefined && count > 2) {
      throw rangeError('axis', axis, `given for the norm ${ord} of an array of ${count} axes`);
    }
    return array.shape.map((_, index) => index);
  }
  const right = `an axis, or two different ones, from ${-count} to ${count - 1}`;
  const given = typeof axis === 'number' ? [axis] : axis;
  if (!Array.isArray(given)) throw typeError('axis', axis, right);
  const axes = given.map((index) => (index < 0 ? index + count : index));
  const valid = axes.every((index) => Number.isInteger(index) && index >= 0 && index < count);
  if (!valid || axes.length < 1 || axes.length > 2 || axes[0] === axes[1]) {
    throw rangeError('axis', axis, right);
  }
  return axes;
}

function planNorm<D extends Elements>(
  a: MatrixInput<D>,
  options: NormSyncOptions,
): Call<number | Matrix<D>> {
  const given = checked('a', take('a', a));
  const { ord, keepdims } = options;
  const over = checkedAxes(given, options);
  // Of more axes at once there is only the root of the sum of all squares.
  const flat = over.length > 2;
  const array = flat ? shaped(rowMajor(given), [lengthOf(given.shape)]) : given;
  const inner = flat ? [0] : over;
  const kind =
    ord === undefined ? FROBENIUS : inner.length === 1 ? vectorNorm(ord) : matrixNorm(ord);
  const outer = array.shape.map((_, index) => index).filter((index) => !inner.includes(index));
  const order = [...outer, ...inner];
  const turned: Matrix<D> = {
    ...array,
    shape: order.map((index) => array.shape[index] as number),
    stride: order.map((index) => array.stride[index] as number),
  };
  const axes = turned.shape.slice(0, outer.length);
  if (turned.shape.slice(outer.length).includes(0) && needsElements.has(kind)) {
    throw rangeError('a.shape', given.shape, `that of something with elements for the norm ${ord}`);
  }
  const norms = result(array, ...axes);
  const exponent = typeof ord === 'number' && Number.isFinite(ord) ? ord : 0;
  const shape = given.shape.map((length, index) => (over.includes(index) ? 1 : length));
  return {
    operation: native.linalg.norm,
    operands: [along(turned, axes, inner.length as 1 | 2), along(norms, axes, 0)],
    numbers: [kind, exponent, checkFinite()],
    threads: options.threads,
    options: ['ord', 'axis', 'keepdims'],
    name: 'norm',
    axes,
    failed: noSingularValues,
    finish: () => (keepdims ? shaped(norms.data, shape) : plain(norms)),
  };
}

/**
 * A norm of a vector or a matrix, or of those along axes of an array.
 *
 * @param a - a vector, or n × m, or an array of any number of axes
 * @param options - `ord`: which norm; `axis`: one axis for the norms of the vectors along it, two
 *   for those of the matrices that they span (rows first), all when not given; `keepdims`: leaves
 *   these axes in the result, with length one; `threads`, `signal`, `onProgress`
 * @returns a number, of the elements' precision; with `axis` or `keepdims` an array, as
 *   `numpy.linalg.norm`, but a number where no axis is left
 * @throws RangeError for a norm that there is not, for axes that there are not, and for the largest
 *   or smallest of no elements; LinAlgError for a NaN or an infinity where singular values are
 *   needed (elsewhere the norm is NaN or infinite), or where these do not converge; otherwise as
 *   `matmul`
 *
 * BLAS: `nrm2`. LAPACK, for 2, -2 and 'nuc': `gesdd`; `gesvd` where that does not converge.
 */
export async function norm<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: NormOptions & { axis: number | readonly number[] },
): Promise<Matrix<D>>;
export async function norm<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: NormOptions & { keepdims: true },
): Promise<Matrix<D>>;
export async function norm(a: MatrixInput, options?: NormOptions): Promise<number>;
export async function norm(a: MatrixInput, options: NormOptions = {}): Promise<number | Matrix> {
  return callAsync(planNorm(a, options), options);
}

/** {@link norm}, blocking until the result is there. */
export function normSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: NormSyncOptions & { axis: number | readonly number[] },
): Matrix<D>;
export function normSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: NormSyncOptions & { keepdims: true },
): Matrix<D>;
export function normSync(a: MatrixInput, options?: NormSyncOptions): number;
export function normSync(a: MatrixInput, options: NormSyncOptions = {}): number | Matrix {
  return callSync(planNorm(a, options), options);
}
