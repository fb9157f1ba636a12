/**
 * The public face: re-exports, nothing else.
 *
 * @packageDocumentation
 */

import './inlined.ts';

export {
  type CachedFunction,
  type CacheOptions,
  type Compress,
  DumpError,
  type DumpOptions,
  dump,
  HashError,
  hash,
  type LoadOptions,
  load,
  Memory,
  type MemoryOptions,
  memory,
  type ReduceOptions,
} from './cache/index.ts';
export {
  CloneError,
  heddle,
  type Movable,
  move,
  registerSerializer,
  type Serializer,
  share,
} from './codec/index.ts';
export {
  type BudgetListener,
  type Config,
  type ConfigScope,
  coreBudget,
  ensureInitialized,
  getConfig,
  type ParallelConfig,
  parallelConfig,
  setConfig,
  watchBudget,
  withConfig,
} from './config/index.ts';
export { bind, task } from './functions/index.ts';
export { type InitializeOptions, initialize } from './initialize.ts';
export { type CpuCountOptions, cpuCount, type Environment } from './machine/index.ts';
export {
  type DType,
  type DTypes,
  type LoadNpzOptions,
  loadNpy,
  loadNpz,
  type MapFileOptions,
  mapFile,
  type NpyArray,
  type NpyDType,
  NpyError,
  type SaveNpyOptions,
  type SaveNpzOptions,
  type ShapedArray,
  type Shared,
  type SharedMemoryInfo,
  type SharedMode,
  type SharedSegmentInfo,
  type ShareOptions,
  type StridedArray,
  saveNpy,
  saveNpz,
  shared,
  sharedMemoryInfo,
  type TypedArray,
} from './memory/index.ts';
export type { ByteSize } from './options.ts';
export * from './parallel/index.ts';
export {
  type InfoSource,
  type LibraryController,
  type LimitOptions,
  type Limits,
  registerController,
  ThreadpoolController,
  type ThreadpoolInfo,
  ThreadpoolLimits,
  type ThreadpoolQuery,
  threadEnvironment,
  threadpoolInfo,
  threadpoolLimits,
} from './threadpools/index.ts';
