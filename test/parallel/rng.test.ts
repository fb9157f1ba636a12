import { afterAll, expect, it } from 'vitest';
import { map, shutdownWorkers } from '../../src/index.ts';
import { Generator, PCG64, SeedSequence } from '../../src/random/index.ts';
import { everyBackend, range, rejection } from './support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

it.each(everyBackend)(
  'gives each task its own numbers, wherever it runs: %s',
  async (_, options) => {
    const draw = (_x: number, ctx: { rng: { random(): number } }) => [
      ctx.rng.random(),
      ctx.rng.random(),
    ];
    const expected = range(40).map((index) => {
      const rng = new Generator(new PCG64(new SeedSequence(42, { spawnKey: [index] })));
      return [rng.random(), rng.random()];
    });
    expect(await map(range(40), draw, { ...options, seed: 42 })).toEqual(expected);
    expect(await map(range(40), draw, { ...options, seed: 42, batchSize: 7 })).toEqual(expected);
    const other = await map(range(40), draw, { ...options, seed: [1, 2n] });
    expect(other).not.toEqual(expected);
    const error = await rejection(map([1], draw, options));
    expect((error as Error).message).toContain("'seed'");
  },
);
