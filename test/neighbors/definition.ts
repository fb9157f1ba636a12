/** Neighbours by their definition, in plain loops, and data that is hard on other ways. */
import type { Elements, MatrixLike } from '../../src/linalg/index.ts';
import type { Metric } from '../../src/neighbors/index.ts';
import { at, numbers } from '../helpers/matrices.ts';

export const metrics: readonly Metric[] = [
  'sqeuclidean',
  'euclidean',
  'cosine',
  'dot',
  'manhattan',
  'chebyshev',
];

export function row(matrix: MatrixLike, index: number): number[] {
  return Array.from({ length: matrix.shape[1]! }, (_, j) => at(matrix, index, j));
}

function norm(v: readonly number[]): number {
  return Math.hypot(...v);
}

/** One distance, as the documentation says. */
export function distance(metric: Metric, x: readonly number[], y: readonly number[]): number {
  const d = x.length;
  let sum = 0;
  switch (metric) {
    case 'dot':
      for (let i = 0; i < d; i++) sum += x[i]! * y[i]!;
      return sum;
    case 'manhattan':
      for (let i = 0; i < d; i++) sum += Math.abs(x[i]! - y[i]!);
      return sum;
    case 'chebyshev':
      for (let i = 0; i < d; i++) sum = Math.max(sum, Math.abs(x[i]! - y[i]!));
      return sum;
    case 'cosine': {
      const [a, b] = [norm(x), norm(y)];
      if (a === 0 || b === 0) return 1;
      for (let i = 0; i < d; i++) sum += (x[i]! / a - y[i]! / b) ** 2;
      return sum / 2;
    }
    default:
      for (let i = 0; i < d; i++) sum += (x[i]! - y[i]!) ** 2;
      return metric === 'euclidean' ? Math.sqrt(sum) : sum;
  }
}

export function allDistances(metric: Metric, X: MatrixLike, Y: MatrixLike): number[][] {
  const right = Array.from({ length: Y.shape[0]! }, (_, j) => row(Y, j));
  return Array.from({ length: X.shape[0]! }, (_, i) => {
    const left = row(X, i);
    return right.map((y) => distance(metric, left, y));
  });
}

/** Indices of the nearest, ties by lower index. */
export function order(metric: Metric, distances: readonly number[]): number[] {
  const sign = metric === 'dot' ? -1 : 1;
  return [...distances.keys()].sort((a, b) => sign * (distances[a]! - distances[b]!) || a - b);
}

export type Fill = (next: () => number, index: number) => number;

/** Kinds of data; all but 'real' and 'offset' have sums that are exact in any order. */
export const kinds: Record<string, Fill> = {
  ties: (next) => Math.floor(next() * 3),
  integers: (next) => Math.floor(next() * 41) - 20,
  zeros: (next) => (next() < 0.97 ? 0 : 1),
  real: (next) => next() * 2 - 1,
  offset: (next) => 1e8 + Math.floor(next() * 4096) / 4096,
};

export interface Layout {
  readonly gap: number;
  readonly columnMajor: boolean;
  readonly flip: boolean;
}

/** A matrix of n × d, laid out; what lies between its elements is NaN. */
export function lay(
  n: number,
  d: number,
  seed: number,
  fill: Fill,
  Type: Float64ArrayConstructor | Float32ArrayConstructor,
  { gap, columnMajor, flip }: Layout,
): MatrixLike<Elements> {
  const next = numbers(seed);
  const columnStride = columnMajor ? n * gap + 1 : gap;
  let rowStride = columnMajor ? gap : d * gap + 1;
  let offset = 2;
  const data: Elements = new Type(Math.max(n * d, 1) * gap + n + d + 4).fill(Number.NaN);
  if (flip) {
    offset += Math.max(n - 1, 0) * rowStride;
    rowStride = -rowStride;
  }
  const matrix = { data, shape: [n, d], stride: [rowStride, columnStride], offset };
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) data[offset + i * rowStride + j * columnStride] = fill(next, i);
  }
  return matrix;
}

export const dense: Layout = { gap: 1, columnMajor: false, flip: false };

/** A dense matrix of n × d. */
export function data(n: number, d: number, seed: number, fill: Fill): MatrixLike<Float64Array> {
  const next = numbers(seed);
  return {
    data: Float64Array.from({ length: n * d }, (_, at) => fill(next, Math.floor(at / d))),
    shape: [n, d],
  };
}
