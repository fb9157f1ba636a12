/**
 * An hour's worth of calls in a few seconds: nothing that a process has may grow with them.
 */
import fs from 'node:fs';
import { imap, invoker, map, shutdownWorkers } from 'heddle';
import { afterAll, expect, it } from 'vitest';
import { collect } from '../helpers/collect.ts';
import { range, rejection, sleep, until, workerBackends } from './support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

/** What this process holds. */
function holdings() {
  const children = fs.readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim();
  return {
    descriptors: fs.readdirSync('/proc/self/fd').length,
    threads: fs.readdirSync('/proc/self/task').length,
    children: children === '' ? 0 : children.split(' ').length,
    shared: fs.readdirSync('/dev/shm').filter((name) => name.includes('heddle')).length,
    memory: process.memoryUsage.rss(),
  };
}

function* endless(): Generator<number> {
  for (let i = 0; ; i++) yield i;
}

async function round(options: { backend: string; jobs: number }, times: number): Promise<void> {
  const big = new Float64Array(200_000).fill(1);
  for (let i = 0; i < times; i++) {
    expect(await map(range(200), (x) => x + 1, options)).toHaveLength(200);
    await using scorer = invoker({ weights: big, i }, (m, x: number) => m.weights[0]! * x, options);
    expect(await scorer.map([1, 2, 3]).toArray()).toEqual([1, 2, 3]);
    const fail = () => {
      throw new Error('again');
    };
    await rejection(map(range(20), fail, options));
    for await (const x of imap(range(1000), (n) => ({ n }), options)) if (x.n === 10) break;
    // What is dropped without a word.
    const dropped = invoker({ weights: big, i }, (m, x: number) => m.weights[0]! * x, options);
    expect(await dropped.map(endless()).next()).toEqual({ done: false, value: 0 });
    expect(await dropped.map([1]).toArray()).toEqual([1]);
    const arrays = await map([1, 2], (x) => new Float64Array(200_000).fill(x), options);
    expect(arrays[1]![7]).toBe(2);
    if (i % 8 === 0) {
      await rejection(map(range(4), (x) => (x === 2 ? process.exit(1) : x), options));
      const loop = (x: number) => {
        if (x === 1) for (;;);
      };
      await rejection(map(range(2), loop, { ...options, timeout: 50 }));
    }
    if (i % 32 === 16) {
      // Workers of their own, and so not in the short run.
      const initializer = () => i;
      expect(await map([1, 2], (x) => x, { ...options, initializer })).toEqual([1, 2]);
    }
  }
}

/** Rounds; an hour's worth of calls is some hundreds. */
const times = Number(process.env.HEDDLE_SOAK ?? 16);

it.each(workerBackends)(
  '%s give back what they took',
  async (_, options) => {
    const settle = async () => {
      shutdownWorkers({ kill: true });
      await until(() => holdings().children === 0, 'the end of all workers');
      await sleep(300);
      collect();
    };
    await round(options, 4);
    await settle();
    const before = holdings();
    await round(options, times);
    await settle();
    const settled = until(
      () => {
        // What is mapped ends when its array is collected.
        collect();
        const after = holdings();
        return (
          after.threads <= before.threads &&
          after.descriptors <= before.descriptors + 2 &&
          // What engine and allocator keep (26 MB after 2400 rounds of threads), but no copy of the
          // arrays of each round, which are 1.6 MB.
          after.memory - before.memory < 48e6
        );
      },
      'as few threads, descriptors and bytes as before',
      30_000,
    );
    await settled.catch((error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify({ before, after: holdings() })}`);
    });
    const after = holdings();
    if (process.env.HEDDLE_SOAK) console.log(`${times} rounds`, { before, after });
    expect(after.children).toBe(0);
    expect(after.shared).toBeLessThanOrEqual(before.shared);
  },
  60_000 + times * 4000,
);
