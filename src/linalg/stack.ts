/**
 * Stacks of matrices: any number of axes before the last two, stretched against each other as in
 * NumPy.
 */
import {
  type AxisCount,
  type Elements,
  MAX_AXES,
  type Matrix,
  type MatrixLike,
  newMatrix,
  type Operand,
  requireElements,
  requireOut,
  sameElements,
  strided,
} from '../arrays/index.ts';
import { preview, rangeError } from '../errors.ts';
import { unwritten } from '../executor/index.ts';
import { native } from '../native.ts';
import type { Call } from './call.ts';

const STACK: AxisCount = {
  least: 1,
  most: MAX_AXES,
  expected: `an array of 1 to ${MAX_AXES} lengths`,
};

function checked<D extends Elements>(name: string, value: MatrixLike<D>): Matrix<D> {
  requireElements(name, value);
  return strided(name, value, STACK);
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
function stackOf<D extends Elements>(of: Matrix<D>, axes: readonly number[]): Operand<D> {
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
function asMatrix<D extends Elements>(of: Matrix<D>, row: boolean): Matrix<D> {
  if (of.shape.length > 1) return of;
  const [length] = of.shape as [number];
  const [step] = of.stride as [number];
  return row
    ? { ...of, shape: [1, length], stride: [Math.max(length, 1), step] }
    : { ...of, shape: [length, 1], stride: [step, 1] };
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
  const result = place(options.out, left, shape);
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
  like: Matrix<D>,
  shape: readonly number[],
): Matrix<D> {
  if (out === undefined) return newMatrix(like.data, shape, unwritten);
  const given = checked('out', out);
  sameElements('out.data', like, given);
  requireOut(given, shape);
  return given;
}
