/**
 * What containers are like: 64 MB in /dev/shm, a root file system that can't be written to, a program
 * that is the first process.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { ended } from '../helpers/child.ts';

const fixture = fileURLToPath(new URL('../fixtures/container.mjs', import.meta.url));
const namespaces = fileURLToPath(new URL('../fixtures/namespaces.mjs', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

const containers: Record<string, readonly string[]> = {
  'with 64 MB in /dev/shm': ['mount -t tmpfs -o size=64m tmpfs /dev/shm'],
  'where the package can not be written to': [`mount -o bind,ro "${root}" "${root}"`],
  'without a /dev/shm and a /tmp to write to': [
    'mount -t tmpfs -o ro tmpfs /dev/shm',
    'mount -o bind,ro /tmp /tmp',
  ],
};

function inside(preparations: readonly string[]): string[] {
  const script = [...preparations, 'exec "$@"'].join(' && ');
  // The first process of its own world, as in a container.
  return ['unshare', '--mount', '--pid', '--fork', '--mount-proc', 'sh', '-c', script, 'sh'];
}

const [unshare, ...rest] = inside([]);
const allowed = spawnSync(unshare!, [...rest, 'true']).status === 0;

describe.runIf(process.platform === 'linux' && allowed)('in a container', () => {
  it.each(Object.entries(containers))(
    '%s large arrays travel and dead workers are told',
    async (_, preparations) => {
      const [program, ...args] = [...inside(preparations), process.execPath, fixture];
      const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
      const { code, stdout, stderr } = await ended(child, 100);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(stdout)).toEqual({
        processes: [1, 1, 2, 3],
        threads: [1, 1, 2, 3],
        crash: 'SIGKILL',
        zombies: 0,
        pid: 1,
      });
    },
    120_000,
  );
});

const travelled = { arguments: [399_999, 399_999], captured: [[399_999, 2]], results: [1, 2, 3] };

describe.runIf(process.platform === 'linux' && allowed)('in a tree of processes of its own', () => {
  it.each([
    // Processes are told by ids that /proc has for others, or for nobody.
    ['that sees the /proc of another one', ['--pid', '--fork'], ''],
    ['without a /proc', ['--pid', '--fork', '--mount'], 'mount -t tmpfs tmpfs /proc && '],
  ])(
    '%s everything travels, and the lock of a dead worker comes free',
    async (_, flags, prepare) => {
      const script = `${prepare}exec "$@"`;
      const args = [...flags, 'sh', '-c', script, 'sh', process.execPath, namespaces];
      const child = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'pipe'] });
      const { code, stdout, stderr } = await ended(child, 100);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(stdout)).toEqual({
        ...travelled,
        counted: 400,
        queued: 7,
        died: 'SIGKILL',
      });
    },
    120_000,
  );

  it.each([
    ['and the /proc of the program', []],
    ['and a /proc of their own', ['--mount-proc']],
  ])(
    'workers alone %s take and give large arrays',
    async (_, flags) => {
      const folder = mkdtempSync(path.join(os.tmpdir(), 'heddle-namespaces-'));
      try {
        const wrapper = path.join(folder, 'node');
        const own = ['--mount', '--pid', '--fork', '--kill-child', ...flags].join(' ');
        const script = `#!/bin/sh\nexec unshare ${own} "${process.execPath}" "$@"\n`;
        writeFileSync(wrapper, script, { mode: 0o755 });
        const child = spawn(process.execPath, [namespaces, wrapper], {
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        const { code, stdout, stderr } = await ended(child, 100);
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        expect(JSON.parse(stdout)).toEqual(travelled);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    120_000,
  );
});
