/**
 * What is composed of products: powers, chains, Kronecker and outer products, traces.
 */
import {
  checkOptionNames,
  checkQueuedOptionNames,
  type Elements,
  type Matrix,
  type MatrixLike,
  newMatrix,
  plain,
  rowMajor,
  sameElements,
  shaped,
} from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { readOptions, wholeNumber } from '../options.ts';
import type { QueuedOptions, SyncOptions } from './call.ts';
import { type MatrixInput, type StackLike, take, takeBoth } from './inputs.ts';
import { inv, invSync } from './inverse.ts';
import { matmul, matmulSync } from './products.ts';
import { axesOf, checked, columnsOf, matrices, rowsOf, squares } from './stack.ts';

// Each operation is written once, as a generator of the products and inverses that it needs.
type Steps<D extends Elements> = Generator<
  ['multiply', MatrixLike<D>, MatrixLike<D>] | ['invert', MatrixLike<D>],
  Matrix<D>,
  Matrix<D>
>;

function runSync<D extends Elements>(steps: Steps<D>, options: ComposedSyncOptions): Matrix<D> {
  checkOptionNames(options);
  let step = steps.next();
  while (!step.done) {
    const [what, one, other] = step.value;
    step = steps.next(
      what === 'multiply'
        ? matmulSync(one, other as MatrixLike<D>, options)
        : invSync(one, options),
    );
  }
  return step.value;
}

async function run<D extends Elements>(
  steps: Steps<D>,
  options: ComposedOptions,
): Promise<Matrix<D>> {
  checkQueuedOptionNames(options);
  let step = steps.next();
  while (!step.done) {
    const [what, one, other] = step.value;
    step = steps.next(
      what === 'multiply'
        ? await matmul(one, other as MatrixLike<D>, options)
        : await inv(one, options),
    );
  }
  return step.value;
}

/** Options of operations that are composed of products. */
export interface ComposedOptions extends QueuedOptions {}
/** Options of their blocking twins. */
export type ComposedSyncOptions = SyncOptions<ComposedOptions>;

function* powerSteps<D extends Elements>(a: MatrixInput<D>, exponent: number): Steps<D> {
  if (typeof exponent !== 'number') throw typeError('n', exponent, 'a whole number');
  if (!Number.isSafeInteger(exponent)) throw rangeError('n', exponent, 'a whole number');
  let square = squares('a', a);
  const n = rowsOf(square);
  if (exponent === 0) {
    const identity = newMatrix(square.data, square.shape);
    for (let i = 0; i < identity.data.length; i += n * n) {
      for (let j = 0; j < n; j++) identity.data[i + j * (n + 1)] = 1;
    }
    return identity;
  }
  if (exponent < 0) square = yield ['invert', square];
  let power: Matrix<D> | undefined;
  for (let rest = Math.abs(exponent); rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power = power === undefined ? square : yield ['multiply', power, square];
    if (rest > 1) square = yield ['multiply', square, square];
  }
  const made = power as Matrix<D>;
  // The first power is what was given: a result is always an array of its own.
  return exponent === 1 ? (shaped(rowMajor(made).slice() as D, made.shape) as Matrix<D>) : made;
}

/**
 * A power of a square matrix, by repeated squaring.
 *
 * @param a - n × n, or a stack: … × n × n
 * @param n - the exponent: a whole number; below 0 of the inverse
 * @param options - `threads`, `signal`, `onProgress` (of each product)
 * @returns Aⁿ, of a's shape
 * @throws LinAlgError for a negative power of a singular matrix; otherwise as `matmul`
 */
export async function matrixPower<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  n: number,
  options: ComposedOptions = {},
): Promise<Matrix<D>> {
  return run(powerSteps(a, n), options);
}

/** {@link matrixPower}, blocking until the result is there. */
export function matrixPowerSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  n: number,
  options: ComposedSyncOptions = {},
): Matrix<D> {
  return runSync(powerSteps(a, n), options);
}

/** The order of a chain's products with the fewest operations (Cormen et al., chapter 15.2). */
function bestSplits(sizes: readonly number[]): number[][] {
  const count = sizes.length - 1;
  const cost = Array.from({ length: count }, () => new Array<number>(count).fill(0));
  const split = Array.from({ length: count }, () => new Array<number>(count).fill(0));
  for (let length = 1; length < count; length++) {
    for (let i = 0; i + length < count; i++) {
      const j = i + length;
      let best = Number.POSITIVE_INFINITY;
      for (let k = i; k < j; k++) {
        const outer = (sizes[i] as number) * (sizes[k + 1] as number) * (sizes[j + 1] as number);
        const total = (cost[i]?.[k] as number) + (cost[k + 1]?.[j] as number) + outer;
        if (total < best) {
          best = total;
          (split[i] as number[])[j] = k;
        }
      }
      (cost[i] as number[])[j] = best;
    }
  }
  return split;
}

function* chainSteps<D extends Elements>(matrices: readonly MatrixInput<D>[]): Steps<D> {
  if (!Array.isArray(matrices)) throw typeError('matrices', matrices, 'an array of matrices');
  if (matrices.length < 2) throw rangeError('matrices', matrices, 'at least two matrices');
  const chain = matrices.map((each, index) =>
    checked(`matrices[${index}]`, take('matrices', each)),
  );
  const last = chain.length - 1;
  for (const [index, { shape }] of chain.entries()) {
    const vector = shape.length === 1 && (index === 0 || index === last);
    if (shape.length !== 2 && !vector) {
      throw rangeError(
        `matrices[${index}].shape`,
        shape,
        'that of a matrix, or of a vector at either end',
      );
    }
  }
  const first = chain[0] as Matrix<D>;
  const sizes = [first.shape.length === 1 ? 1 : rowsOf(first)];
  for (const [index, { shape }] of chain.entries()) {
    if (shape[0] !== sizes.at(-1) && !(index === 0 && shape.length === 1)) {
      throw rangeError(`matrices[${index}].shape`, shape, `that of ${sizes.at(-1)} rows`);
    }
    sizes.push(index === last && shape.length === 1 ? 1 : (shape.at(-1) as number));
  }
  const splits = bestSplits(sizes);
  function* product(i: number, j: number): Steps<D> {
    if (i === j) return chain[i] as Matrix<D>;
    const k = splits[i]?.[j] as number;
    const left = yield* product(i, k);
    const right = yield* product(k + 1, j);
    return yield ['multiply', left, right];
  }
  return yield* product(0, last);
}

/**
 * The product of several matrices, in the order that takes the fewest operations.
 *
 * @param matrices - two or more that fit each other; the first and the last may be vectors, taken as
 *   a row and a column
 * @param options - `threads`, `signal`, `onProgress` (of each product)
 * @returns their product, without the axes of vectors
 * @throws as `matmul`
 */
export async function multiDot<D extends Elements = Float64Array>(
  matrices: readonly MatrixInput<D>[],
  options: ComposedOptions = {},
): Promise<Matrix<D>> {
  return run(chainSteps(matrices), options);
}

/** {@link multiDot}, blocking until the result is there. */
export function multiDotSync<D extends Elements = Float64Array>(
  matrices: readonly MatrixInput<D>[],
  options: ComposedSyncOptions = {},
): Matrix<D> {
  return runSync(chainSteps(matrices), options);
}

function* outerSteps<D extends Elements>(x: MatrixInput<D>, y: MatrixInput<D>): Steps<D> {
  const [one, other] = takeBoth('x', x, 'y', y);
  const left = checked('x', one);
  const right = checked('y', other);
  sameElements('y.data', left, right);
  if (left.shape.length !== 1) throw rangeError('x.shape', left.shape, 'that of a vector');
  if (right.shape.length !== 1) throw rangeError('y.shape', right.shape, 'that of a vector');
  const column = { ...left, shape: [...left.shape, 1], stride: [...left.stride, 1] };
  const row = { ...right, shape: [1, ...right.shape], stride: [1, ...right.stride] };
  return yield ['multiply', column, row];
}

/**
 * The outer product xyᵀ of two vectors.
 *
 * @param x - a vector of n
 * @param y - a vector of m
 * @param options - `threads`, `signal`, `onProgress`
 * @returns n × m
 * @throws as `matmul`
 */
export async function outer<D extends Elements = Float64Array>(
  x: MatrixInput<D>,
  y: MatrixInput<D>,
  options: ComposedOptions = {},
): Promise<Matrix<D>> {
  return run(outerSteps(x, y), options);
}

/** {@link outer}, blocking until the result is there. */
export function outerSync<D extends Elements = Float64Array>(
  x: MatrixInput<D>,
  y: MatrixInput<D>,
  options: ComposedSyncOptions = {},
): Matrix<D> {
  return runSync(outerSteps(x, y), options);
}

// Row i of A times row k of B are, one behind the other, row (i, k) of the result: products of a
// column and a row, in a stack of all i and k.
function* kronSteps<D extends Elements>(a: MatrixInput<D>, b: MatrixInput<D>): Steps<D> {
  const [one, other] = takeBoth('a', a, 'b', b);
  const [left, right] = [checked('a', one), checked('b', other)];
  sameElements('b.data', left, right);
  if (left.shape.length > 2) throw rangeError('a.shape', left.shape, 'that of a matrix or vector');
  if (right.shape.length > 2) {
    throw rangeError('b.shape', right.shape, 'that of a matrix or vector');
  }
  const vectors = left.shape.length === 1 && right.shape.length === 1;
  const matrixOf = (of: Matrix<D>) =>
    of.shape.length === 2
      ? of
      : { ...of, shape: [1, ...of.shape], stride: [of.shape[0] as number, ...of.stride] };
  const [m, p] = [matrixOf(left), matrixOf(right)];
  const product = yield [
    'multiply',
    { ...m, shape: [rowsOf(m), 1, columnsOf(m), 1], stride: [m.stride[0]!, 0, m.stride[1]!, 1] },
    { ...p, shape: [1, rowsOf(p), 1, columnsOf(p)], stride: [0, p.stride[0]!, 1, p.stride[1]!] },
  ];
  const rows = rowsOf(m) * rowsOf(p);
  const columns = columnsOf(m) * columnsOf(p);
  return shaped(product.data, vectors ? [columns] : [rows, columns]) as Matrix<D>;
}

/**
 * The Kronecker product: each element of A times all of B.
 *
 * @param a - n × m, or a vector as one row
 * @param b - p × q, or a vector as one row
 * @param options - `threads`, `signal`, `onProgress`
 * @returns np × mq; of two vectors a vector
 * @throws as `matmul`
 */
export async function kron<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  b: MatrixInput<D>,
  options: ComposedOptions = {},
): Promise<Matrix<D>> {
  return run(kronSteps(a, b), options);
}

/** {@link kron}, blocking until the result is there. */
export function kronSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  b: MatrixInput<D>,
  options: ComposedSyncOptions = {},
): Matrix<D> {
  return runSync(kronSteps(a, b), options);
}

/** Options of {@link traceSync}. */
export interface TraceSyncOptions {
  /** Which diagonal: 0 (default), above 0 one to the right of it, below 0 one below it. */
  offset?: number | undefined;
}
/** Options of {@link trace}. */
export interface TraceOptions extends TraceSyncOptions {}

const TRACE_OPTIONS = { offset: wholeNumber({ least: Number.MIN_SAFE_INTEGER }) };

/**
 * The trace: the sum of a diagonal.
 *
 * @param a - n × m, or a stack: … × n × m
 * @param options - `offset`: which diagonal
 * @returns a number; of a stack an array with its axes
 * @throws as `matmul`
 */
export function traceSync<D extends Elements>(
  a: StackLike<D>,
  options?: TraceSyncOptions,
): Matrix<D>;
export function traceSync(a: MatrixInput, options?: TraceSyncOptions): number;
export function traceSync(a: MatrixInput, options: TraceSyncOptions = {}): number | Matrix {
  const { offset = 0 } = readOptions('options', TRACE_OPTIONS, options);
  const array = matrices('a', a);
  const axes = axesOf(array);
  const sums = newMatrix(array.data, axes);
  const row = Math.max(-offset, 0);
  const column = Math.max(offset, 0);
  const count = Math.max(Math.min(rowsOf(array) - row, columnsOf(array) - column), 0);
  const [down, across] = array.stride.slice(-2) as [number, number];
  let at = 0;
  const visit = (axis: number, from: number): void => {
    if (axis < axes.length) {
      for (let i = 0; i < (axes[axis] as number); i++) {
        visit(axis + 1, from + i * (array.stride[axis] as number));
      }
      return;
    }
    let sum = 0;
    for (let i = 0; i < count; i++) sum += array.data[from + i * (down + across)] as number;
    sums.data[at++] = sum;
  };
  visit(0, array.offset + row * down + column * across);
  return plain(sums);
}

/** {@link traceSync}, as a Promise; computed at once, since it reads n numbers of n². */
export async function trace<D extends Elements>(
  a: StackLike<D>,
  options?: TraceOptions,
): Promise<Matrix<D>>;
export async function trace(a: MatrixInput, options?: TraceOptions): Promise<number>;
export async function trace(a: MatrixInput, options: TraceOptions = {}): Promise<number | Matrix> {
  return traceSync(a, options);
}
