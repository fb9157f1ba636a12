/**
 * Shared segments, files as arrays, and NumPy's `.npy`.
 */
export type { DType, DTypes, TypedArray } from '../arrays/index.ts';
export { allocateCopy } from './copy.ts';
export type { ShapedArray } from './dtype.ts';
export type { MemoryHandle, SegmentHandle, SharedMode } from './handle.ts';
export { type SharedMemoryInfo, type SharedSegmentInfo, sharedMemoryInfo } from './info.ts';
export { type MapFileOptions, mapFile } from './map-file.ts';
export {
  loadNpy,
  type NpyArray,
  type SaveNpyOptions,
  type StridedArray,
  saveNpy,
} from './npy.ts';
export { NpyError } from './npy-header.ts';
export type { NpyDType } from './npy-types.ts';
export { type LoadNpzOptions, loadNpz, type SaveNpzOptions, saveNpz } from './npz.ts';
export { type Outgoing, releaseIdle, send } from './outbox.ts';
export {
  type AdoptedMemory,
  adopt,
  allocate,
  checkOpens,
  handleOf,
  isMapped,
  mapPrivately,
  mappingsOf,
  open,
  openAhead,
  scheduleCollection,
  touch,
  unpin,
} from './segment.ts';
export { checkMode, type Shared, type ShareOptions, shared } from './shared.ts';
export {
  bytesOf,
  isGone,
  noteUnopened,
  supply,
  type UnopenedMemory,
  unopenedMemory,
} from './unopened.ts';
