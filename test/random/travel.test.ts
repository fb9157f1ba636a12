import { describe, expect, it } from 'vitest';
import { map } from '../../src/index.ts';
import { defaultRng, Generator, Philox, SeedSequence } from '../../src/random/index.ts';

describe('generators in parallel work', () => {
  it.each(['sequential', 'threads', 'processes'] as const)(
    'travel as arguments: %s',
    async (backend) => {
      const tasks = () =>
        new SeedSequence(7).spawn(3).map((seed) => new Generator(new Philox(seed)));
      const draw = (rng: Generator) => [...rng.standardNormal(3), rng.spawn(1)[0]!.random()];
      const jobs = backend === 'sequential' ? 1 : 2;
      const there = await map(tasks(), draw, { backend, jobs });
      expect(there).toEqual(tasks().map(draw));
    },
  );

  it('are made for each task from the seed and its place', async () => {
    const draws = (backend: 'sequential' | 'processes', jobs: number, batchSize: number) =>
      map([0, 1, 2, 3, 4], (_, { rng }) => [rng.random(), rng.integers(100), rng.normal()], {
        backend,
        jobs,
        batchSize,
        seed: 42,
      });
    const expected = await draws('sequential', 1, 1);
    expect(await draws('processes', 2, 1)).toEqual(expected);
    expect(await draws('processes', 2, 3)).toEqual(expected);
    const third = new SeedSequence(42, { spawnKey: [3] });
    const rng = defaultRng(third);
    expect(expected[3]).toEqual([rng.random(), rng.integers(100), rng.normal()]);
  });
});
