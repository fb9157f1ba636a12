/**
 * Shared segments, share(), and the codec for arguments, models and results.
 */
export {
  CloneError,
  decode,
  discard,
  type Encoded,
  type EncodeOptions,
  encode,
  loading,
} from './codec.ts';
export type { DType, DTypes, ShapedArray, TypedArray } from './dtype.ts';
export { heddle } from './hooks.ts';
export { type SharedMemoryInfo, type SharedSegmentInfo, sharedMemoryInfo } from './info.ts';
export { type MapFileOptions, mapFile } from './map-file.ts';
export { loadNpy, NpyError, saveNpy } from './npy.ts';
export type { SharedMode } from './segment.ts';
export { type Shared, type ShareOptions, share, shared } from './shared.ts';
