import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadNpy, loadNpz, mapFile, NpyError, saveNpy, saveNpz } from '../../src/memory/index.ts';
import { python as program } from '../helpers/debian.ts';
import { fc } from '../helpers/seeds.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'heddle-numpy-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a few lines of Python with NumPy; `numpy`, `folder` and `json` are there. */
function python(code: string): string {
  return execFileSync(
    program,
    ['-c', `import json, numpy, sys\nfolder = sys.argv[1]\n${code}`, folder],
    { encoding: 'utf8', maxBuffer: 1 << 26 },
  ).trim();
}

/** All elements of `numpy.arange(24).reshape(2, 3, 4)`, wherever they lie. */
function isRange({ data, shape, stride }: Awaited<ReturnType<typeof loadNpy>>): boolean {
  if (shape.join() !== '2,3,4') return false;
  for (let at = 0; at < 24; at++) {
    const index = [Math.floor(at / 12), Math.floor(at / 4) % 3, at % 4];
    const place = index.reduce((sum, i, axis) => sum + i * stride[axis]!, 0);
    if (Number(data[place]) !== at) return false;
  }
  return true;
}

const numbers = ['f8', 'f4', 'f2', 'i8', 'u8', 'i4', 'u4', 'i2', 'u2', 'i1', 'u1'];

describe('files of NumPy', () => {
  it('are read in every type and both orders of bytes and axes', async () => {
    python(`
for name in ${JSON.stringify(numbers)}:
    for mark, order in (('lt', '<'), ('gt', '>')):
        a = numpy.arange(24).reshape(2, 3, 4).astype(order + name)
        numpy.save(f'{folder}/{name}-{mark}-C.npy', a)
        numpy.save(f'{folder}/{name}-{mark}-F.npy', numpy.asfortranarray(a))
numpy.save(folder + '/bool.npy', numpy.array([[True, False], [False, True]]))
numpy.save(folder + '/time.npy', numpy.array(['2024-02-29', 'NaT'], dtype='>M8[D]'))
numpy.save(folder + '/span.npy', numpy.array([5, -7], dtype='m8[25ms]'))
numpy.save(folder + '/scalar.npy', numpy.float64(2.5))
numpy.save(folder + '/halves.npy', numpy.arange(65536, dtype='u2').view('f2'))
numpy.save(folder + '/wide.npy', numpy.arange(65536, dtype='u2').view('f2').astype('f4'))
`);
    for (const name of numbers) {
      for (const order of ['lt-C', 'lt-F', 'gt-C', 'gt-F']) {
        const file = path.join(folder, `${name}-${order}.npy`);
        const loaded = await loadNpy(file);
        expect(isRange(loaded), file).toBe(true);
        if (name === 'f2' || (order.startsWith('gt') && !name.endsWith('1'))) {
          expect(() => mapFile(file)).toThrow(/loadNpy/);
        } else {
          expect(mapFile(file), file).toEqual(loaded);
        }
      }
    }
    const load = (name: string) => loadNpy(path.join(folder, `${name}.npy`));
    expect(await load('bool')).toMatchObject({ data: Uint8Array.of(1, 0, 0, 1), dtype: 'bool' });
    expect(await load('time')).toMatchObject({
      data: BigInt64Array.of(19782n, -(2n ** 63n)),
      dtype: 'datetime64[D]',
    });
    expect(await load('span')).toMatchObject({
      data: BigInt64Array.of(5n, -7n),
      dtype: 'timedelta64[25ms]',
    });
    expect(await load('scalar')).toMatchObject({
      data: Float64Array.of(2.5),
      shape: [],
      stride: [],
    });
    expect((await load('halves')).data).toEqual((await load('wide')).data);
  });

  it('are refused by name where no typed array holds them', async () => {
    python(`
save = lambda name, a: numpy.save(f'{folder}/{name}.npy', a, allow_pickle=True)
save('complex', numpy.ones(2, dtype=complex))
save('objects', numpy.array([{}, None]))
save('strings', numpy.array(['a', 'bc']))
save('bytes', numpy.array([b'a']))
save('fields', numpy.zeros(2, dtype=[('x', 'f8'), ('y', 'i4', (2,))]))
save('raw', numpy.zeros(2, dtype='V5'))
save('long', numpy.ones(2, dtype=numpy.longdouble))
`);
    for (const [name, why] of Object.entries({
      complex: /'<c16' \(complex/,
      objects: /'\|O' \(Python objects/,
      strings: /'<U2' \(strings/,
      bytes: /'\|S1' \(byte strings/,
      fields: /structured dtype/,
      raw: /'\|V5'/,
      long: /wider than 64 bits|float64/,
    })) {
      const file = path.join(folder, `${name}.npy`);
      if (name === 'long' && process.arch !== 'x64') continue;
      await expect(loadNpy(file)).rejects.toThrow(why);
      await expect(loadNpy(file)).rejects.toThrow(NpyError);
      expect(() => mapFile(file)).toThrow(why);
    }
  });

  it('are what ours are', async () => {
    const data = Float64Array.from({ length: 6 }, (_, i) => i / 4);
    const at = (name: string) => path.join(folder, `${name}.npy`);
    await saveNpy(at('a'), { data, shape: [2, 3] });
    await saveNpy(at('scalar'), { data: new Int32Array([5]), shape: [] });
    await saveNpy(at('fortran'), { data, shape: [2, 3], stride: [1, 2] });
    await saveNpy(at('back'), { data, shape: [3], stride: [-2], offset: 4 });
    await saveNpy(at('flags'), Uint8Array.of(0, 3), { dtype: 'bool' });
    await saveNpy(at('times'), BigInt64Array.of(0n, -(2n ** 63n)), { dtype: 'datetime64[s]' });
    const values = Float64Array.of(0.1, 65520, 1e-7, 2049, -0.3333);
    await saveNpy(at('half'), values, { dtype: 'float16' });
    const text = python(`
load = lambda name: numpy.load(f'{folder}/{name}.npy')
a, f, h = load('a'), load('fortran'), load('half')
numpy.seterr(over='ignore')
same = (h == numpy.array([0.1, 65520, 1e-7, 2049, -0.3333]).astype('f2')).all()
print(a.dtype, a.shape, a.sum(), load('scalar'), f.tolist(), f.flags.f_contiguous, load('back').tolist(), load('flags'), load('times'), h.dtype, same, sep='|')
`);
    expect(text).toBe(
      'float64|(2, 3)|3.75|5|[[0.0, 0.5, 1.0], [0.25, 0.75, 1.25]]|True|[1.0, 0.5, 0.0]|' +
        "[False  True]|['1970-01-01T00:00:00'                 'NaT']|float16|True",
    );
  });

  it('are archives, stored and deflated', async () => {
    python(`
a = numpy.asfortranarray(numpy.arange(6.0).reshape(2, 3))
numpy.savez(folder + '/stored.npz', numpy.arange(3), named=a)
numpy.savez_compressed(folder + '/deflated.npz', numpy.arange(3), named=a, big=numpy.zeros(1000000))
`);
    for (const name of ['stored', 'deflated']) {
      const loaded = await loadNpz(path.join(folder, `${name}.npz`));
      expect(loaded.arr_0?.data).toEqual(BigInt64Array.of(0n, 1n, 2n));
      expect(loaded.named).toMatchObject({ shape: [2, 3], stride: [1, 2] });
      expect([...(loaded.named!.data as Float64Array)]).toEqual([0, 3, 1, 4, 2, 5]);
      if (name === 'deflated') expect(loaded.big?.data.length).toBe(1_000_000);
    }
    const pixels = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);
    for (const compress of [false, true]) {
      await saveNpz(
        path.join(folder, 'ours.npz'),
        { pixels, 'a/größe': Int16Array.of(4) },
        { compress },
      );
      const text = python(`
with numpy.load(folder + '/ours.npz') as z:
    print(json.dumps([z.files, int(z['pixels'].sum()), z['a/größe'].tolist()]))
`);
      expect(JSON.parse(text)).toEqual([
        ['pixels', 'a/größe'],
        pixels.reduce((a, b) => a + b, 0),
        [4],
      ]);
    }
  });

  it('with changed headers: no other value than NumPy reads', async () => {
    const pieces = [
      '<',
      '>',
      '|',
      'f',
      'i',
      'u',
      'b',
      'M',
      'c',
      'True',
      'False',
      '(',
      ')',
      ',',
      ' ',
    ];
    const edits = fc.sample(
      fc.array(
        fc.record({
          // In the dictionary, and in the blanks behind it, where digits are damage and blanks are not.
          at: fc.oneof(fc.integer({ min: 8, max: 80 }), fc.integer({ min: 100, max: 124 })),
          text: fc.oneof(fc.constantFrom(...pieces), fc.constant(' '), fc.nat(99).map(String)),
        }),
        { minLength: 1, maxLength: 3 },
      ),
      { numRuns: 400, seed: 17 },
    );
    await saveNpy(path.join(folder, 'base.npy'), {
      data: Float64Array.from({ length: 12 }, (_, i) => i - 3),
      shape: [3, 4],
    });
    const base = readFileSync(path.join(folder, 'base.npy'));
    for (const [number, list] of edits.entries()) {
      const bytes = Buffer.from(base);
      for (const { at, text } of list) bytes.write(text, at, 'latin1');
      writeFileSync(path.join(folder, `changed-${number}.npy`), bytes);
    }
    const theirs = JSON.parse(
      python(`
import warnings
warnings.simplefilter('ignore')
out = []
for number in range(${edits.length}):
    try:
        a = numpy.load(f'{folder}/changed-{number}.npy')
        kind = a.dtype.kind
        if kind in 'mM': a = a.view(a.dtype.str[0] + 'i8')
        # As text, so that NaN, infinities and large integers come through.
        out.append([kind, a.shape, [repr(x) for x in a.ravel().tolist()]])
    except Exception as error:
        out.append(None)
print(json.dumps(out))
`),
    ) as ([string, number[], string[]] | null)[];
    let read = 0;
    for (const [number, wanted] of theirs.entries()) {
      const file = path.join(folder, `changed-${number}.npy`);
      let loaded: Awaited<ReturnType<typeof loadNpy>>;
      try {
        loaded = await loadNpy(file);
      } catch (error) {
        expect(error, file).toBeInstanceOf(NpyError);
        continue;
      }
      // What NumPy takes for damaged, it is to us.
      expect(wanted, `${file}: ${readFileSync(file, 'latin1').slice(8, 100)}`).not.toBeNull();
      const [, shape, values] = wanted!;
      expect(loaded.shape, file).toEqual(shape);
      read += 1;
      const { data, stride } = loaded;
      for (const [at, text] of values.entries()) {
        let rest = at;
        let place = 0;
        for (let axis = shape.length - 1; axis >= 0; axis--) {
          place += (rest % shape[axis]!) * stride[axis]!;
          rest = Math.floor(rest / shape[axis]!);
        }
        const value = data[place] as number | bigint;
        const right =
          text === 'True' ? 1 : text === 'False' ? 0 : text === 'nan' ? Number.NaN : Number(text);
        expect(Number(value), `${file} [${at}]`).toBe(right);
      }
    }
    expect(read).toBeGreaterThan(20);
  });
});
