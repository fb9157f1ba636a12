/**
 * Element types by name, and shapes.
 */
import { rangeError, typeError } from '../errors.ts';

/** The typed array of each element type, by NumPy's name of it. */
export interface DTypes {
  float64: Float64Array;
  float32: Float32Array;
  int64: BigInt64Array;
  uint64: BigUint64Array;
  int32: Int32Array;
  uint32: Uint32Array;
  int16: Int16Array;
  uint16: Uint16Array;
  int8: Int8Array;
  uint8: Uint8Array;
  uint8clamped: Uint8ClampedArray;
}

/** The name of an element type. */
export type DType = keyof DTypes;

/** A typed array that can be in shared memory. */
export type TypedArray = DTypes[DType];

/** An array with a shape, row-major: what the linear algebra takes and returns. */
export interface ShapedArray<T extends TypedArray = TypedArray> {
  readonly data: T;
  readonly shape: readonly number[];
}

type Constructor = {
  new (buffer: ArrayBufferLike, offset: number, length: number): TypedArray;
  readonly BYTES_PER_ELEMENT: number;
  readonly name: string;
};

const constructors: Readonly<Record<DType, Constructor>> = {
  float64: Float64Array,
  float32: Float32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  uint8clamped: Uint8ClampedArray,
};

/** The constructor for a name, checked. */
export function constructorOf(dtype: DType): Constructor {
  const found = Object.hasOwn(constructors, dtype) ? constructors[dtype] : undefined;
  if (!found) throw typeError('dtype', dtype, `one of ${Object.keys(constructors).join(', ')}`);
  return found;
}

/** The name for a typed array. */
export function dtypeOf(array: TypedArray): DType {
  for (const [name, type] of Object.entries(constructors)) {
    if (array instanceof (type as unknown as typeof Float64Array)) return name as DType;
  }
  throw typeError('array', array, 'a typed array');
}

/** The number of elements of a shape, checked. */
export function sizeOf(shape: number | readonly number[], name = 'shape'): number {
  const list = typeof shape === 'number' ? [shape] : shape;
  if (!Array.isArray(list)) throw typeError(name, shape, 'a length or a list of lengths');
  let size = 1;
  for (const length of list as readonly number[]) {
    if (!Number.isSafeInteger(length) || length < 0) {
      throw rangeError(name, shape, 'made of whole numbers of at least 0');
    }
    size *= length;
  }
  if (!Number.isSafeInteger(size)) throw rangeError(name, shape, 'a shape that fits in memory');
  return size;
}

/** An array alone for a length, with its shape for a list of lengths. */
export function shaped<T extends TypedArray>(
  data: T,
  shape: number | readonly number[],
): T | ShapedArray<T> {
  return typeof shape === 'number' ? data : { data, shape: [...shape] };
}
