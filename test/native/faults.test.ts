/**
 * What the system refuses: every operation with every single thing that the addon asks for refused
 * once; and so both sides where descriptors are passed, and the start of a worker.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { ended } from '../helpers/child.ts';
import { probeFolder } from '../threadpools/probe.ts';

const library = path.join(probeFolder, 'heddle-faults.node');
const probe = path.join(probeFolder, 'heddle-probe.node');

interface Report {
  readonly points: Record<string, number>;
  readonly problems: readonly string[];
}

/** Runs a fixture in which the addon's requests are refused, and tells how many were. */
async function refusals(name: string, ...args: string[]): Promise<Report['points']> {
  const fixture = fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
  const child = spawn(process.execPath, ['--expose-gc', fixture, library, ...args], {
    env: { ...process.env, LD_PRELOAD: library },
  });
  const { code, stdout, stderr } = await ended(child, 280);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { points, problems } = JSON.parse(stdout) as Report;
  expect(problems).toEqual([]);
  const total = Object.values(points).reduce((sum, count) => sum + count, 0);
  console.log(`${name}: ${total} refusals in ${Object.keys(points).length} operations`);
  return points;
}

describe.runIf(process.platform === 'linux')('a refusal', { timeout: 300_000 }, () => {
  it('leaves an operation right, or fails it with a code', async () => {
    const points = await refusals('faults.mjs');
    // Most operations ask for something, and the counting is not blind.
    expect(Object.values(points).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(300);
    for (const name of ['matmul', 'argKmin', 'shared memory', 'an event', 'a link']) {
      expect(points[name]).toBeGreaterThan(2);
    }
  });

  it('of either side is not taken for the end of who serves memory', async () => {
    const points = await refusals('served-faults.mjs', probe);
    for (const count of Object.values(points)) expect(count).toBeGreaterThan(5);
    expect(Object.keys(points)).toHaveLength(5);
  });

  it('at the start of a worker leaves none that outlives its parent', async () => {
    const points = await refusals('orphan-faults.mjs');
    expect(points['the start of a worker']).toBeGreaterThan(5);
  });
});
