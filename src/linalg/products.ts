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
import { rangeError, typeError } from '../errors.ts';
import { native } from '../native.ts';
import { type Call, callAsync, callSync, type QueuedOptions, type SyncOptions } from './call.ts';
import { type MatrixInput, take, takeBoth } from './inputs.ts';
import { along, axesOf, broadcast, checked, columnsOf, resultIn, rowsOf } from './stack.ts';

/** Options that every operation takes which returns one array. */
export interface OutOptions<D extends Elements> {
  /**
   * Where the result is to be written: an array of its shape that shares no element with the
   * operands, whatever buffers or mappings these are reached by.
   */
  out?: MatrixLike<D> | undefined;
}

/** Options of products that are added to what `out` holds. */
export interface ScaledOptions {
  /** What the product is multiplied by; 1 when not given. */
  alpha?: number | undefined;
  /** What `out` holds is multiplied by this and added; 0 when not given: it is overwritten. */
  beta?: number | undefined;
}

/** Options of {@link matmul}. */
export interface MatmulOptions<D extends Elements>
  extends QueuedOptions,
    OutOptions<D>,
    ScaledOptions {}
/** Options of {@link matmulSync}. */
export type MatmulSyncOptions<D extends Elements> = SyncOptions<MatmulOptions<D>>;

/** Options of {@link gram}. */
export interface GramOptions<D extends Elements>
  extends QueuedOptions,
    OutOptions<D>,
    ScaledOptions {
  /** AAᵀ (n × n) instead of AᵀA (k × k). */
  transpose?: boolean | undefined;
}
/** Options of {@link gramSync}. */
export type GramSyncOptions<D extends Elements> = SyncOptions<GramOptions<D>>;

/** α and β of BLAS. */
function scaling(options: ScaledOptions & { out?: unknown }): [number, number] {
  const { alpha = 1, beta = 0, out } = options;
  if (typeof alpha !== 'number') throw typeError('alpha', alpha, 'a number');
  if (typeof beta !== 'number') throw typeError('beta', beta, 'a number');
  if (beta !== 0 && out === undefined) {
    throw rangeError('beta', beta, "0 where there is no 'out' to be added to");
  }
  return [alpha, beta];
}

function planMatmul<D extends Elements>(
  one: MatrixInput<D>,
  other: MatrixInput<D>,
  options: MatmulSyncOptions<D>,
): Call<Matrix<D>> {
  const [a, b] = takeBoth('a', one, 'b', other);
  if (a.shape?.length > 2 || b.shape?.length > 2) return planMatmulStack(a, b, options);
  let left: Operand<D> = operand('a', a);
  const right = operand('b', b);
  sameElements('b.data', left, right);
  // As in numpy.matmul: a vector on the left is a row, on the right a column, and the axis that
  // was added is taken away again.
  const vectors = (left.vector ? 1 : 0) + (right.vector ? 1 : 0);
  if (left.vector) left = transposed(left);
  if (left.columns !== right.rows) throw mismatch(a.shape, b.shape, left.columns);
  // The product of two vectors is computed as one element, and returned without an axis.
  const shape =
    vectors === 0 ? [left.rows, right.columns] : [right.vector ? left.rows : right.columns];
  const { result: product, output } = target(options.out, left, shape);
  const seen =
    vectors === 0
      ? output
      : { ...output, ...spread(output, left.rows, right.columns), vector: false };
  return {
    operation: native.linalg.matmul,
    operands: [left, right, seen],
    numbers: scaling(options),
    threads: options.threads,
    options: ['out', 'alpha', 'beta'],
    finish: () => (vectors === 2 ? scalar(product) : product),
  };
}

function mismatch(a: readonly number[], b: readonly number[], columns: number): RangeError {
  return rangeError(
    'b.shape',
    b,
    `that of as many rows as 'a' has columns (${columns}; its shape is [${a.join(', ')}])`,
  );
}

/** The product of two vectors has no axes. */
function scalar<D extends Elements>(product: Matrix<D>): Matrix<D> {
  return { ...product, shape: [], stride: [] };
}

/** A vector of results as the matrix that the product computes. */
function spread(output: Operand, rows: number, columns: number) {
  return rows === 1
    ? { rows, columns, rowStride: Math.max(columns, 1), columnStride: output.rowStride }
    : { rows, columns, rowStride: output.rowStride, columnStride: 1 };
}

/** A vector as one row or one column; the axis that is added is taken away from the result. */
function asMatrix<D extends Elements>(of: Matrix<D>, row: boolean): Matrix<D> {
  if (of.shape.length > 1) return of;
  const [length] = of.shape as [number];
  const [step] = of.stride as [number];
  return row
    ? { ...of, shape: [1, length], stride: [Math.max(length, 1), step] }
    : { ...of, shape: [length, 1], stride: [step, 1] };
}

/** The product of stacks of matrices, of which at least one has more than two axes. */
function planMatmulStack<D extends Elements>(
  a: MatrixLike<D>,
  b: MatrixLike<D>,
  options: MatmulSyncOptions<D>,
): Call<Matrix<D>> {
  const left = checked('a', a);
  const right = checked('b', b);
  sameElements('b.data', left, right);
  const one = asMatrix(left, true);
  const other = asMatrix(right, false);
  if (columnsOf(one) !== rowsOf(other)) throw mismatch(left.shape, right.shape, columnsOf(one));
  const axes = broadcast('b', axesOf(one), axesOf(other));
  const shape = [...axes];
  if (left.shape.length > 1) shape.push(rowsOf(one));
  if (right.shape.length > 1) shape.push(columnsOf(other));
  const product = resultIn(options.out, left, shape);
  // The axis of a vector, taken away from the result, is put back as one of length one.
  const whole = {
    ...product,
    shape: [...axes, rowsOf(one), columnsOf(other)],
    stride: [...product.stride],
  };
  if (left.shape.length === 1) whole.stride.splice(axes.length, 0, Math.max(columnsOf(other), 1));
  if (right.shape.length === 1) whole.stride.push(1);
  return {
    operation: native.linalg.matmulStack,
    operands: [along(one, axes), along(other, axes), along(whole, axes)],
    numbers: scaling(options),
    threads: options.threads,
    options: ['out', 'alpha', 'beta'],
    name: 'matmul',
    axes,
    finish: () => product,
  };
}

/**
 * The matrix product.
 *
 * @param a - n × k, or a vector of k as a row, or a stack of matrices: … × n × k
 * @param b - k × m, or a vector of k as a column, or a stack: … × k × m. The axes before the last
 *   two are broadcast as in NumPy: they are equal, or one of them is 1 or missing
 * @param options - `out`; `alpha`, `beta`: αAB + β·out; `threads`, `signal`, `onProgress`
 * @returns n × m, or a stack: … × n × m; the axis of a vector is left out
 * @throws TypeError for what is no matrix, is complex or mixes element types; RangeError for shapes
 *   that don't fit, strides that leave the data, integers that the element type does not hold, an
 *   `out` of another shape or one that overlaps an operand; all with the code
 *   ERR_HEDDLE_INVALID_ARGUMENT. The Promise is rejected with them.
 *
 * BLAS: `gemm`, `gemv`.
 *
 * @example
 * ```ts
 * const a = { data: new Float64Array([1, 2, 3, 4]), shape: [2, 2] };
 * const square = await matmul(a, a); // square.data is [7, 10, 15, 22]
 * ```
 */
export async function matmul<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  b: MatrixInput<D>,
  options: MatmulOptions<D> = {},
): Promise<Matrix<D>> {
  return callAsync(planMatmul(a, b, options), options);
}

/** {@link matmul}, blocking until the result is there. */
export function matmulSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  b: MatrixInput<D>,
  options: MatmulSyncOptions<D> = {},
): Matrix<D> {
  return callSync(planMatmul(a, b, options), options);
}

/** The transposes of a stack, without a copy. */
function flipped<D extends Elements>(of: Operand<D>): Operand<D> {
  return { ...transposed(of), ...(of.axes === undefined ? {} : { axes: of.axes }) };
}

function planGram<D extends Elements>(
  a: MatrixInput<D>,
  options: GramSyncOptions<D>,
): Call<Matrix<D>> {
  const given = asMatrix(checked('a', take('a', a)), false);
  const axes = axesOf(given);
  const rows = options.transpose ? rowsOf(given) : columnsOf(given);
  const products = resultIn(options.out, given, [...axes, rows, rows]);
  const factor = along(given, axes);
  return {
    operation: native.linalg.gram,
    operands: [options.transpose ? factor : flipped(factor), along(products, axes)],
    numbers: scaling(options),
    threads: options.threads,
    options: ['out', 'alpha', 'beta', 'transpose'],
    name: 'gram',
    axes,
    finish: () => products,
  };
}

/**
 * The Gram matrix AᵀA, or AAᵀ: all inner products of the columns, or rows, in half the operations
 * of a product. Exactly symmetric.
 *
 * @param a - n × k, or a stack: … × n × k
 * @param options - `transpose`: AAᵀ; `out`; `alpha`, `beta`: αAᵀA + β·out, of whose `out` the upper
 *   triangle is read; `threads`, `signal`, `onProgress`
 * @returns k × k, or n × n with `transpose`; a stack of a stack
 * @throws as {@link matmul}
 *
 * BLAS: `syrk`.
 */
export async function gram<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: GramOptions<D> = {},
): Promise<Matrix<D>> {
  return callAsync(planGram(a, options), options);
}

/** {@link gram}, blocking until the result is there. */
export function gramSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: GramSyncOptions<D> = {},
): Matrix<D> {
  return callSync(planGram(a, options), options);
}
