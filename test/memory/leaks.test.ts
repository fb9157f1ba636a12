/**
 * Calls with big arrays, one after another: what they have shared must not pile up anywhere.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { invoker, map, sharedMemoryInfo, shutdownWorkers } from '../../src/index.ts';
import { native } from '../../src/native.ts';
import { until } from '../parallel/support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

const CALLS = 16;
const LENGTH = 2 ** 20; // 8 MiB

interface Options {
  readonly jobs: number;
  readonly backend: 'processes' | 'threads';
}

const kinds: Record<string, (array: Float64Array, options: Options) => Promise<unknown>> = {
  'captured arrays': (array, options) => map([1, 2, 3], (x) => array[x]! + x, options),
  arguments: (array, options) => map([array, array], (x) => x[7], options),
  async models(array, options) {
    await using scorer = invoker(array, (model, x: number) => model[x], options);
    await scorer.map([1, 2, 3]).toArray();
  },
};

/** How many mappings of arrays the workers have. */
function mapped(backend: 'processes' | 'threads'): number {
  if (backend === 'threads') {
    return native.memory.list().reduce((sum, { mappings }) => sum + mappings, 0);
  }
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim();
  // What begins at 0 is data; the page behind it is the segment's own.
  const data = / 0{8} \S+ \d+\s+\/memfd:heddle/;
  const lines = children
    .split(' ')
    .flatMap((pid) => readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n'));
  return lines.filter((line) => data.test(line)).length;
}

const cases = Object.keys(kinds).flatMap((kind) =>
  (['processes', 'threads'] as const).map((backend) => [kind, backend] as const),
);

// Of a size of its own, so that no other call uses it again.
const LOST = LENGTH + 512;

it('memory that a killed worker had is not in use', { timeout: 60_000 }, async () => {
  const options = { jobs: 2, backend: 'processes' as const };
  const array = new Float64Array(LOST);
  for (let i = 0; i < 4; i++) {
    await map([array, array], (x) => x[0] === 0 && process.exit(1), options).catch(() => {});
  }
  await until(() => {
    const { bytes, waitingBytes } = sharedMemoryInfo();
    return bytes === waitingBytes;
  }, 'that only what waits is left');
});

it.each(cases)(
  '%s to %s go when the call has ended',
  { timeout: 60_000 },
  async (kind, backend) => {
    const options = { jobs: 2, backend };
    const call = kinds[kind]!;
    await call(new Float64Array(LENGTH), options);
    const open = readdirSync('/proc/self/fd').length;
    for (let i = 0; i < CALLS; i++) {
      await call(new Float64Array(LENGTH).fill(i), options);
      // A worker collects when it has nothing else to do.
      if (i % 4 === 3) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const few = CALLS / 2;
    await until(() => mapped(backend) <= few, `few mappings in ${backend}`);
    await until(() => {
      const { bytes, waitingBytes } = sharedMemoryInfo();
      return bytes - waitingBytes <= few * LENGTH * 8;
    }, 'little that is neither used nor waits');
    expect(readdirSync('/proc/self/fd').length).toBeLessThan(open + CALLS);
  },
);

it('memory that a killed worker had is freed in the end', { timeout: 60_000 }, async () => {
  // It is kept for 5 to 10 seconds, of which the calls in between have taken the most.
  const left = () => sharedMemoryInfo().segments.filter(({ bytes }) => bytes === LOST * 8);
  await until(() => left().length === 0, 'that nothing is left', 20_000);
});
