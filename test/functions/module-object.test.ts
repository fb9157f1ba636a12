/**
 * What a CommonJS function asks of its `module` and `require`, in a file, on the command line and on
 * standard input; and names that the compiled code has of its own.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { emptyProject } from './programs.ts';

const PROGRAM = `
var { map } = require('heddle');
// Other modules are children of this one, and can't be sent.
require('./other.cjs');
const $mport = 3;
const import$meta = 4;
const heddle$base = 5;
class Base { get() { return this.value; } }
const kinds = () => Base;
class Derived extends kinds() { value = heddle$base; }
const cases = {
  'typeof module': () => [typeof module, typeof require, typeof exports, typeof __filename],
  'the way of UMD': () => (typeof module !== 'undefined' && module.exports ? 'CommonJS' : 'a browser'),
  'no module': () => (!module ? 'none' : module.id),
  'the way of scripts': () => (require.main === module ? 'main' : 'required'),
  'require.main': () => require.main && [require.main.id, require.main.filename, require.main.paths],
  'require of main': () => require.main && require.main.require('./other.cjs')(),
  'a module as a whole': () => { const m = module; return [m.id, m.filename, m === module]; },
  children: () => (module.children ?? []).map((child) => child.filename),
  require: () => [typeof require.resolve, require('node:path').basename('/a/b')],
  import: async () => [$mport, typeof (await import('node:fs')).readFileSync],
  'import and a local': async () => { const $$port = 1; return [$mport + $$port, typeof (await import('node:fs')).readFileSync]; },
  base: () => new Derived().get(),
};
(async () => {
  const results = {};
  for (const [name, fn] of Object.entries(cases)) {
    const found = [];
    for (const o of [{ jobs: 1 }, { jobs: 2, backend: 'threads' }, { jobs: 2, backend: 'processes' }])
      found.push(await map([1, 2], fn, o).catch((error) => String(error.cause ?? error)));
    results[name] = found;
  }
  console.log(JSON.stringify(results));
  process.exit();
})();
`;

let at: string;
beforeAll(() => {
  at = emptyProject('module-object', 'commonjs');
  writeFileSync(path.join(at, 'other.cjs'), 'module.exports = () => 1;');
  writeFileSync(path.join(at, 'main.cjs'), PROGRAM);
});

const WAYS: Readonly<Record<string, readonly [args: readonly string[], input: string]>> = {
  'a file': [['main.cjs'], ''],
  '--eval': [['-e', PROGRAM], ''],
  'standard input': [[], PROGRAM],
};

describe.each(Object.entries(WAYS))('from %s', (_, [args, input]) => {
  it('a function sees what it sees at home', () => {
    const stdout = execFileSync(process.execPath, args, { cwd: at, input, encoding: 'utf8' });
    for (const [name, [home, ...elsewhere]] of Object.entries(
      JSON.parse(stdout) as Record<string, readonly unknown[]>,
    )) {
      expect(JSON.stringify(home), name).not.toContain('Error');
      expect(elsewhere, name).toEqual([home, home]);
    }
  }, 60_000);
});

it('names of compiled code give way to those of a module', () => {
  const file = path.join(at, 'main.mjs');
  writeFileSync(
    file,
    `import { map } from 'heddle';
     const import$meta = 4;
     const fn = () => { const $port$meta = 1; return [import$meta, $port$meta, import.meta.url]; };
     for (const jobs of [1, 2]) console.log(JSON.stringify(await map([1], fn, { jobs })));
     process.exit();`,
  );
  const [home, elsewhere] = execFileSync(process.execPath, [file], { encoding: 'utf8' }).split(
    '\n',
  );
  expect(home).toContain('main.mjs');
  expect(elsewhere).toBe(home);
});

it('the exports of a module that is not loaded in a worker are asked for with an error that says so', () => {
  const file = path.join(at, 'whole.cjs');
  writeFileSync(
    file,
    `const { map } = require('heddle');
     exports.factor = 3;
     const whole = () => { const m = module; return m.exports.factor; };
     const part = () => (require.main === module ? module.exports.factor : 0);
     const named = () => module.exports.factor;
     (async () => {
       for (const fn of [whole, part, named])
         console.log(await map([1], fn, { jobs: 2 }).catch((error) => error.message));
       process.exit();
     })();`,
  );
  const [whole, part, named] = execFileSync(process.execPath, [file], { encoding: 'utf8' }).split(
    '\n',
  );
  expect(whole).toContain('whole.cjs are not known in a worker');
  expect(part).toBe(whole);
  expect(named).toBe('[ 3 ]');
});
