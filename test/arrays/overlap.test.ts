import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { requireApart, sharesMemory, stridesOf } from '../../src/arrays/index.ts';
import { matmulSync, scale, scaleSync } from '../../src/linalg/index.ts';
import { mapFile, shared } from '../../src/memory/index.ts';
import { pairwiseDistancesSync } from '../../src/neighbors/index.ts';
import { fc } from '../helpers/seeds.ts';

const SHARES = {
  code: 'ERR_HEDDLE_INVALID_ARGUMENT',
  message: expect.stringMatching(/shares no element/),
};

interface Layout {
  shape: number[];
  stride: number[];
  offset: number;
}

function indices({ shape, stride, offset }: Layout): number[] {
  let all = [offset];
  for (const [axis, length] of shape.entries()) {
    all = all.flatMap((at) => Array.from({ length }, (_, i) => at + i * stride[axis]!));
  }
  return all;
}

/** Strides under which no two elements coincide, in any order of axes and direction. */
const layouts = fc
  .record({
    shape: fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 })),
    gap: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 3 })),
    flipped: fc.boolean(),
    signs: fc.tuple(fc.constantFrom(1, -1), fc.constantFrom(1, -1)),
    at: fc.integer({ min: 0, max: 40 }),
  })
  .map(({ shape, gap, flipped, signs, at }): Layout => {
    const inner = gap[0];
    const axes = flipped ? [1, 0] : [0, 1];
    const stride = [0, 0];
    stride[axes[1]!] = inner * signs[1];
    stride[axes[0]!] = (inner * shape[axes[1]!]! + gap[1]) * signs[0];
    let least = 0;
    for (const axis of [0, 1]) least += Math.min(0, (shape[axis]! - 1) * stride[axis]!);
    return { shape, stride, offset: at - least };
  });

describe('out and operands', () => {
  it('are refused exactly where they have an element in common', () => {
    const data = new Float64Array(400);
    let met = 0;
    let apart = 0;
    fc.assert(
      fc.property(layouts, layouts, (from, layout) => {
        const out = { ...layout, shape: from.shape, stride: layout.stride };
        const to = Math.max(...indices(out));
        const low = Math.min(...indices(out));
        fc.pre(low >= 0 && to < data.length && new Set(indices(out)).size === indices(out).length);
        const mine = new Set(indices(from));
        const same =
          from.offset === out.offset && from.stride.every((s, axis) => s === out.stride[axis]);
        const common = indices(out).some((at) => mine.has(at)) && !same;
        const run = () => scaleSync(2, { data, ...from }, { out: { data, ...out } });
        let refused = false;
        try {
          run();
        } catch (error) {
          // Strides that might coincide for another shape are refused as such.
          fc.pre(!/out\.stride/.test((error as Error).message));
          expect(error).toMatchObject(SHARES);
          refused = true;
        }
        expect(refused).toBe(common);
        if (common) met++;
        else apart++;
      }),
      { numRuns: 1500 },
    );
    expect(met).toBeGreaterThan(50);
    expect(apart).toBeGreaterThan(50);
  });

  it('a stack may go to the other half of the matrices that it comes from', () => {
    const data = new Float64Array(4 * 6 * 12).map((_, i) => Math.sin(i));
    const half = { data, shape: [4, 6, 6], stride: [72, 12, 1] };
    const right = { ...half, offset: 6 };
    const expected = matmulSync(half, half);
    const result = matmulSync(half, half, { out: right });
    const kept = Array.from(
      { length: 4 * 6 * 6 },
      (_, i) => data[Math.floor(i / 36) * 72 + (Math.floor(i / 6) % 6) * 12 + 6 + (i % 6)]!,
    );
    expect(result.data).toBe(data);
    expect(kept).toEqual([...expected.data]);
    expect(() => matmulSync(half, half, { out: { ...half, offset: 5 } })).toThrow(
      expect.objectContaining(SHARES),
    );
  });

  it('one long thin view into another is found out quickly, whatever their sizes', () => {
    const n = 1 << 20;
    const data = new Float64Array(2 * n + 2);
    const even = { data, shape: [n], stride: [2] };
    expect(scaleSync(2, even, { out: { ...even, offset: 1 } }).shape).toEqual([n]);
    expect(() => scaleSync(2, even, { out: { ...even, offset: 2 } })).toThrow(/shares no element/);
  });
});

describe('the same memory by another name', () => {
  it('two SharedArrayBuffers over it', () => {
    const shared = new SharedArrayBuffer(8 * 32);
    const again = structuredClone(shared);
    expect(again).not.toBe(shared);
    const a = { data: new Float64Array(shared, 0, 16), shape: [4, 4] };
    const b = { data: new Float64Array(again, 0, 16), shape: [4, 4] };
    expect(() => matmulSync(a, a, { out: b })).toThrow(expect.objectContaining(SHARES));
    expect(() => pairwiseDistancesSync(a, a, { out: b })).toThrow(expect.objectContaining(SHARES));
    const behind = { data: new Float64Array(again, 8 * 16, 16), shape: [4, 4] };
    expect(matmulSync(a, a, { out: behind }).data).toBe(behind.data);
  });

  const folder = mkdtempSync(path.join(tmpdir(), 'heddle-overlap-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('a file that is mapped twice, at any offsets', async () => {
    const file = path.join(folder, 'numbers');
    const whole = mapFile(file, 'float64', [1024, 4], { mode: 'create' });
    whole.data.fill(1);
    const again = mapFile(file, 'float64', [1024, 4], { mode: 'readwrite' });
    const tail = mapFile(file, 'float64', [4, 4], { mode: 'readwrite', offset: 8 * 4 * 512 });
    const rows = (array: { data: Float64Array }, from: number) => ({
      data: array.data,
      shape: [4, 4],
      offset: 4 * from,
    });
    const product = (from: never, out: never) => matmulSync(from, from, { out });
    expect(() => product(rows(whole, 8) as never, rows(again, 10) as never)).toThrow(
      expect.objectContaining(SHARES),
    );
    expect(() => product(rows(whole, 514) as never, tail as never)).toThrow(
      expect.objectContaining(SHARES),
    );
    expect(product(rows(whole, 8) as never, rows(again, 12) as never).data).toBe(again.data);
    expect(product(rows(whole, 516) as never, tail as never).data).toBe(tail.data);
    await expect(
      scale(2, rows(whole, 0) as never, { out: rows(again, 1) as never }),
    ).rejects.toMatchObject(SHARES);
    // What is written to a private mapping stays in it.
    const own = mapFile(file, 'float64', [1024, 4]);
    expect(product(rows(whole, 8) as never, rows(own as never, 8) as never).data).toBe(own.data);
  });

  it('typed arrays, for what is written in TypeScript', () => {
    const bytes = new SharedArrayBuffer(64);
    const again = structuredClone(bytes);
    const one = new Float64Array(bytes, 0, 4);
    expect(sharesMemory(one, new Uint8Array(again, 31, 1))).toBe(true);
    expect(sharesMemory(one, new Uint8Array(again, 32, 1))).toBe(false);
    expect(sharesMemory(one, new Float64Array(0))).toBe(false);
    expect(() => requireApart('out', one, new Float64Array(again))).toThrow(
      expect.objectContaining(SHARES),
    );
    const segment = shared.zeros('float64', 8);
    expect(sharesMemory(segment, segment.subarray(2, 3))).toBe(true);
    expect(stridesOf([2, 3, 4])).toEqual([12, 4, 1]);
  });
});
