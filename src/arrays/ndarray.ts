/**
 * Arrays with a shape: what every numeric module takes and returns.
 */
import { types } from 'node:util';

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

/** The typed arrays that elements lie in. */
export type TypedArray = DTypes[DType];

/** Elements that BLAS computes with: float64 or float32. */
export type Elements = Float64Array | Float32Array;

/**
 * What is taken as an array with a shape, over a typed array that may lie in any ArrayBuffer or
 * SharedArrayBuffer. An `ndarray` of scijs is one.
 */
export interface NdArrayLike<D = TypedArray> {
  readonly data: D;
  /** Length of each axis, outermost first. */
  readonly shape: readonly number[];
  /** Elements from one entry of each axis to the next; row-major where it is missing. */
  readonly stride?: readonly number[] | undefined;
  /** Index in `data` of the first element; 0 where it is missing. */
  readonly offset?: number | undefined;
}

/** A result: nothing is left out. Row-major where a function does not say otherwise. */
export interface NdArray<D = TypedArray> {
  readonly data: D;
  readonly shape: number[];
  readonly stride: number[];
  readonly offset: number;
}

/** Whether a value looks like an array with a shape; nothing of it has been checked yet. */
export function isNdArray(value: unknown): value is NdArrayLike<TypedArray> {
  return (
    typeof value === 'object' &&
    value !== null &&
    ArrayBuffer.isView((value as NdArrayLike).data) &&
    Array.isArray((value as NdArrayLike).shape)
  );
}

/** Whether a value is a float64 or float32 array, of whatever realm: a test runner may have its own. */
export function isElements(value: unknown): value is Elements {
  return types.isFloat64Array(value) || types.isFloat32Array(value);
}
