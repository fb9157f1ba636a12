/**
 * Cases drawn anew for each seed of the run, compared with the NumPy that Python finds here.
 *
 * NumPy 2.4 is followed. What another version draws otherwise is compared with vectors of 2.4 alone
 * (distributions.test.ts), and listed here with the reason.
 */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { Generator } from '../../src/random/index.ts';
import { python } from '../helpers/debian.ts';
import { seededNumbers, testSeed } from '../helpers/seeds.ts';
import { kinds, sha256 } from './helpers.ts';

/** Reads cases, and writes the version, then what each draws. */
const SCRIPT = `
import hashlib, json, sys, warnings
import numpy as np
warnings.simplefilter("ignore")
def text(x):
    return hashlib.sha256(np.ascontiguousarray(x).tobytes()).hexdigest()
answers = []
for case in json.load(sys.stdin):
    g = np.random.Generator(getattr(np.random, case["kind"])(case["seed"]))
    digests = []
    for call in case["calls"]:
        parameters = [np.array(p["data"]).reshape(p["shape"]) if isinstance(p, dict) else p
                      for p in call["parameters"]]
        options = {"size": call["size"]} if call["size"] is not None else {}
        digests.append(text(getattr(g, call["name"])(*parameters, **options, **call["options"])))
    digests.append([str(x) for x in g.bit_generator.random_raw(2)])
    answers.append(digests)
json.dump([np.__version__, answers], sys.stdout)
`;

interface Call {
  readonly name: string;
  readonly parameters: readonly (number | { data: number[]; shape: number[] })[];
  readonly size: number | number[] | null;
  readonly options: Readonly<Record<string, unknown>>;
}

interface Case {
  readonly kind: keyof typeof kinds;
  readonly seed: number;
  readonly calls: readonly Call[];
}

/** Each distribution with a range for each parameter; 'whole' ones are integers. */
const METHODS: Readonly<Record<string, readonly (readonly [number, number, 'whole'?])[]>> = {
  random: [],
  standard_normal: [],
  standard_exponential: [],
  uniform: [
    [-5, 0],
    [1, 9],
  ],
  normal: [
    [-5, 5],
    [0, 3],
  ],
  exponential: [[0, 5]],
  standard_gamma: [[0, 4]],
  gamma: [
    [0, 4],
    [0.1, 3],
  ],
  beta: [
    [0.05, 3],
    [0.05, 3],
  ],
  chisquare: [[0.1, 8]],
  noncentral_chisquare: [
    [0.1, 5],
    [0, 20],
  ],
  f: [
    [0.5, 9],
    [0.5, 9],
  ],
  noncentral_f: [
    [0.5, 9],
    [0.5, 9],
    [0, 9],
  ],
  standard_t: [[0.3, 9]],
  standard_cauchy: [],
  lognormal: [
    [-1, 1],
    [0, 2],
  ],
  laplace: [
    [-5, 5],
    [0, 3],
  ],
  logistic: [
    [-5, 5],
    [0, 3],
  ],
  gumbel: [
    [-5, 5],
    [0, 3],
  ],
  rayleigh: [[0, 5]],
  weibull: [[0.1, 5]],
  pareto: [[0.2, 9]],
  power: [[0.2, 9]],
  triangular: [
    [-5, 0],
    [0, 4],
    [4.5, 9],
  ],
  vonmises: [
    [-3, 3],
    [0, 9],
  ],
  wald: [
    [0.2, 4],
    [0.2, 4],
  ],
  poisson: [[0, 60]],
  binomial: [
    [0, 300, 'whole'],
    [0, 1],
  ],
  negative_binomial: [
    [0.3, 40],
    [0.05, 1],
  ],
  geometric: [[0.01, 1]],
  hypergeometric: [
    [0, 500, 'whole'],
    [200, 5000, 'whole'],
    [0, 200, 'whole'],
  ],
  logseries: [[0, 0.999]],
  zipf: [[1.05, 6]],
};

/** What other versions draw otherwise, and why. */
function differing(version: string): Readonly<Record<string, string>> {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major === 2 && minor === 4) return {};
  const binomial = 'its last acceptance test was mended in 2.5, its start of the inversion in 2.x';
  if (major >= 2) return { binomial };
  return {
    binomial,
    beta: 'where a power underflows, numbers were lost',
    wald: 'another formula, which lost digits',
    zipf: 'uniform numbers were drawn from a wider range',
  };
}

const next = seededNumbers(5);
const upTo = (most: number) => Math.floor(next() * (most + 1));
const pick = <T>(list: readonly T[]): T => list[upTo(list.length - 1)]!;

function oneNumber([low, high, whole]: readonly [number, number, 'whole'?]): number {
  const x = low + next() * (high - low);
  return whole ? Math.floor(x) : x;
}

function oneCall(name: string): Call {
  const ranges = METHODS[name]!;
  const shape = pick([[], [], [2, 1], [3], [2, 3]]);
  const parameters = ranges.map((range) => {
    if (shape.length === 0 || next() < 0.3) return oneNumber(range);
    const own = shape.map((n) => (next() < 0.3 ? 1 : n));
    const data = Array.from({ length: own.reduce((a, b) => a * b) }, () => oneNumber(range));
    return { data, shape: own };
  });
  const floats = ['random', 'standard_normal', 'standard_exponential'].includes(name);
  return {
    name,
    parameters,
    size: shape.length > 0 ? [4, 2, 3] : pick([1, upTo(40), [3, upTo(5)], 1500]),
    options: floats && next() < 0.4 ? { dtype: 'f4' } : {},
  };
}

const NAMES = Object.keys(METHODS);
const COUNTS = NAMES.slice(NAMES.indexOf('poisson'));

function ours({ kind, seed, calls }: Case, left: Readonly<Record<string, string>>): unknown[] {
  const g = new Generator(new kinds[kind](seed));
  const digests: unknown[] = calls.map(({ name, parameters, size, options }) => {
    if (name in left) return null;
    const method = name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
    const arrays = parameters.map((p) =>
      typeof p === 'number' ? p : { data: Float64Array.from(p.data), shape: p.shape },
    );
    const result = (g as unknown as Record<string, (...call: unknown[]) => unknown>)[method]!(
      ...arrays,
      size,
      'dtype' in options ? { dtype: 'float32' } : COUNTS.includes(name) ? { dtype: 'int64' } : {},
    );
    return sha256(
      'shape' in Object(result) ? (result as { data: Float64Array }).data : (result as never),
    );
  });
  digests.push([...g.bitGenerator.randomRaw(2)].map(String));
  return digests;
}

describe(`the NumPy that is here, seed ${testSeed}`, () => {
  const version = execFileSync(python, ['-c', 'import numpy; print(numpy.__version__)'], {
    encoding: 'utf8',
  }).trim();
  const left = differing(version);
  const names = NAMES.filter((name) => !(name in left));

  it(`${version} draws the same, but for ${Object.keys(left).join(', ') || 'nothing'}`, () => {
    const cases: Case[] = Array.from({ length: 120 }, () => ({
      kind: pick(Object.keys(kinds) as (keyof typeof kinds)[]),
      seed: upTo(1e6),
      calls: Array.from({ length: 1 + upTo(7) }, () => oneCall(pick(names))),
    }));
    // Each distribution is among them.
    cases.push({ kind: 'PCG64', seed: testSeed, calls: names.map(oneCall) });
    const output = execFileSync(python, ['-c', SCRIPT], {
      input: JSON.stringify(cases),
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    const [, answers] = JSON.parse(output) as [string, unknown[][]];
    for (const [i, one] of cases.entries()) {
      expect(ours(one, left), JSON.stringify(one)).toEqual(answers[i]);
    }
  });
});
