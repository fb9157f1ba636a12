import { describe, expect, it, vi } from 'vitest';
import { kernelSentences } from '../../src/cli/kernels.ts';
import { blasInfo } from '../../src/linalg/index.ts';
import { libraries } from '../helpers/debian.ts';
import { heddle } from './run.ts';

// Each choice of kernels is measured in processes of its own.
vi.setConfig({ testTimeout: 240_000 });

const kernels = (core: string, product: number, solve: number, inUse = false) => ({
  core,
  inUse,
  seconds: { product, solve, Cholesky: 1 },
});

describe('heddle doctor --kernels', () => {
  it('names the kernels that are faster, for each operation', () => {
    const said = kernelSentences([
      kernels('Haswell', 2, 1, true),
      kernels('SkylakeX', 1, 3),
      kernels('Sandybridge', 1.5, 1),
    ]);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/OPENBLAS_CORETYPE=SkylakeX .*'product'.* 2\.00 times .*Haswell/);
  });

  it('says so where none is, by more than what a busy machine makes of equal ones', () => {
    const said = kernelSentences([kernels('A', 1, 1, true), kernels('B', 0.95, 1.5)]);
    expect(said).toEqual(['No other kernels are faster by more than a tenth than A.']);
  });

  it.runIf(blasInfo().library === 'openblas')('measures what the processor can run', () => {
    const { status, stdout, stderr } = heddle(['doctor', '--kernels', '--json']);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const found = JSON.parse(stdout) as { kernels: ReturnType<typeof kernels>[] };
    expect(found.kernels.filter((one) => one.inUse).map((one) => one.core)).toEqual([
      blasInfo().architecture,
    ]);
    for (const { seconds } of found.kernels) {
      for (const time of Object.values(seconds)) expect(time).toBeGreaterThan(0);
    }
  });

  it('refuses a library without such a choice', () => {
    const env = { HEDDLE_BLAS: libraries['reference-blas'][1] };
    const { status, stderr } = heddle(['doctor', '--kernels'], { env });
    expect(status).toBe(1);
    expect(stderr).toMatch(/only OpenBLAS has kernels to choose from/);
  });
});
