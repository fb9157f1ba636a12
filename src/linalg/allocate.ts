/**
 * The memory of results.
 */
import { native } from '../native.ts';
import type { Elements } from './matrix.ts';

/** Makes elements of the type of `like`. */
export type Allocate = (like: Elements, length: number) => Elements;

/** From this size on, the system provides each page of an array at its first use. */
const LARGE = 131_072;

/** What Node's Buffer takes in all versions. */
const MAX_BUFFER = 2 ** 31 - 1;

/** Elements that are zero. */
export function zeros(like: Elements, length: number): Elements {
  const data = like instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);
  if (data.byteLength >= LARGE) native.linalg.prepareResult(data);
  return data;
}

/**
 * Elements that are not set, for a result whose every element is going to be written. Of a product
 * of 32 × 32, the zeros of its result would take a third of the time. Very small arrays are not made
 * faster this way.
 */
export function unwritten(like: Elements, length: number): Elements {
  const bytes = length * like.BYTES_PER_ELEMENT;
  if (length < 256 || bytes > MAX_BUFFER) return zeros(like, length);
  const { buffer } = Buffer.allocUnsafeSlow(bytes);
  const data = like instanceof Float64Array ? new Float64Array(buffer) : new Float32Array(buffer);
  if (bytes >= LARGE) native.linalg.prepareResult(data);
  return data;
}
