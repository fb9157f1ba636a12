/**
 * The cases of NumPy's own `linalg/tests/test_linalg.py` about products, powers and norms; what is left
 * out of it is told in numpy-suite.test.ts.
 */
import { describe, expect, it } from 'vitest';
import * as linalg from '../../src/linalg/index.ts';
import { close, INF, INVALID, NEGATIVE_INFINITY, square, three } from './numpy-cases.ts';

describe('matrixPower', () => {
  const rotate = [
    [0, 1],
    [-1, 0],
  ];
  const matrices = [
    rotate,
    [
      [1, 0],
      [0, 0],
    ],
    [
      [1, 1],
      [0, 1],
    ],
  ];

  it('by small, large, zero and negative exponents, of stacks too', () => {
    expect(linalg.toArray(linalg.matrixPowerSync(rotate, 2 ** 16 + 2 ** 3))).toEqual(
      [
        [1, 0],
        [0, 1],
      ].map((row) => row),
    );
    expect(linalg.toArray(linalg.matrixPowerSync(rotate, 2 ** 40 + 1))).toEqual(
      rotate.map((row) => row.map((x) => x)),
    );
    for (const a of matrices)
      expect(linalg.toArray(linalg.matrixPowerSync(a, 0))).toEqual([
        [1, 0],
        [0, 1],
      ]);
    close(
      linalg.toArray(
        linalg.matmulSync(linalg.matrixPowerSync(rotate, -3), linalg.matrixPowerSync(rotate, 3)),
      ),
      [
        [1, 0],
        [0, 1],
      ],
    );
    close(
      linalg.toArray(linalg.matrixPowerSync(three, 2)),
      [1, 4, 9].map((f) => [
        [7 * f, 10 * f],
        [15 * f, 22 * f],
      ]),
    );
    expect(linalg.toArray(linalg.matrixPowerSync(matrices, 0))).toEqual(
      matrices.map(() => [
        [1, 0],
        [0, 1],
      ]),
    );
  });

  it('of what has none is refused', () => {
    expect(() => linalg.matrixPowerSync(rotate, 1.5)).toThrow(expect.objectContaining(INVALID));
    expect(() => linalg.matrixPowerSync(rotate, [1] as never)).toThrow(
      expect.objectContaining(INVALID),
    );
    expect(() => linalg.matrixPowerSync([1], 2)).toThrow(expect.objectContaining(INVALID));
    expect(() => linalg.matrixPowerSync([[1], [2]], 2)).toThrow(expect.objectContaining(INVALID));
    expect(() =>
      linalg.matrixPowerSync(
        [
          [1, 0],
          [0, 0],
        ],
        -1,
      ),
    ).toThrow(linalg.LinAlgError);
  });
});

describe('norm', () => {
  it('of vectors', () => {
    for (const v of [
      [1, 2, 3, 4],
      [-1, -2, -3, -4],
      [-1, 2, -3, 4],
    ]) {
      close(linalg.normSync(v), Math.sqrt(30));
      for (const [ord, value] of [
        [INF, 4],
        [NEGATIVE_INFINITY, 1],
        [1, 10],
        [-1, 12 / 25],
        [2, Math.sqrt(30)],
        [-2, Math.sqrt(144 / 205)],
        [0, 4],
      ] as const) {
        close(linalg.normSync(v, { ord }), value);
      }
    }
    expect(linalg.normSync([])).toBe(0);
    expect(() => linalg.normSync([], { ord: INF })).toThrow(expect.objectContaining(INVALID));
  });

  it('of matrices, by axes, with the axes kept', () => {
    const a = [
      [1, 3],
      [5, 7],
    ];
    close(linalg.normSync(a), Math.sqrt(84));
    for (const [ord, value] of [
      ['fro', Math.sqrt(84)],
      ['nuc', 10],
      [INF, 12],
      [NEGATIVE_INFINITY, 4],
      [1, 10],
      [-1, 6],
      [2, 9.1231056256176615],
      [-2, 0.87689437438234041],
    ] as const) {
      close(linalg.normSync(a, { ord }), value, 10);
    }
    const b = linalg.matrix([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    for (const ord of [1, 2, 3, INF, NEGATIVE_INFINITY, 0, -1]) {
      for (const axis of [0, 1, -1, -2]) {
        const lines =
          axis === 0 || axis === -2
            ? [
                [1, 4],
                [2, 5],
                [3, 6],
              ]
            : [
                [1, 2, 3],
                [4, 5, 6],
              ];
        const right = lines.map((line) => linalg.normSync(line, { ord }));
        close(linalg.toArray(linalg.normSync(b, { ord, axis })), right);
        const kept = linalg.normSync(b, { ord, axis, keepdims: true });
        expect(kept.shape).toEqual(axis === 0 || axis === -2 ? [1, 3] : [2, 1]);
      }
    }
    const c = { data: Float64Array.from({ length: 24 }, (_, i) => i + 1), shape: [2, 3, 4] };
    for (const ord of [undefined, 1, -1, 2, -2, INF, 'fro', 'nuc'] as const) {
      for (const axis of [
        [1, 2],
        [-1, -2],
        [0, 1],
        [2, 0],
      ] as const) {
        const norms = linalg.normSync(c, { ord, axis });
        const [row, column] = axis.map((x) => (x < 0 ? x + 3 : x)) as [number, number];
        const rest = 3 - row - column;
        const steps = [12, 4, 1];
        for (let i = 0; i < c.shape[rest]!; i++) {
          const one = {
            data: c.data,
            shape: [c.shape[row]!, c.shape[column]!],
            stride: [steps[row]!, steps[column]!],
            offset: i * steps[rest]!,
          };
          close(norms.data[i]!, linalg.normSync(one, { ord }), 9);
        }
      }
    }
  });

  it('refuses what there is none of', () => {
    for (const [a, options] of [
      [[[1, 2]], { ord: 'nofro' }],
      [[[1, 2]], { ord: 3 }],
      [[1, 2], { ord: 'fro' }],
      [[1, 2], { ord: 'nuc' }],
      [[[1, 2]], { axis: [0, 0] }],
      [[[1, 2]], { axis: 2 }],
      [[[[1]]], { ord: 1 }],
      [[[[1]]], { axis: [0, 1, 2] }],
    ] as const) {
      expect(() => linalg.normSync(a as never, options as never)).toThrow(
        expect.objectContaining(INVALID),
      );
    }
  });
});

describe('multiDot', () => {
  const of = (m: number, n: number, seed: number) => ({
    data: Float64Array.from({ length: m * n }, (_, i) => Math.sin(seed + i * i)),
    shape: [m, n],
  });

  it('of two, three and more, with vectors at the ends', () => {
    const [a, b, c, d] = [of(6, 2, 1), of(2, 6, 2), of(6, 2, 3), of(2, 1, 4)];
    const all = [a, b, c, d].reduce((product, next) => linalg.matmulSync(product, next) as never);
    close(linalg.toArray(linalg.multiDotSync([a, b, c, d])), linalg.toArray(all));
    close(linalg.toArray(linalg.multiDotSync([a, b])), linalg.toArray(linalg.matmulSync(a, b)));
    const v = [1, -2];
    expect(linalg.multiDotSync([v, b, c]).shape).toEqual([2]);
    expect(linalg.multiDotSync([a, b, c, v]).shape).toEqual([6]);
    expect(linalg.multiDotSync([v, b, c, v]).shape).toEqual([]);
  });

  it('refuses too few, too many axes and what does not fit', () => {
    for (const list of [[], [square], [square, [[[1]]], square], [square, [[1, 2, 3]], square]]) {
      expect(() => linalg.multiDotSync(list as never)).toThrow(expect.objectContaining(INVALID));
    }
  });
});
