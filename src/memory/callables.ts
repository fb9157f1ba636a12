/**
 * The door between the codec and the floor's other half, src/functions: values contain functions
 * and classes, and functions capture values. src/functions registers itself here when it loads.
 */
import { CloneError } from './clone-error.ts';
import type { Callable } from './encoder.ts';

/** What src/functions does for the codec. */
export interface CallableCodec {
  encode(fn: Callable, path: string): unknown;
  /** Null when decode() can be called at once. */
  load(payload: unknown): Promise<void> | null;
  decode(payload: unknown): unknown;
}

let codec: CallableCodec | null = null;

/** Called once by src/functions. */
export function registerCallables(implementation: CallableCodec): void {
  codec = implementation;
}

function required(path: string): CallableCodec {
  if (!codec) throw new CloneError(path, 'a function', 'Import heddle to send functions.');
  return codec;
}

export function encodeCallable(fn: Callable, path: string): unknown {
  return required(path).encode(fn, path);
}

export function loadCallable(payload: unknown): Promise<void> | null {
  return required('value').load(payload);
}

export function decodeCallable(payload: unknown): unknown {
  return required('value').decode(payload);
}
