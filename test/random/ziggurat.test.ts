import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { zigguratHeader, zigguratTables } from '../../scripts/ziggurat-tables.mjs';
import { native } from '../../src/native.ts';

const tables = zigguratTables();

describe('the ziggurat tables', () => {
  it('in the header are what their formulas give', () => {
    const header = new URL('../../native/random/ziggurat_tables.h', import.meta.url);
    expect(readFileSync(header, 'utf8')).toBe(zigguratHeader());
  });

  it('in the addon are those', () => {
    const compiled = native.random.tables();
    expect([...compiled.normalLimit]).toEqual(tables.normal.limit.map(Number));
    expect([...compiled.normalWidth]).toEqual(tables.normal.width);
    expect([...compiled.exponentialLimit]).toEqual(tables.exponential.limit.map(Number));
    expect([...compiled.exponentialWidth]).toEqual(tables.exponential.width);
  });

  it.each([
    ['normal', 52, (x: number) => Math.exp((-x * x) / 2), 1e-13],
    ['normalFloat', 23, (x: number) => Math.exp((-x * x) / 2), 2e-7],
    ['exponential', 53, (x: number) => Math.exp(-x), 1e-14],
    ['exponentialFloat', 23, (x: number) => Math.exp(-x), 2e-7],
  ] as const)('%s: layers of one area under the density', (name, bits, density, error) => {
    const { limit, width, height } = tables[name];
    const ends = width.map((w: number) => w * 2 ** bits);
    const area = (ends[0] as number) * (height[255] as number);
    for (let i = 1; i < 256; i++) {
      const [x, f] = [ends[i] as number, height[i] as number];
      expect(Math.abs(f / density(x) - 1)).toBeLessThan(error * 40);
      // The area of a layer: its end times how much higher the next one inside begins.
      const above = (height[i - 1] as number) - f;
      expect(Math.abs((x * above) / area - 1)).toBeLessThan(error * 400);
      if (i === 1) expect(limit[i]).toBe(0n);
      else {
        const share = Number(limit[i]) / 2 ** bits;
        expect(Math.abs(share - (ends[i - 1] as number) / x)).toBeLessThan(error);
      }
    }
  });
});
