/**
 * MT19937, compared with NumPy's and with its RandomState; vectors by
 * scripts/make-distribution-vectors.py.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { jumpHeader } from '../../scripts/mt19937-jump.mjs';
import { bitGeneratorFromJSON, Generator, MT19937, SeedSequence } from '../../src/random/index.ts';
import { sha256, strings, vectors } from './helpers.ts';

const { mt19937 } = vectors('numpy-distributions.json');

function keyHash(generator: MT19937): string {
  return sha256(Uint32Array.from(generator.state.state.key, Number));
}

describe('MT19937', () => {
  it('seeds, draws and jumps as NumPy does', () => {
    for (const { seed, key, pos, raw, jumped } of mt19937.seeds) {
      const generator = new MT19937(seed);
      expect(keyHash(generator)).toBe(key);
      expect(generator.state.state.pos).toBe(pos);
      expect(strings(generator.randomRaw(3))).toEqual(raw);
      generator.randomRaw(1700);
      for (const one of jumped) {
        const other = generator.jumped(one.jumps);
        expect(keyHash(other)).toBe(one.key);
        expect(other.state.state.pos).toBe(one.pos);
        expect(other.seedSequence).toBeUndefined();
        expect(strings(other.randomRaw(3))).toEqual(one.raw);
      }
    }
  });

  it('is seeded as RandomState was', () => {
    for (const { seed, key, pos, raw, random } of mt19937.legacy) {
      const generator = MT19937.legacy(seed);
      expect(keyHash(generator)).toBe(key);
      expect(generator.state.state.pos).toBe(pos);
      expect(strings(generator.randomRaw(3))).toEqual(raw);
      expect([...new Generator(MT19937.legacy(seed)).random(3)]).toEqual(random);
      expect(generator.seedSequence).toBeUndefined();
      expect(() => generator.spawn(1)).toThrow(TypeError);
    }
    for (const seed of [-1, 2 ** 32, [], [2 ** 32], [-1]]) {
      expect(() => MT19937.legacy(seed)).toThrow(RangeError);
    }
    for (const seed of [1.5, 'a', null, {}, [0.5], ['x']]) {
      expect(() => MT19937.legacy(seed as never)).toThrow(TypeError);
    }
  });

  it('draws what NumPy draws in mixtures of calls', () => {
    const g = new Generator(new MT19937(11));
    const float32 = { dtype: 'float32' } as const;
    for (const [i, what, values] of mt19937.mixed) {
      const drawn: unknown = {
        random: () => [g.random()],
        float: () => [g.random(float32)],
        normal: () => [g.standardNormal()],
        exponential: () => [g.standardExponential()],
        integer: () => [g.integers(0, 7)],
        bytes: () => g.integers(0, 200, 5, { dtype: 'uint8' }),
        fill: () => g.random(i % 7),
        floats: () => g.random(i % 5, float32),
        shuffle: () => g.permutation(i % 9),
      }[what as 'random']!();
      if (values) expect([...(drawn as number[])], `${i} ${what}`).toEqual(values);
    }
    expect(strings(g.bitGenerator.randomRaw(2))).toEqual(mt19937.after);
  });

  it('has a state that can be read, set, and sent', () => {
    const generator = new MT19937(3);
    generator.randomRaw(1000);
    const json = JSON.parse(JSON.stringify(generator));
    expect(Object.keys(json)).toEqual(['bit_generator', 'state', 'seedSequence']);
    const again = bitGeneratorFromJSON(json) as MT19937;
    expect(again).toBeInstanceOf(MT19937);
    expect(again.seedSequence).toBeInstanceOf(SeedSequence);
    expect(again.randomRaw(1300)).toEqual(generator.randomRaw(1300));
    const { state } = generator;
    for (const broken of [
      { ...state, state: { ...state.state, pos: 625 } },
      { ...state, state: { ...state.state, pos: -1 } },
      { ...state, state: { key: [1], pos: 0 } },
      { ...state, state: { ...state.state, key: Array(624).fill(-1) } },
    ]) {
      expect(() => {
        generator.state = broken;
      }).toThrow(expect.objectContaining({ code: 'ERR_HEDDLE_INVALID_ARGUMENT' }));
      expect(generator.state).toEqual(state);
    }
    expect(() => generator.jumped(-1)).toThrow(RangeError);
    expect(() => generator.jumped(0.5)).toThrow(RangeError);
  });

  it('jumps by the polynomial that its script computes', () => {
    const header = new URL('../../native/random/mt19937_jump.h', import.meta.url);
    expect(readFileSync(header, 'utf8')).toBe(jumpHeader());
  });
});
