/**
 * The types of the methods that draw numbers of a distribution: one for each kind of result.
 *
 * `P` is the parameters as numbers, those optional that have a default. A call gives the parameters,
 * then a size, then options; or options in the place of the size.
 */

import type { NdArray, NdArrayLike } from '../arrays/index.ts';
import type {
  CountArrays,
  CountOptions,
  FillOptions,
  FloatArrays,
  FloatOptions,
} from './options.ts';
import type { Filled, Numbers, Out, Size } from './output.ts';
import type { Parameter } from './parameters.ts';

/** The same parameters, each a number or an array. */
export type Varying<P extends readonly unknown[]> = { [K in keyof P]: Parameter };

/** All of them, which come before a size. */
type All<P extends readonly unknown[]> = Varying<Required<P>>;

/** What comes without a size: a number, or an array of the shape of the parameters. */
export type Drawn<P extends readonly unknown[], D> = [
  Exclude<P[number], number | undefined>,
] extends [never]
  ? number
  : [Extract<P[number], NdArrayLike<Numbers>>] extends [never]
    ? D
    : NdArray<D>;

/** A method of float64 numbers. */
export interface Float64Method<P extends readonly unknown[]> {
  (...parameters: P): number;
  <O extends Out<Float64Array>>(
    ...call: [...parameters: All<P>, options: FillOptions<O> & { out: O }]
  ): O;
  <S extends Size>(
    ...call: [...parameters: All<P>, size: S, options?: FillOptions<Out<Float64Array>>]
  ): Filled<S, Float64Array>;
  <const V extends Varying<P>>(...parameters: V): Drawn<V, Float64Array>;
}

/** A method of numbers in both precisions. */
export interface FloatMethod<P extends readonly unknown[]> {
  (...parameters: P): number;
  <O extends Out<Float64Array>>(
    ...call: [...parameters: All<P>, options: FloatOptions<'float64', O> & { out: O }]
  ): O;
  <O extends Out<Float32Array>>(
    ...call: [
      ...parameters: All<P>,
      options: FloatOptions<'float32', O> & { dtype: 'float32'; out: O },
    ]
  ): O;
  (...call: [...parameters: Required<P>, options: FloatOptions<keyof FloatArrays>]): number;
  <S extends Size, T extends keyof FloatArrays = 'float64'>(
    ...call: [...parameters: All<P>, size: S, options?: FloatOptions<T, Out<FloatArrays[T]>>]
  ): Filled<S, FloatArrays[T]>;
  <const V extends Varying<P>>(...parameters: V): Drawn<V, Float64Array>;
}

/** A method of counts. */
export interface CountMethod<P extends readonly unknown[]> {
  (...parameters: P): number;
  (
    ...call: [...parameters: Required<P>, options: CountOptions<'int64'> & { dtype: 'int64' }]
  ): bigint;
  <O extends Out<Float64Array>>(
    ...call: [...parameters: All<P>, options: FillOptions<O> & { out: O }]
  ): O;
  <O extends Out<BigInt64Array>>(
    ...call: [...parameters: All<P>, options: CountOptions<'int64', O> & { dtype: 'int64'; out: O }]
  ): O;
  <S extends Size, T extends keyof CountArrays = 'float64'>(
    ...call: [...parameters: All<P>, size: S, options?: CountOptions<T, Out<CountArrays[T]>>]
  ): Filled<S, CountArrays[T]>;
  <const V extends Varying<P>>(...parameters: V): Drawn<V, Float64Array>;
}
