/**
 * Neighbour search: the nearest rows, all rows within a distance, all distances, and models.
 *
 * Every operation comes as a Promise and, with `Sync` at the end of its name, blocking. All run on
 * the compute executor as one operation of several threads, each of which goes through the rows in
 * chunks: the matrix of all distances is never in memory, except where it is the result.
 *
 * @module
 */
export {
  argKmin,
  argKminSync,
  type Nearest,
  type Neighbors,
  pairwiseArgmin,
  pairwiseArgminSync,
} from './argkmin.ts';
export type { IndexMatrix, Metric, NeighborsOptions, NeighborsSyncOptions } from './call.ts';
export {
  type AnyBuffer,
  KNeighbors,
  type KNeighborsOptions,
  type Probabilities,
  type QueryOptions,
  type QuerySyncOptions,
} from './model.ts';
export {
  type ChunkedOptions,
  type DistanceBlock,
  type PairwiseOptions,
  type PairwiseSyncOptions,
  pairwiseDistances,
  pairwiseDistancesChunked,
  pairwiseDistancesSync,
} from './pairwise.ts';
export {
  type RadiusNeighbors,
  type RadiusOptions,
  type RadiusSyncOptions,
  radiusNeighbors,
  radiusNeighborsSync,
} from './radius.ts';
export type { Label, Weights } from './vote.ts';
