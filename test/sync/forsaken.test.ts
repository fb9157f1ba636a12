/**
 * Memory of large values in queues goes when nobody will open it, whatever became of the value.
 */
import { fork } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import v8 from 'node:v8';
import vm from 'node:vm';
import { expect, it } from 'vitest';
import '../helpers/built.ts';
import { encode, heddle } from '../../src/codec/index.ts';
import { Queue } from '../../src/sync/index.ts';
import { until } from '../parallel/support.ts';

v8.setFlagsFromString('--expose-gc');
const gc = vm.runInNewContext('gc') as () => void;

const TIMES = 12;
const big = () => new Float64Array(20_000).fill(1);

/** Descriptors of shared memory that this process has. */
function segments(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('/memfd:heddle:');
    } catch {
      return false;
    }
  }).length;
}

/** That no more memory is held than before, once what waits to be used again has had its time. */
const goes = (before: number) =>
  until(
    () => {
      gc();
      return segments() <= before;
    },
    'that the memory goes',
    40_000,
  );

it.runIf(process.platform === 'linux')(
  'memory of values that were never put',
  { timeout: 60_000 },
  async () => {
    const queue = new Queue<unknown>({ maxSize: 1 });
    queue.putSync('full');
    const before = segments();
    for (let i = 0; i < TIMES; i++) {
      const controller = new AbortController();
      const put = queue.put(big(), { signal: controller.signal });
      setTimeout(() => controller.abort(), 1);
      await expect(put).rejects.toThrow(/abort/i);
      expect(queue.putSync(big(), { timeout: 0 })).toBe(false);
    }
    // At once: nothing of it waits for anybody.
    expect(segments()).toBe(before);
  },
);

it.runIf(process.platform === 'linux')(
  'memory of values in a queue that nobody has any more',
  { timeout: 60_000 },
  async () => {
    const before = segments();
    for (let i = 0; i < TIMES; i++) new Queue<unknown>().putSync(big());
    expect(segments()).toBeGreaterThan(before);
    await goes(before);
  },
);

it.runIf(process.platform === 'linux')(
  'memory of values whose taker dies before it opens them',
  { timeout: 60_000 },
  async () => {
    const queue = new Queue<unknown>();
    const before = segments();
    const mortal = fileURLToPath(new URL('./mortal.mjs', import.meta.url));
    for (let i = 0; i < 3; i++) {
      queue.putSync(big());
      const { message, release } = encode(queue[heddle.state](), { to: 'process', maxBytes: 1 });
      const child = fork(mortal, { serialization: 'advanced' });
      child.send({ kind: 'Queue', state: message, script: 'get, and die', write: -1 });
      await new Promise((resolve) => child.once('exit', resolve));
      release();
      expect(queue.size).toBe(0);
    }
    expect(segments()).toBeGreaterThan(before);
    await goes(before);
  },
);
