/**
 * Stacks of matrices: any number of axes before the last two, stretched against each other as in
 * NumPy.
 */
import { preview, rangeError, typeError } from '../errors.ts';
import { unwritten } from '../executor/index.ts';
import { native } from '../native.ts';
import type { Call } from './call.ts';
import {
  type Elements,
  isElements,
  isSize,
  MAX_ELEMENTS,
  type Matrix,
  type MatrixLike,
  newMatrix,
  type Operand,
  sameElements,
} from './matrix.ts';

/** Axes before the last two; NumPy has 32 in all. */
const MAX_AXES = 30;

/** A checked array of any number of axes. */
interface Axes<D extends Elements> {
  readonly data: D;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
}

function rowMajor(shape: readonly number[]): number[] {
  const stride = new Array<number>(shape.length);
  let length = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    stride[axis] = length;
    length *= shape[axis] as number;
  }
  return stride;
}

/** The lowest and highest index that is reached; nothing where there is no element. */
function reach(of: Axes<Elements>): [number, number] | undefined {
  let first = of.offset;
  let last = of.offset;
  for (const [axis, length] of of.shape.entries()) {
    if (length === 0) return undefined;
    const span = (length - 1) * (of.stride[axis] as number);
    first += Math.min(span, 0);
    last += Math.max(span, 0);
  }
  return [first, last];
}

function checked<D extends Elements>(name: string, value: MatrixLike<D>): Axes<D> {
  if (value === null || typeof value !== 'object' || !isElements(value.data)) {
    throw typeError(name, value, '{ data: Float64Array | Float32Array, shape }');
  }
  const { data } = value;
  const shape = [...value.shape];
  const offset = value.offset ?? 0;
  if (shape.length < 1 || shape.length > MAX_AXES + 2) {
    throw rangeError(`${name}.shape`, shape, `an array of 1 to ${MAX_AXES + 2} lengths`);
  }
  if (!shape.every(isSize)) {
    throw rangeError(`${name}.shape`, shape, 'lengths that are whole numbers of at least 0');
  }
  if (shape.reduce((product, length) => product * length, 1) > MAX_ELEMENTS) {
    throw rangeError(`${name}.shape`, shape, 'the shape of at most 2 ** 48 elements');
  }
  let stride = rowMajor(shape);
  if (value.stride !== undefined) {
    if (!Array.isArray(value.stride) || value.stride.length !== shape.length) {
      throw typeError(`${name}.stride`, value.stride, 'an array as long as the shape');
    }
    stride = [...value.stride];
    if (!stride.every(Number.isSafeInteger)) {
      throw rangeError(`${name}.stride`, stride, 'whole numbers');
    }
  }
  if (!isSize(offset)) throw rangeError(`${name}.offset`, offset, 'a whole number of at least 0');
  const result = { data, shape, stride, offset };
  const range = reach(result);
  if (range !== undefined && !(range[0] >= 0 && range[1] < data.length)) {
    throw rangeError(
      name,
      { shape, stride, offset },
      `inside its data (it reaches from ${range[0]} to ${range[1]} of ${data.length} elements)`,
    );
  }
  return result;
}

/** The axes before the last two, after the stretching of axes of length one. */
function stretched(a: readonly number[], b: readonly number[]): number[] {
  const count = Math.max(a.length, b.length);
  return Array.from({ length: count }, (_, axis) => {
    const one = a[axis - (count - a.length)] ?? 1;
    const other = b[axis - (count - b.length)] ?? 1;
    if (one !== other && one !== 1 && other !== 1) {
      throw rangeError(
        'b.shape',
        b,
        `of axes that are equal to those of 'a' (${preview(a)}) or 1, before the last two`,
      );
    }
    return one === 1 ? other : one;
  });
}

/** An array as a stack along `axes`; its last two axes are the matrix. */
function stackOf<D extends Elements>(of: Axes<D>, axes: readonly number[]): Operand<D> {
  const own = of.shape.length - 2;
  const numbers = [axes.length];
  for (const [axis, length] of axes.entries()) {
    const at = axis - (axes.length - own);
    const repeats = at < 0 || of.shape[at] !== length;
    numbers.push(length, repeats ? 0 : (of.stride[at] as number));
  }
  return {
    data: of.data,
    rows: of.shape[own] as number,
    columns: of.shape[own + 1] as number,
    offset: of.offset,
    rowStride: of.stride[own] as number,
    columnStride: of.stride[own + 1] as number,
    vector: false,
    axes: numbers,
  };
}

/** A vector as one row or one column; the axis that is added is taken away from the result. */
function asMatrix<D extends Elements>(of: Axes<D>, row: boolean): Axes<D> {
  if (of.shape.length > 1) return of;
  const [length] = of.shape as [number];
  const [step] = of.stride as [number];
  return row
    ? { ...of, shape: [1, length], stride: [Math.max(length, 1), step] }
    : { ...of, shape: [length, 1], stride: [step, 1] };
}

/** Whether no two elements coincide: each axis steps over all that the smaller steps reach. */
function distinct(of: Axes<Elements>): boolean {
  const axes = of.shape
    .map((length, axis) => [length, Math.abs(of.stride[axis] as number)] as const)
    .filter(([length]) => length > 1)
    .sort((one, other) => one[1] - other[1]);
  let reached = 0;
  for (const [length, stride] of axes) {
    if (stride <= reached) return false;
    reached += (length - 1) * stride;
  }
  return true;
}

function meet(one: Axes<Elements>, other: Axes<Elements>): boolean {
  if (one.data.buffer !== other.data.buffer) return false;
  const a = reach(one);
  const b = reach(other);
  if (a === undefined || b === undefined) return false;
  const start = (of: Axes<Elements>) => of.data.byteOffset / of.data.BYTES_PER_ELEMENT;
  return a[0] + start(one) <= b[1] + start(other) && b[0] + start(other) <= a[1] + start(one);
}

/** The product of stacks of matrices, of which at least one has more than two axes. */
export function planMatmulStack<D extends Elements>(
  a: MatrixLike<D>,
  b: MatrixLike<D>,
  options: { out?: MatrixLike<D> | undefined; threads?: number | undefined },
): Call<Matrix<D>> {
  const left = checked('a', a);
  const right = checked('b', b);
  const one = asMatrix(left, true);
  const other = asMatrix(right, false);
  const axes = stretched(one.shape.slice(0, -2), other.shape.slice(0, -2));
  const rows = one.shape.at(-2) as number;
  const columns = other.shape.at(-1) as number;
  if (one.shape.at(-1) !== other.shape.at(-2)) {
    throw rangeError(
      'b.shape',
      right.shape,
      `that of as many rows as 'a' has columns (${one.shape.at(-1)}; its shape is ` +
        `[${left.shape.join(', ')}])`,
    );
  }
  const shape = [...axes];
  if (left.shape.length > 1) shape.push(rows);
  if (right.shape.length > 1) shape.push(columns);
  const result = place(options.out, left, shape, [left, right]);
  // The axis of a vector, taken away from the result, is put back as one of length one.
  const whole = {
    ...result,
    shape: [...axes, rows, columns],
    stride: [...result.stride],
  };
  if (left.shape.length === 1) whole.stride.splice(axes.length, 0, Math.max(columns, 1));
  if (right.shape.length === 1) whole.stride.push(1);
  const operands = [stackOf(one, axes), stackOf(other, axes), stackOf(whole, axes)] as const;
  sameElements('b.data', operands[0], operands[1]);
  return {
    operation: native.linalg.matmulStack,
    operands,
    threads: options.threads,
    finish: () => result,
  };
}

function place<D extends Elements>(
  out: MatrixLike<D> | undefined,
  like: Axes<D>,
  shape: readonly number[],
  operands: readonly Axes<Elements>[],
): Matrix<D> {
  if (out === undefined) return newMatrix(like.data, shape, unwritten);
  const given = checked('out', out);
  if (given.data.constructor !== like.data.constructor) {
    throw typeError('out.data', given.data, `a ${like.data.constructor.name} like the operands`);
  }
  if (given.shape.length !== shape.length || given.shape.some((n, axis) => n !== shape[axis])) {
    throw rangeError('out.shape', given.shape, `[${shape.join(', ')}]`);
  }
  if (!distinct(given)) {
    throw rangeError('out.stride', given.stride, 'strides under which no two elements coincide');
  }
  if (operands.some((operand) => meet(operand, given))) {
    throw rangeError('out', out, 'a matrix that shares no element with the operands');
  }
  return { data: given.data, shape: [...shape], stride: [...given.stride], offset: given.offset };
}
