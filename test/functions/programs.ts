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

/** An empty folder of a package of this module type. */
export function emptyProject(name: string, type: 'module' | 'commonjs'): string {
  const at = path.join(folder, name);
  mkdirSync(at);
  writeFileSync(path.join(at, 'package.json'), JSON.stringify({ type }));
  return at;
}

/** Bundles leave heddle out, as they leave addons out. esbuild's is beside its file. */
export async function bundle(
  file: string,
  format: 'esm' | 'cjs',
  ...options: string[]
): Promise<string> {
  const at = path.dirname(file);
  const out = path.join(at, format === 'esm' ? 'bundle.mjs' : 'bundle.cjs');
  const esbuild = path.join(root, 'node_modules/esbuild/bin/esbuild');
  const args = [`--format=${format}`, '--bundle', '--platform=node', '--external:heddle'];
  await run(esbuild, [file, ...args, '--sourcemap', ...options, `--outfile=${out}`], { cwd: at });
  return out;
}

/** A bundle of webpack for production, which takes letters for names and uses them again. */
export async function webpack(file: string): Promise<string> {
  const { default: pack } = await import('webpack');
  const at = path.dirname(file);
  const compiler = pack({
    mode: 'production',
    target: 'node20',
    context: at,
    entry: file,
    experiments: { outputModule: true },
    externals: { heddle: 'module heddle' },
    output: { path: path.join(at, 'dist'), filename: 'bundle.mjs', module: true },
  });
  await new Promise<void>((resolve, reject) => {
    compiler.run((error, stats) => {
      const failed = error ?? (stats?.hasErrors() ? new Error(stats.toString()) : null);
      if (failed) reject(failed);
      else compiler.close(() => resolve());
    });
  });
  return path.join(at, 'dist/bundle.mjs');
}

/** Lets babel make CommonJS modules of some files, and returns the first. */
export async function toCommonJs(at: string, files: readonly string[]): Promise<string> {
  const { transformFileAsync } = await import('@babel/core');
  mkdirSync(path.join(at, 'out'));
  const options = { targets: { node: '20' }, modules: 'commonjs' };
  for (const name of files) {
    const result = await transformFileAsync(path.join(at, name), {
      configFile: false,
      babelrc: false,
      // What babel makes of import() keeps weak maps, which can't be sent.
      presets: [['@babel/preset-env', { ...options, exclude: ['transform-dynamic-import'] }]],
    });
    const code = result!.code!.replace(/(\.\/\w+)\.mjs/g, '$1.cjs');
    writeFileSync(path.join(at, 'out', name.replace('.mjs', '.cjs')), code);
  }
  return path.join(at, 'out', files[0]!.replace('.mjs', '.cjs'));
}

/** Lets the TypeScript compiler write the programs of a folder to its `out`; types are not its job. */
export async function compile(at: string, ...more: readonly string[]): Promise<void> {
  const options = [
    ...['--target', 'es2022', '--module', 'nodenext', '--moduleResolution', 'nodenext'],
    ...['--noCheck', '--noResolve', '--lib', 'es5', '--rewriteRelativeImportExtensions'],
    ...['--sourceMap', '--rootDir', at, '--outDir', path.join(at, 'out'), ...more],
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
