/**
 * What all operations of this module share: options, the checks of the operands, and the native calls.
 */
import * as arrays from '../arrays/index.ts';
import {
  type Elements,
  isNdArray,
  type MatrixLike,
  type Operand,
  operand,
  sameElements,
} from '../arrays/index.ts';
import { scopedConfig } from '../config/index.ts';
import { INVALID_ARGUMENT, preview, rangeError, typeError } from '../errors.ts';
import type { ExecutionOptions } from '../executor/index.ts';
import { integerVariable } from '../machine/index.ts';
import { native } from '../native.ts';
import { frameNumbers, type Measure, type MetricOptions, requireColumns } from './metric.ts';

/** Options of the blocking operations. */
export interface NeighborsSyncOptions extends ExecutionOptions, MetricOptions {}

/** Options of the operations that return a Promise. */
export interface NeighborsOptions extends NeighborsSyncOptions, arrays.ProgressOptions {
  /**
   * Gives the operation up: one that waits is not begun, one that runs stops at the next chunk.
   */
  signal?: AbortSignal | undefined;
}

/** Whether distances are returned. */
export interface DistanceOption {
  /** `false`: only indices are, and no memory is taken for distances. Default `true`. */
  returnDistance?: boolean | undefined;
}

/** An option that leaves distances out. */
export interface WithoutDistance extends DistanceOption {
  returnDistance: false;
}

/** Indices of rows, row-major. */
export interface IndexMatrix {
  readonly data: Int32Array;
  readonly shape: number[];
  readonly stride: number[];
  readonly offset: number;
}

/** What is searched, checked. */
export interface Operands {
  readonly x: Operand;
  readonly y: Operand;
  /** Whether X is Y, and no row is to be its own neighbour. */
  readonly own: boolean;
}

/** Checks one operand: a matrix whose rows are points. */
export function points<D extends Elements>(name: string, value: MatrixLike<D>): Operand<D> {
  const checked = operand(name, value);
  if (checked.vector) {
    throw typeError(`${name}.shape`, value.shape, 'an array of two lengths: rows and columns');
  }
  if (checked.columns === 0 && checked.rows > 0) {
    throw rangeError(`${name}.shape`, value.shape, 'of rows with at least one column');
  }
  if (checked.rows > 0x7fffffff) {
    throw rangeError(`${name}.shape`, value.shape, 'of at most 2147483647 rows');
  }
  return checked;
}

/** The rows of Y where X holds the distances to them: as many as X has columns, and nothing in them. */
function given<D extends Elements>(x: Operand<D>, shape: readonly number[]): Operand<D> {
  if (x.columns > 0x7fffffff) throw rangeError('X.shape', shape, 'of at most 2147483647 columns');
  return { ...x, rows: x.columns, columns: 0, offset: 0, rowStride: 0, columnStride: 1 };
}

/**
 * Checks the operands of a search.
 *
 * @param Y - undefined: the rows of X are searched among themselves, and none is its own neighbour; for
 *   'precomputed' X has the distances
 */
export function operands<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D> | undefined,
  measure: Measure,
): Operands {
  const x = points('X', X);
  requireColumns(measure, x.columns, X.shape);
  if (measure.name === 'precomputed') {
    if (Y !== undefined) throw typeError('Y', Y, 'left out, as X holds the distances to its rows');
    return { x, y: given(x, X.shape), own: false };
  }
  if (Y === undefined) return { x, y: x, own: true };
  const y = points('Y', Y);
  sameElements('Y.data', x, y);
  if (x.columns !== y.columns) {
    throw rangeError('Y.shape', Y.shape, `of rows as wide as those of X, ${x.columns} columns`);
  }
  return { x, y, own: false };
}

/** Parts the arguments of a function whose Y may be left out, and whose third one is a number. */
export function withNumber<D extends Elements, O>(
  args: readonly unknown[],
): [Y: MatrixLike<D> | undefined, number: number, options: O] {
  const [second, third, fourth] = args;
  // What is neither a number nor a matrix is refused as Y.
  if (typeof second === 'number') return [undefined, second, (third ?? {}) as O];
  if (second === undefined) throw typeError('Y', second, 'a matrix, or left out');
  return [second as MatrixLike<D>, third as number, (fourth ?? {}) as O];
}

/** Parts the arguments of a function whose Y may be left out, and that has no number. */
export function withoutNumber<D extends Elements, O>(
  args: readonly unknown[],
): [Y: MatrixLike<D> | undefined, options: O] {
  const [second, third] = args;
  if (isNdArray(second)) return [second as unknown as MatrixLike<D>, (third ?? {}) as O];
  if (third !== undefined || (second !== undefined && typeof second !== 'object')) {
    throw typeError('Y', second, '{ data: Float64Array | Float32Array, shape }, or left out');
  }
  return [undefined, (second ?? {}) as O];
}

/** Rows of a chunk: the scope's, else HEDDLE_PAIRWISE_CHUNK_SIZE, else 256. */
function chunkRows(): number {
  return scopedConfig().pairwiseChunkSize ?? integerVariable('HEDDLE_PAIRWISE_CHUNK_SIZE') ?? 256;
}

/** A checked call, ready to be made. */
export interface Call<R> extends arrays.NativeCall {
  readonly finish: (outcome: number) => R;
}

/** The numbers that every search has behind its operands, in the frame's order. */
export function settings(measure: Measure, own: boolean): number[] {
  const check = scopedConfig().assumeFinite ? 0 : 1;
  return [...frameNumbers(measure), own ? 1 : 0, check, chunkRows()];
}

/** A call whose result is made of another's. */
export function mapCall<R, S>(call: Call<R>, map: (result: R) => S): Call<S> {
  return { ...call, finish: (outcome) => map(call.finish(outcome)) };
}

const module: arrays.NativeModule = { frame: native.neighbors.frame, api: 'openmp' };

/** The result of an outcome, or the error that it means (see `native/neighbors/plan.h`). */
function conclude<R>(call: Call<R>, outcome: number): R {
  if (outcome < 0) {
    const row = Math.floor((-outcome - 1) / 3);
    const kind = (-outcome - 1) % 3;
    const wrong =
      kind === 2
        ? `'X' must hold distances of at least 0, but its row ${row} has a negative one`
        : `'${kind === 1 ? 'Y' : 'X'}' must have no NaN and no infinity in it, but its row ${row} has`;
    throw Object.assign(
      new RangeError(`${wrong} (withConfig({ assumeFinite: true }) skips the check)`),
      { code: INVALID_ARGUMENT },
    );
  }
  return call.finish(outcome);
}

/** The names of the options that say how far apart two rows are. */
export const METRIC_NAMES: readonly string[] = ['metric', 'p', 'w', 'V'];

/**
 * Makes the call and blocks until it is done.
 *
 * @param options - as given
 * @param names - of the options that there are besides `threads`
 */
export function callSync<R>(call: Call<R>, options: object, names: readonly string[]): R {
  arrays.checkOptionNames(options, names);
  return conclude(call, arrays.callSync(call, module));
}

/** Queues the call; {@link callSync}, but for `signal` and `onProgress`. */
export function callAsync<R>(
  call: Call<R>,
  options: arrays.ProgressOptions,
  names: readonly string[],
): Promise<R> {
  arrays.checkQueuedOptionNames(options, names);
  return arrays.callAsync(call, module, options, (outcome) => conclude(call, outcome));
}

/** Checks a number of neighbours. */
export function checkedCount(k: unknown, { y, own }: Operands): number {
  const most = y.rows - (own ? 1 : 0);
  const right = `a whole number from 1 to the ${own ? 'other rows' : 'rows of Y'}, ${preview(most)}`;
  if (typeof k !== 'number') throw typeError('k', k, right);
  if (!Number.isInteger(k) || k < 1 || k > most) throw rangeError('k', k, right);
  return k;
}

/** Checks a radius. */
export function checkedRadius(radius: unknown): number {
  if (typeof radius !== 'number') throw typeError('radius', radius, 'a number');
  if (Number.isNaN(radius)) throw rangeError('radius', radius, 'a number other than NaN');
  return radius;
}

/** Whether distances are wanted, checked. */
export function wantsDistance({ returnDistance = true }: DistanceOption): boolean {
  if (typeof returnDistance !== 'boolean') {
    throw typeError('returnDistance', returnDistance, 'true or false');
  }
  return returnDistance;
}
