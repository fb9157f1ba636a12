/**
 * Calls of this module's native operations, and what their outcomes mean.
 */
import * as arrays from '../arrays/index.ts';
import { scopedConfig } from '../config/index.ts';
import { native } from '../native.ts';
import { notFinite } from './errors.ts';

/** 1 where NaN and infinity are to be looked for, 0 where `assumeFinite` is set. */
export function checkFinite(): number {
  return scopedConfig().assumeFinite ? 0 : 1;
}

/** A checked call, ready to be made. */
export interface Call<R> extends arrays.NativeCall {
  /** The name of an operation that looks for NaN and infinity. */
  readonly finite?: string;
  /** Makes the result of the outcome (LAPACK's `info`), or throws what the outcome means. */
  readonly finish: (outcome: number) => R;
}

/** The outcome that `native/linalg/operation.h` has for a NaN or an infinity in an argument. */
const NOT_FINITE = -1e9;

const module: arrays.NativeModule = { frame: native.linalg.frame, api: 'blas' };

function conclude<R>(call: Call<R>, outcome: number): R {
  if (outcome === NOT_FINITE && call.finite !== undefined) throw notFinite(call.finite);
  return call.finish(outcome);
}

/** Makes the call and blocks until it is done. */
export function callSync<R>(call: Call<R>): R {
  return conclude(call, arrays.callSync(call, module));
}

/** Queues the call. */
export function callAsync<R>(call: Call<R>, options: arrays.ProgressOptions): Promise<R> {
  return arrays.callAsync(call, module, options, (outcome) => conclude(call, outcome));
}
