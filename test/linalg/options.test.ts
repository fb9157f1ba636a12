/**
 * Options as in NumPy and SciPy, and the functions beside decompositions.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as linalg from '../../src/linalg/index.ts';
import { randomMatrix, stackOf } from '../helpers/matrices.ts';

describe('options as in NumPy', () => {
  it('rcond: -1 is the precision, uplo may be small, cholesky may be upper', () => {
    const a = { data: Float64Array.of(1, 0, 0, 1.6e-16), shape: [2, 2] };
    expect(linalg.lstsqSync(a, [1, 1], { rcond: -1 }).rank).toBe(2);
    expect(linalg.lstsqSync(a, [1, 1]).rank).toBe(1);
    const s = stackOf([], 4, 4, 3, true);
    expect(linalg.eigvalshSync(s, { uplo: 'l' }).data).toEqual(linalg.eigvalshSync(s).data);
    const lower = linalg.choleskySync(s);
    const garbled = { ...s, data: s.data.slice() };
    for (const [i, j] of [
      [1, 0],
      [2, 0],
      [2, 1],
      [3, 0],
    ] as const)
      garbled.data[i * 4 + j] = 77;
    const upper = linalg.choleskySync(garbled, { upper: true });
    for (let i = 0; i < 4; i++) {
      for (let j = 0; j < 4; j++)
        expect(upper.data[i * 4 + j]).toBeCloseTo(lower.data[j * 4 + i]!, 12);
    }
  });

  it('norm: axis and keepdims', () => {
    const a = { data: Float64Array.from({ length: 24 }, (_, i) => i - 7), shape: [2, 3, 4] };
    const by = (axis: number | number[], ord?: never) => linalg.normSync(a, { axis, ord });
    expect(by(1).shape).toEqual([2, 4]);
    expect(by(-1).data[0]).toBeCloseTo(Math.hypot(-7, -6, -5, -4), 12);
    expect(linalg.normSync(a, { axis: [0, 2], ord: 1 }).data).toEqual(
      Float64Array.from([0, 1, 2], (j) =>
        Math.max(
          ...[0, 1, 2, 3].map((k) => Math.abs(4 * j + k - 7) + Math.abs(12 + 4 * j + k - 7)),
        ),
      ),
    );
    expect(linalg.normSync(a, { axis: [2, 0], ord: Number.POSITIVE_INFINITY }).data).toEqual(
      linalg.normSync(a, { axis: [0, 2], ord: 1 }).data,
    );
    expect(linalg.normSync(a, { axis: [1, 2], ord: 'nuc', keepdims: true }).shape).toEqual([
      2, 1, 1,
    ]);
    expect(linalg.normSync(a, { keepdims: true }).shape).toEqual([1, 1, 1]);
    expect(linalg.normSync(a)).toBeCloseTo(
      Math.sqrt(a.data.reduce((sum, x) => sum + x * x, 0)),
      10,
    );
    for (const axis of [3, -4, [0, 0], [0, 1, 2], 0.5, 'x']) {
      expect(() => linalg.normSync(a, { axis: axis as never })).toThrow(
        expect.objectContaining({ code: 'ERR_HEDDLE_INVALID_ARGUMENT' }),
      );
    }
    expect(() => linalg.normSync(a, { ord: 1 })).toThrow(/'axis'/);
  });

  it('eigh: some of the values, and of a pencil', () => {
    const a = stackOf([], 6, 6, 4, true);
    const b = stackOf([], 6, 6, 5, true);
    const all = linalg.eighSync(a, { b });
    const av = linalg.matmulSync(a, all.eigenvectors);
    const bv = linalg.matmulSync(b, all.eigenvectors);
    for (let i = 0; i < 36; i++)
      expect(av.data[i]).toBeCloseTo(bv.data[i]! * all.eigenvalues.data[i % 6]!, 10);
    const some = linalg.eighSync(a, { b, subsetByIndex: [1, 3] });
    expect(some.eigenvectors.shape).toEqual([6, 3]);
    for (let k = 0; k < 3; k++)
      expect(some.eigenvalues.data[k]).toBeCloseTo(all.eigenvalues.data[k + 1]!, 11);
    const [low, high] = [
      (all.eigenvalues.data[1]! + all.eigenvalues.data[2]!) / 2,
      (all.eigenvalues.data[4]! + all.eigenvalues.data[5]!) / 2,
    ];
    const within = linalg.eighSync(a, { b, subsetByValue: [low, high], uplo: 'U' });
    expect(within.eigenvalues.shape).toEqual([3]);
    expect(within.eigenvectors.shape).toEqual([6, 3]);
    const check = linalg.matmulSync(a, within.eigenvectors);
    const other = linalg.matmulSync(b, within.eigenvectors);
    for (let i = 0; i < 18; i++)
      expect(check.data[i]).toBeCloseTo(other.data[i]! * within.eigenvalues.data[i % 3]!, 9);
    const bad = { ...b, data: b.data.slice() };
    bad.data[14] = -3;
    expect(() => linalg.eighSync(a, { b: bad })).toThrow(
      expect.objectContaining({ info: 3, message: expect.stringMatching(/not positive definite/) }),
    );
    expect(() => linalg.eighSync(a, { subsetByIndex: [2, 6] })).toThrow(/'subsetByIndex'/);
    const stack = stackOf([4], 5, 5, 6, true);
    expect(linalg.eighSync(stack, { subsetByIndex: [4, 4] }).eigenvectors.shape).toEqual([4, 5, 1]);
    expect(() => linalg.eighSync(stack, { subsetByValue: [0, 1] })).toThrow(/stack/);
  });

  it('alpha, beta: products and triangular solutions into what is there', () => {
    const [a, b] = [randomMatrix(3, 4, 1), randomMatrix(4, 5, 2)];
    const out = randomMatrix(3, 5, 3);
    const product = linalg.matmulSync(a, b);
    const before = out.data.slice();
    linalg.matmulSync(a, b, { alpha: -2, beta: 0.5, out });
    for (let i = 0; i < 15; i++)
      expect(out.data[i]).toBeCloseTo(-2 * product.data[i]! + 0.5 * before[i]!, 12);
    const column = { data: new Float64Array(9), shape: [3, 3], stride: [1, 3] };
    for (let i = 0; i < 9; i++) column.data[i] = i;
    const squares = linalg.gramSync(a, { transpose: true });
    linalg.gramSync(a, { transpose: true, alpha: 2, beta: 3, out: column });
    for (let i = 0; i < 3; i++) {
      for (let j = i; j < 3; j++) {
        const right = 2 * squares.data[i * 3 + j]! + 3 * (i + 3 * j);
        expect(column.data[i + 3 * j]).toBeCloseTo(right, 12);
        expect(column.data[j + 3 * i]).toBe(column.data[i + 3 * j]);
      }
    }
    expect(() => linalg.matmulSync(a, b, { beta: 1 })).toThrow(/'beta'/);
    const t = stackOf([], 4, 4, 9, true);
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        (upper, right, transpose, unit, flipped) => {
          const triangle = {
            ...t,
            data: t.data.map((x, i) =>
              (upper ? i % 4 < Math.floor(i / 4) : i % 4 > Math.floor(i / 4))
                ? 0
                : unit && i % 5 === 0
                  ? 1
                  : x,
            ),
          };
          const sides = randomMatrix(right ? 3 : 4, right ? 4 : 3, 6);
          const x = flipped
            ? { data: new Float64Array(12), shape: sides.shape, stride: [1, sides.shape[0]!] }
            : { data: sides.data.slice(), shape: sides.shape };
          for (let r = 0; r < sides.shape[0]!; r++) {
            for (let c = 0; c < sides.shape[1]!; c++) {
              const at = flipped ? r + c * sides.shape[0]! : r * sides.shape[1]! + c;
              x.data[at] = sides.data[r * sides.shape[1]! + c]!;
            }
          }
          linalg.solveTriangularSync(t, x, {
            triangle: upper ? 'upper' : 'lower',
            side: right ? 'right' : 'left',
            transpose,
            unitDiagonal: unit,
            alpha: 3,
            out: x,
          });
          const turned = transpose ? { ...triangle, stride: [1, 4] } : triangle;
          const back = right ? linalg.matmulSync(x, turned) : linalg.matmulSync(turned, x);
          for (let i = 0; i < 12; i++) expect(back.data[i]).toBeCloseTo(3 * sides.data[i]!, 9);
        },
      ),
    );
  });

  it('matrixPower, multiDot, kron, outer and trace', async () => {
    const a = linalg.matrix([
      [2, 1],
      [1, 1],
    ]);
    expect(linalg.toArray(linalg.matrixPowerSync(a, 5))).toEqual([
      [89, 55],
      [55, 34],
    ]);
    expect(linalg.toArray(await linalg.matrixPower(a, 0))).toEqual([
      [1, 0],
      [0, 1],
    ]);
    expect(linalg.matrixPowerSync(a, -1).data[0]).toBeCloseTo(1, 14);
    expect(linalg.matrixPowerSync(a, 1).data).not.toBe(a.data);
    expect(linalg.matrixPowerSync(stackOf([3], 2, 2, 1), 3).shape).toEqual([3, 2, 2]);
    expect(() => linalg.matrixPowerSync(a, 0.5)).toThrow(/'n'/);
    const chain = [randomMatrix(2, 9, 1), randomMatrix(9, 3, 2), randomMatrix(3, 7, 3)];
    const left = linalg.matmulSync(linalg.matmulSync(chain[0]!, chain[1]!), chain[2]!);
    const product = await linalg.multiDot(chain);
    for (let i = 0; i < 14; i++) expect(product.data[i]).toBeCloseTo(left.data[i]!, 12);
    expect(linalg.multiDotSync([[1, 2], a, [1, 1]])).toMatchObject({
      data: Float64Array.of(7),
      shape: [],
    });
    expect(linalg.toArray(linalg.outerSync([1, 2], [3, 4, 5]))).toEqual([
      [3, 4, 5],
      [6, 8, 10],
    ]);
    expect(
      linalg.toArray(
        linalg.kronSync(
          [[1, 2]],
          [
            [0, 5],
            [6, 7],
          ],
        ),
      ),
    ).toEqual([
      [0, 5, 0, 10],
      [6, 7, 12, 14],
    ]);
    expect(linalg.toArray(await linalg.kron([1, 2], [1, 3]))).toEqual([1, 3, 2, 6]);
    expect(
      linalg.traceSync([
        [1, 2],
        [3, 4],
      ]),
    ).toBe(5);
    expect(
      linalg.traceSync(
        [
          [1, 2],
          [3, 4],
        ],
        { offset: -1 },
      ),
    ).toBe(3);
    expect((await linalg.trace(stackOf([2, 3], 4, 4, 1, true))).shape).toEqual([2, 3]);
  });
});
