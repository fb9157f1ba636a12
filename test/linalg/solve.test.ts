import { describe, expect, it } from 'vitest';
import { withConfig } from '../../src/config/index.ts';
import {
  cholesky,
  choleskySync,
  gramSync,
  LinAlgError,
  type MatrixLike,
  solve,
  solveSync,
} from '../../src/linalg/index.ts';
import {
  at,
  distance,
  float32,
  productOf,
  randomMatrix,
  rowsOf,
  transposeOf,
} from '../helpers/matrices.ts';

/** Symmetric and well inside the positive definite ones. */
function positive(n: number, seed = 1): MatrixLike<Float64Array> {
  const matrix = gramSync(randomMatrix(n + 3, n, seed));
  for (let i = 0; i < n; i++) matrix.data[i * n + i]! += 0.5;
  return matrix;
}

describe('cholesky', () => {
  it('gives L with LLᵀ = A, zero above the diagonal', async () => {
    for (const n of [0, 1, 2, 17, 64, 150]) {
      const a = positive(n, n + 1);
      const l = await cholesky(a);
      expect(l.shape).toEqual([n, n]);
      if (n > 0) expect(distance(productOf(l, transposeOf(l)), rowsOf(a))).toBeLessThan(1e-10);
      for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) expect(at(l, i, j)).toBe(0);
      expect(rowsOf(choleskySync(transposeOf(a)))).toEqual(rowsOf(l));
    }
  });

  it('reads the lower triangle only, and writes into out', () => {
    const a = positive(6);
    const half = { ...a, data: a.data.slice() };
    for (let i = 0; i < 6; i++) for (let j = i + 1; j < 6; j++) half.data[i * 6 + j] = 1e6;
    const out = { data: new Float64Array(6 * 12), shape: [6, 6], stride: [1, 12], offset: 3 };
    const l = choleskySync(half, { out });
    expect(l.data).toBe(out.data);
    expect(rowsOf(l)).toEqual(rowsOf(choleskySync(a)));
  });

  it('says which minor is not positive definite', async () => {
    const a = { data: Float64Array.of(4, 0, 0, 0, -1, 0, 0, 0, 1), shape: [3, 3] };
    const error = await cholesky(a).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LinAlgError);
    expect(error).toMatchObject({ name: 'LinAlgError', code: 'ERR_HEDDLE_LINALG', info: 2 });
    expect((error as Error).message).toMatch(/leading minor of order 2/);
  });

  it('refuses NaN and infinity unless assumeFinite is set', () => {
    const a = positive(3);
    a.data[8] = Number.NaN;
    expect(() => choleskySync(a)).toThrow(/no NaN and no infinity/);
    a.data[8] = Number.POSITIVE_INFINITY;
    expect(() => choleskySync(a)).toThrow(LinAlgError);
    withConfig({ assumeFinite: true }, () => {
      expect(() => choleskySync(a)).not.toThrow(/no NaN and no infinity/);
    });
  });

  it('refuses what is not square', async () => {
    await expect(cholesky(randomMatrix(3, 4))).rejects.toThrow(RangeError);
  });
});

describe('solve', () => {
  const cases = [
    ['general', (n: number) => randomMatrix(n, n, n + 7)],
    ['positive definite', (n: number) => positive(n, n + 7)],
    [
      'symmetric',
      (n: number) => {
        const a = randomMatrix(n, n, n + 8);
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < i; j++) a.data[j * n + i] = a.data[i * n + j]!;
        }
        return a;
      },
    ],
  ] as const;

  for (const [assume, make] of cases) {
    it(`solves ${assume} systems, one right-hand side or many`, async () => {
      for (const n of [1, 2, 9, 40, 120]) {
        const a = make(n);
        const b = randomMatrix(n, 3, 99);
        for (const transpose of [false, true]) {
          const x = await solve(a, b, { assume, transpose });
          const matrix = transpose ? transposeOf(a) : a;
          expect(distance(productOf(matrix, x), rowsOf(b))).toBeLessThan(1e-8);
        }
        const vector = { data: b.data.slice(0, n), shape: [n] };
        const x = solveSync(a, vector, { assume });
        expect(x.shape).toEqual([n]);
        expect(distance(productOf(a, x), rowsOf(vector))).toBeLessThan(1e-8);
        const single = solveSync(float32(positive(n)), float32(b), { assume });
        expect(distance(productOf(positive(n), single), rowsOf(b))).toBeLessThan(1e-2);
      }
    });
  }

  it('solves triangular systems from either side', () => {
    const l = choleskySync(positive(20));
    const b = randomMatrix(20, 4, 5);
    const down = solveSync(l, b, { assume: 'lower triangular' });
    expect(distance(productOf(l, down), rowsOf(b))).toBeLessThan(1e-10);
    const up = solveSync(transposeOf(l), down, { assume: 'triangular' });
    expect(rowsOf(solveSync(l, down, { assume: 'lower triangular', transpose: true }))).toEqual(
      rowsOf(up),
    );
    expect(distance(productOf(productAsMatrix(l), up), rowsOf(b))).toBeLessThan(1e-9);
    const ones = solveSync(l, b, { assume: 'lower triangular', unitDiagonal: true });
    const unit = { ...l, data: l.data.slice() };
    for (let i = 0; i < 20; i++) unit.data[i * 20 + i] = 1;
    expect(distance(productOf(unit, ones), rowsOf(b))).toBeLessThan(1e-9);
  });

  it('says which pivot of a singular matrix is zero', async () => {
    const a = { data: Float64Array.of(1, 0, 0, 0, 0, 0, 0, 0, 1), shape: [3, 3] };
    const b = { data: Float64Array.of(1, 2, 3), shape: [3] };
    await expect(solve(a, b)).rejects.toMatchObject({ code: 'ERR_HEDDLE_LINALG', info: 2 });
    await expect(solve(a, b, { assume: 'upper triangular' })).rejects.toThrow(/pivot 2 is zero/);
    await expect(solve(a, b, { assume: 'positive definite' })).rejects.toThrow(/minor of order 2/);
    // @ts-expect-error: an unknown assumption
    await expect(solve(a, b, { assume: 'diagonal' })).rejects.toThrow(TypeError);
    await expect(solve(a, randomMatrix(2, 2))).rejects.toThrow(RangeError);
  });
});

function productAsMatrix(l: MatrixLike): MatrixLike<Float64Array> {
  const rows = productOf(l, transposeOf(l));
  return { data: Float64Array.from(rows.flat()), shape: [rows.length, rows.length] };
}
