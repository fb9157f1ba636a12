/**
 * The built package, whose worker files are bundled: one instance of each module, and a start that
 * loads no more than it has to.
 */
import { spawnSync } from 'node:child_process';
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

describe.each(workerBackends)('the built package: %s', (_, options) => {
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

  it('starts without looking for the addon', () => {
    const { files } = run(`
      const [files] = await heddle.map([1], () => {
        const { createRequire } = process.getBuiltinModule('node:module');
        return Object.keys(createRequire('/')('node:module')._cache);
      }, ${JSON.stringify(options)});
      console.log(JSON.stringify({ files }));
    `);
    const names = (files as string[]).map((file) => path.basename(file));
    expect(names.filter((name) => name.endsWith('.node'))).toHaveLength(1);
    expect(names).not.toContain('node-gyp-build.js');
  });
});
