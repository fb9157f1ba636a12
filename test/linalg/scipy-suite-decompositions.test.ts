/** The cases of SciPy's test_decomp.py and test_decomp_cholesky.py; scipy-suite.test.ts has the list. */
import { describe, expect, it } from 'vitest';
import * as linalg from '../../src/linalg/index.ts';
import { randomMatrix } from '../helpers/matrices.ts';
import { close, eye, type Nested, product, transposed, zeros } from './numpy-cases.ts';

const { toArray } = linalg;
const singularError = expect.objectContaining({ name: 'LinAlgError', code: 'ERR_HEDDLE_LINALG' });

describe('test_decomp.py', () => {
  const exact = [
    [1, 2, 3],
    [1, 2, 3],
    [2, 5, 6],
  ];
  const exactValues = [(9 - Math.sqrt(93)) / 2, 0, (9 + Math.sqrt(93)) / 2];
  const sorted = (values: Nested) => [...(values as number[])].sort((x, y) => x - y);

  it('eigvals and eig of a matrix whose values are known', () => {
    const { re, im } = linalg.eigvalsSync(exact);
    close(sorted(toArray(re)), exactValues, 10);
    close(toArray(im), [0, 0, 0]);
    const { eigenvalues, eigenvectors } = linalg.eigSync(exact);
    const left = toArray(linalg.matmulSync(exact, eigenvectors.re)) as number[][];
    const right = (toArray(eigenvectors.re) as number[][]).map((row) =>
      row.map((x, j) => x * eigenvalues.re.data[j]!),
    );
    close(left, right, 10);
  });

  const symmetric = linalg.gramSync(randomMatrix(10, 6, 7));
  const all = linalg.eighSync(symmetric);

  it('eigh: subsets by index and by value are parts of the whole', () => {
    for (const [from, to] of [
      [0, 0],
      [1, 3],
      [0, 5],
      [5, 5],
    ] as const) {
      const some = linalg.eighSync(symmetric, { subsetByIndex: [from, to] });
      close(
        toArray(some.eigenvalues),
        (toArray(all.eigenvalues) as number[]).slice(from, to + 1),
        10,
      );
      const { eigenvectors } = some;
      const scaled = (toArray(eigenvectors) as number[][]).map((row) =>
        row.map((x, j) => x * some.eigenvalues.data[j]!),
      );
      close(toArray(linalg.matmulSync(symmetric, eigenvectors)), scaled, 10);
    }
    const values = toArray(all.eigenvalues) as number[];
    const [low, high] = [(values[0]! + values[1]!) / 2, (values[3]! + values[4]!) / 2];
    const within = linalg.eigvalshSync(symmetric, { subsetByValue: [low, high] });
    close(toArray(within), values.slice(1, 4), 10);
    for (const subset of [
      [-1, 2],
      [2, 1],
      [0, 6],
      [0.5, 2],
    ]) {
      expect(() => linalg.eighSync(symmetric, { subsetByIndex: subset as never })).toThrow(
        RangeError,
      );
    }
    expect(() =>
      linalg.eighSync(symmetric, { subsetByIndex: [0, 1], subsetByValue: [0, 1] }),
    ).toThrow(expect.objectContaining({ code: 'ERR_HEDDLE_INVALID_ARGUMENT' }));
  });

  it('eigh: pencils, with either triangle, and subsets of them', () => {
    const b = linalg.gramSync(randomMatrix(9, 6, 8));
    const whole = linalg.eighSync(symmetric, { b });
    for (const uplo of ['L', 'U'] as const) {
      close(toArray(linalg.eigvalshSync(symmetric, { b, uplo })), toArray(whole.eigenvalues), 8);
    }
    const v = whole.eigenvectors;
    close(product(transposed(toArray(v)), b, v), toArray(eye(6)), 8);
    const some = linalg.eigvalshSync(symmetric, { b, subsetByIndex: [2, 4] });
    close(toArray(some), (toArray(whole.eigenvalues) as number[]).slice(2, 5), 8);
    expect(() =>
      linalg.eighSync(symmetric, {
        b: [
          [1, 2],
          [2, 1],
        ],
      }),
    ).toThrow(RangeError);
    expect(() =>
      linalg.eighSync(
        [
          [1, 0],
          [0, 1],
        ],
        {
          b: [
            [1, 2],
            [2, 1],
          ],
        },
      ),
    ).toThrow(singularError);
  });

  it('lu_factor and lu_solve: 10 × 10, transposed too', () => {
    const a = randomMatrix(10, 10, 9);
    const b = randomMatrix(10, 2, 10);
    const factors = linalg.luFactorSync(a);
    const wanted = toArray(linalg.matrix(b as never));
    close(toArray(linalg.matmulSync(a, linalg.luSolveSync(factors, b))), wanted, 10);
    const other = linalg.luSolveSync(factors, b, { transpose: true });
    close(product(transposed(toArray(linalg.matrix(a as never))), other), wanted, 10);
  });

  it.each<[string, number[][]]>([
    [
      'simple',
      [
        [1, 2, 3],
        [1, 20, 3],
        [2, 5, 6],
      ],
    ],
    [
      'singular',
      [
        [1, 2, 3],
        [1, 2, 3],
        [2, 5, 6],
      ],
    ],
    [
      'more columns',
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
    [
      'more rows',
      [
        [1, 2],
        [4, 5],
        [3, 4],
      ],
    ],
  ])('svd: %s', (_name, a) => {
    for (const fullMatrices of [true, false]) {
      const { u, s, vh } = linalg.svdSync(a, { fullMatrices });
      close(product(transposed(toArray(u)), u), toArray(eye(u.shape[1]!)));
      close(product(vh, transposed(toArray(vh))), toArray(eye(vh.shape[0]!)));
      const k = s.shape[0]!;
      const scaled = (toArray(u) as number[][]).map((row) =>
        row.slice(0, k).map((x, j) => x * s.data[j]!),
      );
      close(product(scaled, (toArray(vh) as number[][]).slice(0, k)), a, 11);
      close(toArray(linalg.svdvalsSync(a)), toArray(s), 11);
      expect(sorted(toArray(s)).reverse()).toEqual(toArray(s));
    }
  });

  it.each<[string, number[][]]>([
    [
      'simple',
      [
        [8, 2, 3],
        [2, 9, 3],
        [5, 3, 6],
      ],
    ],
    [
      'tall',
      [
        [8, 2],
        [2, 9],
        [5, 3],
      ],
    ],
    [
      'wide',
      [
        [8, 2, 5],
        [2, 9, 3],
      ],
    ],
    [
      'fat and singular',
      [
        [1, 2, 3, 4],
        [2, 4, 6, 8],
      ],
    ],
  ])('qr: %s', (_name, a) => {
    const [m, n] = [a.length, a[0]!.length];
    const complete = linalg.qrSync(a, { mode: 'complete' });
    expect([complete.q.shape, complete.r.shape]).toEqual([
      [m, m],
      [m, n],
    ]);
    for (const { q, r } of [complete, linalg.qrSync(a)]) {
      close(product(transposed(toArray(q)), q), toArray(eye(q.shape[1]!)));
      close(product(q, r), a);
    }
    const r = linalg.qrSync(a, { mode: 'r' });
    close(toArray(r), toArray(linalg.qrSync(a).r));
    for (const [i, row] of (toArray(r) as number[][]).entries()) {
      for (const x of row.slice(0, i)) expect(x).toBe(0);
    }
  });
});

describe('test_decomp_cholesky.py', () => {
  const a = [
    [8, 2, 3],
    [2, 9, 3],
    [3, 3, 6],
  ];

  it('cholesky: upper and lower, of random matrices, and of what is not definite', () => {
    const upper = linalg.choleskySync(a, { upper: true });
    close(product(transposed(toArray(upper)), upper), a);
    const lower = linalg.choleskySync(a);
    close(product(lower, transposed(toArray(lower))), a);
    const big = linalg.gramSync(randomMatrix(25, 20, 11));
    const factor = linalg.choleskySync(big);
    close(product(factor, transposed(toArray(factor))), toArray(big), 10);
    expect(() =>
      linalg.choleskySync([
        [1, 2],
        [2, 1],
      ]),
    ).toThrow(singularError);
    expect(linalg.choleskySync(zeros(0, 0)).shape).toEqual([0, 0]);
  });

  it('cho_solve: solutions by the factor', () => {
    const lower = linalg.choleskySync(a);
    const b = [[1], [2], [3]];
    const first = linalg.solveTriangularSync(lower, b, { triangle: 'lower' });
    const x = linalg.solveTriangularSync(transposed(toArray(lower)), first, { triangle: 'upper' });
    close(toArray(x), toArray(linalg.solveSync(a, b, { assume: 'positive definite' })));
    close(product(a, x), b);
  });
});
