/**
 * The cases of NumPy's own `linalg/tests/test_linalg.py` (1.24 and 2.x) and those of SciPy for
 * `lu` and generalized `eigh`, as far as they apply; products and norms are in
 * numpy-suite-products.test.ts.
 *
 * Left out, and why:
 * - complex and object arrays, `longdouble`, `float16`: no such elements here;
 * - subclasses (`matrix`, `__array_wrap__`), masked and string arrays, byte orders, `dtype=`
 *   promotion tables: JavaScript has none of these;
 * - `tensorinv`, `tensorsolve`, `cross`, `diagonal`, `vecdot`, `matrix_transpose`, `qr` in `raw` mode,
 *   `pinv(hermitian=)`, `svd(hermitian=)`, `matrix_rank(hermitian=)`: no such functions or options;
 * - `xerbla` overrides, `sdot` bugs of ATLAS, unsupported-type errors of `umath_linalg`: about how
 *   NumPy is built;
 * - SciPy's overwriting, `check_finite` per call, band and Toeplitz forms: no such options.
 */
import { describe, expect, it } from 'vitest';
import * as linalg from '../../src/linalg/index.ts';
import {
  a34,
  close,
  eye,
  INF,
  INVALID,
  NAN,
  NEGATIVE_INFINITY,
  type Nested,
  square,
  three,
  zeros,
} from './numpy-cases.ts';

describe('solve, inv and det', () => {
  it('fit each other, one by one and stacked', () => {
    close(linalg.toArray(linalg.matmulSync(a34, linalg.solveSync(a34, [2, 1, 4]))), [2, 1, 4]);
    const x = linalg.solveSync(three, square);
    expect(x.shape).toEqual([3, 2, 2]);
    close(
      linalg.toArray(x),
      [1, 2, 3].map((f) => [
        [1 / f, 0],
        [0, 1 / f],
      ]),
    );
    close(
      linalg.toArray(linalg.matmulSync(three, linalg.invSync(three))),
      [0, 1, 2].map(() => [
        [1, 0],
        [0, 1],
      ]),
    );
    close(linalg.toArray(linalg.detSync(three)), [-2, -8, -18]);
    const { sign, logabsdet } = linalg.slogdetSync(three);
    close(linalg.toArray(sign), [-1, -1, -1]);
    close(linalg.toArray(logabsdet), [2, 8, 18].map(Math.log));
  });

  it('of no elements have their shapes', () => {
    expect(linalg.solveSync(zeros(0, 0), zeros(0, 3)).shape).toEqual([0, 3]);
    expect(linalg.solveSync(zeros(2, 0, 0), zeros(2, 0, 4)).shape).toEqual([2, 0, 4]);
    expect(linalg.solveSync(zeros(5, 4, 4), zeros(5, 4, 0)).shape).toEqual([5, 4, 0]);
    expect(linalg.invSync(zeros(3, 0, 0)).shape).toEqual([3, 0, 0]);
    expect(linalg.invSync(zeros(0, 1, 1)).shape).toEqual([0, 1, 1]);
    expect(linalg.detSync(zeros(0, 0))).toBe(1);
    expect(linalg.toArray(linalg.detSync(zeros(2, 0, 0) as linalg.StackLike))).toEqual([1, 1]);
    expect(linalg.slogdetSync(zeros(0, 0))).toEqual({ sign: 1, logabsdet: 0 });
  });

  it('refuse what does not fit', () => {
    for (const body of [
      () => linalg.solveSync(zeros(0, 0), zeros(1, 3)),
      () => linalg.solveSync(zeros(3, 2, 2), zeros(2, 2, 1)),
      () => linalg.solveSync(zeros(2, 3), zeros(2)),
      () => linalg.invSync(zeros(2, 3)),
      () => linalg.detSync(zeros(2, 3)),
      () => linalg.invSync([1, 2]),
    ]) {
      expect(body).toThrow(expect.objectContaining(INVALID));
    }
    expect(() =>
      linalg.invSync([
        [0, 0],
        [0, 0],
      ]),
    ).toThrow(linalg.LinAlgError);
    expect(linalg.detSync([[0]])).toBe(0);
    expect(linalg.slogdetSync([[0]])).toEqual({ sign: 0, logabsdet: NEGATIVE_INFINITY });
  });
});

describe('eigenvalues', () => {
  it('of stacks, of nothing, and by either triangle', () => {
    const { eigenvalues } = linalg.eighSync([
      [
        [2, 1],
        [1, 2],
      ],
      [
        [4, 2],
        [2, 4],
      ],
    ]);
    close(linalg.toArray(eigenvalues), [
      [1, 3],
      [2, 6],
    ]);
    expect(linalg.eigvalshSync(zeros(0, 0)).shape).toEqual([0]);
    expect(linalg.eighSync(zeros(0, 1, 1)).eigenvectors.shape).toEqual([0, 1, 1]);
    expect(linalg.eigSync(zeros(0, 0)).eigenvectors.re.shape).toEqual([0, 0]);
    expect(linalg.eigvalsSync(zeros(0, 1, 1)).re.shape).toEqual([0, 1]);
    const [lower, upper] = [
      [
        [1, 0],
        [-2, 1],
      ],
      [
        [1, -2],
        [0, 1],
      ],
    ];
    for (const [a, uplo] of [
      [lower, undefined],
      [lower, 'L'],
      [lower, 'l'],
      [upper, 'U'],
      [upper, 'u'],
    ] as const) {
      close(linalg.toArray(linalg.eigvalshSync(a, { uplo })), [-1, 3]);
      close(linalg.toArray(linalg.eighSync(a, { uplo }).eigenvalues), [-1, 3]);
    }
    for (const uplo of ['long_string', 'upper', 'z', '']) {
      expect(() => linalg.eighSync(square, { uplo: uplo as never })).toThrow(
        expect.objectContaining(INVALID),
      );
    }
    const rotation = linalg.eigvalsSync([
      [0, -1],
      [1, 0],
    ]);
    close(linalg.toArray(rotation.im).toString().split(',').map(Number).sort() as Nested, [-1, 1]);
  });

  it('of pencils, as in scipy.linalg.eigh', () => {
    const { eigenvalues } = linalg.eighSync(
      [
        [6, 3],
        [3, 6],
      ],
      {
        b: [
          [2, 0],
          [0, 1],
        ],
      },
    );
    const root = Math.sqrt(81 - 4 * 2 * 27);
    expect(Number.isNaN(root)).toBe(true); // (the discriminant of det(A - λB) is 18² - 4·2·27)
    const [low, high] = [(18 - Math.sqrt(18 * 18 - 216)) / 4, (18 + Math.sqrt(18 * 18 - 216)) / 4];
    close(linalg.toArray(eigenvalues), [low, high]);
    expect(linalg.eighSync(eye(4), { subsetByIndex: [1, 2] }).eigenvectors.shape).toEqual([4, 2]);
    expect(
      linalg.eigvalshSync(
        [
          [1, 0],
          [0, 5],
        ],
        { subsetByValue: [1, 5] },
      ).shape,
    ).toEqual([1]); // (1, 5]
  });
});

describe('singular values', () => {
  it('of stacks and of nothing', () => {
    const { u, s, vh } = linalg.svdSync(three, { fullMatrices: false });
    const us = { ...u, data: u.data.map((x, i) => x * s.data[Math.floor(i / 4) * 2 + (i % 2)]!) };
    close(
      linalg.toArray(linalg.matmulSync(us, vh)),
      [1, 2, 3].map((f) => square.map((row) => row.map((x) => x * f))),
    );
    for (const [m, n] of [
      [4, 0],
      [0, 4],
      [0, 0],
    ] as const) {
      const parts = linalg.svdSync(zeros(m, n));
      expect([parts.u.shape, parts.s.shape, parts.vh.shape]).toEqual([[m, m], [0], [n, n]]);
      expect(parts.u.data).toEqual(eye(m).data);
    }
    expect(linalg.svdvalsSync(zeros(3, 0, 4)).shape).toEqual([3, 0]);
  });

  it('cond: regular, singular, with NaN, of stacks', () => {
    const a = [
      [1, 0, 1],
      [0, -2, 0],
      [0, 0, 3],
    ];
    close(linalg.condSync(a, { p: INF }), 4);
    close(linalg.condSync(a, { p: NEGATIVE_INFINITY }), 2 / 3);
    close(linalg.condSync(a, { p: 1 }), 4);
    close(linalg.condSync(a, { p: -1 }), 0.5);
    close(linalg.condSync(a, { p: 'fro' }), Math.sqrt(265 / 12));
    for (const p of [2, 1, INF, 'fro'] as const) {
      expect(
        linalg.condSync(
          [
            [1, 0],
            [0, 0],
          ],
          { p },
        ),
      ).toBe(INF);
    }
    expect(linalg.condSync(three).shape).toEqual([3]);
    expect(() => linalg.condSync(zeros(0, 0))).toThrow(expect.objectContaining(INVALID));
    expect(() =>
      linalg.condSync([
        [NAN, 1],
        [1, 1],
      ]),
    ).toThrow(linalg.LinAlgError);
  });

  it('matrixRank: full, deficient, zero, of vectors and stacks', () => {
    expect(linalg.matrixRankSync(eye(4))).toBe(4);
    const deficient = eye(4);
    deficient.data[15] = 0;
    expect(linalg.matrixRankSync(deficient)).toBe(3);
    expect(linalg.matrixRankSync(zeros(4, 4))).toBe(0);
    expect(linalg.matrixRankSync([1, 0, 0, 0])).toBe(1);
    expect(linalg.matrixRankSync([0, 0, 0, 0])).toBe(0);
    expect(
      linalg.matrixRankSync([
        [
          [1, 0],
          [0, 1],
        ],
        [
          [1, 1],
          [1, 1],
        ],
        [
          [0, 0],
          [0, 0],
        ],
      ] as never),
    ).toMatchObject({ data: Int32Array.of(2, 1, 0), shape: [3] });
    expect(linalg.matrixRankSync(eye(3), { tol: 1 })).toBe(0);
  });

  it('pinv: of stacks, of nothing', () => {
    close(
      linalg.toArray(linalg.matmulSync(three, linalg.pinvSync(three))),
      [0, 1, 2].map(() => [
        [1, 0],
        [0, 1],
      ]),
      10,
    );
    expect(linalg.pinvSync(zeros(0, 4)).shape).toEqual([4, 0]);
    expect(linalg.pinvSync(zeros(2, 3, 0)).shape).toEqual([2, 0, 3]);
  });
});

describe('lstsq', () => {
  it('of shapes with nothing in them', () => {
    for (const [m, n, p] of [
      [4, 2, 2],
      [0, 4, 1],
      [0, 4, 2],
      [4, 0, 1],
      [4, 0, 2],
      [4, 2, 0],
      [0, 0, 0],
    ] as const) {
      const a = { ...zeros(m, n), data: Float64Array.from({ length: m * n }, (_, i) => i) };
      const b = { ...zeros(m, p), data: new Float64Array(m * p).fill(1) };
      const { x, residuals, rank, s } = linalg.lstsqSync(a, b);
      expect(x.shape).toEqual([n, p]);
      expect(rank).toBe(Math.min(m, n));
      expect(s.shape).toEqual([Math.min(m, n)]);
      expect(residuals.shape).toEqual([m > n && rank === n ? p : 0]);
      if (m === 0) expect([...x.data]).toEqual(new Array(n * p).fill(0));
      if (n === 0) expect([...residuals.data]).toEqual(new Array(p).fill(m));
    }
  });

  it('by the residuals, and by what rcond counts as zero', () => {
    const { x, residuals, rank } = linalg.lstsqSync(
      [
        [0, 1],
        [1, 1],
        [2, 1],
        [3, 1],
      ],
      [-1, 0.2, 0.9, 2.1],
    );
    close(linalg.toArray(x), [1, -0.95], 10);
    close(linalg.toArray(residuals), [0.05], 10);
    expect(rank).toBe(2);
    // LAPACK's precision is half the distance from 1 to the next number: 1.1e-16.
    for (const [small, ranks] of [
      [1e-16, [1, 1]],
      [1.6e-16, [2, 1]],
      [1e-15, [2, 2]],
    ] as const) {
      const rank = (rcond?: number) =>
        linalg.lstsqSync(
          [
            [1, 0],
            [0, small],
          ],
          [1, 1],
          { rcond },
        ).rank;
      expect([rank(-1), rank()]).toEqual(ranks);
    }
    expect(() => linalg.lstsqSync([[1, 2]], [1, 2])).toThrow(expect.objectContaining(INVALID));
  });
});

describe('qr and cholesky', () => {
  it('in each mode, of nothing and of stacks', () => {
    for (const [m, n] of [
      [3, 0],
      [0, 3],
      [0, 0],
      [4, 3],
      [3, 4],
    ] as const) {
      const a = {
        ...zeros(m, n),
        data: Float64Array.from({ length: m * n }, (_, i) => Math.cos(i * i)),
      };
      const k = Math.min(m, n);
      const { q, r } = linalg.qrSync(a);
      expect([q.shape, r.shape]).toEqual([
        [m, k],
        [k, n],
      ]);
      const complete = linalg.qrSync(a, { mode: 'complete' });
      expect([complete.q.shape, complete.r.shape]).toEqual([
        [m, m],
        [m, n],
      ]);
      close(linalg.toArray(linalg.matmulSync(complete.q, complete.r)), linalg.toArray(a));
      expect(linalg.qrSync(a, { mode: 'r' }).shape).toEqual([k, n]);
    }
    const { q, r } = linalg.qrSync(three);
    close(linalg.toArray(linalg.matmulSync(q, r)), linalg.toArray(three));
    expect(() => linalg.qrSync(square, { mode: 'raw' as never })).toThrow(
      expect.objectContaining(INVALID),
    );
  });

  it('cholesky: lower and upper, of stacks, of nothing', () => {
    const a = [
      [4, 2],
      [2, 3],
    ];
    close(linalg.toArray(linalg.choleskySync(a)), [
      [2, 0],
      [1, Math.SQRT2],
    ]);
    close(linalg.toArray(linalg.choleskySync(a, { upper: true })), [
      [2, 1],
      [0, Math.SQRT2],
    ]);
    expect(linalg.choleskySync(zeros(0, 1, 1)).shape).toEqual([0, 1, 1]);
    expect(linalg.choleskySync(zeros(2, 0, 0)).shape).toEqual([2, 0, 0]);
    expect(() =>
      linalg.choleskySync([
        a,
        [
          [1, 2],
          [2, 1],
        ],
      ]),
    ).toThrow(expect.objectContaining({ info: 2, index: [1] }));
  });

  it('lu: the four forms of scipy.linalg.lu, of stacks', () => {
    const { p, l, u } = linalg.luSync(three);
    close(linalg.toArray(linalg.matmulSync(p, linalg.matmulSync(l, u))), linalg.toArray(three));
    const { pl, u: same } = linalg.luSync(three, { permuteL: true });
    close(linalg.toArray(linalg.matmulSync(pl, same)), linalg.toArray(three));
    expect(linalg.luSync(three, { pIndices: true }).p).toMatchObject({
      data: Int32Array.of(1, 0, 1, 0, 1, 0),
      shape: [3, 2],
    });
    expect(linalg.luSync(zeros(3, 0)).p.data).toEqual(eye(3).data);
  });
});
