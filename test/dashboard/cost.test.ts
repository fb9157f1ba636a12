/** An open page takes at most 3 % of the processor time of a program that does nothing but dispatch tasks. */
import '../helpers/built.ts';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { expect, it } from 'vitest';
import { ended } from '../helpers/child.ts';
import { root } from '../parallel/support.ts';

it('costs at most 3 % of a run of one task, and of a second with a page open', async () => {
  const child = spawn(process.execPath, [path.join(root, 'test/dashboard/cost.mjs')], {
    cwd: root,
  });
  const { code, stdout, stderr } = await ended(child, 28);
  expect([code, stderr]).toEqual([0, '']);
  const cost = JSON.parse(stdout) as { ofRun: number; ofSecond: number };
  // The second has the reader's own work in it, which is in this program for once.
  expect(cost.ofRun + cost.ofSecond, stdout).toBeLessThan(0.03);
});
