/** The examples, run as the README says, with their results held against what others computed. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ended } from './helpers/child.ts';

function example(name: string, ...args: string[]): Promise<string> {
  const file = fileURLToPath(new URL(`../examples/${name}/main.ts`, import.meta.url));
  return output('--import', 'tsx', file, ...args);
}

async function output(...args: string[]): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const result = await ended(child, 100);
  expect(result.code, result.stderr).toBe(0);
  return result.stdout;
}

describe('grid-search', () => {
  for (const backend of ['processes', 'threads', 'sequential']) {
    it(`finds what scikit-learn finds, with ${backend}`, { timeout: 120_000 }, async () => {
      const output = await example('grid-search', '--short', '--backend', backend);
      // From examples/grid-search/check_with_sklearn.py, scikit-learn 1.2.1.
      const lines = output.split('\n').map((line) => line.trim().split(/\s+/).join(' '));
      expect(lines).toContain('0.1 0.001 0.9922 ± 0.0032');
      expect(lines).toContain('0.1 0.1 0.9905 ± 0.0028');
      expect(output).toMatch(/one worker, one thread +\d/);
    });
  }
});

describe('loo-regression', () => {
  it('agrees with the closed form', { timeout: 120_000 }, async () => {
    const output = await example('loo-regression');
    const rows = [...output.matchAll(/^ +([\d.]+) +([\d.]+) +([\d.]+)$/gm)];
    expect(rows.map((row) => row[1])).toEqual(['0.1', '1', '10', '100', '1000']);
    for (const [, , fits, closed] of rows) {
      expect(Number(fits)).toBeGreaterThan(50);
      expect(fits).toBe(closed);
    }
  });
});

describe('engines', () => {
  it('gives what ipyparallel gives', { timeout: 120_000 }, async () => {
    // From examples/engines/hello.py, ipyparallel 7.1.0 with 4 engines.
    expect(await example('engines')).toBe(`\
ids [0,1,2,3]
hello ["Hello, World","Hello, World","Hello, World","Hello, World"]
apply [42,42,42,42]
execute [15,15,15,15]
scatter [[0,1,2,3],[4,5,6,7],[8,9,10,11],[12,13,14,15]]
gather [0,1,4,9,16,25,36,49,64,81,100,121,144,169,196,225]
map 2741681213994576
`);
  });
});

describe('the README', () => {
  it('has an example that works when pasted', { timeout: 60_000 }, async () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const code = /```js\n([\s\S]*?)```/.exec(readme)?.[1];
    const folder = new URL('../build/', import.meta.url); // inside the package, which it imports
    mkdirSync(folder, { recursive: true });
    const file = fileURLToPath(new URL('readme-example.mjs', folder));
    writeFileSync(file, code as string);
    const [first, second] = [await output(file), await output(file)];
    expect(first).toMatch(/^first coefficient: 2\.9\d+ to 3\.0\d+\n$/);
    expect(second).toBe(first); // whatever worker ran which task
  });
});
