/** Runs the command line as a user would, from the sources. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const root = path.resolve(import.meta.dirname, '../..');
const main = path.join(root, 'src/cli/main.ts');
const tsx = pathToFileURL(path.join(root, 'node_modules/tsx/dist/esm/index.mjs')).href;

/** The arguments of node that run the command line. */
export const heddleArguments = ['--import', tsx, main];

/** Runs `heddle …` to its end. */
export function heddle(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...heddleArguments, ...args], {
    encoding: 'utf8',
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
  });
  return { status, stdout, stderr };
}

/** A folder with packages of the given files in its node_modules. */
export function projectWith(packages: Record<string, Record<string, string>>): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'heddle-project-'));
  for (const [name, files] of Object.entries(packages)) {
    const target = path.join(folder, 'node_modules', name);
    mkdirSync(target, { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(path.join(target, file), text);
  }
  return folder;
}
