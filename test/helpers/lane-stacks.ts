/** Stacks of small matrices, and the kernels that work on them in lanes. */
import type { StackLike } from '../../src/linalg/index.ts';
import { native } from '../../src/native.ts';

const best = native.linalg.lanes() as 'none';
/** The kernels that this processor can run, and LAPACK alone. */
export const available = (['none', 'baseline', 'avx2', 'avx512'] as const).filter(
  (name) => native.linalg.lanes(name) !== undefined,
);
/** Takes the kernels that are taken where nobody asks. */
export const useBest = () => native.linalg.lanes(best);
useBest();

export type Kind = typeof Float64Array | typeof Float32Array;
export type Stack = StackLike<Float64Array>;

/** Epsilon of each kind of elements. */
export const epsilon = (Kind: Kind) => (Kind === Float64Array ? 2 ** -52 : 2 ** -23);

/** How the matrices of a stack lie in memory: strides of rows, columns and matrices. */
export const layouts = {
  'row-major': (m: number, n: number) => [n, 1, m * n],
  'column-major': (m: number, n: number) => [1, m, m * n],
  'rows apart': (m: number, n: number) => [n + 3, 1, m * (n + 3)],
  'every other element': (m: number, n: number) => [2 * n, 2, 2 * m * n],
  backwards: (m: number, n: number) => [-n, -1, m * n],
};
export type Layout = keyof typeof layouts;

export interface Made {
  readonly stack: Stack;
  readonly element: (k: number, i: number, j: number) => number;
}

/** A stack of `count` matrices whose elements `value` gives. */
export function make(
  Kind: Kind,
  layout: Layout,
  [count, m, n]: readonly [number, number, number],
  value: (k: number, i: number, j: number) => number,
): Made {
  const [row, column, matrix] = layouts[layout](m, n) as [number, number, number];
  const offset = row < 0 ? m * n - 1 : 0;
  const data = new Kind(count * Math.abs(matrix) + Math.abs(row) * m + 8);
  const at = (k: number, i: number, j: number) => offset + k * matrix + i * row + j * column;
  for (let k = 0; k < count; k++) {
    for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) data[at(k, i, j)] = value(k, i, j);
  }
  const stack = { data, shape: [count, m, n], stride: [matrix, row, column], offset } as never;
  return { stack, element: (k, i, j) => data[at(k, i, j)]! };
}
