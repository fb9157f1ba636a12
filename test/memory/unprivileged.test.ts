/**
 * Shared memory where nobody may open a process's descriptors by /proc: after it has given up its
 * user, in one that the kernel keeps others from looking into, and where there is no /proc.
 */
import { type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { isGone, shared } from '../../src/memory/index.ts';
import { native } from '../../src/native.ts';
import { ended } from '../helpers/child.ts';
import { probeFolder } from '../threadpools/probe.ts';

const fixture = fileURLToPath(new URL('../fixtures/unprivileged.mjs', import.meta.url));
const probe = path.join(probeFolder, 'heddle-probe.node');
const NOBODY = 65534;
const isRoot = process.geteuid?.() === 0;

async function run(how: string, before: readonly string[] = [], options: SpawnOptions = {}) {
  const [program, ...args] = [...before, process.execPath, fixture, how, probe];
  const child = spawn(program!, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const { code, stdout, stderr } = await ended(child, 100);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as { problems: string[]; served: boolean };
}

describe.runIf(process.platform === 'linux')(
  'arrays between processes',
  { timeout: 120_000 },
  () => {
    // Root may look everywhere.
    const other = isRoot ? { uid: NOBODY, gid: NOBODY } : {};

    it('go through descriptors that are passed where nobody may look', async () => {
      expect(await run('dumpable', [], other)).toEqual({ problems: [], served: true });
    });

    it('go by /proc where it serves', async () => {
      expect(await run('none', [], other)).toEqual({ problems: [], served: false });
    });

    it.runIf(isRoot).each(['setuid', 'seteuid'])('go on after %s', async (how) => {
      expect(await run(how)).toEqual({ problems: [], served: true });
    });

    const own = ['unshare', '--mount', 'sh', '-c', 'umount -l /proc && exec "$@"', 'sh'];
    const allowed = spawnSync(own[0]!, [...own.slice(1), 'true']).status === 0;
    it.runIf(allowed)('need no /proc', async () => {
      expect(await run('none', own)).toEqual({ problems: [], served: true });
    });
  },
);

describe.runIf(process.platform === 'linux')('an owner of memory', () => {
  const { memory } = native;
  const open = (locator: string): unknown => {
    try {
      return memory.open(locator, 1, 8, 1);
    } catch (error) {
      return error;
    }
  };

  it('has gone where nothing is left of it, and not where it can not be asked', () => {
    for (const locator of ['/proc/4194305/fd/3', '@4194305/00000/' + '0'.repeat(32) + '/1']) {
      expect([locator, isGone(open(locator))]).toEqual([locator, true]);
    }
    const errors = ['', '@', '@1/0/0/0', '@1/zzzzz/zz/1', `@1/00000/${'0'.repeat(32)}/1x`].map(
      open,
    );
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'ERR_HEDDLE_SHARED_MEMORY' });
      expect(isGone(error)).toBe(false);
    }
  });

  it('is not asked by threads of its own process', () => {
    const segment = memory.create(64);
    const { inode, bytes, generation } = memory.handle(segment);
    const [one, two] = [segment, memory.open('', inode, bytes, generation)].map(
      (from) => new Uint8Array(memory.map(from, 'shared')),
    );
    one![5] = 7;
    expect(two![5]).toBe(7);
    memory.release(segment);
  });

  it.runIf(isRoot)('that forbids looking is not taken for one that has ended', () => {
    const array = shared.zeros('float64', 8);
    array[3] = 5;
    const script =
      'process.setgroups([]); process.setgid(65534); process.setuid(65534);' +
      "const { native } = await import('./dist/native.js');" +
      `try { native.memory.open('/proc/${process.pid}/fd/0', 1, 8, 1); console.log('opened') }` +
      'catch (error) { console.log(error.code, error.errno) }';
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    expect(stdout).toBe('ERR_HEDDLE_SHARED_MEMORY 13\n');
    expect(isGone({ code: 'ERR_HEDDLE_SHARED_MEMORY', errno: 13 })).toBe(false);
  });
});
