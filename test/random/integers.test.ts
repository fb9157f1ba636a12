import { describe, expect, it } from 'vitest';
import { defaultRng, type IntegerType } from '../../src/random/index.ts';
import { expectState, pcg, sha256, strings, vectors } from './helpers.ts';

const { generator } = vectors('numpy-random-vectors.json').cases;
const more = vectors('numpy-random-more.json');

describe('integers, compared with NumPy', () => {
  it('of the kept vectors', () => {
    for (const one of generator.integers) {
      const { seed, low, high, endpoint, values, after, scalar_calls } = one;
      const dtype = one.dtype as IntegerType;
      const g = pcg(seed);
      const options = { dtype, endpoint };
      const label = `${dtype} ${low} ${high} ${endpoint}`;
      const [from, to] = [BigInt(low), BigInt(high)];
      expect(strings(g.integers(from, to, values.length as number, options)), label).toEqual(
        values,
      );
      expectState(g.bitGenerator, after);
      if (scalar_calls === undefined) continue;
      const scalar = pcg(seed);
      const calls = scalar_calls.map(() => scalar.integers(from, to, undefined, options));
      expect(strings(calls.map(Number)), label).toEqual(strings(scalar_calls.map(Number)));
    }
  });

  it('of every width, in bulk and one by one', () => {
    for (const one of more.integers) {
      const dtype = one.dtype as IntegerType;
      const low = BigInt(one.low);
      const high = BigInt(one.high);
      const g = pcg(11);
      const label = `${dtype} ${low} ${high}`;
      const options = { dtype, endpoint: true };
      expect(strings(g.integers(low, high, 9, options)), label).toEqual(one.values);
      for (const scalar of one.scalars) {
        const got = g.integers(low, high, undefined, options);
        expect(String(typeof got === 'boolean' ? Number(got) : got), label).toBe(scalar);
      }
      expect(sha256(g.integers(low, high, 3001, options)), label).toBe(one.sha256);
      expectState(g.bitGenerator, one.after);
    }
  });

  it('as numbers where no type is asked for', () => {
    for (const range of [1, 2, 7, 1000, 2 ** 21, 2 ** 21 + 1, 2 ** 31 + 11, 2 ** 32 - 1, 2 ** 32]) {
      const numbers = pcg(5).integers(-3, range - 3, 1000);
      const bigints = pcg(5).integers(-3n, BigInt(range) - 3n, 1000);
      expect(strings(numbers)).toEqual(strings(bigints));
      const scalar = pcg(5);
      expect(Array.from(numbers, () => scalar.integers(-3, range - 3))).toEqual([...numbers]);
      const wide = pcg(5);
      const into = wide.integers(-3, range - 3, undefined, { out: new Float64Array(1000) });
      expect(into).toEqual(numbers);
      expect(wide.bitGenerator.state).toEqual(scalar.bitGenerator.state);
    }
  });

  it('bytes', () => {
    for (const { n, hex, after } of more.bytes) {
      const g = pcg(11);
      g.random({ dtype: 'float32' });
      expect(Buffer.from(g.bytes(n)).toString('hex')).toBe(hex);
      expectState(g.bitGenerator, after);
    }
  });
});

describe('integers', () => {
  const rng = defaultRng(1);

  it('take one bound as the high one, and endpoints', () => {
    for (let i = 0; i < 100; i++) {
      expect([0, 1, 2]).toContain(rng.integers(3));
      expect([3, 4]).toContain(rng.integers(3, 4, undefined, { endpoint: true }));
    }
    expect(typeof rng.integers(10n)).toBe('bigint');
    expect(rng.integers(5, 6)).toBe(5);
    expect(rng.integers(0, 2, undefined, { dtype: 'bool' })).toBeTypeOf('boolean');
    const { data, shape } = rng.integers(0, 9, [2, 3], { dtype: 'uint8' });
    expect(data).toBeInstanceOf(Uint8Array);
    expect(shape).toEqual([2, 3]);
  });

  it('refuse bounds that make no sense', () => {
    const bad: [unknown, unknown, string?][] = [
      [5, 5],
      [6, 5],
      [0, 0],
      [0, 257, 'uint8'],
      [-1, 5, 'uint8'],
      [-129, 5, 'int8'],
      [0, 3, 'bool'],
      [0n, 2n ** 63n + 1n],
      [0n, 2n ** 64n + 1n, 'uint64'],
      [0, 2 ** 53],
      [0.5, 3],
      [0, Number.POSITIVE_INFINITY],
    ];
    const before = rng.bitGenerator.state;
    for (const [low, high, dtype] of bad) {
      expect(
        () => rng.integers(low as number, high as number, 3, { dtype: dtype as 'uint8' }),
        `${low} ${high} ${dtype}`,
      ).toThrow(RangeError);
    }
    expect(() => rng.integers(0)).toThrow(RangeError);
    expect(() => rng.integers('1' as never)).toThrow(TypeError);
    expect(() => rng.integers(0, 5, 3, { dtype: 'float64' as never })).toThrow(TypeError);
    expect(() => rng.integers(0, 5, 3, { out: new Int32Array(3) as never })).toThrow(TypeError);
    expect(() => rng.integers(0, 5, -1)).toThrow(RangeError);
    expect(() => rng.bytes(-1)).toThrow(RangeError);
    expect(rng.bitGenerator.state).toEqual(before);
  });
});
