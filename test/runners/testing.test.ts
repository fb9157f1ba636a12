/**
 * The recipes of docs/testing.md, each run by its runner.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesOf, hasRunners, Project } from '../helpers/runners.ts';
import { root } from '../parallel/support.ts';

const files = filesOf('testing.md');
const config = `module.exports = { testMatch: ['**/sum.jest.{js,mjs}'], transform: {}, moduleFileExtensions: ['js', 'mjs', 'cjs', 'json'] };`;

/** The recipe, and one that fails, so that a runner that runs nothing is noticed. */
function project(name: string): Project {
  const code = files.get(name)!;
  const broken = code.replace('[4, 7]', '[4, 8]');
  return new Project([
    [name, code],
    [`broken/${name}`, broken],
    ['jest.config.cjs', config],
    ['vitest.config.mjs', "export default { test: { include: ['**/sum.vitest.mjs'] } };"],
  ]);
}

/** What istanbul's format has of a file. */
interface Counted {
  readonly statementMap: Readonly<Record<string, { readonly start: { readonly line: number } }>>;
  readonly s: Readonly<Record<string, number>>;
}

/** The statements of weights.mjs by their lines, with how often each runs on threads and processes. */
const lines = [
  [5, 0],
  [9, 4],
  [10, 2],
  [12, 2],
  [16, 2],
  [17, 2],
  [20, 4],
  [21, 0],
  [23, 4],
];

describe.runIf(hasRunners())('the recipes for test runners', () => {
  it.each([
    ['jest', 'sum.jest.js', []],
    ['jest-29', 'sum.jest.js', []],
    ['jest', 'sum.jest.mjs', ['--experimental-vm-modules']],
    ['jest-29', 'sum.jest.mjs', ['--experimental-vm-modules']],
  ] as const)(
    '%s runs %s',
    (jest, name, flags) => {
      using one = project(name);
      const program = [...flags, one.installed(`${jest}/bin/jest.js`), '--ci', '--rootDir', '.'];
      const good = one.node([...program, '--testPathIgnorePatterns', 'broken']);
      expect(good.output).toMatch(/Tests: +[12] passed, [12] total/);
      expect(good.code).toBe(0);
      expect(one.node([...program, 'broken']).code).toBe(1);
    },
    240_000,
  );

  it.each(['jest', 'jest-29'])(
    '%s, without flags, ships what its modules and classes are',
    (jest) => {
      const names = ['helper.js', 'captures.jest.js'];
      const source = (name: string) =>
        readFileSync(new URL(`./jest/${name}`, import.meta.url), 'utf8');
      using one = new Project([
        ...names.map((name) => [name, source(name)] as const),
        ['jest.config.cjs', "module.exports = { testMatch: ['**/*.jest.js'], transform: {} };"],
      ]);
      const { output } = one.node([one.installed(`${jest}/bin/jest.js`), '--ci', '--rootDir', '.']);
      expect(output).toMatch(/Tests: +19 passed, 19 total/);
    },
    240_000,
  );

  it.each(['forks', 'threads', 'vmThreads', 'vmForks'])(
    'vitest runs it in %s',
    (pool) => {
      using one = project('sum.vitest.mjs');
      const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
      const program = [vitest, 'run', '--root', '.', '--pool', pool];
      const good = one.node([...program, '--exclude', 'broken/**']);
      expect(good.output).toMatch(/1 passed/);
      expect(good.code).toBe(0);
      expect(one.node([...program, 'broken']).code).toBe(1);
    },
    240_000,
  );

  it.each(['forks', 'threads', 'vmThreads', 'vmForks'])(
    'vitest counts in %s the lines that run in workers',
    (pool) => {
      const tests = `
        import { shutdownWorkers } from 'heddle';
        import { afterAll, expect, test } from 'vitest';
        import { run } from './src/weights.mjs';
        afterAll(() => shutdownWorkers());
        test.each(['threads', 'processes'])('%s', { timeout: 60_000 }, async (backend) => {
          expect(await run(backend)).toEqual([3, 60]);
        });`;
      using one = new Project([
        ['src/weights.mjs', readFileSync(new URL('./weights.mjs', import.meta.url), 'utf8')],
        ['weights.test.mjs', tests],
        ...['heddle-coverage.mjs', 'vitest.coverage.mjs'].map(
          (name) => [name, files.get(name)!] as const,
        ),
      ]);
      const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
      const config = ['--root', '.', '--config', 'vitest.coverage.mjs', '--pool', pool];
      const coverage = ['--coverage', '--coverage.reporter', 'json', '--teardownTimeout', '60000'];
      expect(one.node([vitest, 'run', ...config, ...coverage])).toMatchObject({ code: 0 });
      const report = readFileSync(path.join(one.folder, 'coverage/coverage-final.json'), 'utf8');
      const [file] = Object.values(JSON.parse(report) as Record<string, Counted>);
      const { statementMap, s } = file!;
      const counts = Object.entries(statementMap).map(([id, { start }]) => [start.line, s[id]]);
      expect(counts).toEqual(lines);
    },
    240_000,
  );

  it('node:test runs it', () => {
    using one = project('sum.node.mjs');
    const good = one.node(['--test', 'sum.node.mjs']);
    expect(good.output).toMatch(/pass 1\b/);
    expect(good.code).toBe(0);
    expect(one.node(['--test', 'broken/sum.node.mjs']).code).toBe(1);
  }, 240_000);
});
