/**
 * Uniform, normal and exponential numbers: what most programs draw, one by one too, so that these
 * methods are written by hand.
 */
import { typeError } from '../errors.ts';
import { anyNumber, nonNegative, spread } from './arguments.ts';
import {
  asSpread,
  callEnd,
  type Distribution,
  distribution,
  SAMPLE_OPTIONS,
  sample,
} from './distribution.ts';
import type { Float64Method, FloatMethod } from './methods.ts';
import type { ExponentialOptions, FillOptions, FloatArrays, RandomOptions } from './options.ts';
import type { Filled, Out, Size } from './output.ts';
import { install, Sampler, streamOf } from './sampler.ts';
import { DistributionId } from './stream.ts';

export const uniformDistributions = {
  random: distribution(DistributionId.random, 'floats', {}),
  uniform: distribution(
    DistributionId.uniform,
    'float64',
    { low: [anyNumber, 0], high: [anyNumber, 1] },
    asSpread,
  ),
  standardNormal: distribution(DistributionId.standardNormal, 'floats', {}),
  normal: distribution(DistributionId.normal, 'float64', {
    loc: [anyNumber, 0],
    scale: [nonNegative, 1],
  }),
  standardExponential: distribution(DistributionId.standardExponential, 'floats', {}),
  exponential: distribution(DistributionId.exponential, 'float64', { scale: [nonNegative, 1] }),
} satisfies Record<string, Distribution>;

const inverseExponential = distribution(DistributionId.inverseExponential, 'floats', {});

/** The method of {@link UniformSampler.random}, which has one option more than others. */
export interface RandomMethod {
  (): number;
  <O extends Out<Float64Array>>(options: RandomOptions<'float64', O> & { out: O }): O;
  <O extends Out<Float32Array>>(
    options: RandomOptions<'float32', O> & { dtype: 'float32'; out: O },
  ): O;
  (options: RandomOptions<keyof FloatArrays>): number;
  <S extends Size, T extends keyof FloatArrays = 'float64'>(
    size: S,
    options?: RandomOptions<T, Out<FloatArrays[T]>>,
  ): Filled<S, FloatArrays[T]>;
}

/** The method of {@link UniformSampler.standardExponential}. */
export interface ExponentialMethod {
  (): number;
  <O extends Out<Float64Array>>(options: ExponentialOptions<'float64', O> & { out: O }): O;
  <O extends Out<Float32Array>>(
    options: ExponentialOptions<'float32', O> & { dtype: 'float32'; out: O },
  ): O;
  (options: ExponentialOptions<keyof FloatArrays>): number;
  <S extends Size, T extends keyof FloatArrays = 'float64'>(
    size: S,
    options?: ExponentialOptions<T, Out<FloatArrays[T]>>,
  ): Filled<S, FloatArrays[T]>;
}

/** The method of {@link UniformSampler.uniform}: like the others, and over several cores. */
export interface UniformMethod extends Float64Method<[low?: number, high?: number]> {
  <O extends Out<Float64Array>>(
    low: number,
    high: number,
    options: FillOptions<O> & { out: O; threads?: number | undefined },
  ): O;
  <S extends Size>(
    low: number,
    high: number,
    size: S,
    options: FillOptions<Out<Float64Array>> & { threads?: number | undefined },
  ): Filled<S, Float64Array>;
}

/** Uniform, normal and exponential numbers. */
export abstract class UniformSampler extends Sampler {
  /** Uniform numbers in [0, 1). */
  declare readonly random: RandomMethod;

  /**
   * Uniform numbers in [low, high); from 0 to 1 unless given.
   *
   * @throws RangeError where high is below low, or infinitely far from it
   */
  declare readonly uniform: UniformMethod;

  /** Normal numbers of mean 0 and standard deviation 1. */
  declare readonly standardNormal: FloatMethod<[]>;

  /** Normal numbers of mean `loc` (0) and standard deviation `scale` (1), which is at least 0. */
  declare readonly normal: Float64Method<[loc?: number, scale?: number]>;

  /** Exponential numbers of mean 1. */
  declare readonly standardExponential: ExponentialMethod;

  /** Exponential numbers of mean `scale` (1), which is at least 0. */
  declare readonly exponential: Float64Method<[scale?: number]>;
}

const EXPONENTIAL_OPTIONS = [...SAMPLE_OPTIONS, 'method'];

/** Whether a call asks for one number of parameters that are numbers. */
function isScalar(a: unknown, b: unknown, size: unknown, options: unknown): boolean {
  return (
    size === undefined && options === undefined && typeof a === 'number' && typeof b === 'number'
  );
}

install(UniformSampler.prototype, {
  random(this: Sampler, size?: unknown, options?: unknown): unknown {
    if (size === undefined && options === undefined) return streamOf(this).double();
    return sample(streamOf(this), uniformDistributions.random, [size, options]);
  },

  uniform(
    this: Sampler,
    low: unknown = 0,
    high: unknown = 1,
    size?: unknown,
    options?: unknown,
  ): unknown {
    if (isScalar(low, high, size, options)) {
      const range = spread(low as number, high as number);
      return (low as number) + range * streamOf(this).double();
    }
    return sample(streamOf(this), uniformDistributions.uniform, [low, high, size, options]);
  },

  standardNormal(this: Sampler, size?: unknown, options?: unknown): unknown {
    if (size === undefined && options === undefined) return streamOf(this).normal();
    return sample(streamOf(this), uniformDistributions.standardNormal, [size, options]);
  },

  normal(
    this: Sampler,
    loc: unknown = 0,
    scale: unknown = 1,
    size?: unknown,
    options?: unknown,
  ): unknown {
    if (isScalar(loc, scale, size, options)) {
      nonNegative('scale', scale);
      return (loc as number) + (scale as number) * streamOf(this).normal();
    }
    return sample(streamOf(this), uniformDistributions.normal, [loc, scale, size, options]);
  },

  standardExponential(this: Sampler, size?: unknown, options?: unknown): unknown {
    if (size === undefined && options === undefined) return streamOf(this).exponential();
    const { method = 'zig' } = callEnd(size, options, EXPONENTIAL_OPTIONS).options;
    if (method !== 'zig' && method !== 'inv') throw typeError('method', method, "'zig' or 'inv'");
    const of = method === 'zig' ? uniformDistributions.standardExponential : inverseExponential;
    return sample(streamOf(this), of, [size, options], EXPONENTIAL_OPTIONS);
  },

  exponential(this: Sampler, scale: unknown = 1, size?: unknown, options?: unknown): unknown {
    if (isScalar(scale, 0, size, options)) {
      nonNegative('scale', scale);
      return (scale as number) * streamOf(this).exponential();
    }
    return sample(streamOf(this), uniformDistributions.exponential, [scale, size, options]);
  },
});
