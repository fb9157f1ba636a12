/**
 * Metrics and models beside scikit-learn's: one row for each.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type Contender, type Group, inProcess, python } from '../harness/index.ts';

interface Part {
  readonly name: string;
  readonly metric: string;
  readonly p?: number;
  /** What the rows are made of: see `parts.py`. */
  readonly rows: 'real' | 'levels' | 'sets' | 'sphere';
  readonly ask: 'search' | 'indices' | 'k classify' | 'radius classify' | 'radius regress';
  readonly weights?: 'uniform' | 'distance';
  readonly n: number;
  readonly m: number;
  readonly d: number;
  /** Neighbours, or their radius. */
  readonly size: number;
}

const parts = (short: boolean): Part[] => {
  const all = short ? 300 : 4000;
  const common = { rows: 'real', ask: 'search', n: all / 2, m: all, d: 50, size: 10 } as const;
  const euclidean = { ...common, metric: 'euclidean', n: all, m: 2 * all } as const;
  return [
    { ...common, name: 'minkowski, p = 3', metric: 'minkowski', p: 3 },
    { ...common, name: 'minkowski, p = 1.7', metric: 'minkowski', p: 1.7, n: all / 4, m: all / 2 },
    { ...common, name: 'seuclidean', metric: 'seuclidean' },
    { ...common, name: 'hamming', metric: 'hamming', rows: 'levels' },
    { ...common, name: 'jaccard', metric: 'jaccard', rows: 'sets' },
    { ...common, name: 'correlation', metric: 'correlation' },
    { ...common, name: 'haversine', metric: 'haversine', rows: 'sphere', n: all, d: 2 },
    { ...common, name: 'precomputed', metric: 'precomputed', n: all / 2 },
    { ...euclidean, name: 'indices only', ask: 'indices' },
    { ...euclidean, name: 'classes of the k nearest', ask: 'k classify', weights: 'distance' },
    {
      ...euclidean,
      name: 'classes within a radius',
      ask: 'radius classify',
      weights: 'uniform',
      size: short ? 3.2 : 2.6,
    },
    {
      ...euclidean,
      name: 'means within a radius',
      ask: 'radius regress',
      weights: 'distance',
      size: short ? 3.2 : 2.6,
    },
  ];
};

type Found = { readonly last: readonly number[] };

function ours(part: Part, threads: number): Contender {
  return inProcess(`heddle ${threads}`, async () => {
    const { argKmin, KNeighbors, RadiusNeighborsModel } = await import('heddle/neighbors');
    const { defaultRng } = await import('heddle/random');
    const rows = (kind: Part['rows'], seed: number, n: number, d: number) => {
      const { data } = defaultRng(seed).random([n, d]) as { data: Float64Array };
      const make = {
        real: (value: number) => value,
        levels: (value: number) => Math.floor(value * 4),
        sets: (value: number) => (value > 0.7 ? 1 : 0),
        sphere: (value: number) => (value - 0.5) * 3,
      }[kind];
      return { data: data.map(make), shape: [n, d] };
    };
    const { n, m, d, size, ask, weights = 'uniform' } = part;
    const metric = part.metric as 'minkowski';
    const V = Array.from({ length: d }, (_, i) => 0.25 + i);
    const options = {
      metric,
      ...(part.p !== undefined && { p: part.p }),
      ...(part.metric === 'seuclidean' && { V }),
    };
    const given = part.metric === 'precomputed';
    const X = given ? rows('real', 2, n, m) : rows(part.rows, 2, n, d);
    const Y = rows(part.rows, 1, m, d);
    if (ask === 'search') {
      const run = async (): Promise<Found> => {
        const found = given
          ? await argKmin(X, size, { ...options, threads })
          : await argKmin(X, Y, size, { ...options, threads });
        const { indices, distances } = found;
        return { last: [...indices.data.slice(-size), ...distances.data.slice(-size)] };
      };
      return { run };
    }
    if (ask === 'indices') {
      const run = async (): Promise<Found> => {
        const found = await argKmin(X, Y, size, { ...options, threads, returnDistance: false });
        return { last: [...found.indices.data.slice(-size)] };
      };
      return { run };
    }
    const labels = Int32Array.from({ length: m }, (_, i) => i % 7);
    const values = Float64Array.from({ length: m }, (_, i) => Math.sin(i));
    const model =
      ask === 'k classify'
        ? new KNeighbors({ ...options, k: size, weights }).fit(Y, labels)
        : new RadiusNeighborsModel({ ...options, radius: size, weights }).fit(
            Y,
            ask === 'radius regress' ? values : labels,
          );
    const run = async (): Promise<Found> => {
      if (ask === 'radius regress') {
        return { last: [...(await model.regress(X, { threads })).data.slice(-20)] };
      }
      return { last: (await model.classify(X, { threads })).slice(-20).map(Number) };
    };
    return { run };
  });
}

function theirs(part: Part, threads: number, architecture: string): Contender {
  return python(`scikit-learn ${threads}`, {
    modules: {
      numpy: 'python3-numpy',
      sklearn: 'python3-sklearn',
      threadpoolctl: 'python3-threadpoolctl',
    },
    env: {
      OPENBLAS_CORETYPE: architecture,
      OMP_NUM_THREADS: String(threads),
      OPENBLAS_NUM_THREADS: String(threads),
    },
    source: readFileSync(new URL('parts.py', import.meta.url), 'utf8'),
    params: { ...part, threads },
  });
}

/** Groups for the metrics and models, on the BLAS kernels of that name. */
export function partGroups(short: boolean, rounds: number, architecture: string): Group[] {
  return parts(short).map((part) => {
    let first: Found | undefined;
    return {
      name: `${part.name}: ${part.n} × ${part.m}, ${part.d} columns`,
      unit: 'call',
      rounds: Math.min(rounds, 7),
      contenders: [1, 2].flatMap((threads) => [
        ours(part, threads),
        theirs(part, threads, architecture),
      ]),
      baseline: 'scikit-learn 1',
      verify(result, contender) {
        const found = result as Found;
        first ??= found;
        // Of rows at one distance scikit-learn may take others: there only distances are compared.
        const from = part.rows === 'levels' || part.rows === 'sets' ? part.size : 0;
        const off = Math.max(
          ...first.last.slice(from).map((value, i) => Math.abs(value - found.last[from + i]!)),
        );
        assert.ok(off < 1e-5, `${contender} is off by ${off}`);
      },
      targets: [1, 2].map((threads) => ({
        contender: `heddle ${threads}`,
        against: `scikit-learn ${threads}`,
        speedup: 1,
      })),
    };
  });
}
