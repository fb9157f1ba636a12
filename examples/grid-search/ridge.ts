/**
 * A kernel ridge classifier and its cross-validation: what runs inside the workers.
 *
 * For one γ and one fold, the kernel matrix of the training rows is formed by `gram`; then, for each
 * α, K + αI is factored by `cholesky`, and the ten one-hot targets are solved for at once. BLAS has
 * threads of its own, so this inside workers is nested parallelism.
 */
import { choleskySync, gramSync, type Matrix, matmulSync, solveSync } from 'heddle/linalg';

/** What every worker needs: sent once, its arrays shared. */
export interface Digits {
  /** n × d, one row an image. */
  readonly pixels: Float64Array;
  readonly labels: Float64Array;
  readonly columns: number;
  readonly classes: number;
  readonly folds: number;
  readonly alphas: readonly number[];
}

/** One γ on one fold; row i belongs to fold i mod folds. */
export interface Task {
  readonly gamma: number;
  readonly fold: number;
}

/** Accuracy on the held-out rows for each α. */
export interface Score extends Task {
  readonly accuracies: number[];
}

function rowsOf(
  from: Float64Array,
  columns: number,
  rows: readonly number[],
): Matrix<Float64Array> {
  const data = new Float64Array(rows.length * columns);
  for (const [at, row] of rows.entries()) {
    data.set(from.subarray(row * columns, (row + 1) * columns), at * columns);
  }
  return { data, shape: [rows.length, columns], stride: [columns, 1], offset: 0 };
}

/** |x|² of each row. */
function squaredNorms({ data, shape }: Matrix<Float64Array>): Float64Array {
  const [rows, columns] = shape as [number, number];
  const norms = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let j = i * columns; j < (i + 1) * columns; j++) sum += (data[j] as number) ** 2;
    norms[i] = sum;
  }
  return norms;
}

/** Turns inner products into exp(−γ |x − y|²), in place. */
function radialBasis(
  products: Matrix<Float64Array>,
  left: Float64Array,
  right: Float64Array,
  gamma: number,
): void {
  const { data } = products;
  for (let i = 0, at = 0; i < left.length; i++) {
    for (let j = 0; j < right.length; j++, at++) {
      const distance = (left[i] as number) + (right[j] as number) - 2 * (data[at] as number);
      data[at] = Math.exp(-gamma * Math.max(distance, 0));
    }
  }
}

/** Cross-validates one γ on one fold, for all α. */
export function score(digits: Digits, { gamma, fold }: Task): Score {
  const { pixels, labels, columns, classes, folds, alphas } = digits;
  const all = Array.from(labels, (_, row) => row);
  const training = all.filter((row) => row % folds !== fold);
  const testing = all.filter((row) => row % folds === fold);
  const x = rowsOf(pixels, columns, training);
  const y = rowsOf(pixels, columns, testing);
  const n = training.length;

  const kernel = gramSync(x, { transpose: true });
  const norms = squaredNorms(x);
  radialBasis(kernel, norms, norms, gamma);
  const transposed = { data: x.data, shape: [columns, n], stride: [1, columns] };
  const across = matmulSync(y, transposed);
  radialBasis(across, squaredNorms(y), norms, gamma);

  const targets = { data: new Float64Array(n * classes), shape: [n, classes] };
  for (const [at, row] of training.entries())
    targets.data[at * classes + (labels[row] as number)] = 1;

  const factor = { data: new Float64Array(n * n), shape: [n, n] };
  const accuracies = alphas.map((alpha) => {
    for (let i = 0; i < n; i++) kernel.data[i * n + i] = 1 + alpha;
    const lower = choleskySync(kernel, { out: factor });
    const half = solveSync(lower, targets, { assume: 'lower triangular' });
    const weights = solveSync(lower, half, { assume: 'lower triangular', transpose: true });
    const scores = matmulSync(across, weights).data;
    const right = testing.filter((row, at) => {
      const ofRow = scores.subarray(at * classes, (at + 1) * classes);
      return ofRow.indexOf(Math.max(...ofRow)) === labels[row];
    });
    return right.length / testing.length;
  });
  return { gamma, fold, accuracies };
}
