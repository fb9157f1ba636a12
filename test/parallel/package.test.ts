/**
 * The built package, whose worker files are bundled: one instance of each module, and a start that
 * loads no more than it has to.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { workerBackends } from './support.ts';

const dist = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../dist/index.js');
const url = pathToFileURL(dist).href;

function run(code: string, flags: readonly string[] = []): Record<string, unknown> {
  const program = `import * as heddle from ${JSON.stringify(url)};\n${code}`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...flags, '--input-type=module', '-e', program],
    { encoding: 'utf8', timeout: 60_000 },
  );
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe.each(workerBackends)('the built package: %s', (backend, options) => {
  const program = `
    const options = ${JSON.stringify(options)};
    const [inside] = await heddle.withConfig({ batchSize: 7 }, () =>
      heddle.map([${JSON.stringify(url)}], async function look(url) {
        const own = await import(url);
        const inner = await own.map([1, 2, 3], (x) => x + 1, { jobs: 2, backend: 'threads' });
        return [own.describeParallel().jobs, own.describeParallel({ jobs: 3 }).reasons, inner];
      }, options));
    const stack = await heddle.map([1], function task() { throw new Error('seen'); }, options)
      .catch((error) => error.stack);
    console.log(JSON.stringify({ inside, stack }));
  `;
  // A loader makes Node load the ES module and not the CommonJS file.
  const loader = 'data:text/javascript,globalThis.loaded=1';

  it.each([
    ['plainly', []],
    ['with a loader', ['--import', loader]],
  ])('shares its state with what tasks import, %s', (_name, flags) => {
    const { inside, stack } = run(program, flags);
    const [jobs, reasons, inner] = inside as [number, string[], number[]];
    expect(jobs).toBe(1);
    expect(reasons.join()).toContain('this is a worker');
    expect(inner).toEqual([2, 3, 4]);
    expect(stack).toMatch(/^ {4}at task \(/m);
    expect(stack).not.toContain(path.dirname(dist));
  });

  it('starts with its bundle and the addon, and looks for neither', () => {
    const { files } = run(`
      const [files] = await heddle.map([1], () => {
        const { createRequire } = process.getBuiltinModule('node:module');
        return Object.keys(createRequire('/')('node:module')._cache).join();
      }, ${JSON.stringify(options)});
      console.log(JSON.stringify({ files: files.split(',') }));
    `);
    const names = (files as string[]).map((file) => path.basename(file));
    const expected =
      backend === 'processes'
        ? ['core.cjs', 'heddle.node', 'process.cjs']
        : ['core.cjs', 'heddle.node', 'pools.cjs', 'thread.cjs'];
    expect(names.map((name) => name.replace(/^heddle.*\.node$/, 'heddle.node')).sort()).toEqual(
      expected,
    );
  });
});

describe('the entry points', () => {
  const manifest = JSON.parse(
    readFileSync(path.join(path.dirname(dist), '../package.json'), 'utf8'),
  ) as { exports: Record<string, { import?: { default: string }; require?: unknown }> };
  const entries = Object.keys(manifest.exports).filter((name) => manifest.exports[name]!.require);
  const names = entries.map((name) => path.posix.join('heddle', name));

  it.each(names)('%s is one library for import and for require', (name) => {
    const program = `
      const required = require('${name}');
      import('${name}').then((imported) => {
        const names = Object.keys(imported);
        const other = names.filter((key) => imported[key] !== required[key]);
        const more = Object.keys(required).filter((key) => !names.includes(key));
        const named = names.filter((key) => imported[key]?.name !== key && !/^(Array|Value)$/.test(key));
        const renamed = named.filter((key) => typeof imported[key] === 'function');
        console.log(JSON.stringify({ count: names.length, other, more, renamed }));
      });`;
    // Without the means to require an ES module.
    const flags = ['--no-experimental-require-module', '--input-type=commonjs', '-e', program];
    const cwd = path.dirname(path.dirname(dist));
    const { stdout, stderr } = spawnSync(process.execPath, flags, { cwd, encoding: 'utf8' });
    expect(stderr).toBe('');
    const { count, ...wrong } = JSON.parse(stdout) as Record<string, unknown>;
    expect(count).toBeGreaterThan(1);
    // Two classes of heddle/sync have other names where they are made.
    expect(wrong).toEqual({ other: [], more: [], renamed: [] });
  });

  it('load a few files, and none of the packages that only some need', () => {
    const { files } = run(`
      const { createRequire } = await import('node:module');
      console.log(JSON.stringify({ files: Object.keys(createRequire('/')('node:module')._cache) }));
    `);
    const loaded = (files as string[]).map((file) => path.basename(file));
    expect(loaded.filter((file) => !file.endsWith('.node')).sort()).toEqual(
      expect.arrayContaining(['codec.cjs', 'core.cjs', 'heddle.cjs', 'pools.cjs']),
    );
    expect(loaded.length).toBeLessThan(15);
  });
});

describe('the bundles of workers', () => {
  const folder = path.join(path.dirname(dist), 'worker');

  it('show a short line above an error that nobody catches', () => {
    const program = `import { invoker } from ${JSON.stringify(url)};\ninvoker(null, 5);`;
    const flags = ['--input-type=module', '-e', program];
    const { stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8' });
    expect(stderr).toContain("TypeError: 'fn' must be a function");
    expect(Math.max(...stderr.split('\n').map((line) => line.length))).toBeLessThan(400);
  });

  it('leave to later what a first task in a process does without', () => {
    const stub = (name: string) => readFileSync(path.join(path.dirname(dist), name), 'utf8');
    expect(stub('worker/runner.js')).toContain("'./core.cjs'");
    for (const name of ['config/budget.js', 'threadpools/limits.js', 'machine/machine.js']) {
      expect(stub(name)).toContain('pools.cjs');
    }
    expect(stub('functions/scope.js')).not.toContain('worker/');
  });

  it('name sources that the package has, and no folder of the machine that built it', () => {
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.map'))) {
      const { sources } = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as {
        sources: (string | null)[];
      };
      for (const source of sources) {
        if (source === null) continue;
        expect(path.isAbsolute(source)).toBe(false);
        expect(existsSync(path.resolve(folder, source)), source).toBe(true);
      }
    }
  });
});
