/**
 * Values on disk: `dump` and `load`, a hash of any value, and a cache of results.
 */
export {
  type Compress,
  type DumpOptions,
  dump,
  type LoadOptions,
  load,
} from './dump.ts';
export { DumpError } from './file.ts';
export { HashError, hash } from './hash.ts';
export {
  type CachedFunction,
  type CacheOptions,
  Memory,
  type MemoryOptions,
  memory,
  type ReduceOptions,
} from './memory.ts';
