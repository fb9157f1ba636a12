import { afterEach, describe, expect, it } from 'vitest';
import * as linalg from '../../src/linalg/index.ts';
import { native } from '../../src/native.ts';
import {
  available,
  epsilon,
  type Layout,
  layouts,
  make,
  type Stack,
  useBest,
} from '../helpers/lane-stacks.ts';
import { numbers } from '../helpers/matrices.ts';
import { fc } from '../helpers/seeds.ts';

afterEach(useBest);

/** The largest of |R| where R = A X - B, over n ε |A| |X|, which a backward stable X keeps small. */
function residual(
  a: (i: number, j: number) => number,
  x: (i: number, j: number) => number,
  b: (i: number, j: number) => number,
  [n, m]: readonly [number, number],
): number {
  let worst = 0;
  let sizeOfA = 0;
  let sizeOfX = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) sizeOfA = Math.max(sizeOfA, Math.abs(a(i, j)));
    for (let j = 0; j < m; j++) {
      sizeOfX = Math.max(sizeOfX, Math.abs(x(i, j)));
      let sum = -b(i, j);
      for (let q = 0; q < n; q++) sum += a(i, q) * x(q, j);
      worst = Math.max(worst, Number.isNaN(sum) ? Number.POSITIVE_INFINITY : Math.abs(sum));
    }
  }
  return worst / (n * sizeOfA * sizeOfX);
}

const sizes = fc.record({
  n: fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 31, 33, 64),
  count: fc.integer({ min: 2, max: 19 }),
  columns: fc.integer({ min: 1, max: 9 }),
  layout: fc.constantFrom(...(Object.keys(layouts) as Layout[])),
  seed: fc.integer(),
});

describe.each(available)('stacks of small matrices with %s kernels', (name) => {
  it.each([Float64Array, Float32Array])('have solutions and inverses of %o', (Kind) => {
    native.linalg.lanes(name);
    fc.assert(
      fc.property(sizes, fc.boolean(), ({ n, count, columns, layout, seed }, transpose) => {
        const next = numbers(seed);
        const a = make(Kind, layout, [count, n, n], () => 2 * next() - 1);
        const b = make(Kind, layout, [count, n, columns], () => 2 * next() - 1);
        const one = (k: number) => (i: number, j: number) =>
          transpose ? a.element(k, j, i) : a.element(k, i, j);
        const x = linalg.solveSync(a.stack, b.stack, { transpose });
        const inverse = linalg.invSync(a.stack);
        for (let k = 0; k < count; k++) {
          const solved = (i: number, j: number) => x.data[(k * n + i) * columns + j]!;
          const right = (i: number, j: number) => b.element(k, i, j);
          const found = residual(one(k), solved, right, [n, columns]);
          // Elimination with row exchanges is stable but for a growth of elements that is rare; that
          // of random matrices is about n^(2/3).
          expect(found).toBeLessThan(8 * n * epsilon(Kind));
          // Elimination makes A X = 1 hold, LAPACK's getri X A = 1; the other holds but for A's condition.
          const inverted = (i: number, j: number) => inverse.data[(k * n + i) * n + j]!;
          const plain = (i: number, j: number) => a.element(k, i, j);
          const identity = (i: number, j: number) => (i === j ? 1 : 0);
          const sides = [
            residual(plain, inverted, identity, [n, n]),
            residual(inverted, plain, identity, [n, n]),
          ];
          expect(Math.min(...sides)).toBeLessThan(8 * n * epsilon(Kind));
        }
      }),
      { numRuns: 40 },
    );
  });

  it.each([Float64Array, Float32Array])('have Cholesky factors of %o', (Kind) => {
    native.linalg.lanes(name);
    fc.assert(
      fc.property(sizes, fc.boolean(), ({ n, count, layout, seed }, upper) => {
        const next = numbers(seed);
        const triangle = Array.from({ length: count * n * n }, () => 2 * next() - 1);
        // The triangle that is not to be read has something else in it.
        const a = make(Kind, layout, [count, n, n], (k, i, j) => {
          if (i === j) return n + triangle[(k * n + i) * n + i]!;
          return i > j === upper ? 99 : triangle[(k * n + Math.max(i, j)) * n + Math.min(i, j)]!;
        });
        const factor = linalg.choleskySync(a.stack, { upper });
        for (let k = 0; k < count; k++) {
          const at = (i: number, j: number) =>
            factor.data[(k * n + (upper ? j : i)) * n + (upper ? i : j)]!;
          let worst = 0;
          for (let i = 0; i < n; i++) {
            for (let j = 0; j <= i; j++) {
              if (j < i && at(j, i) !== 0) worst = Number.POSITIVE_INFINITY;
              let sum = upper ? -a.element(k, j, i) : -a.element(k, i, j);
              for (let q = 0; q <= j; q++) sum += at(i, q) * at(j, q);
              worst = Math.max(worst, Number.isNaN(sum) ? Number.POSITIVE_INFINITY : Math.abs(sum));
            }
          }
          expect(worst).toBeLessThan(4 * n * (n + 1) * epsilon(Kind));
        }
      }),
      { numRuns: 40 },
    );
  });

  it.each([Float64Array, Float32Array])('have LU factors in every form, %o', (Kind) => {
    native.linalg.lanes(name);
    const lengths = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 33, 64);
    const kinds: Record<string, (next: () => number, k: number, i: number, j: number) => number> = {
      random: (next) => 2 * next() - 1,
      zero: () => 0,
      'of low rank': (_next, k, i, j) => (i + 1) * (k + 1) + (j % 3),
      'with ends of the range': (next, _k, i, j) => next() * (i === j ? 1e30 : 1e-30),
      'a permutation': (_next, k, i, j) => (j === i + k || (i === 0 && j === k) ? 1 : 0),
    };
    fc.assert(
      fc.property(
        sizes,
        lengths,
        fc.array(fc.constantFrom(...Object.keys(kinds)), { minLength: 1, maxLength: 4 }),
        ({ n, count, layout, seed }, m, which) => {
          const next = numbers(seed);
          const a = make(Kind, layout, [count, m, n], (k, i, j) =>
            kinds[which[k % which.length]!]!(next, k, i, j),
          );
          const all = linalg.luSync(a.stack);
          const indexed = linalg.luSync(a.stack, { pIndices: true });
          const { pl, u } = linalg.luSync(a.stack, { permuteL: true });
          expect([indexed.l.data, indexed.u.data, u.data]).toEqual([
            all.l.data,
            all.u.data,
            all.u.data,
          ]);
          const depth = Math.min(m, n);
          for (let k = 0; k < count; k++) {
            const rows = indexed.p.data.subarray(k * m, (k + 1) * m);
            expect([...rows].sort((x, y) => x - y)).toEqual(Array.from({ length: m }, (_, i) => i));
            const l = (i: number, j: number) => all.l.data[(k * m + i) * depth + j]!;
            const upper = (i: number, j: number) => u.data[(k * depth + i) * n + j]!;
            let [worst, most] = [0, 0];
            const wrong: string[] = [];
            const check = (what: string, right: boolean) => {
              if (!right) wrong.push(what);
            };
            for (let i = 0; i < m; i++) {
              for (let j = 0; j < m; j++) {
                check('P', all.p.data[(k * m + i) * m + j] === (rows[i] === j ? 1 : 0));
              }
              for (let j = 0; j < depth; j++) {
                if (j >= i) check('L', l(i, j) === (i === j ? 1 : 0));
                else check('size of L', Math.abs(l(i, j)) <= 1 + 2 * epsilon(Kind));
                check('PL', pl.data[(k * m + i) * depth + j] === l(rows[i]!, j));
              }
              for (let j = 0; j < n; j++) {
                if (i < depth && j < i) check('U', upper(i, j) === 0);
                let sum = -a.element(k, i, j);
                for (let q = 0; q < depth; q++) sum += l(rows[i]!, q) * upper(q, j);
                worst = Math.max(
                  worst,
                  Number.isNaN(sum) ? Number.POSITIVE_INFINITY : Math.abs(sum),
                );
                most = Math.max(most, Math.abs(a.element(k, i, j)));
              }
            }
            expect(wrong).toEqual([]);
            // Elements may grow, of random matrices by about n^(2/3).
            expect(worst).toBeLessThanOrEqual(8 * (depth + 3) ** 2 * epsilon(Kind) * most);
          }
        },
      ),
      { numRuns: 40 },
    );
    for (const bad of [0, 7, 8, 36]) {
      const { stack } = make(Kind, 'row-major', [37, 5, 4], (k, i, j) =>
        k >= bad && i === 3 && j === 1 ? Number.NaN : i + j * j,
      );
      expect(() => linalg.luSync(stack)).toThrow(
        expect.objectContaining({ name: 'LinAlgError', index: [bad] }),
      );
    }
  });

  it('have determinants that are products', () => {
    native.linalg.lanes(name);
    // det of a triangle of whole numbers, its rows exchanged: no rounding at all.
    for (const n of [1, 2, 3, 5, 8, 13]) {
      const count = 11;
      const { stack } = make(Float64Array, 'row-major', [count, n, n], (k, i, j) => {
        const row = (i + k) % n; // a cycle of length n, k times: (n - 1) k exchanges
        return j < row ? 0 : j === row ? 2 ** (row % 3) : 0.5;
      });
      const exponent = Array.from({ length: n }, (_, i) => i % 3).reduce((x, y) => x + y, 0);
      for (const [k, value] of [...linalg.detSync(stack).data].entries()) {
        const cycles = k % n; // exchanging by cycles of n: its sign is that of (n - 1) k
        expect(value).toBe((((n - 1) * cycles) % 2 === 0 ? 1 : -1) * 2 ** exponent);
      }
    }
  });

  it('give a matrix that is exact in numbers its exact solution, whatever is beside it', () => {
    native.linalg.lanes(name);
    const beside = [1e-310, 1e300, 1, 1e-200, 3e307];
    const { stack } = make(Float64Array, 'row-major', [24, 2, 2], (k, i, j) =>
      i !== j ? 0 : i === 0 ? 2 : beside[k % beside.length]!,
    );
    const b = make(Float64Array, 'row-major', [24, 2, 1], (k, i) =>
      i === 0 ? 6 : beside[k % beside.length]!,
    );
    const x = linalg.solveSync(stack, b.stack).data;
    for (let k = 0; k < 24; k++) expect([x[2 * k], x[2 * k + 1]]).toEqual([3, 1]);
  });

  it('refuse the first matrix that LAPACK refuses', () => {
    native.linalg.lanes(name);
    const spoilt = (bad: number, spoil: (i: number, j: number) => number | undefined) =>
      make(Float64Array, 'row-major', [37, 5, 5], (k, i, j) => {
        const usual = i === j ? 4 + k : 1 / (1 + i + j);
        return (k >= bad ? spoil(i, j) : undefined) ?? usual;
      }).stack;
    const operations = {
      solve: (a: Stack) => linalg.solveSync(a, [1, 2, 3, 4, 5]),
      inv: (a: Stack) => linalg.invSync(a),
      cholesky: (a: Stack) => linalg.choleskySync(a),
    };
    for (const bad of [0, 7, 8, 21, 36]) {
      for (const [operation, run] of Object.entries(operations)) {
        for (const broken of [Number.NaN, Number.POSITIVE_INFINITY]) {
          const a = spoilt(bad, (i, j) => (i === 3 && j === 1 ? broken : undefined));
          expect(() => run(a), operation).toThrow(
            expect.objectContaining({ name: 'LinAlgError', index: [bad] }),
          );
        }
        // A column of zeros: the third pivot, and the third minor.
        const a = spoilt(bad, (i, j) => (i === 2 || j === 2 ? 0 : undefined));
        expect(() => run(a), operation).toThrow(
          expect.objectContaining({ name: 'LinAlgError', info: 3, index: [bad] }),
        );
      }
      const a = spoilt(bad, (i, j) => (i === 2 || j === 2 ? 0 : undefined));
      const found = [...linalg.detSync(a).data];
      expect(found.map((value) => value === 0)).toEqual(found.map((_, k) => k >= bad));
    }
  });

  it('say of a singular matrix what LAPACK says of it alone', () => {
    native.linalg.lanes(name);
    const next = numbers(5);
    // Rank n - 1, but for rounding: whether a pivot is zero is decided by the last bits.
    for (const n of [2, 3, 4, 6]) {
      const { stack } = make(Float64Array, 'row-major', [40, n, n], () => Math.floor(next() * 9));
      for (let k = 0; k < 40; k++) {
        for (let j = 0; j < n; j++) {
          const at = (i: number) => (k * n + i) * n + j;
          stack.data[at(n - 1)] =
            n === 2 ? 3 * stack.data[at(0)]! : 2 * stack.data[at(1)]! - stack.data[at(0)]!;
        }
      }
      const all = linalg.detSync(stack).data;
      for (let k = 0; k < 40; k++) {
        const data = stack.data.slice(k * n * n, (k + 1) * n * n);
        expect(all[k]).toBe(linalg.detSync({ data, shape: [n, n] }));
      }
    }
  });
});
