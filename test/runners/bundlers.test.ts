/**
 * The recipes of docs/bundlers.md: programs bundled and minified for production compute right.
 */
import { cpSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesOf, hasRunners, Project } from '../helpers/runners.ts';
import { root } from '../parallel/support.ts';

const main = `
  import { map, shutdownWorkers } from 'heddle';
  import { matmulSync } from 'heddle/linalg';
  import { offset, share as other } from './helper.js';
  const factor = 3;
  async function tax(incomes, share, backend) {
    return map(incomes, (x) => x * share * factor + offset(x), { jobs: 2, backend });
  }
  const a = { data: new Float64Array([2]), shape: [1, 1] };
  for (const backend of ['threads', 'processes']) {
    console.log(backend, (await tax([1, 2], 5, backend)).join(), other, matmulSync(a, a).data[0]);
  }
  await shutdownWorkers({ kill: true });
`;
const helper = 'export const share = 7; export const offset = (x) => (x > 1 ? 100 : 10);';
const expected = 'threads 25,130 7 4\nprocesses 25,130 7 4\n';

const project = (): Project =>
  new Project([
    ['package.json', '{ "type": "module" }'],
    ['main.js', main],
    ['helper.js', helper],
    ...filesOf('bundlers.md'),
    [
      'webpack.mjs',
      `import config from './webpack.config.cjs';
      import webpack from 'webpack';
      webpack({ ...config, context: import.meta.dirname }, (error, stats) => {
        if (error || stats.hasErrors()) throw error ?? new Error(stats.toString());
      });`,
    ],
    [
      'rollup.mjs',
      `import config from './rollup.config.mjs';
      import { rollup } from 'rollup';
      await (await rollup(config)).write(config.output);`,
    ],
  ]);

describe.runIf(hasRunners())('the recipes for bundlers', () => {
  it.each(['esbuild', 'webpack', 'rollup'])(
    '%s',
    (bundler) => {
      using one = project();
      expect(one.node([`${bundler}.mjs`])).toMatchObject({ code: 0 });
      expect(one.node(['out/main.mjs'])).toEqual({ output: expected, code: 0 });
    },
    240_000,
  );
});

/** What Next makes of the recipe's route: the numbers that it gives, and what it printed. */
const serve = `
  import { spawn } from 'node:child_process';
  const next = process.argv[2];
  // A group of its own, which ends as a whole.
  const server = spawn(process.execPath, [next, 'start', '-p', '0'], { detached: true });
  let printed = '';
  const address = new Promise((resolve, reject) => {
    const look = (chunk) => {
      printed += chunk;
      const found = /http:\\/\\/localhost:\\d+/.exec(printed);
      if (found && /Ready/.test(printed)) resolve(found[0]);
    };
    server.stdout.on('data', look);
    server.stderr.on('data', look);
    server.on('exit', () => reject(new Error(printed)));
  });
  try {
    const url = await address;
    for (const backend of ['threads', 'processes']) {
      console.log(backend, await (await fetch(url + '/tax?backend=' + backend)).text());
    }
  } finally {
    process.kill(-server.pid, 'SIGKILL');
  }
`;

describe.runIf(hasRunners())('Next', () => {
  const nextOf = (one: Project): string => one.installed('next/dist/bin/next');
  const env = { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' };

  it('computes in a route of a production build', () => {
    using one = new Project([
      ['package.json', '{}'],
      ['serve.mjs', serve],
      ...[...filesOf('bundlers.md')].filter(([name]) => /^(next|app)/.test(name)),
      [
        'app/layout.js',
        'export default ({ children }) => <html lang="en"><body>{children}</body></html>;',
      ],
    ]);
    // Next takes for external what lies in node_modules, as a user's does, and no link elsewhere.
    const installed = path.join(one.folder, 'node_modules/heddle');
    for (const part of ['package.json', 'dist', 'build/Release']) {
      cpSync(path.join(root, part), path.join(installed, part), { recursive: true });
    }
    for (const name of ['acorn', 'node-gyp-build']) {
      const to = path.join(one.folder, 'node_modules', name);
      cpSync(path.join(root, 'node_modules', name), to, { recursive: true });
    }
    expect(one.node([nextOf(one), 'build'], env)).toMatchObject({ code: 0 });
    expect(one.node(['serve.mjs', nextOf(one)], env)).toEqual({
      output: 'threads [15,30,4]\nprocesses [15,30,4]\n',
      code: 0,
    });
  }, 240_000);

  it('says so where it has Heddle inside', () => {
    using one = new Project([
      ['package.json', '{}'],
      [
        'app/tax/route.js',
        "import { map } from 'heddle'; export const GET = () => map([1], String);",
      ],
    ]);
    const { output, code } = one.node([nextOf(one), 'build'], env);
    expect(output).toMatch(/heddle: a bundler has put this library into another file/);
    expect(output).toContain('ERR_HEDDLE_INLINED');
    expect(code).not.toBe(0);
  }, 240_000);
});

describe.runIf(hasRunners())('a bundle that has Heddle inside says so when it is loaded', () => {
  const files: readonly (readonly [string, string])[] = [
    ['main.mjs', "import { map } from 'heddle'; console.log(await map([1], (x) => x));"],
    ['numbers.mjs', "import { matmulSync } from 'heddle/linalg'; console.log(matmulSync);"],
    ['main.cjs', "const { map } = require('heddle'); console.log(map);"],
    ['numbers.cjs', "const { matmulSync } = require('heddle/linalg'); console.log(matmulSync);"],
    [
      'esbuild.mjs',
      `import { build } from 'esbuild';
      const [entry, outfile, format] = process.argv.slice(2);
      const options = { bundle: true, minify: true, platform: 'node', logLevel: 'error' };
      await build({ entryPoints: [entry], outfile, format, ...options });`,
    ],
    [
      'webpack.mjs',
      `      import webpack from 'webpack';
      const [entry, file, format] = process.argv.slice(2);
      const output = { path: import.meta.dirname, filename: file, module: format === 'esm' };
      webpack({
        mode: 'production', target: 'node20', context: import.meta.dirname, entry: './' + entry,
        experiments: { outputModule: format === 'esm' }, output,
      }, (error, stats) => {
        if (error || stats.hasErrors()) throw error ?? new Error(stats.toString());
      });`,
    ],
    [
      'rollup.mjs',
      `import commonjs from '@rollup/plugin-commonjs';
      import { nodeResolve } from '@rollup/plugin-node-resolve';
      import { rollup } from 'rollup';
      const [input, file, format] = process.argv.slice(2);
      const plugins = [nodeResolve({ preferBuiltins: true }), commonjs()];
      const bundle = await rollup({ input, plugins, onwarn() {} });
      await bundle.write({ file, format, inlineDynamicImports: true });`,
    ],
  ];
  const cases = ['esbuild', 'webpack', 'rollup'].flatMap((bundler) =>
    ['main.mjs', 'numbers.mjs', 'main.cjs', 'numbers.cjs'].flatMap((entry) =>
      ['esm', 'cjs']
        // What awaits at its top can be no CommonJS.
        .filter((format) => !(entry === 'main.mjs' && format === 'cjs' && bundler !== 'webpack'))
        .map((format) => [bundler, entry, format] as const),
    ),
  );

  it.each(cases)(
    '%s, %s as %s',
    (bundler, entry, format) => {
      using inside = new Project(files);
      const out = `all.${format === 'esm' ? 'mjs' : 'cjs'}`;
      expect(inside.node([`${bundler}.mjs`, entry, out, format])).toMatchObject({ code: 0 });
      const { output, code } = inside.node([out]);
      expect(output).toMatch(
        /^Error: heddle: a bundler has put this library into another file.*'heddle\/\*' out of the bundle/m,
      );
      expect(output).toContain('ERR_HEDDLE_INLINED');
      expect(output.length).toBeLessThan(4000);
      expect(code).not.toBe(0);
    },
    240_000,
  );
});
