/**
 * The code that the engine has made of a worker's bundle, kept for the next worker.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root } from './support.ts';

let folder = '';
let bundles = '';

/** A copy of what the package has, as it is after it has been installed. */
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'package-'));
  for (const name of ['dist', 'package.json']) {
    fs.cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  }
  for (const name of ['build', 'node_modules', 'prebuilds']) {
    if (fs.existsSync(path.join(root, name)))
      fs.symlinkSync(path.join(root, name), path.join(folder, name));
  }
  bundles = path.join(folder, 'dist/worker');
  fs.rmSync(path.join(bundles, 'code'), { recursive: true, force: true });
});

afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

const kept = (): string[] => {
  const code = path.join(bundles, 'code');
  return fs.existsSync(code) ? fs.readdirSync(code).sort() : [];
};

/** Runs tasks in new workers; gives what they printed. */
function run(
  backend: string,
  task: string,
  settings: { flags?: string[]; env?: NodeJS.ProcessEnv } = {},
) {
  const program = `
    import { map } from ${JSON.stringify(path.join(folder, 'dist/index.js'))};
    console.log(JSON.stringify(await map([1, 2], ${task}, { backend: '${backend}', jobs: 2 })));
    await new Promise((resolve) => setTimeout(resolve, 150));
  `;
  return execFileSync(
    process.execPath,
    [...(settings.flags ?? []), '--input-type=module', '-e', program],
    {
      encoding: 'utf8',
      env: { ...process.env, ...settings.env },
    },
  );
}

const twice = '(x) => 2 * x';

describe.each([
  ['processes', ['core']],
  ['threads', ['core', 'pools']],
])('the code of bundles: %s', (backend, names) => {
  it('is kept by the first worker and taken by the next', () => {
    expect(run(backend, twice)).toBe('[2,4]\n');
    const files = kept();
    expect(files.map((file) => file.split('.')[0])).toEqual(names);
    const times = () => files.map((file) => fs.statSync(path.join(bundles, 'code', file)).mtimeMs);
    const before = times();
    // What a worker does besides its first task is there, too: values, errors, modules.
    const much = `async function task(x) {
      const fs = await import('node:fs');
      if (x === 3) throw new Error('never');
      return { x, map: new Map([[x, fs.existsSync('/')]]).get(x) };
    }`;
    expect(run(backend, much)).toBe('[{"x":1,"map":true},{"x":2,"map":true}]\n');
    expect(kept()).toEqual(files);
    expect(times()).toEqual(before);
  });

  it('is refused where the flags of the engine are others, and made anew when it is old', () => {
    run(backend, twice);
    const files = kept().map((file) => path.join(bundles, 'code', file));
    const before = files.map((file) => fs.readFileSync(file));
    const flags = ['--no-opt', '--max-lazy'];
    expect(run(backend, twice, { flags })).toBe('[2,4]\n');
    expect(files.map((file) => fs.readFileSync(file).equals(before[files.indexOf(file)]!))).toEqual(
      files.map(() => true),
    );
    for (const file of files) fs.utimesSync(file, 1, 1);
    expect(run(backend, twice, { flags })).toBe('[2,4]\n');
    for (const file of files) expect(fs.statSync(file).mtimeMs).toBeGreaterThan(1e6);
    expect(run(backend, twice)).toBe('[2,4]\n');
  });

  it('that is damaged does no harm', () => {
    run(backend, twice);
    for (const name of kept()) {
      const file = path.join(bundles, 'code', name);
      const bytes = fs.readFileSync(file);
      fs.writeFileSync(file, bytes.subarray(0, bytes.length / 2));
      fs.utimesSync(file, 1, 1);
    }
    expect(run(backend, twice)).toBe('[2,4]\n');
    for (const name of kept()) fs.writeFileSync(path.join(bundles, 'code', name), '');
    expect(run(backend, twice)).toBe('[2,4]\n');
  });

  it('of which one bit has changed is made anew', () => {
    run(backend, twice);
    const names = kept();
    for (const part of [0, 0.1, 0.5, 0.99]) {
      for (const name of names) {
        const file = path.join(bundles, 'code', name);
        const bytes = fs.readFileSync(file);
        bytes[Math.floor(bytes.length * part)]! ^= 1;
        fs.writeFileSync(file, bytes);
      }
      expect(run(backend, twice)).toBe('[2,4]\n');
      expect(kept()).toEqual(names);
    }
  });

  it('of another build goes when it is old, and nothing else', () => {
    const code = path.join(bundles, 'code');
    fs.mkdirSync(code);
    const old = ['core.cjs-0123-v1-linux-x64', 'other', 'core.cjs-0123-v1-linux-x64.77'];
    for (const name of [...old, 'core.cjs-young-v1-linux-x64'])
      fs.writeFileSync(path.join(code, name), 'x');
    for (const name of old) fs.utimesSync(path.join(code, name), 1, 1);
    run(backend, twice);
    expect(kept()).toEqual(expect.arrayContaining(['other', 'core.cjs-young-v1-linux-x64']));
    expect(kept().filter((name) => name.includes('0123'))).toEqual([]);
  });

  it('is not kept where that can not be done, nor where coverage is measured', () => {
    const file = path.join(bundles, 'code');
    fs.writeFileSync(file, 'in the way');
    expect(run(backend, twice)).toBe('[2,4]\n');
    fs.rmSync(file);
    const env = { NODE_V8_COVERAGE: path.join(folder, 'coverage') };
    expect(run(backend, twice, { env })).toBe('[2,4]\n');
    expect(kept()).toEqual([]);
  });

  it('leaves one instance of each module, and its frames their places', () => {
    run(backend, twice);
    const task = `async function task() {
      const stack = new Error('seen').stack.split('\\n').find((line) => line.includes('core.cjs'));
      const own = await import(${JSON.stringify(path.join(folder, 'dist/config/role.js'))});
      return [own.workerRole().kind, /core\\.cjs:\\d+:\\d+/.test(stack)];
    }`;
    const kind = backend === 'processes' ? 'process' : 'thread';
    expect(run(backend, task)).toBe(`[["${kind}",true],["${kind}",true]]\n`);
  });
});

it('is no part of what is published', () => {
  const list = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ files }] = JSON.parse(list) as [{ files: { path: string }[] }];
  const paths = files.map((file) => file.path);
  expect(paths).toContain('dist/worker/core.cjs');
  expect(paths.filter((file) => file.startsWith('dist/worker/code/'))).toEqual([]);
});
