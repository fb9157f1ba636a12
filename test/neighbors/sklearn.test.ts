import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readTable } from '../../examples/data/read.ts';
import type { Elements, MatrixLike } from '../../src/linalg/index.ts';
import {
  argKmin,
  KNeighbors,
  type Metric,
  type MetricOptions,
  pairwiseDistances,
  RadiusNeighborsModel,
  radiusNeighbors,
} from '../../src/neighbors/index.ts';
import { python } from '../helpers/debian.ts';
import { metrics } from './definition.ts';

interface Encoded {
  readonly shape: number[];
  readonly data: string;
}

interface Options {
  readonly data:
    | 'digits'
    | 'fashion'
    | 'real'
    | 'ties'
    | 'duplicates'
    | 'offset'
    | 'sets'
    | 'sphere';
  readonly dtype: 'float64' | 'float32';
  readonly metric: Metric;
  /** Parameters of the metric. */
  readonly params?: Omit<MetricOptions, 'metric'>;
  readonly seed?: number;
  readonly n: number;
  readonly m: number;
  readonly d?: number;
  readonly k: number;
  readonly pairwise?: boolean;
  readonly radius?: number;
}

interface Case extends Omit<Options, 'pairwise'> {
  readonly X?: Encoded;
  readonly Y?: Encoded;
  readonly indices: Encoded;
  readonly distances: Encoded;
  readonly truth?: Encoded;
  readonly pairwise?: Encoded;
  readonly counts?: number[];
  readonly near?: Encoded;
}

interface ModelOptions {
  readonly model: true;
  readonly m: number;
  /** How many neighbours decide, or within what radius all do. */
  readonly k?: number;
  readonly radius?: number;
  readonly weights: 'uniform' | 'distance';
  readonly metric: Metric;
}

interface ModelCase extends ModelOptions {
  readonly classes: Encoded;
  readonly probabilities: Encoded;
  readonly values: Encoded;
}

const script = fileURLToPath(new URL('reference.py', import.meta.url));
const fashion = '/usr/share/datasets/fashion-mnist';

function reference<C>(cases: readonly (Options | ModelOptions)[]): C[] {
  const { status, stdout, stderr } = spawnSync(python, [script], {
    input: JSON.stringify(cases),
    maxBuffer: 1 << 28,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`reference.py failed: ${stderr}`);
  return JSON.parse(stdout) as C[];
}

function bytes(encoded: Encoded): ArrayBuffer {
  return Uint8Array.from(Buffer.from(encoded.data, 'base64')).buffer;
}

const doubles = (encoded: Encoded) => new Float64Array(bytes(encoded));
const integers = (encoded: Encoded) => new Int32Array(bytes(encoded));

const table = readTable('digits.csv.gz');
const rowsOfDigits = table.values.length / 65;
const pixels = Float64Array.from(
  { length: rowsOfDigits * 64 },
  (_, at) => table.values[Math.floor(at / 64) * 65 + (at % 64)]!,
);

/** Rows `first` to before `last` of the digits. */
function digits(first: number, last: number): MatrixLike<Float64Array> {
  return { data: pixels.subarray(first * 64, last * 64), shape: [last - first, 64] };
}

function images(name: string, rows: number): MatrixLike<Float64Array> {
  const raw = gunzipSync(readFileSync(`${fashion}/${name}-images-idx3-ubyte.gz`)).subarray(16);
  const data = new Float64Array(rows * 784);
  for (let at = 0; at < data.length; at++) data[at] = raw[at]! / 255;
  return { data, shape: [rows, 784] };
}

function rowsOf(of: Case): [MatrixLike<Elements>, MatrixLike<Elements>] {
  const typed = (matrix: MatrixLike<Float64Array>): MatrixLike<Elements> =>
    of.dtype === 'float64' ? matrix : { ...matrix, data: Float32Array.from(matrix.data) };
  if (of.data === 'digits') {
    return [typed(digits(0, of.n)), typed(digits(rowsOfDigits - of.m, rowsOfDigits))];
  }
  if (of.data === 'fashion') return [typed(images('t10k', of.n)), typed(images('train', of.m))];
  const Type = of.dtype === 'float64' ? Float64Array : Float32Array;
  const decode = (encoded: Encoded) => ({ data: new Type(bytes(encoded)), shape: encoded.shape });
  return [decode(of.X!), decode(of.Y!)];
}

/** How far scikit-learn's own rounding may move distances of about this size. */
function tolerance(of: Case, distance: number): number {
  // It takes roots of small differences of large squares: √(1e-16 · |x|²) at worst.
  const products = of.metric === 'euclidean' ? 1e-6 : 1e-9 * (of.data === 'digits' ? 1e4 : 1e2);
  // What it has no routine of its own for, it computes in the element type.
  return of.dtype === 'float32' ? Math.max(products, 1e-5 * (1 + Math.abs(distance))) : products;
}

async function check(of: Case): Promise<void> {
  const told = JSON.stringify({
    ...of,
    X: 0,
    Y: 0,
    indices: 0,
    distances: 0,
    pairwise: 0,
    near: 0,
  });
  const [X, Y] = rowsOf(of);
  const { n, k } = of;
  const metric = { metric: of.metric, ...of.params };
  const found = await argKmin(X, Y, k, metric);
  const theirs = integers(of.indices);
  const far = doubles(of.distances);
  if (of.truth) {
    expect(found.indices.data, told).toEqual(integers(of.truth));
    return;
  }
  for (let at = 0; at < n * k; at++) {
    const near = tolerance(of, far[at]!);
    if (!(Math.abs(found.distances.data[at]! - far[at]!) <= near)) {
      expect.fail(`distance ${at} of ${told}: ${found.distances.data[at]}, not ${far[at]}`);
    }
    if (found.indices.data[at] === theirs[at]) continue;
    // Another row is right only at the same distance: one of its neighbours in the list, or one
    // that the end of the list cut off.
    const row = Math.floor(at / k);
    const tied = [at - 1, at + 1].some(
      (other) => Math.floor(other / k) === row && Math.abs(far[other]! - far[at]!) <= 2 * near,
    );
    if (!tied && at % k !== k - 1) expect.fail(`index ${at} of ${told}`);
  }
  if (of.pairwise) {
    const all = await pairwiseDistances(X, Y, metric);
    const wanted = doubles(of.pairwise);
    for (const [at, value] of all.data.entries()) {
      const off = Math.abs(value - wanted[at]!);
      if (!(off <= tolerance(of, wanted[at]!))) {
        expect.fail(`pair ${at} of ${told}: ${value}, not ${wanted[at]}`);
      }
    }
  }
  if (of.radius !== undefined) {
    const { starts, distances } = await radiusNeighbors(X, Y, of.radius, { ...metric, sort: true });
    const counts = of.counts!.map((_, i) => starts[i + 1]! - starts[i]!);
    expect(counts, told).toEqual(of.counts);
    for (const [at, value] of doubles(of.near!).entries()) {
      const off = Math.abs(distances[at]! - value);
      expect(off, told).toBeLessThanOrEqual(tolerance(of, value));
    }
  }
}

async function checkModel(of: ModelCase): Promise<void> {
  const { m, k = 0, radius, weights, metric } = of;
  const labels = Array.from({ length: rowsOfDigits }, (_, i) => table.values[i * 65 + 64]!);
  const test = digits(m, rowsOfDigits);
  const make = () =>
    (radius === undefined
      ? new KNeighbors({ k, weights, metric })
      : new RadiusNeighborsModel({ radius, weights, metric, outlierLabel: 0 })) as KNeighbors;
  const model = make().fit(digits(0, m), labels.slice(0, m));
  const sums = (i: number) => pixels.subarray(i * 64, i * 64 + 64).reduce((a, b) => a + b, 0);
  const values = new Float64Array(2 * m);
  for (let i = 0; i < m; i++) values.set([labels[i]!, sums(i)], 2 * i);
  const regressor = make().fit(digits(0, m), { data: values, shape: [m, 2] });
  const guesses = await model.classify(test);
  const { probabilities } = await model.probabilities(test);
  const means = await regressor.regress(test);
  expect(guesses).toEqual(model.classifySync(test));
  expect(means).toEqual(regressor.regressSync(test));
  const { distances } = await argKmin(test, digits(0, m), k + 1, { metric });
  const shares = doubles(of.probabilities);
  const wantedValues = doubles(of.values);
  let compared = 0;
  for (const [i, label] of integers(of.classes).entries()) {
    const end = i * (k + 1) + k;
    // Which of two rows at one distance is the k-th neighbour is up to the library.
    if (radius === undefined && distances.data[end - 1] === distances.data[end]) continue;
    compared += 1;
    expect(guesses[i], `row ${i}`).toBe(label);
    for (let c = 0; c < 10; c++) {
      expect(probabilities.data[i * 10 + c]).toBeCloseTo(shares[i * 10 + c]!, 6);
    }
    for (let j = 0; j < 2; j++) {
      const mean = means.data[i * 2 + j]!;
      const wanted = wantedValues[i * 2 + j]!;
      if (Number.isNaN(wanted)) expect(mean).toBeNaN();
      else expect(mean).toBeCloseTo(wanted, 4);
    }
  }
  expect(compared).toBeGreaterThan(0.8 * guesses.length);
  const right = guesses.filter((guess, i) => guess === labels[m + i]).length;
  // Where there is no neighbour a guess is none.
  expect(right / guesses.length).toBeGreaterThan(radius === undefined ? 0.9 : 0.6);
}

const committed = JSON.parse(
  readFileSync(new URL('../data/neighbors.json', import.meta.url), 'utf8'),
) as (Case | ModelCase)[];

describe('results of scikit-learn that are kept here', () => {
  it(`${committed.length} cases`, async () => {
    for (const one of committed) await ('model' in one ? checkModel(one) : check(one));
  });
});

const dtypes = ['float64', 'float32'] as const;

describe('scikit-learn beside us', { timeout: 400_000 }, () => {
  it('digits, all against all, in every metric', async () => {
    const all = { data: 'digits', n: rowsOfDigits, m: rowsOfDigits, k: 10 } as const;
    const cases = metrics.flatMap((metric) => dtypes.map((dtype) => ({ ...all, metric, dtype })));
    for (const one of reference<Case>(cases)) await check(one);
  });

  it('metrics with parameters, and of certain kinds of data', async () => {
    const w = [0, 1, 0.5, 2, 3, 1, 0.25];
    const cases: Options[] = [];
    for (const [seed, [metric, data, params]] of (
      [
        ...[1.25, 1.5, 3, 4.2, 5].flatMap(
          (p) =>
            [
              ['minkowski', 'real', { p }],
              ['minkowski', 'ties', { p }],
              ['minkowski', 'real', { p, w }],
            ] as const,
        ),
        ['seuclidean', 'real', { V: [1, 2, 3, 4, 0.5, 0.25, 1] }],
        ...(['l1', 'l2', 'cityblock', 'correlation'] as const).map(
          (name) => [name, 'real', {}] as const,
        ),
        ['hamming', 'ties', {}],
        ['jaccard', 'sets', {}],
        ['haversine', 'sphere', {}],
      ] as const
    ).entries()) {
      for (const [n, m] of [
        [1, 900],
        [60, 700],
      ] as const) {
        const d = metric === 'haversine' ? 2 : 7;
        // Of weights scikit-learn's pairwise_distances knows nothing.
        const pairwise = Object.keys(params).length === 0;
        const dtype = 'float64';
        cases.push({ data, dtype, metric, params, seed: 100 + seed, n, m, d, k: 9, pairwise });
      }
    }
    for (const one of reference<Case>(cases)) await check(one);
  });

  it('digits within a radius', async () => {
    const all = { data: 'digits', n: 300, m: rowsOfDigits, k: 1, dtype: 'float64' } as const;
    for (const one of reference<Case>([
      { ...all, metric: 'euclidean', radius: 24.4999 },
      { ...all, metric: 'manhattan', radius: 150 },
      { ...all, metric: 'chebyshev', radius: 9 },
      { ...all, metric: 'cosine', radius: 0.123456 },
      { ...all, metric: 'euclidean', radius: 24.4999, dtype: 'float32' },
    ])) {
      await check(one);
    }
  });

  it('Fashion-MNIST: 60 000 images', async () => {
    const all = { data: 'fashion', n: 100, m: 60_000, k: 10 } as const;
    for (const one of reference<Case>([
      { ...all, metric: 'euclidean', dtype: 'float64' },
      { ...all, metric: 'euclidean', dtype: 'float32' },
      { ...all, metric: 'cosine', dtype: 'float32', m: 20_000 },
      { ...all, metric: 'manhattan', dtype: 'float64', n: 20, m: 5000 },
    ])) {
      await check(one);
    }
  });

  it('random rows, ties, duplicates and offsets', async () => {
    const cases: Options[] = [];
    for (const [seed, [n, m, d]] of [
      [1, 2000, 20],
      [3, 500, 7],
      [60, 700, 40],
      [400, 300, 33],
    ].entries() as IterableIterator<[number, [number, number, number]]>) {
      for (const dtype of dtypes) {
        for (const data of ['real', 'ties', 'duplicates'] as const) {
          for (const metric of metrics) {
            cases.push({ data, dtype, metric, seed, n, m, d, k: 9, pairwise: data === 'real' });
          }
        }
      }
      cases.push({ data: 'offset', dtype: 'float64', metric: 'euclidean', seed, n, m, d, k: 9 });
    }
    for (const one of reference<Case>(cases)) await check(one);
  });

  it('classes and values of digits', async () => {
    const cases: ModelOptions[] = [];
    for (const weights of ['uniform', 'distance'] as const) {
      for (const metric of ['euclidean', 'cosine', 'manhattan'] as const) {
        cases.push({ model: true, m: 1000, k: 7, weights, metric });
      }
    }
    for (const one of reference<ModelCase>(cases)) await checkModel(one);
  });

  it('classes and values of digits within a radius', async () => {
    const cases: ModelOptions[] = [];
    for (const weights of ['uniform', 'distance'] as const) {
      cases.push({ model: true, m: 1000, radius: 24.4, weights, metric: 'euclidean' });
      cases.push({ model: true, m: 1000, radius: 0.1234, weights, metric: 'cosine' });
      cases.push({ model: true, m: 1000, radius: 140.5, weights, metric: 'manhattan' });
    }
    for (const one of reference<ModelCase>(cases)) await checkModel(one);
  });
});
