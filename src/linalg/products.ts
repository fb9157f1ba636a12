/**
 * Matrix products.
 */
import {
  type Elements,
  type Matrix,
  type MatrixLike,
  type Operand,
  operand,
  sameElements,
  target,
  transposed,
} from '../arrays/index.ts';
import { rangeError } from '../errors.ts';
import type { ExecutionOptions, QueuedOptions } from '../executor/index.ts';
import { native } from '../native.ts';
import { type Call, callAsync, callSync } from './call.ts';
import { planMatmulStack } from './stack.ts';

/** Options that every operation takes which returns one matrix. */
export interface OutOptions<D extends Elements> {
  /** Where the result is to be written: a matrix of its shape that overlaps no operand. */
  out?: MatrixLike<D> | undefined;
}

/** Options of {@link matmul}. */
export interface MatmulOptions<D extends Elements> extends QueuedOptions, OutOptions<D> {}
/** Options of {@link matmulSync}. */
export interface MatmulSyncOptions<D extends Elements> extends ExecutionOptions, OutOptions<D> {}

/** Options of {@link gram}. */
export interface GramOptions<D extends Elements> extends QueuedOptions, OutOptions<D> {
  /** AAᵀ (n × n) instead of AᵀA (k × k). */
  transpose?: boolean | undefined;
}
/** Options of {@link gramSync}. */
export type GramSyncOptions<D extends Elements> = Omit<GramOptions<D>, 'signal'>;

/** The number of axes; of what is no matrix, 0. */
function axesOf(value: MatrixLike): number {
  return value?.shape?.length ?? 0;
}

function planMatmul<D extends Elements>(
  a: MatrixLike<D>,
  b: MatrixLike<D>,
  options: MatmulSyncOptions<D>,
): Call<Matrix<D>> {
  if (axesOf(a) > 2 || axesOf(b) > 2) return planMatmulStack(a, b, options);
  let left: Operand<D> = operand('a', a);
  const right = operand('b', b);
  sameElements('b.data', left, right);
  // As in numpy.matmul: a vector on the left is a row, on the right a column, and the axis that
  // was added is taken away again.
  const vectors = (left.vector ? 1 : 0) + (right.vector ? 1 : 0);
  if (left.vector) left = transposed(left);
  if (left.columns !== right.rows) {
    throw rangeError(
      'b.shape',
      b.shape,
      `that of as many rows as 'a' has columns (${left.columns}; its shape is ` +
        `[${a.shape.join(', ')}])`,
    );
  }
  // The product of two vectors is computed as one element, and returned without an axis.
  const shape =
    vectors === 0 ? [left.rows, right.columns] : [right.vector ? left.rows : right.columns];
  const { result, place } = target(options.out, left, shape);
  const seen =
    vectors === 0 ? place : { ...place, ...spread(place, left.rows, right.columns), vector: false };
  return {
    operation: native.linalg.matmul,
    operands: [left, right, seen],
    threads: options.threads,
    finish: () => (vectors === 2 ? scalar(result) : result),
  };
}

/** The product of two vectors has no axes. */
function scalar<D extends Elements>(result: Matrix<D>): Matrix<D> {
  return { ...result, shape: [], stride: [] };
}

/** A vector of results as the matrix that the product computes. */
function spread(place: Operand, rows: number, columns: number) {
  return rows === 1
    ? { rows, columns, rowStride: Math.max(columns, 1), columnStride: place.rowStride }
    : { rows, columns, rowStride: place.rowStride, columnStride: 1 };
}

/**
 * The matrix product.
 *
 * @param a - n × k, or a vector of k as a row, or a stack of matrices: … × n × k
 * @param b - k × m, or a vector of k as a column, or a stack: … × k × m. The axes before the last
 *   two are stretched as in NumPy: they are equal, or one of them is 1 or missing
 * @param options - `out`, `threads`, `signal`
 * @returns n × m, or a stack: … × n × m; the axis of a vector is left out
 * @throws TypeError for what is no matrix or mixes element types; RangeError for shapes that don't
 *   fit, strides that leave the data, an `out` of another shape or one that overlaps an operand.
 *   The Promise is rejected with them.
 *
 * BLAS: `gemm`, `gemv`.
 *
 * @example
 * ```ts
 * const a = { data: new Float64Array([1, 2, 3, 4]), shape: [2, 2] };
 * const square = await matmul(a, a); // square.data is [7, 10, 15, 22]
 * ```
 */
export async function matmul<D extends Elements>(
  a: MatrixLike<D>,
  b: MatrixLike<D>,
  options: MatmulOptions<D> = {},
): Promise<Matrix<D>> {
  return callAsync(planMatmul(a, b, options), options);
}

/** {@link matmul}, blocking until the result is there. */
export function matmulSync<D extends Elements>(
  a: MatrixLike<D>,
  b: MatrixLike<D>,
  options: MatmulSyncOptions<D> = {},
): Matrix<D> {
  return callSync(planMatmul(a, b, options));
}

function planGram<D extends Elements>(
  a: MatrixLike<D>,
  options: GramSyncOptions<D>,
): Call<Matrix<D>> {
  const given = operand('a', a);
  const factor = options.transpose ? given : transposed(given);
  const { result, place } = target(options.out, given, [factor.rows, factor.rows]);
  return {
    operation: native.linalg.gram,
    operands: [factor, place],
    threads: options.threads,
    finish: () => result,
  };
}

/**
 * The Gram matrix AᵀA, or AAᵀ: all inner products of the columns, or rows, in half the operations
 * of a product. Exactly symmetric.
 *
 * @param a - n × k
 * @param options - `transpose`: AAᵀ; `out`, `threads`, `signal`
 * @returns k × k, or n × n with `transpose`
 * @throws as {@link matmul}
 *
 * BLAS: `syrk`.
 */
export async function gram<D extends Elements>(
  a: MatrixLike<D>,
  options: GramOptions<D> = {},
): Promise<Matrix<D>> {
  return callAsync(planGram(a, options), options);
}

/** {@link gram}, blocking until the result is there. */
export function gramSync<D extends Elements>(
  a: MatrixLike<D>,
  options: GramSyncOptions<D> = {},
): Matrix<D> {
  return callSync(planGram(a, options));
}
