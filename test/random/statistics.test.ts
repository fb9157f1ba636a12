/**
 * Mean, variance and distribution function of distributions, against their formulas. What is allowed
 * is passed by chance less than once in 10 million samples: the seed is the run's.
 */
import { describe, expect, it } from 'vitest';
import { Generator, PCG64 } from '../../src/random/index.ts';
import { testSeed } from '../helpers/seeds.ts';
import { kinds } from './helpers.ts';

const N = 100_000;

function moments(values: Float64Array): { mean: number; variance: number } {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1);
  return { mean, variance };
}

/** The largest distance of the sample's distribution function from `cdf`, times √n. */
function kolmogorov(values: Float64Array, cdf: (x: number) => number): number {
  const sorted = values.slice().sort();
  let largest = 0;
  sorted.forEach((x, i) => {
    const at = cdf(x);
    largest = Math.max(largest, at - i / N, (i + 1) / N - at);
  });
  return largest * Math.sqrt(values.length);
}

/** The integral of a density from `from` to x by Simpson's rule, as a table to look up. */
function integrated(density: (x: number) => number, from: number, to: number) {
  const steps = 20_000;
  const h = (to - from) / steps;
  const table = new Float64Array(steps + 1);
  for (let i = 0; i < steps; i++) {
    const x = from + i * h;
    table[i + 1] = table[i]! + (h / 6) * (density(x) + 4 * density(x + h / 2) + density(x + h));
  }
  return (x: number) => {
    const place = Math.min(Math.max((x - from) / h, 0), steps - 1e-9);
    const i = Math.floor(place);
    return table[i]! + (place - i) * (table[i + 1]! - table[i]!);
  };
}

function logGamma(x: number): number {
  let shift = 0;
  let at = x;
  while (at < 12) shift -= Math.log(at++);
  return (
    shift +
    (at - 0.5) * Math.log(at) -
    at +
    0.5 * Math.log(2 * Math.PI) +
    1 / (12 * at) -
    1 / (360 * at ** 3) +
    1 / (1260 * at ** 5)
  );
}

const normalCdf = integrated((x) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI), -9, 9);
const gammaCdf = (k: number) =>
  integrated((x) => (x > 0 ? Math.exp((k - 1) * Math.log(x) - x - logGamma(k)) : 0), 0, 60);
const betaCdf = (a: number, b: number) => {
  const constant = logGamma(a + b) - logGamma(a) - logGamma(b);
  return integrated(
    (x) =>
      x > 0 && x < 1 ? Math.exp(constant + (a - 1) * Math.log(x) + (b - 1) * Math.log(1 - x)) : 0,
    0,
    1,
  );
};

interface Expected {
  readonly draw: (g: Generator) => Float64Array;
  readonly mean: number;
  readonly variance: number;
  readonly cdf: (x: number) => number;
}

const continuous: Record<string, Expected> = {
  logistic: {
    draw: (g) => g.logistic(1, 2, N),
    mean: 1,
    variance: (4 * Math.PI ** 2) / 3,
    cdf: (x) => 1 / (1 + Math.exp(-(x - 1) / 2)),
  },
  gumbel: {
    draw: (g) => g.gumbel(1, 2, N),
    mean: 1 + 2 * 0.5772156649015329,
    variance: (4 * Math.PI ** 2) / 6,
    cdf: (x) => Math.exp(-Math.exp(-(x - 1) / 2)),
  },
  rayleigh: {
    draw: (g) => g.rayleigh(2, N),
    mean: 2 * Math.sqrt(Math.PI / 2),
    variance: 8 - 2 * Math.PI,
    cdf: (x) => 1 - Math.exp((-x * x) / 8),
  },
  weibull: {
    draw: (g) => g.weibull(2, N),
    mean: Math.sqrt(Math.PI) / 2,
    variance: 1 - Math.PI / 4,
    cdf: (x) => 1 - Math.exp(-x * x),
  },
  pareto: {
    draw: (g) => g.pareto(30, N),
    mean: 1 / 29,
    variance: 30 / (29 ** 2 * 28),
    cdf: (x) => 1 - (1 + x) ** -30,
  },
  power: {
    draw: (g) => g.power(3, N),
    mean: 3 / 4,
    variance: 3 / 80,
    cdf: (x) => x ** 3,
  },
  triangular: {
    draw: (g) => g.triangular(0, 1, 4, N),
    mean: 5 / 3,
    variance: 13 / 18,
    cdf: (x) => (x <= 1 ? (x * x) / 4 : 1 - (4 - x) ** 2 / 12),
  },
  'noncentral chisquare of 2': {
    draw: (g) => g.noncentralChisquare(2, 0, N),
    mean: 2,
    variance: 4,
    cdf: (x) => 1 - Math.exp(-x / 2),
  },
  'f of 2 and 40': {
    draw: (g) => g.f(2, 40, N),
    mean: 40 / 38,
    variance: (2 * 40 ** 2 * 40) / (2 * 38 ** 2 * 36),
    cdf: (x) => 1 - (1 + x / 20) ** -20,
  },
  random: { draw: (g) => g.random(N), mean: 0.5, variance: 1 / 12, cdf: (x) => x },
  'random float32': {
    draw: (g) => Float64Array.from(g.random(N, { dtype: 'float32' })),
    mean: 0.5,
    variance: 1 / 12,
    cdf: (x) => x,
  },
  uniform: { draw: (g) => g.uniform(-2, 4, N), mean: 1, variance: 3, cdf: (x) => (x + 2) / 6 },
  standardNormal: { draw: (g) => g.standardNormal(N), mean: 0, variance: 1, cdf: normalCdf },
  'standardNormal float32': {
    draw: (g) => Float64Array.from(g.standardNormal(N, { dtype: 'float32' })),
    mean: 0,
    variance: 1,
    cdf: normalCdf,
  },
  normal: {
    draw: (g) => g.normal(10, 2.5, N),
    mean: 10,
    variance: 6.25,
    cdf: (x) => normalCdf((x - 10) / 2.5),
  },
  exponential: {
    draw: (g) => g.exponential(3, N),
    mean: 3,
    variance: 9,
    cdf: (x) => 1 - Math.exp(-x / 3),
  },
  'exponential float32, by the inverse': {
    draw: (g) => Float64Array.from(g.standardExponential(N, { dtype: 'float32', method: 'inv' })),
    mean: 1,
    variance: 1,
    cdf: (x) => 1 - Math.exp(-x),
  },
  'gamma 2.5': { draw: (g) => g.gamma(2.5, 1, N), mean: 2.5, variance: 2.5, cdf: gammaCdf(2.5) },
  'gamma 1.2': {
    draw: (g) => g.standardGamma(1.2, N),
    mean: 1.2,
    variance: 1.2,
    cdf: gammaCdf(1.2),
  },
  chisquare: {
    draw: (g) => g.chisquare(5, N),
    mean: 5,
    variance: 10,
    cdf: (x) => gammaCdf5(x / 2),
  },
  beta: { draw: (g) => g.beta(2, 3, N), mean: 0.4, variance: 0.04, cdf: betaCdf(2, 3) },
  laplace: {
    draw: (g) => g.laplace(1, 2, N),
    mean: 1,
    variance: 8,
    cdf: (x) => (x < 1 ? Math.exp((x - 1) / 2) / 2 : 1 - Math.exp((1 - x) / 2) / 2),
  },
  lognormal: {
    draw: (g) => g.lognormal(0, 0.5, N),
    mean: Math.exp(0.125),
    variance: (Math.exp(0.25) - 1) * Math.exp(0.25),
    cdf: (x) => normalCdf(Math.log(x) / 0.5),
  },
};
const gammaCdf5 = gammaCdf(2.5);

/** Counts: the sample's frequencies against probabilities, by the largest sum of differences. */
const counts: Record<string, Omit<Expected, 'cdf'> & { readonly chance: (k: number) => number }> = {
  'poisson 4': {
    draw: (g) => g.poisson(4, N),
    mean: 4,
    variance: 4,
    chance: (k) => Math.exp(k * Math.log(4) - 4 - logGamma(k + 1)),
  },
  'poisson 50': {
    draw: (g) => g.poisson(50, N),
    mean: 50,
    variance: 50,
    chance: (k) => Math.exp(k * Math.log(50) - 50 - logGamma(k + 1)),
  },
  hypergeometric: {
    draw: (g) => g.hypergeometric(30, 50, 20, N),
    mean: 7.5,
    variance: (20 * 0.375 * 0.625 * 60) / 79,
    chance: (k) => (k > 20 ? 0 : Math.exp(logWays(30, k) + logWays(50, 20 - k) - logWays(80, 20))),
  },
  'hypergeometric, few drawn': {
    draw: (g) => g.hypergeometric(30, 50, 5, N),
    mean: 1.875,
    variance: (5 * 0.375 * 0.625 * 75) / 79,
    chance: (k) => (k > 5 ? 0 : Math.exp(logWays(30, k) + logWays(50, 5 - k) - logWays(80, 5))),
  },
  negativeBinomial: {
    draw: (g) => g.negativeBinomial(5, 0.3, N),
    mean: (5 * 0.7) / 0.3,
    variance: (5 * 0.7) / 0.09,
    chance: (k) => Math.exp(logWays(k + 4, k)) * 0.3 ** 5 * 0.7 ** k,
  },
  logseries: {
    draw: (g) => g.logseries(0.5, N),
    mean: 1 / Math.LN2,
    variance: (2 * Math.LN2 - 1) / Math.LN2 ** 2,
    chance: (k) => (k < 1 ? 0 : 0.5 ** k / (k * Math.LN2)),
  },
  'binomial by inversion': {
    draw: (g) => g.binomial(20, 0.3, N),
    mean: 6,
    variance: 4.2,
    chance: (k) => binomialChance(20, 0.3, k),
  },
  'binomial by rejection': {
    draw: (g) => g.binomial(300, 0.6, N),
    mean: 180,
    variance: 72,
    chance: (k) => binomialChance(300, 0.6, k),
  },
  geometric: {
    draw: (g) => g.geometric(0.2, N),
    mean: 5,
    variance: 20,
    chance: (k) => (k < 1 ? 0 : 0.2 * 0.8 ** (k - 1)),
  },
  integers: {
    draw: (g) => g.integers(0, 100, N),
    mean: 49.5,
    variance: 833.25,
    chance: () => 0.01,
  },
};

/** The logarithm of the number of ways to choose k of n. */
function logWays(n: number, k: number): number {
  return logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
}

function binomialChance(n: number, p: number, k: number): number {
  if (k > n) return 0;
  return Math.exp(logWays(n, k) + k * Math.log(p) + (n - k) * Math.log(1 - p));
}

function checkMoments(values: Float64Array, mean: number, variance: number): void {
  const found = moments(values);
  // Six standard errors; that of the variance for tails up to an exponential's and a bit more.
  expect(Math.abs(found.mean - mean)).toBeLessThan(6 * Math.sqrt(variance / N));
  expect(Math.abs(found.variance - variance)).toBeLessThan(6 * variance * Math.sqrt(12 / N));
}

describe.each(Object.entries(kinds))('the distributions from %s', (_, Kind) => {
  it.each(Object.entries(continuous))('%s', (__, { draw, mean, variance, cdf }) => {
    const values = draw(new Generator(new Kind(testSeed)));
    checkMoments(values, mean, variance);
    expect(kolmogorov(values, cdf)).toBeLessThan(3.1);
  });

  it.each(Object.entries(counts))('%s', (__, { draw, mean, variance, chance }) => {
    const values = draw(new Generator(new Kind(testSeed)));
    checkMoments(values, mean, variance);
    const most = values.reduce((a, b) => Math.max(a, b));
    const found = new Float64Array(most + 1);
    for (const k of values) found[k]! += 1 / N;
    let difference = 0;
    let largest = 0;
    found.forEach((share, k) => {
      difference += share - chance(k);
      largest = Math.max(largest, Math.abs(difference));
    });
    expect(largest * Math.sqrt(N)).toBeLessThan(3.1);
  });
});

it('shuffles put each element everywhere alike', () => {
  const g = new Generator(new PCG64(testSeed));
  const seen = new Float64Array(25);
  for (let i = 0; i < 20_000; i++) {
    g.permutation(5).forEach((from, to) => {
      seen[5 * from + to]! += 1;
    });
  }
  // 4000 expected in each; the standard error is 57.
  for (const count of seen) expect(Math.abs(count - 4000)).toBeLessThan(345);
});

it('normal vectors have their covariance', () => {
  const g = new Generator(new PCG64(testSeed));
  const cov = { data: Float64Array.of(2, 0.6, 0.6, 1), shape: [2, 2] };
  for (const method of ['svd', 'eigh', 'cholesky'] as const) {
    const { data } = g.multivariateNormal([1, -1], cov, N, { method });
    let xy = 0;
    for (let i = 0; i < 2 * N; i += 2) xy += ((data[i]! - 1) * (data[i + 1]! + 1)) / N;
    expect(Math.abs(xy - 0.6)).toBeLessThan(6 * Math.sqrt((2 + 0.36) / N));
  }
});
