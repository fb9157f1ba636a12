/**
 * NumPy 2.4's own tests of its random numbers, as far as they apply.
 *
 * | file of numpy/random/tests | here |
 * | --- | --- |
 * | test_direct.py | CSV sets, invalid states and seeds: below; spawning, custom seed sequences, Philox keys, advance: bit-generators.test.ts |
 * | test_seed_sequence.py | seed-sequence.test.ts |
 * | test_generator_mt19937.py | TestSeed, TestBinomial, TestMultinomial, TestMultivariateHypergeometric, TestSetState, TestRandomDist: below; TestIntegers: integers.test.ts and distributions.test.ts; TestBroadcast, TestSingleEltArrayInput: distributions.test.ts, options.test.ts; TestThread: parallel.test.ts |
 * | test_generator_mt19937_regressions.py | below |
 * | test_smoke.py | properties.test.ts, arguments.test.ts, bit-generators.test.ts |
 *
 * Left out: test_random.py, test_randomstate*.py, test_regression.py (distributions of the legacy
 * RandomState are not here; its seeding is in mt19937.test.ts); test_extending.py, cffi, ctypes,
 * benchmark, pickle, repr (Python's); masked and object arrays, structured dtypes, byte orders,
 * subclasses, arrays that can't be written (JavaScript has none); shuffles of strided views (an array
 * in a shape must be row-major, and is refused); float16.
 */
import { describe, expect, it } from 'vitest';
import { Generator, MT19937, PCG64, SeedSequence } from '../../src/random/index.ts';
import { kinds, sha256, vectors } from './helpers.ts';

const { suite } = vectors('numpy-distributions.json');

type Any = (...call: unknown[]) => unknown;

/** The generator of most tests there. */
const mersenne = (seed: number | number[] = 1234567890) => new Generator(new MT19937(seed));
const regression = () => new Generator(new MT19937(121263137472525314065n));

function isRefused(Kind: ErrorConstructor, ...calls: (() => unknown)[]): void {
  for (const call of calls) {
    expect(call, String(call)).toThrow(Kind);
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_HEDDLE_INVALID_ARGUMENT' }));
  }
}

describe('test_direct.py', () => {
  it.each([
    ['MT19937', 0xdeadbeaf, '84007819ab22c0645509e6ebed57cafa42035f8f6d0b1bc636481dc3271acf1e'],
    ['MT19937', 0, '2663a9cb2bdc10b63e1e2af6a230838bd50420db98b6ce890eda4486f6688efd'],
    ['PCG64', 0xdeadbeaf, 'ba3b8382044b07b53ffd9d40bbe6053e07c8b4586537e82c72529c3daa511098'],
    ['PCG64', 0, '37eebb6c5d32acb227b3de8744b218894657b469d744f6e02c57f43dccb6d0aa'],
    ['PCG64DXSM', 0xdeadbeaf, '7edfd29dbbcd49cdc8a1e233482070b48b0a8adaf647ad25d0f59f28dcc61125'],
    ['PCG64DXSM', 0, '75ec88f63f93dc23371b9d18c939e59b78ae2db3de030495ad3dadb9481d0865'],
    ['Philox', 0xdeadbeaf, '9755643b2f84a56d77e3729c5e61d51a5d2f62b0a86da4c1c6554b9cce14b6ef'],
    ['Philox', 0, '722437dac0e98677b26cb3a706746ab5684917bebc9579b0e05b65c8ba251d4c'],
    ['SFC64', 0xdeadbeaf, '0ac1190647e35b0798f5a1e9ccb8d68cad7e475b2ec75ae506256e8634959a46'],
    ['SFC64', 0, 'adf88fedd9f75cf09e6d353fd4a426e1615295e941ee3d765cd2f2709de77014'],
  ] as const)('test_raw: %s of %i has the 1000 outputs of the CSV set', (name, seed, hash) => {
    expect(sha256(new kinds[name](seed).randomRaw(1000))).toBe(hash);
  });

  it('test_invalid_state_type, test_invalid_state_value, test_invalid_init_values', () => {
    for (const Kind of Object.values(kinds)) {
      const generator = new Kind(1);
      const { state } = generator;
      const set = (value: unknown) => () => {
        (generator as { state: unknown }).state = value;
      };
      isRefused(TypeError, set([]), set(null), set('1'));
      isRefused(RangeError, set({ ...state, bit_generator: 'otherBitGenerator' }));
      isRefused(
        RangeError,
        () => new Kind(-1),
        () => new Kind([1, -2]),
        () => new Kind(0.5),
      );
      isRefused(
        TypeError,
        () => new Kind('pi' as never),
        () => new Kind({} as never),
      );
      expect(generator.state).toEqual(state);
    }
  });
});

describe('test_generator_mt19937.py', () => {
  it('TestSeed', () => {
    expect(mersenne(0).integers(1000)).toBe(479);
    expect(mersenne(4294967295).integers(1000)).toBe(324);
    expect(mersenne(Array.from({ length: 10 }, (_, i) => i)).integers(1000)).toBe(465);
    expect(mersenne([0]).integers(1000)).toBe(479);
    expect(mersenne([4294967295]).integers(1000)).toBe(324);
    expect(new MT19937(new SeedSequence(0)).randomRaw()).toBe(2058676884n);
    isRefused(TypeError, () => new Generator(MT19937 as never));
  });

  it('TestBinomial', () => {
    const rng = mersenne();
    for (const p of [0, 0.5, 1]) {
      expect(rng.binomial(0, p)).toBe(0);
      expect([...rng.binomial([0, 0], p)]).toEqual([0, 0]);
    }
    isRefused(RangeError, () => rng.binomial(1, Number.NaN));
    // test_p_extremely_small: 6 σ from the mean of 20 million numbers.
    const [n, p, count] = [50_000_000_000, 5e-17, 20_000_000];
    const out = new Float64Array(count / 20);
    let sum = 0;
    for (let i = 0; i < 20; i++) {
      rng.binomial(n, p, { out });
      for (const x of out) sum += x;
    }
    const sigma = Math.sqrt((n * p * (1 - p)) / count);
    expect(Math.abs(sum / count - n * p)).toBeLessThan(6 * sigma);
  });

  it('TestMultinomial', () => {
    const rng = mersenne();
    const sum = (counts: Float64Array) => counts.reduce((a, b) => a + b, 0);
    expect(sum(rng.multinomial(100, [0.2, 0.8]))).toBe(100);
    expect([...rng.multinomial(100, [0.2, 0.8, 0, 0, 0]).subarray(2)]).toEqual([0, 0, 0]);
    expect(rng.multinomial(1, [0.5, 0.5], 1).shape).toEqual([1, 2]);
    expect(rng.multinomial(1, [0.5, 0.5], [2, 2]).shape).toEqual([2, 2, 2]);
    isRefused(
      RangeError,
      () => rng.multinomial(1, [0.5, 0.5], 1.5),
      () => rng.multinomial(100, [1.1, 0.2]),
      () => rng.multinomial(100, [-0.1, 0.9]),
      () => rng.multinomial(-1, [0.8, 0.2]),
      () => rng.multinomial(Array(10).fill(-1), [0.8, 0.2]),
      () => rng.multinomial(1, Float32Array.of(0.5, 0.5000001, 1e-9)),
    );
    // test_invalid_pvals_broadcast
    const rows = (data: number[]) => ({
      data: Float64Array.from(data),
      shape: [data.length / 2, 2],
    });
    isRefused(
      RangeError,
      () => rng.multinomial(1, { data: Float64Array.of(1, 1, 0, 0.2, 0.2, 0.2), shape: [2, 3] }),
      () => rng.multinomial(6, [1, 1.1, 0]),
      () => rng.multinomial([1, 2, 3], rows([0.5, 0.5, 0.2, 0.8])),
    );
  });

  it('TestMultivariateHypergeometric', () => {
    const rng = () => mersenne(8675309);
    isRefused(TypeError, () => rng().multivariateHypergeometric(10 as never, 4));
    isRefused(
      RangeError,
      () => rng().multivariateHypergeometric([2, 3, 4], -1),
      () => rng().multivariateHypergeometric([-1, 2, 3], 2),
      () => rng().multivariateHypergeometric([2, 3, 4], 10),
      () => rng().multivariateHypergeometric([], 1),
      () => rng().multivariateHypergeometric([999999999, 101], 5),
    );
    for (const method of ['count', 'marginals'] as const) {
      const draw = (colors: number[], n: number) => [
        ...rng().multivariateHypergeometric(colors, n, { method }),
      ];
      expect(draw([0, 0, 0], 0)).toEqual([0, 0, 0]);
      expect(draw([], 0)).toEqual([]);
      expect(rng().multivariateHypergeometric([], 0, 1, { method }).shape).toEqual([1, 0]);
      expect(draw([1, 2, 3], 0)).toEqual([0, 0, 0]);
      expect(draw([9, 0, 0], 3)).toEqual([3, 0, 0]);
      expect(draw([1, 1, 0, 1, 1], 4)).toEqual([1, 1, 0, 1, 1]);
      const all = rng().multivariateHypergeometric([3, 4, 5], 12, 3, { method });
      expect([...all.data]).toEqual([3, 4, 5, 3, 4, 5, 3, 4, 5]);
      const colors = [10, 5, 20, 25];
      for (const n of [8, 25, 45, 55]) {
        const { data } = rng().multivariateHypergeometric(colors, n, 150_000, { method });
        const means = [0, 0, 0, 0];
        for (let i = 0; i < data.length; i += 4) {
          const row = data.subarray(i, i + 4);
          if (row.reduce((a, b) => a + b, 0) !== n) expect.fail(`${row} of ${n}`);
          row.forEach((x, k) => {
            if (!(x >= 0 && x <= colors[k]!)) expect.fail(`${row} of ${colors}`);
            means[k]! += x / 150_000;
          });
        }
        means.forEach((mean, k) => {
          const expected = (n * colors[k]!) / 60;
          expect(Math.abs(mean - expected)).toBeLessThan(0.005 + 1e-3 * expected);
        });
      }
    }
    const count = rng().multivariateHypergeometric([3, 4, 5], 5, 5, { method: 'count' });
    expect([...count.data]).toEqual([2, 1, 2, 2, 1, 2, 1, 1, 3, 2, 0, 3, 2, 1, 2]);
    expect([...rng().multivariateHypergeometric([20, 30, 50], 50, 5).data]).toEqual([
      9, 17, 24, 7, 13, 30, 9, 15, 26, 9, 17, 24, 12, 14, 24,
    ]);
    expect([...rng().multivariateHypergeometric([20, 30, 50], 12, 5).data]).toEqual([
      2, 3, 7, 5, 3, 4, 2, 5, 5, 5, 3, 4, 1, 5, 6,
    ]);
  });

  it('TestSetState', () => {
    const rng = mersenne();
    rng.standardNormal();
    const { state } = rng.bitGenerator;
    const before = [rng.standardNormal(3), rng.negativeBinomial(0.5, 0.5, 3)];
    rng.bitGenerator.state = state;
    expect([rng.standardNormal(3), rng.negativeBinomial(0.5, 0.5, 3)]).toEqual(before);
  });

  it('TestRandomDist: numbers of every distribution', () => {
    for (const { name, parameters, values } of suite) {
      const method = name.replace(/_(.)/g, (_: string, letter: string) => letter.toUpperCase());
      const draw = (mersenne() as unknown as Record<string, Any>)[method]!;
      const result = draw.call(mersenne(), ...parameters, [3, 2]) as { data: Float64Array };
      expect([...result.data], name).toEqual(values.map(Number));
    }
  });

  it('TestRandomDist: choices that are refused', () => {
    const rng = mersenne();
    isRefused(
      RangeError,
      () => rng.choice(-1, 3),
      () => rng.choice(3.5, 3),
      () => rng.choice([], 3),
      () => rng.choice([1, 2], 3, { p: [0.4, 0.4, 0.2] }),
      () => rng.choice([1, 2], 3, { p: [1.1, -0.1] }),
      () => rng.choice([1, 2], 3, { p: [0.4, 0.4] }),
      () => rng.choice([1, 2, 3], 4, { replace: false }),
      () => rng.choice([1, 2, 3], -2, { replace: false }),
      () => rng.choice(3, [-1, 1], { replace: false }),
      () => rng.choice([1, 2, 3], 2, { replace: false, p: [1, 0, 0] }),
      () => rng.choice([42, 1, 2], undefined, { p: [Number.NaN, 0.5, 0.5] }),
    );
    // test_choice_return_shape: an empty choice of nothing is one.
    expect(rng.choice(0, 0)).toHaveLength(0);
    expect(rng.choice([], 0)).toHaveLength(0);
    expect(rng.choice(2, [])).toMatchObject({ shape: [] });
    expect(rng.integers(0, 0 + 1, [3, 0, 4]).shape).toEqual([3, 0, 4]);
  });

  it('TestRandomDist: shuffles along axes', () => {
    const grid = (rows: number, columns: number) => ({
      data: Int32Array.from({ length: rows * columns }, (_, i) => i),
      shape: [rows, columns],
    });
    for (const axis of [1, -1]) {
      const actual = grid(4, 4);
      mersenne().shuffle(actual, { axis });
      expect([...actual.data]).toEqual([0, 3, 1, 2, 4, 7, 5, 6, 8, 11, 9, 10, 12, 15, 13, 14]);
    }
    for (const axis of [0, 1]) mersenne().shuffle(grid(0, 6), { axis });
    isRefused(
      RangeError,
      () => mersenne().shuffle(grid(4, 4), { axis: 2 }),
      () => mersenne().permutation(grid(4, 4), { axis: -3 }),
      () => mersenne().shuffle([1, 2], { axis: 1 }),
      () => mersenne().permuted(Int32Array.of(1, 2, 3), { out: new Int32Array(5) }),
    );
    isRefused(
      TypeError,
      () => mersenne().shuffle('abc' as never),
      () => mersenne().permutation('abcd' as never),
      () =>
        mersenne().permuted(grid(3, 5), {
          out: { data: new Float64Array(15), shape: [3, 5] } as never,
        }),
    );
    expect(mersenne().permuted([])).toEqual([]);
  });

  it('TestRandomDist: Dirichlet vectors with zeros, Wald numbers, angles', () => {
    const rng = mersenne();
    for (const alpha of [
      [5, 9, 0, 8],
      [0.5, 0, 0, 0],
      [1, 5, 0, 0, 1.5, 0, 0, 0],
      [0.01, 0.03, 0, 0.005],
      [1e-5, 0, 0, 0],
      [0.002, 0.015, 0, 0, 0.04, 0, 0, 0],
      [0],
      [0, 0, 0],
    ]) {
      const shares = rng.dirichlet(alpha);
      for (const [i, weight] of alpha.entries()) if (weight === 0) expect(shares[i]).toBe(0);
    }
    isRefused(
      RangeError,
      () => rng.dirichlet([5, 4, -3]),
      () => rng.dirichlet([5, 4], 1.5),
    );
    // test_dirichlet_moderately_small_alpha, with fewer vectors and room for it.
    const alpha = [0.02, 0.04, 0.03];
    const { data } = rng.dirichlet(alpha, 1_000_000);
    for (let k = 0; k < 3; k++) {
      let mean = 0;
      for (let i = k; i < data.length; i += 3) mean += data[i]! / 1_000_000;
      expect(Math.abs(mean - alpha[k]! / 0.09)).toBeLessThan(0.0025);
    }
    expect(rng.wald(1e9, 2.25, 1000).every((x) => x >= 0)).toBe(true);
    for (const [mu, kappa] of [
      [-7, 1],
      [Math.PI, 1e7],
      [-Math.PI, 1e7],
      [0, 1e12],
      [3, 1e300],
      [2, Number.POSITIVE_INFINITY],
    ] as const) {
      for (const angle of rng.vonmises(mu, kappa, 50)) {
        expect(Math.abs(angle)).toBeLessThanOrEqual(Math.PI);
      }
    }
  });
});

describe('test_generator_mt19937_regressions.py', () => {
  it('ranges', () => {
    const rng = regression();
    for (const mu of [-7, -3.5, 0, 3.5, 7]) {
      expect(rng.vonmises(mu, 1, 50).every((x) => x > -Math.PI && x <= Math.PI)).toBe(true);
    }
    expect(rng.hypergeometric(3, 18, 11, 10).every((x) => x < 4)).toBe(true);
    expect(rng.hypergeometric(18, 3, 11, 10).every((x) => x > 0)).toBe(true);
    const half = 2 ** 20 - 2;
    expect(rng.hypergeometric(half, half, half)).toBeGreaterThan(0);
  });

  it('test_logseries_convergence', () => {
    const numbers = regression().logseries(0.8, 1000);
    const share = (k: number) => numbers.filter((x) => x === k).length / 1000;
    expect(share(1)).toBeGreaterThan(0.45);
    expect(share(2)).toBeLessThan(0.23);
  });

  it('test_shuffle_mixed_dimension, test_permutation_subclass', () => {
    const list = [1, [2, 2], [3, 3], null];
    const shuffled = list.slice();
    mersenne(12345).shuffle(shuffled);
    expect(shuffled).toEqual([list[2], list[0], list[3], list[1]]);
    expect(mersenne(1).permutation([0, 1, 2])).toEqual([2, 0, 1]);
    expect(mersenne(1).permutation([0, 1, 2, 3, 4])).toEqual([4, 1, 3, 0, 2]);
  });

  it('test_call_within_randomstate', () => {
    const p = Array(10).fill(0.1);
    expect([...mersenne(4321).choice(10, 10, { p })]).toEqual([1, 8, 0, 1, 5, 3, 3, 8, 1, 4]);
  });

  it('beta of small parameters', () => {
    const rng = regression();
    expect(rng.beta(1e-4, 1e-4, 100).some(Number.isNaN)).toBe(false);
    expect([0, 1]).toContain(Math.round(rng.beta(1e-49, 1e-40)));
    const tiny = 2 ** -1022;
    expect(rng.beta(tiny / 32, tiny / 40, 50).some(Number.isNaN)).toBe(false);
    const zeros = regression()
      .beta(0.0025, 0.0025, 1_000_000)
      .reduce((count, x) => count + (x === 0 ? 1 : 0), 0);
    const expected = 77616.90831318991;
    expect(zeros).toBeGreaterThan(0.95 * expected);
    expect(zeros).toBeLessThan(1.05 * expected);
  });

  it('the rest', () => {
    const rng = regression();
    for (const Kind of [Float32Array, Float64Array]) {
      const p = Kind.of(0.4, 0.4, 0.2);
      expect([1, 2, 3]).toContain(rng.choice([1, 2, 3], { p }));
      isRefused(RangeError, () => rng.choice([1, 2, 3], { p: p.map((x) => x * 0.9) }));
    }
    expect(rng.standardGamma(0)).toBe(0);
    expect([...rng.standardGamma([0])]).toEqual([0]);
    expect([...rng.geometric(1e-30, 3, { dtype: 'int64' })]).toEqual(Array(3).fill(2n ** 63n - 1n));
    expect([...rng.zipf(10_000, 8)]).toEqual(Array(8).fill(1));
    const nearOne = rng.zipf(1.0000000000001, 100_000);
    expect(nearOne.filter((x) => x < 2 ** 62).length).toBeGreaterThan(50_000);
    expect(new Generator(new PCG64(1)).bytes(3)).toHaveLength(3);
  });
});
