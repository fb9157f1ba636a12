/**
 * Options that there are not are refused, with the nearest that there is.
 */
import { describe, expect, it } from 'vitest';
import { defaultRng, type Generator } from '../../src/random/index.ts';

// biome-ignore lint/suspicious/noExplicitAny: what a caller without types could pass
type Anything = any;

const array = { data: Float64Array.of(1, 2, 3, 4), shape: [2, 2] };

/** Calls with an option that there is not, and the one that is meant. */
const calls: Record<string, [(rng: Generator & Anything) => unknown, string]> = {
  random: [(rng) => rng.random(3, { dtpe: 'float32' }), 'dtype'],
  'options in the place of a size': [(rng) => rng.random({ thread: 2 }), 'threads'],
  'a size among the options': [(rng) => rng.normal(0, 1, { sized: 4 }), 'there are'],
  normal: [(rng) => rng.normal(0, 1, 3, { ou: new Float64Array(3) }), 'out'],
  'varying parameters': [(rng) => rng.normal([0, 1], 1, { ou: null }), 'out'],
  standardExponential: [(rng) => rng.standardExponential(3, { methods: 'inv' }), 'method'],
  gamma: [(rng) => rng.gamma(1, 2, 3, { dtyp: 'float64' }), 'dtype'],
  poisson: [(rng) => rng.poisson(4, 2, { dtypes: 'int64' }), 'dtype'],
  integers: [(rng) => rng.integers(0, 5, 3, { endpoints: true }), 'endpoint'],
  'integers below': [(rng) => rng.integers(5, { end_point: true }), 'endpoint'],
  choice: [(rng) => rng.choice(5, 3, { replaced: false }), 'replace'],
  multinomial: [(rng) => rng.multinomial(5, [0.5, 0.5], 1, { dtyp: 'int64' }), 'dtype'],
  multivariateHypergeometric: [
    (rng) => rng.multivariateHypergeometric([5, 5], 2, 1, { methode: 'count' }),
    'method',
  ],
  multivariateNormal: [
    (rng) => rng.multivariateNormal([0, 0], array, { check_valid: 'raise' }),
    'checkValid',
  ],
  dirichlet: [(rng) => rng.dirichlet([1, 2], 3, { dtype: 'float32' }), 'there are no options'],
  'dirichlet, in the place of a size': [(rng) => rng.dirichlet([1, 2], { size: 3 }), 'no options'],
  shuffle: [(rng) => rng.shuffle(array, { axes: 1 }), 'axis'],
  permutation: [(rng) => rng.permutation(array, { axes: 1 }), 'axis'],
  permuted: [(rng) => rng.permuted(array, { output: array }), 'out'],
  fillBlocks: [
    (rng) => rng.fillBlocks(new Float64Array(2), { distribution: 'random', block: 7 }),
    'blockSize',
  ],
};

describe('an option that there is not', () => {
  it.each(Object.entries(calls))('is refused by %s', (_name, [call, meant]) => {
    const rng = defaultRng(1);
    const before = JSON.stringify(rng);
    expect(() => call(rng)).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        code: 'ERR_HEDDLE_INVALID_ARGUMENT',
        message: expect.stringContaining(meant),
      }),
    );
    expect(JSON.stringify(rng)).toBe(before);
  });
});
