import { describe, expect, it } from 'vitest';
import { defaultRng } from '../../src/random/index.ts';

const rng = defaultRng(1);

describe('what NumPy refuses is refused, before anything is drawn', () => {
  const nan = Number.NaN;
  const cases: [string, () => unknown][] = [
    ['uniform(2, 1)', () => rng.uniform(2, 1)],
    ['uniform(0, ∞)', () => rng.uniform(0, Number.POSITIVE_INFINITY)],
    ['uniform(NaN, 1)', () => rng.uniform(nan, 1)],
    ['normal(0, -1)', () => rng.normal(0, -1)],
    ['normal(0, -0)', () => rng.normal(0, -0, 3)],
    ['exponential(-1)', () => rng.exponential(-1)],
    ['standardGamma(-1)', () => rng.standardGamma(-1)],
    ['gamma(1, -1)', () => rng.gamma(1, -1, 2)],
    ['beta(0, 1)', () => rng.beta(0, 1)],
    ['beta(1, -1)', () => rng.beta(1, -1)],
    ['chisquare(0)', () => rng.chisquare(0)],
    ['lognormal(0, -1)', () => rng.lognormal(0, -1)],
    ['laplace(0, -1)', () => rng.laplace(0, -1)],
    ['standardT(0)', () => rng.standardT(0)],
    ['poisson(-1)', () => rng.poisson(-1)],
    ['poisson(NaN)', () => rng.poisson(nan, 3)],
    ['poisson(1e19)', () => rng.poisson(1e19)],
    ['binomial(-1, 0.5)', () => rng.binomial(-1, 0.5)],
    ['binomial(1.5, 0.5)', () => rng.binomial(1.5, 0.5)],
    ['binomial(2^53, 0.5)', () => rng.binomial(2 ** 53, 0.5)],
    ['binomial(1, 1.5)', () => rng.binomial(1, 1.5)],
    ['binomial(1, NaN)', () => rng.binomial(1, nan)],
    ['geometric(0)', () => rng.geometric(0)],
    ['geometric(1.1)', () => rng.geometric(1.1)],
    ['dirichlet([1, -1])', () => rng.dirichlet([1, -1])],
    ['size -1', () => rng.random(-1)],
    ['size 1.5', () => rng.random(1.5)],
    ['size [2, -1]', () => rng.random([2, -1])],
    ['size and out', () => rng.random(2, { out: new Float64Array(3) })],
    ['shape and out', () => rng.random([2, 3], { out: new Float64Array(6) as never })],
    [
      'out beyond its data',
      () => rng.random({ out: { data: new Float64Array(3), shape: [2, 2] } }),
    ],
    [
      'out with gaps',
      () => rng.random({ out: { data: new Float64Array(8), shape: [2, 2], stride: [4, 1] } }),
    ],
  ];
  it.each(cases)('%s is a RangeError', (_, call) => {
    const before = rng.bitGenerator.state;
    expect(call).toThrow(RangeError);
    expect(rng.bitGenerator.state).toEqual(before);
  });

  const kinds: [string, () => unknown][] = [
    ["normal('0')", () => rng.normal('0' as never)],
    ['gamma()', () => (rng.gamma as () => unknown).call(rng)],
    ["size '3'", () => rng.random('3' as never)],
    ['out float32 for float64', () => rng.random({ out: new Float32Array(3) as never })],
    [
      'out float64 for float32',
      () => rng.random({ out: new Float64Array(3) as never, dtype: 'float32' }),
    ],
    ['out a list', () => rng.random({ out: [1, 2] as never })],
    ["dtype 'int32'", () => rng.random(3, { dtype: 'int32' as never })],
    ["normal dtype 'float32'", () => rng.normal(0, 1, 3, { dtype: 'float32' } as never)],
    ["method 'x'", () => rng.standardExponential(3, { method: 'x' as never })],
    ['binomial of a bigint', () => rng.binomial(3n as never, 0.5)],
    ['dirichlet of a number', () => rng.dirichlet(3 as never)],
  ];
  it.each(kinds)('%s is a TypeError', (_, call) => {
    expect(call).toThrow(TypeError);
  });

  it('multivariateNormal', () => {
    const cov = { data: Float64Array.of(1, 2, 2, 1), shape: [2, 2] };
    const good = { data: Float64Array.of(1, 0, 0, 1), shape: [2, 2] };
    const raise = { checkValid: 'raise' } as const;
    expect(() => rng.multivariateNormal([0], good)).toThrow(RangeError);
    expect(() => rng.multivariateNormal([0, 0], good, -1)).toThrow(RangeError);
    expect(() => rng.multivariateNormal([0, 0], cov, 3, raise)).toThrow(RangeError);
    expect(() =>
      rng.multivariateNormal([0, 0], cov, 3, { method: 'eigh', checkValid: 'raise' }),
    ).toThrow(RangeError);
    expect(() => rng.multivariateNormal([0, 0], cov, 3, { method: 'cholesky' })).toThrow(
      /positive definite/,
    );
    expect(() => rng.multivariateNormal([0, 0], [[1]] as never)).toThrow(TypeError);
    expect(() => rng.multivariateNormal([0, 0], good, 1, { method: 'lu' as never })).toThrow(
      TypeError,
    );
    expect(rng.multivariateNormal([0, 0], cov, 3, { checkValid: 'ignore' }).shape).toEqual([3, 2]);
    expect(rng.multivariateNormal([0, 0], good).shape).toEqual([2]);
    expect(rng.multivariateNormal([0, 0], good, [4, 5]).shape).toEqual([4, 5, 2]);
    expect(rng.multivariateNormal([0, 0], good, 0).shape).toEqual([0, 2]);
  });
});

describe('what NumPy lets through goes through', () => {
  it('NaN and infinite parameters', () => {
    expect(rng.normal(0, Number.NaN)).toBeNaN();
    expect(rng.exponential(Number.NaN)).toBeNaN();
    expect(rng.standardGamma(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
    expect(rng.gamma(0, 1)).toBe(0);
    expect(rng.poisson(0)).toBe(0);
    expect(rng.binomial(10, 1)).toBe(10);
  });

  it('parameters so small that powers underflow', () => {
    expect([0, 1]).toContain(rng.beta(1e-110, 1e-110));
    const tiny = rng.beta(1e-12, 3e-12, 1000);
    const ones = tiny.filter((x) => x > 0.5).length;
    expect(Math.abs(ones - 250)).toBeLessThan(70);
  });

  it('outs of every kind, and shapes', () => {
    const buffer = new SharedArrayBuffer(80);
    const shared = new Float64Array(buffer, 16, 3);
    expect(defaultRng(1).random({ out: shared })).toBe(shared);
    expect([...shared]).toEqual([...defaultRng(1).random(3)]);
    const matrix = { data: new Float64Array(10), shape: [2, 3], offset: 2 };
    expect(defaultRng(1).normal(0, 1, { out: matrix })).toBe(matrix);
    expect([...matrix.data.subarray(2, 8)]).toEqual([...defaultRng(1).standardNormal(6)]);
    expect([...matrix.data.subarray(8)]).toEqual([0, 0]);
    const { data, shape, stride } = rng.standardExponential([2, 3, 4], { dtype: 'float32' });
    expect([data.length, shape, stride]).toEqual([24, [2, 3, 4], [12, 4, 1]]);
    expect(rng.random([])).toMatchObject({ shape: [] });
    expect(rng.random(0)).toHaveLength(0);
    expect(rng.poisson(3, 4, { dtype: 'int64' })).toBeInstanceOf(BigInt64Array);
    expect(typeof rng.poisson(3, { dtype: 'int64' })).toBe('bigint');
  });

  it('large arrays, in memory of the addon', () => {
    for (let i = 0; i < 20; i++) {
      const large = rng.random(2_000_000);
      expect(large.buffer.byteLength).toBe(16_000_000);
      expect(large[1_999_999]).toBeGreaterThan(0);
      large[0] = 1;
    }
  });
});

describe('sizes that no memory has', () => {
  it.each<[string, () => unknown]>([
    ['permutation of 2^40', () => defaultRng(0).permutation(2 ** 40)],
    ['permutation of 2^52', () => defaultRng(0).permutation(2 ** 52)],
    ['choice', () => defaultRng(0).choice(5, 2 ** 50)],
    ['dirichlet', () => defaultRng(0).dirichlet([1, 2], 2 ** 50)],
    ['multinomial', () => defaultRng(0).multinomial(5, [0.5, 0.5], 2 ** 50)],
    ['varying parameters', () => defaultRng(0).normal([0, 1], 1, [2 ** 50, 2])],
    ['bytes', () => defaultRng(0).bytes(2 ** 50)],
    ['randomRaw', () => defaultRng(0).bitGenerator.randomRaw(2 ** 50)],
    [
      'multivariateNormal',
      () =>
        defaultRng(0).multivariateNormal([0], { data: Float64Array.of(1), shape: [1, 1] }, 2 ** 50),
    ],
  ])('are refused by a code: %s', (_name, draw) => {
    const expected = expect.objectContaining({ code: expect.stringMatching(/^ERR_HEDDLE_/) });
    expect(draw).toThrow(RangeError);
    expect(draw).toThrow(expected);
  });
});
