/**
 * Random programs whose scopes declare the same few names again and again. A function that was
 * shipped from a place in such a program gives what it gives there.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodeFunction, encodeFunction } from '../../src/functions/index.ts';
import type { FunctionPayload } from '../../src/functions/payload.ts';
import { fc, runsOf } from '../helpers/seeds.ts';

type Result = readonly string[];
type Probe = () => Result;

/** `a`, `b` and `c` are imported; `Map` and `process` are globals; nobody declares `e` outside. */
const NAMES = ['a', 'b', 'c', 'd', 'e', 'Map', 'process'] as const;
const name = fc.constantFrom(...NAMES);

/** A scope with some declarations around what is in it; `#` stands for that. */
const WRAPPERS: Readonly<Record<string, (n: string, v: string) => string>> = {
  parameter: (n, v) => `((${n}) => { # })(${v});`,
  default: (n, v) => `((${n} = ${v}) => { # })();`,
  pattern: (n, v) => `(({ k: { ${n} } }) => { # })({ k: { ${n}: ${v} } });`,
  rest: (n, v) => `((...${n}) => { # })(${v});`,
  let: (n, v) => `{ let ${n} = ${v}; # }`,
  const: (n, v) => `{ const ${n} = ${v}; # }`,
  undefined: (n) => `{ let ${n}; # }`,
  dead: (n, v) => `{ # const ${n} = ${v}; }`,
  'dead class': (n) => `{ # class ${n} {} }`,
  var: (n, v) => `(function () { var ${n} = ${v}; # })();`,
  'var below': (n, v) => `(function () { # var ${n} = ${v}; })();`,
  function: (n, v) => `(() => { # function ${n}() { return ${v}; } })();`,
  class: (n, v) => `{ class ${n} { static v = ${v}; } # }`,
  catch: (n, v) => `try { throw ${v}; } catch (${n}) { # }`,
  'for of': (n, v) => `for (const ${n} of [${v}]) { # }`,
  for: (n, v) => `for (let ${n} = ${v}, once = true; once; once = false) { # }`,
  switch: (n, v) => `switch (1) { case 1: let ${n} = ${v}; # }`,
  method: (n, v) => `({ run(${n}) { # } }).run(${v});`,
  getter: (n, v) => `({ get run() { const ${n} = ${v}; # return 1; } }).run;`,
  static: (n, v) => `{ class Holder { static { const ${n} = ${v}; # } } }`,
  generator: (n, v) => `[...(function* () { const ${n} = ${v}; # yield 1; })()];`,
  'dead let': (n, v) => `{ # let ${n} = ${v}; }`,
  'dead, by a default': (n, v) => `{ # const { k: ${n} = ${v} } = {}; }`,
  'dead parameter': (n, v) => `((first = () => { # }, last = first(), ${n} = ${v}) => {})();`,
  'dead in a switch': (n, v) => `switch (1) { default: { # } let ${n} = ${v}; }`,
  'dead in a loop': (n, v) =>
    `for (const round of [1, 2]) { if (round > 1) { # } const ${n} = ${v}; }`,
  'dead in a static block': (n, v) => `{ class Holder { static { # const ${n} = ${v}; } } }`,
  'dead around a class': (n, v) => `{ class Holder { static { # } } const ${n} = ${v}; }`,
  'dead in a computed key': (n, v) =>
    `{ class Holder { static [(() => { # return 'k'; })()] = 1; } const ${n} = ${v}; }`,
  'made before': (n, v) => `{ const late = () => { # }; let ${n} = ${v}; late(); }`,
  'made before nothing': (n) => `{ const late = () => { # }; let ${n}; late(); }`,
  'made before undefined': (n) => `{ const late = () => { # }; const ${n} = void 0; late(); }`,
  'assigned nothing': (n, v) => `{ let ${n} = ${v}; ${n} = undefined; # }`,
  'assigned by a pattern': (n, v) => `{ let ${n} = ${v}; [${n}] = []; # }`,
  'assigned by another': (n, v) => `{ let ${n} = ${v}; ({ ${n} } = {}); # }`,
  'assigned by a loop': (n, v) => `{ let ${n} = ${v}; for (${n} of [undefined]); # }`,
  'parameter, assigned': (n, v) => `((${n} = ${v}) => { ${n} = undefined; # })();`,
  'nothing by a call': (n) => `{ const ${n} = used(); # }`,
  'nothing by a pattern': (n) => `{ const { k: ${n} } = {}; # }`,
  'class in its heritage': (n) => `{ class ${n} extends (() => { # return Object; })() {} }`,
  'used elsewhere': (n, v) => `{ const ${n} = ${v}; used(() => ${n}); # }`,
};

const wrapper = fc.record({
  kind: fc.constantFrom(...Object.keys(WRAPPERS)),
  name,
  value: fc.integer({ min: 10, max: 99 }),
});

/** What the function itself declares around its uses. */
const INSIDE: Readonly<Record<string, (n: string, v: string) => string>> = {
  nothing: () => '#',
  parameter: (n, v) => `return ((${n}) => { # })(${v});`,
  'default and var': (n, v) =>
    `return ((early = ${n}) => { var ${n} = ${v}; used(() => early, ${n}); # })();`,
  let: (n, v) => `{ let ${n} = ${v}; # }`,
  'let in a block beside': (n, v) => `{ let ${n} = ${v}; used(() => ${n}); } #`,
  'function in a block beside': (n) => `{ function ${n}() {} used(() => ${n}); } #`,
  catch: (n, v) => `try { throw ${v}; } catch (${n}) { # }`,
  'catch beside': (n, v) => `try { throw ${v}; } catch (${n}) { used(() => ${n}); } #`,
  'var below': (n, v) => `return (function () { # var ${n} = ${v}; })();`,
  'a label': (n) => `${n}: { # }`,
  'own name': (n) => `return (function ${n}() { # })();`,
  'a property': (n, v) => `used(() => ({ ${n}: ${v} }).${n}); #`,
  switch: (n, v) => `switch (typeof ${n}) { default: let ${n} = ${v}; # }`,
};

const program = fc.record({
  wrappers: fc.array(wrapper, { maxLength: 6 }),
  inside: fc.record({
    kind: fc.constantFrom(...Object.keys(INSIDE)),
    name,
    value: fc.integer({ min: 10, max: 99 }),
  }),
  uses: fc.uniqueArray(name, { minLength: 1, maxLength: 4 }),
});
type Program = typeof program extends fc.Arbitrary<infer T> ? T : never;

/** Names that are free where they are used, read in a way that can't fail. */
function use(of: string): string {
  return `(() => { try { return show(${of}); } catch (error) { return error.constructor.name; } })()`;
}

/** What may stand in for a value in a result: functions and classes by what they are called. */
const SHOW =
  "const show = (value) => (typeof value === 'function' ? 'function ' + value.name : typeof value === 'object' && !Array.isArray(value) ? 'an object' : JSON.stringify(value) ?? 'undefined');";

function sourceOf({ wrappers, inside, uses }: Program): string {
  // Anything that its surroundings don't hide.
  let text = `return [${uses.map(use).join()}];`;
  text = INSIDE[inside.kind]!(inside.name, String(inside.value)).replace('#', () => text);
  text = `probe(() => { ${text} });`;
  for (const { kind, name, value } of wrappers) {
    text = WRAPPERS[kind]!(name, String(value)).replace('#', () => text);
  }
  return text;
}

let temporary: string;
let folder: string;

beforeAll(() => {
  temporary = mkdtempSync(path.join(os.tmpdir(), 'heddle-test-shadows-'));
  // Node loads it as it is: vitest leaves packages alone.
  folder = path.join(temporary, 'node_modules/programs');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'beside.mjs'), 'export const b = 2;\nexport default 1;\n');
});
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

let count = 0;

/** A default of a parameter may read what has no value yet. */
function attempt(fn: Probe): Result {
  try {
    return fn();
  } catch (error) {
    return [String(error)];
  }
}

/** Runs programs in one module, and gives what their functions give here and as a worker has them. */
async function compare(programs: readonly Program[]): Promise<[Result, Result][]> {
  const file = path.join(folder, `program-${++count}.mjs`);
  const text = programs.map(sourceOf).map((code) => `  () => { ${code} },`);
  writeFileSync(
    file,
    `import a, { b } from './beside.mjs';
     import * as c from './beside.mjs';
     ${SHOW}
     const used = () => {};
     used(() => [a, b, c]);
     export const programs = (probe) => [\n${text.join('\n')}\n];\n`,
  );
  const module = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as {
    programs(probe: (fn: Probe) => void): readonly (() => void)[];
  };
  const pairs: Promise<[Result, Result]>[] = [];
  const probe = (fn: Probe) => {
    const here = attempt(fn);
    const payload = fresh(structuredClone(encodeFunction(fn)));
    pairs.push(decodeFunction(payload).then((there) => [here, attempt(there as Probe)]));
  };
  for (const run of module.programs(probe)) run();
  return Promise.all(pairs);
}

/** As a worker gets it, which has seen neither the function nor its classes. */
function fresh(payload: FunctionPayload): FunctionPayload {
  const nodes = payload.nodes.map((node) =>
    node.kind === 'code' && node.id !== undefined ? { ...node, id: `${node.id}'${count}` } : node,
  );
  return { ...payload, id: `${payload.id}'${count}`, nodes };
}

const runs = runsOf(30);

it('finds what each name means, wherever it is declared', { timeout: runs * 2_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(program, { minLength: 1, maxLength: 20 }), async (programs) => {
      const pairs = await compare(programs);
      expect(pairs).toHaveLength(programs.length);
      expect(pairs.map(([, there]) => there)).toEqual(pairs.map(([here]) => here));
    }),
    { numRuns: runs },
  );
});

it('finds it in every kind of scope, around every kind of function', async () => {
  const all = Object.keys(WRAPPERS).flatMap((kind, i) =>
    Object.keys(INSIDE).flatMap((inner, j) =>
      // An import, what is declared nowhere, and one of all of them.
      (['a', 'e', NAMES[(i + j) % NAMES.length]!] as const).map((name) => ({
        wrappers: [{ kind, name, value: 11 }],
        inside: { kind: inner, name, value: 12 },
        uses: [...NAMES],
      })),
    ),
  );
  const pairs = await compare(all);
  expect(pairs).toHaveLength(all.length);
  for (const [i, [here, there]] of pairs.entries()) {
    expect({ ...all[i]!, result: there }).toEqual({ ...all[i]!, result: here });
  }
}, 60_000);
