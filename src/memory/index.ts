/**
 * Shared segments, share(), and the codec for arguments, models and results.
 */
export { CloneError, decode, type Encoded, type EncodeOptions, encode, loading } from './codec.ts';
export { heddle } from './hooks.ts';
