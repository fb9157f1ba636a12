/**
 * What src/functions does for the codec: values contain functions
 * and classes, and functions capture values. src/functions registers itself here when it loads.
 */
import { CloneError } from './clone-error.ts';
import type { CodecTarget } from './wire.ts';

/** Any function or class. */
export type Callable = abstract new (...args: never[]) => unknown;

/** How the encoder hands over functions and classes; src/functions registers itself here. */
export interface FunctionSink {
  /** Takes a function or class and returns the index under which the decoder finds it. */
  add(fn: Callable, path: string): number;
  /** The index of an object that every worker has by itself (`Math`, a module of Node); or -1. */
  find?(value: object): number;
}

/** How a message travels, as far as captured values are concerned. */
export interface CallableOptions {
  readonly to: CodecTarget;
  readonly maxBytes: number;
  /** The receiver is who gave this environment its work, and knows the classes that it sent. */
  readonly toCaller?: boolean;
}

/** What src/functions does for the codec. */
export interface CallableCodec {
  encode(fn: Callable, path: string, options: CallableOptions): unknown;
  /** Null when decode() can be called at once. */
  load(payload: unknown): Promise<void> | null;
  decode(payload: unknown): unknown;
  /** Whether instances of a class, without its base classes, have `#private` members. */
  hasPrivate(type: Callable): boolean;
  /** An error stack in terms of the files that people wrote. */
  mapStack(stack: string): string;
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

export function encodeCallable(fn: Callable, path: string, options: CallableOptions): unknown {
  return required(path).encode(fn, path, options);
}

export function loadCallable(payload: unknown): Promise<void> | null {
  return required('value').load(payload);
}

export function decodeCallable(payload: unknown): unknown {
  return required('value').decode(payload);
}

export function hasPrivate(type: Callable): boolean {
  return required('value').hasPrivate(type);
}

export function mapStack(stack: string): string {
  return codec ? codec.mapStack(stack) : stack;
}
