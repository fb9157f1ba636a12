import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  loadNpy,
  mapFile,
  type NpyArray,
  NpyError,
  type StridedArray,
  saveNpy,
  type TypedArray,
} from '../../src/memory/index.ts';
import { windows } from '../../src/memory/npy.ts';
import { formatHeader } from '../../src/memory/npy-header.ts';
import { fc } from '../helpers/seeds.ts';

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'heddle-npy-'));
  file = path.join(folder, 'a.npy');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** All elements in row-major order, by the definition of strides. */
function elements({ data, shape, stride, offset = 0 }: StridedArray): (number | bigint)[] {
  const steps = stride ?? shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  let at = [offset];
  for (const [axis, length] of shape.entries()) {
    at = at.flatMap((start) =>
      Array.from({ length }, (_, i) => start + i * (steps[axis] as number)),
    );
  }
  return at.map((index) => data[index] as number | bigint);
}

/** An .npy file of any header and body. */
function write(dict: string | Buffer, body: Uint8Array, version = 1): void {
  const text = Buffer.from(dict as string, 'utf8');
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) length.writeUInt16LE(text.length);
  else length.writeUInt32LE(text.length);
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), version, 0]);
  writeFileSync(file, Buffer.concat([start, length, text, body]));
}

const header = (descr: string, shape: string, fortran = 'False') =>
  `{'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

const arrays = fc.oneof(
  fc.float64Array({ minLength: 1 }),
  fc.float32Array({ minLength: 1 }),
  fc.int32Array({ minLength: 1 }),
  fc.uint32Array({ minLength: 1 }),
  fc.int16Array({ minLength: 1 }),
  fc.uint16Array({ minLength: 1 }),
  fc.int8Array({ minLength: 1 }),
  fc.uint8Array({ minLength: 1 }),
  fc.bigInt64Array({ minLength: 1 }),
  fc.bigUint64Array({ minLength: 1 }),
) as fc.Arbitrary<TypedArray>;

describe('saveNpy and loadNpy', () => {
  it('bring typed arrays back as they were', async () => {
    await fc.assert(
      fc.asyncProperty(arrays, async (data) => {
        await saveNpy(file, data);
        const loaded = await loadNpy(file);
        expect(loaded).toMatchObject({ data, shape: [data.length], stride: [1], offset: 0 });
        expect(`${loaded.dtype[0]?.toUpperCase()}${loaded.dtype.slice(1)}Array`).toBe(
          data.constructor.name.replace(/Big(I|Ui)nt/, (_, kind) =>
            kind === 'I' ? 'Int' : 'Uint',
          ),
        );
        expect(mapFile(file)).toEqual(loaded);
      }),
      { numRuns: 60 },
    );
    await saveNpy(file, new Float64Array(0));
    expect(await loadNpy(file)).toMatchObject({ data: new Float64Array(0), shape: [0] });
    expect(mapFile(file).data).toEqual(new Float64Array(0));
  });

  it('write what strides and offset say, of any array', async () => {
    const axes = fc.array(
      fc.record({ length: fc.nat(4), gap: fc.integer({ min: 0, max: 2 }), back: fc.boolean() }),
      { maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(axes, fc.nat(5), fc.nat(23), async (list, before, turn) => {
        const shape = list.map(({ length }) => length);
        // Axes in some order of nesting, with gaps, some of them backwards.
        const order = [...list.keys()].sort((a, b) => ((a + turn) % 4) - ((b + turn) % 4));
        const stride = new Array<number>(shape.length).fill(0);
        let [reach, offset] = [1, before];
        for (const axis of order) {
          const { length, gap, back } = list[axis]!;
          stride[axis] = back ? -(reach + gap) : reach + gap;
          if (back) offset += (reach + gap) * Math.max(length - 1, 0);
          reach = (reach + gap) * Math.max(length, 1);
        }
        const data = Int32Array.from({ length: before + reach + 3 }, (_, i) => i);
        const array = { data, shape, stride, offset };
        await saveNpy(file, array);
        const loaded = await loadNpy(file);
        expect(loaded.shape).toEqual(shape);
        expect(elements(loaded)).toEqual(elements(array));
        expect(elements(mapFile(file))).toEqual(elements(array));
      }),
      { numRuns: 200 },
    );
  });

  it('write large arrays with strides in several pieces', async () => {
    const [rows, columns] = [300, 401];
    const data = Float64Array.from({ length: rows * columns }, (_, i) => i);
    // Every row backwards: dense in neither order.
    const array = { data, shape: [rows, columns], stride: [columns, -1], offset: columns - 1 };
    await saveNpy(file, array);
    const loaded = await loadNpy(file);
    expect(loaded.data).toEqual(Float64Array.from(elements(array) as number[]));
  });

  it('write the factor of a matrix in Fortran order as it is', async () => {
    const data = Float64Array.of(1, 2, 3, 4, 5, 6);
    await saveNpy(file, { data, shape: [2, 3], stride: [1, 2], offset: 0 });
    expect(readFileSync(file, 'latin1')).toContain("'fortran_order': True");
    const loaded = await loadNpy(file);
    expect(loaded).toMatchObject({ data, shape: [2, 3], stride: [1, 2] });
    expect(mapFile(file)).toEqual(loaded);
    expect(() => mapFile(file, 'float64', [2, 3])).toThrow(/'shape' must be left out/);
  });

  it('take what typed arrays only carry', async () => {
    await saveNpy(file, Uint8Array.of(0, 1, 7), { dtype: 'bool' });
    const bool = await loadNpy(file);
    expect(bool).toMatchObject({ data: Uint8Array.of(0, 1, 1), dtype: 'bool' });
    const times = BigInt64Array.of(0n, -(2n ** 63n), 1_700_000_000_000n);
    await saveNpy(file, times, { dtype: 'datetime64[ms]' });
    const loaded = await loadNpy(file);
    expect(loaded).toMatchObject({ data: times, dtype: 'datetime64[ms]' });
    expect(mapFile(file)).toEqual(loaded);
    // What was loaded is saved as what it is.
    await saveNpy(file, loaded);
    expect(await loadNpy(file)).toEqual(loaded);
    await saveNpy(file, times, { dtype: 'timedelta64[25s]' });
    expect((await loadNpy(file)).dtype).toBe('timedelta64[25s]');
  });

  it('round to half precision as IEEE 754 says', async () => {
    const values = Float32Array.of(
      ...[0, -0, 1, -2, 65504, 65519, 65520, 1e9, Number.NaN, Number.NEGATIVE_INFINITY],
      // Halfway between two: to the even one. Then the smallest numbers, and what is below.
      ...[2049, 2051, 2 ** -24, 2 ** -25, 2 ** -25 * 1.5, 2 ** -14 - 2 ** -25, 1 - 2 ** -13],
    );
    await saveNpy(file, values, { dtype: 'float16' });
    const { data, dtype } = await loadNpy(file);
    expect(dtype).toBe('float16');
    const [inf, nan] = [Number.POSITIVE_INFINITY, Number.NaN];
    expect([...(data as Float32Array)]).toEqual([
      ...[0, -0, 1, -2, 65504, 65504, inf, inf, nan, -inf],
      ...[2048, 2052, 2 ** -24, 0, 2 ** -24, 2 ** -14, 1],
    ]);
    expect(() => mapFile(file)).toThrow(/float16 half precision.*loadNpy/);
    // All 65 536 of them, there and back.
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
    writeFileSync(
      file,
      Buffer.concat([formatHeader('<f2', false, [65536]), Buffer.from(all.buffer)]),
    );
    const numbers = await loadNpy(file);
    await saveNpy(file, numbers);
    const again = await loadNpy(file);
    expect(again.data).toEqual(numbers.data);
  });

  it('refuse what does not fit before the file is touched', async () => {
    await saveNpy(file, Int8Array.of(5));
    const code = 'ERR_HEDDLE_INVALID_ARGUMENT';
    const data = new Float64Array(6);
    for (const refused of [
      () => saveNpy(file, { data, shape: [7] }),
      () => saveNpy(file, { data, shape: [2, 2] }),
      () => saveNpy(file, { data, shape: [2, 3], stride: [3, 2] }),
      () => saveNpy(file, { data, shape: [2, 3], stride: [-3, 1] }),
      () => saveNpy(file, { data, shape: [2, 3], offset: 1 }),
      () => saveNpy(file, { data, shape: [2, 3], stride: [3] }),
      () => saveNpy(file, { data, shape: [2, 3], stride: [0.5, 1] }),
      () => saveNpy(file, { data, shape: [2, 3], offset: -1 }),
      () => saveNpy(file, { data, shape: new Array(65).fill(1), offset: 0 }),
      () => saveNpy(file, data, { dtype: 'bool' }),
      () => saveNpy(file, data, { dtype: 'float32' }),
      () => saveNpy(file, data, { dtype: 'datetime64[s]' }),
      () => saveNpy(file, new BigInt64Array(1), { dtype: 'datetime64[parsec]' }),
      () => saveNpy(file, data, { dtype: 'constructor' as 'bool' }),
      () => saveNpy(file, 'x' as unknown as Float64Array),
      () => saveNpy(file, new DataView(data.buffer) as unknown as Float64Array),
    ]) {
      await expect(refused()).rejects.toMatchObject({ code });
    }
    expect((await loadNpy(file)).data).toEqual(Int8Array.of(5));
  });
});

describe('a header', () => {
  it.each([
    ["'<c16'", '(1,)', /complex numbers/],
    ["'|O'", '(1,)', /Python objects/],
    ["'<U5'", '(1,)', /strings/],
    ["'|S5'", '(1,)', /byte strings/],
    ["'|V8'", '(1,)', /structure/],
    ["'<f16'", '(1,)', /wider than 64/],
    ["[('x', '<f8'), ('y', '<i4')]", '(1,)', /structured dtype/],
    ["('<f8', (2,))", '(1,)', /structured dtype/],
    ["'<constructor'", '(1,)', /unknown type/],
    ["'<__proto__'", '(1,)', /unknown type/],
    ["'|f8'", '(1,)', /order of bytes/],
    ["'<f9'", '(1,)', /wider than 64/],
    ["'<M8[parsec]'", '(1,)', /unknown type/],
    ["''", '(1,)', /unknown type/],
    ["'<f8'", '(-1,)', /shape \(-1\)/],
    ["'<f8'", '(1.5,)', /not understood/],
    ["'<f8'", '(True,)', /no tuple/],
    ["'<f8'", '1', /no tuple/],
    ["'<f8'", '(1)', /no tuple/],
    ["'<f8'", '(99999999999999999999,)', /no tuple/],
    ["'<f8'", '(9007199254740991, 9007199254740991)', /can be counted/],
    ["'<f8'", '(1000000000000,)', /cut off: .* but has 8 bytes/],
    ["'<f8'", '(2,)', /cut off/],
    ["'<f8', 'more': 1", '(1,)', /exactly/],
    ["'<f8", '(1,)', /not understood/],
    [`${'('.repeat(60)}${')'.repeat(60)}`, '(1,)', /not understood/],
  ])('with descr %s and shape %s is refused by name', async (descr, shape, why) => {
    write(header(descr, shape), Buffer.alloc(8));
    await expect(loadNpy(file)).rejects.toThrow(NpyError);
    await expect(loadNpy(file)).rejects.toThrow(why);
    expect(() => mapFile(file)).toThrow(NpyError);
    if (!/cut off/.test(why.source)) expect(() => mapFile(file)).toThrow(why);
  });

  it.each([
    ["'<f8'", '(1L,)', [1]],
    ['"<f8"', '( 1 , )', [1]],
    ["u'<f8'", '[1]', [1]],
    ["'=f8'", '(1,)', [1]],
    ["'f8'", '()', []],
    ["'<f8'", '(1, 1)', [1, 1]],
    ["'<f8'", '(0, 9007199254740991, 9007199254740991)', [0, 2 ** 53 - 1, 2 ** 53 - 1]],
  ])('with descr %s and shape %s is read', async (descr, shape, wanted) => {
    for (const version of [1, 2, 3]) {
      write(header(descr, shape), Buffer.from(Float64Array.of(2.5).buffer), version);
      const loaded = await loadNpy(file);
      expect(loaded).toMatchObject({ shape: wanted, dtype: 'float64' });
      expect([...(loaded.data as Float64Array)]).toEqual(wanted.includes(0) ? [] : [2.5]);
    }
  });

  it('of a few bytes is no reason to read beyond it', async () => {
    write('', Buffer.alloc(8));
    await expect(loadNpy(file)).rejects.toThrow(/not understood/);
    write('{}', Buffer.alloc(0));
    await expect(loadNpy(file)).rejects.toThrow(/exactly/);
    write(header("'<f8'", '(1,)'), Buffer.alloc(8), 4);
    await expect(loadNpy(file)).rejects.toThrow(/version 4/);
    writeFileSync(file, Buffer.from('\x93NUMPY\x02\x00\xff\xff\xff\xff', 'latin1'));
    await expect(loadNpy(file)).rejects.toThrow(/4294967295 bytes/);
    await expect(loadNpy(folder)).rejects.toThrow(/folder|EISDIR/);
    await expect(loadNpy(path.join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(loadNpy('/dev/zero')).rejects.toThrow(/regular/);
  });

  it('of any bytes gives an array that fits its file, or a typed error', async () => {
    const data = Float64Array.from({ length: 24 }, (_, i) => i);
    await saveNpy(file, { data, shape: [4, 6] });
    const good = readFileSync(file);
    const pieces = [
      '<f8',
      '>i2',
      '|b1',
      '<M8[s]',
      'constructor',
      '(',
      ')',
      ',',
      "'",
      '9',
      '[',
      'True',
    ];
    const edit = fc.oneof(
      fc.record({ at: fc.nat(127), bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }) }),
      fc.record({
        at: fc.integer({ min: 10, max: 100 }),
        bytes: fc.constantFrom(...pieces).map((text) => Buffer.from(text)),
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(edit, { minLength: 1, maxLength: 3 }),
        fc.option(fc.nat(good.length)),
        async (edits, length) => {
          const bytes = Buffer.from(good);
          for (const { at, bytes: some } of edits) bytes.set(some, at);
          writeFileSync(file, length === null ? bytes : bytes.subarray(0, length));
          const read = async (how: () => Promise<NpyArray> | NpyArray) => {
            try {
              const { data, shape } = await how();
              // Half precision takes twice the room of the file.
              expect(data.byteLength).toBeLessThanOrEqual(2 * good.length);
              expect(shape.reduce((a, b) => a * b, 1)).toBe(data.length);
              return data;
            } catch (error) {
              expect((error as { code: string }).code).toMatch(/^ERR_HEDDLE_/);
              return null;
            }
          };
          const loaded = await read(() => loadNpy(file));
          const mapped = await read(() => mapFile(file));
          if (mapped && loaded) expect(mapped).toEqual(loaded);
        },
      ),
      { numRuns: 1500 },
    );
  }, 60_000);
});

describe('big files', () => {
  it('are gone through in pieces that one array holds', () => {
    // Memory that nothing touches, and so takes none.
    const { buffer } = new Float64Array(2 ** 29 + 3);
    let next = 8;
    for (const part of windows(buffer, 8, buffer.byteLength - 8)) {
      expect(part.byteOffset).toBe(next);
      next += part.byteLength;
    }
    expect(next).toBe(2 ** 32 + 24);
  });

  it('of 4 GiB and more are read', async () => {
    const big = path.join(folder, 'big.npy');
    const count = 2 ** 29 + 2;
    const head = formatHeader('<f8', false, [count]);
    writeFileSync(big, head);
    // A hole reads as zeros and takes no room on the disk.
    truncateSync(big, head.length + count * 8);
    const { data } = await loadNpy(big);
    expect([data.length, data[0], data[count - 1]]).toEqual([count, 0, 0]);
  }, 120_000);

  it('are not believed where they are only said to be big', async () => {
    const head = formatHeader('|u1', false, [2 ** 46]);
    writeFileSync(file, head);
    const before = process.memoryUsage().arrayBuffers;
    await expect(loadNpy(file)).rejects.toThrow(/cut off/);
    // A file of holes that is as big as it says, but that no memory holds.
    truncateSync(file, head.length + 2 ** 43);
    writeFileSync(path.join(folder, 'huge.npy'), formatHeader('|u1', false, [2 ** 43]));
    truncateSync(path.join(folder, 'huge.npy'), 2 ** 43 + 128);
    await expect(loadNpy(path.join(folder, 'huge.npy'))).rejects.toThrow(/more than memory/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 24);
  });
});
