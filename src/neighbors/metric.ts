/**
 * Metrics: their names, their parameters, and what the native search makes of them.
 */
import { rangeError, typeError } from '../errors.ts';

/**
 * How far apart two rows are.
 *
 * - `'euclidean'` or `'l2'`: √Σ(x-y)², the default; `'sqeuclidean'`: Σ(x-y)²
 * - `'manhattan'`, `'cityblock'` or `'l1'`: Σ|x-y|
 * - `'chebyshev'` or `'infinity'`: max|x-y|
 * - `'minkowski'` or `'p'`: (Σ w|x-y|^p)^(1/p); `p` (2 if left out) and `w` are options
 * - `'seuclidean'`: √Σ(x-y)²/V; the variances `V` are an option
 * - `'cosine'`: 1 - x·y / (|x||y|), and 1 where a row is all zeros
 * - `'correlation'`: the same of rows less their means, and 1 where a row is constant
 * - `'dot'`: x·y, a similarity: the largest counts as the nearest
 * - `'hamming'`: the part of the columns that differ
 * - `'jaccard'`: of the columns that are not zero in one row at least, the part that is zero in the
 *   other; 0 where both rows are all zeros
 * - `'haversine'`: the angle between two points of a sphere, in radians; a row is latitude and
 *   longitude in radians
 * - `'precomputed'`: X holds the distances, a column for each row of Y
 */
export type Metric =
  | 'euclidean'
  | 'l2'
  | 'sqeuclidean'
  | 'manhattan'
  | 'cityblock'
  | 'l1'
  | 'chebyshev'
  | 'infinity'
  | 'minkowski'
  | 'p'
  | 'seuclidean'
  | 'cosine'
  | 'correlation'
  | 'dot'
  | 'hamming'
  | 'jaccard'
  | 'haversine'
  | 'precomputed';

/** Options that say how far apart two rows are. */
export interface MetricOptions {
  /** How far apart two rows are. Default `'euclidean'`. */
  metric?: Metric | undefined;
  /** The power of `'minkowski'`: above 0, and Infinity for the maximum. Default 2. */
  p?: number | undefined;
  /** Weights of the columns for `'minkowski'`, each at least 0. Default 1. */
  w?: ArrayLike<number> | undefined;
  /** Variances of the columns for `'seuclidean'`, each above 0. */
  V?: ArrayLike<number> | undefined;
}

/** In the order of `native/neighbors/metric.h`. */
const natives = [
  'sqeuclidean',
  'euclidean',
  'cosine',
  'dot',
  'manhattan',
  'chebyshev',
  'minkowski',
  'hamming',
  'jaccard',
  'haversine',
  'precomputed',
] as const;
type NativeMetric = (typeof natives)[number];

/** In the order of `Transform` in `native/neighbors/rows.h`. */
const transforms = ['none', 'centre', 'scale', 'haversine'] as const;

const names = new Map<string, Metric>([
  ['l2', 'euclidean'],
  ['cityblock', 'manhattan'],
  ['l1', 'manhattan'],
  ['infinity', 'chebyshev'],
  ['p', 'minkowski'],
  ['seuclidean', 'seuclidean'],
  ['correlation', 'correlation'],
  ...natives.map((name) => [name, name] as const),
]);

/** Metrics of scikit-learn and SciPy that are not here. */
const absent = new Set([
  'mahalanobis',
  'canberra',
  'braycurtis',
  'dice',
  'jensenshannon',
  'kulczynski1',
  'kulsinski',
  'matching',
  'nan_euclidean',
  'pyfunc',
  'rogerstanimoto',
  'russellrao',
  'sokalmichener',
  'sokalsneath',
  'wminkowski',
  'yule',
]);

/** A metric with its parameters, checked. */
export interface Measure {
  /** The name, aliases resolved. */
  readonly name: Metric;
  /** What the native search computes: on rows that are transformed first, where there is a need. */
  readonly native: NativeMetric;
  readonly transform: (typeof transforms)[number];
  /** Power of the native metric. */
  readonly p: number;
  /** What columns are multiplied by; as many as the rows must have. */
  readonly scale: Float64Array | undefined;
  /** The option that the scale comes from. */
  readonly scaledBy: 'w' | 'V' | undefined;
}

/**
 * Checks the options that say how far apart two rows are.
 *
 * @throws TypeError or RangeError for a metric that is not here, by its name, and for a parameter that
 *   makes no sense or belongs to another metric
 */
export function checkedMetric(options: MetricOptions): Measure {
  const name = checkedName(options.metric);
  belongs('p', options.p, name === 'minkowski', name);
  belongs('w', options.w, name === 'minkowski', name);
  belongs('V', options.V, name === 'seuclidean', name);
  const plain = { name, transform: 'none', p: 2, scale: undefined, scaledBy: undefined } as const;
  switch (name) {
    case 'minkowski':
      return minkowski(options);
    case 'seuclidean': {
      if (options.V === undefined)
        throw typeError('V', undefined, 'given: variances of the columns');
      const scale = numbers('V', options.V, 'above 0', (value) => value > 0);
      for (const [i, variance] of scale.entries()) scale[i] = 1 / Math.sqrt(variance);
      return { ...plain, native: 'euclidean', transform: 'scale', scale, scaledBy: 'V' };
    }
    case 'correlation':
      return { ...plain, native: 'cosine', transform: 'centre' };
    case 'haversine':
      return { ...plain, native: 'haversine', transform: 'haversine' };
    default:
      return { ...plain, native: name as NativeMetric };
  }
}

function checkedName(metric: unknown): Metric {
  if (metric === undefined) return 'euclidean';
  const right = `one of ${[...names.keys()].map((name) => `'${name}'`).join(', ')}`;
  if (typeof metric === 'function') {
    throw typeError('metric', metric, `${right}; functions are not called for each pair of rows`);
  }
  if (typeof metric !== 'string') throw typeError('metric', metric, right);
  const known = names.get(metric);
  if (known !== undefined) return known;
  if (!absent.has(metric)) throw rangeError('metric', metric, right);
  const instead =
    metric === 'mahalanobis'
      ? " ('mahalanobis' is not here: multiply the rows by a factor of the inverse covariance)"
      : ` ('${metric}' is not here)`;
  throw rangeError('metric', metric, right + instead);
}

function belongs(option: string, value: unknown, here: boolean, metric: Metric): void {
  if (value !== undefined && !here) {
    throw rangeError(option, value, `left out: '${metric}' has no such parameter`);
  }
}

function numbers(
  name: 'w' | 'V',
  value: ArrayLike<number>,
  what: string,
  right: (value: number) => boolean,
): Float64Array {
  if (typeof value !== 'object' || value === null || typeof value.length !== 'number') {
    throw typeError(name, value, 'an array of numbers, one for each column');
  }
  return Float64Array.from(value, (entry, i) => {
    if (typeof entry !== 'number') throw typeError(`${name}[${i}]`, entry, 'a number');
    if (!(right(entry) && Number.isFinite(entry))) {
      throw rangeError(`${name}[${i}]`, entry, `a finite number ${what}`);
    }
    return entry;
  });
}

/** The minkowski metric, by the cheapest way for its power. */
function minkowski({ p = 2, w }: MetricOptions): Measure {
  if (typeof p !== 'number') throw typeError('p', p, 'a number above 0');
  if (!(p > 0)) throw rangeError('p', p, 'a number above 0');
  const native =
    p === 1
      ? 'manhattan'
      : p === 2
        ? 'euclidean'
        : p === Number.POSITIVE_INFINITY
          ? 'chebyshev'
          : 'minkowski';
  const plain = { name: 'minkowski', native, p } as const;
  if (w === undefined)
    return { ...plain, transform: 'none', scale: undefined, scaledBy: undefined };
  const scale = numbers('w', w, 'of at least 0', (value) => value >= 0);
  // w|x-y|^p is |w^(1/p) x - w^(1/p) y|^p; in the limit every weight but 0 counts the same.
  for (const [i, weight] of scale.entries()) scale[i] = weight === 0 ? 0 : weight ** (1 / p);
  return { ...plain, transform: 'scale', scale, scaledBy: 'w' };
}

/** Checks that rows of so many columns can be compared. */
export function requireColumns(measure: Measure, columns: number, shape: readonly number[]): void {
  const { scale, scaledBy, name } = measure;
  if (scale !== undefined && scale.length !== columns) {
    throw rangeError(`${scaledBy}.length`, scale.length, `${columns}, as many as X has columns`);
  }
  if (name === 'haversine' && columns !== 2) {
    throw rangeError('X.shape', shape, 'of rows of two columns, latitude and longitude in radians');
  }
  if (name === 'jaccard' && columns > 2 ** 26) {
    throw rangeError('X.shape', shape, `of at most ${2 ** 26} columns for 'jaccard'`);
  }
}

/** The numbers of a measure in the frame. */
export function frameNumbers({ native, p, transform }: Measure): number[] {
  return [natives.indexOf(native), p, transforms.indexOf(transform)];
}
