/**
 * The soak under random deaths for a few seconds; CONTRIBUTING tells how to run it for half an hour.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import '../helpers/built.ts';
import { ended } from '../helpers/child.ts';
import { testSeed } from '../helpers/seeds.ts';

const program = fileURLToPath(new URL('deaths.mjs', import.meta.url));

it('loses, holds and spoils nothing while workers are killed', { timeout: 400_000 }, async () => {
  const short = ['--minutes', '0.12', '--periods', '2', '--seed', String(testSeed)];
  const child = spawn(process.execPath, [program, ...short], { stdio: ['ignore', 'pipe', 'pipe'] });
  const { code, stdout, stderr } = await ended(child, 390);
  const report = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? 'null');
  expect({ code, report, stderr: code === 0 ? '' : stderr }).toMatchObject({
    code: 0,
    report: { grown: [], last: { children: 0, segments: 0, mapped: 0 } },
  });
  expect(report.counts.calls).toBeGreaterThan(0);
  expect(report.counts.kills).toBeGreaterThan(0);
});
