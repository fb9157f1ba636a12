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

/** Before the first result of this size, the C library is told to keep freed memory. */
const WORTH_KEEPING = 16_384;

/** From this size on, the system is asked for large pages. */
const LARGE = 4_194_304;

let keeps = false;

/** What is done for the memory of results before it is first used. */
function prepare(buffer: ArrayBuffer): void {
  if (buffer.byteLength < (keeps ? LARGE : WORTH_KEEPING)) return;
  keeps = true;
  native.executor.prepareResult(buffer);
}

/** Very small arrays are not made faster by leaving their elements as they are. */
const SMALL = 2048;

/** What Node's Buffer takes in all versions. */
const MAX_BUFFER = 2 ** 31 - 1;

/**
 * The error for a result that there is no memory for.
 *
 * @param cause - what the engine threw, which says neither how much it was nor has a code of ours
 */
function refusal(length: number, bytes: number, cause: unknown): RangeError {
  const { message } = cause as Error;
  const code = /allocation failed/.test(message) ? 'OUT_OF_MEMORY' : 'TOO_LARGE';
  return Object.assign(
    new RangeError(`a result of ${length} elements takes ${bytes} bytes: ${message}`, { cause }),
    { code: `ERR_HEDDLE_${code}` },
  );
}

/**
 * An array whose elements are zero.
 *
 * @throws RangeError with the code ERR_HEDDLE_TOO_LARGE where no array can be as large, and with
 *   ERR_HEDDLE_OUT_OF_MEMORY where there is no memory for it
 */
export const zeros: Allocate = (Kind, length) => {
  let array: InstanceType<typeof Kind>;
  try {
    array = new Kind(length);
  } catch (error) {
    throw refusal(length, length * Kind.BYTES_PER_ELEMENT, error);
  }
  prepare(array.buffer as ArrayBuffer);
  return array;
};

/**
 * An array whose elements are not set, for a result whose every element is going to be written. Of
 * a product of 32 × 32, the zeros of its result would take a third of the time.
 */
export const uninitialized: Allocate = (Kind, length) => {
  const bytes = length * Kind.BYTES_PER_ELEMENT;
  if (bytes < SMALL || bytes > MAX_BUFFER) return zeros(Kind, length);
  let buffer: ArrayBufferLike;
  try {
    ({ buffer } = Buffer.allocUnsafeSlow(bytes));
  } catch (error) {
    throw refusal(length, bytes, error);
  }
  prepare(buffer as ArrayBuffer);
  return new Kind(buffer);
};
