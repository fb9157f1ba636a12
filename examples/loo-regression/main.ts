/**
 * Leave-one-out of a ridge regression on the diabetes data: 442 fits for each penalty, in parallel.
 *
 *   npx tsx examples/loo-regression/main.ts
 */
import { map } from 'heddle';
import { gramSync, matmulSync, solveSync } from 'heddle/linalg';
import { readTable } from '../data/read.ts';

const { values: raw, columns: d } = readTable('diabetes_data_raw.csv.gz');
const { values: y } = readTable('diabetes_target.csv.gz');
const n = y.length;

// Standardised columns, and a column of ones for the intercept.
const x = new Float64Array(n * (d + 1)).fill(1);
for (let j = 0; j < d; j++) {
  const column = Float64Array.from({ length: n }, (_, i) => raw[i * d + j] as number);
  const mean = column.reduce((a, b) => a + b) / n;
  const deviation = Math.sqrt(column.reduce((a, b) => a + (b - mean) ** 2, 0) / n);
  for (let i = 0; i < n; i++) x[i * (d + 1) + j] = ((column[i] as number) - mean) / deviation;
}

/** Predicts row `left` from all others, for one penalty: solves (XᵀX + αI) w = Xᵀy. */
function predict(left: number, alpha: number): number {
  const width = d + 1;
  const rows = new Float64Array((n - 1) * width);
  rows.set(x.subarray(0, left * width));
  rows.set(x.subarray((left + 1) * width), left * width);
  const others = new Float64Array(n - 1);
  others.set(y.subarray(0, left));
  others.set(y.subarray(left + 1), left);

  const normal = gramSync({ data: rows, shape: [n - 1, width] });
  for (let j = 0; j < d; j++) normal.data[j * width + j]! += alpha; // not the intercept
  const right = matmulSync({ data: others, shape: [n - 1] }, { data: rows, shape: [n - 1, width] });
  const weights = solveSync(normal, right, { assume: 'positive definite' });
  const row = { data: x, shape: [width], offset: left * width };
  return matmulSync(row, weights).data[0] as number;
}

/** The same without leaving any out: with the hat matrix H, the error of row i is eᵢ / (1 − Hᵢᵢ). */
function closedForm(alpha: number): number {
  const width = d + 1;
  const all = { data: x, shape: [n, width] };
  const normal = gramSync(all);
  for (let j = 0; j < d; j++) normal.data[j * width + j]! += alpha;
  const transposed = { data: x, shape: [width, n], stride: [1, width] };
  const hat = matmulSync(all, solveSync(normal, transposed)).data;
  const fitted = matmulSync({ data: hat, shape: [n, n] }, { data: y, shape: [n] }).data;
  let squares = 0;
  for (let i = 0; i < n; i++) {
    squares += (((y[i] as number) - (fitted[i] as number)) / (1 - (hat[i * n + i] as number))) ** 2;
  }
  return Math.sqrt(squares / n);
}

console.log('Leave-one-out error (root mean square) of a ridge regression on 442 patients');
console.log('  penalty   by 442 fits   in closed form');
for (const alpha of [0.1, 1, 10, 100, 1000]) {
  const rows = Array.from({ length: n }, (_, row) => row);
  const predictions = await map(rows, (row) => predict(row, alpha));
  const squares = predictions.reduce((sum, value, i) => sum + (value - (y[i] as number)) ** 2, 0);
  const fits = Math.sqrt(squares / n).toFixed(4);
  console.log(
    `  ${String(alpha).padStart(7)}   ${fits.padStart(11)}   ${closedForm(alpha).toFixed(4)}`,
  );
}
