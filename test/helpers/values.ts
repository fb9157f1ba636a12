/** Arbitrary values of JavaScript's own kinds, for tests of what carries them. */
import { fc } from './seeds.ts';

export const anyValue = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
});
