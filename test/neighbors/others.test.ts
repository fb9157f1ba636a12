import { describe, expect, it } from 'vitest';
import { withConfig } from '../../src/config/index.ts';
import type { MatrixLike } from '../../src/linalg/index.ts';
import {
  argKminSync,
  KNeighbors,
  pairwiseDistances,
  pairwiseDistancesChunked,
  pairwiseDistancesSync,
  radiusNeighbors,
  radiusNeighborsSync,
} from '../../src/neighbors/index.ts';
import { float32, rowsOf } from '../helpers/matrices.ts';
import { fc } from '../helpers/seeds.ts';
import { allDistances, data, type Fill, kinds, lay, metrics, order } from './definition.ts';

const layouts = fc.record({
  gap: fc.integer({ min: 1, max: 2 }),
  columnMajor: fc.boolean(),
  flip: fc.boolean(),
});
const shapes = fc.record({
  n: fc.constantFrom(0, 1, 3, 5, 40),
  m: fc.constantFrom(0, 1, 7, 130, 300),
  d: fc.constantFrom(1, 3, 13, 31),
  kind: fc.constantFrom('ties', 'integers', 'zeros'),
  single: fc.boolean(),
  seed: fc.integer({ min: 1, max: 1e6 }),
});
const anyMetric = fc.constantFrom(...metrics);
const real = kinds.real as Fill;

describe('radiusNeighbors', () => {
  it('is the definition, whatever the shapes, strides, metrics and threads', async () => {
    await fc.assert(
      fc.asyncProperty(
        shapes,
        layouts,
        layouts,
        anyMetric,
        fc.constantFrom(1, 2),
        fc.constantFrom(8, 256),
        fc.boolean(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async ({ n, m, d, kind, single, seed }, layX, layY, metric, threads, rows, sort, share) => {
          const Type = single ? Float32Array : Float64Array;
          const X = lay(n, d, seed, kinds[kind] as Fill, Type, layX);
          const Y = lay(m, d, seed + 1, kinds[kind] as Fill, Type, layY);
          const all = allDistances(metric, X, Y);
          const flat = all.flat().sort((a, b) => a - b);
          // A distance that occurs, and for cosine one that does not.
          const at = Math.floor(share * Math.max(flat.length - 1, 0));
          const radius = (flat[at] ?? 1) + (metric === 'cosine' ? 1e-7 : 0);
          const found = await withConfig({ pairwiseChunkSize: rows }, () =>
            radiusNeighbors(X, Y, radius, { metric, threads, sort }),
          );
          expect(found.starts.length).toBe(n + 1);
          expect(found.starts[n]).toBe(found.indices.length);
          for (let i = 0; i < n; i++) {
            const wanted = (sort ? order(metric, all[i]!) : [...all[i]!.keys()]).filter((j) =>
              metric === 'dot' ? all[i]![j]! >= radius : all[i]![j]! <= radius,
            );
            const [from, to] = [found.starts[i], found.starts[i + 1]];
            const indices = [...found.indices.subarray(from, to)];
            const byIndex = (list: number[]) => [...list].sort((a, b) => a - b);
            if (metric === 'cosine' && sort) expect(byIndex(indices)).toEqual(byIndex(wanted));
            else expect(indices).toEqual(wanted);
            for (const [j, index] of indices.entries()) {
              expect(found.distances[from! + j]).toBeCloseTo(all[i]![index]!, 12);
            }
          }
        },
      ),
      { numRuns: 200 },
    );
  }, 120_000);

  it('takes infinite and negative radii, and refuses NaN', async () => {
    const X = data(4, 3, 1, real);
    expect(radiusNeighborsSync(X, X, Number.POSITIVE_INFINITY).indices.length).toBe(16);
    expect(radiusNeighborsSync(X, X, -1).indices.length).toBe(0);
    expect([...radiusNeighborsSync(X, X, 0).indices]).toEqual([0, 1, 2, 3]);
    expect(() => radiusNeighborsSync(X, X, Number.NaN)).toThrow(RangeError);
    expect(() => radiusNeighborsSync(X, X, '1' as unknown as number)).toThrow(TypeError);
    const bad = { ...X, data: X.data.map((value, at) => (at === 7 ? Number.NaN : value)) };
    await expect(radiusNeighbors(bad, X, 1)).rejects.toThrow(/'X'.*row 2 has/);
  });
});

describe('pairwiseDistances', () => {
  it('is the definition, whatever the shapes, strides and metrics', async () => {
    await fc.assert(
      fc.asyncProperty(
        shapes,
        layouts,
        layouts,
        anyMetric,
        fc.constantFrom(1, 2),
        async ({ n, m, d, kind, single, seed }, layX, layY, metric, threads) => {
          const Type = single ? Float32Array : Float64Array;
          const X = lay(n, d, seed, kinds[kind] as Fill, Type, layX);
          const Y = lay(m, d, seed + 1, kinds[kind] as Fill, Type, layY);
          const all = await pairwiseDistances(X, Y, { metric, threads });
          expect([all.shape, all.data.constructor]).toEqual([[n, m], Type]);
          const wanted = allDistances(metric, X, Y);
          const digits = single ? 4 : 9;
          for (const [i, values] of rowsOf(all).entries()) {
            for (const [j, value] of values.entries()) {
              expect(value).toBeCloseTo(wanted[i]![j]!, digits);
            }
          }
        },
      ),
      { numRuns: 150 },
    );
  }, 120_000);

  it('has zeros where a row meets itself, and keeps digits beside large offsets', () => {
    const X = data(300, 30, 5, kinds.offset as Fill);
    const near = { ...X, data: X.data.map((value) => value - 1e8) };
    for (const metric of ['sqeuclidean', 'euclidean', 'manhattan', 'chebyshev'] as const) {
      const all = pairwiseDistancesSync(X, X, { metric });
      const wanted = allDistances(metric, near, near);
      for (let i = 0; i < 300; i++) {
        expect(all.data[i * 300 + i]).toBe(0);
        for (let j = 0; j < 300; j += 7) {
          expect(all.data[i * 300 + j]).toBeCloseTo(wanted[i]![j]!, 10);
        }
      }
    }
    const cosines = pairwiseDistancesSync(data(50, 30, 6, real), data(50, 30, 6, real), {
      metric: 'cosine',
    });
    for (let i = 0; i < 50; i++) expect(cosines.data[i * 51]).toBe(0);
  });

  it('writes where it is told to, and nowhere else', () => {
    const X = data(5, 20, 1, real);
    const Y = data(7, 20, 2, real);
    const buffer = new Float64Array(200).fill(-1);
    const out = { data: buffer, shape: [5, 7], stride: [20, 2], offset: 3 };
    const result = pairwiseDistancesSync(X, Y, { out });
    expect(result.data).toBe(buffer);
    expect(rowsOf(result)).toEqual(rowsOf(pairwiseDistancesSync(X, Y)));
    expect(buffer.filter((value) => value === -1).length).toBe(200 - 35);
    expect(() => pairwiseDistancesSync(X, Y, { out: { ...out, shape: [7, 5] } })).toThrow(
      RangeError,
    );
    expect(() => pairwiseDistancesSync(X, Y, { out: { data: X.data, shape: [5, 7] } })).toThrow(
      RangeError,
    );
  });

  it('comes in blocks that fit the working memory', async () => {
    const X = data(103, 20, 1, real);
    const Y = data(41, 20, 2, real);
    const whole = pairwiseDistancesSync(X, Y, { metric: 'manhattan' });
    const collect = async (options: { workingMemory?: number }) => {
      const sizes: number[] = [];
      const all: number[] = [];
      for await (const block of pairwiseDistancesChunked(X, Y, {
        metric: 'manhattan',
        ...options,
      })) {
        expect(block.start * 41).toBe(all.length);
        sizes.push(block.distances.data.byteLength);
        all.push(...block.distances.data);
      }
      expect(Float64Array.from(all)).toEqual(whole.data);
      return sizes;
    };
    expect(await collect({})).toEqual([whole.data.byteLength]);
    const sizes = await collect({ workingMemory: 5000 });
    expect(sizes.length).toBe(7);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(5000);
    expect((await collect({ workingMemory: 1 })).length).toBe(103);
    const scoped = await withConfig({ workingMemory: 2000 }, () => collect({}));
    expect(scoped.length).toBe(18);
    expect(() => pairwiseDistancesChunked(X, Y, { workingMemory: 0 })).toThrow(RangeError);
    expect(() => pairwiseDistancesChunked(X, data(3, 4, 1, real))).toThrow(/'Y.shape'/);
  });
});

describe('KNeighbors', () => {
  const X = data(60, 5, 3, real);
  const Q = data(9, 5, 4, real);

  it('answers as argKmin does, with its own number and metric', async () => {
    const model = new KNeighbors({ k: 4, metric: 'manhattan' }).fit(X);
    expect(model.fitted).toBe(60);
    const wanted = argKminSync(Q, X, 4, { metric: 'manhattan' });
    expect(model.kneighborsSync(Q)).toEqual(wanted);
    expect(await model.kneighbors(Q)).toEqual(wanted);
    expect(await model.kneighbors(Q, { k: 2 })).toEqual(
      argKminSync(Q, X, 2, { metric: 'manhattan' }),
    );
    const within = radiusNeighborsSync(Q, X, 1, { metric: 'manhattan' });
    expect(await model.radiusNeighbors(Q, 1)).toEqual(within);
  });

  it('leaves fitted rows out of their own neighbours', async () => {
    const twice = {
      ...X,
      data: Float64Array.from([...X.data, ...X.data, ...X.data]),
      shape: [180, 5],
    };
    for (const k of [1, 2, 5]) {
      const { indices } = await new KNeighbors({ k }).fit(twice).kneighbors();
      expect(indices.shape).toEqual([180, k]);
      for (let i = 0; i < 180; i++) {
        const own = [...indices.data.subarray(i * k, i * k + k)];
        expect(own).not.toContain(i);
        expect(own[0]! % 60).toBe(i % 60);
      }
    }
    expect(() => new KNeighbors({ k: 60 }).fit(X).kneighborsSync()).toThrow(/from 1 to .*59/);
  });

  it('votes, with ties for the class that comes first, and for weights', async () => {
    const line = { data: Float64Array.of(0, 1, 2, 10, 11, 12), shape: [6, 1] };
    const at = (...values: number[]) => ({
      data: Float64Array.from(values),
      shape: [values.length, 1],
    });
    const names = ['b', 'a', 'b', 'c', 'c', 'a'];
    const model = new KNeighbors({ k: 2 }).fit(line, names);
    expect(model.classes).toEqual(['a', 'b', 'c']);
    expect(await model.classify(at(0.4, 10.4, 11.6))).toEqual(['a', 'c', 'a']);
    const weighted = new KNeighbors({ k: 2, weights: 'distance' }).fit(line, names);
    expect(weighted.classifySync(at(0.4, 10.4, 11.4, 0))).toEqual(['b', 'c', 'c', 'b']);
    const { classes, probabilities } = await weighted.probabilities(at(0.25, 1));
    expect(classes).toEqual(['a', 'b', 'c']);
    expect([...probabilities.data].map((value) => +value.toFixed(12))).toEqual([
      0.25, 0.75, 0, 1, 0, 0,
    ]);
    expect(await model.classify()).toHaveLength(6);
    const numbers = new KNeighbors({ k: 1 }).fit(float32(line), Int32Array.of(3, 1, 3, 2, 2, 1));
    expect(numbers.classifySync({ data: Float32Array.of(12.5), shape: [1, 1] })).toEqual([1]);
  });

  it('averages values', async () => {
    const line = { data: Float64Array.of(0, 1, 2, 10), shape: [4, 1] };
    const q: MatrixLike<Float64Array> = { data: Float64Array.of(0.25, 10), shape: [2, 1] };
    const flat = new KNeighbors({ k: 2 }).fit(line, [0, 4, 8, 100]);
    expect(await flat.regress(q)).toMatchObject({ shape: [2], data: Float64Array.of(2, 54) });
    const weighted = new KNeighbors({ k: 2, weights: 'distance' }).fit(line, {
      data: Float64Array.of(0, 1, 4, 5, 8, 9, 100, 101),
      shape: [4, 2],
    });
    const values = weighted.regressSync(q);
    expect(values.shape).toEqual([2, 2]);
    for (const [i, value] of [1, 2, 100, 101].entries()) {
      expect(values.data[i]).toBeCloseTo(value, 12);
    }
  });

  it('refuses what makes no sense', async () => {
    expect(() => new KNeighbors({ k: 0 })).toThrow(RangeError);
    expect(() => new KNeighbors({ weights: 'far' as 'uniform' })).toThrow(RangeError);
    expect(() => new KNeighbors({ weights: 'distance', metric: 'dot' })).toThrow(/no distance/);
    expect(() => new KNeighbors().fit({ data: new Float64Array(0), shape: [0, 3] })).toThrow(
      RangeError,
    );
    expect(() => new KNeighbors().fit(X, [1, 2])).toThrow(/'y.length' must be 60/);
    await expect(new KNeighbors().kneighbors(Q)).rejects.toThrow(/fit/);
    await expect(new KNeighbors().fit(X).classify(Q)).rejects.toThrow(/'y'/);
    await expect(new KNeighbors().fit(X).regress(Q)).rejects.toThrow(/'y'/);
    const names = Array.from({ length: 60 }, (_, i) => `c${i % 3}`);
    await expect(new KNeighbors().fit(X, names).regress(Q)).rejects.toThrow(/a number/);
    await expect(new KNeighbors().fit(X).kneighbors(Q, { k: 61 })).rejects.toThrow(RangeError);
  });
});
