/**
 * What a model of neighbours is fitted with.
 */
import { type Elements, type Matrix, type MatrixLike, shaped } from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { type Operands, operands, points } from './call.ts';
import { type Measure, requireColumns } from './metric.ts';
import type { Reduced } from './reduce.ts';
import {
  asTargets,
  type Classification,
  classify,
  type Label,
  type Targets,
  valuesOf,
} from './targets.ts';

/** A model was asked before it was fitted. */
export class NotFittedError extends Error {
  override readonly name = 'NotFittedError';
  readonly code = 'ERR_HEDDLE_NOT_FITTED';

  /** @param model - the name of its class */
  constructor(model: string) {
    super(`${model}: call fit(X) first`);
  }
}

/** The shares of the votes of each class. */
export interface Probabilities<L extends Label = Label> {
  /** The classes, in the order of the columns. */
  readonly classes: readonly L[];
  /** n × classes; each row sums to 1. */
  readonly probabilities: Matrix<Float64Array>;
}

/** The classes of what labels are: a list, or one for each output where labels are lists. */
export type ClassesOf<L> = L extends readonly (infer E)[]
  ? readonly (readonly E[])[]
  : readonly L[];

/** The shares of what labels are: one table, or one for each output where labels are lists. */
export type ProbabilitiesOf<L> = L extends readonly (infer E extends Label)[]
  ? Probabilities<E>[]
  : L extends Label
    ? Probabilities<L>
    : never;

/** Rows and targets as they travel to a worker. */
export interface TrainingState {
  readonly rows: MatrixLike;
  readonly targets: Targets | undefined;
}

/** Rows, what they stand for, and how results are made of what neighbours said. */
export class Training {
  readonly count: number;
  readonly #rows: MatrixLike;
  readonly #measure: Measure;
  readonly #targets: Targets | undefined;
  #classification: Classification | undefined;
  #values: Float64Array | undefined;

  /** @param targets - as {@link asTargets} makes them */
  constructor(rows: MatrixLike, targets: Targets | undefined, measure: Measure) {
    const { data, shape, stride, offset } = rows;
    const checked = points('X', rows);
    if (checked.rows === 0) throw rangeError('X.shape', shape, 'of at least one row');
    requireColumns(measure, checked.columns, shape);
    if (measure.name === 'precomputed' && checked.rows !== checked.columns) {
      throw rangeError('X.shape', shape, 'square: the distances of the fitted rows to each other');
    }
    this.count = checked.rows;
    // Only what is needed: an ndarray of scijs has methods besides.
    this.#rows = { data, shape: [...shape], ...(stride && { stride: [...stride] }), offset };
    this.#measure = measure;
    this.#targets = targets;
  }

  static fit(X: MatrixLike, y: unknown, measure: Measure): Training {
    const { rows } = points('X', X);
    return new Training(X, y === undefined ? undefined : asTargets(y, rows), measure);
  }

  get state(): TrainingState {
    return { rows: this.#rows, targets: this.#targets };
  }

  /** What is searched for X, or for the fitted rows themselves. */
  operands<D extends Elements>(X: MatrixLike<D> | undefined): Operands {
    if (this.#measure.name !== 'precomputed') {
      return X === undefined
        ? operands(this.#rows, undefined, this.#measure)
        : operands(X as MatrixLike, this.#rows, this.#measure);
    }
    const of = operands((X ?? this.#rows) as MatrixLike, undefined, this.#measure);
    if (of.x.columns !== this.count) {
      const right = `of ${this.count} columns, the distances to the fitted rows`;
      throw rangeError('X.shape', (X as MatrixLike).shape, right);
    }
    return { ...of, own: X === undefined };
  }

  #required(): Targets {
    if (this.#targets === undefined) throw typeError('y', undefined, 'given to fit()');
    return this.#targets;
  }

  get classification(): Classification {
    this.#classification ??= classify(this.#required());
    return this.#classification;
  }

  get values(): Float64Array {
    this.#values ??= valuesOf(this.#required());
    return this.#values;
  }

  get outputs(): number {
    return this.#required().outputs;
  }

  /** Results of one output, or of several. */
  each<R>(results: readonly R[]): R | readonly R[] {
    return this.#required().vector ? (results[0] as R) : results;
  }

  /** The label of each row, or the list of its labels. */
  labels({ winners }: Reduced): unknown[] {
    const { outputs, vector } = this.#required();
    const { classes } = this.classification;
    const label = (at: number) => classes[at % outputs]?.[winners[at] as number];
    if (vector) return Array.from(winners, (_, at) => label(at));
    return Array.from({ length: winners.length / outputs }, (_, i) =>
      Array.from({ length: outputs }, (_, o) => label(i * outputs + o)),
    );
  }

  /** The shares of each output's classes. */
  shares({ numbers, counts }: Reduced): Probabilities[] {
    const { classes, starts } = this.classification;
    const width = starts[starts.length - 1] as number;
    return classes.map((list, output) => {
      const start = starts[output] as number;
      if (list.length === width) {
        return { classes: list, probabilities: shaped(numbers, [counts.length, width]) };
      }
      const part = new Float64Array(counts.length * list.length);
      for (let i = 0; i < counts.length; i++) {
        const from = i * width + start;
        part.set(numbers.subarray(from, from + list.length), i * list.length);
      }
      return { classes: list, probabilities: shaped(part, [counts.length, list.length]) };
    });
  }

  /** The means of each row. */
  means({ numbers, counts }: Reduced): Matrix<Float64Array> {
    const { outputs, vector } = this.#required();
    return shaped(numbers, vector ? [counts.length] : [counts.length, outputs]);
  }
}
