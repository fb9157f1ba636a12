/**
 * LU factors in compact form, to solve with again and again.
 */
import { types } from 'node:util';
import {
  type Elements,
  type FrameOperand,
  type Matrix,
  type NdArray,
  type NdArrayLike,
  sameElements,
  shaped,
  strided,
} from '../arrays/index.ts';
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
import { singular } from './errors.ts';
import { type MatrixInput, type StackLike, take } from './inputs.ts';
import type { OutOptions } from './products.ts';
import {
  along,
  axesOf,
  broadcast,
  checked,
  result,
  resultIn,
  rowsOf,
  STACK,
  squares,
} from './stack.ts';

/**
 * A factored square matrix, for {@link luSolve}, or a stack of them; as `scipy.linalg.lu_factor`
 * returns it.
 */
export interface LuFactors<D extends Elements, P = Int32Array | NdArrayLike<Int32Array>> {
  /** L below the diagonal (its ones are not stored) and U on and above it: n × n, column-major. */
  readonly lu: Matrix<D>;
  /** Row i was exchanged with row pivots[i], in this order; of a stack an array with its axes. */
  readonly pivots: P;
}

/** Options of {@link luFactor}. */
export interface LuFactorOptions extends QueuedOptions {}
/** Options of {@link luFactorSync}. */
export type LuFactorSyncOptions = SyncOptions<LuFactorOptions>;

/** An array of pivots as the native operations take it: a stack along `axes` of columns. */
function pivotsAlong(pivots: NdArray<Int32Array>, axes: readonly number[]): FrameOperand {
  // What is read of an array there is not its elements' type.
  return along(pivots as unknown as Matrix, axes, 1);
}

type AnyFactors<D extends Elements> = LuFactors<D, Int32Array> | LuFactors<D, NdArray<Int32Array>>;

function planLuFactor<D extends Elements>(
  a: MatrixInput<D>,
  options: LuFactorSyncOptions,
): Call<AnyFactors<D>> {
  const square = squares('a', a);
  const axes = axesOf(square);
  const n = rowsOf(square);
  const rows = result(square, ...axes, n, n);
  const lu: Matrix<D> = { ...rows, stride: [...rows.stride.slice(0, -2), 1, n] };
  const count = axes.reduce((product, length) => product * length, n);
  const pivots = shaped(new Int32Array(count), [...axes, n]);
  return {
    operation: native.linalg.luFactor,
    operands: [along(square, axes), along(lu, axes), pivotsAlong(pivots, axes)],
    numbers: [checkFinite()],
    threads: options.threads,
    name: 'luFactor',
    axes,
    finish: () => (axes.length === 0 ? { lu, pivots: pivots.data } : { lu, pivots }),
  };
}

/**
 * The LU factors of a square matrix in compact form, to solve with again and again.
 *
 * @param a - n × n, or a stack: … × n × n
 * @param options - `threads`, `signal`, `onProgress`
 * @returns `{ lu, pivots }` for {@link luSolve}; of a singular matrix too. Of a stack both are arrays
 *   with its axes: … × n × n and … × n
 * @throws as {@link lu}
 *
 * LAPACK: `getrf`.
 */
export async function luFactor<D extends Elements>(
  a: StackLike<D>,
  options?: LuFactorOptions,
): Promise<LuFactors<D, NdArray<Int32Array>>>;
export async function luFactor<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options?: LuFactorOptions,
): Promise<LuFactors<D, Int32Array>>;
export async function luFactor<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: LuFactorOptions = {},
): Promise<AnyFactors<D>> {
  return callAsync(planLuFactor(a, options), options);
}

/** {@link luFactor}, blocking until the result is there. */
export function luFactorSync<D extends Elements>(
  a: StackLike<D>,
  options?: LuFactorSyncOptions,
): LuFactors<D, NdArray<Int32Array>>;
export function luFactorSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options?: LuFactorSyncOptions,
): LuFactors<D, Int32Array>;
export function luFactorSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: LuFactorSyncOptions = {},
): AnyFactors<D> {
  return callSync(planLuFactor(a, options), options);
}

/** Options of {@link luSolve}. */
export interface LuSolveOptions<D extends Elements> extends QueuedOptions, OutOptions<D> {
  /** Solves AᵀX = B. */
  transpose?: boolean | undefined;
}
/** Options of {@link luSolveSync}. */
export type LuSolveSyncOptions<D extends Elements> = SyncOptions<LuSolveOptions<D>>;

/** Checks pivots, which have the axes of `lu` but for its last. */
function checkPivots(pivots: unknown, lu: Matrix): NdArray<Int32Array> {
  const shape = lu.shape.slice(0, -1);
  const n = rowsOf(lu);
  let array: NdArray<Int32Array>;
  if (types.isInt32Array(pivots)) {
    array = { data: pivots, shape: [pivots.length], stride: [1], offset: 0 };
  } else {
    const given = pivots as NdArrayLike<Int32Array> | null | undefined;
    if (!types.isInt32Array(given?.data)) {
      throw typeError('factors.pivots', pivots, 'an Int32Array, or an array over one');
    }
    array = strided('factors.pivots', given as NdArrayLike<Int32Array>, STACK);
  }
  const same =
    array.shape.length === shape.length &&
    shape.every((length, axis) => array.shape[axis] === length);
  if (!same || !everyPivot(array, (pivot) => pivot >= 0 && pivot < n)) {
    throw rangeError(
      'factors.pivots',
      pivots,
      `of shape [${shape.join(', ')}], indices of ${n} rows`,
    );
  }
  return array;
}

function everyPivot(array: NdArray<Int32Array>, fits: (pivot: number) => boolean): boolean {
  const { data, shape, stride, offset } = array;
  const visit = (axis: number, at: number): boolean => {
    if (axis === shape.length) return fits(data[at] as number);
    for (let i = 0; i < (shape[axis] as number); i++) {
      if (!visit(axis + 1, at + i * (stride[axis] as number))) return false;
    }
    return true;
  };
  return visit(0, offset);
}

function planLuSolve<D extends Elements>(
  factors: LuFactors<D>,
  b: MatrixInput<D>,
  options: LuSolveSyncOptions<D>,
): Call<Matrix<D>> {
  if (factors === null || typeof factors !== 'object') {
    throw typeError('factors', factors, 'what luFactor returned');
  }
  const compact = squares('factors.lu', factors.lu);
  const pivots = checkPivots(factors.pivots, compact);
  const n = rowsOf(compact);
  const given = checked('b', take('b', b, compact.data));
  sameElements('b.data', compact, given);
  const own = given.shape.length === 1 ? 1 : 2;
  if (given.shape[given.shape.length - own] !== n) {
    throw rangeError(
      'b.shape',
      given.shape,
      `that of ${n} rows, as many as the factored matrix has`,
    );
  }
  const axes = broadcast('b', axesOf(compact), given.shape.slice(0, -own));
  const solution = resultIn(options.out, compact, [...axes, ...given.shape.slice(-own)]);
  return {
    operation: native.linalg.luSolve,
    operands: [
      along(compact, axes),
      along(given, axes, own),
      along(solution, axes, own),
      pivotsAlong(pivots, axes),
    ],
    numbers: [options.transpose ? 1 : 0, checkFinite()],
    threads: options.threads,
    options: ['out', 'transpose'],
    name: 'luSolve',
    axes,
    failed: singular,
    finish: () => solution,
  };
}

/**
 * Solves AX = B with the factors of A, in 2n² operations for each column.
 *
 * @param factors - what {@link luFactor} returned for A, or for a stack of matrices
 * @param b - a vector of n, or n × m; or a stack: … × n × m. Only an array of one axis is a vector;
 *   the axes before the last two are broadcast
 * @param options - `transpose`: solves AᵀX = B; `out`, `threads`, `signal`, `onProgress`
 * @returns X, of b's shape, with the axes of the broadcast stack
 * @throws LinAlgError where A is singular (`info`: the pivot that is zero), or for a NaN or an
 *   infinity; RangeError for pivots that are no rows; otherwise as `matmul`
 *
 * LAPACK: `getrs`.
 */
export async function luSolve<D extends Elements = Float64Array>(
  factors: LuFactors<D>,
  b: MatrixInput<D>,
  options: LuSolveOptions<D> = {},
): Promise<Matrix<D>> {
  return callAsync(planLuSolve(factors, b, options), options);
}

/** {@link luSolve}, blocking until the result is there. */
export function luSolveSync<D extends Elements = Float64Array>(
  factors: LuFactors<D>,
  b: MatrixInput<D>,
  options: LuSolveSyncOptions<D> = {},
): Matrix<D> {
  return callSync(planLuSolve(factors, b, options), options);
}
