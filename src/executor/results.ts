/**
 * The memory of results, for the numeric modules.
 */
import { native } from '../native.ts';

/** The constructor of a typed array. */
export interface ArrayConstructor<A> {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): A;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): A;
}

/** Makes an array of so many elements. */
export type Allocate = <A extends ArrayBufferView>(Kind: ArrayConstructor<A>, length: number) => A;

/** From this size on, the system provides each page of an array at its first use. */
const LARGE = 131_072;

/** Very small arrays are not made faster by leaving their elements as they are. */
const SMALL = 2048;

/** What Node's Buffer takes in all versions. */
const MAX_BUFFER = 2 ** 31 - 1;

/** An array whose elements are zero. */
export const zeros: Allocate = (Kind, length) => {
  const array = new Kind(length);
  if (array.byteLength >= LARGE) native.executor.prepareResult(array.buffer as ArrayBuffer);
  return array;
};

/**
 * An array whose elements are not set, for a result whose every element is going to be written. Of
 * a product of 32 × 32, the zeros of its result would take a third of the time.
 */
export const unwritten: Allocate = (Kind, length) => {
  const bytes = length * Kind.BYTES_PER_ELEMENT;
  if (bytes < SMALL || bytes > MAX_BUFFER) return zeros(Kind, length);
  const { buffer } = Buffer.allocUnsafeSlow(bytes);
  if (bytes >= LARGE) native.executor.prepareResult(buffer as ArrayBuffer);
  return new Kind(buffer);
};
