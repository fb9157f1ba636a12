/**
 * The Generator: numbers of every distribution from a bit generator, the same as NumPy's.
 */
import { lengthOf, type NdArray, type NdArrayLike, shaped } from '../arrays/index.ts';
import { typeError } from '../errors.ts';
import { resolveThreads } from '../executor/index.ts';
import {
  anyNumber,
  nonNegative,
  poissonMean,
  positive,
  probability,
  spread,
  wholeNumber,
} from './arguments.ts';
import {
  BitGenerator,
  type BitGeneratorState,
  bitGeneratorFromJSON,
  PCG64,
  type SeedLike,
  streamOf,
} from './bit-generators.ts';
import { type BlockOptions, fillBlocks } from './blocks.ts';
import { dirichlet } from './dirichlet.ts';
import { type IntegerArrays, type IntegerType, integers } from './integers.ts';
import { type MultivariateOptions, multivariateNormal } from './multivariate.ts';
import type {
  ChoiceOptions,
  CountArrays,
  CountOptions,
  ExponentialOptions,
  FillOptions,
  FloatArrays,
  FloatOptions,
  IntegersOptions,
  Out,
  RandomOptions,
} from './options.ts';
import { choosePlaces, permutation, permuted, populationOf, shuffle, take } from './order.ts';
import { type Filled, type Numbers, type NumbersConstructor, type Size, target } from './output.ts';
import { fill, Law, type Stream } from './stream.ts';

type Anything = Record<string, unknown>;

const FLOAT64 = Float64Array as unknown as NumbersConstructor<Float64Array>;
const FLOAT32 = Float32Array as unknown as NumbersConstructor<Float32Array>;
const INT64 = BigInt64Array as unknown as NumbersConstructor<BigInt64Array>;

function isOptions(value: unknown): value is Anything {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Random numbers of many distributions.
 *
 * Each method takes its parameters, then a size: none gives one number, a count a typed array, a
 * shape `{ data, shape }`. In place of the size there may be options, with `out` for the array to
 * fill. Numbers are those of NumPy's method of the same name, bit for bit, in any mixture of calls.
 */
export class Generator {
  readonly bitGenerator: BitGenerator;
  readonly #stream: Stream;

  constructor(bitGenerator: BitGenerator) {
    if (!(bitGenerator instanceof BitGenerator)) {
      throw typeError('bitGenerator', bitGenerator, 'a bit generator, such as new PCG64(seed)');
    }
    this.bitGenerator = bitGenerator;
    this.#stream = streamOf(bitGenerator);
  }

  /** Fills `out` or new memory; the last two arguments may be `size, options` or `options` alone. */
  #filled(
    law: Law,
    a: number,
    b: number,
    sizeOrOptions: unknown,
    given: unknown,
    dtypes: 'float64' | 'floats' | 'counts' = 'float64',
  ): unknown {
    const alone = isOptions(sizeOrOptions);
    const size = (alone ? undefined : sizeOrOptions) as Size | undefined;
    const options = ((alone ? sizeOrOptions : given) ?? {}) as Anything;
    const dtype = options.dtype ?? 'float64';
    let Kind: NumbersConstructor<Float64Array | Float32Array | BigInt64Array>;
    if (dtype === 'float64') Kind = FLOAT64;
    else if (dtype === 'float32' && dtypes === 'floats') Kind = FLOAT32;
    else if (dtype === 'int64' && dtypes === 'counts') Kind = INT64;
    else {
      const others = { float64: '', floats: " or 'float32'", counts: " or 'int64'" };
      throw typeError('dtype', dtype, `'float64'${others[dtypes]}`);
    }
    if (size === undefined && options.out === undefined) {
      if (Kind === FLOAT64) return this.#stream.draw(law, a, b);
      const one = new Kind(1);
      fill(this.#stream, one, law, a, b, 1);
      return one[0];
    }
    const place = target(Kind, size, options.out as Out<Float64Array>);
    const threads = options.threads === undefined ? 1 : resolveThreads(options.threads as number);
    fill(this.#stream, place.data, law, a, b, threads);
    return place.result;
  }

  // ---- Uniform --------------------------------------------------------------------------------

  /** Uniform numbers in [0, 1). */
  random(): number;
  random<O extends Out<Float64Array>>(options: RandomOptions<'float64', O> & { out: O }): O;
  random<O extends Out<Float32Array>>(
    options: RandomOptions<'float32', O> & { dtype: 'float32'; out: O },
  ): O;
  random(options: RandomOptions<keyof FloatArrays>): number;
  random<S extends Size, T extends keyof FloatArrays = 'float64'>(
    size: S,
    options?: RandomOptions<T, Out<FloatArrays[T]>>,
  ): Filled<S, FloatArrays[T]>;
  random(size?: unknown, options?: unknown): unknown {
    if (size === undefined && options === undefined) return this.#stream.double();
    return this.#filled(Law.random, 0, 0, size, options, 'floats');
  }

  /** Uniform numbers in [low, high). */
  uniform(low?: number, high?: number): number;
  uniform<O extends Out<Float64Array>>(
    low: number,
    high: number,
    options: { out: O; threads?: number | undefined },
  ): O;
  uniform<S extends Size>(
    low: number,
    high: number,
    size: S,
    options?: FillOptions<Out<Float64Array>> & { threads?: number | undefined },
  ): Filled<S, Float64Array>;
  uniform(low: number = 0, high: number = 1, size?: unknown, options?: unknown): unknown {
    const range = spread(low, high);
    if (size === undefined && options === undefined) return low + range * this.#stream.double();
    return this.#filled(Law.uniform, low, range, size, options);
  }

  // ---- Normal and exponential -----------------------------------------------------------------

  /** Normal numbers of mean 0 and standard deviation 1. */
  standardNormal(): number;
  standardNormal<O extends Out<Float64Array>>(options: FloatOptions<'float64', O> & { out: O }): O;
  standardNormal<O extends Out<Float32Array>>(
    options: FloatOptions<'float32', O> & { dtype: 'float32'; out: O },
  ): O;
  standardNormal(options: FloatOptions<keyof FloatArrays>): number;
  standardNormal<S extends Size, T extends keyof FloatArrays = 'float64'>(
    size: S,
    options?: FloatOptions<T, Out<FloatArrays[T]>>,
  ): Filled<S, FloatArrays[T]>;
  standardNormal(size?: unknown, options?: unknown): unknown {
    if (size === undefined && options === undefined) return this.#stream.normal();
    return this.#filled(Law.standardNormal, 0, 0, size, options, 'floats');
  }

  /** Normal numbers of mean `loc` and standard deviation `scale`. */
  normal(loc?: number, scale?: number): number;
  normal<O extends Out<Float64Array>>(loc: number, scale: number, options: { out: O }): O;
  normal<S extends Size>(
    loc: number,
    scale: number,
    size: S,
    options?: FillOptions<Out<Float64Array>>,
  ): Filled<S, Float64Array>;
  normal(loc: number = 0, scale: number = 1, size?: unknown, options?: unknown): unknown {
    anyNumber('loc', loc);
    nonNegative('scale', scale);
    if (size === undefined && options === undefined) return loc + scale * this.#stream.normal();
    return this.#filled(Law.normal, loc, scale, size, options);
  }

  /** Exponential numbers of mean 1. */
  standardExponential(): number;
  standardExponential<O extends Out<Float64Array>>(
    options: ExponentialOptions<'float64', O> & { out: O },
  ): O;
  standardExponential<O extends Out<Float32Array>>(
    options: ExponentialOptions<'float32', O> & { dtype: 'float32'; out: O },
  ): O;
  standardExponential(options: ExponentialOptions<keyof FloatArrays>): number;
  standardExponential<S extends Size, T extends keyof FloatArrays = 'float64'>(
    size: S,
    options?: ExponentialOptions<T, Out<FloatArrays[T]>>,
  ): Filled<S, FloatArrays[T]>;
  standardExponential(size?: unknown, options?: unknown): unknown {
    if (size === undefined && options === undefined) return this.#stream.exponential();
    const { method = 'zig' } = ((isOptions(size) ? size : options) ?? {}) as ExponentialOptions;
    if (method !== 'zig' && method !== 'inv') throw typeError('method', method, "'zig' or 'inv'");
    const law = method === 'zig' ? Law.standardExponential : Law.inverseExponential;
    return this.#filled(law, 0, 0, size, options, 'floats');
  }

  /** Exponential numbers of mean `scale`. */
  exponential(scale?: number): number;
  exponential<O extends Out<Float64Array>>(scale: number, options: { out: O }): O;
  exponential<S extends Size>(
    scale: number,
    size: S,
    options?: FillOptions<Out<Float64Array>>,
  ): Filled<S, Float64Array>;
  exponential(scale: number = 1, size?: unknown, options?: unknown): unknown {
    nonNegative('scale', scale);
    if (size === undefined && options === undefined) return scale * this.#stream.exponential();
    return this.#filled(Law.exponential, scale, 0, size, options);
  }

  // ---- Gamma and its kin ----------------------------------------------------------------------

  /** Gamma numbers of scale 1. */
  standardGamma(shape: number): number;
  standardGamma<O extends Out<Float64Array>>(
    shape: number,
    options: FloatOptions<'float64', O> & { out: O },
  ): O;
  standardGamma<O extends Out<Float32Array>>(
    shape: number,
    options: FloatOptions<'float32', O> & { dtype: 'float32'; out: O },
  ): O;
  standardGamma(shape: number, options: FloatOptions<keyof FloatArrays>): number;
  standardGamma<S extends Size, T extends keyof FloatArrays = 'float64'>(
    shape: number,
    size: S,
    options?: FloatOptions<T, Out<FloatArrays[T]>>,
  ): Filled<S, FloatArrays[T]>;
  standardGamma(shape: number, size?: unknown, options?: unknown): unknown {
    return this.#filled(Law.standardGamma, nonNegative('shape', shape), 0, size, options, 'floats');
  }

  /** Gamma numbers. */
  gamma(shape: number, scale?: number): number;
  gamma<O extends Out<Float64Array>>(shape: number, scale: number, options: { out: O }): O;
  gamma<S extends Size>(
    shape: number,
    scale: number,
    size: S,
    options?: FillOptions<Out<Float64Array>>,
  ): Filled<S, Float64Array>;
  gamma(shape: number, scale: number = 1, size?: unknown, options?: unknown): unknown {
    nonNegative('shape', shape);
    return this.#filled(Law.gamma, shape, nonNegative('scale', scale), size, options);
  }

  /** Beta numbers, in [0, 1]. */
  beta(a: number, b: number): number;
  beta<O extends Out<Float64Array>>(a: number, b: number, options: { out: O }): O;
  beta<S extends Size>(
    a: number,
    b: number,
    size: S,
    options?: FillOptions<Out<Float64Array>>,
  ): Filled<S, Float64Array>;
  beta(a: number, b: number, size?: unknown, options?: unknown): unknown {
    return this.#filled(Law.beta, positive('a', a), positive('b', b), size, options);
  }

  /** Chi-square numbers of `df` degrees of freedom. */
  chisquare(df: number): number;
  chisquare<O extends Out<Float64Array>>(df: number, options: { out: O }): O;
  chisquare<S extends Size>(
    df: number,
    size: S,
    options?: FillOptions<Out<Float64Array>>,
  ): Filled<S, Float64Array>;
  chisquare(df: number, size?: unknown, options?: unknown): unknown {
    return this.#filled(Law.chisquare, positive('df', df), 0, size, options);
  }

  /** Numbers whose logarithm is normal. */
  lognormal(mean?: number, sigma?: number): number;
  lognormal<O extends Out<Float64Array>>(mean: number, sigma: number, options: { out: O }): O;
  lognormal<S extends Size>(
    mean: number,
    sigma: number,
    size: S,
    options?: FillOptions<Out<Float64Array>>,
  ): Filled<S, Float64Array>;
  lognormal(mean: number = 0, sigma: number = 1, size?: unknown, options?: unknown): unknown {
    anyNumber('mean', mean);
    return this.#filled(Law.lognormal, mean, nonNegative('sigma', sigma), size, options);
  }

  /** Laplace numbers: exponential to both sides of `loc`. */
  laplace(loc?: number, scale?: number): number;
  laplace<O extends Out<Float64Array>>(loc: number, scale: number, options: { out: O }): O;
  laplace<S extends Size>(
    loc: number,
    scale: number,
    size: S,
    options?: FillOptions<Out<Float64Array>>,
  ): Filled<S, Float64Array>;
  laplace(loc: number = 0, scale: number = 1, size?: unknown, options?: unknown): unknown {
    anyNumber('loc', loc);
    return this.#filled(Law.laplace, loc, nonNegative('scale', scale), size, options);
  }

  /** Numbers of Student's t distribution of `df` degrees of freedom. */
  standardT(df: number): number;
  standardT<O extends Out<Float64Array>>(df: number, options: { out: O }): O;
  standardT<S extends Size>(
    df: number,
    size: S,
    options?: FillOptions<Out<Float64Array>>,
  ): Filled<S, Float64Array>;
  standardT(df: number, size?: unknown, options?: unknown): unknown {
    return this.#filled(Law.student, positive('df', df), 0, size, options);
  }

  /**
   * Vectors of the Dirichlet distribution: shares that sum to 1.
   *
   * @param size - how many (rows), or a shape of them; one vector unless given
   */
  dirichlet(alpha: ArrayLike<number>): Float64Array;
  dirichlet(alpha: ArrayLike<number>, size: Size): NdArray<Float64Array>;
  dirichlet(alpha: ArrayLike<number>, size?: Size): unknown {
    const draw = (law: Law, a: number, b: number) => this.#stream.draw(law, a, b);
    return dirichlet(draw, alpha, size);
  }

  // ---- Counts ---------------------------------------------------------------------------------

  /** Counts of events that happen `lam` times on average. */
  poisson(lam?: number): number;
  poisson(lam: number, options: CountOptions<'int64'> & { dtype: 'int64' }): bigint;
  poisson<O extends Out<Float64Array>>(lam: number, options: { out: O }): O;
  poisson<S extends Size, T extends keyof CountArrays = 'float64'>(
    lam: number,
    size: S,
    options?: CountOptions<T, Out<CountArrays[T]>>,
  ): Filled<S, CountArrays[T]>;
  poisson(lam: number = 1, size?: unknown, options?: unknown): unknown {
    return this.#filled(Law.poisson, poissonMean('lam', lam), 0, size, options, 'counts');
  }

  /** Counts of successes among `n` trials that succeed with probability `p`. */
  binomial(n: number, p: number): number;
  binomial(n: number, p: number, options: CountOptions<'int64'> & { dtype: 'int64' }): bigint;
  binomial<O extends Out<Float64Array>>(n: number, p: number, options: { out: O }): O;
  binomial<S extends Size, T extends keyof CountArrays = 'float64'>(
    n: number,
    p: number,
    size: S,
    options?: CountOptions<T, Out<CountArrays[T]>>,
  ): Filled<S, CountArrays[T]>;
  binomial(n: number, p: number, size?: unknown, options?: unknown): unknown {
    const trials = wholeNumber('n', n);
    return this.#filled(Law.binomial, trials, probability('p', p), size, options, 'counts');
  }

  /** Counts of trials until one succeeds that does so with probability `p`. */
  geometric(p: number): number;
  geometric(p: number, options: CountOptions<'int64'> & { dtype: 'int64' }): bigint;
  geometric<O extends Out<Float64Array>>(p: number, options: { out: O }): O;
  geometric<S extends Size, T extends keyof CountArrays = 'float64'>(
    p: number,
    size: S,
    options?: CountOptions<T, Out<CountArrays[T]>>,
  ): Filled<S, CountArrays[T]>;
  geometric(p: number, size?: unknown, options?: unknown): unknown {
    positive('p', probability('p', p));
    return this.#filled(Law.geometric, p, 0, size, options, 'counts');
  }

  /**
   * Whole numbers from `low` to below `high`; below `low` from 0 on where `high` is not given.
   *
   * Bounds that are numbers lie within ±(2^53 - 1), and numbers come back. With a bigint for a
   * bound, or a 64-bit `dtype`, bigints do.
   */
  integers(low: number, high?: number): number;
  integers(low: bigint, high?: bigint): bigint;
  integers<T extends IntegerType>(
    low: number | bigint,
    high: number | bigint | undefined,
    size: undefined,
    options: IntegersOptions<T> & { dtype: T },
  ): T extends 'int64' | 'uint64' ? bigint : T extends 'bool' ? boolean : number;
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
  integers(low: unknown, high?: unknown, size?: Size, options?: unknown): unknown {
    const { dtype, endpoint, out } = (options ?? {}) as IntegersOptions<IntegerType, Out<Numbers>>;
    return integers(this.#stream, { low, high, size, dtype, endpoint, out });
  }

  /** Random bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    const count = wholeNumber('length', length);
    // NumPy takes a draw even for no bytes.
    const draws = Math.max(1, Math.ceil(count / 4));
    const words = this.integers(0, 0x100000000, draws, { dtype: 'uint32' });
    return new Uint8Array(words.buffer as ArrayBuffer, 0, count);
  }

  // ---- Many dimensions ------------------------------------------------------------------------

  /**
   * Vectors of a normal distribution with a mean and a covariance matrix.
   *
   * @param size - how many (a matrix of rows), or a shape of them; one vector unless given
   * @throws RangeError where shapes don't fit, or (`checkValid: 'raise'`) cov is no covariance
   */
  multivariateNormal(
    mean: ArrayLike<number>,
    cov: NdArrayLike<Float64Array>,
    size?: Size,
    options?: MultivariateOptions,
  ): NdArray<Float64Array> {
    const normals = (count: number) => this.standardNormal(count);
    return multivariateNormal(normals, mean, cov, size, options);
  }

  // ---- Orders and samples ---------------------------------------------------------------------

  /** Shuffles in place; of an array in a shape, the slices along `axis`. */
  shuffle(
    array: unknown[] | Numbers | NdArrayLike<Numbers>,
    { axis = 0 }: { axis?: number | undefined } = {},
  ): void {
    shuffle(this.#stream, array, axis);
  }

  /** The numbers below `array` in random order; or a shuffled copy of an array. */
  permutation(array: number): Float64Array<ArrayBuffer>;
  permutation<T>(array: readonly T[]): T[];
  permutation<D extends Numbers>(array: D): D;
  permutation<D extends Numbers>(
    array: NdArrayLike<D>,
    options?: { axis?: number | undefined },
  ): NdArray<D>;
  permutation(array: unknown, { axis = 0 }: { axis?: number | undefined } = {}): unknown {
    return permutation(this.#stream, array, axis);
  }

  /**
   * A copy whose slices along `axis` are shuffled each by itself; without an axis, all elements.
   * `out` is written instead of a copy, and may be the array itself.
   */
  permuted<A extends readonly unknown[] | Numbers | NdArrayLike<Numbers>>(
    array: A,
    options: { axis?: number | undefined; out?: A | undefined } = {},
  ): A {
    return permuted(this.#stream, array, options.axis, options.out) as A;
  }

  /** Random elements of an array, or numbers below `from`. */
  choice(from: number, size?: undefined, options?: ChoiceOptions): number;
  choice<S extends Size>(from: number, size: S, options?: ChoiceOptions): Filled<S, Float64Array>;
  choice<T>(from: readonly T[], size?: undefined, options?: ChoiceOptions): T;
  choice<T>(from: readonly T[], size: number, options?: ChoiceOptions): T[];
  choice<D extends Numbers>(from: D, size?: undefined, options?: ChoiceOptions): D[number];
  choice<S extends Size, D extends Numbers>(
    from: D,
    size: S,
    options?: ChoiceOptions,
  ): Filled<S, D>;
  choice<D extends Numbers>(
    from: NdArrayLike<D>,
    size?: number,
    options?: ChoiceOptions,
  ): NdArray<D>;
  choice(from: unknown, size?: Size, options: ChoiceOptions = {}): unknown {
    const { replace = true, p, axis = 0, shuffle: shuffled = true } = options;
    const population = populationOf(from, axis);
    const count = size === undefined ? 1 : lengthOf(size, 'size');
    const call = { replace, p, shuffle: shuffled };
    const places =
      size === undefined && p === undefined
        ? Float64Array.of(this.#place(population))
        : choosePlaces(this.#stream, population, count, call);
    const scalar = size === undefined;
    if (typeof from === 'number') {
      if (scalar) return places[0];
      return typeof size === 'number' ? places : shaped(places, size as readonly number[]);
    }
    if (scalar && (Array.isArray(from) || ArrayBuffer.isView(from))) {
      return (from as unknown[])[places[0] as number];
    }
    const taken = take(from, places, axis);
    if (Array.isArray(size)) {
      if (!ArrayBuffer.isView(taken)) throw typeError('size', size, 'a count for such an array');
      return shaped(taken, size);
    }
    return taken;
  }

  /** One place below `population`: the draw that a choice with or without replacement makes. */
  #place(population: number): number {
    if (population === 0)
      choosePlaces(this.#stream, 0, 1, { replace: true, p: undefined, shuffle: true });
    return this.integers(0, population);
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

  toJSON(): BitGeneratorState {
    return this.bitGenerator.toJSON();
  }

  /** How instances travel to other workers. */
  [Symbol.for('heddle.state')](): unknown {
    return this.toJSON();
  }

  static [Symbol.for('heddle.restore')](json: unknown): Generator {
    return new Generator(bitGeneratorFromJSON(json as BitGeneratorState));
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
