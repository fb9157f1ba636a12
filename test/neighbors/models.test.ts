import { describe, expect, it } from 'vitest';
import { withConfig } from '../../src/config/index.ts';
import type { MatrixLike } from '../../src/linalg/index.ts';
import {
  argKmin,
  argKminSync,
  KNeighbors,
  type Label,
  NotFittedError,
  type Probabilities,
  pairwiseArgmin,
  pairwiseArgminSync,
  pairwiseDistances,
  pairwiseDistancesChunked,
  pairwiseDistancesSync,
  RadiusNeighborsModel,
  radiusNeighbors,
  radiusNeighborsSync,
  type Weights,
} from '../../src/neighbors/index.ts';
import { float32, numbers } from '../helpers/matrices.ts';
import { fc } from '../helpers/seeds.ts';
import { data, type Fill, kinds } from './definition.ts';

const real = kinds.real as Fill;
const ties = kinds.ties as Fill;
const code = 'ERR_HEDDLE_INVALID_ARGUMENT';

/** What both models can be asked. */
type Asked = Omit<KNeighbors<Float64Array, Label | Label[]>, 'fit' | 'radiusNeighbors'>;
/** A model of either kind, fitted. */
function fitted(
  model: KNeighbors | RadiusNeighborsModel,
  X: MatrixLike<Float64Array>,
  y: ArrayLike<Label> | Label[][],
): Asked {
  return (model as KNeighbors).fit(X, y as ArrayLike<Label>) as unknown as Asked;
}

describe('returnDistance: false', () => {
  it('gives the same indices, and no distances', async () => {
    const X = data(70, 5, 1, ties);
    const Y = data(900, 5, 2, ties);
    for (const rows of [1, 70]) {
      for (const threads of [1, 2]) {
        const some = { data: X.data.subarray(0, rows * 5), shape: [rows, 5] };
        const found = await argKmin(some, Y, 9, { returnDistance: false, threads });
        expect(Object.keys(found)).toEqual(['indices']);
        expect(found.indices).toEqual(argKminSync(some, Y, 9).indices);
        const near = radiusNeighborsSync(some, Y, 2, { sort: true, threads });
        const { starts, indices, ...rest } = await radiusNeighbors(some, Y, 2, {
          sort: true,
          returnDistance: false,
          threads,
        });
        expect(rest).toEqual({});
        expect([starts, indices]).toEqual([near.starts, near.indices]);
      }
    }
    const model = new KNeighbors({ k: 4 }).fit(Y);
    expect(await model.kneighbors(X, { returnDistance: false })).toEqual({
      indices: model.kneighborsSync(X).indices,
    });
    expect(Object.keys(model.radiusNeighborsSync(X, 1, { returnDistance: false }))).toEqual([
      'starts',
      'indices',
    ]);
    expect(() => argKminSync(X, Y, 1, { returnDistance: 0 as never })).toThrow(/returnDistance/);
  });
});

describe('without Y', () => {
  it('no row is its own neighbour, not even where others lie at the same place', async () => {
    const once = data(60, 3, 3, real);
    const X = { data: Float64Array.from([...once.data, ...once.data]), shape: [120, 3] };
    for (const threads of [1, 2]) {
      const { indices, distances } = await argKmin(X, 3, { threads });
      for (let i = 0; i < 120; i++) {
        const own = [...indices.data.subarray(i * 3, i * 3 + 3)];
        expect(own).not.toContain(i);
        expect([own[0], distances.data[i * 3]]).toEqual([(i + 60) % 120, 0]);
      }
      const near = await radiusNeighbors(X, 0, { threads });
      expect([...near.indices]).toEqual(Array.from({ length: 120 }, (_, i) => (i + 60) % 120));
    }
    expect(await pairwiseArgmin(X)).toEqual(pairwiseArgminSync(X));
    expect([...pairwiseArgminSync(X).indices]).toEqual([...argKminSync(X, 1).indices.data]);
    expect(argKminSync(X, 119).indices.shape).toEqual([120, 119]);
    expect(() => argKminSync(X, 120)).toThrow(/from 1 to the other rows, 119/);
    expect(() => argKminSync(X, undefined as never, 3)).toThrow(/'Y' must be a matrix/);
    expect(() => pairwiseArgminSync(X, 'Y' as never)).toThrow(/'Y' must be/);
  });

  it('all distances have zeros in the diagonal', async () => {
    const X = data(40, 20, 4, real);
    for (const metric of ['euclidean', 'cosine', 'correlation', 'hamming'] as const) {
      const all = await pairwiseDistances(X, { metric });
      expect(all).toEqual(pairwiseDistancesSync(X, X, { metric }));
      for (let i = 0; i < 40; i++) expect(all.data[i * 41]).toBe(0);
      let rows = 0;
      for await (const block of pairwiseDistancesChunked(X, { metric, workingMemory: 4000 })) {
        rows += block.distances.shape[0]!;
      }
      expect(rows).toBe(40);
    }
  });
});

describe('precomputed distances', () => {
  const Y = data(300, 4, 5, ties);
  const X = data(50, 4, 6, ties);

  it('are searched as they are', async () => {
    for (const single of [false, true]) {
      const exact = pairwiseDistancesSync(X, Y, { metric: 'manhattan' });
      const D = single ? float32(exact) : exact;
      // Columns backwards: any strides.
      const flipped = { data: D.data.slice().reverse(), shape: [50, 300], stride: [-300, -1] };
      for (const given of [D, { ...flipped, offset: 50 * 300 - 1 }]) {
        for (const threads of [1, 2]) {
          const found = await argKmin(given as typeof exact, 7, { metric: 'precomputed', threads });
          expect(found).toEqual(argKminSync(X, Y, 7, { metric: 'manhattan' }));
          const near = await radiusNeighbors(given as typeof exact, 3, { metric: 'precomputed' });
          expect(near).toEqual(radiusNeighborsSync(X, Y, 3, { metric: 'manhattan' }));
        }
      }
    }
    const one = { data: Float64Array.of(3, 0, 2, 0), shape: [1, 4] };
    expect([...argKminSync(one, 4, { metric: 'precomputed' }).indices.data]).toEqual([1, 3, 2, 0]);
  });

  it('serve as a model', async () => {
    const square = pairwiseDistancesSync(Y, Y, { metric: 'manhattan' });
    const wide = pairwiseDistancesSync(X, Y, { metric: 'manhattan' });
    const labels = Array.from({ length: 300 }, (_, i) => i % 7);
    const model = new KNeighbors({ k: 5, metric: 'precomputed' }).fit(square, labels);
    const direct = new KNeighbors({ k: 5, metric: 'manhattan' }).fit(Y, labels);
    expect(await model.kneighbors(wide)).toEqual(await direct.kneighbors(X));
    expect(await model.kneighbors()).toEqual(await direct.kneighbors());
    expect(await model.classify(wide)).toEqual(await direct.classify(X));
    expect(await model.regress()).toEqual(await direct.regress());
    expect(() => new KNeighbors({ metric: 'precomputed' }).fit(wide)).toThrow(/square/);
    expect(() => model.kneighborsSync(Y)).toThrow(/of 300 columns/);
  });

  it('are refused where they are none', () => {
    const D = pairwiseDistancesSync(X, Y);
    const precomputed = { metric: 'precomputed' } as const;
    expect(() => argKminSync(D, Y, 3, precomputed)).toThrow(/'Y' must be left out/);
    expect(() => argKminSync(D, 301, precomputed)).toThrow(/from 1 to the rows of Y, 300/);
    expect(() => pairwiseDistancesSync(D, precomputed)).toThrow(/would hold the distances/);
    const wrong = (value: number) => ({ ...D, data: D.data.with(12_345, value) });
    expect(() => argKminSync(wrong(-1e-9), 3, precomputed)).toThrow(/row 41 has a negative/);
    expect(() => argKminSync(wrong(Number.NaN), 3, precomputed)).toThrow(/'X'.*row 41 has/);
    expect(() => radiusNeighborsSync(wrong(-1), 3, precomputed)).toThrow(/row 41/);
  });
});

/** Shares, winners and means by their definition, of lists of neighbours. */
function definition(
  lists: readonly (readonly [index: number, distance: number])[][],
  labels: readonly number[],
  values: readonly number[],
  weights: Weights,
) {
  const classes = [...new Set(labels)].sort((a, b) => a - b);
  return lists.map((list) => {
    const at = list.some(([, distance]) => distance === 0);
    const given =
      typeof weights === 'function'
        ? weights(
            Float64Array.from(list, ([, d]) => d),
            Int32Array.from(list, ([i]) => i),
          )
        : null;
    const share = list.map(([, distance], i) => {
      if (given) return given[i]!;
      if (weights === 'uniform') return 1;
      return at ? (distance === 0 ? 1 : 0) : 1 / distance;
    });
    const total = share.reduce((a, b) => a + b, 0);
    const votes = classes.map(
      (label) =>
        list.reduce((all, [index], i) => all + (labels[index] === label ? share[i]! : 0), 0) /
        total,
    );
    const mean = list.reduce((all, [index], i) => all + share[i]! * values[index]!, 0) / total;
    return { votes, mean };
  });
}

describe('what neighbours say together', { timeout: 120_000 }, () => {
  const cases = fc.record({
    n: fc.constantFrom(1, 3, 50),
    m: fc.constantFrom(9, 130, 700),
    d: fc.constantFrom(1, 2, 20),
    kind: fc.constantFrom('ties', 'real'),
    metric: fc.constantFrom('euclidean', 'manhattan', 'cosine', 'hamming'),
    weights: fc.constantFrom<Weights[]>('uniform', 'distance', (d) => d.map((v) => 1 / (1 + v))),
    seed: fc.integer({ min: 1, max: 1e6 }),
    chunk: fc.constantFrom(8, 256),
    radius: fc.boolean(),
  });

  it('is the definition, of the k nearest and within a radius, on any number of threads', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ n, m, d, kind, metric, weights, seed, chunk, radius }) => {
        const X = data(n, d, seed, kinds[kind] as Fill);
        const Y = data(m, d, seed + 1, kinds[kind] as Fill);
        const next = numbers(seed);
        const labels = Array.from({ length: m }, () => Math.floor(next() * 4) * 10);
        const values = Array.from({ length: m }, () => next() * 2 - 1);
        const all = argKminSync(X, Y, m, { metric });
        const r = all.distances.data[Math.floor(m / 3)]!;
        const model = radius
          ? new RadiusNeighborsModel({ radius: r, metric, weights, outlierLabel: -1 })
          : new KNeighbors({ k: 5, metric, weights });
        const classifier = fitted(model, Y, labels);
        const lists = Array.from({ length: n }, (_, i) => {
          const list = Array.from(
            { length: m },
            (_, j) => [all.indices.data[i * m + j]!, all.distances.data[i * m + j]!] as const,
          );
          return radius ? list.filter(([, far]) => far <= r) : list.slice(0, 5);
        });
        const wanted = definition(lists, labels, values, weights);
        const ask = async (threads: number) =>
          withConfig({ pairwiseChunkSize: chunk }, async () => ({
            labels: await classifier.classify(X, { threads }),
            shares: await classifier.probabilities(X, { threads }),
          }));
        const said = await ask(1);
        expect(await ask(2)).toEqual(said);
        const { classes, probabilities } = said.shares as Probabilities<Label>;
        const width = classes.length;
        expect(probabilities.shape).toEqual([n, width]);
        const regressor = fitted(model, Y, values);
        const means = await withConfig({ pairwiseChunkSize: chunk }, () => regressor.regress(X));
        expect(regressor.regressSync(X, { threads: 1 }).shape).toEqual([n]);
        for (const [i, { votes, mean }] of wanted.entries()) {
          if (lists[i]!.length === 0) {
            expect(said.labels[i]).toBe(-1);
            expect(means.data[i]).toBeNaN();
            continue;
          }
          for (let c = 0; c < width; c++) {
            expect(probabilities.data[i * width + c]).toBeCloseTo(votes[c]!, 10);
          }
          expect(means.data[i]).toBeCloseTo(mean, 9);
          const most = Math.max(...votes);
          expect(votes[classes.indexOf(said.labels[i] as Label)]).toBeCloseTo(most, 9);
          // Of equal shares the first class, where the sums are exact.
          if (weights === 'uniform') {
            expect(said.labels[i]).toBe(classes[votes.findIndex((v) => v >= most * (1 - 1e-12))]);
          }
        }
      }),
      { numRuns: 120 },
    );
  });

  it('has the same bits on any number of threads, also where sums are long', async () => {
    const Y = data(20_000, 3, 11, real);
    const values = Array.from({ length: 20_000 }, (_, i) => Math.sin(i) * 10 ** (i % 9));
    for (const n of [1, 40]) {
      const X = data(n, 3, 12, real);
      const model = new RadiusNeighborsModel({ radius: 1.5, weights: 'distance' }).fit(Y, values);
      const one = model.regressSync(X, { threads: 1 });
      const two = await model.regress(X, { threads: 2 });
      expect(two.data).toEqual(one.data);
    }
  });

  it('stops when it is given up, and tells how far it is', async () => {
    const huge = { data: new Float64Array(400_000 * 8).fill(1), shape: [400_000, 8] };
    const labels = new Uint8Array(400_000);
    for (const model of [
      new KNeighbors({ metric: 'manhattan' }).fit(huge, labels),
      new RadiusNeighborsModel({ metric: 'manhattan' }).fit(huge, labels),
    ]) {
      const controller = new AbortController();
      const reason = new Error('enough');
      let told = 0;
      const running = model.classify(huge, {
        signal: controller.signal,
        onProgress: () => {
          told += 1;
          controller.abort(reason);
        },
      });
      await expect(running).rejects.toBe(reason);
      expect(told).toBe(1);
    }
  });
});

describe('several outputs', () => {
  const X = data(80, 3, 21, real);
  const Q = data(15, 3, 22, real);
  const first = Array.from({ length: 80 }, (_, i) => 'abc'[i % 3]!);
  const second = Array.from({ length: 80 }, (_, i) => (i % 2 ? 'odd' : 'even'));
  const rows = first.map((label, i) => [label, second[i]!]);

  it.each(['k', 'radius'] as const)('are what each of them alone is: %s', async (kind) => {
    const make = () =>
      kind === 'k'
        ? new KNeighbors({ k: 4, weights: 'distance' })
        : new RadiusNeighborsModel({ radius: 0.9, outlierLabel: 'a' });
    const both = fitted(make(), X, rows);
    const [a, b] = [fitted(make(), X, first), fitted(make(), X, second)];
    expect(both.classes).toEqual([a.classes, b.classes]);
    const alone = [await a.classify(Q), await b.classify(Q)];
    expect(await both.classify(Q)).toEqual(alone[0]!.map((label, i) => [label, alone[1]![i]]));
    expect(await both.probabilities(Q)).toEqual([
      await a.probabilities(Q),
      await b.probabilities(Q),
    ]);
    expect(both.classifySync()).toHaveLength(80);
  });

  it('come as lists of numbers or as a matrix, also with strides', async () => {
    const columns = Float64Array.from({ length: 160 }, (_, i) => (i < 80 ? i % 5 : i / 8));
    const matrix: MatrixLike = { data: columns, shape: [80, 2], stride: [1, 80] };
    const lists = Array.from({ length: 80 }, (_, i) => [columns[i]!, columns[80 + i]!]);
    const byMatrix = new KNeighbors({ k: 3 }).fit(X, matrix);
    const byLists = new KNeighbors({ k: 3 }).fit(X, lists);
    expect(await byMatrix.regress(Q)).toEqual(await byLists.regress(Q));
    expect(byMatrix.regressSync(Q).shape).toEqual([15, 2]);
    expect(await byMatrix.classify(Q)).toEqual(await byLists.classify(Q));
    // One column is a list of one.
    const one = new KNeighbors({ k: 3 }).fit(X, { data: columns, shape: [80, 1] });
    expect(one.regressSync(Q).shape).toEqual([15, 1]);
    expect(one.classifySync(Q)[0]).toHaveLength(1);
    for (const wrong of [
      [[1], [2]],
      rows.map((row, i) => (i === 5 ? ['a'] : row)),
      rows.slice(1),
    ]) {
      expect(() => new KNeighbors().fit(X, wrong as string[][])).toThrow(
        expect.objectContaining({ code }),
      );
    }
    const missing = rows.map((row, i) => (i === 7 ? ['a', undefined] : row));
    expect(() => new KNeighbors().fit(X, missing as string[][]).classes).toThrow(/'y\[7\]\[1\]'/);
  });
});

describe('models', () => {
  const X = data(30, 2, 31, real);
  const labels = Array.from({ length: 30 }, (_, i) => i % 3);

  it('say by a code that they are not fitted', async () => {
    for (const model of [new KNeighbors(), new RadiusNeighborsModel()] as KNeighbors[]) {
      expect(model.fitted).toBe(0);
      for (const ask of [
        () => model.classify(X),
        () => model.probabilities(X),
        () => model.regress(X),
        async () => model.classes,
        async () => model.classifySync(X),
        async () => model.regressSync(X),
        () => model.radiusNeighbors(X, 1),
      ]) {
        await expect(ask()).rejects.toBeInstanceOf(NotFittedError);
        await expect(ask()).rejects.toMatchObject({ code: 'ERR_HEDDLE_NOT_FITTED' });
      }
    }
    await expect(new KNeighbors().kneighbors(X)).rejects.toThrow('KNeighbors: call fit(X) first');
  });

  it('take weights that a function gives, and check them', async () => {
    const seen: [number, number][] = [];
    const weights = (distances: Float64Array, indices: Int32Array) => {
      seen.push([distances.length, indices.length]);
      return distances.map((far) => Math.exp(-far));
    };
    const model = new KNeighbors({ k: 4, weights }).fit(X, labels);
    expect(model.weights).toBe(weights);
    await model.classify(X);
    expect(seen).toEqual(Array.from({ length: 30 }, () => [4, 4]));
    // A function that gives what 'distance' does.
    const inverse = new KNeighbors({ k: 4, weights: (d) => d.map((far) => 1 / far) });
    const named = new KNeighbors({ k: 4, weights: 'distance' });
    const [mine, theirs] = [inverse.fit(X, labels), named.fit(X, labels)];
    expect(mine.classifySync()).toEqual(theirs.classifySync());
    for (const wrong of [
      () => [1, 2],
      () => 'none',
      () => [1, 2, 3, Number.NaN],
      () => [0, 0, 0, 0],
      () => [1, 2, 3, '4'],
    ]) {
      const bad = new KNeighbors({ k: 4, weights: wrong as never }).fit(X, labels);
      await expect(bad.classify(X)).rejects.toMatchObject({ code });
      expect(() => bad.regressSync(X)).toThrow(/weights\(\)/);
    }
    expect(() => new KNeighbors({ weights: 5 as never })).toThrow(TypeError);
    expect(() => new RadiusNeighborsModel({ weights: 'distance', metric: 'dot' })).toThrow(
      /no distance/,
    );
  });

  it('have a say on rows without neighbours', async () => {
    const line = { data: Float64Array.of(0, 1, 1.5, 10), shape: [4, 1] };
    const Q = { data: Float64Array.of(0.9, 50), shape: [2, 1] };
    const make = (outlierLabel?: Label | Label[]) =>
      new RadiusNeighborsModel({ radius: 2, outlierLabel }).fit(line, ['a', 'b', 'b', 'c']);
    await expect(make().classify(Q)).rejects.toThrow(/'radius' must be such .*\(rows 1\)/);
    await expect(make().probabilities(Q)).rejects.toMatchObject({ code });
    expect(await make('none').classify(Q)).toEqual(['b', 'none']);
    expect(await make('most_frequent').classify(Q)).toEqual(['b', 'b']);
    expect([...(await make('none').probabilities(Q)).probabilities.data]).toEqual([
      1 / 3,
      2 / 3,
      0,
      0,
      0,
      0,
    ]);
    expect([...(await make('c').probabilities(Q)).probabilities.data].slice(3)).toEqual([0, 0, 1]);
    expect(await make('x').classify(Q, { radius: 45 })).toEqual(['b', 'c']);
    await expect(make(['x', 'y']).classify(Q)).rejects.toThrow(/a list of 1/);
    const values = new RadiusNeighborsModel({ radius: 2 }).fit(line, [1, 2, 3, 4]);
    expect([...values.regressSync(Q).data]).toEqual([2, Number.NaN]);
    const { starts } = await values.radiusNeighbors(Q);
    expect([...starts]).toEqual([0, 3, 3]);
    // Each fitted row is judged by the others: the last has none.
    expect([...values.regressSync().data]).toEqual([2.5, 2, 1.5, Number.NaN]);
    expect(() => new RadiusNeighborsModel({ radius: Number.NaN })).toThrow(RangeError);
    expect(() => new RadiusNeighborsModel({ radius: '1' as never })).toThrow(TypeError);
  });
});
