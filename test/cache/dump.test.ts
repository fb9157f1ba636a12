/**
 * `dump` and `load`: what comes back is what went, or an error that says what is wrong.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CloneError, DumpError, dump, heddle, load, shared } from '../../src/index.ts';
import { builtUrl } from '../helpers/built.ts';
import { difference } from '../helpers/isomorphic.ts';
import { mappedFiles } from '../helpers/maps.ts';
import { fc } from '../helpers/seeds.ts';
import { anyValue } from '../helpers/values.ts';

let folder = '';
let file = '';

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'dump-'));
  file = path.join(folder, 'value.heddle');
});

afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

const zstd = 'zstdCompress' in zlib;
const METHODS = [false, true, 'deflate', 'brotli', ...(zstd ? (['zstd'] as const) : [])] as const;

/** 2 MiB, of which every byte tells its place. */
function large(): Float64Array {
  return Float64Array.from({ length: 2 ** 18 }, (_, i) => i);
}

class Secret {
  readonly #n: number;
  constructor(n: number) {
    this.#n = n;
  }
  get n(): number {
    return this.#n;
  }
  [heddle.state](): number {
    return this.#n;
  }
  static [heddle.restore](n: number): Secret {
    return new Secret(n);
  }
}

/** Writes with some bytes changed. */
function change(edit: (bytes: Buffer) => Buffer | undefined): void {
  const bytes = fs.readFileSync(file);
  // Another file, as a copy would be: what was read before must not vouch for it.
  fs.rmSync(file);
  fs.writeFileSync(file, edit(bytes) ?? bytes);
}

describe('dump and load', () => {
  it.each(METHODS)('carry any value (compress: %s)', async (compress) => {
    await fc.assert(
      fc.asyncProperty(anyValue, async (value) => {
        await dump(value, file, { compress });
        expect(difference(value, await load(file))).toBeNull();
      }),
      { numRuns: 30 },
    );
  });

  it.each(METHODS)('carry large arrays and what shares them (compress: %s)', async (compress) => {
    const all = large();
    const other = new Uint8Array(3 * 2 ** 20).fill(7);
    const value = { all, part: all.subarray(10, 2 ** 17), other, small: new Int8Array([1]) };
    const size = await dump(value, file, { compress });
    expect(fs.statSync(file).size).toBe(size);
    const back = await load<typeof value>(file);
    expect(difference(value, back)).toBeNull();
    expect(back.part.buffer).toBe(back.all.buffer);
    if (compress) expect(size).toBeLessThan(4 * 2 ** 20);
  });

  it('carry functions, classes and errors', async () => {
    const rate = 3;
    const error = Object.assign(new RangeError('no', { cause: 1 }), { code: 'E' });
    await dump({ f: (x: number) => x * rate, secret: new Secret(5), error }, file);
    const back = await load<{ f(x: number): number; secret: Secret; error: typeof error }>(file);
    expect(back.f(2)).toBe(6);
    expect(back.secret).toBeInstanceOf(Secret);
    expect(back.secret.n).toBe(5);
    expect(back.error).toBeInstanceOf(RangeError);
    expect(back.error).toMatchObject({ message: 'no', cause: 1, code: 'E' });
  });

  it('carry a function and an instance to another process', async () => {
    const script = `
      import { dump } from ${JSON.stringify(builtUrl)};
      class Line { constructor(a) { this.a = a; } at(x) { return this.a * x; } }
      const line = new Line(4);
      await dump({ line, at: (x) => line.at(x) + 1 }, ${JSON.stringify(file)});
    `;
    execFileSync(process.execPath, ['--input-type=module', '-e', script]);
    const back = await load<{ line: { at(x: number): number }; at(x: number): number }>(file);
    expect(back.line.at(2)).toBe(8);
    expect(back.at(2)).toBe(9);
  });

  it('write what is in shared memory as it is', async () => {
    const array = shared.zeros('float64', 2 ** 18);
    array[5] = 1;
    await dump(array, file);
    array[5] = 2;
    expect((await load<Float64Array>(file))[5]).toBe(1);
  });

  it('map large arrays copy-on-write, unless they are told not to', async () => {
    await dump(large(), file);
    const mapped = await load<Float64Array>(file);
    mapped[0] = 7;
    expect((await load<Float64Array>(file))[0]).toBe(0);
    expect(mapped[0]).toBe(7);
    const isMapped = (): boolean => mappedFiles().some((name) => name.includes(file));
    expect(isMapped()).toBe(true);
    // It stays when the file has gone, or is another one.
    await dump(new Float64Array(2 ** 18).fill(-1), file);
    expect(mapped[9]).toBe(9);
    fs.rmSync(file);
    expect(mapped[10]).toBe(10);
    const copied = path.join(folder, 'copied');
    await dump(large(), copied);
    const read = await load<Float64Array>(copied, { map: false });
    expect(mappedFiles().some((name) => name.includes(copied))).toBe(false);
    expect(read[11]).toBe(11);
  });

  it('find every byte of a small file that has changed', async () => {
    await dump({ a: [1, 2, 3], text: 'heddle' }, file);
    const good = fs.readFileSync(file);
    for (let at = 0; at < good.length; at++) {
      const bytes = Buffer.from(good);
      bytes[at]! ^= 1 << (at % 8);
      fs.writeFileSync(file, bytes);
      await expect(load(file), `byte ${at}`).rejects.toThrow(DumpError);
    }
  });

  it.each([false, 'deflate'] as const)('find a changed array (compress: %s)', async (compress) => {
    await dump(large(), file, { compress });
    change((bytes) => {
      bytes[bytes.length >> 1]! ^= 4;
      return undefined;
    });
    await expect(load(file)).rejects.toThrow();
    await expect(load(file, { map: false })).rejects.toThrow();
  });

  it('find a changed array in a file that was read before', async () => {
    await dump(large(), file);
    await load(file);
    change((bytes) => {
      bytes[bytes.length - 1]! ^= 4;
      return undefined;
    });
    await expect(load(file)).rejects.toThrow(/the checksum of an array differs/);
  });

  it('refuse files that were cut off or are something else', async () => {
    await dump(large(), file);
    change((bytes) => bytes.subarray(0, bytes.length - 1));
    await expect(load(file)).rejects.toThrow(/it has \d+ bytes, and \d+ were written/);
    for (const text of ['', 'HEDDLE', 'x'.repeat(100)]) {
      fs.writeFileSync(file, text);
      await expect(load(file)).rejects.toThrow(
        expect.objectContaining({ code: 'ERR_HEDDLE_DUMP', path: file }),
      );
    }
    await expect(load(path.join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('leave nothing behind where a value or a folder is none', async () => {
    await expect(dump({ on: Promise.resolve() }, file)).rejects.toThrow(CloneError);
    await expect(dump({ on: Promise.resolve() }, file)).rejects.toThrow(/'value\.on'/);
    await expect(dump(1, path.join(folder, 'no', 'file'))).rejects.toMatchObject({
      code: 'ENOENT',
    });
    fs.mkdirSync(file);
    await expect(dump(1, file)).rejects.toThrow();
    expect(fs.readdirSync(folder)).toEqual([path.basename(file)]);
  });

  it('give whole files to readers while others write', async () => {
    const write = async (n: number): Promise<void> => {
      await dump(new Float64Array(2 ** 17).fill(n), file);
    };
    await write(0);
    const read = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        const array = await load<Float64Array>(file);
        const [first] = array;
        expect(array.every((one) => one === first)).toBe(true);
      }
    };
    await Promise.all([
      read(),
      read(),
      (async () => {
        for (let n = 1; n < 20; n++) await write(n);
      })(),
    ]);
  });

  it('check their arguments', async () => {
    await expect(dump(1, '')).rejects.toThrow(/'file' must be the path of a file/);
    await expect(dump(1, 'a\0b')).rejects.toThrow(/'file'/);
    await expect(dump(1, file, { compress: 'gzip' as never })).rejects.toThrow(/'compress'/);
    await expect(load(file, { mmap: true } as never)).rejects.toThrow(/did you mean 'map'/);
  });
});
