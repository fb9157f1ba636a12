/**
 * The options of the Generator's methods.
 */
import type { IntegerType } from './integers.ts';

/** Options of a fill with float64 numbers. */
export interface FillOptions<O = undefined> {
  /** Filled and returned, instead of a new array. */
  out?: O | undefined;
}

/** The floats. */
export interface FloatArrays {
  float64: Float64Array;
  float32: Float32Array;
}

/** Options of the distributions that NumPy has in both precisions. */
export interface FloatOptions<T extends keyof FloatArrays = 'float64', O = undefined>
  extends FillOptions<O> {
  /** 'float64' (the default) or 'float32', which takes half as many bits. */
  dtype?: T | undefined;
}

/** Options of {@link Generator.random}. */
export interface RandomOptions<T extends keyof FloatArrays = 'float64', O = undefined>
  extends FloatOptions<T, O> {
  /**
   * The most cores that a large fill may use; 1 unless given. The numbers are the same for any.
   * (SFC64, which can't be advanced, fills on one.)
   */
  threads?: number | undefined;
}

/** Options of {@link Generator.standardExponential}. */
export interface ExponentialOptions<T extends keyof FloatArrays = 'float64', O = undefined>
  extends FloatOptions<T, O> {
  /** The ziggurat (the default) or the inverse of the distribution function. */
  method?: 'zig' | 'inv' | undefined;
}

/** Options of the distributions of counts. */
export interface CountOptions<T extends 'float64' | 'int64' = 'float64', O = undefined>
  extends FillOptions<O> {
  /** Numbers in a Float64Array (the default), or bigints in a BigInt64Array. */
  dtype?: T | undefined;
}

/** Options of {@link Generator.integers}. */
export interface IntegersOptions<T extends IntegerType | undefined, O = undefined>
  extends FillOptions<O> {
  /**
   * The type to draw and return. Without one, int64 is drawn and returned as numbers; where a bound
   * is a bigint, as bigints.
   */
  dtype?: T;
  /** Whether `high` may be drawn too; false unless given. */
  endpoint?: boolean | undefined;
}

/** Options of {@link Generator.choice}. */
export interface ChoiceOptions {
  /** Whether one may be chosen again; true unless given. */
  replace?: boolean | undefined;
  /** The probability of each; all alike unless given. */
  p?: ArrayLike<number> | undefined;
  /** Of an array in a shape: the axis whose slices are chosen; 0 unless given. */
  axis?: number | undefined;
  /** Whether a sample without replacement is in random order (true unless given), or any order. */
  shuffle?: boolean | undefined;
}

/** The array that counts come in. */
export interface CountArrays {
  float64: Float64Array;
  int64: BigInt64Array;
}
