/**
 * What the operations take besides matrices over float64 and float32: vectors and nested arrays as
 * they are, and integers.
 */
import {
  type Elements,
  isElements,
  isNdArray,
  type Matrix,
  type MatrixLike,
  type NdArrayLike,
  rowMajor,
  shaped,
  strided,
  type TypedArray,
} from '../arrays/index.ts';
import { INVALID_ARGUMENT, rangeError, typeError } from '../errors.ts';

/** Integers, which are converted exactly. */
export type Integers = Exclude<TypedArray, Elements>;

/** Numbers in arrays: of numbers a vector, of arrays of numbers the rows of a matrix, and so on. */
export type NestedNumbers = readonly number[] | readonly NestedNumbers[];

/**
 * What is taken as a vector, a matrix or a stack of matrices: `{ data, shape, stride?, offset? }`, a
 * typed array (a vector) or nested arrays of numbers. Integers and nested arrays take the element
 * type of the other operand, and float64 where there is none.
 */
export type MatrixInput<D extends Elements = Elements> =
  | MatrixLike<D>
  | D
  | NdArrayLike<Integers>
  | Integers
  | NestedNumbers;

/** Three lengths or more. */
type StackShape = [number, number, number, ...number[]];

/**
 * A stack of matrices: an array whose type says that it has more than two axes. (The second shape is
 * that of `as const`; with the first one `as StackLike` will do.)
 */
export interface StackLike<D extends Elements = Elements> extends MatrixLike<D> {
  readonly shape: StackShape | Readonly<StackShape>;
}

function isTypedArray(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function isComplex(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    (('re' in value && 'im' in value) ||
      /^complex/.test(String((value as { dtype?: string }).dtype)))
  );
}

function complexError(name: string): TypeError {
  const error = new TypeError(
    `'${name}' has complex elements, which no operation takes: real and imaginary parts are ` +
      'matrices of their own',
  );
  return Object.assign(error, { code: INVALID_ARGUMENT });
}

/** The element type that a value has by itself. */
function kindOf(value: unknown): Elements | undefined {
  if (isElements(value)) return value;
  const data = (value as { data?: unknown } | null | undefined)?.data;
  return isElements(data) ? data : undefined;
}

function newElements(like: Elements | undefined, length: number): Elements {
  return like instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}

function convert(name: string, from: TypedArray, like: Elements | undefined): Elements {
  const to = newElements(like, from.length);
  for (let i = 0; i < from.length; i++) {
    const value = from[i] as number | bigint;
    to[i] = Number(value);
    const held = to[i] as number;
    if (typeof value === 'bigint' ? BigInt(held) !== value : held !== value) {
      throw rangeError(
        `${name}.data[${i}]`,
        value,
        `an integer that a ${to.constructor.name} holds`,
      );
    }
  }
  return to;
}

function fromNested(name: string, nested: readonly unknown[], like: Elements | undefined) {
  const shape: number[] = [];
  for (let level: unknown = nested; Array.isArray(level); level = level[0]) {
    shape.push(level.length);
    if (level.length === 0) break;
  }
  const data = newElements(
    like,
    shape.reduce((product, length) => product * length, 1),
  );
  let at = 0;
  const visit = (level: unknown, axis: number, where: string): void => {
    if (axis === shape.length) {
      if (typeof level !== 'number') {
        if (isComplex(level)) throw complexError(name);
        throw typeError(where, level, 'a number');
      }
      data[at++] = level;
      return;
    }
    const right = `an array of length ${shape[axis]}, as the others beside it`;
    if (!Array.isArray(level)) throw typeError(where, level, right);
    if (level.length !== shape[axis]) throw rangeError(where, level, right);
    for (const [index, entry] of level.entries()) visit(entry, axis + 1, `${where}[${index}]`);
  };
  visit(nested, 0, name);
  return shaped(data, shape);
}

/**
 * A value as an array with a shape over float64 or float32; nothing of an array that is one already
 * is checked.
 *
 * @param name - as the caller knows it
 * @param value - what was given
 * @param like - elements whose type integers and nested arrays take; float64 where it is missing
 * @throws TypeError where it is no such array, or complex; RangeError for an integer that the
 *   element type does not hold, and for rows of different lengths
 */
export function take<D extends Elements>(
  name: string,
  value: MatrixInput<D>,
  like?: Elements,
): MatrixLike<D> {
  const data = (value as { data?: unknown } | null | undefined)?.data;
  if (isElements(data)) {
    if ((value as { dtype?: unknown }).dtype !== undefined && isComplex(value)) {
      throw complexError(name);
    }
    return value as MatrixLike<D>;
  }
  if (isElements(value)) return { data: value as D, shape: [value.length] };
  if (Array.isArray(value)) return fromNested(name, value, like) as MatrixLike<Elements> as never;
  if (isTypedArray(value)) {
    return { data: convert(name, value, like), shape: [value.length] } as MatrixLike as never;
  }
  if (isComplex(value)) throw complexError(name);
  if (isNdArray(value) && isTypedArray(value.data)) {
    const array = strided(name, value as NdArrayLike<Integers>);
    return shaped(convert(name, rowMajor(array), like), array.shape) as MatrixLike as never;
  }
  throw typeError(
    name,
    value,
    '{ data: Float64Array | Float32Array, shape }, a typed array or nested arrays of numbers',
  );
}

/** Two operands of one element type. */
export function takeBoth<D extends Elements>(
  name: string,
  value: MatrixInput<D>,
  otherName: string,
  other: MatrixInput<D>,
): [MatrixLike<D>, MatrixLike<D>] {
  const one = take<D>(name, value, kindOf(other));
  return [one, take<D>(otherName, other, one.data)];
}

/**
 * A matrix (or vector, or stack) of nested arrays of numbers, or of anything else that the
 * operations take.
 *
 * @param rows - the rows, or numbers of a vector
 * @param options - `dtype`: `'float64'` (default) or `'float32'`
 * @returns a new row-major array
 * @throws TypeError or RangeError for what is no array of numbers, or has rows of different lengths
 *
 * @example
 * ```ts
 * const a = matrix([[2, 1], [1, 3]]);
 * const x = solveSync(a, [1, 2]); // x.data is [0.2, 0.6]
 * ```
 */
export function matrix(rows: MatrixInput, options: { dtype: 'float32' }): Matrix<Float32Array>;
export function matrix(
  rows: MatrixInput,
  options?: { dtype?: 'float64' | undefined },
): Matrix<Float64Array>;
export function matrix(
  rows: MatrixInput,
  options: { dtype?: 'float64' | 'float32' | undefined } = {},
): Matrix {
  const { dtype = 'float64' } = options;
  if (dtype !== 'float64' && dtype !== 'float32') {
    throw typeError('dtype', dtype, "'float64' or 'float32'");
  }
  const array = strided('rows', take('rows', rows));
  const Type = dtype === 'float64' ? Float64Array : Float32Array;
  return shaped(new Type(rowMajor(array)), array.shape);
}

/** The nested arrays that {@link toArray} makes. */
export type NestedArray = number | NestedArray[];

/**
 * An array's elements as nested arrays of numbers: of a vector an array, of a matrix an array of
 * rows; of an array without axes its one number.
 *
 * @param array - any array with a shape over numbers
 * @throws as {@link matrix}
 */
export function toArray(array: MatrixInput): NestedArray {
  const { data, shape, stride, offset } = strided('array', take('array', array));
  const visit = (axis: number, at: number): NestedArray =>
    axis === shape.length
      ? (data[at] as number)
      : Array.from({ length: shape[axis] as number }, (_, i) =>
          visit(axis + 1, at + i * (stride[axis] as number)),
        );
  return visit(0, offset);
}
