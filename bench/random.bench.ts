/**
 * Random numbers, beside NumPy, Math.random, pure-rand and @stdlib/random.
 *
 * Fills write into an array that exists (`out`), on one core unless it is said. NumPy runs in a
 * process of its own, Debian's build. (@stdlib/random is measured by two of the packages that it is
 * made of.)
 */
import assert from 'node:assert/strict';
import type { Generator } from 'heddle/random';
import {
  type Contender,
  type Group,
  inProcess,
  peer,
  python,
  type Suite,
} from './harness/index.ts';

const SEED = 20240229;

/** A contender of Heddle's: `use` gets a generator and returns what is to be timed. */
function heddle(name: string, use: (rng: Generator) => () => unknown): Contender {
  return inProcess(name, async () => {
    const { defaultRng } = await import('heddle/random');
    return { run: use(defaultRng(SEED)) };
  });
}

/** NumPy's, with `rng` and `n` in scope of the expression. */
function numpy(n: number, dtype: string, expression: string): Contender {
  return python('numpy', {
    modules: { numpy: 'python3-numpy' },
    params: { n, seed: SEED },
    source: `
import numpy as np

def setup(params):
    n = params["n"]
    rng = np.random.default_rng(params["seed"])
    out = np.zeros(n, dtype="${dtype}")
    def run():
        result = ${expression}
        return float(result[-1])
    return run
`,
  });
}

/** Fills of JavaScript's own kind: one call for each number. */
function loop(name: string, n: number, next: () => Promise<() => number>): Contender {
  return inProcess(name, async () => {
    const draw = await next();
    const out = new Float64Array(n);
    return {
      run: () => {
        for (let i = 0; i < out.length; i++) out[i] = draw();
        return out[n - 1];
      },
    };
  });
}

type Factory = { factory: (...parameters: unknown[]) => () => number };
type PureRand = { xoroshiro128plus: (seed: number) => unknown };

const mathRandom = (n: number) => loop('Math.random', n, async () => () => Math.random());

const stdlib = (n: number, name: string, ...parameters: number[]) =>
  loop(`@stdlib/${name}`, n, async () => {
    const module = await peer<{ default: Factory }>(`@stdlib/${name}`);
    return module.default.factory(...parameters, { seed: 12345 });
  });

const pureRand = (n: number, distribution: string, ...bounds: number[]) =>
  loop('pure-rand', n, async () => {
    const { xoroshiro128plus } = await peer<PureRand>('pure-rand/generator/xoroshiro128plus');
    const module = await peer<Record<string, (rng: unknown, ...bounds: number[]) => number>>(
      `pure-rand/distribution/${distribution}`,
    );
    const draw = module[distribution] as (rng: unknown, ...bounds: number[]) => number;
    const rng = xoroshiro128plus(SEED);
    return () => draw(rng, ...bounds);
  });

/** Heddle and NumPy draw the same: both are started at one seed, and run equally often before. */
function fills(n: number): Group[] {
  const about = `${n.toLocaleString('en')} numbers into an array that exists.`;
  const double = () => new Float64Array(n);
  const single = () => new Float32Array(n);
  const float32 = 'float32' as const;
  const group = (name: string, speedup: number, contenders: readonly Contender[]): Group => ({
    name,
    about,
    unit: 'number',
    operations: n,
    baseline: 'numpy',
    contenders,
    ...(speedup > 0 ? { targets: [{ contender: 'heddle', against: 'numpy', speedup }] } : {}),
  });
  return [
    group('uniform float64', 1, [
      heddle('heddle', (rng) =>
        (
          (out) => () =>
            rng.random({ out })
        )(double()),
      ),
      numpy(n, 'f8', 'rng.random(out=out)'),
      mathRandom(n),
      pureRand(n, 'uniformFloat64'),
      stdlib(n, 'random-base-randu'),
    ]),
    group('uniform float32', 1.5, [
      heddle('heddle', (rng) =>
        (
          (out) => () =>
            rng.random({ out, dtype: float32 })
        )(single()),
      ),
      numpy(n, 'f4', 'rng.random(out=out, dtype="f4")'),
    ]),
    group('normal float64', 2.5, [
      heddle('heddle', (rng) =>
        (
          (out) => () =>
            rng.standardNormal({ out })
        )(double()),
      ),
      numpy(n, 'f8', 'rng.standard_normal(out=out)'),
      stdlib(n, 'random-base-normal', 0, 1),
    ]),
    group('normal float32', 3.5, [
      heddle('heddle', (rng) =>
        (
          (out) => () =>
            rng.standardNormal({ out, dtype: float32 })
        )(single()),
      ),
      numpy(n, 'f4', 'rng.standard_normal(out=out, dtype="f4")'),
    ]),
    group('exponential float64', 0, [
      heddle('heddle', (rng) =>
        (
          (out) => () =>
            rng.standardExponential({ out })
        )(double()),
      ),
      numpy(n, 'f8', 'rng.standard_exponential(out=out)'),
    ]),
    group('gamma(2.5)', 0, [
      heddle('heddle', (rng) =>
        (
          (out) => () =>
            rng.standardGamma(2.5, { out })
        )(double()),
      ),
      numpy(n, 'f8', 'rng.standard_gamma(2.5, out=out)'),
    ]),
    group('integers below 1000', 0, [
      heddle('heddle', (rng) =>
        (
          (out) => () =>
            rng.integers(0, 1000, undefined, { dtype: 'int32', out })
        )(new Int32Array(n)),
      ),
      numpy(n, 'i4', 'rng.integers(0, 1000, n, dtype="i4")'),
      pureRand(n, 'uniformInt', 0, 999),
    ]),
    group('poisson(4)', 0, [
      heddle('heddle', (rng) =>
        (
          (out) => () =>
            rng.poisson(4, { out })
        )(double()),
      ),
      numpy(n, 'f8', 'rng.poisson(4, n)'),
    ]),
    group('shuffle', 0, [
      heddle('heddle', (rng) =>
        (
          (array) => () =>
            rng.shuffle(array)
        )(Float64Array.from({ length: n }, (_, i) => i)),
      ),
      numpy(n, 'f8', '(rng.shuffle(out), out)[1]'),
    ]),
    {
      ...group('uniform float64, new memory', 0, [
        heddle('heddle', (rng) => () => rng.random(n)),
        numpy(n, 'f8', 'rng.random(n)'),
      ]),
      about: `${n.toLocaleString('en')} numbers into a new array each time.`,
    },
  ];
}

/** The distributions with parameters: the method, NumPy's name of it, its parameters. */
const DISTRIBUTIONS = [
  ['logistic', 'logistic', 0, 1],
  ['gumbel', 'gumbel', 0, 1],
  ['rayleigh', 'rayleigh', 1],
  ['f', 'f', 5, 2.5],
  ['noncentralChisquare', 'noncentral_chisquare', 3, 20],
  ['noncentralF', 'noncentral_f', 3, 7, 20],
  ['standardCauchy', 'standard_cauchy'],
  ['weibull', 'weibull', 2],
  ['pareto', 'pareto', 3],
  ['power', 'power', 3],
  ['triangular', 'triangular', 0, 0.2, 1],
  ['vonmises', 'vonmises', 0, 4],
  ['wald', 'wald', 1, 2],
  ['beta', 'beta', 0.5, 0.5],
  ['hypergeometric', 'hypergeometric', 100, 300, 50],
  ['logseries', 'logseries', 0.7],
  ['negativeBinomial', 'negative_binomial', 5, 0.2],
  ['binomial', 'binomial', 1000, 0.4],
  ['zipf', 'zipf', 2],
] as const;

/** Fills with every distribution. NumPy's take no `out`: each result is in memory of its own. */
function distributions(n: number): Group[] {
  const group = (
    name: string,
    use: (rng: Generator, out: Float64Array) => unknown,
    call: string,
    into = '',
    older = false,
  ): Group => ({
    name,
    about: `${n.toLocaleString('en')} numbers${into}.`,
    unit: 'number',
    operations: n,
    baseline: 'numpy',
    contenders: [
      heddle('heddle', (rng) =>
        (
          (out) => () =>
            use(rng, out)
        )(new Float64Array(n)),
      ),
      numpy(n, 'f8', call),
    ],
    // No target where Debian 12's NumPy draws by an older algorithm, which does less.
    targets: older ? [] : [{ contender: 'heddle', against: 'numpy', speedup: 1 }],
  });
  const existing = ', Heddle into an array that exists, NumPy into a new one (it has no `out`)';
  const rows = n / 10;
  const chances = [0.1, 0.2, 0.05, 0.15, 0.1, 0.1, 0.05, 0.05, 0.1, 0.1];
  const colors = [10, 20, 5, 15, 10, 10, 5, 5, 10, 10];
  return [
    ...DISTRIBUTIONS.map(([method, name, ...parameters]) =>
      group(
        `${method}(${parameters.join(', ')})`,
        (rng, out) => (rng[method] as (...call: unknown[]) => unknown)(...parameters, { out }),
        `rng.${name}(${[...parameters, 'n'].join(', ')})`,
        existing,
        name === 'zipf',
      ),
    ),
    group(
      'normal of arrays',
      (
        (means) => (rng: Generator, out: Float64Array) =>
          rng.normal(means, 1, { out })
      )(new Float64Array(n).fill(3)),
      'rng.normal(out, 1)',
      existing,
    ),
    group(
      'multinomial of 10',
      (rng) => rng.multinomial(100, chances, rows),
      `rng.multinomial(100, ${JSON.stringify(chances)}, n // 10).ravel()`,
    ),
    group(
      'multivariateHypergeometric of 10, marginals',
      (rng) => rng.multivariateHypergeometric(colors, 30, rows),
      `rng.multivariate_hypergeometric(${JSON.stringify(colors)}, 30, n // 10).ravel()`,
    ),
    group(
      'multivariateHypergeometric of 10, count',
      (rng) => rng.multivariateHypergeometric(colors, 30, rows, { method: 'count' }),
      `rng.multivariate_hypergeometric(${JSON.stringify(colors)}, 30, n // 10, "count").ravel()`,
    ),
    group(
      'dirichlet of 10',
      (rng) => rng.dirichlet(colors, rows),
      `rng.dirichlet(${JSON.stringify(colors)}, n // 10).ravel()`,
    ),
  ];
}

function scalars(calls: number): Group {
  const sum = (draw: () => number) => () => {
    let total = 0;
    for (let i = 0; i < calls; i++) total += draw();
    return total;
  };
  return {
    name: 'one number a call',
    about: 'A loop that adds up; each contender is called in the same loop.',
    unit: 'call',
    operations: calls,
    baseline: 'Math.random',
    verify: (result) => assert.ok(Math.abs(Number(result) / calls - 0.5) < 0.01),
    contenders: [
      heddle('rng.random', (rng) => () => {
        let total = 0;
        for (let i = 0; i < calls; i++) total += rng.random();
        return total;
      }),
      inProcess('Math.random', () => ({
        run: () => {
          let total = 0;
          for (let i = 0; i < calls; i++) total += Math.random();
          return total;
        },
      })),
      inProcess('@stdlib/random-base-randu', async () => {
        const module = await peer<{ default: Factory }>('@stdlib/random-base-randu');
        return { run: sum(module.default.factory({ seed: 12345 })) };
      }),
    ],
    targets: [{ contender: 'rng.random', against: 'Math.random', speedup: 0.5 }],
  };
}

function cores(n: number): Group[] {
  const about = `${n.toLocaleString('en')} numbers into an array that exists.`;
  const target = { contender: '2 threads', against: '1 thread', speedup: 1.8 };
  const both = (use: (rng: Generator, threads: number) => () => unknown): Contender[] => [
    heddle('1 thread', (rng) => use(rng, 1)),
    heddle('2 threads', (rng) => use(rng, 2)),
  ];
  return [
    {
      name: 'uniform float64 on two cores',
      about: `${about} The target is for an idle machine of two cores; see the CPU time elsewhere.`,
      unit: 'number',
      operations: n,
      contenders: both((rng, threads) => {
        const out = new Float64Array(n);
        return () => rng.random({ out, threads });
      }),
      targets: [target],
    },
    {
      name: 'normal float64 by blocks on two cores',
      about,
      unit: 'number',
      operations: n,
      contenders: both((rng, threads) => {
        const out = new Float64Array(n);
        return () => rng.fillBlocks(out, { distribution: 'standardNormal', threads });
      }),
    },
  ];
}

const generators: Group = {
  name: 'a generator for a task',
  about: 'Generator, PCG64 and SeedSequence with a spawn key, and a first number.',
  unit: 'generator',
  operations: 1000,
  contenders: [
    inProcess('heddle', async () => {
      const { Generator, PCG64, SeedSequence } = await import('heddle/random');
      let task = 0;
      return {
        run: () => {
          let total = 0;
          for (let i = 0; i < 1000; i++) {
            const seed = new SeedSequence(SEED, { spawnKey: [task++] });
            total += new Generator(new PCG64(seed)).random();
          }
          return total;
        },
      };
    }),
    python('numpy', {
      modules: { numpy: 'python3-numpy' },
      params: { seed: SEED },
      source: `
from numpy.random import PCG64, Generator, SeedSequence

def setup(params):
    def run():
        return sum(Generator(PCG64(SeedSequence(params["seed"], spawn_key=(i,)))).random()
                   for i in range(1000))
    return run
`,
    }),
  ],
};

const suite: Suite = {
  title: 'Random numbers',
  about:
    "All fills by PCG64. Heddle's numbers are NumPy 2.4's, bit for bit; Debian 12's NumPy 1.24 " +
    'draws some of them by older algorithms.',
  groups: ({ short }) => [
    ...fills(short ? 20_000 : 1_000_000),
    ...distributions(short ? 20_000 : 200_000),
    scalars(short ? 100_000 : 1_000_000),
    ...cores(short ? 100_000 : 10_000_000),
    generators,
  ],
  plots: [
    {
      file: 'random.svg',
      title: 'Numbers per second',
      kind: 'bars',
      figure: 'rate',
      groups: /float|gamma|integers/,
    },
  ],
};

export default suite;
