import { describe, expect, it } from 'vitest';
import {
  type BitGenerator,
  bitGeneratorFromJSON,
  defaultRng,
  Generator,
  PCG64,
  PCG64DXSM,
  Philox,
  SeedSequence,
  SFC64,
} from '../../src/random/index.ts';
import { expectState, kinds, sha256, strings, vectors } from './helpers.ts';

const { cases } = vectors('numpy-random-vectors.json');
const more = vectors('numpy-random-more.json');

describe('bit generators, compared with NumPy', () => {
  for (const [Kind, list] of [
    [PCG64, cases.pcg64],
    [PCG64DXSM, cases.pcg64dxsm],
  ] as const) {
    it(`${Kind.name}: seeds, outputs, jumps and advances`, () => {
      for (const { entropy, init, raw, after, jumped, advance } of list) {
        const generator = new Kind(entropy);
        expectState(generator, init);
        expect(strings(generator.randomRaw(raw.length))).toEqual(raw);
        expectState(generator, after);
        for (const { jumps, raw: outputs, ...state } of jumped) {
          const other = new Kind(entropy).jumped(jumps);
          expectState(other, state);
          expect(strings(other.randomRaw(outputs.length))).toEqual(outputs);
        }
        for (const { delta, raw: output, ...state } of advance) {
          const other = new Kind(entropy).advance(BigInt(delta));
          expectState(other, state);
          expect(String(other.randomRaw())).toBe(output);
        }
      }
    });
  }

  it('spawned ones, SFC64 and Philox', () => {
    for (const { entropy, spawn_key, raw } of cases.pcg64_spawned) {
      const generator = new PCG64(new SeedSequence(entropy, { spawnKey: spawn_key }));
      expect(strings(generator.randomRaw(raw.length))).toEqual(raw);
    }
    const { sfc64, philox, philox_jumped_42_1 } = cases.other_bitgens;
    for (const [seed, raw] of Object.entries<string[]>(sfc64)) {
      expect(strings(new SFC64(seed).randomRaw(raw.length))).toEqual(raw);
    }
    for (const [seed, raw] of Object.entries<string[]>(philox)) {
      expect(strings(new Philox(seed).randomRaw(raw.length))).toEqual(raw);
    }
    const jumped = new Philox(42).jumped(1).randomRaw(philox_jumped_42_1.length);
    expect(strings(jumped)).toEqual(philox_jumped_42_1);
    for (const { key, counter, raw } of more.philox_keys) {
      const generator = new Philox(undefined, { key, counter });
      expect(strings(generator.randomRaw(raw.length))).toEqual(raw);
    }
  });

  for (const name of ['PCG64', 'PCG64DXSM', 'Philox', 'SFC64'] as const) {
    it(`${name}: mixtures of calls, jumps, large fills`, () => {
      for (const one of more.bit_generators) {
        if (one.kind !== name) continue;
        const Kind = kinds[name];
        expectState(new Kind(one.seed), one.init);
        const rng = new Generator(new Kind(one.seed));
        for (const [what, expected] of one.mixed) {
          if (what === 'random') expect([...rng.random(5)]).toEqual(expected);
          if (what === 'float') {
            expect([...rng.random(3, { dtype: 'float32' })]).toEqual(expected);
          }
          if (what === 'normal') expect([...rng.standardNormal(4)]).toEqual(expected);
          if (what === 'integers') expect([...rng.integers(0, 100, 3)]).toEqual(expected);
          if (what === 'scalar') expect(rng.random()).toBe(expected);
          if (what === 'scalar integer') expect(rng.integers(0, 7)).toBe(expected);
        }
        expectState(rng.bitGenerator, one.after);
        for (const { jumps, state } of one.jumped ?? []) {
          expectState((rng.bitGenerator as PCG64).jumped(jumps), state);
        }
        for (const { delta, state, raw } of one.advanced ?? []) {
          const other = new Kind(one.seed) as PCG64;
          other.randomRaw(2);
          other.advance(BigInt(delta));
          expectState(other, state);
          expect(String(other.randomRaw())).toBe(raw);
        }
        for (const { name: method, dtype, sha256: hash, after } of one.bulk) {
          const g = new Generator(new Kind(one.seed));
          g.random({ dtype: 'float32' });
          const options = { dtype: dtype === 'f4' ? ('float32' as const) : ('float64' as const) };
          const out =
            method === 'random'
              ? g.random(100_003, options)
              : method === 'standard_normal'
                ? g.standardNormal(100_003, options)
                : g.standardExponential(100_003, options);
          expect(sha256(out)).toBe(hash);
          expectState(g.bitGenerator, after);
        }
      }
    });
  }
});

describe('bit generators', () => {
  const all = Object.values(kinds) as (new (seed: number) => BitGenerator)[];

  it('go through JSON at any place, with their seed sequence', () => {
    for (const Kind of all) {
      const rng = new Generator(new Kind(5));
      rng.spawn(2);
      rng.random();
      rng.random({ dtype: 'float32' });
      const again = new Generator(bitGeneratorFromJSON(JSON.parse(JSON.stringify(rng))));
      expect(again.random({ dtype: 'float32' })).toBe(rng.random({ dtype: 'float32' }));
      expect(again.standardNormal(50)).toEqual(rng.standardNormal(50));
      expect(again.spawn(1)[0]!.random()).toBe(rng.spawn(1)[0]!.random());
    }
  });

  it('refuse states of others and broken ones, and stay as they are', () => {
    const generator = new PCG64(1);
    const before = generator.state;
    const state = before.state;
    expect(() => {
      generator.state = new PCG64DXSM(1).state;
    }).toThrow(RangeError);
    for (const bad of [
      { ...before, has_uint32: 2 },
      { ...before, uinteger: 2 ** 32 },
      { ...before, state: { ...state, inc: '-1' } },
      { ...before, state: { ...state, state: 2n ** 128n } },
    ]) {
      expect(() => {
        generator.state = bad;
      }).toThrow(RangeError);
    }
    for (const bad of [null, {}, { ...before, state: { state: 'x', inc: '1' } }]) {
      expect(() => {
        generator.state = bad as never;
      }).toThrow(TypeError);
    }
    expect(generator.state).toEqual(before);
    const philox = new Philox(1).state;
    expect(() => {
      new Philox(1).state = { ...philox, buffer_pos: 5 };
    }).toThrow(RangeError);
    expect(() => new Philox(1, { key: 2 })).toThrow(TypeError);
    expect(() => new PCG64(1).advance(0.5)).toThrow(RangeError);
    expect(() => new PCG64(1).advance('1' as never)).toThrow(TypeError);
    expect(() => new PCG64(1).jumped().spawn(1)).toThrow(TypeError);
    expect(() => bitGeneratorFromJSON({ bit_generator: 'WELL512' } as never)).toThrow(RangeError);
    expect(() => new Generator({} as never)).toThrow(TypeError);
    expect(() => new SFC64(1).randomRaw(-1)).toThrow(RangeError);
  });

  it('are taken by defaultRng as they are', () => {
    const generator = new SFC64(3);
    expect(defaultRng(generator).bitGenerator).toBe(generator);
    const rng = defaultRng(3);
    expect(defaultRng(rng)).toBe(rng);
    expect(defaultRng(3).random()).toBe(rng.random());
    expect(defaultRng().random()).not.toBe(defaultRng().random());
  });

  it('are shared by the generators over one', () => {
    const generator = new PCG64(3);
    const [a, b] = [new Generator(generator), new Generator(generator)];
    const one = defaultRng(3);
    for (let i = 0; i < 5000; i++) expect((i % 3 ? a : b).random()).toBe(one.random());
  });
});

describe('seed sequences of one’s own', () => {
  const { sources, philox_words } = vectors('numpy-distributions.json');

  /** Multiples of one number, as wide as they are asked for. */
  const counting = {
    asked: [] as [number, string][],
    generateState(count: number, dtype: 'uint32' | 'uint64') {
      this.asked.push([count, dtype]);
      const step = dtype === 'uint64' ? 0x9e3779b97f4a7c15n : 0x9e3779b9n;
      const bits = dtype === 'uint64' ? 64 : 32;
      return Array.from({ length: count }, (_, i) => BigInt.asUintN(bits, step * BigInt(i + 1)));
    },
  };

  it('give what NumPy makes of them', () => {
    for (const [name, raw] of Object.entries<string[]>(sources)) {
      counting.asked.length = 0;
      const generator = new kinds[name as keyof typeof kinds](counting);
      expect(strings(generator.randomRaw(2)), name).toEqual(raw);
      const asked = { PCG64: 4, PCG64DXSM: 4, Philox: 2, SFC64: 3, MT19937: 624 }[name];
      expect(counting.asked).toEqual([[asked, name === 'MT19937' ? 'uint32' : 'uint64']]);
      expect(generator.seedSequence).toBe(counting);
    }
    expect(defaultRng(counting).random()).toBe(new Generator(new PCG64(counting)).random());
  });

  it('spawn where they can, and are not written down', () => {
    expect(() => new PCG64(counting).spawn(2)).toThrow(/a method spawn/);
    const parent = { ...counting, spawn: (n: number) => new SeedSequence(5).spawn(n) };
    const children = new PCG64(parent).spawn(2);
    expect(children.map((child) => child.state)).toEqual(
      new PCG64(5).spawn(2).map((child) => child.state),
    );
    expect(new PCG64(parent).toJSON()).not.toHaveProperty('seedSequence');
  });

  it('refuse what is too little or no word', () => {
    const of = (generateState: () => ArrayLike<number | bigint>) => () =>
      new PCG64({ generateState });
    const code = expect.objectContaining({ code: 'ERR_HEDDLE_INVALID_ARGUMENT' });
    expect(of(() => [1, 2, 3])).toThrow(code);
    expect(of(() => undefined as never)).toThrow(code);
    expect(of(() => [1, 2, 3, -1])).toThrow(code);
    expect(of(() => [1n, 2n, 3n, 2n ** 64n])).toThrow(code);
    expect(of(() => [1, 2, 3, 0.5])).toThrow(code);
  });

  it('words are Philox’s key and counter', () => {
    for (const { key, counter, raw } of philox_words) {
      const words = (list: string[]) => BigUint64Array.from(list, BigInt);
      const given = [
        { key, counter },
        { key: words(key), counter: words(counter) },
      ];
      for (const options of given) {
        expect(strings(new Philox(undefined, options).randomRaw(9))).toEqual(raw);
      }
    }
    for (const options of [
      { key: [1] },
      { key: [1, 2, 3] },
      { counter: [1, 2] },
      { key: [1, -1] },
    ]) {
      expect(() => new Philox(undefined, options)).toThrow(
        expect.objectContaining({ code: 'ERR_HEDDLE_INVALID_ARGUMENT' }),
      );
    }
  });
});
