import { afterEach, describe, expect, it } from 'vitest';
import { withConfig } from '../../src/config/index.ts';
import type { MatrixLike } from '../../src/linalg/index.ts';
import { native } from '../../src/native.ts';
import {
  argKmin,
  argKminSync,
  pairwiseArgmin,
  pairwiseArgminSync,
} from '../../src/neighbors/index.ts';
import { float32 } from '../helpers/matrices.ts';
import { fc } from '../helpers/seeds.ts';
import { allDistances, data, dense, type Fill, kinds, lay, metrics, order } from './definition.ts';

const best = native.neighbors.kernels();
const available = (['baseline', 'avx2', 'avx512'] as const).filter(
  (name) => native.neighbors.kernels(name) !== undefined,
);
const useBest = () => native.neighbors.kernels(best as 'baseline');
afterEach(useBest);

function sameBits(a: Int32Array | Float64Array, b: Int32Array | Float64Array): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(
    Buffer.from(b.buffer, b.byteOffset, b.byteLength),
  );
}

describe('argKmin', { timeout: 120_000 }, () => {
  it('is the definition, whatever the shapes, strides, metrics, chunks and kernels', async () => {
    const layouts = fc.record({
      gap: fc.integer({ min: 1, max: 2 }),
      columnMajor: fc.boolean(),
      flip: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          n: fc.constantFrom(0, 1, 2, 3, 5, 40, 100),
          m: fc.constantFrom(1, 2, 7, 30, 130, 200),
          d: fc.constantFrom(1, 2, 3, 8, 13, 16, 31, 65),
          share: fc.double({ min: 0, max: 1, noNaN: true }),
          kind: fc.constantFrom('ties', 'integers', 'zeros'),
          single: fc.boolean(),
          seed: fc.integer({ min: 1, max: 1e6 }),
        }),
        layouts,
        layouts,
        fc.constantFrom(...metrics),
        fc.constantFrom(1, 2),
        fc.constantFrom(1, 8, 50, 256),
        fc.constantFrom(...available),
        async ({ n, m, d, share, kind, single, seed }, layX, layY, metric, threads, rows, isa) => {
          native.neighbors.kernels(isa);
          const Type = single ? Float32Array : Float64Array;
          const fill = kinds[kind] as Fill;
          const X = lay(n, d, seed, fill, Type, layX);
          const Y = lay(m, d, seed + 1, fill, Type, layY);
          const k = Math.max(1, Math.round(share ** 3 * m));
          const { indices, distances } = await withConfig({ pairwiseChunkSize: rows }, () =>
            argKmin(X, Y, k, { metric, threads }),
          );
          expect([indices.shape, distances.shape]).toEqual([
            [n, k],
            [n, k],
          ]);
          const all = allDistances(metric, X, Y);
          for (let i = 0; i < n; i++) {
            const wanted = order(metric, all[i]!).slice(0, k);
            const found = [...indices.data.subarray(i * k, (i + 1) * k)];
            const far = [...distances.data.subarray(i * k, (i + 1) * k)];
            // Roots and unit lengths are rounded: cosine distances tie only up to that.
            if (metric !== 'cosine') expect(found).toEqual(wanted);
            expect(new Set(found).size).toBe(k);
            for (let j = 0; j < k; j++) {
              const off = Math.max(
                Math.abs(far[j]! - all[i]![found[j]!]!),
                Math.abs(far[j]! - all[i]![wanted[j]!]!),
              );
              if (!(off < 1e-12)) expect.fail(`row ${i}: ${far} at ${found}`);
              if (j > 0 && far[j] === far[j - 1] && found[j]! < found[j - 1]!) {
                expect.fail(`row ${i}: a tie out of order, ${found}`);
              }
            }
          }
        },
      ),
      { numRuns: 400 },
    );
  }, 120_000);

  it('gives the same bits whatever the threads, direction and chunks', async () => {
    for (const [n, m, d, k] of [
      [1, 5000, 20, 7],
      [30, 5000, 33, 20],
      [700, 800, 40, 3],
      [2500, 300, 17, 5],
    ] as const) {
      const X = data(n, d, 5, kinds.real as Fill);
      const Y = data(m, d, 6, kinds.real as Fill);
      Y.data.copyWithin(m * d - 50 * d, 0, 50 * d); // duplicates
      for (const metric of metrics) {
        for (const [x, y] of [
          [X, Y],
          [float32(X), float32(Y)],
        ] as const) {
          const first = argKminSync(x as MatrixLike, y as MatrixLike, k, { metric, threads: 1 });
          for (const [threads, rows] of [
            [2, 256],
            [2, 33],
            [1, 1000],
          ] as const) {
            const again = withConfig({ pairwiseChunkSize: rows }, () =>
              argKminSync(x as MatrixLike, y as MatrixLike, k, { metric, threads }),
            );
            const told = `${metric} ${n} × ${m}, ${threads} threads, chunks of ${rows}`;
            expect(sameBits(again.indices.data, first.indices.data), told).toBe(true);
            expect(sameBits(again.distances.data, first.distances.data), told).toBe(true);
          }
        }
      }
    }
  });

  it('gives the same bits however many rows ask, with all kernels', () => {
    for (const isa of available) {
      native.neighbors.kernels(isa);
      for (const d of [5, 13, 40]) {
        const X = data(40, d, 15, kinds.real as Fill);
        const Y = data(600, d, 16, kinds.real as Fill);
        for (const metric of metrics) {
          for (const [x, y] of [
            [X, Y],
            [float32(X), float32(Y)],
          ] as const) {
            // One by one they are computed pair by pair, together by products or panels.
            const all = argKminSync(x as MatrixLike, y as MatrixLike, 6, { metric });
            for (const at of [0, 17, 39]) {
              const one = { ...(x as MatrixLike), shape: [1, d], offset: at * d };
              const alone = argKminSync(one, y as MatrixLike, 6, { metric });
              expect(alone.indices.data).toEqual(all.indices.data.slice(at * 6, at * 6 + 6));
              expect(alone.distances.data).toEqual(all.distances.data.slice(at * 6, at * 6 + 6));
            }
          }
        }
      }
    }
  });

  it('loses no digits to an offset that all rows share', () => {
    for (const [n, m, d] of [
      [3, 900, 12],
      [100, 900, 30],
      [100, 300, 64],
    ] as const) {
      const X = data(n, d, 7, kinds.offset as Fill);
      const Y = data(m, d, 8, kinds.offset as Fill);
      const near = { ...X, data: X.data.map((value) => value - 1e8) };
      const nearY = { ...Y, data: Y.data.map((value) => value - 1e8) };
      for (const metric of ['sqeuclidean', 'euclidean', 'manhattan', 'chebyshev'] as const) {
        const far = argKminSync(X, Y, 9, { metric });
        const all = allDistances(metric, near, nearY);
        for (let i = 0; i < n; i++) {
          const wanted = order(metric, all[i]!).slice(0, 9);
          expect([...far.indices.data.subarray(i * 9, i * 9 + 9)]).toEqual(wanted);
          expect(far.distances.data[i * 9]).toBeCloseTo(all[i]![wanted[0]!]!, 12);
        }
      }
    }
  });

  it('finds its way in clusters that are far apart beside their width', () => {
    // Products in float32 decide nothing here, those in float64 little.
    for (const apart of [1e3, 1e6, 1e9, 1e13]) {
      const cluster: Fill = (next, i) => apart * ((i % 4) - 1.5) + Math.floor(next() * 1024) / 1024;
      const X = data(200, 24, 11, cluster);
      const Y = data(1500, 24, 12, cluster);
      const { indices, distances } = argKminSync(X, Y, 4);
      const all = allDistances('euclidean', X, Y);
      for (let i = 0; i < 200; i++) {
        const wanted = order('euclidean', all[i]!).slice(0, 4);
        for (let j = 0; j < 4; j++) {
          expect(distances.data[i * 4 + j]).toBeCloseTo(all[i]![wanted[j]!]!, 9);
          expect(all[i]![indices.data[i * 4 + j]!]!).toBeCloseTo(all[i]![wanted[j]!]!, 9);
        }
      }
    }
  });

  it('copes with numbers that are too large or too small for float32, and for squares', () => {
    for (const scale of [1e-300, 1e-30, 1e-20, 1e20, 1e30, 1e150]) {
      const X = data(30, 20, 21, (next) => scale * (Math.floor(next() * 9) - 4));
      const Y = data(400, 20, 22, (next) => scale * (Math.floor(next() * 9) - 4));
      const unit = (of: MatrixLike<Float64Array>) => ({
        ...of,
        data: of.data.map((value) => Math.round(value / scale)),
      });
      for (const metric of metrics) {
        const squares = metric === 'sqeuclidean' || metric === 'euclidean' || metric === 'dot';
        if (squares && scale < 1e-150) continue; // all squares are 0
        const found = argKminSync(X, Y, 5, { metric });
        const wanted = allDistances(metric, unit(X), unit(Y));
        for (let i = 0; i < 30; i++) {
          const right = order(metric, wanted[i]!).slice(0, 5);
          for (let j = 0; j < 5; j++) {
            expect(wanted[i]![found.indices.data[i * 5 + j]!]!).toBeCloseTo(
              wanted[i]![right[j]!]!,
              9,
            );
          }
        }
      }
    }
    const infinite = argKminSync(
      { data: Float64Array.of(1e300, -1e300), shape: [2, 1] },
      { data: Float64Array.of(-1e300, 1e300, 1e300, 0), shape: [4, 1] },
      4,
      { metric: 'sqeuclidean' },
    );
    expect([...infinite.indices.data]).toEqual([1, 2, 0, 3, 0, 1, 2, 3]);
    expect(infinite.distances.data[2]).toBe(Number.POSITIVE_INFINITY);
  });

  it('keeps order among many rows at one place', async () => {
    const zeros = { data: new Float64Array(5000 * 30), shape: [5000, 30] };
    const some = { data: new Float64Array(400 * 30).fill(1), shape: [400, 30] };
    for (const metric of metrics) {
      for (const x of [zeros, some]) {
        const queries = { ...x, shape: [300, 30] };
        const { indices } = await argKmin(queries, zeros, 12, { metric });
        for (let i = 0; i < 300; i++) {
          expect([...indices.data.subarray(i * 12, i * 12 + 12)]).toEqual([
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
          ]);
        }
      }
    }
  });

  it('gives the same blocking and queued, and the nearest alone', async () => {
    const X = data(50, 16, 31, kinds.real as Fill);
    const Y = data(80, 16, 32, kinds.real as Fill);
    const one = argKminSync(X, Y, 1);
    expect(await argKmin(X, Y, 1)).toEqual(one);
    const nearest = { indices: one.indices.data, distances: one.distances.data };
    expect(pairwiseArgminSync(X, Y)).toEqual(nearest);
    expect(await pairwiseArgmin(X, Y)).toEqual(nearest);
  });

  it('refuses what makes no sense, before it computes', async () => {
    const X = data(5, 4, 1, kinds.real as Fill);
    const Y = data(6, 4, 2, kinds.real as Fill);
    expect(() => argKminSync(X, Y, 0)).toThrow(/'k' must be a whole number from 1 to.*6.*0 was/);
    expect(() => argKminSync(X, Y, 7)).toThrow(RangeError);
    expect(() => argKminSync(X, Y, 1.5)).toThrow(RangeError);
    expect(() => argKminSync(X, Y, '3' as unknown as number)).toThrow(TypeError);
    expect(() => argKminSync(X, data(6, 5, 2, kinds.real as Fill), 1)).toThrow(/'Y.shape'.*4 col/);
    expect(() => argKminSync(X, float32(Y) as unknown as typeof X, 1)).toThrow(TypeError);
    expect(() => argKminSync({ ...X, shape: [20] }, Y, 1)).toThrow(TypeError);
    expect(() => argKminSync({ ...X, shape: [6, 4] }, Y, 1)).toThrow(/reaches outside/);
    expect(() => argKminSync(X, Y, 1, { metric: 'l3' as 'dot' })).toThrow(/'metric' must be one/);
    expect(() => argKminSync(X, Y, 1, { threads: 0 })).toThrow(RangeError);
    expect(() => argKminSync({ data: new Float64Array(0), shape: [5, 0] }, Y, 1)).toThrow(
      RangeError,
    );
    expect(() => withConfig({ pairwiseChunkSize: 0 }, () => argKminSync(X, Y, 1))).toThrow(
      RangeError,
    );
    await expect(argKmin(X, Y, 0)).rejects.toThrow(RangeError);
    await expect(argKmin(X, Y, 1, { onProgress: 3 as unknown as () => void })).rejects.toThrow(
      TypeError,
    );
    const growing = new Float64Array(
      new (ArrayBuffer as unknown as new (n: number, o: object) => ArrayBuffer)(160, {
        maxByteLength: 320,
      }),
    );
    await expect(argKmin({ data: growing, shape: [5, 4] }, Y, 1)).rejects.toThrow(/resized/);
  });

  it('finds NaN and infinity in every way it computes', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const metric of metrics) {
        for (const [n, d] of [
          [2, 30],
          [40, 3],
          [40, 30],
        ] as const) {
          const X = data(n, d, 3, kinds.real as Fill);
          const Y = data(700, d, 4, kinds.real as Fill);
          const of = (matrix: typeof X, row: number) => {
            const changed = Float64Array.from(matrix.data);
            changed[row * d + d - 1] = bad;
            return { ...matrix, data: changed };
          };
          const told = `${metric} ${n} × ${d}`;
          expect(() => argKminSync(X, of(Y, 633), 3, { metric }), told).toThrow(
            /'Y' must have no NaN and no infinity in it, but its row 633 has/,
          );
          expect(() => argKminSync(of(X, 1), Y, 3, { metric }), told).toThrow(/'X'.*row 1 has/);
          const unchecked = withConfig({ assumeFinite: true }, () =>
            argKminSync(of(X, 1), of(Y, 633), 3, { metric }),
          );
          expect(unchecked.indices.shape).toEqual([n, 3]);
          for (const index of unchecked.indices.data) {
            expect(index).toBeGreaterThanOrEqual(-1);
            expect(index).toBeLessThan(700);
          }
        }
      }
    }
  });

  it('takes layouts of every kind', () => {
    const X = lay(9, 20, 3, kinds.integers as Fill, Float64Array, dense);
    const odd = { gap: 2, columnMajor: true, flip: true };
    const same = lay(9, 20, 3, kinds.integers as Fill, Float64Array, odd);
    for (const metric of metrics) {
      expect(argKminSync(same, X, 4, { metric })).toEqual(argKminSync(X, same, 4, { metric }));
    }
  });
});
