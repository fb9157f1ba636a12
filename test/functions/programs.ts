/**
 * Programs of users, in folders of their own where heddle is installed.
 */
import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll } from 'vitest';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The flag's value that makes Node run TypeScript by tsx. */
export const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

export const run = promisify(execFile);

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'heddle-test-apps-'));
  install('heddle', root);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Puts a package where the programs find it. */
export function install(
  name: string,
  from = path.join(root, 'node_modules', name),
  into = folder,
): void {
  const at = path.join(into, 'node_modules', name);
  mkdirSync(path.dirname(at), { recursive: true });
  symlinkSync(from, at, 'dir');
}

/** A folder with these sources, of a package of this module type. */
export function project(name: string, sources: string, type: 'module' | 'commonjs'): string {
  const at = path.join(folder, name);
  cpSync(fileURLToPath(new URL(sources, import.meta.url)), at, { recursive: true });
  writeFileSync(path.join(at, 'package.json'), JSON.stringify({ type }));
  return at;
}

/** Lets the TypeScript compiler write the programs of a folder to its `out`; types are not its job. */
export async function compile(at: string): Promise<void> {
  const options = [
    ...['--target', 'es2022', '--module', 'nodenext', '--moduleResolution', 'nodenext'],
    ...['--noCheck', '--noResolve', '--lib', 'es5', '--rewriteRelativeImportExtensions'],
    ...['--sourceMap', '--rootDir', at, '--outDir', path.join(at, 'out')],
  ];
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  const files = readdirSync(at).filter((name) => name.endsWith('.ts'));
  await run(process.execPath, [compiler, ...options, ...files], { cwd: at });
}

/** Runs the tests of a folder in vitest, in each of these pools, and returns what it says. */
export async function runVitest(
  at: string,
  pools: readonly string[],
  options: readonly string[] = [],
): Promise<string> {
  const projects = pools.map((pool) => ({ extends: true, test: { name: pool, pool } }));
  writeFileSync(
    path.join(at, 'vitest.config.mjs'),
    `export default ${JSON.stringify({ test: { testTimeout: 60_000, projects } })};\n`,
  );
  const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
  const { FORCE_COLOR: _, ...given } = process.env;
  const env = { ...given, VITEST: '', VITEST_POOL_ID: '', VITEST_WORKER_ID: '', NO_COLOR: '1' };
  const { stdout, stderr } = await run(process.execPath, [vitest, 'run', ...options], {
    cwd: at,
    env,
  });
  return stdout + stderr;
}
