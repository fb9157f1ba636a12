import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { executorStats, resolveThreads } from '../../src/executor/index.ts';
import { native } from '../../src/native.ts';
import { streamOf } from '../../src/random/bit-generator.ts';
import { type BitGenerator, Generator, PCG64, SeedSequence } from '../../src/random/index.ts';
import { DistributionId, fill } from '../../src/random/stream.ts';
import { fc } from '../helpers/seeds.ts';
import { kinds, sha256, vectors } from './helpers.ts';

const more = vectors('numpy-random-more.json');
const all = Object.values(kinds) as (new (seed: number) => BitGenerator)[];

describe('fills on several cores', () => {
  let budget = 0;
  beforeAll(() => {
    resolveThreads(undefined, 'openmp');
    budget = executorStats().budget;
    native.executor.budget(8);
  });
  afterAll(() => {
    native.executor.budget(budget);
  });

  // Each core must get 400,000 numbers to be worth waking.
  const LENGTH = 3_400_001;

  /** A fill on as many cores as asked for: past `resolveThreads`, which knows the real budget. */
  function fillOn(threads: number, g: Generator, out: Float64Array | Float32Array): string {
    const { wide } = executorStats();
    fill(streamOf(g.bitGenerator), out, { id: DistributionId.random, a: 0, b: 0, c: 0 }, threads);
    const advances = !['SFC64', 'MT19937'].includes(g.bitGenerator.name);
    expect(executorStats().wide - wide).toBe(threads > 1 && advances ? 1 : 0);
    return sha256(out);
  }

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('are the serial fill on %i', (threads) => {
    for (const Kind of all) {
      for (const before of [0, 1]) {
        const serial = new Generator(new Kind(5));
        const parallel = new Generator(new Kind(5));
        for (const g of [serial, parallel]) {
          for (let i = 0; i < before; i++) {
            g.random();
            g.random({ dtype: 'float32' });
          }
        }
        const wide = fillOn(threads, parallel, new Float64Array(LENGTH));
        expect(wide).toBe(sha256(serial.random(LENGTH)));
        const narrow = fillOn(threads, parallel, new Float32Array(LENGTH));
        expect(narrow).toBe(sha256(serial.random(LENGTH, { dtype: 'float32' })));
        expect(parallel.bitGenerator.state).toEqual(serial.bitGenerator.state);
        if (Kind !== PCG64) break;
      }
    }
  });

  it('are asked for by the option', () => {
    const { wide } = executorStats({ resetPeak: true });
    const out = new Float64Array(LENGTH);
    const threads = 2;
    expect(new Generator(new PCG64(1)).random({ out, threads })).toBe(out);
    expect(sha256(out)).toBe(sha256(new Generator(new PCG64(1)).random(LENGTH)));
    const stats = executorStats();
    expect(stats.wide - wide).toBe(resolveThreads(2, 'openmp') > 1 ? 1 : 0);
    expect(stats.peak).toBeLessThanOrEqual(2);
    const scaled = new Generator(new PCG64(1)).uniform(-3, 5, LENGTH, { threads });
    expect(sha256(scaled)).toBe(sha256(new Generator(new PCG64(1)).uniform(-3, 5, LENGTH)));
  });

  it('by blocks run wide and stay the same', () => {
    const block = (threads: number) =>
      sha256(
        new Generator(new PCG64(1)).fillBlocks(new Float64Array(1_000_001), {
          distribution: 'standardNormal',
          threads,
        }),
      );
    expect(block(2)).toBe(block(1));
  });

  it('by blocks give what NumPy gives with a spawned child for each', () => {
    const names = {
      standard_normal: 'standardNormal',
      standard_exponential: 'standardExponential',
      random: 'random',
    } as const;
    for (const { name, dtype, block, n, sha256: hash } of more.blocks) {
      for (const threads of [1, 2, 8]) {
        const g = new Generator(new PCG64(new SeedSequence(99)));
        const out = dtype === 'f8' ? new Float64Array(n) : new Float32Array(n);
        const distribution = names[name as keyof typeof names];
        expect(g.fillBlocks(out, { distribution, blockSize: block, threads })).toBe(out);
        expect(sha256(out)).toBe(hash);
        expect(g.bitGenerator.seedSequence).toHaveProperty('nChildrenSpawned', 4);
      }
    }
  });

  it('by blocks of any distribution depend on the seed and the block size alone', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          { distribution: 'normal', parameters: [1, 2] } as const,
          { distribution: 'gamma', parameters: [0.5, 2] } as const,
          { distribution: 'poisson', parameters: [20] } as const,
          { distribution: 'binomial', parameters: [50, 0.2] } as const,
          { distribution: 'beta', parameters: [2, 3] } as const,
        ),
        fc.integer({ min: 0, max: 5000 }),
        fc.integer({ min: 1, max: 700 }),
        fc.integer({ min: 2, max: 8 }),
        (law, length, blockSize, threads) => {
          const fill = (cores: number) =>
            new Generator(new PCG64(3)).fillBlocks(new Float64Array(length), {
              ...law,
              blockSize,
              threads: cores,
            });
          expect(fill(threads)).toEqual(fill(1));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('refuse what makes no sense', () => {
    const g = new Generator(new PCG64(1));
    expect(() => g.random(5, { threads: 0 })).toThrow(RangeError);
    expect(() => g.random(5, { threads: '2' as never })).toThrow(TypeError);
    const out = new Float64Array(5);
    expect(() => g.fillBlocks(out, { distribution: 'cauchy' as never })).toThrow(TypeError);
    expect(() => g.fillBlocks(out, { distribution: 'normal', blockSize: 0 })).toThrow(RangeError);
    expect(() => g.fillBlocks(out, { distribution: 'normal', parameters: [0, -1] })).toThrow(
      RangeError,
    );
    expect(() => g.fillBlocks([] as never, { distribution: 'normal' })).toThrow(TypeError);
    expect(() => g.fillBlocks(new Float32Array(5), { distribution: 'gamma' })).toThrow(TypeError);
    expect(() => g.fillBlocks(out, { distribution: 'gamma' })).toThrow(TypeError);
  });
});
