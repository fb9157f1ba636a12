/**
 * Runtimes other than Node.js: what works there gives the same numbers, and the rest is refused.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasRunners, Project } from '../helpers/runners.ts';

const program = `
  import { bind, map, shutdownWorkers } from 'heddle';
  import { matmul, matmulSync } from 'heddle/linalg';
  import { defaultRng } from 'heddle/random';
  const k = 3;
  const triple = (x) => x * k;
  console.log((await map([1, 2], triple, { backend: 'sequential' })).join());
  console.log((await map([1, 2], triple, { jobs: 1 })).join());
  const a = { data: new Float64Array(40_000).fill(1), shape: [200, 200] };
  console.log(matmulSync(a, a).data[0], (await matmul(a, a)).data[39_999]);
  console.log(defaultRng(0).random());
  for (const backend of ['threads', 'processes', undefined]) {
    for (const fn of [triple, (x) => x, bind({ factor: 2 }, (x) => x * factor)]) {
      try {
        console.log((await map([1, 2], fn, { jobs: 2, backend })).join());
      } catch ({ code, message }) {
        console.log(code, message);
      }
    }
  }
  await shutdownWorkers({ kill: true });
  // What was asked of the inspector is let go of later.
  await new Promise((resolve) => setTimeout(resolve, 20));
  console.log('end');
`;

describe.runIf(hasRunners())('another runtime', () => {
  it.each([
    ['Deno', '@deno', 'deno', ['run', '-A']],
    ['Bun', '@oven', 'bin/bun', []],
  ])(
    '%s computes in its own process, and refuses workers',
    (name, scope, file, flags) => {
      using one = new Project([
        ['package.json', '{ "type": "module" }'],
        ['main.js', program],
      ]);
      // The package of this machine; the one above it may need an install script.
      const [machine] = readdirSync(one.installed(scope));
      const { stdout, stderr, status } = spawnSync(
        path.join(one.installed(scope), machine!, file),
        [...flags, 'main.js'],
        { cwd: one.folder, encoding: 'utf8', timeout: 120_000 },
      );
      const lines = stdout.trim().split('\n');
      expect(lines.slice(0, 4), stderr).toEqual(['3,6', '3,6', '200 200', '0.6369616873214543']);
      const refusals = lines.slice(4, -1);
      const shown = ['threads', 'processes', 'processes'].flatMap((one) => [one, one, one]);
      expect(refusals).toEqual(
        shown.map((backend) =>
          expect.stringMatching(
            `^ERR_HEDDLE_RUNTIME workers of the backend '${backend}' need Node.js, but this ` +
              `program runs on ${name} \\d.*jobs: 1 or backend: 'sequential'`,
          ),
        ),
      );
      expect(lines.at(-1)).toBe('end');
      expect(status, stderr).toBe(0);
    },
    240_000,
  );
});
