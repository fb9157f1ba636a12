/**
 * What neighbours say together: weights, votes and means.
 */
import { type Matrix, type MatrixLike, newMatrix, operand } from '../arrays/index.ts';
import { preview, rangeError, typeError } from '../errors.ts';
import type { Neighbors } from './argkmin.ts';

/** The class of a row. */
export type Label = number | string | boolean | bigint;

/** How neighbours count. */
export type Weights = 'uniform' | 'distance';

/** What rows were fitted with: labels, values, or both readings of one array of numbers. */
export interface Targets {
  readonly labels?: ArrayLike<Label>;
  /** m × width, row-major. */
  readonly values?: ArrayLike<number>;
  readonly width: number;
  /** Whether values were given as one for each row. */
  readonly vector: boolean;
}

function isMatrix(y: unknown): y is MatrixLike {
  return typeof y === 'object' && y !== null && 'data' in y && 'shape' in y;
}

/** Checks what `fit` was given for y; labels are kept as they are, values row-major. */
export function asTargets<L extends Label>(y: ArrayLike<L> | MatrixLike, rows: number): Targets {
  if (isMatrix(y)) {
    const given = operand('y', y);
    if (given.rows !== rows) throw rangeError('y.shape', y.shape, `of ${rows} rows, as X is`);
    const values = new Float64Array(rows * given.columns);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < given.columns; j++) {
        const at = given.offset + i * given.rowStride + j * given.columnStride;
        values[i * given.columns + j] = given.data[at]!;
      }
    }
    return given.vector
      ? { values, labels: values, width: 1, vector: true }
      : { values, width: given.columns, vector: false };
  }
  if (typeof y !== 'object' || y === null || typeof (y as ArrayLike<L>).length !== 'number') {
    throw typeError('y', y, 'an array with one entry for each row of X, or a matrix');
  }
  if (y.length !== rows) {
    throw rangeError('y.length', y.length, `${rows}, as many as X has rows`);
  }
  const numeric = typeof y[0] === 'number';
  return {
    labels: y,
    width: 1,
    vector: true,
    ...(numeric ? { values: y as unknown as ArrayLike<number> } : {}),
  };
}

/** The distinct labels in ascending order (strings by code units), and the place of each row's. */
export function classesOf<L extends Label>(labels: ArrayLike<L>) {
  const distinct = new Set<L>();
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label === undefined || label === null || Number.isNaN(label)) {
      throw rangeError(`y[${i}]`, label, 'a label');
    }
    distinct.add(label);
  }
  const classes = [...distinct].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const place = new Map(classes.map((label, index) => [label, index]));
  const codes = new Int32Array(labels.length);
  for (let i = 0; i < labels.length; i++) codes[i] = place.get(labels[i]!)!;
  return { classes: classes as readonly L[], codes };
}

/** The weight of each of n × k neighbours; those of one row sum to 1. */
export function weigh(
  distances: ArrayLike<number>,
  n: number,
  k: number,
  weights: Weights,
): Float64Array {
  const result = new Float64Array(n * k).fill(1 / k);
  if (weights === 'uniform') return result;
  for (let i = 0; i < n; i++) {
    const first = i * k;
    // Sorted, so the nearest is at the start; what is at the same place overrules the rest.
    const atPlace = distances[first] === 0;
    let sum = 0;
    for (let at = first; at < first + k; at++) {
      const distance = distances[at]!;
      const weight = atPlace ? (distance === 0 ? 1 : 0) : distances[first]! / distance;
      result[at] = weight;
      sum += weight;
    }
    for (let at = first; at < first + k; at++) result[at]! /= sum;
  }
  return result;
}

/** The label with the most votes in each row; of several the first. */
export function mostVoted<L extends Label>(
  votes: Matrix<Float64Array>,
  classes: readonly L[],
): L[] {
  const width = classes.length;
  return Array.from({ length: votes.shape[0]! }, (_, i) => {
    let best = 0;
    for (let c = 1; c < width; c++) {
      // Sums of thirds that should be equal may differ in their last digits.
      if (votes.data[i * width + c]! > votes.data[i * width + best]! * (1 + 1e-12)) best = c;
    }
    return classes[best]!;
  });
}

/** The weighted means of the neighbours' values. */
export function weightedMeans(
  found: Neighbors,
  targets: Targets,
  weights: Weights,
): Matrix<Float64Array> {
  const [n = 0, k = 0] = found.indices.shape;
  const { width } = targets;
  const values = targets.values!;
  const share = weigh(found.distances.data, n, k, weights);
  const result = newMatrix(new Float64Array(0), targets.vector ? [n] : [n, width]);
  for (let i = 0; i < n; i++) {
    for (let at = i * k; at < (i + 1) * k; at++) {
      const from = found.indices.data[at]! * width;
      for (let j = 0; j < width; j++) {
        const value = values[from + j]!;
        if (typeof value !== 'number') throw typeError('y', preview(value), 'given as numbers');
        result.data[i * width + j]! += share[at]! * value;
      }
    }
  }
  return result;
}
