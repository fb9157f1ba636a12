/**
 * What the rows that a model is fitted with stand for: classes, values, or several of either.
 */
import { isNdArray, type MatrixLike, operand } from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';

/** The class of a row. */
export type Label = number | string | boolean | bigint;

/** What `fit` takes for y: an entry for each row, or a list of entries for each. */
export type TargetsLike<L extends Label> = ArrayLike<L> | ArrayLike<ArrayLike<L>> | MatrixLike;

/** Targets, row-major; the fields are what travels to a worker. */
export interface Targets {
  /** m × outputs. */
  readonly cells: ArrayLike<Label>;
  readonly outputs: number;
  /** Whether there was one entry for each row, not a list. */
  readonly vector: boolean;
}

/** Targets as classes. */
export interface Classification {
  /** For each output its classes, in ascending order. */
  readonly classes: readonly (readonly Label[])[];
  /** m × outputs: which of its output's classes. */
  readonly codes: Int32Array;
  /** Where each output's classes begin among all; the last entry is how many there are in all. */
  readonly starts: Int32Array;
}

const RIGHT = 'an array with one entry, or a list of entries, for each row of X, or a matrix';

/**
 * Checks what `fit` was given for y. An array of one entry for each row is kept as it is, lists are
 * copied.
 */
export function asTargets(y: unknown, rows: number): Targets {
  if (isNdArray(y)) return matrixTargets(y as unknown as MatrixLike, rows);
  if (typeof y !== 'object' || y === null || typeof (y as ArrayLike<unknown>).length !== 'number') {
    throw typeError('y', y, RIGHT);
  }
  const list = y as ArrayLike<unknown>;
  if (list.length !== rows) {
    throw rangeError('y.length', list.length, `${rows}, as many as X has rows`);
  }
  if (!isList(list[0])) return { cells: list as ArrayLike<Label>, outputs: 1, vector: true };
  const outputs = list[0].length;
  if (outputs === 0) throw rangeError('y[0].length', 0, 'at least 1');
  const cells: Label[] = [];
  for (let i = 0; i < rows; i++) {
    const row = list[i];
    if (!isList(row) || row.length !== outputs) {
      throw rangeError(`y[${i}]`, row, `a list of ${outputs}, as y[0] is`);
    }
    for (let j = 0; j < outputs; j++) cells.push(row[j] as Label);
  }
  return { cells, outputs, vector: false };
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

function matrixTargets(y: MatrixLike, rows: number): Targets {
  const given = operand('y', y);
  if (given.rows !== rows) throw rangeError('y.shape', y.shape, `of ${rows} rows, as X is`);
  if (given.columns === 0) throw rangeError('y.shape', y.shape, 'of at least one column');
  const cells = new Float64Array(rows * given.columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < given.columns; j++) {
      const at = given.offset + i * given.rowStride + j * given.columnStride;
      cells[i * given.columns + j] = given.data[at] as number;
    }
  }
  return { cells, outputs: given.columns, vector: given.vector };
}

/** How messages name a cell. */
function pathOf({ outputs, vector }: Targets, at: number): string {
  return vector ? `y[${at}]` : `y[${Math.floor(at / outputs)}][${at % outputs}]`;
}

/** The distinct labels of each output in ascending order (strings by code units), and each cell's. */
export function classify(targets: Targets): Classification {
  const { cells, outputs } = targets;
  const classes: Label[][] = [];
  const codes = new Int32Array(cells.length);
  const starts = new Int32Array(outputs + 1);
  for (let output = 0; output < outputs; output++) {
    const distinct = new Set<Label>();
    for (let at = output; at < cells.length; at += outputs) {
      const label = cells[at] as Label;
      const known = ['number', 'string', 'boolean', 'bigint'].includes(typeof label);
      if (!known || Number.isNaN(label)) {
        throw rangeError(
          pathOf(targets, at),
          label,
          'a label: a number, string, boolean or bigint',
        );
      }
      distinct.add(label);
    }
    const sorted = [...distinct].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    const code = new Map(sorted.map((label, index) => [label, index]));
    for (let at = output; at < cells.length; at += outputs) {
      codes[at] = code.get(cells[at] as Label) as number;
    }
    classes.push(sorted);
    starts[output + 1] = (starts[output] as number) + sorted.length;
  }
  return { classes, codes, starts };
}

/** The targets as numbers. */
export function valuesOf(targets: Targets): Float64Array {
  const { cells } = targets;
  if (cells instanceof Float64Array) return cells;
  const values = new Float64Array(cells.length);
  for (let at = 0; at < cells.length; at++) {
    const value = cells[at];
    if (typeof value !== 'number') {
      throw typeError(pathOf(targets, at), value, 'given to fit() as a number');
    }
    values[at] = value;
  }
  return values;
}
