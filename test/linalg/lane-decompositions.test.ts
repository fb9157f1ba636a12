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

type Element = (i: number, j: number) => number;
type Result = linalg.Matrix<Float64Array>;

/** Matrices that decompositions have trouble with, by what is special about them. */
const KINDS = {
  random: (_k, _i, _j, next) => 2 * next() - 1,
  zero: () => 0,
  identity: (k, i, j) => (i === j ? 1 + k : 0),
  'rank one': (k, i, j) => Math.sin(i + k + 1) * Math.cos(j + 1),
  'repeated values': (_k, i, j) => (i === j ? 3 : 1),
  'graded, falling': (_k, i, j, next) => (2 * next() - 1) * 2 ** -(i + j),
  'graded, rising': (_k, i, j, next) => (2 * next() - 1) * 2 ** (i + j - 80),
  'zeros on the diagonal': (_k, i, j) => (Math.abs(i - j) === 1 ? 1 : 0),
  huge: (_k, _i, _j, next) => (2 * next() - 1) * 2 ** 100,
  tiny: (_k, _i, _j, next) => (2 * next() - 1) * 2 ** -120,
  'with a zero column': (k, _i, j, next) => (j === k % 3 ? 0 : 2 * next() - 1),
  triangular: (_k, i, j, next) => (j < i ? 0 : 2 * next() - 1),
} satisfies Record<string, (k: number, i: number, j: number, next: () => number) => number>;
type KindOfMatrix = keyof typeof KINDS;
const kinds = Object.keys(KINDS) as KindOfMatrix[];

/** A stack in which matrices of different kinds stand beside each other. */
function mixture(
  elements: Kind,
  layout: Layout,
  [count, m, n]: readonly [number, number, number],
  which: readonly KindOfMatrix[],
  seed: number,
): Made {
  const next = numbers(seed);
  return make(elements, layout, [count, m, n], (k, i, j) =>
    KINDS[which[k % which.length]!](k, i, j, next),
  );
}

const one =
  ({ element }: Made, k: number): Element =>
  (i, j) =>
    element(k, i, j);

/** Matrix `k` of a result. */
const of =
  ({ data, shape }: Result, k: number): Element =>
  (i, j) =>
    data[(k * shape[1]! + i) * shape[2]! + j]!;

function size(a: Element, m: number, n: number): number {
  let most = 0;
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) most = Math.max(most, Math.abs(a(i, j)));
  return most;
}

/** The largest of |A - B C|, of inner length `depth`; infinite where there is a NaN. */
function difference(
  a: Element,
  b: Element,
  c: Element,
  [m, depth, n]: readonly [number, number, number],
): number {
  let worst = 0;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = -a(i, j);
      for (let q = 0; q < depth; q++) sum += b(i, q) * c(q, j);
      worst = Math.max(worst, Number.isNaN(sum) ? Number.POSITIVE_INFINITY : Math.abs(sum));
    }
  }
  return worst;
}

const identity: Element = (i, j) => (i === j ? 1 : 0);
const transposed =
  (a: Element): Element =>
  (i, j) =>
    a(j, i);

/** How far the columns are from right angles and length one. */
const skew = (a: Element, m: number, n: number) =>
  difference(identity, transposed(a), a, [n, m, n]);

const lengths = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 24, 33, 64);
const shapes = fc.record({
  m: lengths,
  n: lengths,
  count: fc.integer({ min: 2, max: 19 }),
  layout: fc.constantFrom(...(Object.keys(layouts) as Layout[])),
  which: fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 5 }),
  seed: fc.integer(),
});

// A backward stable decomposition is off by a small multiple of the size times epsilon; LAPACK's
// bounds are "a modestly growing function" of the order, which is linear here, with room.
const bound = (elements: Kind, order: number) => 30 * (order + 3) * epsilon(elements);

describe.each(available)('decompositions of small matrices with %s kernels', (name) => {
  it.each([Float64Array, Float32Array])('QR: A = QR with LAPACK’s signs, %o', (elements) => {
    native.linalg.lanes(name);
    const modes = fc.constantFrom('reduced', 'complete', 'r');
    fc.assert(
      fc.property(shapes, modes, ({ m, n, count, layout, which, seed }, mode) => {
        const a = mixture(elements, layout, [count, m, n], which, seed);
        const k = Math.min(m, n);
        const width = mode === 'complete' ? m : k;
        const factors = mode === 'r' ? undefined : linalg.qrSync(a.stack, { mode });
        const all = (factors?.r ?? linalg.qrSync(a.stack, { mode: 'r' })) as Result;
        expect(all.shape).toEqual([count, width, n]);
        for (let index = 0; index < count; index++) {
          const [given, r] = [one(a, index), of(all, index)];
          const limit = bound(elements, Math.max(m, n)) * size(given, m, n);
          for (let i = 1; i < width; i++)
            for (let j = 0; j < Math.min(i, n); j++) expect(r(i, j)).toBe(0);
          if (factors !== undefined) {
            const q = of(factors.q as Result, index);
            expect(skew(q, m, width)).toBeLessThan(bound(elements, m));
            expect(difference(given, q, r, [m, width, n])).toBeLessThanOrEqual(limit);
          }
          // RᵀR = AᵀA, whichever Q.
          const product: Element = (i, j) => {
            let sum = 0;
            for (let q = 0; q < m; q++) sum += given(q, i) * given(q, j);
            return sum;
          };
          const square = limit * size(given, m, n) * m;
          expect(difference(product, transposed(r), r, [n, width, n])).toBeLessThanOrEqual(square);
        }
        // The first column's sign is no matter of rounding: larfg's is that of -a(0, 0).
        for (let index = 0; index < count && m > 1; index++) {
          const [given, r] = [one(a, index), of(all, index)];
          if (
            size((i) => given(i + 1, 0), m - 1, 1) > 1e-3 * Math.abs(given(0, 0)) &&
            given(0, 0) !== 0
          ) {
            expect(Math.sign(r(0, 0))).toBe(-Math.sign(given(0, 0)));
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it.each([Float64Array, Float32Array])('SVD: A = USV with right angles, %o', (elements) => {
    native.linalg.lanes(name);
    fc.assert(
      fc.property(shapes, fc.boolean(), ({ m, n, count, layout, which, seed }, fullMatrices) => {
        const a = mixture(elements, layout, [count, m, n], which, seed);
        const k = Math.min(m, n);
        const { u, s, vh } = linalg.svdSync(a.stack, { fullMatrices });
        const values = linalg.svdvalsSync(a.stack);
        const [left, right] = fullMatrices ? [m, n] : [k, k];
        expect([u.shape, vh.shape]).toEqual([
          [count, m, left],
          [count, right, n],
        ]);
        for (let index = 0; index < count; index++) {
          const given = one(a, index);
          const limit = bound(elements, Math.max(m, n)) * size(given, m, n);
          const [columns, rows] = [of(u, index), of(vh, index)];
          const value = (q: number) => s.data[index * k + q]!;
          expect(skew(columns, m, left)).toBeLessThan(bound(elements, m));
          expect(skew(transposed(rows), n, right)).toBeLessThan(bound(elements, n));
          const scaled: Element = (i, q) => columns(i, q) * value(q);
          expect(difference(given, scaled, rows, [m, k, n])).toBeLessThanOrEqual(limit);
          for (let q = 0; q < k; q++) {
            expect(value(q)).toBeGreaterThanOrEqual(q + 1 < k ? value(q + 1) : 0);
            expect(Math.abs(values.data[index * k + q]! - value(q))).toBeLessThanOrEqual(limit);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it.each([Float64Array, Float32Array])(
    'eigh: AV = VΛ of the triangle that is said, %o',
    (elements) => {
      native.linalg.lanes(name);
      fc.assert(
        fc.property(
          shapes,
          fc.constantFrom('L', 'U'),
          ({ n, count, layout, which, seed }, uplo) => {
            const a = mixture(elements, layout, [count, n, n], which, seed);
            const { eigenvalues, eigenvectors } = linalg.eighSync(a.stack, { uplo });
            const values = linalg.eigvalshSync(a.stack, { uplo });
            for (let index = 0; index < count; index++) {
              const given = one(a, index);
              const meant: Element = (i, j) =>
                (uplo === 'L') === j <= i ? given(i, j) : given(j, i);
              const limit = bound(elements, n) * size(meant, n, n);
              const vectors = of(eigenvectors, index);
              const value = (q: number) => eigenvalues.data[index * n + q]!;
              expect(skew(vectors, n, n)).toBeLessThan(bound(elements, n));
              const scaled: Element = (i, q) => vectors(i, q) * value(q);
              expect(difference(scaled, meant, vectors, [n, n, n])).toBeLessThanOrEqual(limit);
              for (let q = 0; q < n; q++) {
                expect(value(q)).toBeGreaterThanOrEqual(
                  q > 0 ? value(q - 1) : Number.NEGATIVE_INFINITY,
                );
                expect(Math.abs(values.data[index * n + q]! - value(q))).toBeLessThanOrEqual(limit);
              }
            }
          },
        ),
        { numRuns: 40 },
      );
    },
  );

  it('eigenvalues and singular values are those of LAPACK alone', () => {
    fc.assert(
      fc.property(shapes, ({ m, n, count, which, seed }) => {
        native.linalg.lanes(name);
        const a = mixture(Float64Array, 'row-major', [count, m, n], which, seed);
        const square = mixture(Float64Array, 'row-major', [count, n, n], which, seed);
        const [s, w] = [linalg.svdvalsSync(a.stack), linalg.eigvalshSync(square.stack)];
        native.linalg.lanes('none');
        const [sOfLapack, wOfLapack] = [
          linalg.svdvalsSync(a.stack),
          linalg.eigvalshSync(square.stack),
        ];
        // Weyl: values move by no more than the matrix does.
        const check = (found: Result, right: Result, made: Made, rows: number) => {
          const each = found.shape[1]!;
          for (let index = 0; index < count; index++) {
            const limit = bound(Float64Array, Math.max(rows, n)) * size(one(made, index), rows, n);
            for (let q = index * each; q < (index + 1) * each; q++) {
              expect(Math.abs(found.data[q]! - right.data[q]!)).toBeLessThanOrEqual(limit);
            }
          }
        };
        check(s, sOfLapack, a, m);
        check(w, wOfLapack, square, n);
      }),
      { numRuns: 40 },
    );
  });

  it.each([Float64Array, Float32Array])(
    'pinv: the four conditions of Moore and Penrose, %o',
    (elements) => {
      native.linalg.lanes(name);
      // Singular values that are neither large nor nothing: which count as zero is no matter of rounding.
      const certain: KindOfMatrix[] = [
        'random',
        'zero',
        'identity',
        'rank one',
        'repeated values',
        'huge',
        'tiny',
      ];
      fc.assert(
        fc.property(
          shapes,
          fc.array(fc.constantFrom(...certain), { minLength: 1, maxLength: 5 }),
          ({ m, n, count, layout, seed }, which) => {
            const a = mixture(elements, layout, [count, m, n], which, seed);
            const rtol = elements === Float64Array ? 1e-9 : 1e-4;
            const inverses = linalg.pinvSync(a.stack, { rtol });
            const s = linalg.svdvalsSync(a.stack);
            const k = Math.min(m, n);
            for (let index = 0; index < count; index++) {
              const [given, x] = [one(a, index), of(inverses, index)];
              const values = [...s.data.subarray(index * k, (index + 1) * k)];
              const kept = values.filter((value) => value > rtol * values[0]!);
              // A value beside the limit would be decided by rounding.
              if (
                values.some(
                  (value) => value > 1e-2 * rtol * values[0]! && value < 1e2 * rtol * values[0]!,
                )
              )
                continue;
              if (kept.length === 0) {
                expect(size(x, n, m)).toBe(0);
                continue;
              }
              const condition = values[0]! / kept.at(-1)!;
              const limit = bound(elements, Math.max(m, n)) * condition;
              const product: Element = (i, j) => {
                let sum = 0;
                for (let q = 0; q < n; q++) sum += given(i, q) * x(q, j);
                return sum;
              };
              const other: Element = (i, j) => {
                let sum = 0;
                for (let q = 0; q < m; q++) sum += x(i, q) * given(q, j);
                return sum;
              };
              expect(difference(given, product, given, [m, m, n])).toBeLessThanOrEqual(
                limit * values[0]!,
              );
              expect(difference(x, other, x, [n, n, m])).toBeLessThanOrEqual(
                (limit * condition) / kept.at(-1)!,
              );
              for (let i = 0; i < m; i++)
                for (let j = 0; j < i; j++)
                  expect(Math.abs(product(i, j) - product(j, i))).toBeLessThanOrEqual(limit);
              for (let i = 0; i < n; i++)
                for (let j = 0; j < i; j++)
                  expect(Math.abs(other(i, j) - other(j, i))).toBeLessThanOrEqual(limit);
            }
          },
        ),
        { numRuns: 30 },
      );
    },
  );

  it.each([Float64Array, Float32Array])(
    'lstsq: what LAPACK finds for each alone, %o',
    (elements) => {
      const rcond = elements === Float64Array ? 1e-9 : 1e-4;
      const certain: KindOfMatrix[] = ['random', 'zero', 'identity', 'rank one', 'repeated values'];
      fc.assert(
        fc.property(
          shapes,
          fc.array(fc.constantFrom(...certain), { minLength: 1, maxLength: 5 }),
          fc.integer({ min: 1, max: 4 }),
          ({ m, n, count, layout, seed }, which, columns) => {
            const a = mixture(elements, layout, [count, m, n], which, seed);
            const b = mixture(elements, layout, [count, m, columns], ['random'], seed + 1);
            native.linalg.lanes(name);
            const found = linalg.lstsqSync(a.stack, b.stack, { rcond });
            native.linalg.lanes('none');
            const right = linalg.lstsqSync(a.stack, b.stack, { rcond });
            const k = Math.min(m, n);
            for (let index = 0; index < count; index++) {
              const values = [...right.s.data.subarray(index * k, (index + 1) * k)];
              if (
                values.some(
                  (value) => value > 1e-2 * rcond * values[0]! && value < 1e2 * rcond * values[0]!,
                )
              )
                continue;
              expect(found.rank.data[index]).toBe(right.rank.data[index]);
              const kept = values.filter((value) => value > rcond * values[0]!);
              const least = kept.at(-1) ?? 1;
              // Wedin: the part of b outside the range of A counts with the condition squared.
              const condition = (values[0]! || 1) / least;
              const limit = bound(elements, Math.max(m, n)) * Math.sqrt(m) * (1 + condition ** 2);
              const [x, expected] = [of(found.x as Result, index), of(right.x as Result, index)];
              const apart = difference(expected, x, identity, [n, columns, columns]);
              expect(apart).toBeLessThanOrEqual(
                limit * Math.max(1 / least, 1) * (1 + size(expected, n, columns)),
              );
              for (let j = 0; j < found.residuals.shape[1]!; j++) {
                const at = index * columns + j;
                const [residual, wanted] = [found.residuals.data[at]!, right.residuals.data[at]!];
                if (Number.isNaN(wanted)) expect(residual).toBeNaN();
                else expect(Math.abs(residual - wanted)).toBeLessThanOrEqual(limit * m);
              }
            }
          },
        ),
        { numRuns: 30 },
      );
    },
  );

  it('a matrix’s result does not depend on those beside it', () => {
    native.linalg.lanes(name);
    const count = 23;
    const [m, n] = [6, 5];
    const alike = make(Float64Array, 'row-major', [count, m, n], (_k, i, j) =>
      Math.sin(3 * i + j * j + 1),
    );
    const next = numbers(9);
    const beside = make(Float64Array, 'row-major', [count, m, n], (k, i, j) =>
      k === 10
        ? Math.sin(3 * i + j * j + 1)
        : k % 3 === 0
          ? 1e300 * next()
          : k % 3 === 1
            ? 0
            : next(),
    );
    const symmetric = (made: Made) =>
      ({ ...made.stack, shape: [count, n, n], stride: [m * n, n, 1] }) as never;
    const parts: ((made: Made) => Result)[] = [
      ({ stack }) => linalg.qrSync(stack).q as Result,
      ({ stack }) => linalg.svdSync(stack).u,
      ({ stack }) => linalg.pinvSync(stack),
      ({ stack }) =>
        linalg.lstsqSync(
          stack,
          [1, 2, 3, 4, 5, 6].map((x) => [x]),
        ).x as Result,
      (made) => linalg.eighSync<Float64Array>(symmetric(made)).eigenvectors,
    ];
    for (const part of parts) {
      const [all, mixed] = [part(alike), part(beside)];
      const length = all.data.length / count;
      const right = all.data.subarray(0, length);
      for (let k = 1; k < count; k++)
        expect(all.data.subarray(k * length, (k + 1) * length)).toEqual(right);
      expect(mixed.data.subarray(10 * length, 11 * length)).toEqual(right);
    }
  });

  it('refuse the first matrix with a NaN or an infinity', () => {
    native.linalg.lanes(name);
    const b = [1, 2, 3, 4].map((x) => [x]);
    const operations: Record<string, (stack: never) => unknown> = {
      qr: (stack) => linalg.qrSync(stack),
      svd: (stack) => linalg.svdSync(stack),
      svdvals: (stack) => linalg.svdvalsSync(stack),
      eigh: (stack) => linalg.eighSync(stack),
      eigvalsh: (stack) => linalg.eigvalshSync(stack),
      pinv: (stack) => linalg.pinvSync(stack),
      lstsq: (stack) => linalg.lstsqSync(stack, b),
    };
    for (const bad of [0, 7, 8, 36]) {
      for (const broken of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const { stack } = make(Float64Array, 'row-major', [37, 4, 4], (k, i, j) =>
          k >= bad && i === 2 && j === 1 ? broken : 1 / (1 + i + j + k),
        );
        for (const [operation, run] of Object.entries(operations)) {
          expect(() => run(stack as never), operation).toThrow(
            expect.objectContaining({ name: 'LinAlgError', index: [bad] }),
          );
        }
      }
    }
  });

  it('keep the small elements of graded matrices as far as LAPACK does', () => {
    native.linalg.lanes(name);
    // Columns of very different sizes: QR is stable column by column.
    const { stack, element } = make(
      Float64Array,
      'row-major',
      [9, 5, 3],
      (k, i, j) => Math.sin(2 * i + 3 * j * j + k + 1) * 10 ** (-140 * j),
    );
    const { q, r } = linalg.qrSync(stack) as { q: Result; r: Result };
    for (let k = 0; k < 9; k++) {
      for (let j = 0; j < 3; j++) {
        const column: Element = (i) => element(k, i, j);
        const of3 = difference(column, of(q, k), (p) => of(r, k)(p, j), [5, 3, 1]);
        expect(of3).toBeLessThanOrEqual(bound(Float64Array, 5) * size(column, 5, 1));
      }
    }
    // A diagonal matrix is its own decomposition, however small its elements.
    const diagonal = make(Float64Array, 'row-major', [9, 3, 3], (_k, i, j) =>
      i === j ? [1, 1e-30, 1e-60][i]! : 0,
    );
    expect([...linalg.svdvalsSync(diagonal.stack).data.subarray(0, 3)]).toEqual([1, 1e-30, 1e-60]);
    expect([...linalg.eigvalshSync(diagonal.stack).data.subarray(0, 3)]).toEqual([1e-60, 1e-30, 1]);
  });
});
