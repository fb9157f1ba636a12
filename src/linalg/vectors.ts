/**
 * Inner products and multiples.
 */
import {
  type Elements,
  type Matrix,
  type MatrixLike,
  type Operand,
  operand,
  sameElements,
  target,
} from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { native } from '../native.ts';
import { type Call, callAsync, callSync, type QueuedOptions, type SyncOptions } from './call.ts';
import { type MatrixInput, take, takeBoth } from './inputs.ts';
import type { OutOptions } from './products.ts';

/** Options of {@link dot}. */
export interface DotOptions extends QueuedOptions {}
/** Options of {@link dotSync}. */
export type DotSyncOptions = SyncOptions<DotOptions>;

function planDot<D extends Elements>(
  x: MatrixInput<D>,
  y: MatrixInput<D>,
  options: DotSyncOptions,
): Call<number> {
  const [one, other] = takeBoth('x', x, 'y', y);
  const left = operand('x', one);
  const right = operand('y', other);
  sameElements('y.data', left, right);
  if (!left.vector) throw rangeError('x.shape', one.shape, 'that of a vector');
  if (!right.vector || right.rows !== left.rows) {
    throw rangeError('y.shape', other.shape, `[${left.rows}], as that of 'x'`);
  }
  return {
    operation: native.linalg.dot,
    operands: [left, right],
    threads: options.threads,
    finish: (outcome) => outcome,
  };
}

/**
 * The inner product of two vectors.
 *
 * @param x - a vector of n
 * @param y - a vector of n
 * @param options - `threads`, `signal`
 * @returns a number, of the elements' precision
 * @throws as `matmul`
 *
 * BLAS: `dot`.
 */
export async function dot<D extends Elements = Float64Array>(
  x: MatrixInput<D>,
  y: MatrixInput<D>,
  options: DotOptions = {},
): Promise<number> {
  return callAsync(planDot(x, y, options), options);
}

/** {@link dot}, blocking until the result is there. */
export function dotSync<D extends Elements = Float64Array>(
  x: MatrixInput<D>,
  y: MatrixInput<D>,
  options: DotSyncOptions = {},
): number {
  return callSync(planDot(x, y, options), options);
}

function requireNumber(name: string, value: unknown): number {
  if (typeof value !== 'number') throw typeError(name, value, 'a number');
  return value;
}

/** The shape of an operand as it was given. */
function shapeOf(of: Operand): number[] {
  return of.vector ? [of.rows] : [of.rows, of.columns];
}

/** Options of {@link axpy}. */
export interface AxpyOptions<D extends Elements> extends QueuedOptions {
  /** Where the result is to be written; `y` itself for y := αx + y. */
  out?: MatrixLike<D> | undefined;
}
/** Options of {@link axpySync}. */
export type AxpySyncOptions<D extends Elements> = SyncOptions<AxpyOptions<D>>;

function planAxpy<D extends Elements>(
  alpha: number,
  x: MatrixInput<D>,
  y: MatrixInput<D>,
  options: AxpySyncOptions<D>,
): Call<Matrix<D>> {
  const factor = requireNumber('alpha', alpha);
  const [one, other] = takeBoth('x', x, 'y', y);
  const left = operand('x', one);
  const right = operand('y', other);
  sameElements('y.data', left, right);
  if (left.vector !== right.vector || left.rows !== right.rows || left.columns !== right.columns) {
    throw rangeError('y.shape', other.shape, `[${one.shape.join(', ')}], as that of 'x'`);
  }
  const { result, output } = target(options.out, right, shapeOf(right));
  return {
    operation: native.linalg.axpy,
    operands: [left, right, output],
    numbers: [factor],
    threads: options.threads,
    options: ['out'],
    finish: () => result,
  };
}

/**
 * A multiple of one vector or matrix added to another: αx + y.
 *
 * @param alpha - α
 * @param x - a vector, or n × m
 * @param y - of x's shape
 * @param options - `out` (may be `y`), `threads`, `signal`
 * @returns αx + y, of x's shape; x and y are left as they are unless `out` is y
 * @throws as `matmul`
 *
 * BLAS: `axpy`.
 */
export async function axpy<D extends Elements = Float64Array>(
  alpha: number,
  x: MatrixInput<D>,
  y: MatrixInput<D>,
  options: AxpyOptions<D> = {},
): Promise<Matrix<D>> {
  return callAsync(planAxpy(alpha, x, y, options), options);
}

/** {@link axpy}, blocking until the result is there. */
export function axpySync<D extends Elements = Float64Array>(
  alpha: number,
  x: MatrixInput<D>,
  y: MatrixInput<D>,
  options: AxpySyncOptions<D> = {},
): Matrix<D> {
  return callSync(planAxpy(alpha, x, y, options), options);
}

/** Options of {@link scale}. */
export interface ScaleOptions<D extends Elements> extends QueuedOptions, OutOptions<D> {}
/** Options of {@link scaleSync}. */
export type ScaleSyncOptions<D extends Elements> = SyncOptions<ScaleOptions<D>>;

function planScale<D extends Elements>(
  alpha: number,
  x: MatrixInput<D>,
  options: ScaleSyncOptions<D>,
): Call<Matrix<D>> {
  const factor = requireNumber('alpha', alpha);
  const from = operand('x', take('x', x));
  const { result, output } = target(options.out, from, shapeOf(from));
  return {
    operation: native.linalg.scale,
    operands: [from, output],
    numbers: [factor],
    threads: options.threads,
    options: ['out'],
    finish: () => result,
  };
}

/**
 * A multiple of a vector or a matrix: αx.
 *
 * @param alpha - α
 * @param x - a vector, or n × m
 * @param options - `out` (may be `x`, for x := αx), `threads`, `signal`
 * @returns αx, of x's shape
 * @throws as `matmul`
 */
export async function scale<D extends Elements = Float64Array>(
  alpha: number,
  x: MatrixInput<D>,
  options: ScaleOptions<D> = {},
): Promise<Matrix<D>> {
  return callAsync(planScale(alpha, x, options), options);
}

/** {@link scale}, blocking until the result is there. */
export function scaleSync<D extends Elements = Float64Array>(
  alpha: number,
  x: MatrixInput<D>,
  options: ScaleSyncOptions<D> = {},
): Matrix<D> {
  return callSync(planScale(alpha, x, options), options);
}
