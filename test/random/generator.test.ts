import { describe, expect, it } from 'vitest';
import { Generator, PCG64, SeedSequence } from '../../src/random/index.ts';
import { expectState, pcg, sha256, strings, vectors } from './helpers.ts';

const { generator } = vectors('numpy-random-vectors.json').cases;
const more = vectors('numpy-random-more.json');
const float32 = { dtype: 'float32' } as const;

describe('the Generator, compared with NumPy', () => {
  it('random, normal and exponential numbers, filled and one by one', () => {
    const fills = {
      random_f64: (g: Generator, n: number) => g.random(n),
      random_f32: (g: Generator, n: number) => g.random(n, float32),
      standard_normal_f64: (g: Generator, n: number) => g.standardNormal(n),
      standard_normal_f32: (g: Generator, n: number) => g.standardNormal(n, float32),
      standard_exponential_f64: (g: Generator, n: number) => g.standardExponential(n),
      standard_exponential_f32: (g: Generator, n: number) => g.standardExponential(n, float32),
      standard_exponential_inv_f64: (g: Generator, n: number) =>
        g.standardExponential(n, { method: 'inv' }),
    };
    const scalars = {
      random_f64: (g: Generator) => g.random(),
      random_f32: (g: Generator) => g.random(float32),
      standard_normal_f64: (g: Generator) => g.standardNormal(),
      standard_normal_f32: (g: Generator) => g.standardNormal(float32),
      standard_exponential_f64: (g: Generator) => g.standardExponential(),
      standard_exponential_f32: (g: Generator) => g.standardExponential(float32),
      standard_exponential_inv_f64: (g: Generator) => g.standardExponential({ method: 'inv' }),
    };
    for (const name of Object.keys(fills) as (keyof typeof fills)[]) {
      for (const { seed, values } of generator[name]) {
        expect([...fills[name](pcg(seed), values.length)], name).toEqual(values);
        const one = pcg(seed);
        expect(
          values.map(() => scalars[name](one)),
          name,
        ).toEqual(values);
      }
    }
  });

  it('scaled numbers', () => {
    for (const { seed, loc, scale, values } of generator.normal) {
      expect([...pcg(seed).normal(loc, scale, values.length as number)]).toEqual(values);
      const g = pcg(seed);
      expect(values.map(() => g.normal(loc, scale))).toEqual(values);
    }
    for (const { seed, low, high, values } of generator.uniform) {
      expect([...pcg(seed).uniform(low, high, values.length as number)]).toEqual(values);
      const g = pcg(seed);
      expect(values.map(() => g.uniform(low, high))).toEqual(values);
    }
    for (const { seed, scale, values } of generator.exponential) {
      expect([...pcg(seed).exponential(scale as number, values.length as number)]).toEqual(values);
      const g = pcg(seed);
      expect(values.map(() => g.exponential(scale))).toEqual(values);
    }
  });

  it('mixtures of calls', () => {
    for (const { seed, seq, after } of generator.interleaved) {
      const g = pcg(seed);
      for (const [what, n, values] of seq as [string, number, unknown[]][]) {
        const got = {
          random_f32: () => g.random(n, float32),
          random_f64: () => g.random(n),
          integers_i64_0_10: () => g.integers(0, 10, n),
          standard_normal_f32: () => g.standardNormal(n, float32),
          standard_normal_f64: () => g.standardNormal(n),
          'integers_i64_0_2^40': () => g.integers(0, 2 ** 40, n, { dtype: 'int64' }),
          integers_u8_0_7: () => g.integers(0, 7, n, { dtype: 'uint8' }),
        }[what]!();
        expect(strings(got), what).toEqual(values.map(String));
      }
      expectState(g.bitGenerator, after);
    }
  });

  it('millions of them', () => {
    const fills: Record<string, (g: Generator, n: number) => ArrayBufferView> = {
      random_f64: (g, n) => g.random(n),
      random_f32: (g, n) => g.random(n, float32),
      standard_normal_f64: (g, n) => g.standardNormal(n),
      standard_normal_f32: (g, n) => g.standardNormal(n, float32),
      standard_exponential_f64: (g, n) => g.standardExponential(n),
      standard_exponential_f32: (g, n) => g.standardExponential(n, float32),
      integers_i64_0_1000: (g, n) => g.integers(0, 1000, n, { dtype: 'int64' }),
      'integers_i64_0_3*2^40': (g, n) => g.integers(0, 3 * 2 ** 40, n, { dtype: 'int64' }),
      integers_u8_0_10: (g, n) => g.integers(0, 10, n, { dtype: 'uint8' }),
      'normal_10_2.5': (g, n) => g.normal(10, 2.5, n),
    };
    for (const { name, seed, n, sha256: hash, picks, after } of generator.bulk_sha256) {
      const g = pcg(seed);
      const out = fills[name]!(g, n);
      for (const [i, value] of Object.entries(picks)) {
        expect(String((out as Float64Array)[Number(i)]), name).toBe(String(value));
      }
      expect(sha256(out), name).toBe(hash);
      expectState(g.bitGenerator, after);
    }
  });

  it('streams of spawned and jumped generators', () => {
    for (const { seed, kind, i, normal, random } of generator.streams) {
      const fresh = () =>
        new Generator(
          kind === 'spawn'
            ? new PCG64(new SeedSequence(seed).spawn(i + 1)[i])
            : new PCG64(seed).jumped(i),
        );
      expect([...fresh().standardNormal(normal.length as number)]).toEqual(normal);
      if (random) expect([...fresh().random(random.length as number)]).toEqual(random);
    }
  });

  it('the other distributions', () => {
    for (const one of generator.extra_distributions) {
      const draws: Record<string, (g: Generator, n: number) => Float64Array> = {
        'standard_gamma_0.5': (g, n) => g.standardGamma(0.5, n),
        standard_gamma_3: (g, n) => g.standardGamma(3, n),
        poisson_4: (g, n) => g.poisson(4, n),
        poisson_100: (g, n) => g.poisson(100, n),
        'binomial_20_0.3': (g, n) => g.binomial(20, 0.3, n),
        'binomial_1000_0.4': (g, n) => g.binomial(1000, 0.4, n),
        beta_2_3: (g, n) => g.beta(2, 3, n),
        lognormal: (g, n) => g.lognormal(0, 1, n),
        laplace: (g, n) => g.laplace(0, 1, n),
        standard_t_5: (g, n) => g.standardT(5, n),
        chisquare_3: (g, n) => g.chisquare(3, n),
        dirichlet_1_2_3: (g, n) => g.dirichlet([1, 2, 3], n / 3).data,
        'geometric_0.2': (g, n) => g.geometric(0.2, n),
      };
      for (const [name, draw] of Object.entries(draws)) {
        expect([...draw(pcg(one.seed), one[name].flat().length)], name).toEqual(one[name].flat());
      }
    }
  });

  type Draw = (...of: number[]) => number;
  type Fill = (...of: unknown[]) => Float64Array;
  const camel = (name: string) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());

  it('parameters of every kind, filled and one by one', () => {
    for (const { name, parameters, values, scalars, sha256: hash, after } of more.distributions) {
      const g = pcg(7);
      const method = camel(name) as 'gamma';
      const label = `${name}(${parameters})`;
      expect(strings((g[method] as unknown as Fill)(...parameters, 12)), label).toEqual(
        strings(values.map(Number)),
      );
      for (const scalar of scalars) {
        expect((g[method] as unknown as Draw)(...parameters), label).toBe(Number(scalar));
      }
      const counts = ['poisson', 'binomial', 'geometric'].includes(name);
      const bulk = (g[method] as unknown as Fill)(
        ...parameters,
        20_000,
        counts ? { dtype: 'int64' } : {},
      );
      expect(sha256(bulk), label).toBe(hash);
      expectState(g.bitGenerator, after);
    }
  });

  it('float32 gamma and inverse exponential numbers, Dirichlet vectors', () => {
    for (const { name, parameters, values, sha256: hash, after } of more.float32) {
      const g = pcg(7);
      const out =
        name === 'standard_gamma'
          ? g.standardGamma(parameters[0], 5003, float32)
          : g.standardExponential(5003, { ...float32, method: 'inv' });
      expect([...out.subarray(0, 12)]).toEqual(values);
      expect(sha256(out)).toBe(hash);
      expectState(g.bitGenerator, after);
    }
    for (const { alpha, values, after } of more.dirichlet) {
      const g = pcg(7);
      expect([...g.dirichlet(alpha, 4).data]).toEqual(values.flat());
      expectState(g.bitGenerator, after);
    }
  });

  it('normal vectors, as near as two LAPACK libraries are', () => {
    for (const { method, mean, cov, values, after } of more.multivariate) {
      const g = pcg(3);
      const matrix = { data: Float64Array.from(cov.flat()), shape: [3, 3] };
      const { data, shape } = g.multivariateNormal(mean, matrix, 5, { method });
      expect(shape).toEqual([5, 3]);
      data.forEach((x, i) => {
        expect(Math.abs(x - values.flat()[i]), method).toBeLessThan(1e-12);
      });
      expectState(g.bitGenerator, after);
    }
  });
});
