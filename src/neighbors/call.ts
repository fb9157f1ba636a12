/**
 * What all operations of this module share: metrics, options, the checks of the operands, and the
 * native calls.
 */
import { scopedConfig } from '../config/index.ts';
import { INVALID_ARGUMENT, preview, rangeError, typeError } from '../errors.ts';
import {
  BLOCKING,
  type ExecutionOptions,
  type QueuedOptions,
  queued,
  resolveThreads,
} from '../executor/index.ts';
import {
  type Elements,
  hold,
  type MatrixLike,
  type Operand,
  operand,
  sameElements,
} from '../linalg/index.ts';
import { integerVariable } from '../machine/index.ts';
import { type NativeNeighborsOperation, native } from '../native.ts';

/**
 * How far apart two rows are.
 *
 * - `'euclidean'`: √Σ(x-y)², the default; `'sqeuclidean'`: Σ(x-y)²
 * - `'cosine'`: 1 - x·y / (|x||y|), and 1 where a row is all zeros
 * - `'dot'`: x·y, a similarity: the largest counts as the nearest
 * - `'manhattan'`: Σ|x-y|; `'chebyshev'`: max|x-y|
 */
export type Metric = 'sqeuclidean' | 'euclidean' | 'cosine' | 'dot' | 'manhattan' | 'chebyshev';

/** In the order of `native/neighbors/metric.h`. */
const metrics: readonly Metric[] = [
  'sqeuclidean',
  'euclidean',
  'cosine',
  'dot',
  'manhattan',
  'chebyshev',
];

/** Options of the blocking operations. */
export interface NeighborsSyncOptions extends ExecutionOptions {
  /** How far apart two rows are. Default `'euclidean'`. */
  metric?: Metric | undefined;
}

/** Options of the operations that return a Promise. */
export interface NeighborsOptions extends NeighborsSyncOptions, QueuedOptions {
  /**
   * Gives the operation up: one that waits is not begun, one that runs stops at the next chunk.
   */
  signal?: AbortSignal | undefined;
  /** Called now and then while the operation runs, and at its end, with steps done and all steps. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Indices of rows, row-major. */
export interface IndexMatrix {
  readonly data: Int32Array;
  readonly shape: number[];
  readonly stride: number[];
  readonly offset: number;
}

/** The metric, checked. */
export function checkedMetric(metric: unknown): Metric {
  if (metric === undefined) return 'euclidean';
  if (metrics.includes(metric as Metric)) return metric as Metric;
  const right = `one of ${metrics.map((name) => `'${name}'`).join(', ')}`;
  throw typeof metric === 'string'
    ? rangeError('metric', metric, right)
    : typeError('metric', metric, right);
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

/** Checks both operands of a search. */
export function operands<D extends Elements>(
  X: MatrixLike<D>,
  Y: MatrixLike<D>,
): [Operand<D>, Operand<D>] {
  const x = points('X', X);
  const y = points('Y', Y);
  sameElements('Y.data', x, y);
  if (x.columns !== y.columns) {
    throw rangeError('Y.shape', Y.shape, `of rows as wide as those of X, ${x.columns} columns`);
  }
  return [x, y];
}

/** Rows of a chunk: the scope's, else HEDDLE_PAIRWISE_CHUNK_SIZE, else 256. */
function chunkRows(): number {
  return scopedConfig().pairwiseChunkSize ?? integerVariable('HEDDLE_PAIRWISE_CHUNK_SIZE') ?? 256;
}

/** A checked call, ready to be made. */
export interface Call<R> {
  readonly operation: NativeNeighborsOperation;
  /** X, Y and, where there is one, the result: what is described in the frame. */
  readonly operands: readonly Operand[];
  readonly metric: Metric;
  /** What follows the operands and settings in the frame. */
  readonly numbers: readonly number[];
  /** Buffers behind the operands. */
  readonly buffers: readonly unknown[];
  readonly threads: number | undefined;
  readonly finish: (outcome: number) => R;
}

const frame = native.neighbors.frame;

function invoke(
  call: Call<unknown>,
  mode: number,
  progress?: Int32Array,
): number | Promise<number> {
  const threads = resolveThreads(call.threads);
  const chunk = chunkRows();
  let at = 0;
  frame[at++] = mode;
  frame[at++] = threads;
  for (const each of call.operands) {
    frame[at++] = each.rows;
    frame[at++] = each.columns;
    frame[at++] = each.offset;
    frame[at++] = each.rowStride;
    frame[at++] = each.columnStride;
  }
  frame[at++] = metrics.indexOf(call.metric);
  frame[at++] = scopedConfig().assumeFinite ? 0 : 1;
  frame[at++] = chunk;
  for (const number of call.numbers) frame[at++] = number;
  return call.operation(...call.operands.map((each) => each.data), ...call.buffers, progress);
}

/** The result of an outcome, or the error that it means (see `native/neighbors/plan.h`). */
function conclude<R>(call: Call<R>, outcome: number): R {
  if (outcome < 0) {
    const code = -outcome - 1;
    throw Object.assign(
      new RangeError(
        `'${code % 2 === 1 ? 'Y' : 'X'}' must have no NaN and no infinity in it, but its row ` +
          `${Math.floor(code / 2)} has (withConfig({ assumeFinite: true }) skips the check)`,
      ),
      { code: INVALID_ARGUMENT },
    );
  }
  return call.finish(outcome);
}

/** Makes the call and blocks until it is done. */
export function callSync<R>(call: Call<R>): R {
  return conclude(call, invoke(call, BLOCKING) as number);
}

const PROGRESS_INTERVAL = 100;

/** Queues the call. */
export async function callAsync<R>(call: Call<R>, options: NeighborsOptions): Promise<R> {
  const { onProgress, signal } = options;
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw typeError('onProgress', onProgress, 'a function');
  }
  const check = hold(call.operands);
  const finish = (outcome: number) => {
    check();
    return conclude(call, outcome);
  };
  if (onProgress === undefined) {
    return queued((mode) => invoke(call, mode) as Promise<number>, finish, signal);
  }
  // The threads count in shared memory and nobody is woken: a reader looks when it suits it.
  const counter = new Int32Array(new SharedArrayBuffer(8));
  let told = 0;
  const tell = () => {
    const done = Atomics.load(counter, 0);
    const total = Atomics.load(counter, 1);
    if (total === 0 || done === told) return;
    told = done;
    onProgress(done, total);
  };
  const timer = setInterval(tell, PROGRESS_INTERVAL);
  timer.unref();
  try {
    const result = await queued(
      (mode) => invoke(call, mode, counter) as Promise<number>,
      finish,
      signal,
    );
    tell();
    return result;
  } finally {
    clearInterval(timer);
  }
}

/** Checks a number of neighbours. */
export function checkedCount(name: string, k: unknown, rows: number): number {
  const right = `a whole number from 1 to the rows of Y, ${preview(rows)}`;
  if (typeof k !== 'number') throw typeError(name, k, right);
  if (!Number.isInteger(k) || k < 1 || k > rows) throw rangeError(name, k, right);
  return k;
}

/** A new row-major result of n × k. */
export function shaped<A>(data: A, n: number, k: number) {
  return { data, shape: [n, k], stride: [k, 1], offset: 0 };
}
