import { describe, expect, it } from 'vitest';
import { gram, gramSync, type MatrixLike, matmul, matmulSync } from '../../src/linalg/index.ts';
import {
  at,
  distance,
  float32,
  productOf,
  randomMatrix,
  rowsOf,
  transposeOf,
} from '../helpers/matrices.ts';
import { fc } from '../helpers/seeds.ts';

/** A matrix in a larger buffer, with any strides and an offset; negative strides too. */
const anyMatrix = (rows: number, columns: number) =>
  fc
    .record({
      down: fc.integer({ min: 1, max: 3 }),
      across: fc.integer({ min: 1, max: 3 }),
      flipRows: fc.boolean(),
      flipColumns: fc.boolean(),
      columnMajor: fc.boolean(),
      pad: fc.integer({ min: 0, max: 5 }),
      seed: fc.integer({ min: 1, max: 1e6 }),
    })
    .map(({ down, across, flipRows, flipColumns, columnMajor, pad, seed }) => {
      const inner = columnMajor ? down : across;
      const outer = inner * (columnMajor ? rows : columns) * (columnMajor ? across : down) + pad;
      let rowStride = columnMajor ? inner : outer;
      let columnStride = columnMajor ? outer : inner;
      let offset = pad;
      if (flipRows) {
        offset += Math.max(rows - 1, 0) * rowStride;
        rowStride = -rowStride;
      }
      if (flipColumns) {
        offset += Math.max(columns - 1, 0) * columnStride;
        columnStride = -columnStride;
      }
      const length =
        pad + Math.max(rows, 1) * Math.abs(rowStride) * 1 + columns * Math.abs(columnStride);
      return {
        data: randomMatrix(length + 1, 1, seed).data,
        shape: [rows, columns],
        stride: [rowStride, columnStride],
        offset,
      } satisfies MatrixLike<Float64Array>;
    });

const size = fc.integer({ min: 0, max: 12 });

describe('matmul', () => {
  it('is the product, for any shapes and strides', () => {
    fc.assert(
      fc.property(
        fc
          .tuple(size, size, size)
          .chain(([n, k, m]) => fc.tuple(anyMatrix(n, k), anyMatrix(k, m), anyMatrix(n, m))),
        ([a, b, out]) => {
          const expected =
            a.shape[1] === 0 ? rowsOf(out).map((row) => row.map(() => 0)) : productOf(a, b);
          expect(distance(rowsOf(matmulSync(a, b)), expected)).toBeLessThan(1e-13);
          const before = [...out.data];
          const touched = new Set<number>();
          for (let i = 0; i < out.shape[0]!; i++) {
            for (let j = 0; j < out.shape[1]!; j++) {
              touched.add(out.offset + i * out.stride[0]! + j * out.stride[1]!);
            }
          }
          expect(distance(rowsOf(matmulSync(a, b, { out })), expected)).toBeLessThan(1e-13);
          for (const [index, value] of before.entries()) {
            if (!touched.has(index)) expect(out.data[index]).toBe(value);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('gives the same blocking and queued, in both precisions', async () => {
    const a = randomMatrix(70, 50, 3);
    const b = randomMatrix(50, 60, 4);
    const expected = productOf(a, b);
    expect(distance(rowsOf(await matmul(a, b)), expected)).toBeLessThan(1e-12);
    expect(rowsOf(await matmul(a, b))).toEqual(rowsOf(matmulSync(a, b)));
    const single = await matmul(float32(a), float32(b));
    expect(single.data).toBeInstanceOf(Float32Array);
    expect(distance(rowsOf(single), expected)).toBeLessThan(1e-4);
  });

  it('treats vectors as numpy.matmul does', () => {
    const a = randomMatrix(3, 4, 5);
    const left = { data: Float64Array.of(1, 2, 3), shape: [3] };
    const right = { data: Float64Array.of(1, 2, 3, 4), shape: [4] };
    const row = matmulSync(left, a);
    expect(row.shape).toEqual([4]);
    for (let j = 0; j < 4; j++) {
      expect(row.data[j]).toBeCloseTo(at(a, 0, j) + 2 * at(a, 1, j) + 3 * at(a, 2, j), 12);
    }
    const column = matmulSync(a, right);
    expect(column.shape).toEqual([3]);
    expect(column.data[1]).toBeCloseTo(
      at(a, 1, 0) + 2 * at(a, 1, 1) + 3 * at(a, 1, 2) + 4 * at(a, 1, 3),
      12,
    );
    const dot = matmulSync(right, right);
    expect([dot.shape, dot.data[0]]).toEqual([[], 30]);
  });

  it('refuses what does not fit before it computes', async () => {
    const a = randomMatrix(3, 4);
    const b = randomMatrix(4, 2);
    expect(() => matmulSync(b, a)).toThrow(/as many rows as 'a' has columns/);
    // @ts-expect-error: element types must agree
    expect(() => matmulSync(a, float32(b))).toThrow(TypeError);
    // @ts-expect-error: no matrix
    expect(() => matmulSync('12', b)).toThrow(TypeError);
    expect(() => matmulSync([1, 2], b)).toThrow(/as many rows as 'a' has columns/);
    expect(() => matmulSync({ ...a, shape: [3, 5] }, b)).toThrow(/reaches outside its data/);
    expect(() => matmulSync({ ...a, offset: -1 }, b)).toThrow(RangeError);
    expect(() => matmulSync({ ...a, stride: [4, 2] }, b)).toThrow(/reaches outside its data/);
    expect(() => matmulSync({ ...a, stride: [0.5, 1] }, b)).toThrow(RangeError);
    expect(() => matmulSync({ ...a, shape: [3, Number.NaN] }, b)).toThrow(RangeError);
    expect(() => matmulSync(a, b, { threads: 0 })).toThrow(RangeError);
    expect(() => matmulSync(a, b, { out: a })).toThrow(RangeError);
    const square = randomMatrix(4, 4);
    expect(() => matmulSync(square, square, { out: square })).toThrow(/shares no element/);
    expect(() =>
      matmulSync(square, square, {
        out: { data: new Float64Array(7), shape: [4, 4], stride: [1, 1] },
      }),
    ).toThrow(/no two elements coincide/);
    await expect(matmul(b, a)).rejects.toThrow(RangeError);
  });

  it('refuses buffers that were taken away', () => {
    const a = randomMatrix(3, 3);
    structuredClone(a.data.buffer, { transfer: [a.data.buffer as ArrayBuffer] });
    expect(() => matmulSync(a, randomMatrix(3, 3))).toThrow(/reaches outside its data/);
  });

  it('takes SharedArrayBuffers', () => {
    const a = randomMatrix(5, 5, 7);
    const shared = new Float64Array(new SharedArrayBuffer(25 * 8));
    shared.set(a.data);
    expect(rowsOf(matmulSync({ data: shared, shape: [5, 5] }, a))).toEqual(
      rowsOf(matmulSync(a, a)),
    );
  });
});

describe('gram', () => {
  it('is AᵀA or AAᵀ and exactly symmetric', async () => {
    for (const [n, k] of [
      [7, 5],
      [5, 7],
      [1, 4],
      [100, 33],
    ] as const) {
      const a = randomMatrix(n, k, n);
      const inner = await gram(a);
      expect(distance(rowsOf(inner), productOf(transposeOf(a), a))).toBeLessThan(1e-12);
      expect(rowsOf(inner)).toEqual(rowsOf(transposeOf(inner)));
      const outer = gramSync(transposeOf(transposeOf(a)), { transpose: true });
      expect(distance(rowsOf(outer), productOf(a, transposeOf(a)))).toBeLessThan(1e-12);
      const strided = gramSync(
        { data: a.data, shape: [Math.ceil(n / 2), k], stride: [2 * k, 1] },
        { transpose: true, out: randomMatrix(Math.ceil(n / 2), Math.ceil(n / 2), 9) },
      );
      expect(strided.shape).toEqual([Math.ceil(n / 2), Math.ceil(n / 2)]);
      expect(at(strided, 0, 0)).toBeCloseTo(at(outer, 0, 0), 12);
    }
  });
});
