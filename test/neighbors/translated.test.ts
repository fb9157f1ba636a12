/**
 * What scikit-learn's tests of brute-force neighbours ask for: `test_pairwise_distances_reduction.py`
 * and `test_neighbors.py`, as far as they apply.
 *
 * Left out, with what stands in their way:
 * - sparse matrices, lists and integers as rows: here rows are float64 or float32 matrices;
 * - trees, `algorithm`, `leaf_size`, `kneighbors_graph`, `radius_neighbors_graph`, transformers,
 *   `NearestCentroid`, neighbourhood components, outlier factors: not in this module;
 * - metrics that are refused by name, functions as metrics, `metric_params`, pickling, cloning and the
 *   checks of estimators;
 * - heuristics of strategies: here the layout over threads is no option; and memory of buffers, which
 *   is private there as well;
 * - `score`, feature names, pandas and array-API namespaces;
 * - the tests that translations of points leave results as they are, in argkmin.test.ts, and of
 *   equality with exact distances, in metrics.test.ts and models.test.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { withConfig } from '../../src/config/index.ts';
import { mapFile, saveNpy } from '../../src/memory/index.ts';
import {
  argKmin,
  argKminSync,
  KNeighbors,
  type MetricOptions,
  RadiusNeighborsModel,
  radiusNeighbors,
  radiusNeighborsSync,
} from '../../src/neighbors/index.ts';
import { float32 } from '../helpers/matrices.ts';
import { data, type Fill, kinds } from './definition.ts';

const real = kinds.real as Fill;
const matrix = (rows: number[][]) => ({
  data: Float64Array.from(rows.flat()),
  shape: [rows.length, rows[0]!.length],
});
const rounded = (values: Iterable<number>) => Array.from(values, (value) => +value.toFixed(9));

describe('reductions of pairwise distances', () => {
  const X = data(100, 10, 1, real);
  const Y = data(100, 10, 2, real);

  it('refuse wrong use', async () => {
    for (const [ask, why] of [
      [() => argKmin(X, Y, 0), /'k' must be a whole number from 1/],
      [() => argKmin(X, Y, -1), /'k'/],
      [() => argKmin(X, Y, 1.5), /'k'/],
      [() => argKmin(X, Y, 101), /'k'/],
      [() => argKmin(X, Y, '5' as never), /'k'/],
      [() => argKmin(X, float32(Y) as never, 5), /Float64Array/],
      [() => argKmin({ ...X, data: Int32Array.from(X.data) as never }, Y, 5), /'X'/],
      [() => argKmin(X, Y, 5, { metric: 'wrong' as never }), /'metric'/],
      [() => argKmin(X, data(5, 9, 1, real), 5), /'Y.shape'/],
      [() => radiusNeighbors(X, Y, '1' as never), /'radius'/],
      [() => radiusNeighbors(X, float32(Y) as never, 1), /Float64Array/],
      [async () => new KNeighbors({ weights: 'wrong' as never }), /'weights'/],
      [async () => new KNeighbors().fit(X, [1, 2]), /'y.length' must be 100/],
    ] as const) {
      await expect(ask()).rejects.toThrow(why);
      await expect(ask()).rejects.toMatchObject({ code: 'ERR_HEDDLE_INVALID_ARGUMENT' });
    }
  });

  const measures: MetricOptions[] = [
    {},
    { metric: 'minkowski', p: 3 },
    { metric: 'minkowski', p: 1.7 },
    { metric: 'correlation' },
    { metric: 'hamming' },
  ];
  it('depend on neither chunks nor threads nor the side that is shared out', async () => {
    const many = data(1500, 10, 3, real);
    const labels = Int32Array.from({ length: 1500 }, (_, i) => (i * i) % 7);
    const ask = async (rows: number, threads: number, options: MetricOptions, n: number) =>
      withConfig({ pairwiseChunkSize: rows }, async () => {
        const some = { data: X.data.subarray(0, n * 10), shape: [n, 10] };
        const settings = { ...options, threads };
        const radius = argKminSync(some, many, 40, options).distances.data[30]!;
        const model = new KNeighbors({ ...options, weights: 'distance' }).fit(many, labels);
        const near = new RadiusNeighborsModel({ ...options, radius, outlierLabel: 0 });
        return [
          await argKmin(some, many, 10, settings),
          await radiusNeighbors(some, many, radius, settings),
          await model.probabilities(some, { threads }),
          await near.fit(many, labels).classify(some, { threads }),
        ];
      });
    for (const options of measures) {
      for (const n of [1, 100]) {
        const wanted = await ask(256, 1, options, n);
        for (const [rows, threads] of [
          [50, 1],
          [512, 2],
          [1024, 2],
          [256, 2],
        ] as const) {
          expect(await ask(rows, threads, options, n)).toEqual(wanted);
        }
      }
    }
  });

  it('read rows from a mapped file', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'heddle-neighbors-'));
    try {
      const file = path.join(folder, 'rows.npy');
      await saveNpy(file, Y);
      const mapped = mapFile(file) as typeof Y;
      expect(argKminSync(X, mapped, 10)).toEqual(argKminSync(X, Y, 10));
      const within = radiusNeighborsSync(X, mapped, 2);
      expect(within).toEqual(radiusNeighborsSync(X, Y, 2));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('models of neighbours', () => {
  const rows = matrix([
    [0, 2, 0],
    [0, 2, 1],
    [2, 0, 0],
    [2, 2, 0],
    [0, 0, 2],
    [0, 0, 1],
  ]);
  const classes = [4, 4, 5, 5, 1, 1];

  it('give the shares of classes', () => {
    const model = new KNeighbors({ k: 3, metric: 'minkowski', p: 1 }).fit(rows, classes);
    const [third, two] = [1 / 3, 2 / 3];
    expect(model.classes).toEqual([1, 4, 5]);
    expect(rounded(model.probabilitiesSync(rows).probabilities.data)).toEqual(
      rounded([
        ...[0, two, third],
        ...[third, two, 0],
        ...[third, 0, two],
        ...[0, third, two],
        ...[two, third, 0],
        ...[two, third, 0],
      ]),
    );
    const names = new KNeighbors({ k: 3, metric: 'l1' }).fit(rows, classes.map(String));
    expect(names.classifySync(rows)).toEqual(model.classifySync(rows).map(String));
    // Weights 1 / (1 + d): the first row is at 0, 1 and 2 of its neighbours.
    const weighted = new KNeighbors({
      k: 2,
      metric: 'l1',
      weights: (far) => far.map((d) => 1 / (1 + d)),
    }).fit(matrix([[0], [1], [5]]), ['a', 'b', 'b']);
    expect(rounded(weighted.probabilitiesSync(matrix([[0]])).probabilities.data)).toEqual(
      rounded([two, third]),
    );
  });

  it('let neighbours at no distance decide alone', () => {
    const line = matrix([[0], [0], [1], [2]]);
    const far = new KNeighbors({ k: 3, weights: 'distance' }).fit(line, [1, 1, 2, 3]);
    expect(far.classifySync(matrix([[0], [1]]))).toEqual([1, 2]);
    const near = new RadiusNeighborsModel({ radius: 5, weights: 'distance' });
    const values = near.fit(line, [1, 3, 10, 20]);
    expect([...values.regressSync(matrix([[0], [1], [2]])).data]).toEqual([2, 10, 20]);
    expect(near.fit(line, ['x', 'y', 'z', 'z']).classifySync(matrix([[0]]))).toEqual(['x']);
  });

  it('label outliers, also of several outputs', () => {
    const train = matrix([
      [1, 1],
      [2, 2],
      [1.4, 1.4],
      [-1.2, -1.2],
    ]);
    const test = matrix([
      [1, 1],
      [40, 40],
    ]);
    const rows = [
      [0, 1],
      [1, 3],
      [0, 3],
      [1, 1],
    ];
    const options = { radius: 0.8 } as const;
    const several = (outlierLabel: number | number[] | 'most_frequent') =>
      new RadiusNeighborsModel({ ...options, outlierLabel }).fit(train, rows).classifySync(test);
    expect(several([2, 7])).toEqual([
      [0, 1],
      [2, 7],
    ]);
    expect(several(9)[1]).toEqual([9, 9]);
    expect(several('most_frequent')[1]).toEqual([0, 1]);
    expect(() => several([1, 2, 3])).toThrow(/a list of 2/);
    const bare = new RadiusNeighborsModel(options).fit(train, rows);
    expect(() => bare.classifySync(test)).toThrow(/outlierLabel/);
    expect(bare.classifySync(matrix([[1, 1]]))).toEqual([[0, 1]]);
  });

  it('average values of one and of several outputs', () => {
    const X = data(200, 5, 9, real);
    const values = Array.from({ length: 200 }, (_, i) => [Math.sin(i), Math.cos(i)]);
    for (const make of [
      () => new KNeighbors({ k: 4 }),
      () => new RadiusNeighborsModel({ radius: 0.8 }) as unknown as KNeighbors,
    ]) {
      const both = make().fit(X, values).regressSync(X);
      expect(both.shape).toEqual([200, 2]);
      for (const output of [0, 1]) {
        const alone = values.map((row) => row[output]!);
        const one = make().fit(X, alone).regressSync(X);
        expect(one.shape).toEqual([200]);
        expect([...one.data]).toEqual([...both.data].filter((_, at) => at % 2 === output));
      }
    }
    // A row among its own neighbours with k = 1 has its own value.
    const own = new KNeighbors({ k: 1 }).fit(X, values);
    expect([...own.regressSync(X).data]).toEqual(values.flat());
  });

  it('of the same numbers do the same, whatever kind of array these lie in', () => {
    const X = data(60, 4, 10, real);
    const numbers = Array.from({ length: 60 }, (_, i) => i % 4);
    const wanted = new KNeighbors({ k: 3 }).fit(X, numbers).classifySync();
    for (const y of [
      Int8Array.from(numbers),
      Float32Array.from(numbers),
      Float64Array.from(numbers),
      Uint32Array.from(numbers),
    ]) {
      expect(new KNeighbors({ k: 3 }).fit(X, y).classifySync()).toEqual(wanted);
    }
    const big = new KNeighbors({ k: 3 }).fit(X, BigInt64Array.from(numbers, BigInt));
    expect(big.classifySync()).toEqual(wanted.map(BigInt));
    const flags = new KNeighbors({ k: 3 }).fit(
      X,
      numbers.map((n) => n > 1),
    );
    expect(flags.classes).toEqual([false, true]);
    for (const y of [
      numbers.map((n, i) => (i === 3 ? Number.NaN : n)),
      numbers.map((n, i) => (i === 3 ? null : n)) as number[],
      numbers.map((n, i) => (i === 3 ? {} : n)) as number[],
    ]) {
      expect(() => new KNeighbors().fit(X, y).classes).toThrow(/'y\[3\]' must be a label/);
    }
  });
});
