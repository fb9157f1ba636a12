/**
 * Worker functions in `.ts` files, in the ways that people run TypeScript; Node's own stripping of
 * types is in type-stripping.test.ts.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { otherNode } from '../helpers/nodes.ts';
import { compile, install, project, runVitest, tsx } from './programs.ts';
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
