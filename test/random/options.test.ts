/** Options in the place of the size, and what parameters that are arrays may not be. */
import { describe, expect, it } from 'vitest';
import { defaultRng } from '../../src/random/index.ts';

const refused = expect.objectContaining({ code: 'ERR_HEDDLE_INVALID_ARGUMENT' });

describe('options in the place of the size', () => {
  it('are taken by every method that has both', () => {
    const rng = () => defaultRng(3);
    const out = new Float64Array(4);
    expect(rng().gamma(2, 1, { out })).toBe(out);
    expect(out).toEqual(rng().gamma(2, 1, 4));
    expect(rng().random({ dtype: 'float32' })).toBe(rng().random(1, { dtype: 'float32' })[0]);
    expect(rng().integers(0, 9, { dtype: 'uint8' })).toBe(
      rng().integers(0, 9, 1, { dtype: 'uint8' })[0],
    );
    expect(rng().integers(0, 9, { endpoint: true })).toBe(
      rng().integers(0, 9, undefined, { endpoint: true }),
    );
    const bytes = new Uint8Array(9);
    expect(rng().integers(0, 200, { dtype: 'uint8', out: bytes })).toBe(bytes);
    expect(rng().choice(9, { replace: false })).toBe(
      rng().choice(9, undefined, { replace: false }),
    );
    expect(rng().choice([5, 6], { p: [0, 1] })).toBe(6);
    const array = { data: Float64Array.of(1, 2, 3, 4), shape: [2, 2] };
    expect(rng().choice(array, { axis: 1 }).shape).toEqual([2]);
    const unit = { data: Float64Array.of(1, 0, 0, 1), shape: [2, 2] };
    expect(rng().multivariateNormal([0, 0], unit, { method: 'cholesky' })).toEqual(
      rng().multivariateNormal([0, 0], unit, undefined, { method: 'cholesky' }),
    );
    expect(rng().multinomial(9, [0.5, 0.5], { dtype: 'int64' })).toEqual(
      BigInt64Array.from(rng().multinomial(9, [0.5, 0.5]), BigInt),
    );
    expect(rng().multivariateHypergeometric([5, 5], 3, { method: 'count' })).toEqual(
      rng().multivariateHypergeometric([5, 5], 3, undefined as never, { method: 'count' }),
    );
    expect(rng().hypergeometric(5, 5, 3, { dtype: 'int64' })).toBe(
      BigInt(rng().hypergeometric(5, 5, 3)),
    );
  });

  it('p of float32 sums to 1 within the precision of its type', () => {
    const p = Float32Array.from({ length: 10 }, () => 0.1);
    p[0]! += 1e-4;
    expect(defaultRng(1).choice(10, 5, { p })).toHaveLength(5);
    expect(() => defaultRng(1).choice(10, 5, { p: Float64Array.from(p) })).toThrow(refused);
    p[0]! += 1e-3;
    expect(() => defaultRng(1).choice(10, 5, { p })).toThrow(refused);
  });
});

describe('parameters that are arrays', () => {
  const rng = defaultRng(1);
  const grid = (shape: number[]) => ({
    data: new Float64Array(shape.reduce((a, b) => a * b, 1)).fill(1),
    shape,
  });

  it('have results in their shape, and may be out', () => {
    expect(rng.normal([1, 2, 3])).toHaveLength(3);
    expect(rng.normal([1, 2, 3], grid([2, 1])).shape).toEqual([2, 3]);
    expect(rng.normal(grid([]), 1).shape).toEqual([]);
    expect(rng.poisson([1, 2], [3, 2], { dtype: 'int64' }).data).toBeInstanceOf(BigInt64Array);
    expect(rng.integers([1, 2], [5, 6])).toBeInstanceOf(Float64Array);
    expect(rng.integers([1n, 2n], 6n)).toBeInstanceOf(BigInt64Array);
    // Written over a parameter, element by element.
    const own = Float64Array.of(10, 20, 30);
    const same = defaultRng(5).normal(own.slice(), 1, 3);
    expect(defaultRng(5).normal(own, 1, { out: own })).toBe(own);
    expect(own).toEqual(same);
    const memory = Float64Array.of(10, 20, 30, 0);
    defaultRng(5).normal(memory.subarray(0, 3), 1, { out: memory.subarray(1) });
    expect(memory.subarray(1)).toEqual(same);
  });

  const cases: [string, () => unknown][] = [
    ['shapes that do not broadcast', () => rng.normal([1, 2], [1, 2, 3])],
    ['a size that they do not broadcast to', () => rng.normal([1, 2, 3], 1, 4)],
    ['a size shorter than their shape', () => rng.normal(grid([2, 3]), 1, 3)],
    ['an out of another shape', () => rng.normal([1, 2, 3], 1, { out: new Float64Array(4) })],
    ['an element that is refused', () => rng.normal(0, [1, -1])],
    ['an element that is no number', () => rng.normal(['1'] as never, 1)],
    ['a hole', () => rng.exponential(new Array(3) as never)],
    ['bigints', () => rng.poisson(BigInt64Array.of(1n) as never)],
    ['high below low in one place', () => rng.uniform([0, 5], [1, 4])],
    ['a triangle upside down in one place', () => rng.triangular([0, 0], [1, 3], [2, 2])],
    ['an urn too small in one place', () => rng.hypergeometric([5, 1], 1, [6, 3])],
    ['a range that is empty in one place', () => rng.integers([0, 5], [1, 5])],
    ['a bound outside of the type', () => rng.integers([0], [300], 1, { dtype: 'uint8' })],
    ['strides that are not row-major', () => rng.normal({ ...grid([2, 2]), stride: [1, 2] }, 1)],
    ['probabilities above 1', () => rng.multinomial(3, [0.9, 0.9, 0.1])],
    ['no probabilities', () => rng.multinomial(3, [])],
    ['trials below 0', () => rng.multinomial([-1], [0.5, 0.5])],
    ['more drawn than there are', () => rng.multivariateHypergeometric([3, 4], 8)],
    ['colors below 0', () => rng.multivariateHypergeometric([3, -4], 1)],
    ['10^9 colors by marginals', () => rng.multivariateHypergeometric([1e9], 1)],
    [
      '2^32 colors by count',
      () => rng.multivariateHypergeometric([2 ** 32], 1, { method: 'count' }),
    ],
    ['another method', () => rng.multivariateHypergeometric([3], 1, { method: 'x' as never })],
    ['another dtype', () => rng.multinomial(3, [1], { dtype: 'int32' as never })],
    ['options that are none', () => rng.gamma(1, 1, 3, 5 as never)],
  ];
  it.each(cases)('%s: refused, and nothing is drawn', (_, call) => {
    const { state } = rng.bitGenerator;
    expect(call).toThrow(refused);
    expect(rng.bitGenerator.state).toEqual(state);
  });
});
