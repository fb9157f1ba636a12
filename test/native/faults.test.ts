/**
 * What the system refuses: every operation with every single thing that the addon asks for refused
 * once, and a process that gets no more threads at all.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import '../helpers/built.ts';
import { ended } from '../helpers/child.ts';
import { probeFolder } from '../threadpools/probe.ts';

const fixture = fileURLToPath(new URL('../fixtures/faults.mjs', import.meta.url));
const library = path.join(probeFolder, 'heddle-faults.node');

interface Report {
  readonly points: Record<string, number>;
  readonly problems: readonly string[];
}

it.runIf(process.platform === 'linux')(
  'an operation is right or fails with a code, whichever of its requests is refused',
  { timeout: 300_000 },
  async () => {
    const child = spawn(process.execPath, ['--expose-gc', fixture, library], {
      env: { ...process.env, LD_PRELOAD: library },
    });
    const { code, stdout, stderr } = await ended(child, 280);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { points, problems } = JSON.parse(stdout) as Report;
    expect(problems).toEqual([]);
    const total = Object.values(points).reduce((sum, count) => sum + count, 0);
    console.log(`${total} refusals in ${Object.keys(points).length} operations`);
    // Most operations ask for something, and the counting is not blind.
    expect(total).toBeGreaterThan(300);
    for (const name of ['matmul', 'argKmin', 'shared memory', 'an event', 'a link']) {
      expect(points[name]).toBeGreaterThan(2);
    }
  },
);
