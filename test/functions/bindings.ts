/**
 * Writes one program that captures every kind of thing, held by every kind of variable, under names
 * that mean something else a scope further out. The test compiles it in many ways and runs it.
 */

/** A value, how a task uses it, and what that gives for the tasks 1 and 2. */
interface Thing {
  readonly value: string;
  readonly use: (name: string) => string;
  readonly expected: readonly unknown[];
}

const THINGS: Readonly<Record<string, Thing>> = {
  number: { value: '3', use: (name) => `x * ${name}`, expected: [3, 6] },
  string: { value: "'s'", use: (name) => `${name} + x`, expected: ['s1', 's2'] },
  nothing: {
    value: 'void 0',
    use: (name) => `String(${name}) + x`,
    expected: ['undefined1', 'undefined2'],
  },
  null: { value: 'null', use: (name) => `String(${name}) + x`, expected: ['null1', 'null2'] },
  array: { value: '[5, 6, 7]', use: (name) => `${name}[x]`, expected: [6, 7] },
  typed: { value: 'new Float64Array([5, 6, 7])', use: (name) => `${name}[x]`, expected: [6, 7] },
  map: {
    value: "new globalThis.Map([[1, 'one']])",
    use: (name) => `[...${name}.entries()].length + x`,
    expected: [2, 3],
  },
  arrow: { value: '(v) => v + 10', use: (name) => `${name}(x)`, expected: [11, 12] },
  function: {
    value: 'function (v) { return v + 20; }',
    use: (name) => `${name}(x)`,
    expected: [21, 22],
  },
  generator: {
    value: 'function* (v) { yield v; yield v + 1; }',
    use: (name) => `[...${name}(x)].join()`,
    expected: ['1,2', '2,3'],
  },
  class: {
    value: 'class { twice(v) { return v * 2; } }',
    use: (name) => `new ${name}().twice(x)`,
    expected: [2, 4],
  },
  derived: {
    value: 'class extends Base { twice(v) { return super.twice(v) + 1; } }',
    use: (name) => `new ${name}().twice(x)`,
    expected: [3, 5],
  },
  instance: { value: 'new Model(3)', use: (name) => `${name}.predict(x)`, expected: [3, 6] },
  method: {
    value: '({ k: 4, get(v) { return this.k * v; } })',
    use: (name) => `${name}.get(x)`,
    expected: [4, 8],
  },
  marked: {
    value: '({ __esModule: true, k: 5, get(v) { return this.k * v; } })',
    use: (name) => `${name}.get(x)`,
    expected: [5, 10],
  },
  defaulted: {
    value: '({ default: path, k: 6, get(v) { return this.k * v; } })',
    use: (name) => `${name}.get(x)`,
    expected: [6, 12],
  },
};

/** Kinds of variables: a statement that maps with the value in a variable of this name. */
const POSITIONS: Readonly<Record<string, (name: string, value: string, call: string) => string>> = {
  parameter: (name, value, call) => `return (async (${name}) => ${call})(${value});`,
  'default of a parameter': (name, value, call) =>
    `return (async (${name} = ${value}) => ${call})();`,
  'a pattern': (name, value, call) =>
    `return (async ({ a: [${name}] }) => ${call})({ a: [${value}] });`,
  'the rest': (name, value, call) =>
    `return (async ([...${name}]) => { { const [inner] = ${name}; { const ${name} = inner; return ${call}; } } })([${value}]);`,
  let: (name, value, call) => `let ${name} = ${value}; return ${call};`,
  'let, assigned later': (name, value, call) => `let ${name}; ${name} = ${value}; return ${call};`,
  var: (name, value, call) => `var ${name} = ${value}; return ${call};`,
  const: (name, value, call) => `const ${name} = ${value}; return ${call};`,
  'a block': (name, value, call) => `{ const ${name} = ${value}; return ${call}; }`,
  catch: (name, value, call) => `try { throw ${value}; } catch (${name}) { return ${call}; }`,
  'for of': (name, value, call) => `for (const ${name} of [${value}]) return ${call};`,
  'for, by let': (name, value, call) =>
    `for (let ${name} = ${value}, i = 0; i < 1; i++) return ${call};`,
  switch: (name, value, call) =>
    `switch (1) { case 1: { let ${name} = ${value}; return ${call}; } }`,
  method: (name, value, call) => `return { async run(${name}) { return ${call}; } }.run(${value});`,
  'a method of a class': (name, value, call) =>
    `class Holder { static async run(${name}) { return ${call}; } } return Holder.run(${value});`,
  'an accessor': (name, value, call) =>
    `return { get run() { const ${name} = ${value}; return ${call}; } }.run;`,
  'an async function': (name, value, call) =>
    `return (async function () { await null; const ${name} = ${value}; return ${call}; })();`,
  'a generator': (name, value, call) =>
    `return [...(function* (${name}) { yield ${call}; })(${value})][0];`,
  'an async generator': (name, value, call) =>
    `return (async () => { for await (const found of (async function* (${name}) { yield await ${call}; })(${value})) return found; })();`,
  'a static block': (name, value, call) =>
    `let found; class Holder { static { const ${name} = ${value}; found = ${call}; } } return found;`,
  'a constructor': (name, value, call) =>
    `class Holder { constructor(${name}) { this.found = ${call}; } } return new Holder(${value}).found;`,
  'while, in a block': (name, value, call) =>
    `while (true) { const ${name} = ${value}; return ${call}; }`,
  'a nested function': (name, value, call) =>
    `const ${name} = ${value}; return (() => (() => ${call})())();`,
  'two scopes': (name, value, call) =>
    `const ${name} = 'outer'; return (async () => { [() => ${name}]; { const ${name} = ${value}; return ${call}; } })();`,
  'three scopes': (name, value, call) =>
    `return (async (${name}) => { [() => ${name}]; for (const ${name} of ['loop']) { [() => ${name}]; try { throw ${value}; } catch (${name}) { return ${call}; } } })('param');`,
  'beside an inner one': (name, value, call) =>
    `const ${name} = ${value}; { const ${name} = 'inner'; [() => ${name}]; } return ${call};`,
};

/** Names with another meaning outside: imports of each kind, names of modules, globals. */
const NAMES = ['share', 'fallback', 'all', 'path', 'module', 'exports', 'require', 'local', 'own'];
const GLOBALS = ['Map', 'process', 'performance', 'Math', 'name', 'cov_matrix'];

/** What one function of the program does, and what it gives. */
interface Case {
  readonly title: string;
  readonly body: string;
  readonly expected: unknown;
}

/**
 * Every thing in every kind of variable, and every thing under every name.
 *
 * @param few - a fifth of them
 */
function cases(few: boolean): readonly Case[] {
  const list: Case[] = [];
  const things = Object.keys(THINGS);
  const positions = Object.keys(POSITIONS);
  const names = [...NAMES, ...GLOBALS];
  const add = (thing: string, position: string, name: string) => {
    // A value that uses the name itself would find what it is to become.
    const { value, use, expected } = THINGS[thing]!;
    if (new RegExp(`\\b${name}\\b`).test(value.replace(`globalThis.${name}`, ''))) return;
    const call = `map([1, 2], (x) => ${use(name)}, o)`;
    const body = POSITIONS[position]!(name, value, call);
    list.push({ title: `${thing} in ${position} named ${name}`, body, expected });
  };
  for (const [i, thing] of things.entries()) {
    for (const [j, position] of positions.entries()) {
      add(thing, position, names[(i + 3 * j) % names.length]!);
    }
    for (const name of names) add(thing, positions[(i + name.length) % positions.length]!, name);
  }
  return [...(few ? list.filter((_, i) => i % 5 === 0) : list), ...others];
}

const call = (use: string): string => `return map([1, 2], ${use}, o);`;

/** What is no pair of a thing and a variable. */
const others: readonly Case[] = [
  {
    title: 'the imports themselves',
    body: call('(x) => [share, fallback(x), all.share, typeof path.join, own(x)]'),
    expected: [1, 2].map((x) => [1000, x - 1, 1000, 'function', x + 7]),
  },
  {
    title: 'an import that is undefined',
    body: call('(x) => [x, unset, all.unset === unset]'),
    expected: [1, 2].map((x) => [x, null, true]),
  },
  {
    title: 'an import beside import()',
    body: call("async (x) => [unset, typeof (await import('node:path')).join, x]"),
    expected: [1, 2].map((x) => [null, 'function', x]),
  },
  {
    title: 'a helper with a name of its own',
    body: `const share = 2; const helper = (v) => v * share; return map([1, 2], (x) => helper(x) + outer(x), o);`,
    expected: [1002, 2004],
  },
  {
    title: 'a function that declares the name itself',
    body: call('(x) => { const before = share; { const share = x; return [before, share]; } }'),
    expected: [
      [1000, 1],
      [1000, 2],
    ],
  },
  {
    title: 'a default that reads what the body hides',
    body: call('(x, i, y = share) => { var share = x; return [y, share]; }').replace(
      '(x, i, y',
      '(x, i, y',
    ),
    expected: [
      [1000, 1],
      [1000, 2],
    ],
  },
  {
    title: 'a block function of strict code',
    body: call(
      "(x) => { 'use strict'; { function share() { return 0; } share(); } return share + x; }",
    ),
    expected: [1001, 1002],
  },
  {
    title: 'one text with two meanings',
    body: `const a = await map([1], (x) => Map.name + x, o); const b = await (async (Map) => map([1], (x) => Map.name + x, o))({ name: 'mine' }); return [a, b];`,
    expected: [['Map1'], ['mine1']],
  },
  {
    title: 'properties of a function whose text is known',
    body: `await map([1], (x) => x, o); const f = Object.assign((x) => x, { k: 8 }); return map([f, f], (g) => g.k, o);`,
    expected: [8, 8],
  },
  {
    title: 'a variable that has no value yet',
    body: `const early = (x) => [late, x]; const error = await map([1], early, away(o)).catch((e) => e.cause ?? e); const late = 1; return [error.name, /late|before init/.test(error.message), late];`,
    expected: ['ReferenceError', true, 1],
  },
  {
    title: 'a variable without a value yet, named like an import',
    body: `const early = (x) => [share, x]; const error = await map([1], early, away(o)).catch((e) => e.cause ?? e); const share = 1; return [error.name, share];`,
    expected: ['ReferenceError', 1],
  },
];

export interface Flavour {
  readonly system: 'import' | 'require';
  readonly typed?: boolean;
  /** The file of the module beside it, as the program names it. */
  readonly beside: string;
}

/** The module that the program imports. */
export function besideSource({ system }: Flavour): string {
  const names = `
const share = 1000;
const unset = process.env.NO_SUCH_VARIABLE;
const own = (x) => x + 7;
`;
  return system === 'import'
    ? `${names}export { own, share, unset };\nexport default (x) => x - 1;\n`
    : `${names}module.exports = { share, unset, own, default: (x) => x - 1 };\n`;
}

/** The program; it prints the results of all cases in each of the backends. */
export function programSource({ system, typed = false, beside }: Flavour, few = false): string {
  const t = (type: string): string => (typed ? `: ${type}` : '');
  const head =
    system === 'import'
      ? `import { map } from 'heddle';
import path from 'node:path';
import * as all from '${beside}';
import fallback, { own, share, unset } from '${beside}';`
      : `const { map } = require('heddle');
const path = require('node:path');
const all = require('${beside}');
const { default: fallback, own, share, unset } = all;`;
  const list = cases(few);
  return `${head}
const local = 'local';
class Base { twice(v${t('any')}) { return v * 2; } }
class Model {
  k${t('number')};
  constructor(k${t('number')}) { this.k = k; }
  predict(v${t('number')}) { return v * this.k; }
}
const outer = (v${t('number')}) => v * share;
const used = () => [local, path, outer, Base, Model, fallback, own, unset, all];
// Without workers a job begins when the variable has its value.
const away = (o${t('any')}) => (o.jobs === 1 ? { jobs: 2, backend: 'threads' } : o);
const table${t('[string, (o: any) => any][]')} = [
${list.map(({ title, body }) => `  [${JSON.stringify(title)}, async (o${t('any')}) => { ${body} }],`).join('\n')}
];
async function main() {
  const results${t('any')} = {};
  for (const [title, run] of table) {
    const found${t('any')} = (results[title] = {});
    for (const [backend, o] of [['sequential', { jobs: 1 }], ['threads', { jobs: 2, backend: 'threads' }], ['processes', { jobs: 2, backend: 'processes' }]]${typed ? ' as any' : ''}) {
      try {
        found[backend] = await run(o);
      } catch (error) {
        found[backend] = String(error);
      }
    }
  }
  console.log(JSON.stringify({ results, used: used().length }));
}
main();
`;
}

/** What the program has to print. */
export function expectedResults(few = false): Record<string, unknown> {
  const list = cases(few);
  return Object.fromEntries(
    list.map(({ title, expected }) => [
      title,
      { sequential: expected, threads: expected, processes: expected },
    ]),
  );
}
