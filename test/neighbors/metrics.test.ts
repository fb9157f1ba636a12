import { afterEach, describe, expect, it } from 'vitest';
import { withConfig } from '../../src/config/index.ts';
import type { MatrixLike } from '../../src/linalg/index.ts';
import { native } from '../../src/native.ts';
import {
  argKmin,
  argKminSync,
  type MetricOptions,
  pairwiseDistancesSync,
  radiusNeighborsSync,
} from '../../src/neighbors/index.ts';
import { at, numbers } from '../helpers/matrices.ts';
import { fc } from '../helpers/seeds.ts';
import { data, type Fill, kinds, lay, row } from './definition.ts';

const best = native.neighbors.kernels();
const available = (['baseline', 'avx2', 'avx512'] as const).filter(
  (name) => native.neighbors.kernels(name) !== undefined,
);
const useBest = () => native.neighbors.kernels(best as 'baseline');
useBest();
afterEach(useBest);

type Row = readonly number[];
type Definition = (x: Row, y: Row) => number;

const sum = (values: Row) => values.reduce((a, b) => a + b, 0);
const power =
  (p: number, w?: Row): Definition =>
  (x, y) =>
    sum(x.map((value, i) => (w?.[i] ?? 1) * Math.abs(value - y[i]!) ** p)) ** (1 / p);

function correlation(x: Row, y: Row): number {
  const centred = (v: Row) => {
    const mean = sum(v) / v.length;
    return v.every((value) => value === v[0]) ? v.map(() => 0) : v.map((value) => value - mean);
  };
  const [a, b] = [centred(x), centred(y)];
  const [na, nb] = [Math.hypot(...a), Math.hypot(...b)];
  if (na === 0 || nb === 0) return 1;
  return sum(a.map((value, i) => (value / na - b[i]! / nb) ** 2)) / 2;
}

function haversine(x: Row, y: Row): number {
  const [up, along] = [Math.sin((x[0]! - y[0]!) / 2), Math.sin((x[1]! - y[1]!) / 2)];
  const h = up ** 2 + Math.cos(x[0]!) * Math.cos(y[0]!) * along ** 2;
  return 2 * Math.asin(Math.min(Math.sqrt(h), 1));
}

function jaccard(x: Row, y: Row): number {
  const either = x.filter((value, i) => value !== 0 || y[i] !== 0).length;
  const both = x.filter((value, i) => value !== 0 && y[i] !== 0).length;
  return either === 0 ? 0 : (either - both) / either;
}

const weightsOf = (d: number) => Array.from({ length: d }, (_, i) => (i % 5 === 3 ? 0 : 1 + i / 4));
const variancesOf = (d: number) => Array.from({ length: d }, (_, i) => 0.25 + i);

/** Every way of measuring that has options or is not among `metrics`, and its definition. */
const measures: Record<string, (d: number) => [MetricOptions, Definition]> = {
  hamming: () => [
    { metric: 'hamming' },
    (x, y) => x.filter((value, i) => value !== y[i]).length / x.length,
  ],
  jaccard: () => [{ metric: 'jaccard' }, jaccard],
  correlation: () => [{ metric: 'correlation' }, correlation],
  haversine: () => [{ metric: 'haversine' }, haversine],
  seuclidean: (d) => [
    { metric: 'seuclidean', V: variancesOf(d) },
    (x, y) => Math.sqrt(sum(x.map((value, i) => (value - y[i]!) ** 2 / variancesOf(d)[i]!))),
  ],
  'minkowski 2': () => [{ metric: 'minkowski' }, power(2)],
  'minkowski ∞': () => [
    { metric: 'minkowski', p: Number.POSITIVE_INFINITY },
    (x, y) => Math.max(...x.map((value, i) => Math.abs(value - y[i]!))),
  ],
  'minkowski ∞, weighted': (d) => [
    { metric: 'p', p: Number.POSITIVE_INFINITY, w: weightsOf(d) },
    (x, y) => Math.max(0, ...x.map((v, i) => (weightsOf(d)[i] ? Math.abs(v - y[i]!) : 0))),
  ],
};
for (const p of [0.5, 1, 1.5, 1.7, 3, 4, 7, 12.5, 33]) {
  measures[`minkowski ${p}`] = () => [{ metric: 'minkowski', p }, power(p)];
}
for (const p of [1, 2, 2.5, 3]) {
  const named = `minkowski ${p}, weighted`;
  measures[named] = (d) => [{ metric: 'minkowski', p, w: weightsOf(d) }, power(p, weightsOf(d))];
}

const layouts = fc.record({
  gap: fc.integer({ min: 1, max: 2 }),
  columnMajor: fc.boolean(),
  flip: fc.boolean(),
});
/** Points of the sphere, some on top of each other, some across from each other. */
const real = kinds.real as Fill;
const sphere: Fill = (next) => (next() < 0.3 ? 0 : (next() * 2 - 1) * (Math.PI / 2));

describe('a metric', { timeout: 120_000 }, () => {
  it.each(Object.keys(measures))('%s is its definition', async (name) => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          n: fc.constantFrom(1, 2, 5, 40),
          m: fc.constantFrom(1, 7, 130, 300),
          d: name === 'haversine' ? fc.constant(2) : fc.constantFrom(1, 3, 8, 13, 31),
          share: fc.double({ min: 0, max: 1, noNaN: true }),
          fill: fc.constantFrom(...(name === 'haversine' ? ['sphere'] : ['ties', 'zeros', 'real'])),
          single: fc.boolean(),
          seed: fc.integer({ min: 1, max: 1e6 }),
        }),
        layouts,
        layouts,
        fc.constantFrom(1, 2),
        fc.constantFrom(8, 256),
        fc.constantFrom(...available),
        async ({ n, m, d, share, fill, single, seed }, layX, layY, threads, rows, isa) => {
          native.neighbors.kernels(isa);
          const [options, definition] = measures[name]!(d);
          const Type = single ? Float32Array : Float64Array;
          const values = fill === 'sphere' ? sphere : (kinds[fill] as Fill);
          const X = lay(n, d, seed, values, Type, layX);
          const Y = lay(m, d, seed + 1, values, Type, layY);
          const k = Math.max(1, Math.round(share ** 3 * m));
          const { indices, distances } = await withConfig({ pairwiseChunkSize: rows }, () =>
            argKmin(X, Y, k, { ...options, threads }),
          );
          const pairs = pairwiseDistancesSync(X, Y, { ...options, threads });
          const right = Array.from({ length: m }, (_, j) => row(Y, j));
          for (let i = 0; i < n; i++) {
            const all = right.map((y) => definition(row(X, i), y));
            const sorted = [...all].sort((a, b) => a - b);
            const found = [...indices.data.subarray(i * k, (i + 1) * k)];
            expect(new Set(found).size).toBe(k);
            for (const [j, index] of found.entries()) {
              const far = distances.data[i * k + j]!;
              // Angles near the other side of the sphere come out of a root of a small difference.
              const near = name === 'haversine' ? 1e-7 : 1e-11;
              const off = Math.max(Math.abs(far - all[index]!), Math.abs(far - sorted[j]!));
              if (!(off <= near * (1 + far))) {
                expect.fail(`row ${i}: ${far} at ${index}, not ${all[index]} or ${sorted[j]}`);
              }
              const before = distances.data[i * k + j - 1];
              if (j > 0 && far === before) expect(index).toBeGreaterThan(found[j - 1]!);
            }
            for (const [j, wanted] of all.entries()) {
              const off = Math.abs(at(pairs, i, j) - wanted);
              const near = single || name === 'haversine' ? 1e-5 : 1e-9;
              if (!(off <= near * (1 + wanted))) {
                expect.fail(`pair ${i}, ${j}: ${at(pairs, i, j)}, not ${wanted}`);
              }
            }
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('gives a pair the same bits for one query as for many, on any number of threads', () => {
    for (const [name, make] of Object.entries(measures)) {
      const d = name === 'haversine' ? 2 : 21;
      const [options] = make(d);
      const X = data(90, d, 3, kinds.real as Fill);
      const Y = data(1100, d, 4, kinds.real as Fill);
      const all = argKminSync(X, Y, 20, { ...options, threads: 1 });
      expect(argKminSync(X, Y, 20, { ...options, threads: 2 }), name).toEqual(all);
      for (const i of [0, 57]) {
        const one = { data: X.data.subarray(i * d, (i + 1) * d), shape: [1, d] };
        const alone = argKminSync(one, Y, 20, { ...options, threads: 2 });
        expect(alone.indices.data, name).toEqual(all.indices.data.subarray(i * 20, i * 20 + 20));
        expect(alone.distances.data, name).toEqual(
          all.distances.data.subarray(i * 20, i * 20 + 20),
        );
      }
    }
  });

  it('has every row at or within a distance that occurs, and no other', () => {
    for (const [name, make] of Object.entries(measures)) {
      const d = name === 'haversine' ? 2 : 7;
      const [options] = make(d);
      const fill = name === 'haversine' ? sphere : (kinds.ties as Fill);
      const X = data(6, d, 5, fill);
      const Y = data(200, d, 6, fill);
      const { indices, distances } = argKminSync(X, Y, 200, options);
      for (const rank of [0, 20, 120, 199]) {
        const radius = distances.data[rank]!;
        const found = radiusNeighborsSync(X, Y, radius, { ...options, sort: true });
        const wanted = distances.data.subarray(0, 200).filter((far) => far <= radius).length;
        expect(found.starts[1], `${name} ${rank}`).toBe(wanted);
        expect([...found.indices.subarray(0, wanted)]).toEqual([
          ...indices.data.subarray(0, wanted),
        ]);
      }
      expect(radiusNeighborsSync(X, Y, -1, options).indices.length, name).toBe(0);
      const every = radiusNeighborsSync(X, Y, Number.POSITIVE_INFINITY, options);
      expect(every.indices.length, name).toBe(1200);
    }
  });

  it('of any power loses no neighbour to the rough powers that rule pairs out', () => {
    for (const isa of available) {
      native.neighbors.kernels(isa);
      const next = numbers(11);
      for (const p of [0.01, 0.3, 1.1, 1.7, 2.3, Math.PI, 9.9, 33, 100.3, 5000.5, 2e6]) {
        // Numbers of all sizes, neighbours among them, and rows that are close to equal.
        const wide: Fill = () =>
          next() < 0.2 ? 0 : 10 ** ((next() - 0.5) * (600 / Math.max(p, 2)));
        const near: Fill = () => 1 + Math.floor(next() * 4) * 2 ** -30;
        for (const fill of [wide, near, real]) {
          const X = data(7, 5, 12, (_, i) => fill(next, i));
          const Y = data(700, 5, 13, (_, i) => fill(next, i));
          const { data: all } = pairwiseDistancesSync(X, Y, { metric: 'minkowski', p });
          const { distances } = argKminSync(X, Y, 9, { metric: 'minkowski', p });
          for (let i = 0; i < 7; i++) {
            const wanted = all
              .slice(i * 700, i * 700 + 700)
              .sort()
              .subarray(0, 9);
            expect([...distances.data.subarray(i * 9, i * 9 + 9)], `${isa} ${p}`).toEqual([
              ...wanted,
            ]);
          }
        }
      }
    }
  });

  it('finds points a few metres apart on the earth, of many in one town', () => {
    // 2 000 points within 3 km, and the nearest to each is a metre off: 1.6e-7 of the radius.
    const next = numbers(7);
    const [m, metre] = [2000, 1 / 6_371_000];
    const Y = { data: new Float64Array(2 * m), shape: [m, 2] };
    for (let i = 0; i < 2 * m; i++) Y.data[i] = 0.9 + (next() - 0.5) * 3000 * metre;
    const X = { data: Y.data.map((v, i) => (i % 2 ? v : v + metre)), shape: [m, 2] };
    const { distances } = argKminSync(X, Y, 5, { metric: 'haversine' });
    for (let i = 0; i < m; i += 37) {
      const all = Array.from({ length: m }, (_, j) => haversine(row(X, i), row(Y, j)));
      const wanted = all.sort((a, b) => a - b).slice(0, 5);
      for (const [j, far] of wanted.entries()) {
        expect(Math.abs(distances.data[i * 5 + j]! / far - 1)).toBeLessThan(1e-9);
      }
    }
  });

  it.each([
    ['l2', 'euclidean'],
    ['l1', 'manhattan'],
    ['cityblock', 'manhattan'],
    ['infinity', 'chebyshev'],
    ['p', 'minkowski'],
  ] as const)('%s is %s', (alias, metric) => {
    const X = data(20, 4, 8, kinds.real as Fill);
    expect(argKminSync(X, 3, { metric: alias })).toEqual(argKminSync(X, 3, { metric }));
  });

  it('keeps digits beside offsets that all rows share', () => {
    const small = data(300, 6, 5, (next) => Math.floor(next() * 4096) / 4096);
    const moved: MatrixLike<Float64Array> = { ...small, data: small.data.map((v) => v + 1e8) };
    for (const options of [
      { metric: 'minkowski', p: 3 },
      { metric: 'minkowski', p: 3, w: weightsOf(6) },
      { metric: 'seuclidean', V: variancesOf(6) },
      { metric: 'correlation' },
    ] as const) {
      const wanted = argKminSync(small, 9, options);
      const found = argKminSync(moved, 9, options);
      for (const [i, far] of wanted.distances.data.entries()) {
        expect(found.distances.data[i]).toBeCloseTo(far, 12);
      }
    }
  });
});

describe('options of metrics', () => {
  const X = data(5, 3, 1, kinds.real as Fill);
  const code = 'ERR_HEDDLE_INVALID_ARGUMENT';
  it.each([
    [{ metric: 'mahalanobis' }, /'mahalanobis' is not here: multiply the rows/],
    [{ metric: 'canberra' }, /'canberra' is not here/],
    [{ metric: 'nan_euclidean' }, /'nan_euclidean' is not here/],
    [{ metric: 'eucledian' }, /'metric' must be one of .*'euclidean'/],
    [{ metric: 'constructor' }, /'metric' must be one of/],
    [{ metric: (a: number) => a }, /functions are not called/],
    [{ metric: 5 }, /'metric' must be one of/],
    [{ metric: 'manhattan', p: 3 }, /'p' must be left out: 'manhattan' has no/],
    [{ p: 3 }, /'p' must be left out: 'euclidean'/],
    [{ metric: 'hamming', w: [1, 1, 1] }, /'w' must be left out/],
    [{ metric: 'minkowski', V: [1, 1, 1] }, /'V' must be left out/],
    [{ metric: 'minkowski', p: 0 }, /'p' must be a number above 0/],
    [{ metric: 'minkowski', p: Number.NaN }, /'p' must be a number above 0/],
    [{ metric: 'minkowski', p: '3' }, /'p' must be a number/],
    [{ metric: 'minkowski', w: [1, 1] }, /'w.length' must be 3/],
    [{ metric: 'minkowski', w: [1, -1, 1] }, /'w\[1\]' must be a finite number of at least 0/],
    [{ metric: 'minkowski', w: ['a', 1, 1] }, /'w\[0\]'/],
    [{ metric: 'minkowski', w: 3 }, /'w' must be an array/],
    [{ metric: 'seuclidean' }, /'V' must be given/],
    [{ metric: 'seuclidean', V: [1, 0, 1] }, /'V\[1\]' must be a finite number above 0/],
    [{ metric: 'haversine' }, /two columns, latitude and longitude/],
  ] as const)('%j: refused, with what would be right', async (options, why) => {
    const given = options as unknown as MetricOptions;
    await expect(argKmin(X, X, 2, given)).rejects.toThrow(why);
    await expect(argKmin(X, X, 2, given)).rejects.toMatchObject({ code });
    expect(() => pairwiseDistancesSync(X, X, given)).toThrow(why);
    expect(() => radiusNeighborsSync(X, X, 1, given)).toThrow(why);
  });

  it('NaN and infinities are found by metrics that leave no trace of them', async () => {
    for (const options of [
      ...Object.entries(measures)
        .filter(([name]) => name !== 'haversine')
        .map(([, make]) => make(3)[0]),
    ]) {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const Y = data(50, 3, 2, kinds.real as Fill);
        Y.data[37 * 3 + 1] = value;
        for (const rows of [1, 5]) {
          const some = { data: X.data.subarray(0, rows * 3), shape: [rows, 3] };
          const told = JSON.stringify([options, value, rows]);
          expect(() => argKminSync(some, Y, 3, options), told).toThrow(/'Y'.*row 37 has/);
        }
        expect(() => argKminSync(Y, X, 3, options)).toThrow(/'X'.*row 37 has/);
        expect(() => pairwiseDistancesSync(X, Y, options)).toThrow(/'Y'.*row 37 has/);
      }
    }
  });
});
