/**
 * What belongs to a module: its imports with their attributes, `import.meta`, `import()`, `require`.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { otherNode } from '../helpers/nodes.ts';
import { emptyProject, install } from './programs.ts';

let at: string;
beforeAll(() => {
  at = emptyProject('modules', 'module');
  mkdirSync(path.join(at, 'inner'));
  writeFileSync(path.join(at, 'data.json'), '{ "a": 1 }');
  writeFileSync(path.join(at, 'inner/data.json'), '{ "a": 2 }');
  writeFileSync(path.join(at, 'inner/package.json'), '{ "type": "commonjs" }');
  writeFileSync(path.join(at, 'inner/seven.js'), 'module.exports = () => 7;');
  // One that `import` and `require` find different files of.
  mkdirSync(path.join(at, 'two'));
  writeFileSync(
    path.join(at, 'two/package.json'),
    '{ "name": "two", "exports": { ".": { "import": "./two.mjs", "require": "./two.cjs" } } }',
  );
  writeFileSync(path.join(at, 'two/two.mjs'), '');
  writeFileSync(path.join(at, 'two/two.cjs'), '');
  install('two', path.join(at, 'two'), at);
});

/** What a program gives in each backend, started in some way. */
function outputs(node: string, args: readonly string[], input?: string): unknown[] {
  const { stdout, stderr } = spawnSync(node, args, { cwd: at, encoding: 'utf8', input });
  const lines = stdout.trim().split('\n');
  expect(lines, stderr).toHaveLength(3);
  return lines.map((line) => JSON.parse(line) as unknown);
}

const inEach = (fn: string): string => `
  const k = 3;
  const run = async () => {
    for (const backend of ['sequential', 'threads', 'processes']) {
      const o = { jobs: backend === 'sequential' ? 1 : 2, backend };
      console.log(JSON.stringify(await map([1, 2], ${fn}, o)));
    }
  };
  run();
`;

const IMPORTS = `
  import { map } from 'heddle';
  import data, * as all from './data.json' with { type: 'json' };
  import { default as inner } from './inner/data.json' with { 'type': 'json' };
  import { sep } from 'node:path';
  const name = './inner/data.json';
  ${inEach(`async (x) => [
    x * k, sep, data, all.default.a, inner.a,
    (await import(name, { with: { type: 'json' } })).default.a,
    await import(name, { with: { type: 'css' } }).catch((error) => error.code),
  ]`)}
`;

const META = `
  import { map } from 'heddle';
  ${inEach(`(x) => {
    const { resolve, ...rest } = import.meta;
    const failure = (() => { try { import.meta.resolve('no-such-package'); } catch (error) { return error.code; } })();
    return [
      x * k, rest, import.meta.dirname, import.meta.resolve('./no/file.js'), resolve('two'),
      import.meta.resolve('fs'), typeof import.meta.resolve, failure, import.meta.main,
    ];
  }`)}
`;

describe.each(['20', '22', '24'])('on Node %s', (version) => {
  const start = (...args: string[]) => outputs(otherNode(version), args);

  it('imports keep their attributes', () => {
    writeFileSync(path.join(at, 'imports.mjs'), IMPORTS);
    const [here, ...there] = start('imports.mjs');
    const found = [path.sep, { a: 1 }, 1, 2, 2, 'ERR_IMPORT_ATTRIBUTE_UNSUPPORTED'];
    // Node 20 has another name for that error.
    const rows = (here as unknown[][]).map((row) => [...row.slice(0, -1), found.at(-1)]);
    expect(rows).toEqual([3, 6].map((y) => [y, ...found]));
    expect(there).toEqual([here, here]);
  }, 60_000);

  it('import.meta is that of the module', () => {
    writeFileSync(path.join(at, 'meta.mjs'), META);
    const [here, ...there] = start('meta.mjs') as [unknown[][], ...unknown[]];
    expect(here[0]!.slice(2, 7)).toEqual([
      at,
      pathToFileURL(path.join(at, 'no/file.js')).href,
      pathToFileURL(path.join(at, 'two/two.mjs')).href,
      'node:fs',
      'function',
    ]);
    expect(there).toEqual([here, here]);
  }, 60_000);

  const SCRIPT = `
    const { map } = require('heddle');
    const seven = require('./inner/seven.js');
    ${inEach(`(x) => [
      x * k, seven(), require('./inner/seven.js')(), require('node:path').sep,
      require.resolve('two').endsWith('two.cjs'), typeof __filename,
    ]`)}
  `;

  it.each([
    ['--eval', ['-e', SCRIPT], undefined],
    ['--eval with arguments', ['-e', SCRIPT, '--', 'x'], undefined],
    ['standard input', [], SCRIPT],
    ['standard input, named', ['-'], SCRIPT],
  ] as const)(
    'require is that of code from %s',
    (_, args, input) => {
      const [here, ...there] = outputs(otherNode(version), args, input);
      expect(here).toEqual([3, 6].map((y) => [y, 7, 7, path.sep, true, 'string']));
      expect(there).toEqual([here, here]);
    },
    60_000,
  );

  it.each([['--eval'], ['standard input']])(
    'a module from %s imports from its folder',
    (from) => {
      const code = `
      import { map } from 'heddle';
      import { createRequire } from 'node:module';
      import seven from './inner/seven.js';
      const require = createRequire(import.meta.url);
      ${inEach(`async (x) => [
        x * k, seven(), require('./inner/seven.js')(), (await import('./inner/seven.js')).default(),
        import.meta.resolve('two'),
      ]`)}
    `;
      const flags = ['--input-type=module', ...(from === '--eval' ? ['--eval', code] : [])];
      const [here, ...there] = outputs(otherNode(version), flags, from === '--eval' ? '' : code);
      const two = pathToFileURL(path.join(at, 'two/two.mjs')).href;
      expect(here).toEqual([3, 6].map((y) => [y, 7, 7, 7, two]));
      expect(there).toEqual([here, here]);
    },
    60_000,
  );
});

it('imports keep attributes that Node 20 takes by their old name', () => {
  writeFileSync(
    path.join(at, 'assert.mjs'),
    IMPORTS.replaceAll(" with { type: 'json' };", " assert { type: 'json' };"),
  );
  const [here, ...there] = outputs(otherNode('20'), ['assert.mjs']);
  expect(there).toEqual([here, here]);
}, 60_000);
