/**
 * The fast path of the codec: tells whether structured clone alone carries a value faithfully.
 *
 * A batch of a thousand small tasks goes through here as one array, so the scan allocates nothing
 * for numbers, strings, arrays and plain objects, and gives up (`false`: "look closer", never
 * "refuse") at the first thing that it doesn't know.
 */
import { types } from 'node:util';
import { isMapped } from '../memory/index.ts';
import { isMarked } from './moving.ts';

/** The property that marks a message that {@link decode} has to unwrap. */
export const MARK = '$heddle';

const MAX_DEPTH = 12;
const { getOwnPropertySymbols, getPrototypeOf } = Object;
const { ownKeys } = Reflect;
const objectPrototype = Object.prototype;
const arrayPrototype = Array.prototype;
const datePrototype = Date.prototype;
const own = Object.prototype.hasOwnProperty;

/** The typed arrays that structured clone restores by itself, by their prototype. */
const typedPrototypes = new Set<object>(
  [
    Float64Array,
    Float32Array,
    Int32Array,
    Uint32Array,
    Int16Array,
    Uint16Array,
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    BigInt64Array,
    BigUint64Array,
  ].map((type) => type.prototype),
);

/** One scan of one value; holds what has to be remembered between typed arrays. */
class Scan {
  readonly maxBytes: number;
  #buffers: Set<ArrayBufferLike> | null = null;
  #objects = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  plain(value: unknown, depth: number): boolean {
    switch (typeof value) {
      case 'number':
      case 'string':
      case 'boolean':
      case 'undefined':
      case 'bigint':
        return true;
      case 'object':
        return value === null || this.#object(value, depth);
      default:
        return false;
    }
  }

  #object(value: object, depth: number): boolean {
    // Cycles and deeply shared structures end here: the full encoder remembers what it has seen.
    if (depth > MAX_DEPTH || types.isProxy(value)) return false;
    if (Array.isArray(value)) return this.#array(value, depth + 1);
    const prototype = getPrototypeOf(value) as object | null;
    if (prototype === objectPrototype) {
      if (++this.#objects > 1_000_000) return false;
      for (const key in value) {
        if (!own.call(value, key)) return false;
        if (!this.plain((value as Record<string, unknown>)[key], depth + 1)) return false;
      }
      return getOwnPropertySymbols(value).length === 0;
    }
    if (prototype === datePrototype) return types.isDate(value) && ownKeys(value).length === 0;
    if (prototype !== null && typedPrototypes.has(prototype)) return this.#typed(value);
    return false;
  }

  #array(array: readonly unknown[], depth: number): boolean {
    if (getPrototypeOf(array) !== arrayPrototype) return false;
    for (let i = 0; i < array.length; i++) {
      const value = array[i];
      if (typeof value !== 'number' && !this.plain(value, depth)) return false;
    }
    return getOwnPropertySymbols(array).length === 0;
  }

  #typed(value: object): boolean {
    if (!ArrayBuffer.isView(value)) return false;
    const { buffer, byteLength } = value;
    if (byteLength >= this.maxBytes || byteLength !== buffer.byteLength) return false;
    if (byteLength === 0) return false; // it may be detached, which is an error with a path
    if (isMarked(buffer)) return false;
    if (this.#buffers?.has(buffer) || !types.isArrayBuffer(buffer) || isMapped(buffer))
      return false;
    this.#buffers ??= new Set();
    this.#buffers.add(buffer);
    return true;
  }
}

/** Whether the message may be the value itself. */
export function isPlain(value: unknown, maxBytes: number): boolean {
  if (typeof value !== 'object') return typeof value !== 'function' && typeof value !== 'symbol';
  if (value === null) return true;
  return !(MARK in value) && new Scan(maxBytes).plain(value, 0);
}
