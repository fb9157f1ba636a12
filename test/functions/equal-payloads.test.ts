/**
 * A job that is the same in two processes is the same bytes in both, but for its number and who sends
 * it: that is what others may know a job by.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { emptyProject, root, run } from './programs.ts';

const program = `
  import { createHash } from 'node:crypto';
  import { join } from 'node:path';
  import v8 from 'node:v8';
  import { Job } from '${path.join(root, 'dist/scheduler/job.js')}';
  import { resolveOptions } from '${path.join(root, 'dist/scheduler/index.js')}';
  import { offset } from './beside.mjs';
  const k = 3;
  const table = { list: [1, , 'ä'], map: new Map([['a', new Float64Array([1, 2])]]), when: new Date(0) };
  const helper = (x) => x * k + offset;
  const half = (x) => helper(x) / 2;
  const functions = [
    (x) => x + 1,
    (x) => half(x) + table.list[0],
    async (x) => (await import('./beside.mjs')).offset + join('a', import.meta.url).length,
  ];
  const bytes = [];
  for (const backend of ['processes', 'threads']) {
    const options = resolveOptions({ jobs: 2, backend, seed: 1 });
    for (const fn of functions) {
      const { context, from, ...rest } = new Job('task', fn, options).openMessage();
      if (typeof context !== 'number' || typeof from !== 'string') throw new Error('no sender');
      bytes.push(createHash('sha256').update(v8.serialize(rest)).digest('hex'));
    }
    const { context, from, ...rest } = new Job('model', functions[1], options, { value: table }).openMessage();
    bytes.push(createHash('sha256').update(v8.serialize(rest)).digest('hex'));
  }
  console.log(JSON.stringify(bytes));
`;

it('a job is the same bytes in every process', async () => {
  const at = emptyProject('equal', 'module');
  const file = path.join(at, 'main.mjs');
  writeFileSync(path.join(at, 'beside.mjs'), 'export const offset = 5;');
  writeFileSync(file, program);
  const outputs = [];
  for (let i = 0; i < 3; i++) outputs.push((await run(process.execPath, [file])).stdout);
  const [first] = outputs;
  expect(new Set(JSON.parse(first!) as string[]).size).toBeGreaterThanOrEqual(4);
  expect(outputs).toEqual([first, first, first]);
}, 60_000);
