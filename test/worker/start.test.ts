/**
 * What a worker loads before its first task, and how the bundles take from each other: counted, because
 * what it costs shows in times on a quiet machine alone.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { builtUrl } from '../helpers/built.ts';

const dist = path.dirname(fileURLToPath(builtUrl));

/** Modules of Node's that take a worker as long as a good part of all that it does before its first task. */
const COSTLY = ['child_process', 'crypto', 'http', 'inspector', 'module', 'net', 'v8', 'zlib'];

/** Node's modules that a worker of each kind has when it runs its first task, and a bare one of that kind. */
const PROGRAM = `
import { execFileSync } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { map } from ${JSON.stringify(builtUrl)};
const loaded = () => process.moduleLoadList.slice();
const bare = {
  processes: JSON.parse(
    execFileSync(process.execPath, ['-e', 'console.log(JSON.stringify(process.moduleLoadList))']),
  ),
  threads: await new Promise((resolve, reject) => {
    const code = "require('node:worker_threads').parentPort.postMessage(process.moduleLoadList.slice())";
    new Worker(code, { eval: true, execArgv: [] }).on('message', resolve).on('error', reject);
  }),
};
for (const backend of ['processes', 'threads']) {
  const [list] = await map([1, 2], loaded, { backend, jobs: 2 });
  console.log(JSON.stringify(list.filter((name) => !bare[backend].includes(name))));
}
`;

describe('before its first task a worker', () => {
  it('loads none of the modules of Node that take long, but what any worker has', () => {
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', PROGRAM], {
      encoding: 'utf8',
      env: { ...process.env, NODE_V8_COVERAGE: '', NODE_OPTIONS: '' },
    });
    const lists = output.trim().split('\n');
    expect(lists).toHaveLength(2);
    for (const list of lists) {
      const names = (JSON.parse(list) as string[]).map((name) => name.replace('NativeModule ', ''));
      expect(COSTLY.filter((name) => names.includes(name))).toEqual([]);
    }
  });
});

describe('a bundle', () => {
  const folder = path.join(dist, 'bundles');
  const bundles = readdirSync(folder).filter((name) => name.endsWith('.cjs'));

  it.each(bundles)('%s takes what others have once, not at each use', (name) => {
    const text = readFileSync(path.join(folder, name), 'utf8');
    expect(text.match(/\bimport_(core|pools|codec|common|heddle)\d*\b/g)).toBeNull();
  });
});
