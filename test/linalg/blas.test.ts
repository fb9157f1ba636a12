import { describe, expect, it } from 'vitest';
import { blasInfo, svdvalsSync } from '../../src/linalg/index.ts';
import { mappedFiles } from '../helpers/maps.ts';
import { randomMatrix } from '../helpers/matrices.ts';

describe('the BLAS in use', () => {
  it('is what HEDDLE_BLAS names', () => {
    const info = blasInfo();
    const expected = process.env.HEDDLE_TEST_BLAS;
    if (expected !== undefined) expect(info.library).toBe(expected);
    expect(info.threads).toBeGreaterThanOrEqual(1);
    expect(info.integers).toMatch(/^i?lp64$/);
    if (info.library !== 'reference') expect(info.version).toMatch(/^\d+\.\d+/);
    if (info.library !== 'reference') expect(info.architecture).not.toBe('');
  });

  it.runIf(process.platform === 'linux')('is the only one that its LAPACK computes with', () => {
    svdvalsSync(randomMatrix(9, 9));
    const { library } = blasInfo();
    const loaded = mappedFiles().filter((file) => /\/lib[^/]*(blas|blis)[^/]*\.so/.test(file));
    const others = loaded.filter((file) =>
      library === 'reference' ? /openblas|blis/.test(file) : !file.includes(library),
    );
    expect(others).toEqual([]);
  });
});
