/**
 * The recipes of docs/bundlers.md: programs bundled and minified for production compute right.
 */
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

  it('a bundle that has Heddle inside says so when it is loaded', () => {
    const esbuild = path.join(root, 'node_modules/esbuild/bin/esbuild');
    const flags = ['--bundle', '--platform=node', '--format=cjs', '--outfile=out/all.cjs'];
    const entry = 'inside.js';
    using inside = new Project([[entry, "import { map } from 'heddle'; console.log(map);"]]);
    expect(inside.node([esbuild, entry, ...flags]).code).toBe(0);
    const { output, code } = inside.node(['out/all.cjs']);
    expect(output).toMatch(/heddle: a bundler has put this library into another file/);
    expect(code).not.toBe(0);
  }, 240_000);
});
