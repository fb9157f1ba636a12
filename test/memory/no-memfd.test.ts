/**
 * A system that forbids memory without a file (`memfd_create`), by a real filter of system calls, as a
 * container's seccomp profile does: values are copied, and workers start and work.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import '../helpers/built.ts';
import { ended } from '../helpers/child.ts';
import { probeFolder } from '../threadpools/probe.ts';

const fixture = fileURLToPath(new URL('../fixtures/no-memfd.mjs', import.meta.url));
const probe = path.join(probeFolder, 'heddle-probe.node');

const right = {
  small: [2, 4, 6, 8],
  arrays: [4, 8],
  model: [2, 4],
  stream: 500,
  together: [1, 2, 3, 4],
  futures: [2, 3, 4],
  error: ['TaskError', 'ERR_HEDDLE_TASK'],
  timeout: ['TaskTimeoutError', 'ERR_HEDDLE_TIMEOUT'],
  stopped: ['TimeoutError', 23],
};
const ofProcesses = {
  crash: ['WorkerCrashedError', 'ERR_HEDDLE_WORKER_CRASHED'],
  again: [0, 1, 2, 3],
};

it.runIf(process.platform === 'linux').each(['EPERM', 'ENOSYS'] as const)(
  'everything but what is shared on purpose works where memfd_create gives %s',
  { timeout: 120_000 },
  async (name) => {
    const args = [fixture, probe, String(constants.errno[name])];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const { code, stdout, stderr } = await ended(child, 100);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const outcomes = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Record<string, unknown>;
    const expected: Record<string, unknown> = {};
    for (const backend of ['threads', 'processes']) {
      const all = backend === 'processes' ? { ...right, ...ofProcesses } : right;
      for (const [what, value] of Object.entries(all)) expected[`${backend} ${what}`] = value;
    }
    for (const what of ['share', 'shared', 'lock']) {
      expected[what] = ['Error', 'ERR_HEDDLE_SHARED_MEMORY'];
    }
    expect(outcomes).toEqual(expected);
  },
);
