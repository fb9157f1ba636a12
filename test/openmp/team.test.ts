import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { native } from '../../src/native.ts';
import { ended, startFixture } from '../helpers/child.ts';
import { probeFolder } from '../threadpools/probe.ts';

it('teams run on OpenMP here', () => {
  expect(native.openmp.kind()).toBe('openmp');
});

/** What HEDDLE_OPENMP makes of teams, and the largest nested one. */
const kinds = [
  { kind: 'openmp', variable: '1' },
  { kind: 'own', variable: '0' },
] as const;

describe.each(kinds)('teams on $kind', ({ kind, variable }) => {
  it('have the size that is asked for, and compute the same', { timeout: 120_000 }, async () => {
    const child = startFixture('teams.mjs', [], {
      env: { HEDDLE_OPENMP: variable, OMP_NUM_THREADS: '3' },
    });
    const { code, stdout, stderr } = await ended(child, 110);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({ kind, sizes: [1, 2, 3, 8, 5, 1, 8], usual: 3 });
    expect(told.same).toEqual([true, true, true, true, true]);
    if (kind === 'own') expect(told.nested).toBe(1);
    else expect(told.nested).toBeGreaterThanOrEqual(1);
  });
});

it.runIf(process.platform === 'linux' && !process.env.HEDDLE_SANITIZER)(
  "kernels are right or fail with a code where the system refuses the addon's own threads",
  { timeout: 120_000 },
  async () => {
    const library = path.join(probeFolder, 'heddle-faults.node');
    const fixture = fileURLToPath(new URL('../fixtures/faults.mjs', import.meta.url));
    const scenarios = [
      'argKmin',
      'radiusNeighbors',
      'pairwiseDistances',
      'uniform numbers by all cores',
    ];
    const child = spawn(process.execPath, ['--expose-gc', fixture, library, ...scenarios], {
      env: { ...process.env, HEDDLE_OPENMP: '0', LD_PRELOAD: library },
    });
    const { code, stdout, stderr } = await ended(child, 110);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { points, problems } = JSON.parse(stdout);
    expect(problems).toEqual([]);
    expect(Object.keys(points)).toEqual(scenarios);
    expect(points.argKmin).toBeGreaterThan(2);
  },
);
