/**
 * What a name means is decided by its place. A table of captured things in all kinds of variables,
 * whose names mean something else outside, compiled in the ways that people compile.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { otherNode } from '../helpers/nodes.ts';
import { besideSource, expectedResults, type Flavour, programSource } from './bindings.ts';
import { bundle, compile, emptyProject, run, toCommonJs, tsx, webpack } from './programs.ts';

async function check(few: boolean, node: string, ...args: string[]): Promise<void> {
  const { stdout } = await run(node, args, { maxBuffer: 64 << 20 });
  expect((JSON.parse(stdout) as { results: unknown }).results).toEqual(expectedResults(few));
}

const here = (file: string, ...flags: string[]) => check(false, process.execPath, ...flags, file);

function write(at: string, name: string, flavour: Flavour, few = false): string {
  const file = path.join(at, name);
  writeFileSync(path.join(at, flavour.beside), besideSource(flavour));
  writeFileSync(file, programSource(flavour, few));
  return file;
}

describe('captured variables are those of their place in', () => {
  it('an ES module', async () => {
    const at = emptyProject('bind-mjs', 'module');
    await here(write(at, 'main.mjs', { system: 'import', beside: './beside.mjs' }));
  }, 120_000);

  it('a CommonJS module', async () => {
    const at = emptyProject('bind-cjs', 'commonjs');
    await here(write(at, 'main.cjs', { system: 'require', beside: './beside.cjs' }));
  }, 120_000);

  it('TypeScript under tsx', async () => {
    const at = emptyProject('bind-tsx', 'module');
    const file = write(at, 'main.ts', { system: 'import', typed: true, beside: './beside.ts' });
    await here(file, '--import', tsx);
  }, 120_000);

  it.each(['module', 'commonjs'] as const)(
    'what tsc writes (%s)',
    async (type) => {
      const at = emptyProject(`bind-tsc-${type}`, type);
      write(at, 'main.ts', { system: 'import', typed: true, beside: './beside.ts' });
      await compile(at);
      await here(path.join(at, 'out/main.js'));
    },
    120_000,
  );

  it.each(['esm', 'cjs'] as const)(
    'a minified bundle of esbuild (%s)',
    async (format) => {
      const at = emptyProject(`bind-esbuild-${format}`, 'module');
      const file = write(at, 'main.mjs', { system: 'import', beside: './beside.mjs' });
      await here(await bundle(file, format, '--minify'));
    },
    120_000,
  );

  it("webpack's production mode", async () => {
    const at = emptyProject('bind-webpack', 'module');
    const file = write(at, 'main.mjs', { system: 'import', beside: './beside.mjs' });
    await here(await webpack(file));
  }, 120_000);

  it("babel's output", async () => {
    const at = emptyProject('bind-babel', 'commonjs');
    write(at, 'main.mjs', { system: 'import', beside: './beside.mjs' });
    await here(await toCommonJs(at, ['main.mjs', 'beside.mjs']));
  }, 120_000);

  it.each(['22', '24'])(
    'TypeScript whose types Node %s strips',
    async (version) => {
      const at = emptyProject(`bind-strip-${version}`, 'module');
      const flavour: Flavour = { system: 'import', typed: true, beside: './beside.ts' };
      await check(true, otherNode(version), write(at, 'main.ts', flavour, true));
    },
    120_000,
  );
});
