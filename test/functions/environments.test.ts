/**
 * Functions with captures, shipped by the public interface from programs that were compiled and
 * started in the ways that people compile and start theirs.
 */
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  bundle,
  compile,
  emptyProject,
  install,
  project as projectOf,
  run,
  runVitest,
  tsx,
} from './programs.ts';

const apps = fileURLToPath(new URL('./apps', import.meta.url));
const project = (name: string, type: 'module' | 'commonjs') => projectOf(name, './apps', type);

interface Output {
  readonly scores: unknown;
  readonly models: unknown;
  readonly stack: string;
}

async function output(backend: string, ...args: string[]): Promise<Output> {
  const { stdout, stderr } = await run(process.execPath, [...args, backend]);
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
    await compile(at);
    const { stack } = await check(path.join(at, 'out/app.js'));
    expect(stack).toContain(`${path.join(at, 'app.ts')}:${line}:`);
  }, 120_000);

  it('CommonJS, as tsc writes it', async () => {
    const at = project('cjs', 'commonjs');
    await compile(at);
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
    const { stack } = await check(
      await bundle(path.join(at, 'app.ts'), 'esm', '--minify', '--keep-names'),
    );
    expect(stack).toContain(`app.ts:${line}:`);
    await check(await bundle(path.join(at, 'app.ts'), 'cjs', '--keep-names', '--target=es2022'));
  }, 120_000);

  it('a process that may not make code from strings', async () => {
    const at = project('strict', 'module');
    await check(
      '--disallow-code-generation-from-strings',
      await bundle(path.join(at, 'app.ts'), 'esm'),
    );
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
       exports.table = new WeakMap(); // not used by the function
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

  it.each(['mjs', 'cjs'] as const)(
    'imported modules, by reference (%s)',
    async (kind) => {
      const at = project(`reference-${kind}`, 'module');
      const own = '() => ++calls'; // by value this would be refused
      writeFileSync(
        path.join(at, `state.${kind}`),
        kind === 'mjs'
          ? `let calls = 0; export const count = ${own}; export default ${own};`
          : `let calls = 0; exports.count = ${own}; exports.default = ${own};`,
      );
      writeFileSync(
        path.join(at, 'main.mjs'),
        `import { map } from 'heddle';
       import * as state from './state.${kind}';
       import { count } from './state.${kind}';
       const options = { jobs: process.argv[2] === 'sequential' ? 1 : 2, backend: process.argv[2] };
       const positive = (list) => list.map((calls) => calls > 0);
       const result = [
         positive(await map([1, 2], count, options)),
         positive(await map([1, 2], state.default.default ?? state.default, options)),
         positive(await map([1, 2], () => count() + state.count(), options)),
       ];
       console.log(JSON.stringify({ result, own: true, stack: 'RangeError: marked' }));
      `,
      );
      await check(path.join(at, 'main.mjs'));
    },
    60_000,
  );

  it('the main module of a folder, or behind a link, which no worker loads again', async () => {
    const at = project('folder', 'module');
    writeFileSync(path.join(at, 'package.json'), JSON.stringify({ type: 'module', main: 'm.js' }));
    writeFileSync(
      path.join(at, 'm.js'),
      `import { map } from 'heddle';
       console.log('loaded');
       const k = 3;
       export const times = (x) => x * k;
       for (const backend of ['threads', 'processes']) {
         console.log(JSON.stringify(await map([1, 2], times, { jobs: 2, backend })));
       }
      `,
    );
    symlinkSync(path.join(at, 'm.js'), path.join(at, 'link.js'));
    for (const args of [['.'], ['--preserve-symlinks-main', 'link.js'], ['m.js']]) {
      const { stdout } = await run(process.execPath, args, { cwd: at });
      expect(stdout).toBe('loaded\n[3,6]\n[3,6]\n');
    }
  }, 60_000);

  it('code that istanbul has instrumented', async () => {
    const at = project('coverage', 'module');
    // As istanbul-lib-instrument 6 writes it.
    writeFileSync(
      path.join(at, 'main.mjs'),
      `function cov_1ncb4uk5ya() {
         var path = "/made/up.js";
         var hash = "66d8a5832a6dfaecc235645f0d5bfb9be562aca8";
         var global = new Function("return this")();
         var gcv = "__coverage__";
         var coverageData = {
           path: "/made/up.js",
           s: { "0": 0, "1": 0, "2": 0 }, f: { "0": 0, "1": 0 }, b: { "0": [0, 0] },
           _coverageSchema: "1a1c01bbd47fc00a2c39e90264f33305004495a9", hash
         };
         var coverage = global[gcv] || (global[gcv] = {});
         if (!coverage[path] || coverage[path].hash !== hash) { coverage[path] = coverageData; }
         var actualCoverage = coverage[path];
         {
           // @ts-ignore
           cov_1ncb4uk5ya = function () { return actualCoverage; };
         }
         return actualCoverage;
       }
       cov_1ncb4uk5ya();
       import { map } from 'heddle';
       const k = (cov_1ncb4uk5ya().s[0]++, 2);
       class Scale {
         static unit = (cov_1ncb4uk5ya().s[1]++, 1);
         static { cov_1ncb4uk5ya().s[2]++; Scale.unit *= k; }
         by(x) { cov_1ncb4uk5ya().f[1]++; return x * Scale.unit; }
       }
       const fn = (x) => { cov_1ncb4uk5ya().f[0]++; cov_1ncb4uk5ya().s[1]++;
         return x > 1 ? (cov_1ncb4uk5ya().b[0][0]++, new Scale().by(x)) : (cov_1ncb4uk5ya().b[0][1]++, x); };
       const result = await map([1, 2, 3], fn, { jobs: process.argv[2] === 'sequential' ? 1 : 2, backend: process.argv[2] });
       console.log(JSON.stringify({ result, own: true, stack: 'RangeError: marked' }));
      `,
    );
    const result = (await check(path.join(at, 'main.mjs'))) as unknown as { result: number[] };
    expect(result.result).toEqual([1, 4, 6]);
  }, 120_000);

  it.each(['processes', 'threads'])(
    'a process whose coverage V8 measures, and counts in %s are those of the file',
    async (backend) => {
      const at = project(`v8-${backend}`, 'module');
      const code = `// What comes before moves all offsets.
        import { map } from 'heddle';
        const k = 3;
        function never() {
          return 'never';
        }
        const fn = (x) => {
          if (x > 100) {
            return 'too much';
          }
          return x * k;
        };
        console.log(JSON.stringify(await map([1, 2, 3], fn, { jobs: 2, backend: '${backend}' })));
      `;
      const file = path.join(at, 'main.mjs');
      writeFileSync(file, code);
      const env = { ...process.env, NODE_V8_COVERAGE: path.join(at, 'counts') };
      const { stdout } = await run(process.execPath, [file], { env });
      expect(JSON.parse(stdout)).toEqual([3, 6, 9]);
      const counts = new Map<string, number>();
      for (const part of readCounts(path.join(at, 'counts'), pathToFileURL(file).href)) {
        for (const [range, count] of part) counts.set(range, (counts.get(range) ?? 0) + count);
      }
      const [start, end] = [code.indexOf('(x) =>'), code.indexOf('};') + 1];
      expect(counts.get(`${start}-${end}`)).toBe(3);
      const unused = code.indexOf('{', code.indexOf('x > 100'));
      expect(counts.get(`${unused}-${code.indexOf('}', unused) + 1}`)).toBe(0);
      const never = code.indexOf('function never');
      expect(counts.get(`${never}-${code.indexOf('}', never) + 1}`)).toBe(0);
    },
    60_000,
  );

  it.each(['the process', 'the thread'])(
    'a thread whose threads are counted once, where %s asks for coverage',
    async (asks) => {
      const at = emptyProject(`v8-nested-${asks.replace(' ', '-')}`, 'module');
      const code = `
        import { isMainThread, Worker } from 'node:worker_threads';
        if (isMainThread) new Worker(new URL(import.meta.url));
        else {
          process.env.NODE_V8_COVERAGE ??= './counts';
          const { map, shutdownWorkers } = await import('heddle');
          const fn = (x) => { if (x > 100) { return 0; } return x * 3; };
          console.log(JSON.stringify(await map([1, 2, 3], fn, { jobs: 2, backend: 'threads' })));
          await shutdownWorkers();
        }
      `;
      const file = path.join(at, 'main.mjs');
      writeFileSync(file, code);
      const { NODE_V8_COVERAGE: _, ...env } = process.env;
      if (asks === 'the process') env.NODE_V8_COVERAGE = path.join(at, 'counts');
      const { stdout } = await run(process.execPath, [file], { cwd: at, env });
      expect(JSON.parse(stdout)).toEqual([3, 6, 9]);
      let calls = 0;
      let unused = 0;
      const [start, end] = [code.indexOf('(x) =>'), code.indexOf('};') + 1];
      const block = code.indexOf('{', code.indexOf('x > 100'));
      for (const part of readCounts(path.join(at, 'counts'), pathToFileURL(file).href)) {
        calls += part.get(`${start}-${end}`) ?? 0;
        unused += part.get(`${block}-${code.indexOf('}', block) + 1}`) ?? 0;
      }
      expect([calls, unused]).toEqual([3, 0]);
    },
    60_000,
  );

  it('TypeScript under tsx, to whose coverage no worker adds counts of other offsets', async () => {
    const at = project('v8-tsx', 'module');
    const file = path.join(at, 'app.ts');
    const env = { ...process.env, NODE_V8_COVERAGE: path.join(at, 'counts') };
    await run(process.execPath, ['--import', tsx, file, 'threads'], { env });
    // Only the main thread, which has loaded it.
    expect(readCounts(path.join(at, 'counts'), pathToFileURL(file).href)).toHaveLength(1);
  }, 60_000);

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
    install('vitest', undefined, at);
    const coverage = ['--coverage.enabled', '--coverage.provider=v8', '--coverage.reporter=text'];
    for (const [pools, options] of [
      [['forks', 'threads'], coverage],
      [['vmThreads', 'vmForks'], []],
    ] as const) {
      const said = await runVitest(at, pools, options);
      expect(said).toMatch(/Tests +2 passed/);
      expect(/helper\.ts +\|/.test(said)).toBe(options.length > 0);
      // A worker thread is told of descriptors that are closed behind its back.
      expect(said).not.toMatch(/Warning/);
    }
  }, 120_000);

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

/** What each process and thread counted in the script of this URL: how often each range was run. */
function readCounts(counts: string, url: string): Map<string, number>[] {
  const all: Map<string, number>[] = [];
  for (const name of readdirSync(counts)) {
    const { result } = JSON.parse(readFileSync(path.join(counts, name), 'utf8')) as {
      result: { url: string; functions: { ranges: Range[] }[] }[];
    };
    const ranges = result
      .filter((script) => script.url === url)
      .flatMap(({ functions }) => functions.flatMap((fn) => fn.ranges));
    if (ranges.length === 0) continue;
    all.push(
      new Map(ranges.map(({ startOffset: a, endOffset: b, count }) => [`${a}-${b}`, count])),
    );
  }
  return all;
}

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

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
