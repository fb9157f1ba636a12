import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadNpz, NpyError, saveNpz } from '../../src/memory/index.ts';
import { fc } from '../helpers/seeds.ts';

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'heddle-npz-'));
  file = path.join(folder, 'a.npz');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const weights = Float64Array.from({ length: 60 }, (_, i) => i / 8);
const arrays = {
  weights: { data: weights, shape: [3, 20], stride: [1, 3], offset: 0 },
  'layer/0': Int8Array.of(-1, 2),
  __proto__2: Uint16Array.of(7),
  empty: new Float32Array(0),
  flags: { data: Uint8Array.of(1, 0, 1), shape: [3], dtype: 'bool' },
};

describe('.npz files', () => {
  it.each([false, true])('bring arrays back, compress: %s', async (compress) => {
    await saveNpz(file, arrays, { compress });
    const loaded = await loadNpz(file);
    expect(Object.keys(loaded)).toEqual(Object.keys(arrays));
    expect(loaded.weights).toEqual({ ...arrays.weights, dtype: 'float64' });
    expect(loaded['layer/0']).toMatchObject({ data: Int8Array.of(-1, 2), shape: [2] });
    expect(loaded.empty?.data).toEqual(new Float32Array(0));
    expect(loaded.flags).toMatchObject({ data: Uint8Array.of(1, 0, 1), dtype: 'bool' });
    const some = await loadNpz(file, { names: ['flags'] });
    expect(Object.keys(some)).toEqual(['flags']);
    await expect(loadNpz(file, { names: ['bias'] })).rejects.toThrow(
      /no array 'bias'; it has weig/,
    );
    // The same arrays make the same bytes, whenever they are written.
    const bytes = readFileSync(file);
    await saveNpz(file, arrays, { compress });
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  it('take every name, also those of Object.prototype', async () => {
    const odd = Object.fromEntries(
      ['__proto__', 'constructor', 'toString', 'größe', 'a.b', ' '].map((name, i) => [
        name,
        Int32Array.of(i),
      ]),
    );
    await saveNpz(file, odd);
    const loaded = await loadNpz(file);
    expect(Object.keys(loaded)).toEqual(Object.keys(odd));
    expect(Object(loaded).constructor.data).toEqual(Int32Array.of(1));
    const code = 'ERR_HEDDLE_INVALID_ARGUMENT';
    for (const name of ['', '..', 'a/../b', '/a', 'a\\b', 'C:/a', 'x'.repeat(70_000)]) {
      await expect(saveNpz(file, { [name]: weights })).rejects.toMatchObject({ code });
    }
    await expect(saveNpz(file, { a: [1] as never })).rejects.toMatchObject({ code });
    await expect(saveNpz(file, weights as never)).rejects.toMatchObject({ code });
    await expect(saveNpz(file, {}, { compress: 9 as never })).rejects.toMatchObject({ code });
    expect(Object.keys(await loadNpz(file))).toEqual(Object.keys(odd));
    await saveNpz(file, {});
    expect(Object.keys(await loadNpz(file))).toEqual([]);
  });

  it('stream arrays that are larger than their pieces', async () => {
    const big = Float64Array.from({ length: 700_000 }, (_, i) => Math.sin(i));
    const turned = { data: big, shape: [700, 1000], stride: [-1000, 1], offset: 699_000 };
    for (const compress of [false, true]) {
      await saveNpz(file, { big, turned }, { compress });
      const loaded = await loadNpz(file);
      expect(loaded.big?.data).toEqual(big);
      expect(loaded.turned?.data[0]).toBe(big[699_000]);
      expect(loaded.turned?.data[699_999]).toBe(big[999]);
    }
  });

  it('are refused when they are none', async () => {
    writeFileSync(file, 'not an archive');
    await expect(loadNpz(file)).rejects.toThrow(NpyError);
    writeFileSync(file, '');
    await expect(loadNpz(file)).rejects.toThrow(NpyError);
    await expect(loadNpz(folder)).rejects.toThrow(/regular/);
    await expect(loadNpz(path.join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(saveNpz(path.join(folder, 'no', 'x.npz'), {})).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  it('do not make an archive bigger than its bytes can', async () => {
    await saveNpz(file, { a: new Uint8Array(100_000) }, { compress: true });
    const bytes = readFileSync(file);
    // The directory says that the member has 4 GB; so does its header.
    const at = bytes.indexOf('PK\x01\x02', 0, 'latin1');
    bytes.writeUInt32LE(4_000_000_000, at + 24);
    writeFileSync(file, bytes);
    const before = process.memoryUsage().arrayBuffers;
    await expect(loadNpz(file)).rejects.toThrow(/damaged: it says that it has/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 24);
  });

  it.each([false, true])(
    'damaged in any bit: the arrays or a typed error',
    async (compress) => {
      const value = Float64Array.from({ length: 40 }, (_, i) => i * i);
      await saveNpz(file, { a: value, b: Int16Array.of(1, 2, 3) }, { compress });
      const good = readFileSync(file);
      const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), {
        minLength: 1,
        maxLength: 3,
      });
      await fc.assert(
        fc.asyncProperty(damage, fc.option(fc.nat(good.length)), async (edits, length) => {
          const bytes = Buffer.from(good);
          for (const [at, byte] of edits) bytes[at] = byte;
          writeFileSync(file, length === null ? bytes : bytes.subarray(0, length));
          try {
            // A name or a number that isn't covered by a checksum may have changed, no element.
            for (const { data } of Object.values(await loadNpz(file))) {
              expect([40, 3]).toContain(data.length);
              expect(data[1]).toBe(data.length === 40 ? 1 : 2);
            }
          } catch (error) {
            if (!(error instanceof NpyError)) throw error;
          }
        }),
        { numRuns: 600 },
      );
    },
    60_000,
  );
});
