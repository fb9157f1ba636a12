/**
 * Values between proxies and their manager: primitives as they are, everything else as bytes. What a manager
 * only keeps it never opens, so it needs no class of its users, and runs none of their code for it.
 */
import { isUint8Array } from 'node:util/types';
import { decode, deserialize, encode, loading, serialize } from '../../codec/index.ts';
import { remoteCodec } from '../../protocol/index.ts';
import { valueCodec } from '../../scheduler/index.ts';
import { packError } from '../../worker/index.ts';

/** A value on its way; bytes are a message of the codec. */
export type Wire = string | number | bigint | boolean | null | undefined | Uint8Array;

/** An argument or a result: a value, or several. */
export type Wires = Wire | readonly Wire[];

/** What comes of a call: its result, what it has thrown, or a generator by its number. */
export const RESULT = 0;
export const ERROR = 1;
export const GENERATOR = 2;

const MAX_BYTES = 2 ** 30;
const OPTIONS = { to: 'machine', maxBytes: MAX_BYTES, receivers: 'many' } as const;

export function isPrimitive(value: unknown): value is Exclude<Wire, Uint8Array> {
  if (value === null) return true;
  const type = typeof value;
  return type !== 'object' && type !== 'function' && type !== 'symbol';
}

function bytesOf(message: unknown): Uint8Array {
  const { buffer, byteOffset, byteLength } = serialize(message);
  return byteLength === buffer.byteLength
    ? new Uint8Array(buffer as ArrayBuffer)
    : new Uint8Array(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
}

/**
 * A value as it is sent.
 *
 * @param path - what it is called in errors
 * @throws CloneError where it can't travel
 */
export function toWire(value: unknown, path: string): Wire {
  if (isPrimitive(value)) return value;
  const encoded = encode(value, { ...OPTIONS, path });
  try {
    return bytesOf(encoded.message);
  } finally {
    encoded.drop();
  }
}

/** A value that is about to be made again. */
export interface Opening {
  /** Modules of its classes that have to be loaded first; null where there are none. */
  readonly wait: Promise<void> | null;
  open(): unknown;
}

export function opening(wire: Wire): Opening {
  if (!isUint8Array(wire)) return { wait: null, open: () => wire };
  const message = deserialize(wire);
  return { wait: loading(message), open: () => decode(message) };
}

/** The value again: a promise where modules of its classes have to be loaded first. */
export function fromWire(wire: Wire): unknown {
  if (!isUint8Array(wire)) return wire;
  const { wait, open } = opening(wire);
  return wait ? wait.then(open) : open();
}

const errorCodec = remoteCodec(valueCodec, 'machine', MAX_BYTES, 'many', 'keep');

/** What was thrown, as it is sent: as much of it as can be. */
export function errorToWire(thrown: unknown): Wire {
  return bytesOf(packError(errorCodec, thrown).message);
}

/** Whether two values are the same: primitives as a Map's keys are, others by what they are sent as. */
export function sameWire(a: Wire, b: Wire): boolean {
  if (isUint8Array(a) && isUint8Array(b)) return Buffer.compare(a, b) === 0;
  return Object.is(a, b) || a === b;
}
