import { afterAll, describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { invoker, map, shutdownWorkers } from 'heddle';
import { KNeighbors, RadiusNeighborsModel } from 'heddle/neighbors';
import { data, type Fill, kinds } from './definition.ts';

afterAll(() => shutdownWorkers());

const X = data(200, 3, 41, kinds.real as Fill);
const big = data(60_000, 3, 42, kinds.real as Fill);
const labels = Array.from({ length: 200 }, (_, i) => `c${i % 4}`);

describe.each(['threads', 'processes'] as const)(
  'in workers: %s',
  { timeout: 60_000 },
  (backend) => {
    const options = { backend, jobs: 2 };

    it('a model is argument, captured variable and result', async () => {
      const models = [
        new KNeighbors({ k: 3, metric: 'minkowski', p: 3, w: [1, 2, 3] }).fit(X, labels),
        new KNeighbors({ k: 3, weights: (far) => far.map((v) => Math.exp(-v)) }).fit(X, labels),
        new RadiusNeighborsModel({ radius: 0.2, outlierLabel: 'none' }).fit(X, labels),
      ];
      const back = await map(
        models,
        (model) => ({ model, guesses: model.classifySync(), type: model.constructor.name }),
        options,
      );
      for (const [i, { model, guesses, type }] of back.entries()) {
        const wanted = models[i]!.classifySync();
        expect(guesses).toEqual(wanted);
        expect(type).toBe(models[i]!.constructor.name);
        // What came back is a model of our own class, and works.
        expect(model).toBeInstanceOf(i < 2 ? KNeighbors : RadiusNeighborsModel);
        expect(model.fitted).toBe(200);
        expect(model.classifySync()).toEqual(wanted);
      }
      const [first] = models;
      const guesses = await map(
        [1, 5],
        (k) => (first as KNeighbors).classifySync(undefined, { k }),
        options,
      );
      expect(guesses[0]).toEqual((first as KNeighbors).classifySync(undefined, { k: 1 }));
    });

    it('a model is the model of an invoker, with rows in shared memory', async () => {
      const several = Array.from({ length: 60_000 }, (_, i) => [i % 3, i % 7]);
      const model = new KNeighbors({ k: 5 }).fit(big, several);
      const wanted = model.classifySync(X);
      const invoke = invoker(model, (m, rows: typeof X) => m.classifySync(rows), options);
      try {
        expect(await invoke.map([X, X]).toArray()).toEqual([wanted, wanted]);
      } finally {
        await invoke[Symbol.asyncDispose]();
      }
    });

    it('one that is not fitted says so there', async () => {
      const asked = map([new KNeighbors()], (model) => model.classifySync(), options);
      await expect(asked).rejects.toMatchObject({ cause: { code: 'ERR_HEDDLE_NOT_FITTED' } });
    });
  },
);
