import { describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { ended, startFixture } from '../helpers/child.ts';
import { libraries } from '../helpers/debian.ts';

const builds = {
  'OpenBLAS with pthreads': 'openblas-pthread',
  'OpenBLAS with OpenMP': 'openblas-openmp',
  'OpenBLAS without threads': 'openblas-serial',
  'BLIS with pthreads': 'blis-blas',
  'the reference BLAS': 'reference-blas',
} as const;

// A sanitizer makes each fork ten times slower; where the gate was missing, the first few hung.
const spawns = process.env.HEDDLE_SANITIZER ? 40 : 500;

describe('spawning while products run', () => {
  for (const [name, library] of Object.entries(builds)) {
    it(`never hangs with ${name}`, { timeout: 120_000 }, async () => {
      const env = { HEDDLE_BLAS: libraries[library][1], HEDDLE_MAX_CPU_COUNT: '' };
      const child = startFixture('executor-lifecycle.mjs', ['spawn', String(spawns)], { env });
      const result = await ended(child, 100);
      expect(result).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(result.stdout).done).toBeGreaterThan(0);
    });
  }
});
