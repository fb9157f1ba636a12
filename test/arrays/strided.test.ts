import { describe, expect, it } from 'vitest';
import {
  dense,
  isDense,
  isDistinct,
  lengthOf,
  MAX_AXES,
  rowMajor,
  shaped,
  strided,
  stridesOf,
} from '../../src/arrays/index.ts';
import { fc } from '../helpers/seeds.ts';

const CODE = { code: 'ERR_HEDDLE_INVALID_ARGUMENT' };

describe('strided', () => {
  it('fills in what is left out', () => {
    const data = new Float64Array(24);
    expect(strided('a', { data, shape: [2, 3, 4] })).toEqual({
      data,
      shape: [2, 3, 4],
      stride: [12, 4, 1],
      offset: 0,
    });
    expect(strided('a', { data, shape: [] }).stride).toEqual([]);
  });

  it('refuses what is wrong by its name, each with a code', () => {
    const data = new Float64Array(6);
    const wrong: [object, RegExp, ErrorConstructor][] = [
      [{ data, shape: 3 }, /'a\.shape' must be an array/, TypeError as ErrorConstructor],
      [{ data, shape: new Array(MAX_AXES + 1).fill(1) }, /'a\.shape'/, TypeError as never],
      [{ data, shape: [2, -1] }, /'a\.shape'/, RangeError as never],
      [{ data, shape: [1.5] }, /'a\.shape'/, RangeError as never],
      [{ data, shape: [2 ** 30, 2 ** 30], stride: [0, 0] }, /2 \*\* 48/, RangeError as never],
      [{ data, shape: [2, 3], stride: [1] }, /'a\.stride'/, TypeError as never],
      [{ data, shape: [2, 3], stride: [1, 0.5] }, /'a\.stride'/, RangeError as never],
      [{ data, shape: [2], offset: -1 }, /'a\.offset'/, RangeError as never],
      [{ data, shape: [2, 3], offset: 1 }, /'a' reaches outside its data/, RangeError as never],
      [{ data, shape: [2], stride: [-1] }, /elements -1 to 0/, RangeError as never],
    ];
    for (const [value, message, kind] of wrong) {
      expect(() => strided('a', value as never)).toThrow(kind);
      expect(() => strided('a', value as never)).toThrow(
        expect.objectContaining({ ...CODE, message: expect.stringMatching(message) }),
      );
    }
  });

  it('takes an array exactly where all its elements are there', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: -9, max: 9 })), {
          maxLength: 4,
        }),
        fc.integer({ min: 0, max: 30 }),
        (axes, offset) => {
          const shape = axes.map(([length]) => length);
          const stride = axes.map(([, step]) => step);
          let all = [offset];
          for (const [length, step] of axes) {
            all = all.flatMap((at) => Array.from({ length }, (_, i) => at + i * step));
          }
          const fits = all.every((at) => at >= 0 && at < 40);
          const check = () => strided('a', { data: new Int8Array(40), shape, stride, offset });
          if (!fits) {
            expect(check).toThrow(expect.objectContaining(CODE));
            return;
          }
          const array = check();
          const data = Int8Array.from({ length: 40 }, (_, i) => i);
          expect([...rowMajor({ ...array, data })]).toEqual(all);
          if (isDistinct(shape, stride)) expect(new Set(all).size).toBe(all.length);
        },
      ),
    );
  });
});

describe('shapes', () => {
  it('are counted, and their strides are row-major', () => {
    expect(lengthOf(7)).toBe(7);
    expect(lengthOf([2, 0, 3])).toBe(0);
    expect(stridesOf([4, 3, 2])).toEqual([6, 2, 1]);
    expect(() => lengthOf([2, -1], 'size')).toThrow(expect.objectContaining(CODE));
    expect(() => lengthOf(Number.NaN, 'size')).toThrow(/'size'/);
    expect(() => lengthOf([2 ** 40, 2 ** 40])).toThrow(/fit into no memory/);
  });

  it('are dense in the order of their axes, or not', () => {
    expect(isDense([2, 3], [3, 1])).toBe(true);
    expect(isDense([2, 3], [1, 2])).toBe(false);
    expect(isDense([2, 3], [1, 2], 'F')).toBe(true);
    expect(isDense([1, 3], [99, 1])).toBe(true);
    const data = Float64Array.from({ length: 8 }, (_, i) => i);
    expect([...dense('a', { data, shape: [2, 2], offset: 3 })]).toEqual([3, 4, 5, 6]);
    expect(() => dense('a', { data, shape: [2, 2], stride: [1, 2] })).toThrow(/row-major/);
    expect([...rowMajor({ ...shaped(data, [2, 4]), stride: [1, 2] })]).toEqual([
      0, 2, 4, 6, 1, 3, 5, 7,
    ]);
  });
});
