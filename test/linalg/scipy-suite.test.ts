/**
 * The cases of SciPy's `linalg/tests` as far as they apply:
 *
 * | file there | here |
 * | --- | --- |
 * | test_basic.py: solve, solve_triangular, inv, det, lstsq, pinv | below |
 * | test_decomp.py: eigvals, eig, eigh and eigvalsh, LU and its solutions, svd, svdvals, qr | scipy-suite-decompositions.test.ts; generalized `eigh` and `lu` of stacks: numpy-suite.test.ts |
 * | test_decomp_cholesky.py: cholesky, cho_factor with cho_solve | the same |
 * | test_decomp_lu.py | numpy-suite.test.ts |
 *
 * Left out, and why:
 * - complex, object and integer-typed results, `overwrite_a`, `check_finite` per call, `lapack_driver`,
 *   `dtype` tables: no such elements or options here (integers are converted);
 * - `solve_banded`, `solveh_banded`, `solve_toeplitz`, `solve_circulant`, `matmul_toeplitz`, `pinvh`,
 *   `cholesky_banded`, `eig_banded`, `eigh_tridiagonal`, `hessenberg`, `schur`, `rsf2csf`, `qz`, `ordqz`,
 *   `ldl`, `rq`, `qr_multiply`, `qr_insert` and its like, pivoted `qr`, `polar`, `orth`, `null_space`,
 *   `subspace_angles`, `cdf2rdf`, `diagsvd`, `cossin`, `eig` with a second matrix, left eigenvectors,
 *   `eigh` of types 2 and 3, `LinAlgWarning` for matrices near to singular: not in this module;
 * - functions of matrices, sketches, interpolative decompositions, special matrices and wrappers of
 *   BLAS and LAPACK (test_matfuncs.py, test_sketches.py, test_interpolative.py,
 *   test_special_matrices.py, test_blas.py, test_lapack.py …): the same.
 */
import { describe, expect, it } from 'vitest';
import * as linalg from '../../src/linalg/index.ts';
import { randomMatrix } from '../helpers/matrices.ts';
import { close, eye, product, transposed, zeros } from './numpy-cases.ts';

const { toArray } = linalg;
const singularError = expect.objectContaining({ name: 'LinAlgError', code: 'ERR_HEDDLE_LINALG' });

describe('test_basic.py', () => {
  const sides = [
    [1, 0],
    [0, 1],
    [2, 1],
  ];

  it.each<[string, number[][], linalg.SolveSyncOptions<Float64Array>]>([
    [
      'simple',
      [
        [1, 20],
        [-30, 4],
      ],
      {},
    ],
    [
      'symmetric positive',
      [
        [2, 3],
        [3, 5],
      ],
      { assume: 'positive definite' },
    ],
    [
      'positive, as symmetric',
      [
        [2, 3],
        [3, 5],
      ],
      { assume: 'symmetric' },
    ],
    [
      'transposed',
      [
        [1, 20],
        [-30, 4],
      ],
      { transpose: true },
    ],
    [
      'nils_20Feb04, real parts',
      [
        [-0.3, 1.1],
        [0.7, 2.3],
      ],
      {},
    ],
  ])('solve: %s', (_name, a, options) => {
    for (const b of sides) {
      const x = linalg.solveSync(a, b, options);
      close(toArray(linalg.matmulSync(options.transpose ? transposed(a) : a, x)), b);
    }
  });

  it('solve: many sides, 20 × 20 of each kind, and what is singular', () => {
    const a: linalg.Matrix<Float64Array> = linalg.matrix(product(randomMatrix(20, 20, 3), eye(20)));
    for (let i = 0; i < 20; i++) a.data[i * 20 + i]! += 20;
    const b = randomMatrix(20, 3, 4);
    const definite = linalg.gramSync(a);
    close(
      toArray(linalg.matmulSync(a, linalg.solveSync(a, b))),
      toArray(linalg.matrix(b as never)),
      10,
    );
    for (const assume of ['positive definite', 'symmetric', 'general'] as const) {
      const x = linalg.solveSync(definite, b, { assume });
      close(toArray(linalg.matmulSync(definite, x)), toArray(linalg.matrix(b as never)), 10);
    }
    for (const wrong of [
      [
        [1, 2],
        [2, 4],
      ],
      [
        [0, 0],
        [0, 0],
      ],
    ]) {
      expect(() => linalg.solveSync(wrong, [1, 2])).toThrow(singularError);
    }
    expect(() =>
      linalg.solveSync(
        [
          [1, 2],
          [3, 4],
        ],
        [1, 2, 3],
      ),
    ).toThrow(RangeError);
    expect(linalg.solveSync(zeros(0, 0), zeros(0, 2)).shape).toEqual([0, 2]);
  });

  it('solve_triangular: both triangles, transposed, with ones on the diagonal', () => {
    const a = [
      [1, 0],
      [1, 2],
    ];
    const lower = { assume: 'lower triangular' } as const;
    close(toArray(linalg.solveSync(a, [1, 1], lower)), [1, 0]);
    close(toArray(linalg.solveSync(a, [1, 1], { ...lower, transpose: true })), [0.5, 0.5]);
    close(
      toArray(
        linalg.solveSync(
          [
            [1, 1],
            [0, 2],
          ],
          [1, 1],
          { assume: 'upper triangular' },
        ),
      ),
      [0.5, 0.5],
    );
    const unit = linalg.solveTriangularSync(
      [
        [9, 0],
        [1, 9],
      ],
      [[1], [1]],
      { triangle: 'lower', unitDiagonal: true },
    );
    close(toArray(unit), [[1], [0]]);
    expect(() =>
      linalg.solveSync(
        [
          [1, 0],
          [1, 0],
        ],
        [1, 1],
        lower,
      ),
    ).toThrow(singularError);
  });

  it('inv and det', () => {
    for (const a of [
      [
        [1, 2],
        [3, 4],
      ],
      [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 10],
      ],
    ]) {
      close(toArray(linalg.matmulSync(a, linalg.invSync(a))), toArray(eye(a.length)), 10);
    }
    expect(
      linalg.detSync([
        [1, 2],
        [3, 4],
      ]),
    ).toBeCloseTo(-2, 12);
    expect(
      linalg.detSync([
        [1, 1, 1],
        [1, 1, 1],
        [1, 1, 1],
      ]),
    ).toBe(0);
    expect(linalg.detSync(zeros(0, 0))).toBe(1);
    // Hilbert's of order 4: 1 / 6048000.
    const hilbert = Array.from({ length: 4 }, (_, i) =>
      Array.from({ length: 4 }, (_, j) => 1 / (1 + i + j)),
    );
    expect(linalg.detSync(hilbert) * 6048000).toBeCloseTo(1, 10);
    expect(() =>
      linalg.invSync([
        [1, 2],
        [2, 4],
      ]),
    ).toThrow(singularError);
    expect(() =>
      linalg.invSync([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ).toThrow(RangeError);
  });

  it('lstsq: exact, more equations, more unknowns, and none', () => {
    const exact = linalg.lstsqSync(
      [
        [1, 20],
        [-30, 4],
      ],
      [1, 0],
    );
    close(
      toArray(
        linalg.matmulSync(
          [
            [1, 20],
            [-30, 4],
          ],
          exact.x,
        ),
      ),
      [1, 0],
    );
    const over = linalg.lstsqSync(
      [
        [1, 2],
        [4, 5],
        [3, 4],
      ],
      [1, 2, 3],
    );
    expect(over.rank).toBe(2);
    close(toArray(over.x), [-3 / 7, 6 / 7], 10);
    const under = linalg.lstsqSync(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      [1, 2],
    );
    close(toArray(under.x), [-1 / 18, 1 / 9, 5 / 18], 10);
    const none = linalg.lstsqSync(zeros(0, 3), zeros(0));
    expect([none.rank, ...none.x.data]).toEqual([0, 0, 0, 0]);
  });

  it('pinv: regular, oblong, and with a tolerance', () => {
    const a = [
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 10],
    ];
    close(toArray(linalg.matmulSync(a, linalg.pinvSync(a))), toArray(eye(3)), 10);
    const tall = [
      [1, 2, 3],
      [4, 5, 6.5],
      [7, 8, 10],
      [1, 0, 1],
    ];
    close(toArray(linalg.matmulSync(linalg.pinvSync(tall), tall)), toArray(eye(3)), 10);
    // One value is cut away by the tolerance, the other stays.
    close(
      toArray(
        linalg.pinvSync(
          [
            [4, 0],
            [0, 1],
          ],
          { rtol: 0.3 },
        ),
      ),
      [
        [0.25, 0],
        [0, 0],
      ],
    );
    close(
      toArray(
        linalg.pinvSync(
          [
            [4, 0],
            [0, 1],
          ],
          { rtol: 0.2 },
        ),
      ),
      [
        [0.25, 0],
        [0, 1],
      ],
    );
    expect(linalg.pinvSync(zeros(0, 3)).shape).toEqual([3, 0]);
  });
});
