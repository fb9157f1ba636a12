/**
 * Functions with captures, shipped by the public interface from programs that were compiled and
 * started in the ways that people compile and start theirs.
 */
import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const apps = fileURLToPath(new URL('./apps', import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const run = promisify(execFile);
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'heddle-apps-'));
  mkdirSync(path.join(folder, 'node_modules'));
  symlinkSync(root, path.join(folder, 'node_modules/heddle'), 'dir');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A folder with the sources, of a package of this module type. */
function project(name: string, type: 'module' | 'commonjs'): string {
  const at = path.join(folder, name);
  cpSync(apps, at, { recursive: true });
  writeFileSync(path.join(at, 'package.json'), JSON.stringify({ type }));
  return at;
}

/** The TypeScript compiler, as a project would call it. */
async function compile(at: string, module: 'nodenext' | 'commonjs'): Promise<void> {
  const options = [
    ...['--target', 'es2022', '--module', 'nodenext', '--moduleResolution', 'nodenext'],
    ...['--sourceMap', '--skipLibCheck', '--types', 'node', '--outDir', path.join(at, 'out')],
    ...['--typeRoots', path.join(root, 'node_modules/@types'), '--noCheck'],
  ];
  expect(module).toBeDefined();
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  await run(process.execPath, [compiler, ...options, path.join(at, 'app.ts')], { cwd: at });
}

/** esbuild comes with tsx and vite; a bundle leaves heddle out, as bundles leave addons out. */
async function bundle(at: string, format: 'esm' | 'cjs', ...options: string[]): Promise<string> {
  const out = path.join(at, format === 'esm' ? 'bundle.mjs' : 'bundle.cjs');
  const esbuild = path.join(root, 'node_modules/esbuild/bin/esbuild');
  const args = [`--format=${format}`, '--bundle', '--platform=node', '--external:heddle'];
  await run(esbuild, ['app.ts', ...args, '--sourcemap', ...options, `--outfile=${out}`], {
    cwd: at,
  });
  return out;
}

interface Output {
  readonly scores: unknown;
  readonly models: unknown;
  readonly stack: string;
}

async function output(backend: string, ...args: string[]): Promise<Output> {
  const { stdout, stderr } = await run(process.execPath, [...args, backend], { cwd: folder });
  expect(stderr).not.toMatch(/Warning/);
  return JSON.parse(stdout) as Output;
}

/** Runs a program with both backends, and compares with what it gives without workers. */
async function check(...args: string[]): Promise<Output> {
  const expected = await output('sequential', ...args);
  const results = await Promise.all(['processes', 'threads'].map((b) => output(b, ...args)));
  for (const result of results) {
    expect({ ...result, stack: '' }).toEqual({ ...expected, stack: '' });
    expect(result.stack).toMatch(/^RangeError: marked/);
    expect(result).toHaveProperty('own', true);
  }
  return results[0]!;
}

const source = readFileSync(path.join(apps, 'app.ts'), 'utf8').split('\n');
const line = source.findIndex((text) => text.includes('THE LINE')) + 1;

describe('functions with captures travel from', () => {
  it('ES modules, as tsc writes them', async () => {
    const at = project('esm', 'module');
    await compile(at, 'nodenext');
    const { stack } = await check(path.join(at, 'out/app.js'));
    expect(stack).toContain(`${path.join(at, 'app.ts')}:${line}:`);
  }, 120_000);

  it('CommonJS, as tsc writes it', async () => {
    const at = project('cjs', 'commonjs');
    await compile(at, 'commonjs');
    expect(readFileSync(path.join(at, 'out/app.js'), 'utf8')).toContain('require(');
    const { stack } = await check(path.join(at, 'out/app.js'));
    expect(stack).toContain(`app.ts:${line}:`);
  }, 120_000);

  it('TypeScript under tsx, as an ES module and as CommonJS', async () => {
    for (const type of ['module', 'commonjs'] as const) {
      const at = project(`tsx-${type}`, type);
      const { stack } = await check('--import', tsx, path.join(at, 'app.ts'));
      expect(stack).toContain(`app.ts:${line}:`);
    }
  }, 120_000);

  it('bundles of esbuild, minified and with its helpers', async () => {
    const at = project('bundles', 'module');
    const { stack } = await check(await bundle(at, 'esm', '--minify', '--keep-names'));
    expect(stack).toContain(`app.ts:${line}:`);
    await check(await bundle(at, 'cjs', '--keep-names', '--target=es2022'));
  }, 120_000);

  it('a process that may not make code from strings', async () => {
    const at = project('strict', 'module');
    await check('--disallow-code-generation-from-strings', await bundle(at, 'esm'));
  }, 120_000);

  it('plain CommonJS in sloppy mode, with require, __dirname and exports', async () => {
    const at = project('sloppy', 'commonjs');
    writeFileSync(
      path.join(at, 'other.cjs'),
      'exports.add = (a, b) => a + b;\nexports.version = 1;\n',
    );
    writeFileSync(
      path.join(at, 'main.cjs'),
      `const { map } = require('heddle');
       const other = require('./other.cjs');
       const os = require('os');
       exports.local = (x) => x * 2;
       var octal = 010;
       function sloppy(x) {
         return [typeof this, octal, other.add(x, 1), other.version, exports.local(x), os.EOL,
           require('node:path').basename(__dirname), typeof __filename, typeof require('./other.cjs')];
       }
       map([1, 2], sloppy, { jobs: process.argv[2] === 'sequential' ? 1 : 2, backend: process.argv[2] }).then((result) =>
         console.log(JSON.stringify({ result, own: true, stack: 'RangeError: marked' })));
      `,
    );
    await check(path.join(at, 'main.cjs'));
  }, 120_000);

  it('code that istanbul has instrumented', async () => {
    const at = project('coverage', 'module');
    writeFileSync(
      path.join(at, 'main.mjs'),
      `import { map } from 'heddle';
       function cov_2abc() {
         const data = { s: { 0: 0, 1: 0 }, f: { 0: 0 }, b: { 0: [0, 0] } };
         cov_2abc = function () { return data; };
         return data;
       }
       cov_2abc();
       const k = (cov_2abc().s[0]++, 2);
       const fn = (x) => { cov_2abc().f[0]++; cov_2abc().s[1]++;
         return x > 1 ? (cov_2abc().b[0][0]++, x * k) : (cov_2abc().b[0][1]++, x); };
       const result = await map([1, 2, 3], fn, { jobs: process.argv[2] === 'sequential' ? 1 : 2, backend: process.argv[2] });
       console.log(JSON.stringify({ result, own: true, stack: 'RangeError: marked' }));
      `,
    );
    const result = (await check(path.join(at, 'main.mjs'))) as unknown as { result: number[] };
    expect(result.result).toEqual([1, 4, 6]);
  }, 120_000);

  it("vitest's pools", async () => {
    const at = project('pools', 'module');
    writeFileSync(
      path.join(at, 'pool.test.ts'),
      `import { expect, it } from 'vitest';
       import { map } from 'heddle';
       import { counted, Model, unit } from './helper.ts';
       const k = 3;
       const list = { values: [1, 2], when: new Map([['a', 1]]) };
       it('ships', async () => {
         for (const backend of ['processes', 'threads'] as const) {
           const fn = (x: number) => [x * k + unit, list.when.get('a'), new Model().predict(1)];
           expect(await map([1, 2], fn, { jobs: 2, backend })).toEqual([[5, 1, 4], [8, 1, 4]]);
           expect(await map([1], (x) => counted(x), { jobs: 2, backend })).toEqual([2]);
           const alpha = Symbol('own');
           await expect(map([1], () => alpha, { jobs: 2, backend })).rejects.toThrow(/captures 'alpha'/);
         }
       });
      `,
    );
    symlinkSync(
      path.join(root, 'node_modules/vitest'),
      path.join(folder, 'node_modules/vitest'),
      'dir',
    );
    const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
    const env = { ...process.env, VITEST: '', VITEST_POOL_ID: '', VITEST_WORKER_ID: '' };
    for (const pool of ['forks', 'threads', 'vmThreads', 'vmForks']) {
      const { stdout } = await run(
        process.execPath,
        [vitest, 'run', '--root', at, `--pool=${pool}`, '--testTimeout=60000'],
        { env },
      );
      expect(stdout).toMatch(/1 passed/);
    }
  }, 240_000);

  it('a process without an inspector, by bind() or a clear demand for it', async () => {
    const at = project('bare', 'module');
    writeFileSync(path.join(at, 'main.mjs'), withoutInspector);
    // A Node that was built without one.
    writeFileSync(
      path.join(at, 'none.cjs'),
      `const inspector = require('node:inspector');
       inspector.Session = class { connect() { throw new Error('ERR_ACCESS_DENIED'); } };`,
    );
    const none = ['--require', path.join(at, 'none.cjs')];
    const { stdout } = await run(process.execPath, [...none, path.join(at, 'main.mjs'), 'threads']);
    expectDemand(JSON.parse(stdout));
  }, 60_000);

  it('a process under the permission model, which is told what it has to allow', async () => {
    const at = project('permission', 'module');
    const main = path.join(at, 'main.mjs');
    writeFileSync(main, withoutInspector);
    const model = process.allowedNodeEnvironmentFlags.has('--permission')
      ? '--permission'
      : '--experimental-permission';
    const start = async (backend: string, ...allowed: string[]) => {
      const flags = [model, '--allow-fs-read=*', ...allowed.map((name) => `--allow-${name}`)];
      return run(process.execPath, [...flags, main, backend]);
    };
    for (const [backend, flag] of [
      ['threads', 'worker'],
      ['processes', 'child-process'],
    ] as const) {
      const { stdout } = await start(backend, 'addons', flag);
      expectDemand(JSON.parse(stdout));
      await expect(start(backend, 'addons')).rejects.toThrow(
        new RegExp(`'${backend}' could be started: .*asks for --allow-${flag}`),
      );
    }
    await expect(start('threads', 'worker')).rejects.toThrow(/may not load addons.*--allow-addons/);
  }, 120_000);
});

/** Tries a function without captures, one with named ones and one with captures. */
const withoutInspector = `
  import { bind, map } from 'heddle';
  const alpha = 2;
  const options = { jobs: 2, backend: process.argv[2] };
  const free = await map([1, 2], (x) => Math.sqrt(x * x), options);
  const bound = await map([1, 2], bind({ alpha }, (x) => x * alpha), options);
  const error = await map([1], (x) => x * alpha, options).catch((e) => String(e));
  console.log(JSON.stringify({ free, bound, error }));
`;

function expectDemand(result: { free: unknown; bound: unknown; error: unknown }): void {
  expect(result.free).toEqual([1, 2]);
  expect(result.bound).toEqual([2, 4]);
  expect(result.error).toMatch(/without node:inspector.*task\(new URL.*bind\(/s);
}
