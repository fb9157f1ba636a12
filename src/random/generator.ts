/**
 * The Generator: numbers of every distribution from a bit generator, the same as NumPy's.
 */

import type { NdArray, NdArrayLike } from '../arrays/index.ts';
import { checkKeys } from '../options.ts';
import { wholeNumber } from './arguments.ts';
import {
  BitGenerator,
  bitGeneratorFromJSON,
  type NamedState,
  type SeedLike,
} from './bit-generator.ts';
import { PCG64 } from './bit-generators.ts';
import { type BlockOptions, fillBlocks } from './blocks.ts';
import { choice } from './choice.ts';
import {
  type CountVectorOptions,
  multinomial,
  multivariateHypergeometric,
  type UrnOptions,
} from './count-vectors.ts';
import { dirichlet } from './dirichlet.ts';
import { DiscreteSampler } from './discrete.ts';
import { callEnd } from './distribution.ts';
import { type Bound, type IntegerArrays, type IntegerType, integers } from './integers.ts';
import { type MultivariateOptions, multivariateNormal } from './multivariate.ts';
import type { ChoiceOptions, CountArrays, IntegersOptions } from './options.ts';
import { permutation, permuted, shuffle } from './order.ts';
import type { Filled, Numbers, Out, Size } from './output.ts';
import type { NumberList, Parameter } from './parameters.ts';
import { streamOf } from './sampler.ts';

/** What one integer of a type comes as. */
type OneInteger<T extends IntegerType> = T extends 'int64' | 'uint64'
  ? bigint
  : T extends 'bool'
    ? boolean
    : number;

/** Bounds that are arrays. */
type ArrayBound = Exclude<Bound, number | bigint>;

/**
 * Random numbers of many distributions.
 *
 * Each method takes its parameters, then a size: none gives one number, a count a typed array, a
 * shape `{ data, shape }`. In place of the size there may be options, with `out` for the array to
 * fill. Parameters may be arrays, which broadcast. Numbers are those of the method of the same name
 * of NumPy 2.4, bit for bit, in any mixture of calls.
 *
 * @throws RangeError with the code `ERR_HEDDLE_INVALID_ARGUMENT` for what NumPy refuses by a
 * ValueError, TypeError for a TypeError; nothing has been drawn then
 */
export class Generator extends DiscreteSampler {
  // ---- Integers -------------------------------------------------------------------------------

  /**
   * Whole numbers from `low` to below `high`; below `low` from 0 on where `high` is not given.
   *
   * Bounds that are numbers lie within ±(2^53 - 1), and numbers come back. With a bigint for a
   * bound, or a 64-bit `dtype`, bigints do.
   */
  integers(low: number, high?: number): number;
  integers(low: bigint, high?: bigint): bigint;
  integers<O extends Out<Numbers>>(
    low: Bound,
    high: Bound | undefined,
    options: IntegersOptions<IntegerType | undefined, O> & { out: O },
  ): O;
  integers<T extends IntegerType>(
    low: number | bigint,
    high: number | bigint | undefined,
    options: IntegersOptions<T> & { dtype: T },
  ): OneInteger<T>;
  integers(low: number, high: number | undefined, options: IntegersOptions<undefined>): number;
  integers<T extends IntegerType>(
    low: number | bigint,
    high: number | bigint | undefined,
    size: undefined,
    options: IntegersOptions<T> & { dtype: T },
  ): OneInteger<T>;
  integers(
    low: number,
    high: number | undefined,
    size: undefined,
    options: IntegersOptions<undefined>,
  ): number;
  integers<O extends Out<Numbers>>(
    low: number | bigint,
    high: number | bigint | undefined,
    size: Size | undefined,
    options: IntegersOptions<IntegerType | undefined, O> & { out: O },
  ): O;
  integers<S extends Size>(
    low: number,
    high: number | undefined,
    size: S,
    options?: IntegersOptions<undefined>,
  ): Filled<S, Float64Array>;
  integers<S extends Size>(
    low: bigint,
    high: bigint | undefined,
    size: S,
    options?: IntegersOptions<undefined>,
  ): Filled<S, BigInt64Array>;
  integers<S extends Size, T extends IntegerType>(
    low: number | bigint,
    high: number | bigint | undefined,
    size: S,
    options: IntegersOptions<T> & { dtype: T },
  ): Filled<S, IntegerArrays[T]>;
  integers(low: ArrayBound, high?: Bound): Float64Array | BigInt64Array | NdArray<Numbers>;
  integers(
    low: Bound,
    high: ArrayBound,
  ): Float64Array | BigInt64Array | NdArray<Float64Array | BigInt64Array>;
  integers(
    low: Bound,
    high: Bound | undefined,
    size: Size | undefined,
    options?: IntegersOptions<IntegerType | undefined, Out<Numbers>>,
  ): Numbers | NdArray<Numbers>;
  integers(...call: readonly unknown[]): unknown {
    return integers(streamOf(this), call);
  }

  /** Random bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    const count = wholeNumber('length', length);
    // NumPy takes a draw even for no bytes.
    const draws = Math.max(1, Math.ceil(count / 4));
    const words = this.integers(0, 0x100000000, draws, { dtype: 'uint32' });
    return new Uint8Array(words.buffer as ArrayBuffer, 0, count);
  }

  // ---- Vectors --------------------------------------------------------------------------------

  /**
   * Normal vectors with a mean and a covariance matrix.
   *
   * @param size - how many (a matrix of rows), or a shape of them; one vector unless given
   * @throws RangeError where shapes don't fit, or (`checkValid: 'raise'`) cov is no covariance
   */
  multivariateNormal(
    mean: ArrayLike<number>,
    cov: NdArrayLike<Float64Array>,
    options?: MultivariateOptions,
  ): NdArray<Float64Array>;
  multivariateNormal(
    mean: ArrayLike<number>,
    cov: NdArrayLike<Float64Array>,
    size: Size | undefined,
    options?: MultivariateOptions,
  ): NdArray<Float64Array>;
  multivariateNormal(
    mean: ArrayLike<number>,
    cov: NdArrayLike<Float64Array>,
    sizeOrOptions?: unknown,
    given?: MultivariateOptions,
  ): NdArray<Float64Array> {
    const { size, options } = callEnd(sizeOrOptions, given, ['method', 'checkValid', 'tol']);
    const normals = (count: number) => this.standardNormal(count);
    return multivariateNormal(normals, mean, cov, size, options);
  }

  /**
   * Vectors of the Dirichlet distribution: shares that sum to 1, by weights of at least 0.
   *
   * @param size - how many (rows), or a shape of them; one vector unless given
   */
  dirichlet(alpha: NumberList): Float64Array;
  dirichlet(alpha: NumberList, size: Size): NdArray<Float64Array>;
  dirichlet(...given: readonly unknown[]): unknown {
    return dirichlet(streamOf(this), given);
  }

  /**
   * Counts of how `n` trials end, each in one of several ways.
   *
   * @param n - trials; an array broadcasts with the rows of `pvals`
   * @param pvals - the probabilities of the ways, along the last axis; the last one takes what is
   * left over, whatever it says
   */
  multinomial(n: number, pvals: NumberList): Float64Array;
  multinomial(
    n: number,
    pvals: NumberList,
    options: CountVectorOptions<'int64'> & { dtype: 'int64' },
  ): BigInt64Array;
  multinomial<T extends keyof CountArrays = 'float64'>(
    n: Parameter,
    pvals: Exclude<Parameter, number>,
    size?: Size | undefined,
    options?: CountVectorOptions<T>,
  ): NdArray<CountArrays[T]>;
  multinomial(...call: readonly unknown[]): unknown {
    return multinomial(streamOf(this), call);
  }

  /**
   * Counts of each kind among `nsample` that are drawn without replacement.
   *
   * @param colors - how many there are of each kind
   */
  multivariateHypergeometric(colors: NumberList, nsample: number): Float64Array;
  multivariateHypergeometric<T extends keyof CountArrays = 'float64'>(
    colors: NumberList,
    nsample: number,
    options: UrnOptions<T>,
  ): CountArrays[T];
  multivariateHypergeometric<T extends keyof CountArrays = 'float64'>(
    colors: NumberList,
    nsample: number,
    size: Size,
    options?: UrnOptions<T>,
  ): NdArray<CountArrays[T]>;
  multivariateHypergeometric(...call: readonly unknown[]): unknown {
    return multivariateHypergeometric(streamOf(this), call);
  }

  // ---- Orders and samples ---------------------------------------------------------------------

  /** Shuffles in place; of an array in a shape, the slices along `axis`. */
  shuffle(
    array: unknown[] | Numbers | NdArrayLike<Numbers>,
    options: { axis?: number | undefined } = {},
  ): void {
    checkKeys('options', options, ['axis']);
    shuffle(streamOf(this), array, options.axis ?? 0);
  }

  /** The numbers below `array` in random order; or a shuffled copy of an array. */
  permutation(array: number): Float64Array<ArrayBuffer>;
  permutation<T>(array: readonly T[]): T[];
  permutation<D extends Numbers>(array: D): D;
  permutation<D extends Numbers>(
    array: NdArrayLike<D>,
    options?: { axis?: number | undefined },
  ): NdArray<D>;
  permutation(array: unknown, options: { axis?: number | undefined } = {}): unknown {
    checkKeys('options', options, ['axis']);
    return permutation(streamOf(this), array, options.axis ?? 0);
  }

  /**
   * A copy whose slices along `axis` are shuffled each by itself; without an axis, all elements.
   * `out` is written instead of a copy, and may be the array itself.
   */
  permuted<A extends readonly unknown[] | Numbers | NdArrayLike<Numbers>>(
    array: A,
    options: { axis?: number | undefined; out?: A | undefined } = {},
  ): A {
    checkKeys('options', options, ['axis', 'out']);
    return permuted(streamOf(this), array, options.axis, options.out) as A;
  }

  /**
   * Random elements of an array, or numbers below `from`. Of an array in a shape, slices along an
   * axis, in whose place the size comes.
   */
  choice(from: number, options?: ChoiceOptions): number;
  choice(from: number, size: undefined, options?: ChoiceOptions): number;
  choice<S extends Size>(from: number, size: S, options?: ChoiceOptions): Filled<S, Float64Array>;
  choice<T>(from: readonly T[], options?: ChoiceOptions): T;
  choice<T>(from: readonly T[], size: undefined, options?: ChoiceOptions): T;
  choice<T>(from: readonly T[], size: number, options?: ChoiceOptions): T[];
  choice<D extends Numbers>(from: D, options?: ChoiceOptions): D[number];
  choice<D extends Numbers>(from: D, size: undefined, options?: ChoiceOptions): D[number];
  choice<S extends Size, D extends Numbers>(
    from: D,
    size: S,
    options?: ChoiceOptions,
  ): Filled<S, D>;
  choice<D extends Numbers>(from: NdArrayLike<D>, options?: ChoiceOptions): NdArray<D>;
  choice<D extends Numbers>(
    from: NdArrayLike<D>,
    size: Size | undefined,
    options?: ChoiceOptions,
  ): NdArray<D>;
  choice(...call: readonly unknown[]): unknown {
    return choice(streamOf(this), call);
  }

  // ---- Streams --------------------------------------------------------------------------------

  /**
   * Fills `out` block by block, each block with a generator of its own, spawned from this one's
   * seed sequence: on any number of cores the result is that of the seed and the block size.
   *
   * @example
   * ```ts
   * rng.fillBlocks(new Float64Array(1e8), { distribution: 'standardNormal', threads: 4 });
   * ```
   */
  fillBlocks<D extends Float64Array | Float32Array>(out: D, options: BlockOptions): D {
    return fillBlocks(this.bitGenerator, out, options);
  }

  /** Generators on streams that don't overlap with one another nor with this one's. */
  spawn(count: number): Generator[] {
    return this.bitGenerator.spawn(count).map((child) => new Generator(child));
  }

  toJSON(): NamedState {
    return this.bitGenerator.toJSON();
  }

  /** How instances travel to other workers. */
  [Symbol.for('heddle.state')](): unknown {
    return this.toJSON();
  }

  static [Symbol.for('heddle.restore')](json: unknown): Generator {
    return new Generator(bitGeneratorFromJSON(json as NamedState));
  }
}

/**
 * A generator: PCG64 seeded with `seed`, as NumPy's `default_rng` makes one.
 *
 * @param seed - entropy or a seed sequence; the system's entropy where none is given. A bit
 * generator or a generator is used as it is.
 */
export function defaultRng(seed?: SeedLike | BitGenerator | Generator | null): Generator {
  if (seed instanceof Generator) return seed;
  if (seed instanceof BitGenerator) return new Generator(seed);
  return new Generator(new PCG64(seed));
}
