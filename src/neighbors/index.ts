/**
 * Neighbour search: the nearest rows, all rows within a distance, all distances, and models.
 *
 * Every operation comes as a Promise and, with `Sync` at the end of its name, blocking. All run on
 * the compute executor as one operation of several threads, each of which goes through the rows in
 * chunks: the matrix of all distances is never in memory, except where it is the result.
 *
 * @module
 */

import '../inlined.ts';

export {
  type ArgKminOptions,
  type ArgKminSyncOptions,
  argKmin,
  argKminSync,
  type Nearest,
  type NeighborIndices,
  type Neighbors,
  pairwiseArgmin,
  pairwiseArgminSync,
} from './argkmin.ts';
export type {
  DistanceOption,
  IndexMatrix,
  NeighborsOptions,
  NeighborsSyncOptions,
  WithoutDistance,
} from './call.ts';
export type { Metric, MetricOptions } from './metric.ts';
export {
  type AnyBuffer,
  type AnyLabel,
  KNeighbors,
  type KNeighborsOptions,
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
  type RadiusIndices,
  type RadiusNeighbors,
  type RadiusOptions,
  type RadiusSyncOptions,
  radiusNeighbors,
  radiusNeighborsSync,
} from './radius.ts';
export {
  type RadiusListOptions,
  type RadiusListSyncOptions,
  type RadiusModelOptions,
  RadiusNeighborsModel,
  type RadiusQueryOptions,
  type RadiusQuerySyncOptions,
} from './radius-model.ts';
export type { Weights } from './reduce.ts';
export type { Label } from './targets.ts';
export {
  type ClassesOf,
  NotFittedError,
  type Probabilities,
  type ProbabilitiesOf,
} from './training.ts';
