import { afterEach, describe, expect, it } from 'vitest';
import * as linalg from '../../src/linalg/index.ts';
import { native } from '../../src/native.ts';
import {
  available,
  epsilon,
  type Kind,
  type Layout,
  layouts,
  type Made,
  make,
  useBest,
} from '../helpers/lane-stacks.ts';
import { numbers } from '../helpers/matrices.ts';
import { fc } from '../helpers/seeds.ts';

afterEach(useBest);

type Complex = readonly [re: number, im: number];
const times = ([a, b]: Complex, [c, d]: Complex): Complex => [a * c - b * d, a * d + b * c];

/** Matrices whose eigenproblems are of different kinds. */
const KINDS = {
  random: (_k, _i, _j, next) => 2 * next() - 1,
  symmetric: (k, i, j) => Math.sin(3 * Math.min(i, j) + Math.max(i, j) ** 2 + k),
  'skew-symmetric': (k, i, j) =>
    Math.sign(i - j) * Math.cos(Math.min(i, j) + 2 * Math.max(i, j) + k),
  zero: () => 0,
  identity: (k, i, j) => (i === j ? 1 + k : 0),
  'rank one': (k, i, j) => Math.sin(i + k + 1) * Math.cos(j + 1),
  'one value many times': (_k, i, j) => (i === j ? 3 : 1),
  cyclic: (_k, i, j, _next, n) => (j === (i + 1) % n ? 1 : 0),
  'cyclic but for a corner': (_k, i, j, next) => (j === i + 1 ? 1 : j === 0 ? 1e-3 * next() : 0),
  'upper triangular': (_k, i, j, next) => (j < i ? 0 : 2 * next() - 1),
  'lower triangular': (_k, i, j, next) => (j > i ? 0 : 2 * next() - 1),
  'Jordan block': (k, i, j) => (i === j ? k % 3 : j === i + 1 ? 1 : 0),
  'turned Jordan blocks': (_k, i, j) => (i === j ? 1 : 0) + (i - 0.5) * (j % 2 === 0 ? 1 : -1),
  'whole numbers': (_k, _i, _j, next) => Math.floor(5 * next()) - 2,
  huge: (_k, _i, _j, next) => (2 * next() - 1) * 2 ** 100,
  tiny: (_k, _i, _j, next) => (2 * next() - 1) * 2 ** -110,
} satisfies Record<
  string,
  (k: number, i: number, j: number, next: () => number, n: number) => number
>;
type KindOfMatrix = keyof typeof KINDS;
const kinds = Object.keys(KINDS) as KindOfMatrix[];

const stacks = fc.record({
  n: fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 24, 33, 64),
  count: fc.integer({ min: 2, max: 19 }),
  layout: fc.constantFrom(...(Object.keys(layouts) as Layout[])),
  which: fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 5 }),
  seed: fc.integer(),
});

function mixture(
  elements: Kind,
  { n, count, layout, which, seed }: typeof stacks extends fc.Arbitrary<infer S> ? S : never,
): Made {
  const next = numbers(seed);
  return make(elements, layout, [count, n, n], (k, i, j) =>
    KINDS[which[k % which.length]!](k, i, j, next, n),
  );
}

function largest(element: (i: number, j: number) => number, n: number): number {
  let most = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) most = Math.max(most, Math.abs(element(i, j)));
  return most;
}

/** What eig() says of matrix k. */
function found(of: linalg.Eig<Float64Array>, k: number, n: number) {
  const { eigenvalues: w, eigenvectors: v } = of;
  return {
    value: (j: number): Complex => [w.re.data[k * n + j]!, w.im.data[k * n + j]!],
    vector: (i: number, j: number): Complex => [
      v.re.data[(k * n + i) * n + j]!,
      v.im.data[(k * n + i) * n + j]!,
    ],
  };
}

const bound = (elements: Kind, n: number) => 40 * (n + 3) * epsilon(elements);

describe.each(available)('eigenproblems of small matrices with %s kernels', (name) => {
  it.each([Float64Array, Float32Array])('eig: Av = λv with |v| = 1, %o', (elements) => {
    native.linalg.lanes(name);
    fc.assert(
      fc.property(stacks, (drawn) => {
        const { n, count } = drawn;
        const a = mixture(elements, drawn);
        const all = linalg.eigSync(a.stack);
        for (let k = 0; k < count; k++) {
          const { value, vector } = found(all, k, n);
          const limit = bound(elements, n) * largest((i, j) => a.element(k, i, j), n);
          let worst = 0;
          const wrong: string[] = [];
          for (let j = 0; j < n; j++) {
            const lambda = value(j);
            let length = 0;
            let [longest, real] = [0, 0];
            for (let i = 0; i < n; i++) {
              const x = vector(i, j);
              longest = Math.max(longest, Math.hypot(...x));
              if (x[1] === 0) real = Math.max(real, Math.abs(x[0]));
              length += x[0] ** 2 + x[1] ** 2;
              const [re, im] = times(lambda, x);
              let [sumRe, sumIm] = [-re, -im];
              for (let q = 0; q < n; q++) {
                const [yRe, yIm] = vector(q, j);
                sumRe += a.element(k, i, q) * yRe;
                sumIm += a.element(k, i, q) * yIm;
              }
              const off = Math.hypot(sumRe, sumIm);
              worst = Math.max(worst, Number.isNaN(off) ? Number.POSITIVE_INFINITY : off);
              if (lambda[1] === 0 && x[1] !== 0) wrong.push('a real value has a complex vector');
            }
            if (!(Math.abs(length - 1) < bound(elements, n))) wrong.push('a vector’s length');
            // Of several that are as long, one is real.
            if (real < longest * (1 - 16 * epsilon(elements))) wrong.push('not turned');
            if (lambda[1] > 0) {
              const [re, im] = value(j + 1);
              if (re !== lambda[0] || im !== -lambda[1]) wrong.push('no pair');
              for (let i = 0; i < n; i++) {
                const [x, y] = [vector(i, j), vector(i, j + 1)];
                if (x[0] !== y[0] || x[1] !== -y[1]) wrong.push('vectors of no pair');
              }
              j++;
            } else if (lambda[1] < 0) wrong.push('a second one without a first');
          }
          expect(wrong).toEqual([]);
          expect(worst).toBeLessThanOrEqual(limit);
        }
      }),
      { numRuns: 60 },
    );
  });

  // A backward stable method gives the eigenvalues of a matrix close by, whose powers have traces
  // that are close, however much a single value may have moved.
  it.each([Float64Array, Float32Array])('eigvals: the traces of A, A² and A³, %o', (elements) => {
    native.linalg.lanes(name);
    fc.assert(
      fc.property(stacks, (drawn) => {
        const { n, count } = drawn;
        const a = mixture(elements, drawn);
        const both = [linalg.eigvalsSync(a.stack), linalg.eigSync(a.stack).eigenvalues];
        for (let k = 0; k < count; k++) {
          const size = largest((i, j) => a.element(k, i, j), n) || 1;
          const scaled = Array.from({ length: n }, (_, i) =>
            Array.from({ length: n }, (__, j) => a.element(k, i, j) / size),
          );
          let power = scaled;
          for (const exponent of [1, 2, 3]) {
            if (exponent > 1) {
              power = power.map((row) =>
                row.map((_, j) => row.reduce((sum, x, q) => sum + x * scaled[q]![j]!, 0)),
              );
            }
            const trace = power.reduce((sum, row, i) => sum + row[i]!, 0);
            for (const { re, im } of both) {
              let sum: Complex = [0, 0];
              for (let j = 0; j < n; j++) {
                const value: Complex = [re.data[k * n + j]! / size, im.data[k * n + j]! / size];
                let x = value;
                for (let q = 1; q < exponent; q++) x = times(x, value);
                sum = [sum[0] + x[0], sum[1] + x[1]];
              }
              const limit = exponent * bound(elements, n) * n ** exponent;
              expect(Math.hypot(sum[0] - trace, sum[1])).toBeLessThanOrEqual(limit);
            }
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it('eigenvalues that are far apart are those of LAPACK alone', () => {
    const next = numbers(3);
    for (const n of [2, 3, 5, 8, 16, 40]) {
      // Diagonally dominant: each of Gershgorin's circles has one value, and its condition is small.
      const { stack } = make(Float64Array, 'row-major', [21, n, n], (_k, i, j) =>
        i === j ? 3 * i : (2 * next() - 1) / n,
      );
      const sorted = (from: { re: { data: Float64Array } }) =>
        Array.from({ length: 21 }, (_, k) =>
          [...from.re.data.subarray(k * n, (k + 1) * n)].sort((x, y) => x - y),
        ).flat();
      native.linalg.lanes(name);
      const values = sorted(linalg.eigvalsSync(stack) as never);
      native.linalg.lanes('none');
      const right = sorted(linalg.eigvalsSync(stack) as never);
      for (const [i, value] of values.entries()) {
        expect(Math.abs(value - right[i]!)).toBeLessThan(100 * n * n * 2 ** -52);
      }
    }
  });

  it('take matrices that balancing is for', () => {
    native.linalg.lanes(name);
    // D⁻¹ B D with powers of two: the eigenvalues are those of B, which no bit of D may spoil.
    const n = 6;
    const base = (i: number, j: number) => (i === j ? 2 * i : 1 / (1 + i + 2 * j));
    for (const step of [0, 3, 9, 25, 150]) {
      const { stack } = make(
        Float64Array,
        'row-major',
        [17, n, n],
        (k, i, j) => base(i, j) * 2 ** (step * (j - i) * (k % 2)),
      );
      const { re, im } = linalg.eigvalsSync(stack);
      expect([...im.data].every((x) => x === 0)).toBe(true);
      const sorted = (k: number) => [...re.data.subarray(k * n, (k + 1) * n)].sort((x, y) => x - y);
      for (let k = 1; k < 17; k++) {
        for (const [i, value] of sorted(k).entries()) {
          expect(Math.abs(value - sorted(0)[i]!)).toBeLessThan(1000 * 2 ** -52 * 2 * n);
        }
      }
    }
  });

  it('a matrix’s result does not depend on those beside it', () => {
    native.linalg.lanes(name);
    const [count, n] = [23, 5];
    const next = numbers(9);
    const usual = (i: number, j: number) => Math.sin(3 * i + j * j + 1);
    const alike = make(Float64Array, 'row-major', [count, n, n], (_k, i, j) => usual(i, j));
    const beside = make(Float64Array, 'row-major', [count, n, n], (k, i, j) =>
      k === 10
        ? usual(i, j)
        : k % 3 === 0
          ? 1e300 * next()
          : k % 3 === 1
            ? Number(i === j)
            : next(),
    );
    const parts = ({ stack }: Made) => {
      const { eigenvalues, eigenvectors } = linalg.eigSync(stack);
      return [eigenvalues.re, eigenvalues.im, eigenvectors.re, eigenvectors.im];
    };
    const [same, mixed] = [parts(alike), parts(beside)];
    for (const [at, { data }] of same.entries()) {
      const length = data.length / count;
      const right = data.subarray(0, length);
      for (let k = 1; k < count; k++) {
        expect(data.subarray(k * length, (k + 1) * length)).toEqual(right);
      }
      expect(mixed[at]!.data.subarray(10 * length, 11 * length)).toEqual(right);
    }
  });

  it('refuse the first matrix with a NaN or an infinity', () => {
    native.linalg.lanes(name);
    for (const bad of [0, 7, 8, 36]) {
      for (const broken of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const { stack } = make(Float64Array, 'row-major', [37, 4, 4], (k, i, j) =>
          k >= bad && i === 2 && j === 1 ? broken : 1 / (1 + i + j + k),
        );
        for (const run of [linalg.eigSync, linalg.eigvalsSync]) {
          expect(() => run(stack)).toThrow(
            expect.objectContaining({ name: 'LinAlgError', index: [bad] }),
          );
        }
      }
    }
  });
});
