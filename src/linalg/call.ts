/**
 * Calls of this module's native operations, and what their outcomes mean.
 */
import * as arrays from '../arrays/index.ts';
import { scopedConfig } from '../config/index.ts';
import type { ExecutionOptions } from '../executor/index.ts';
import { native } from '../native.ts';
import { type Failure, notFinite } from './errors.ts';

/** Options of an operation that is queued. */
export interface QueuedOptions extends arrays.ProgressOptions {
  /**
   * Gives the operation up. One that waits is taken out of the queue; one on a stack ends after the
   * matrices that it is at; any other that runs is let finish, and its result discarded: wait for
   * it before you use its `out` again.
   */
  signal?: AbortSignal | undefined;
}

/** Options of the blocking twin. */
export type SyncOptions<O extends QueuedOptions> = Omit<O, 'signal' | 'onProgress'>;

export type { ExecutionOptions };

/** 1 where NaN and infinity are to be looked for, 0 where `assumeFinite` is set. */
export function checkFinite(): number {
  return scopedConfig().assumeFinite ? 0 : 1;
}

/** A checked call, ready to be made. */
export interface Call<R> extends arrays.NativeCall {
  /** The operation's name, where its outcome tells of a matrix for which there is no result. */
  readonly name?: string;
  /** The names of the options that it has, besides those that all have. */
  readonly options?: readonly string[];
  /** The axes of the stack that it works on. */
  readonly axes?: readonly number[];
  /** The error for a failure other than NaN and infinity. */
  readonly failed?: (failure: Failure) => Error;
  /** Makes the result; what has no `name` gets its outcome. */
  readonly finish: (outcome: number) => R;
}

/** `native/linalg/stack.h`: an outcome is the index of a matrix times this, and its info. */
const INFOS = 2 ** 21;
/** The info for a NaN or an infinity. */
const NOT_FINITE = INFOS - 1;

const module: arrays.NativeModule = { frame: native.linalg.frame, api: 'blas' };

function failureOf(operation: string, axes: readonly number[], outcome: number): Failure {
  let rest = Math.floor(outcome / INFOS);
  const index = new Array<number>(axes.length);
  for (let axis = axes.length - 1; axis >= 0; axis--) {
    index[axis] = rest % (axes[axis] as number);
    rest = Math.floor(rest / (axes[axis] as number));
  }
  return { operation, info: outcome % INFOS, index };
}

function conclude<R>(call: Call<R>, outcome: number): R {
  if (call.name !== undefined && outcome !== 0) {
    const failure = failureOf(call.name, call.axes ?? [], outcome);
    if (failure.info === NOT_FINITE || call.failed === undefined) throw notFinite(failure);
    throw call.failed(failure);
  }
  return call.finish(outcome);
}

/** Makes the call and blocks until it is done. `options`: as given, for their names. */
export function callSync<R>(call: Call<R>, options: ExecutionOptions): R {
  arrays.checkOptionNames(options, call.options);
  return conclude(call, arrays.callSync(call, module));
}

/** Queues the call. */
export function callAsync<R>(call: Call<R>, options: QueuedOptions): Promise<R> {
  arrays.checkQueuedOptionNames(options, call.options);
  return arrays.callAsync(call, module, options, (outcome) => conclude(call, outcome));
}
