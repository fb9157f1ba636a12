/**
 * A model of the k nearest neighbours: fit once, then ask for neighbours, classes or values.
 */
import type { Elements, Matrix, MatrixLike, ProgressOptions } from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import type { ExecutionOptions } from '../executor/index.ts';
import { checkKeys } from '../options.ts';
import { type NeighborIndices, type Neighbors, planArgKmin } from './argkmin.ts';
import {
  type Call,
  callAsync,
  callSync,
  checkedCount,
  type DistanceOption,
  METRIC_NAMES,
  mapCall,
  type WithoutDistance,
  wantsDistance,
} from './call.ts';
import { checkedMetric, type Measure, type Metric, type MetricOptions } from './metric.ts';
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

const MODEL_NAMES = ['k', 'weights', ...METRIC_NAMES];
const NAMES = ['k'];
const SEARCH_NAMES = [...NAMES, 'returnDistance'];
const RADIUS_NAMES = ['sort', 'returnDistance'];

/** What a {@link KNeighbors} is made with. */
export interface KNeighborsOptions extends MetricOptions {
  /** How many neighbours decide. Default 5. */
  k?: number | undefined;
  /** How neighbours count. Default `'uniform'`. */
  weights?: Weights | undefined;
}

/** Options of a question to a model. */
export interface QuerySyncOptions extends ExecutionOptions {
  /** How many neighbours, where it is not the model's own number. */
  k?: number | undefined;
}
/** Options of a question that is answered by a Promise. */
export interface QueryOptions extends ProgressOptions, QuerySyncOptions {}

/** The element type of rows, in whatever kind of buffer they lie. */
export type AnyBuffer<D extends Elements> = D extends Float64Array ? Float64Array : Float32Array;

/** Classes of one output, or the list of those of several. */
export type AnyLabel = Label | readonly Label[];

/** A model as it travels to a worker. */
interface State {
  readonly options: KNeighborsOptions;
  readonly training: TrainingState | undefined;
}

/**
 * Nearest neighbours for classification and regression, by exhaustive search.
 *
 * The rows it is fitted with are not copied: don't change them while the model is in use. It may be a
 * worker's model, argument, captured variable or result, where a function for weights must be one that
 * workers can be sent.
 *
 * @example
 * ```ts
 * const model = new KNeighbors({ k: 3, weights: 'distance' }).fit(images, labels);
 * const guesses = await model.classify(newImages);
 * ```
 */
export class KNeighbors<D extends Elements = Elements, L extends AnyLabel = Label> {
  readonly k: number;
  readonly metric: Metric;
  readonly weights: Weights;
  readonly #options: KNeighborsOptions;
  readonly #measure: Measure;
  #training: Training | undefined;

  /**
   * @param options - `k`, `weights`, `metric` with `p`, `w`, `V`
   * @throws TypeError or RangeError for an option that makes no sense
   */
  constructor(options: KNeighborsOptions = {}) {
    checkKeys('options', options, MODEL_NAMES);
    const { k = 5 } = options;
    const right = 'a whole number of at least 1';
    if (typeof k !== 'number') throw typeError('k', k, right);
    if (!Number.isInteger(k) || k < 1) throw rangeError('k', k, right);
    this.#measure = checkedMetric(options);
    this.metric = options.metric ?? 'euclidean';
    this.k = k;
    this.weights = checkedWeights(options.weights, this.#measure);
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
  ): KNeighbors<AnyBuffer<E>, M>;
  fit<E extends Elements, M extends Label = Label>(
    X: MatrixLike<E>,
    y: ArrayLike<ArrayLike<M>>,
  ): KNeighbors<AnyBuffer<E>, M[]>;
  fit<E extends Elements>(
    X: MatrixLike<E>,
    y: MatrixLike,
  ): KNeighbors<AnyBuffer<E>, number | number[]>;
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
    if (this.#training === undefined) throw new NotFittedError('KNeighbors');
    return this.#training;
  }

  #search(
    X: MatrixLike<D> | undefined,
    options: QuerySyncOptions & DistanceOption,
  ): Call<Neighbors> {
    const of = this.#fitted().operands(X);
    const k = checkedCount(options.k ?? this.k, of);
    return planArgKmin(of, k, this.#measure, options.threads, wantsDistance(options));
  }

  #reduce(
    X: MatrixLike<D> | undefined,
    options: QuerySyncOptions,
    reduction: Reduction,
  ): Call<Reduced> {
    const of = this.#fitted().operands(X);
    const which = { k: checkedCount(options.k ?? this.k, of) };
    return planReduce(of, which, this.#measure, this.weights, reduction, options.threads);
  }

  /**
   * The nearest fitted rows.
   *
   * @param X - n × d, or undefined for the fitted rows themselves, each of which is then left out of
   *   its own neighbours; for `'precomputed'` n × m
   * @param options - `k`, `returnDistance`, `threads`, `signal`, `onProgress`
   * @throws {@link NotFittedError} before `fit`; as `argKmin`
   */
  kneighbors(
    X: MatrixLike<D> | undefined,
    options: QueryOptions & WithoutDistance,
  ): Promise<NeighborIndices>;
  kneighbors(X?: MatrixLike<D>, options?: QueryOptions & DistanceOption): Promise<Neighbors>;
  async kneighbors(
    X?: MatrixLike<D>,
    options: QueryOptions & DistanceOption = {},
  ): Promise<Neighbors> {
    return callAsync(this.#search(X, options), options, SEARCH_NAMES);
  }

  /** {@link kneighbors}, blocking until the result is there. */
  kneighborsSync(
    X: MatrixLike<D> | undefined,
    options: QuerySyncOptions & WithoutDistance,
  ): NeighborIndices;
  kneighborsSync(X?: MatrixLike<D>, options?: QuerySyncOptions & DistanceOption): Neighbors;
  kneighborsSync(X?: MatrixLike<D>, options: QuerySyncOptions & DistanceOption = {}): Neighbors {
    return callSync(this.#search(X, options), options, SEARCH_NAMES);
  }

  /**
   * All fitted rows within a distance.
   *
   * @param X - n × d, or undefined for the fitted rows themselves, each without itself
   * @param radius - in the unit of the metric
   * @param options - `sort`, `returnDistance`, `threads`, `signal`, `onProgress`
   * @throws {@link NotFittedError} before `fit`; as `argKmin`
   */
  radiusNeighbors(
    X: MatrixLike<D> | undefined,
    radius: number,
    options: Omit<RadiusOptions, keyof MetricOptions> & WithoutDistance,
  ): Promise<RadiusIndices>;
  radiusNeighbors(
    X: MatrixLike<D> | undefined,
    radius: number,
    options?: Omit<RadiusOptions, keyof MetricOptions>,
  ): Promise<RadiusNeighbors>;
  async radiusNeighbors(
    X: MatrixLike<D> | undefined,
    radius: number,
    options: Omit<RadiusOptions, keyof MetricOptions> = {},
  ): Promise<RadiusNeighbors> {
    return callAsync(
      planRadius(this.#fitted().operands(X), radius, this.#measure, options),
      options,
      RADIUS_NAMES,
    );
  }

  /** {@link radiusNeighbors}, blocking until the result is there. */
  radiusNeighborsSync(
    X: MatrixLike<D> | undefined,
    radius: number,
    options: Omit<RadiusSyncOptions, keyof MetricOptions> & WithoutDistance,
  ): RadiusIndices;
  radiusNeighborsSync(
    X: MatrixLike<D> | undefined,
    radius: number,
    options?: Omit<RadiusSyncOptions, keyof MetricOptions>,
  ): RadiusNeighbors;
  radiusNeighborsSync(
    X: MatrixLike<D> | undefined,
    radius: number,
    options: Omit<RadiusSyncOptions, keyof MetricOptions> = {},
  ): RadiusNeighbors {
    return callSync(
      planRadius(this.#fitted().operands(X), radius, this.#measure, options),
      options,
      RADIUS_NAMES,
    );
  }

  #winners(X: MatrixLike<D> | undefined, options: QuerySyncOptions): Call<L[]> {
    const training = this.#fitted();
    const call = this.#reduce(X, options, { make: 'winners', of: training.classification });
    return mapCall(call, (reduced) => training.labels(reduced) as L[]);
  }

  /**
   * The class that most neighbours have, by weight; of several the one that comes first in
   * {@link classes}. Votes are counted as neighbours are found, which are not kept.
   *
   * @param X - n × d, or undefined for the fitted rows, each judged by the others
   * @param options - `k`, `threads`, `signal`, `onProgress`
   * @returns n labels; n lists of labels where fitted rows have lists
   * @throws TypeError where `fit` was given no labels; {@link NotFittedError} before it; as `argKmin`
   */
  async classify(X?: MatrixLike<D>, options: QueryOptions = {}): Promise<L[]> {
    return callAsync(this.#winners(X, options), options, NAMES);
  }

  /** {@link classify}, blocking until the result is there. */
  classifySync(X?: MatrixLike<D>, options: QuerySyncOptions = {}): L[] {
    return callSync(this.#winners(X, options), options, NAMES);
  }

  #shares(X: MatrixLike<D> | undefined, options: QuerySyncOptions): Call<ProbabilitiesOf<L>> {
    const training = this.#fitted();
    const call = this.#reduce(X, options, { make: 'votes', of: training.classification });
    return mapCall(call, (of) => training.each(training.shares(of)) as ProbabilitiesOf<L>);
  }

  /**
   * The share of each class among the neighbours, by weight.
   *
   * @param X - n × d, or undefined for the fitted rows, each judged by the others
   * @param options - `k`, `threads`, `signal`, `onProgress`
   * @returns classes and n × classes shares; a list of such for several outputs
   * @throws as {@link classify}
   */
  async probabilities(X?: MatrixLike<D>, options: QueryOptions = {}): Promise<ProbabilitiesOf<L>> {
    return callAsync(this.#shares(X, options), options, NAMES);
  }

  /** {@link probabilities}, blocking until the result is there. */
  probabilitiesSync(X?: MatrixLike<D>, options: QuerySyncOptions = {}): ProbabilitiesOf<L> {
    return callSync(this.#shares(X, options), options, NAMES);
  }

  #means(X: MatrixLike<D> | undefined, options: QuerySyncOptions): Call<Matrix<Float64Array>> {
    const training = this.#fitted();
    const { values, outputs } = training;
    const call = this.#reduce(X, options, { make: 'means', of: values, outputs });
    return mapCall(call, (reduced) => training.means(reduced));
  }

  /**
   * The mean of the neighbours' values, by weight.
   *
   * @param X - n × d, or undefined for the fitted rows, each judged by the others
   * @param options - `k`, `threads`, `signal`, `onProgress`
   * @returns n values, or n × t where the fitted values are m × t
   * @throws TypeError where `fit` was given no numbers; {@link NotFittedError} before it; as `argKmin`
   */
  async regress(X?: MatrixLike<D>, options: QueryOptions = {}): Promise<Matrix<Float64Array>> {
    return callAsync(this.#means(X, options), options, NAMES);
  }

  /** {@link regress}, blocking until the result is there. */
  regressSync(X?: MatrixLike<D>, options: QuerySyncOptions = {}): Matrix<Float64Array> {
    return callSync(this.#means(X, options), options, NAMES);
  }

  /** What a worker is sent (see `heddle.state`). */
  [Symbol.for('heddle.state')](): State {
    return { options: this.#options, training: this.#training?.state };
  }

  static [Symbol.for('heddle.restore')]({ options, training }: State): KNeighbors {
    const model = new KNeighbors(options);
    if (training) {
      model.#training = new Training(training.rows, training.targets, model.#measure);
    }
    return model;
  }
}
