/**
 * Random numbers for parallel work, the same as NumPy's bit for bit: `heddle/random`.
 *
 * @packageDocumentation
 */

export type { NdArray, NdArrayLike } from '../arrays/index.ts';
export {
  BitGenerator,
  type BitGeneratorState,
  bitGeneratorFromJSON,
  type Decimal,
  PCG64,
  PCG64DXSM,
  type PCG64State,
  Philox,
  type PhiloxOptions,
  type PhiloxState,
  type SeedLike,
  SFC64,
  type SFC64State,
} from './bit-generators.ts';
export type { BlockOptions } from './blocks.ts';
export { defaultRng, Generator } from './generator.ts';
export type { IntegerArrays, IntegerType } from './integers.ts';
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
  Out,
  RandomOptions,
} from './options.ts';
export type { Filled, Numbers, Size } from './output.ts';
export {
  type Entropy,
  SeedSequence,
  type SeedSequenceJSON,
  type SeedSequenceOptions,
} from './seed-sequence.ts';
