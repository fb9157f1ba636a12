/**
 * What the tests after NumPy's own suite share.
 */
import { expect } from 'vitest';
import * as linalg from '../../src/linalg/index.ts';

export type Nested = linalg.NestedArray;
export const { POSITIVE_INFINITY: INF, NEGATIVE_INFINITY, NaN: NAN } = Number;
export const INVALID = { code: 'ERR_HEDDLE_INVALID_ARGUMENT' };
export const zeros = (...shape: number[]) => ({
  data: new Float64Array(shape.reduce((product, length) => product * length, 1)),
  shape,
});
export const eye = (n: number) =>
  linalg.matrix(
    Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => +(i === j))),
  );

export function close(actual: Nested, expected: Nested, digits = 12): void {
  if (typeof expected === 'number') {
    expect(actual).toBeCloseTo(expected, digits);
    return;
  }
  expect((actual as Nested[]).length).toBe(expected.length);
  for (const [i, each] of expected.entries()) close((actual as Nested[])[i]!, each, digits);
}

export const a34 = [
  [1, 2, 3],
  [3, 4, 6.5],
  [7, 8, 11],
];
export const square = [
  [1, 2],
  [3, 4],
];
/** As NumPy stacks its cases: the matrix, and two multiples. */
export const three = {
  data: Float64Array.from([1, 2, 3].flatMap((f) => square.flat().map((x) => x * f))),
  shape: [3, 2, 2] as [number, number, number],
};

/** The product of some matrices, as nested arrays. */
export const product = (...all: linalg.MatrixInput[]): number[][] =>
  linalg.toArray(linalg.multiDotSync(all as never)) as number[][];
export const transposed = (a: Nested): number[][] =>
  (a as number[][])[0]!.map((_, j) => (a as number[][]).map((row) => row[j]!));
