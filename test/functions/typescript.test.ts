/**
 * Worker functions in `.ts` files, in the ways that people run TypeScript; Node's own stripping of
 * types is in type-stripping.test.ts.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { otherNode } from '../helpers/nodes.ts';
import { compile, emptyProject, install, project, root, run, runVitest, tsx } from './programs.ts';
import { LINE, RESULTS, runTyped, TYPED } from './typed.ts';

const inVitest = `
  import { expect, it } from 'vitest';
  import { calls } from './calls.ts';

  it.each(['processes', 'threads'] as const)('%s', async (backend) => {
    const { results, stack, away } = await calls(backend, '.ts');
    expect(results).toEqual(${JSON.stringify(RESULTS)});
    expect(stack).toMatch(/^RangeError: marked\\n.*workers\\.ts:${LINE}:/);
    expect(away).toBe(true);
  });
`;

const TS_NODE = path.join(root, 'node_modules/ts-node/dist/bin.js');

const TSCONFIG = {
  compilerOptions: {
    ...{ module: 'commonjs', target: 'es2022', moduleResolution: 'node', esModuleInterop: true },
    ...{ ignoreDeprecations: '6.0', skipLibCheck: true, types: ['node'] },
    typeRoots: [path.join(root, 'node_modules/@types')],
  },
};

/** With what no stripping of types can make JavaScript of. */
const HELPER = `
  export const twice = (x: number): number => x * 2;
  let calls = 0;
  export const count = (): number => ++calls;
  export class Model {
    constructor(readonly k: number) {}
    predict(x: number): number { return x * this.k; }
  }
`;

const COMMONJS = `
  import { pathToFileURL } from 'node:url';
  import { map, task } from 'heddle';
  import { count, Model, twice } from './helper';
  const k: number = 3;
  enum Color { Red = 5 }
  async function main(): Promise<void> {
    const model = new Model(4);
    for (const backend of ['sequential', 'threads', 'processes'] as const) {
      const o = { jobs: backend === 'sequential' ? 1 : 2, backend };
      const fn = (x: number) =>
        [twice(x) * k, model.predict(x), count() > 0, Color.Red, require('./helper').twice(1)];
      const later = async (x: number) => (await import('./helper')).twice(x);
      const score = task<[number], number>(pathToFileURL(__dirname + '/helper.ts'), 'twice');
      const models = await map([1, 2], (x: number) => new Model(x), o);
      const all = [
        await map([1, 2], fn, o), await map([1, 2], twice, o), await map([1, 2], later, o),
        await map([1], score, o), models.every((one) => one instanceof Model),
      ];
      console.log(JSON.stringify(all));
    }
  }
  void main();
`;

describe('worker functions in .ts files work', () => {
  it('under tsx on Node 20', async () => {
    const at = project('tsx', TYPED, 'module');
    const outputs = await runTyped(otherNode('20'), '--import', tsx, path.join(at, 'main.ts'));
    for (const { stack } of outputs) expect(stack).toContain(`workers.ts:${LINE}:`);
  }, 60_000);

  it('after tsc', async () => {
    const at = project('tsc', TYPED, 'module');
    await compile(at);
    const main = path.join(at, 'out/main.js');
    const outputs = await runTyped(process.execPath, '--enable-source-maps', main);
    for (const { stack } of outputs) expect(stack).toContain(`workers.ts:${LINE}:`);
  }, 60_000);

  it.each([
    ['its command', [TS_NODE, 'main.ts']],
    ['its command without checks of types', [TS_NODE, '-T', 'main.ts']],
    ['a flag', ['--require', 'ts-node/register/transpile-only', 'main.ts']],
    ['a program', ['main.cjs']],
  ] as const)(
    'as CommonJS under ts-node, started by %s',
    async (_, args) => {
      const at = emptyProject(
        `ts-node-${args.join('-').replace(/\W+/g, '-').slice(-30)}`,
        'commonjs',
      );
      install('ts-node', undefined, at);
      writeFileSync(path.join(at, 'tsconfig.json'), JSON.stringify(TSCONFIG));
      writeFileSync(path.join(at, 'helper.ts'), HELPER);
      writeFileSync(path.join(at, 'main.ts'), COMMONJS);
      writeFileSync(
        path.join(at, 'main.cjs'),
        "require('ts-node').register({ transpileOnly: true }); require('./main.ts');",
      );
      // No TypeScript of Node's own.
      const { stdout } = await run(otherNode('20'), args as unknown as string[], { cwd: at });
      const [here, ...there] = stdout.trim().split('\n');
      expect(JSON.parse(here!)).toEqual([
        [
          [6, 4, true, 5, 2],
          [12, 8, true, 5, 2],
        ],
        [2, 4],
        [2, 4],
        [2],
        true,
      ]);
      expect(there).toEqual([here, here]);
    },
    120_000,
  );

  it('in vitest, by reference too where tsx is installed', async () => {
    const at = project('vitest', TYPED, 'module');
    install('vitest', undefined, at);
    install('tsx', undefined, at);
    writeFileSync(path.join(at, 'calls.test.ts'), inVitest);
    const said = await runVitest(at, ['forks', 'threads']);
    expect(said).toMatch(/Tests +4 passed/);
    expect(said).not.toMatch(/Warning/);
  }, 120_000);

  it('or say what is missing', async () => {
    const at = project('missing', TYPED, 'module');
    install('vitest', undefined, at);
    writeFileSync(
      path.join(at, 'calls.test.ts'),
      `import { expect, it } from 'vitest';
       import { map, task } from 'heddle';

       it.each(['processes', 'threads'] as const)('%s', async (backend) => {
         const score = task<[object], number>(new URL('./workers.ts', import.meta.url), 'score');
         const scores = map([{ user: 1, weight: 10 }], score, { backend, jobs: 2 });
         if (process.features.typescript) expect(await scores).toEqual([20]);
         else await expect(scores).rejects.toThrow(/workers\\.ts: Node 20.* tsx .*22\\.18/);
       });
      `,
    );
    expect(await runVitest(at, ['forks'])).toMatch(/Tests +2 passed/);
  }, 60_000);
});
