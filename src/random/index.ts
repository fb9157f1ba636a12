/**
 * Random numbers for parallel work, the same as NumPy's bit for bit: `heddle/random`.
 *
 * @packageDocumentation
 */

import '../inlined.ts';

export type { NdArray, NdArrayLike } from '../arrays/index.ts';
export {
  BitGenerator,
  type BitGeneratorState,
  bitGeneratorFromJSON,
  type Decimal,
  type NamedState,
  type SeedLike,
} from './bit-generator.ts';
export {
  PCG64,
  PCG64DXSM,
  type PCG64State,
  Philox,
  type PhiloxOptions,
  type PhiloxState,
  SFC64,
  type SFC64State,
} from './bit-generators.ts';
export type { BlockOptions } from './blocks.ts';
export type { ContinuousSampler } from './continuous.ts';
export type { CountVectorOptions, UrnOptions } from './count-vectors.ts';
export type { DiscreteSampler } from './discrete.ts';
export { defaultRng, Generator } from './generator.ts';
export type { Bound, IntegerArrays, IntegerType } from './integers.ts';
export type { CountMethod, Drawn, Float64Method, FloatMethod, Varying } from './methods.ts';
export { MT19937, type MT19937State } from './mt19937.ts';
export type { MultivariateOptions } from './multivariate.ts';
export type {
  ChoiceOptions,
  CountArrays,
  CountOptions,
  ExponentialOptions,
  FillOptions,
  FloatArrays,
  FloatOptions,
  IntegersOptions,
  RandomOptions,
} from './options.ts';
export type { Filled, Numbers, Out, Size } from './output.ts';
export type { NumberList, Parameter } from './parameters.ts';
export type { Sampler } from './sampler.ts';
export {
  type Entropy,
  SeedSequence,
  type SeedSequenceJSON,
  type SeedSequenceOptions,
  type SeedSource,
} from './seed-sequence.ts';
export type {
  ExponentialMethod,
  RandomMethod,
  UniformMethod,
  UniformSampler,
} from './uniform.ts';
