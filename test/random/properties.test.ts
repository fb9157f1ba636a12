import { describe, expect, it } from 'vitest';
import {
  type BitGenerator,
  bitGeneratorFromJSON,
  Generator,
  PCG64,
  PCG64DXSM,
  Philox,
  SeedSequence,
} from '../../src/random/index.ts';
import { fc } from '../helpers/seeds.ts';
import { kinds } from './helpers.ts';

const anyKind = fc.constantFrom(
  ...(Object.values(kinds) as (new (
    seed: bigint,
  ) => BitGenerator)[]),
);
const anySeed = fc.bigInt({ min: 0n, max: 2n ** 200n });

/** Calls of all kinds, each of which returns what it drew. */
const call = fc.oneof(
  fc.constant((g: Generator) => g.random() as unknown),
  fc.constant((g: Generator) => g.random({ dtype: 'float32' }) as unknown),
  fc.constant((g: Generator) => g.standardNormal() as unknown),
  fc.constant((g: Generator) => g.standardExponential() as unknown),
  fc.constant((g: Generator) => g.standardGamma(0.7) as unknown),
  fc.constant((g: Generator) => g.poisson(40) as unknown),
  fc.constant((g: Generator) => g.integers(10) as unknown),
  fc.constant((g: Generator) => g.integers(0n, 2n ** 40n) as unknown),
  fc.constant(
    (g: Generator) => g.choice(5, undefined, { p: [0.2, 0.2, 0.2, 0.2, 0.2] }) as unknown,
  ),
  fc.integer({ min: 0, max: 700 }).map((n) => (g: Generator) => g.random(n) as unknown),
  fc
    .integer({ min: 0, max: 700 })
    .map((n) => (g: Generator) => g.random(n, { dtype: 'float32' }) as unknown),
  fc.integer({ min: 0, max: 700 }).map((n) => (g: Generator) => g.standardNormal(n) as unknown),
  fc
    .integer({ min: 0, max: 700 })
    .map((n) => (g: Generator) => g.standardNormal(n, { dtype: 'float32' }) as unknown),
  fc.integer({ min: 0, max: 700 }).map((n) => (g: Generator) => g.integers(0, 6, n) as unknown),
  fc
    .integer({ min: 0, max: 700 })
    .map((n) => (g: Generator) => g.integers(0, 6, n, { dtype: 'uint8' }) as unknown),
  fc.integer({ min: 0, max: 300 }).map((n) => (g: Generator) => g.permutation(n) as unknown),
);

describe('properties of generators', () => {
  it('states are read and set at any point of any mixture of calls', () => {
    fc.assert(
      fc.property(
        anyKind,
        anySeed,
        fc.array(call, { maxLength: 12 }),
        fc.array(call, { maxLength: 6 }),
        (Kind, seed, before, after) => {
          const g = new Generator(new Kind(seed));
          for (const draw of before) draw(g);
          const state = JSON.parse(JSON.stringify(g.bitGenerator.state));
          const again = new Generator(bitGeneratorFromJSON(state));
          const once = after.map((draw) => draw(g));
          expect(after.map((draw) => draw(again))).toEqual(once);
          expect(again.bitGenerator.state).toEqual(g.bitGenerator.state);
          g.bitGenerator.state = state;
          expect(after.map((draw) => draw(g))).toEqual(once);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('reading the state changes nothing', () => {
    fc.assert(
      fc.property(anyKind, anySeed, fc.array(call, { maxLength: 12 }), (Kind, seed, calls) => {
        const one = new Generator(new Kind(seed));
        const other = new Generator(new Kind(seed));
        for (const draw of calls) {
          void other.bitGenerator.state;
          expect(draw(other)).toEqual(draw(one));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('scalars are the elements of a fill', () => {
    fc.assert(
      fc.property(anyKind, anySeed, fc.integer({ min: 1, max: 3000 }), (Kind, seed, n) => {
        const one = new Generator(new Kind(seed));
        const all = new Generator(new Kind(seed)).standardNormal(n);
        expect(Float64Array.from({ length: n }, () => one.standardNormal())).toEqual(all);
      }),
      { numRuns: 50 },
    );
  });

  // What parameters decide is worked out once for a fill, once a number for arrays of parameters and
  // for scalars, and kept over the rows of counts: nobody may see which.
  it('numbers of one parameter are those of as many equal parameters, and of scalars', () => {
    const half = fc.double({ min: 0.01, max: 0.99, noNaN: true });
    const any = fc.oneof(half, fc.double({ min: 1, max: 60, noNaN: true }));
    const methods = fc.oneof(
      fc
        .constantFrom('poisson', 'standardT', 'chisquare', 'standardGamma', 'zipf')
        .chain((name) => any.map((a) => [name, a + (name === 'zipf' ? 1 : 0)] as const)),
      fc
        .constantFrom('geometric', 'logseries')
        .chain((name) => half.map((p) => [name, p] as const)),
      fc
        .constantFrom('beta', 'f', 'vonmises', 'noncentralChisquare', 'wald')
        .chain((name) => fc.tuple(any, any).map((both) => [name, ...both] as const)),
      fc.tuple(any, half).map((both) => ['negativeBinomial', ...both] as const),
      fc
        .tuple(fc.integer({ min: 0, max: 400 }), fc.double({ min: 0, max: 1, noNaN: true }))
        .map((both) => ['binomial', ...both] as const),
    );
    fc.assert(
      fc.property(
        anyKind,
        anySeed,
        methods,
        fc.integer({ min: 1, max: 600 }),
        (Kind, seed, [name, ...parameters], n) => {
          const [one, other, last] = [0, 1, 2].map(() => new Generator(new Kind(seed)));
          const draw = (from: Generator | undefined, given: unknown[]) =>
            (from as unknown as Record<string, (...call: unknown[]) => unknown>)[name]?.(...given);
          const all = draw(one, [...parameters, n]);
          const columns = parameters.map((value) => new Float64Array(n).fill(value));
          expect(draw(other, columns)).toEqual(all);
          expect(Float64Array.from({ length: n }, () => draw(last, parameters) as number)).toEqual(
            all,
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it('rows of counts are the same with common chances and with equal ones of their own', () => {
    fc.assert(
      fc.property(
        anyKind,
        anySeed,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 0, max: 2000 }),
        fc.integer({ min: 1, max: 300 }),
        (Kind, seed, weights, trials, rows) => {
          const sum = weights.reduce((total, one) => total + one, 0);
          const chances = weights.map((one) => (sum > 0 ? (one / sum) * (1 - 1e-9) : 0));
          const data = Float64Array.from(
            { length: rows * chances.length },
            (_, i) => chances[i % chances.length] as number,
          );
          const together = new Generator(new Kind(seed)).multinomial(trials, chances, rows);
          const apart = new Generator(new Kind(seed)).multinomial(trials, {
            data,
            shape: [rows, chances.length],
          });
          expect(together.data).toEqual(apart.data);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('advances add up, and undo each other', () => {
    const far = fc.bigInt({ min: -(2n ** 130n), max: 2n ** 130n });
    fc.assert(
      fc.property(
        fc.constantFrom(PCG64, PCG64DXSM, Philox),
        anySeed,
        far,
        far,
        (Kind, seed, a, b) => {
          const twice = new Kind(seed).advance(a).advance(b);
          expect(twice.state).toEqual(new Kind(seed).advance(a + b).state);
          expect(twice.advance(-a - b).state).toEqual(new Kind(seed).state);
        },
      ),
    );
  });

  it('advancing is drawing', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(PCG64, PCG64DXSM),
        anySeed,
        fc.integer({ min: 0, max: 5000 }),
        (Kind, seed, n) => {
          const drawn = new Kind(seed);
          drawn.randomRaw(n);
          expect(new Kind(seed).advance(n).state).toEqual(drawn.state);
        },
      ),
    );
  });

  it('spawned children differ from each other, from the parent, and over generations', () => {
    fc.assert(
      fc.property(anySeed, fc.integer({ min: 1, max: 20 }), (seed, n) => {
        const parent = new SeedSequence(seed);
        const children = [...parent.spawn(n), ...parent.spawn(n)];
        const family = [parent, ...children, ...children[0]!.spawn(3)];
        const seeds = family.map((one) => one.generateState(4, 'uint64').join());
        expect(new Set(seeds).size).toBe(seeds.length);
        const again = new SeedSequence(seed).spawn(2 * n);
        expect(again.map((one) => one.generateState(4))).toEqual(
          children.map((one) => one.generateState(4)),
        );
      }),
    );
  });
});
