/**
 * What containers are like: 64 MB in /dev/shm, a root file system that can't be written to, a program
 * that is the first process.
 */
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { ended } from '../helpers/child.ts';

const fixture = fileURLToPath(new URL('../fixtures/container.mjs', import.meta.url));
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
