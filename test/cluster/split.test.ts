/**
 * How arrays are shared out and put together again, and what scripts become, for all of them.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lastingScript } from '../../src/cluster/views/script.ts';
import { bounds, joined, partsOf } from '../../src/cluster/views/split.ts';
import { engineIds } from '../../src/cluster/views/targets.ts';
import '../helpers/seeds.ts';

describe('parts of arrays', () => {
  it('are neighbours, cover everything, and differ by one at most', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 1, max: 40 }), (length, parts) => {
        const all = bounds(length, parts);
        expect(all).toHaveLength(parts);
        let at = 0;
        for (const [from, to] of all) {
          expect(from).toBe(at);
          at = to;
        }
        expect(at).toBe(length);
        const sizes = all.map(([from, to]) => to - from);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
      }),
    );
  });

  it('put together are what was shared out', () => {
    const arrays = fc.oneof(
      fc.array(fc.integer()),
      fc.float64Array(),
      fc.uint8Array(),
      fc.bigInt64Array(),
    );
    fc.assert(
      fc.property(arrays, fc.integer({ min: 1, max: 9 }), (array, parts) => {
        expect(joined(partsOf('value', array, parts, false))).toEqual(array);
      }),
    );
  });

  it('of one element are that element, where they are to be flat', () => {
    expect(partsOf('value', [7, 8], 2, true)).toEqual([7, 8]);
    expect(partsOf('value', [7, 8, 9], 2, true)).toEqual([[7, 8], 9]);
    expect(joined([7, [8, 9]])).toEqual([7, 8, 9]);
    expect(joined([Float64Array.of(1), Float32Array.of(2)])).toEqual([1, 2]);
    expect(partsOf('value', 'abc'.split(''), 2, false)).toEqual([['a', 'b'], ['c']]);
    expect(partsOf('value', new Set([1, 2]), 2, false)).toEqual([[1], [2]]);
  });
});

describe('scripts', () => {
  it.each([
    ['let a = 1; const b = 2;', 'var a = 1; var   b = 2;'],
    ['class A { x = 1 }\na', 'var A = class A { x = 1 };\na'],
    ['{ let a = 1; } for (const b of []) b;', '{ let a = 1; } for (const b of []) b;'],
    ['function f() { const a = 1; }', 'function f() { const a = 1; }'],
    ['const { a, b: [c] } = d', 'var   { a, b: [c] } = d'],
    ['const = 1', 'const = 1'],
    ['', ''],
  ])('%s', (code, lasting) => {
    expect(lastingScript(code)).toBe(lasting);
  });
});

describe('targets', () => {
  it.each([
    ['all', [3, 5, 7, 9]],
    [5, [5]],
    [-1, [9]],
    [
      [7, 3],
      [7, 3],
    ],
    [{ step: 2 }, [3, 7]],
    [{ from: 1, to: -1 }, [5, 7]],
    [{ from: -2 }, [7, 9]],
  ] as const)('%o', (targets, ids) => {
    expect(engineIds([3, 5, 7, 9], targets)).toEqual(ids);
  });

  it.each([[4], [-5], [[3, 4]], [null], ['some'], [{ from: 0.5 }], [{ step: 0 }]] as never[])(
    'refuses %o',
    (targets) => {
      const refused = expect.objectContaining({ code: 'ERR_HEDDLE_INVALID_ARGUMENT' });
      expect(() => engineIds([3, 5, 7, 9], targets)).toThrow(refused);
    },
  );
});
