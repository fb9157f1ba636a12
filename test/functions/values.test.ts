/**
 * Values that look like none (`undefined`, `null`, `0`, `''`, `NaN`, `false`) are values, wherever they
 * stand: tasks, results, what is thrown, what is captured, members, reasons of an abort.
 */
import path from 'node:path';
import { expect, it } from 'vitest';
import { project, run } from './programs.ts';

it('what looks like nothing arrives as it is', async () => {
  const at = project('values', './values', 'module');
  const { stdout } = await run(process.execPath, [path.join(at, 'main.mjs')]);
  const { differences, count } = JSON.parse(stdout) as { differences: unknown[]; count: number };
  expect(differences).toEqual([]);
  expect(count).toBeGreaterThan(700);
}, 240_000);
