/**
 * Both heaps stay what they are under a flood of tasks; the short form of `node test/dashboard/flood.mjs`.
 */
import '../helpers/built.ts';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { expect, it } from 'vitest';
import { ended } from '../helpers/child.ts';
import { root } from '../parallel/support.ts';

it('keeps the heaps of program and page bounded', { timeout: 60_000 }, async () => {
  const file = path.join(root, 'test/dashboard/flood.mjs');
  const child = spawn(process.execPath, [file, '--minutes', '0.05', '--periods', '2'], {
    cwd: root,
  });
  const { code, stdout, stderr } = await ended(child, 55);
  expect(stdout).toMatch(/^2\/2: \d+ tasks\/s; heap of the program/m);
  expect([code, stderr], stdout).toEqual([0, '']);
});
