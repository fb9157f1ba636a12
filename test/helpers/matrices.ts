/** Matrices for tests, and the plain loops that results are compared with. */
import type { Elements, MatrixLike, StackLike } from '../../src/linalg/index.ts';

/** A small generator with a seed (mulberry32): tests must not depend on the one under test. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function randomMatrix(rows: number, columns: number, seed = 1): MatrixLike<Float64Array> {
  const next = numbers(seed);
  const data = Float64Array.from({ length: rows * columns }, () => 2 * next() - 1);
  return { data, shape: [rows, columns] };
}

/** Element of a matrix or vector, by the definition of strides. */
export function at(matrix: MatrixLike, row: number, column = 0): number {
  const stride = matrix.stride ?? (matrix.shape.length === 1 ? [1] : [matrix.shape[1]!, 1]);
  return matrix.data[(matrix.offset ?? 0) + row * stride[0]! + column * (stride[1] ?? 0)]!;
}

export function rowsOf(matrix: MatrixLike): number[][] {
  return Array.from({ length: matrix.shape[0]! }, (_, i) =>
    Array.from({ length: matrix.shape[1] ?? 1 }, (_, j) => at(matrix, i, j)),
  );
}

/** The product by its definition. */
export function productOf(a: MatrixLike, b: MatrixLike): number[][] {
  const left = rowsOf(a);
  const right = rowsOf(b);
  return left.map((row) =>
    Array.from({ length: right[0]?.length ?? 0 }, (_, j) =>
      row.reduce((sum, value, k) => sum + value * right[k]![j]!, 0),
    ),
  );
}

/** The transpose, without a copy. */
export function transposeOf<D extends Elements>(matrix: MatrixLike<D>): MatrixLike<D> {
  const stride = matrix.stride ?? [matrix.shape[1]!, 1];
  return {
    data: matrix.data,
    shape: [matrix.shape[1]!, matrix.shape[0]!],
    stride: [stride[1]!, stride[0]!],
    offset: matrix.offset,
  };
}

export function float32(matrix: MatrixLike<Float64Array>): MatrixLike<Float32Array> {
  return { ...matrix, data: Float32Array.from(matrix.data) };
}

/** Largest absolute difference. */
export function distance(a: number[][], b: number[][]): number {
  let worst = a.length === b.length ? 0 : Number.POSITIVE_INFINITY;
  for (const [i, row] of a.entries()) {
    if (row.length !== b[i]?.length) return Number.POSITIVE_INFINITY;
    for (const [j, value] of row.entries()) {
      const difference = Math.abs(value - b[i]![j]!);
      if (!(difference <= worst)) worst = difference;
    }
  }
  return worst;
}

/** A stack with the given axes of random m × n; symmetric and positive definite if asked for. */
export function stackOf(
  axes: readonly number[],
  m: number,
  n: number,
  seed: number,
  definite = false,
) {
  const next = numbers(seed);
  const count = axes.reduce((product, length) => product * length, 1);
  const data = new Float64Array(count * m * n);
  for (let i = 0; i < count; i++) {
    const one = Array.from({ length: m * n }, () => 2 * next() - 1);
    for (let r = 0; r < m; r++) {
      for (let c = 0; c < n; c++) {
        data[(i * m + r) * n + c] = definite
          ? (one[r * n + c]! + one[c * n + r]!) / 2 + (r === c ? n + 1 : 0)
          : one[r * n + c]! + (r === c ? 0.5 : 0);
      }
    }
  }
  return { data, shape: [...axes, m, n] as unknown as StackLike<Float64Array>['shape'] };
}
