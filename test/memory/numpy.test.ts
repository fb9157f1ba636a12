import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadNpy, mapFile, NpyError, saveNpy } from '../../src/memory/index.ts';
import { python as program } from '../helpers/debian.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'heddle-numpy-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a few lines of Python with NumPy; `numpy` and `folder` are there. */
function python(code: string): string {
  return execFileSync(program, ['-c', `import numpy, sys\nfolder = sys.argv[1]\n${code}`, folder], {
    encoding: 'utf8',
  });
}

describe('.npy files', () => {
  it("are NumPy's", async () => {
    const data = Float64Array.from({ length: 6 }, (_, i) => i / 4);
    await saveNpy(path.join(folder, 'a.npy'), { data, shape: [2, 3] });
    await saveNpy(path.join(folder, 'scalar.npy'), { data: new Int32Array([5]), shape: [] });
    const text = python(`
a = numpy.load(folder + '/a.npy')
print(a.dtype, a.shape, a.sum(), numpy.load(folder + '/scalar.npy'))
for name in ['f8', 'f4', 'i8', 'u8', 'i4', 'u4', 'i2', 'u2', 'i1', 'u1']:
    numpy.save(folder + '/' + name + '.npy', numpy.arange(12, dtype='<' + name).reshape(3, 2, 2))
numpy.save(folder + '/column.npy', numpy.asfortranarray(numpy.ones((2, 3))))
numpy.save(folder + '/complex.npy', numpy.ones(2, dtype=complex))
numpy.save(folder + '/big.npy', numpy.ones(2, dtype='>f8'))
`);
    expect(text.trim()).toBe('float64 (2, 3) 3.75 5');
    for (const name of ['f8', 'f4', 'i8', 'u8', 'i4', 'u4', 'i2', 'u2', 'i1', 'u1']) {
      const { data: loaded, shape } = mapFile(path.join(folder, `${name}.npy`));
      expect(shape).toEqual([3, 2, 2]);
      expect(Array.from(loaded as Float64Array, Number)).toEqual([...Array(12).keys()]);
    }
    for (const [name, why] of [
      ['column', /column-major/],
      ['complex', /'<c16'/],
      ['big', /'>f8'/],
    ] as const) {
      await expect(loadNpy(path.join(folder, `${name}.npy`))).rejects.toThrow(why);
      expect(() => mapFile(path.join(folder, `${name}.npy`))).toThrow(NpyError);
    }
  });
});
