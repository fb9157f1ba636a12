import { describe, expect, it } from 'vitest';
import { withConfig } from '../../src/config/index.ts';
import type { Elements, Matrix, MatrixLike } from '../../src/linalg/index.ts';
import * as linalg from '../../src/linalg/index.ts';
import { at, distance, productOf, randomMatrix, rowsOf, transposeOf } from '../helpers/matrices.ts';
import { fc } from '../helpers/seeds.ts';

const size = fc.integer({ min: 0, max: 14 });
const precision = fc.constantFrom<'float64' | 'float32'>('float64', 'float32');

/** Random, of full or lower rank, in either precision. */
function anyMatrix(square = false) {
  return fc
    .record({
      m: size,
      n: size,
      rank: size,
      seed: fc.integer({ min: 1, max: 1e6 }),
      type: precision,
    })
    .map(({ m, n, rank, seed, type }) => {
      const columns = square ? m : n;
      let data: Elements = randomMatrix(m, columns, seed).data;
      if (rank < Math.min(m, columns) && rank > 0 && seed % 3 === 0) {
        const product = productOf(
          randomMatrix(m, rank, seed),
          randomMatrix(rank, columns, seed + 1),
        );
        data = Float64Array.from(product.flat());
      }
      if (type === 'float32') data = Float32Array.from(data);
      const eps = type === 'float32' ? 2 ** -23 : 2 ** -52;
      return { a: { data, shape: [m, columns] }, eps: eps * 100 * Math.max(m, columns, 1) };
    });
}

function matrixOf(rows: number[][], columns: number): MatrixLike<Float64Array> {
  return { data: Float64Array.from(rows.flat()), shape: [rows.length, columns] };
}

const product = (a: MatrixLike, b: MatrixLike): MatrixLike =>
  a.shape[1] === 0
    ? { data: new Float64Array(a.shape[0]! * b.shape[1]!), shape: [a.shape[0]!, b.shape[1]!] }
    : matrixOf(productOf(a, b), b.shape[1]!);

const gap = (a: MatrixLike, b: MatrixLike) => distance(rowsOf(a), rowsOf(b));

function identity(n: number): MatrixLike {
  const data = new Float64Array(n * n);
  for (let i = 0; i < n; i++) data[i * n + i] = 1;
  return { data, shape: [n, n] };
}

function diagonal(values: Matrix, rows: number, columns: number): MatrixLike {
  const data = new Float64Array(rows * columns);
  for (const [i, value] of values.data.entries()) data[i * columns + i] = value;
  return { data, shape: [rows, columns] };
}

describe('properties', () => {
  it('QR: A = QR, the columns of Q at right angles, R upper triangular', () => {
    fc.assert(
      fc.property(
        anyMatrix(),
        fc.constantFrom<'reduced' | 'complete'>('reduced', 'complete'),
        ({ a, eps }, mode) => {
          const { q, r } = linalg.qrSync(a, { mode });
          expect(gap(product(q, r), a)).toBeLessThan(eps);
          expect(gap(product(transposeOf(q), q), identity(q.shape[1]!))).toBeLessThan(eps);
          for (let i = 0; i < r.shape[0]!; i++) {
            for (let j = 0; j < Math.min(i, r.shape[1]!); j++) expect(at(r, i, j)).toBe(0);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('SVD: A = U S Vᵀ, both sides at right angles, the values falling', () => {
    fc.assert(
      fc.property(anyMatrix(), fc.boolean(), ({ a, eps }, fullMatrices) => {
        const { u, s, vh } = linalg.svdSync(a, { fullMatrices });
        const middle = diagonal(s, u.shape[1]!, vh.shape[0]!);
        expect(gap(product(product(u, middle), vh), a)).toBeLessThan(eps * 4);
        expect(gap(product(transposeOf(u), u), identity(u.shape[1]!))).toBeLessThan(eps);
        expect(gap(product(vh, transposeOf(vh)), identity(vh.shape[0]!))).toBeLessThan(eps);
        expect([...s.data].sort((x, y) => y - x)).toEqual([...s.data]);
        const alone = linalg.svdSync(a, { fullMatrices, computeUv: false });
        for (const [i, value] of alone.data.entries()) {
          expect(Math.abs(value - s.data[i]!)).toBeLessThan(eps * 4);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('LU: A = PLU in all three forms, no element of L above one', () => {
    fc.assert(
      fc.property(anyMatrix(), ({ a, eps }) => {
        const { p, l, u } = linalg.luSync(a);
        expect(gap(product(product(p, l), u), a)).toBeLessThan(eps);
        const permuted = linalg.luSync(a, { permuteL: true });
        expect(gap(product(permuted.pl, permuted.u), a)).toBeLessThan(eps);
        const indexed = linalg.luSync(a, { pIndices: true });
        const lower = rowsOf(indexed.l);
        const sorted = matrixOf(
          [...indexed.p].map((row) => lower[row]!),
          indexed.l.shape[1]!,
        );
        expect(gap(product(sorted, indexed.u), a)).toBeLessThan(eps);
        expect(l.data.every((value) => Math.abs(value) <= 1)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('eigh: AV = VΛ, V at right angles, the values rising, from either triangle', () => {
    fc.assert(
      fc.property(anyMatrix(true), fc.constantFrom<'L' | 'U'>('L', 'U'), ({ a, eps }, uplo) => {
        const n = a.shape[0]!;
        const { eigenvalues, eigenvectors: v } = linalg.eighSync(a, { uplo });
        const whole = matrixOf(
          Array.from({ length: n }, (_, i) =>
            Array.from({ length: n }, (_, j) =>
              (uplo === 'L') === i >= j ? at(a, i, j) : at(a, j, i),
            ),
          ),
          n,
        );
        expect(gap(product(whole, v), product(v, diagonal(eigenvalues, n, n)))).toBeLessThan(
          eps * 4,
        );
        expect(gap(product(transposeOf(v), v), identity(n))).toBeLessThan(eps);
        expect([...eigenvalues.data].sort((x, y) => x - y)).toEqual([...eigenvalues.data]);
        const alone = linalg.eigvalshSync(a, { uplo });
        for (const [i, value] of alone.data.entries()) {
          expect(Math.abs(value - eigenvalues.data[i]!)).toBeLessThan(eps * 4);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('eig: AV = VΛ in complex numbers, columns of length one, pairs beside each other', () => {
    fc.assert(
      fc.property(anyMatrix(true), ({ a, eps }) => {
        const n = a.shape[0]!;
        const { eigenvalues: w, eigenvectors: v } = linalg.eigSync(a);
        for (let j = 0; j < n; j++) {
          const [re, im] = [w.re.data[j]!, w.im.data[j]!];
          let length = 0;
          for (let i = 0; i < n; i++) {
            let [left, leftIm] = [0, 0];
            for (let k = 0; k < n; k++) {
              left += at(a, i, k) * at(v.re, k, j);
              leftIm += at(a, i, k) * at(v.im, k, j);
            }
            const [x, y] = [at(v.re, i, j), at(v.im, i, j)];
            expect(Math.abs(left - (re * x - im * y))).toBeLessThan(eps * 4);
            expect(Math.abs(leftIm - (re * y + im * x))).toBeLessThan(eps * 4);
            length += x * x + y * y;
          }
          expect(Math.abs(length - 1)).toBeLessThan(eps);
          if (im > 0) expect([w.re.data[j + 1], w.im.data[j + 1]]).toEqual([re, -im]);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('pinv: the four equations of Moore and Penrose', () => {
    fc.assert(
      fc.property(anyMatrix(), ({ a, eps }) => {
        const x = linalg.pinvSync(a, { rtol: 1e-4 });
        const size = 1 + Math.max(0, ...x.data.map(Math.abs)) ** 2;
        const ax = product(a, x);
        const xa = product(x, a);
        expect(gap(product(ax, a), a)).toBeLessThan(1e-3 + eps * size);
        expect(gap(product(xa, x), x)).toBeLessThan(eps * size * 10);
        expect(gap(transposeOf(ax), ax)).toBeLessThan(eps * size * 10);
        expect(gap(transposeOf(xa), xa)).toBeLessThan(eps * size * 10);
      }),
      { numRuns: 150 },
    );
  });

  it('lstsq: the residual is at right angles to the columns', () => {
    fc.assert(
      fc.property(anyMatrix(), ({ a, eps }) => {
        const b = randomMatrix(a.shape[0]!, 2, 5);
        const right = {
          ...b,
          data: a.data instanceof Float32Array ? Float32Array.from(b.data) : b.data,
        } as MatrixLike<typeof a.data>;
        const { x, rank, s } = linalg.lstsqSync(a, right, { rcond: 1e-4 });
        const fit = product(a, x);
        const residual = matrixOf(
          rowsOf(right).map((row, i) => row.map((value, j) => value - at(fit, i, j))),
          2,
        );
        const size = 1 + Math.max(0, ...x.data.map(Math.abs));
        expect(
          gap(
            product(transposeOf(a), residual),
            product(
              transposeOf(a),
              matrixOf(
                rowsOf(b).map((row) => row.map(() => 0)),
                2,
              ),
            ),
          ),
        ).toBeLessThan((eps + 1e-4) * size * 4);
        expect(rank).toBe(s.data.filter((value) => value > 1e-4 * s.data[0]!).length);
      }),
      { numRuns: 100 },
    );
  });
});

describe('several right-hand sides by one factorisation', () => {
  it('luFactor and luSolve solve, transposed too, from any layout', async () => {
    const a = randomMatrix(30, 30, 3);
    const b = randomMatrix(30, 4, 4);
    const factors = await linalg.luFactor(a);
    expect(factors.lu.stride).toEqual([1, 30]);
    const x = await linalg.luSolve(factors, b);
    expect(gap(product(a, x), b)).toBeLessThan(1e-11);
    const t = linalg.luSolveSync(factors, b, { transpose: true });
    expect(gap(product(transposeOf(a), t), b)).toBeLessThan(1e-11);
    const rowMajor = { data: Float64Array.from(rowsOf(factors.lu).flat()), shape: [30, 30] };
    const again = linalg.luSolveSync({ ...factors, lu: rowMajor as Matrix<Float64Array> }, b);
    expect(rowsOf(again)).toEqual(rowsOf(x));
  });

  it('names a zero pivot, and refuses pivots that are no rows', async () => {
    const factors = linalg.luFactorSync({ data: Float64Array.of(1, 2, 2, 4), shape: [2, 2] });
    const b = { data: Float64Array.of(1, 2), shape: [2] };
    await expect(linalg.luSolve(factors, b)).rejects.toMatchObject({ info: 2 });
    for (const pivots of [[0, 2], [-1, 0], [0]]) {
      const wrong = { ...factors, pivots: Int32Array.from(pivots) };
      expect(() => linalg.luSolveSync(wrong, b)).toThrow(RangeError);
    }
  });
});

describe('values', () => {
  const a = { data: Float64Array.of(4, 1, 2, 3), shape: [2, 2] };

  it('of small matrices are what they are by hand', async () => {
    expect(await linalg.det(a)).toBeCloseTo(10, 13);
    expect(linalg.slogdetSync(a).logabsdet).toBeCloseTo(Math.log(10), 13);
    expect([...linalg.invSync(a).data].map((x) => Math.round(x * 1e12) / 1e12)).toEqual([
      0.3, -0.1, -0.2, 0.4,
    ]);
    const rotation = { data: Float64Array.of(0, -1, 1, 0), shape: [2, 2] };
    const { re, im } = await linalg.eigvals(rotation);
    expect([...re.data]).toEqual([0, 0]);
    expect([...im.data]).toEqual([1, -1]);
    expect(linalg.normSync(a)).toBeCloseTo(Math.sqrt(30), 13);
    expect(linalg.normSync(a, { ord: 1 })).toBe(6);
    expect(linalg.normSync(a, { ord: Number.POSITIVE_INFINITY })).toBe(5);
    expect(linalg.condSync(identity(3))).toBeCloseTo(1, 13);
  });

  it('of matrices without elements are those of NumPy', () => {
    const none = (m: number, n: number) => ({ data: new Float64Array(0), shape: [m, n] });
    expect(linalg.detSync(none(0, 0))).toBe(1);
    expect(linalg.slogdetSync(none(0, 0))).toEqual({ sign: 1, logabsdet: 0 });
    expect(linalg.normSync(none(0, 3))).toBe(0);
    expect(() => linalg.normSync(none(0, 3), { ord: 2 })).toThrow(RangeError);
    expect(linalg.matrixRankSync(none(3, 0))).toBe(0);
    expect(() => linalg.condSync(none(0, 0))).toThrow(RangeError);
    expect(linalg.svdSync(none(0, 3)).vh.shape).toEqual([3, 3]);
    expect([...linalg.svdSync(none(0, 2)).vh.data]).toEqual([1, 0, 0, 1]);
    expect(linalg.qrSync(none(2, 0), { mode: 'complete' }).q.shape).toEqual([2, 2]);
    expect(linalg.pinvSync(none(0, 3)).shape).toEqual([3, 0]);
    const { x, rank, residuals } = linalg.lstsqSync(none(2, 0), {
      data: Float64Array.of(3, 4),
      shape: [2],
    });
    expect([x.shape, rank, residuals.data[0]]).toEqual([[0], 0, 25]);
    expect(linalg.eigSync(none(0, 0)).eigenvectors.re.shape).toEqual([0, 0]);
    expect(linalg.invSync(none(0, 0)).shape).toEqual([0, 0]);
  });

  it('do not overflow on the way', () => {
    const huge = { data: Float64Array.of(1e300, 0, 0, 1e300), shape: [2, 2] };
    expect(linalg.normSync(huge)).toBeCloseTo(Math.SQRT2 * 1e300, -287);
    expect(linalg.detSync(huge)).toBe(Number.POSITIVE_INFINITY);
    expect(linalg.slogdetSync(huge).logabsdet).toBeCloseTo(2 * Math.log(1e300), 9);
    const both = { data: Float64Array.of(1e200, 0, 0, 0, 1e200, 0, 0, 0, 1e-200), shape: [3, 3] };
    expect(linalg.detSync(both) / 1e200).toBeCloseTo(1, 12);
  });
});

describe('errors', () => {
  const nan = { data: Float64Array.of(1, Number.NaN, 2, 3), shape: [2, 2] };
  const square = [
    'lu',
    'luFactor',
    'inv',
    'det',
    'slogdet',
    'qr',
    'svd',
    'svdvals',
    'eigh',
  ] as const;
  const more = ['eigvalsh', 'eig', 'eigvals', 'pinv', 'matrixRank', 'cond', 'cholesky'] as const;

  it('are told of NaN by each operation, unless assumeFinite is set', async () => {
    const operations = new Map<string, unknown>(Object.entries(linalg));
    for (const name of [...square, ...more]) {
      const operation = operations.get(name) as (a: MatrixLike) => Promise<unknown>;
      await expect(operation(nan), name).rejects.toThrow(/no NaN and no infinity/);
      // Without the check there is a result or an error, but an end.
      await withConfig({ assumeFinite: true }, () => operation(nan)).catch((error: unknown) => {
        expect(error, name).toBeInstanceOf(linalg.LinAlgError);
      });
    }
    await expect(linalg.norm(nan, { ord: 2 })).rejects.toThrow(linalg.LinAlgError);
    expect(linalg.normSync(nan)).toBeNaN();
    expect(linalg.normSync(nan, { ord: 1 })).toBeNaN();
    await expect(linalg.lstsq(nan, { data: Float64Array.of(1, 2), shape: [2] })).rejects.toThrow(
      linalg.LinAlgError,
    );
  });

  it('say what was given and what would be right', () => {
    const a = randomMatrix(2, 3);
    const codes = (body: () => unknown) => {
      try {
        body();
      } catch (error) {
        return (error as { code?: string }).code;
      }
      return 'nothing';
    };
    for (const body of [
      () => linalg.invSync(a),
      () => linalg.detSync(a),
      () => linalg.eigSync(a),
      () => linalg.qrSync(a, { mode: 'raw' as never }),
      () => linalg.eighSync(identity(2), { uplo: 'X' as never }),
      () => linalg.normSync(a, { ord: 3 }),
      () => linalg.condSync(a, { p: 1 }),
      () => linalg.condSync(identity(2), { p: 'nuc' as never }),
      () => linalg.pinvSync(a, { rtol: -1 }),
      () => linalg.lstsqSync(a, randomMatrix(3, 1)),
      () => linalg.dotSync(a, a),
      () => linalg.axpySync('2' as never, a, a),
      () => linalg.axpySync(2, a, transposeOf(a)),
      () => linalg.axpySync(2, a, a, { out: a }),
      () => linalg.matmulSync({ ...a, shape: [1, 2, 3] }, { ...a, shape: [2, 3] }),
      () =>
        linalg.matmulSync(
          { data: new Float64Array(24), shape: [2, 2, 6] },
          { data: new Float64Array(36), shape: [3, 6, 2] },
        ),
    ]) {
      expect(codes(body), String(body)).toBe('ERR_HEDDLE_INVALID_ARGUMENT');
    }
  });

  it('of a singular matrix name the pivot', async () => {
    const singular = { data: Float64Array.of(1, 2, 2, 4), shape: [2, 2] };
    await expect(linalg.inv(singular)).rejects.toMatchObject({ name: 'LinAlgError', info: 2 });
    expect(linalg.detSync(singular)).toBe(0);
    expect(linalg.slogdetSync(singular)).toEqual({ sign: 0, logabsdet: Number.NEGATIVE_INFINITY });
    expect(linalg.condSync(singular, { p: 1 })).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('results in place', () => {
  it('axpy into y and scale into x', async () => {
    const x = randomMatrix(3, 4, 1);
    const y = randomMatrix(3, 4, 2);
    const expected = rowsOf(linalg.axpySync(2, x, y));
    const result = await linalg.axpy(2, x, y, { out: y });
    expect(result.data).toBe(y.data);
    expect(rowsOf(y)).toEqual(expected);
    const scaled = x.data.map((value) => value * -3);
    expect(linalg.scaleSync(-3, x, { out: x }).data).toBe(x.data);
    expect([...x.data]).toEqual([...scaled]);
  });

  it('an out beside its operand in one matrix is no overlap, one across it is', () => {
    const data = new Float64Array(32);
    const left = { data, shape: [4, 4], stride: [8, 1] };
    const right = { data, shape: [4, 4], stride: [8, 1], offset: 4 };
    left.data.set(randomMatrix(4, 8, 9).data);
    const expected = rowsOf(linalg.invSync(left));
    expect(rowsOf(linalg.invSync(left, { out: right }))).toEqual(expected);
    expect(() => linalg.invSync(left, { out: { ...right, offset: 3, shape: [4, 4] } })).toThrow(
      /shares no element/,
    );
  });

  it('a stack into a stack with its own strides', () => {
    const a = { data: randomMatrix(24, 1, 3).data, shape: [2, 3, 4] };
    const b = { data: randomMatrix(8, 1, 4).data, shape: [4, 2] };
    const out = { data: new Float64Array(60), shape: [2, 3, 2], stride: [3, 6, 1], offset: 1 };
    const plain = linalg.matmulSync(a, b);
    const result = linalg.matmulSync(a, b, { out });
    expect(result.data).toBe(out.data);
    for (let k = 0; k < 2; k++) {
      for (let i = 0; i < 3; i++) {
        for (let j = 0; j < 2; j++) {
          expect(out.data[1 + 3 * k + 6 * i + j]).toBe(plain.data[6 * k + 2 * i + j]);
        }
      }
    }
    expect(out.data.filter((value) => value !== 0).length).toBe(12);
  });

  it('many small products are shared out to a team', async () => {
    const count = 400;
    const a = { data: randomMatrix(count * 400, 1, 5).data, shape: [count, 20, 20] };
    const b = { data: randomMatrix(400, 1, 6).data, shape: [20, 20] };
    const results = await Promise.all([linalg.matmul(a, b), linalg.matmul(a, b, { threads: 1 })]);
    expect(results[0].data).toEqual(results[1].data);
    const last = { data: a.data.subarray((count - 1) * 400), shape: [20, 20] };
    const expected = linalg.matmulSync(last, b).data;
    expect(results[0].data.subarray((count - 1) * 400)).toEqual(expected);
  });
});
