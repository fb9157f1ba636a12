import { describe, expect, it } from 'vitest';
import * as linalg from '../../src/linalg/index.ts';

describe('inputs', () => {
  it('vectors and nested arrays are taken as they are', () => {
    expect(linalg.dotSync([1, 2, 3], Float64Array.of(4, 5, 6))).toBe(32);
    expect(
      linalg.solveSync(
        [
          [2, 0],
          [0, 4],
        ],
        [2, 4],
      ).data,
    ).toEqual(Float64Array.of(1, 1));
    expect(linalg.normSync([3, 4])).toBe(5);
    const f32 = linalg.solveSync(
      linalg.matrix(
        [
          [2, 0],
          [0, 4],
        ],
        { dtype: 'float32' },
      ),
      [1, 1],
    );
    expect(f32.data).toEqual(Float32Array.of(0.5, 0.25));
    expect(
      linalg.toArray(
        linalg.matrix([
          [1, 2],
          [3, 4],
        ]),
      ),
    ).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(
      linalg.toArray({ data: Float64Array.of(1, 2, 3, 4), shape: [2, 2], stride: [1, 2] }),
    ).toEqual([
      [1, 3],
      [2, 4],
    ]);
    expect(linalg.matrix([]).shape).toEqual([0]);
    expect(linalg.matrix([[[1, 2]], [[3, 4]]]).shape).toEqual([2, 1, 2]);
  });

  it('integers are converted exactly, or not at all', () => {
    expect(
      linalg.matmulSync({ data: Int32Array.of(1, 2, 3, 4), shape: [2, 2] }, Uint8Array.of(1, 1))
        .data,
    ).toEqual(Float64Array.of(3, 7));
    expect(linalg.dotSync(BigInt64Array.of(2n ** 53n), [1])).toBe(2 ** 53);
    const inexact = { code: 'ERR_HEDDLE_INVALID_ARGUMENT', name: 'RangeError' };
    expect(() => linalg.dotSync(BigInt64Array.of(2n ** 53n + 1n), [1])).toThrow(
      expect.objectContaining(inexact),
    );
    expect(() => linalg.dotSync(Int32Array.of(2 ** 24 + 1), Float32Array.of(1))).toThrow(
      expect.objectContaining(inexact),
    );
    expect(linalg.dotSync(Int32Array.of(2 ** 24), Float32Array.of(1))).toBe(2 ** 24);
    const strided = {
      data: Int16Array.of(0, 1, 2, 3, 4, 5),
      shape: [2, 2],
      stride: [1, 2],
      offset: 1,
    };
    expect(linalg.toArray(strided)).toEqual([
      [1, 3],
      [2, 4],
    ]);
  });

  it('what is no array of numbers is refused by its name and place', () => {
    const wrong = (body: () => unknown, message: RegExp) =>
      expect(body).toThrow(
        expect.objectContaining({
          code: 'ERR_HEDDLE_INVALID_ARGUMENT',
          message: expect.stringMatching(message),
        }),
      );
    wrong(() => linalg.matrix([[1, 2], [3]]), /'rows\[1\]' must be an array of length 2/);
    wrong(
      () =>
        linalg.invSync([
          [1, '2' as never],
          [3, 4],
        ]),
      /'a\[0\]\[1\]' must be a number/,
    );
    wrong(() => linalg.invSync({ re: [1], im: [2] } as never), /complex/);
    wrong(() => linalg.invSync([[{ re: 1, im: 0 }]] as never), /complex/);
    wrong(
      () =>
        linalg.invSync({ data: new Float32Array(8), shape: [2, 2], dtype: 'complex64' } as never),
      /complex/,
    );
    wrong(() => linalg.detSync('text' as never), /'a' must be/);
    wrong(() => linalg.matrixRankSync([[1]], { tol: 1, rtol: 1 }), /'tol' must be left out/);
    wrong(() => linalg.lstsqSync([[1]], [1], { rcond: -2 }), /'rcond'/);
  });
});
