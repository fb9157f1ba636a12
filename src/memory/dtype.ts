/**
 * Element types by name.
 */
import {
  type DType,
  type NdArray,
  type NdArrayLike,
  shaped,
  type TypedArray,
} from '../arrays/index.ts';
import { typeError } from '../errors.ts';

/** An array with a shape, row-major: what the linear algebra takes and returns. */
export type ShapedArray<T extends TypedArray = TypedArray> = NdArrayLike<T>;

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
    if (array?.[Symbol.toStringTag] === type.name) return name as DType;
  }
  throw typeError('array', array, 'a typed array');
}

/** An array alone for a length, with its shape for a list of lengths. */
export function arrayOrShaped<T extends TypedArray>(
  data: T,
  shape: number | readonly number[],
): T | NdArray<T> {
  return typeof shape === 'number' ? data : shaped(data, shape);
}
