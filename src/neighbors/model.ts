/**
 * A model of neighbours: fit once, then ask for neighbours, classes or values.
 */
import {
  type Elements,
  type Matrix,
  type MatrixLike,
  newMatrix,
  type Operand,
  shaped,
} from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { type Neighbors, planArgKmin } from './argkmin.ts';
import {
  type Call,
  callAsync,
  callSync,
  checkedCount,
  checkedMetric,
  type Metric,
  type NeighborsOptions,
  type NeighborsSyncOptions,
  operands,
  points,
} from './call.ts';
import { planRadius, type RadiusNeighbors, type RadiusOptions } from './radius.ts';
import {
  asTargets,
  classesOf,
  type Label,
  mostVoted,
  type Targets,
  type Weights,
  weigh,
  weightedMeans,
} from './vote.ts';

/** What a {@link KNeighbors} is made with. */
export interface KNeighborsOptions {
  /** How many neighbours decide. Default 5. */
  k?: number | undefined;
  /** Default `'euclidean'`. */
  metric?: Metric | undefined;
  /**
   * Whether all neighbours count the same (`'uniform'`, the default), or each by the inverse of its
   * distance (`'distance'`; where some are at distance 0, only those count).
   */
  weights?: Weights | undefined;
}

/** Options of a question to a model. */
export interface QuerySyncOptions extends Omit<NeighborsSyncOptions, 'metric'> {
  /** How many neighbours, where it is not the model's own number. */
  k?: number | undefined;
}
/** Options of a question that is answered by a Promise. */
export interface QueryOptions extends Omit<NeighborsOptions, 'metric'>, QuerySyncOptions {}

/** The element type of rows, in whatever kind of buffer they lie. */
export type AnyBuffer<D extends Elements> = D extends Float64Array ? Float64Array : Float32Array;

/** The shares of the votes of each class. */
export interface Probabilities<L extends Label> {
  /** The classes, in the order of the columns. */
  readonly classes: readonly L[];
  /** n × classes; each row sums to 1. */
  readonly probabilities: Matrix<Float64Array>;
}

/**
 * Nearest neighbours for classification and regression, by exhaustive search.
 *
 * The rows it is fitted with are not copied: don't change them while the model is in use.
 *
 * @example
 * ```ts
 * const model = new KNeighbors({ k: 3, weights: 'distance' }).fit(images, labels);
 * const guesses = await model.classify(newImages);
 * ```
 */
export class KNeighbors<D extends Elements = Elements, L extends Label = Label> {
  readonly k: number;
  readonly metric: Metric;
  readonly weights: Weights;
  #rows: MatrixLike<D> | undefined;
  #count = 0;
  #targets: Targets | undefined;
  #classes: { readonly classes: readonly L[]; readonly codes: Int32Array } | undefined;
  #labels: ArrayLike<L> | undefined;

  /**
   * @param options - `k`, `metric`, `weights`
   * @throws TypeError or RangeError for an option that makes no sense
   */
  constructor(options: KNeighborsOptions = {}) {
    const { k = 5, weights = 'uniform' } = options;
    const right = 'a whole number of at least 1';
    if (typeof k !== 'number') throw typeError('k', k, right);
    if (!Number.isInteger(k) || k < 1) throw rangeError('k', k, right);
    if (weights !== 'uniform' && weights !== 'distance') {
      throw rangeError('weights', weights, "'uniform' or 'distance'");
    }
    this.metric = checkedMetric(options.metric);
    if (weights === 'distance' && this.metric === 'dot') {
      throw rangeError('weights', weights, "'uniform' for 'dot', which is no distance");
    }
    this.k = k;
    this.weights = weights;
  }

  /**
   * Takes the rows to find neighbours among.
   *
   * @param X - m × d
   * @param y - for each row its class (numbers or strings), its value, or its values (m × t)
   * @returns this model
   * @throws TypeError for what is no matrix; RangeError where `y` has not one entry for each row
   */
  fit<E extends Elements, M extends Label = L>(
    X: MatrixLike<E>,
    y?: ArrayLike<M> | MatrixLike,
  ): KNeighbors<AnyBuffer<E>, M> {
    const model = this as unknown as KNeighbors<AnyBuffer<E>, M>;
    const { rows } = points('X', X);
    if (rows === 0) throw rangeError('X.shape', X.shape, 'of at least one row');
    const targets = y === undefined ? undefined : asTargets<M>(y, rows);
    model.#rows = X as unknown as MatrixLike<AnyBuffer<E>>;
    model.#count = rows;
    model.#targets = targets;
    model.#labels = targets?.labels as ArrayLike<M> | undefined;
    model.#classes = undefined;
    return model;
  }

  /** How many rows it was fitted with; 0 before. */
  get fitted(): number {
    return this.#count;
  }

  /** The classes among the fitted labels, in ascending order. */
  get classes(): readonly L[] {
    return this.#classification().classes;
  }

  #training(): MatrixLike<D> {
    if (this.#rows === undefined) throw new Error('KNeighbors: call fit(X) first');
    return this.#rows;
  }

  #classification() {
    this.#training();
    if (this.#labels === undefined) {
      throw typeError('y', undefined, 'given to fit() as an array of labels');
    }
    this.#classes ??= classesOf(this.#labels);
    return this.#classes;
  }

  #plan(X: MatrixLike<D> | undefined, options: QuerySyncOptions): Call<Neighbors> {
    const Y = this.#training();
    const [x, y] = operands(X ?? Y, Y);
    if (X !== undefined) {
      const k = checkedCount('k', options.k ?? this.k, y.rows);
      return planArgKmin(x, y, k, this.metric, options.threads);
    }
    // Of the fitted rows themselves: one neighbour more, and each row is left out of its own list.
    const k = checkedCount('k', options.k ?? this.k, y.rows - 1);
    const call = planArgKmin(x, y, k + 1, this.metric, options.threads);
    return { ...call, finish: (outcome) => withoutOwn(call.finish(outcome), x, k) };
  }

  /**
   * The nearest fitted rows.
   *
   * @param X - n × d, or undefined for the fitted rows themselves, each of which is then left out of
   *   its own neighbours
   * @param options - `k`, `threads`, `signal`, `onProgress`
   * @throws as `argKmin`
   */
  async kneighbors(X?: MatrixLike<D>, options: QueryOptions = {}): Promise<Neighbors> {
    return callAsync(this.#plan(X, options), options);
  }

  /** {@link kneighbors}, blocking until the result is there. */
  kneighborsSync(X?: MatrixLike<D>, options: QuerySyncOptions = {}): Neighbors {
    return callSync(this.#plan(X, options));
  }

  /**
   * All fitted rows within a distance.
   *
   * @param X - n × d
   * @param radius - in the unit of the metric
   * @param options - `sort`, `threads`, `signal`, `onProgress`
   */
  async radiusNeighbors(
    X: MatrixLike<D>,
    radius: number,
    options: Omit<RadiusOptions, 'metric'> = {},
  ): Promise<RadiusNeighbors> {
    const [x, y] = operands(X, this.#training());
    return callAsync(planRadius(x, y, radius, this.metric, options), options);
  }

  /**
   * The class that most neighbours have, by weight; of several the one that comes first in
   * {@link classes}.
   *
   * @param X - n × d, or undefined for the fitted rows, each judged by the others
   * @param options - `k`, `threads`, `signal`, `onProgress`
   * @returns n labels
   * @throws TypeError where `fit` was given no labels; as `argKmin`
   */
  async classify(X?: MatrixLike<D>, options: QueryOptions = {}): Promise<L[]> {
    const { classes } = this.#classification();
    return mostVoted(this.#votes(await this.kneighbors(X, options)), classes);
  }

  /** {@link classify}, blocking until the result is there. */
  classifySync(X?: MatrixLike<D>, options: QuerySyncOptions = {}): L[] {
    const { classes } = this.#classification();
    return mostVoted(this.#votes(this.kneighborsSync(X, options)), classes);
  }

  /**
   * The share of each class among the neighbours, by weight.
   *
   * @param X - n × d, or undefined for the fitted rows, each judged by the others
   * @param options - `k`, `threads`, `signal`, `onProgress`
   */
  async probabilities(X?: MatrixLike<D>, options: QueryOptions = {}): Promise<Probabilities<L>> {
    const { classes } = this.#classification();
    return { classes, probabilities: this.#votes(await this.kneighbors(X, options)) };
  }

  #votes(found: Neighbors): Matrix<Float64Array> {
    const { classes, codes } = this.#classification();
    const [n = 0, k = 0] = found.indices.shape;
    const votes = newMatrix(new Float64Array(0), [n, classes.length]);
    const weights = weigh(found.distances.data, n, k, this.weights);
    const indices = found.indices.data;
    for (let i = 0; i < n; i++) {
      for (let at = i * k; at < (i + 1) * k; at++) {
        votes.data[i * classes.length + codes[indices[at]!]!]! += weights[at]!;
      }
    }
    return votes;
  }

  /**
   * The mean of the neighbours' values, by weight.
   *
   * @param X - n × d, or undefined for the fitted rows, each judged by the others
   * @param options - `k`, `threads`, `signal`, `onProgress`
   * @returns n values, or n × t where the fitted values are m × t
   * @throws TypeError where `fit` was given no values; as `argKmin`
   */
  async regress(X?: MatrixLike<D>, options: QueryOptions = {}): Promise<Matrix<Float64Array>> {
    const targets = this.#values();
    return weightedMeans(await this.kneighbors(X, options), targets, this.weights);
  }

  /** {@link regress}, blocking until the result is there. */
  regressSync(X?: MatrixLike<D>, options: QuerySyncOptions = {}): Matrix<Float64Array> {
    const targets = this.#values();
    return weightedMeans(this.kneighborsSync(X, options), targets, this.weights);
  }

  #values(): Targets {
    this.#training();
    if (this.#targets?.values === undefined) {
      throw typeError('y', this.#labels, 'given to fit() as numbers');
    }
    return this.#targets;
  }
}

/** Leaves each row out of its own neighbours; k of k + 1 remain. */
function withoutOwn(found: Neighbors, x: Operand, k: number): Neighbors {
  const n = x.rows;
  const indices = shaped(new Int32Array(n * k), [n, k]);
  const distances = shaped(new Float64Array(n * k), [n, k]);
  for (let i = 0; i < n; i++) {
    const row = found.indices.data.subarray(i * (k + 1), (i + 1) * (k + 1));
    const far = found.distances.data.subarray(i * (k + 1), (i + 1) * (k + 1));
    // Where so many rows are at the same place that its own is not among them, the last goes.
    const own = row.indexOf(i);
    const gone = own === -1 ? k : own;
    for (let j = 0; j < k; j++) {
      const from = j < gone ? j : j + 1;
      indices.data[i * k + j] = row[from]!;
      distances.data[i * k + j] = far[from]!;
    }
  }
  return { indices, distances };
}
