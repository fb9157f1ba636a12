/**
 * Worker functions in `.ts` files where Node strips the types itself. These versions of Node come
 * from `node scripts/other-node.mjs 22 24`.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { otherNode } from '../helpers/nodes.ts';
import { project, run } from './programs.ts';
import { LINE, runTyped, TYPED } from './typed.ts';

describe.each(['22', '24'])('worker functions in .ts files work on Node %s', (version) => {
  it('without any loader', async () => {
    const at = project(`strip-${version}`, TYPED, 'module');
    const outputs = await runTyped(otherNode(version), path.join(at, 'main.ts'));
    for (const { stack } of outputs) expect(stack).toContain(`workers.ts:${LINE}:`);
  }, 60_000);

  it('in a CommonJS program too', async () => {
    const at = project(`strip-cjs-${version}`, TYPED, 'commonjs');
    writeFileSync(
      path.join(at, 'scorer.cts'),
      `const unit: number = 2;
       exports.score = (user: number): number => user * unit;`,
    );
    writeFileSync(
      path.join(at, 'main.cts'),
      `const { threadId } = require('node:worker_threads');
       const { map, task } = require('heddle');
       const { pathToFileURL } = require('node:url');
       const { score } = require('./scorer.cts');
       const bonus: number = 5;
       async function main(options: { backend: string; jobs: number }): Promise<void> {
         const file = pathToFileURL(require.resolve('./scorer.cts'));
         const results = {
           inline: await map([1, 2], (x: number): number => x + bonus, options),
           through: await map([1, 2], (x: number) => score(x), options),
           imported: await map([1, 2], score, options),
           referred: await map([1, 2], task(file, 'score'), options),
         };
         console.log(JSON.stringify(results));
       }
       main({ backend: process.argv[2], jobs: 2 });`,
    );
    for (const backend of ['processes', 'threads']) {
      const { stdout } = await run(otherNode(version), [path.join(at, 'main.cts'), backend]);
      expect(JSON.parse(stdout)).toEqual({
        inline: [6, 7],
        through: [2, 4],
        imported: [2, 4],
        referred: [2, 4],
      });
    }
  }, 60_000);
});
