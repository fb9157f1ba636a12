/**
 * A model of all neighbours within a radius: fit once, then ask for neighbours, classes or values.
 */
import type { Elements, Matrix, MatrixLike, ProgressOptions } from '../arrays/index.ts';
import { rangeError } from '../errors.ts';
import type { ExecutionOptions } from '../executor/index.ts';
import { checkKeys } from '../options.ts';
import {
  type Call,
  callAsync,
  callSync,
  checkedRadius,
  METRIC_NAMES,
  mapCall,
  type WithoutDistance,
} from './call.ts';
import { checkedMetric, type Measure, type Metric, type MetricOptions } from './metric.ts';
import type { AnyBuffer, AnyLabel } from './model.ts';
import {
  planRadius,
  type RadiusIndices,
  type RadiusNeighbors,
  type RadiusOptions,
  type RadiusSyncOptions,
} from './radius.ts';
import {
  checkedWeights,
  planReduce,
  type Reduced,
  type Reduction,
  type Weights,
} from './reduce.ts';
import type { Label } from './targets.ts';
import {
  type ClassesOf,
  NotFittedError,
  type ProbabilitiesOf,
  Training,
  type TrainingState,
} from './training.ts';

const MODEL_NAMES = ['radius', 'weights', 'outlierLabel', ...METRIC_NAMES];
const NAMES = ['radius'];
const SEARCH_NAMES = [...NAMES, 'sort', 'returnDistance'];

/** What a {@link RadiusNeighborsModel} is made with. */
export interface RadiusModelOptions extends MetricOptions {
  /** How far neighbours may be. Default 1. */
  radius?: number | undefined;
  /** How neighbours count. Default `'uniform'`. */
  weights?: Weights | undefined;
  /**
   * The class of a row without neighbours: a label, a list of one for each output, or
   * `'most_frequent'` for the commonest class. Left out: such a row is an error.
   */
  outlierLabel?: Label | readonly Label[] | undefined;
}

/** Options of a question to a model. */
export interface RadiusQuerySyncOptions extends ExecutionOptions {
  /** How far neighbours may be, where it is not the model's own radius. */
  radius?: number | undefined;
}
/** Options of a question that is answered by a Promise. */
export interface RadiusQueryOptions extends ProgressOptions, RadiusQuerySyncOptions {}

/** Options of {@link RadiusNeighborsModel.radiusNeighborsSync}. */
export interface RadiusListSyncOptions
  extends RadiusQuerySyncOptions,
    Pick<RadiusSyncOptions, 'sort' | 'returnDistance'> {}
/** Options of {@link RadiusNeighborsModel.radiusNeighbors}. */
export interface RadiusListOptions
  extends RadiusQueryOptions,
    Pick<RadiusOptions, 'sort' | 'returnDistance'> {}

/** A model as it travels to a worker. */
interface State {
  readonly options: RadiusModelOptions;
  readonly training: TrainingState | undefined;
}

/**
 * Neighbours within a radius for classification and regression, by exhaustive search: what
 * scikit-learn has as `RadiusNeighborsClassifier` and `RadiusNeighborsRegressor`.
 *
 * The rows it is fitted with are not copied: don't change them while the model is in use. It travels
 * to workers as `KNeighbors` does.
 *
 * @example
 * ```ts
 * const model = new RadiusNeighborsModel({ radius: 0.5, outlierLabel: 'none' }).fit(rows, labels);
 * const guesses = await model.classify(newRows);
 * ```
 */
export class RadiusNeighborsModel<D extends Elements = Elements, L extends AnyLabel = Label> {
  readonly radius: number;
  readonly metric: Metric;
  readonly weights: Weights;
  readonly outlierLabel: Label | readonly Label[] | undefined;
  readonly #options: RadiusModelOptions;
  readonly #measure: Measure;
  #training: Training | undefined;

  /**
   * @param options - `radius`, `weights`, `outlierLabel`, `metric` with `p`, `w`, `V`
   * @throws TypeError or RangeError for an option that makes no sense
   */
  constructor(options: RadiusModelOptions = {}) {
    checkKeys('options', options, MODEL_NAMES);
    this.radius = checkedRadius(options.radius ?? 1);
    this.#measure = checkedMetric(options);
    this.metric = options.metric ?? 'euclidean';
    this.weights = checkedWeights(options.weights, this.#measure);
    this.outlierLabel = options.outlierLabel;
    this.#options = { ...options };
  }

  /**
   * Takes the rows to find neighbours among.
   *
   * @param X - m × d; for the metric `'precomputed'` m × m, the distances of the rows to each other
   * @param y - for each row its class or value, or a list of classes or values (also as a matrix m × t):
   *   then results have a list for each row
   * @returns this model
   * @throws TypeError for what is no matrix; RangeError where `y` has not one entry for each row
   */
  fit<E extends Elements, M extends Label = Label>(
    X: MatrixLike<E>,
    y?: ArrayLike<M>,
  ): RadiusNeighborsModel<AnyBuffer<E>, M>;
  fit<E extends Elements, M extends Label = Label>(
    X: MatrixLike<E>,
    y: ArrayLike<ArrayLike<M>>,
  ): RadiusNeighborsModel<AnyBuffer<E>, M[]>;
  fit<E extends Elements>(
    X: MatrixLike<E>,
    y: MatrixLike,
  ): RadiusNeighborsModel<AnyBuffer<E>, number | number[]>;
  fit(X: MatrixLike, y?: unknown): unknown {
    this.#training = Training.fit(X, y, this.#measure);
    return this;
  }

  /** How many rows it was fitted with; 0 before. */
  get fitted(): number {
    return this.#training?.count ?? 0;
  }

  /** The classes among the fitted labels, in ascending order; a list for each output of several. */
  get classes(): ClassesOf<L> {
    const training = this.#fitted();
    return training.each(training.classification.classes) as ClassesOf<L>;
  }

  #fitted(): Training {
    if (this.#training === undefined) throw new NotFittedError('RadiusNeighborsModel');
    return this.#training;
  }

  #search(X: MatrixLike<D> | undefined, options: RadiusListSyncOptions): Call<RadiusNeighbors> {
    const of = this.#fitted().operands(X);
    return planRadius(of, options.radius ?? this.radius, this.#measure, options);
  }

  #reduce(
    X: MatrixLike<D> | undefined,
    options: RadiusQuerySyncOptions,
    reduction: Reduction,
  ): Call<Reduced> {
    const of = this.#fitted().operands(X);
    const which = { radius: checkedRadius(options.radius ?? this.radius) };
    return planReduce(of, which, this.#measure, this.weights, reduction, options.threads);
  }

  /**
   * All fitted rows within the radius.
   *
   * @param X - n × d, or undefined for the fitted rows themselves, each without itself
   * @param options - `radius`, `sort`, `returnDistance`, `threads`, `signal`, `onProgress`
   * @throws {@link NotFittedError} before `fit`; as `argKmin`
   */
  radiusNeighbors(
    X: MatrixLike<D> | undefined,
    options: RadiusListOptions & WithoutDistance,
  ): Promise<RadiusIndices>;
  radiusNeighbors(X?: MatrixLike<D>, options?: RadiusListOptions): Promise<RadiusNeighbors>;
  async radiusNeighbors(
    X?: MatrixLike<D>,
    options: RadiusListOptions = {},
  ): Promise<RadiusNeighbors> {
    return callAsync(this.#search(X, options), options, SEARCH_NAMES);
  }

  /** {@link radiusNeighbors}, blocking until the result is there. */
  radiusNeighborsSync(
    X: MatrixLike<D> | undefined,
    options: RadiusListSyncOptions & WithoutDistance,
  ): RadiusIndices;
  radiusNeighborsSync(X?: MatrixLike<D>, options?: RadiusListSyncOptions): RadiusNeighbors;
  radiusNeighborsSync(X?: MatrixLike<D>, options: RadiusListSyncOptions = {}): RadiusNeighbors {
    return callSync(this.#search(X, options), options, SEARCH_NAMES);
  }

  /** For each output the label of rows without neighbours; undefined where they are an error. */
  #outliers(): readonly Label[] | undefined {
    const { outlierLabel } = this;
    if (outlierLabel === undefined) return undefined;
    const { classes, codes, starts } = this.#fitted().classification;
    const outputs = starts.length - 1;
    if (Array.isArray(outlierLabel)) {
      if (outlierLabel.length === outputs) return outlierLabel;
      throw rangeError('outlierLabel', outlierLabel, `a list of ${outputs}, one for each output`);
    }
    return classes.map((list, output) => {
      if (outlierLabel !== 'most_frequent') return outlierLabel as Label;
      const counts = new Float64Array(list.length);
      for (let at = output; at < codes.length; at += outputs) {
        const code = codes[at] as number;
        counts[code] = (counts[code] as number) + 1;
      }
      return list[counts.indexOf(Math.max(...counts))] as Label;
    });
  }

  /** Rows without neighbours, which are an error where nothing says what they are. */
  #without({ counts }: Reduced, outliers: readonly Label[] | undefined): number[] {
    const rows: number[] = [];
    for (let i = 0; i < counts.length; i++) if (counts[i] === 0) rows.push(i);
    if (rows.length > 0 && outliers === undefined) {
      const some = rows.slice(0, 5).join(', ') + (rows.length > 5 ? ', …' : '');
      const right = `such that all rows of X have neighbours, or 'outlierLabel' given (rows ${some})`;
      throw rangeError('radius', this.radius, right);
    }
    return rows;
  }

  #winners(X: MatrixLike<D> | undefined, options: RadiusQuerySyncOptions): Call<L[]> {
    const training = this.#fitted();
    const outliers = this.#outliers();
    const call = this.#reduce(X, options, { make: 'winners', of: training.classification });
    return mapCall(call, (reduced) => {
      const labels = training.labels(reduced);
      for (const i of this.#without(reduced, outliers)) {
        labels[i] = training.each(outliers as readonly Label[]);
      }
      return labels as L[];
    });
  }

  /**
   * The class that most neighbours have, by weight; of several the one that comes first in
   * {@link classes}. Votes are counted as neighbours are found, which are not kept.
   *
   * @param X - n × d, or undefined for the fitted rows, each judged by the others
   * @param options - `radius`, `threads`, `signal`, `onProgress`
   * @returns n labels; n lists of labels where fitted rows have lists
   * @throws RangeError for rows without neighbours where there is no `outlierLabel`; TypeError where
   *   `fit` was given no labels; {@link NotFittedError} before it; as `argKmin`
   */
  async classify(X?: MatrixLike<D>, options: RadiusQueryOptions = {}): Promise<L[]> {
    return callAsync(this.#winners(X, options), options, NAMES);
  }

  /** {@link classify}, blocking until the result is there. */
  classifySync(X?: MatrixLike<D>, options: RadiusQuerySyncOptions = {}): L[] {
    return callSync(this.#winners(X, options), options, NAMES);
  }

  #shares(X: MatrixLike<D> | undefined, options: RadiusQuerySyncOptions): Call<ProbabilitiesOf<L>> {
    const training = this.#fitted();
    const outliers = this.#outliers();
    const call = this.#reduce(X, options, { make: 'votes', of: training.classification });
    return mapCall(call, (reduced) => {
      const shares = training.shares(reduced);
      for (const i of this.#without(reduced, outliers)) {
        for (const [output, { classes, probabilities }] of shares.entries()) {
          // A label that is no class has no column.
          const column = classes.indexOf((outliers as readonly Label[])[output] as Label);
          if (column >= 0) probabilities.data[i * classes.length + column] = 1;
        }
      }
      return training.each(shares) as ProbabilitiesOf<L>;
    });
  }

  /**
   * The share of each class among the neighbours, by weight. A row without neighbours has all of its
   * shares in the class of `outlierLabel`, and none where that is no class of the fitted rows.
   *
   * @param X - n × d, or undefined for the fitted rows, each judged by the others
   * @param options - `radius`, `threads`, `signal`, `onProgress`
   * @returns classes and n × classes shares; a list of such for several outputs
   * @throws as {@link classify}
   */
  async probabilities(
    X?: MatrixLike<D>,
    options: RadiusQueryOptions = {},
  ): Promise<ProbabilitiesOf<L>> {
    return callAsync(this.#shares(X, options), options, NAMES);
  }

  /** {@link probabilities}, blocking until the result is there. */
  probabilitiesSync(X?: MatrixLike<D>, options: RadiusQuerySyncOptions = {}): ProbabilitiesOf<L> {
    return callSync(this.#shares(X, options), options, NAMES);
  }

  #means(
    X: MatrixLike<D> | undefined,
    options: RadiusQuerySyncOptions,
  ): Call<Matrix<Float64Array>> {
    const training = this.#fitted();
    const { values, outputs } = training;
    const call = this.#reduce(X, options, { make: 'means', of: values, outputs });
    return mapCall(call, (reduced) => training.means(reduced));
  }

  /**
   * The mean of the neighbours' values, by weight.
   *
   * @param X - n × d, or undefined for the fitted rows, each judged by the others
   * @param options - `radius`, `threads`, `signal`, `onProgress`
   * @returns n values, or n × t where the fitted values are m × t; NaN for rows without neighbours
   * @throws TypeError where `fit` was given no numbers; {@link NotFittedError} before it; as `argKmin`
   */
  async regress(
    X?: MatrixLike<D>,
    options: RadiusQueryOptions = {},
  ): Promise<Matrix<Float64Array>> {
    return callAsync(this.#means(X, options), options, NAMES);
  }

  /** {@link regress}, blocking until the result is there. */
  regressSync(X?: MatrixLike<D>, options: RadiusQuerySyncOptions = {}): Matrix<Float64Array> {
    return callSync(this.#means(X, options), options, NAMES);
  }

  /** What a worker is sent (see `heddle.state`). */
  [Symbol.for('heddle.state')](): State {
    return { options: this.#options, training: this.#training?.state };
  }

  static [Symbol.for('heddle.restore')]({ options, training }: State): RadiusNeighborsModel {
    const model = new RadiusNeighborsModel(options);
    if (training) {
      model.#training = new Training(training.rows, training.targets, model.#measure);
    }
    return model;
  }
}
