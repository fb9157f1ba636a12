/**
 * What it costs to hand work to a worker: in bulk, one task at a time, and from a cold start.
 */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { heddle, type Pool, pools, WORKERS } from './dispatch/pools.ts';
import { bulk, single } from './dispatch/python.ts';
import { type Contender, inProcess, measured, quantile, type Suite } from './harness/index.ts';

function lengthOf(result: unknown): number {
  return Array.isArray(result) ? result.length : Number(result);
}

function bulkContender(name: string, make: () => Pool | Promise<Pool>, count: number): Contender {
  return inProcess(name, async () => {
    const pool = await make();
    const tasks = Array.from({ length: count }, (_, i) => i);
    // The first runs compile both sides.
    for (let i = 0; i < 3; i++) await pool.many(tasks);
    return {
      run: () => pool.many(tasks),
      close: () => void pool.end(),
    };
  });
}

function singleContender(name: string, make: () => Pool | Promise<Pool>, calls: number): Contender {
  return inProcess(
    name,
    async () => {
      const pool = await make();
      for (let i = 0; i < calls; i++) await pool.one(i);
      return {
        run: async () => {
          const times: number[] = [];
          for (let i = 0; i < calls; i++) {
            const start = performance.now();
            await pool.one(i);
            times.push((performance.now() - start) * 1000);
          }
          const metrics = { 'p50 µs': quantile(times, 0.5), 'p99 µs': quantile(times, 0.99) };
          return measured({ operations: calls, metrics });
        },
        close: () => void pool.end(),
      };
    },
    { once: true },
  );
}

/** From nothing to the first answer. */
function startContender(name: string, start: () => Promise<() => unknown>): Contender {
  return inProcess(
    name,
    async () => ({
      run: async () => {
        const begun = performance.now();
        const end = await start();
        const seconds = (performance.now() - begun) / 1000;
        await end();
        return measured({ seconds });
      },
    }),
    { once: true },
  );
}

const file = (name: string): string =>
  fileURLToPath(new URL(`./dispatch/${name}`, import.meta.url));

async function startHeddle(backend: 'threads' | 'processes'): Promise<() => unknown> {
  const { map, shutdownWorkers } = await heddle();
  await map([1], (x) => x, { backend, jobs: WORKERS });
  return async () => {
    shutdownWorkers({ kill: true });
    await new Promise((resolve) => setTimeout(resolve, 100));
  };
}

const suite: Suite = {
  title: 'Dispatch',
  about: `Tasks that do nothing, on ${WORKERS} workers.`,
  async groups({ short }) {
    await heddle();
    // Where it is set, Node 20 reads certificates at each start, for longer than all the rest takes.
    delete process.env.NODE_EXTRA_CA_CERTS;
    const count = short ? 2000 : 20_000;
    const calls = short ? 100 : 2000;
    return [
      {
        name: `${count} tasks in one call`,
        unit: 'task',
        operations: count,
        about: 'Pools without a call for many tasks get them all at once.',
        contenders: [
          ...pools.map(([name, make]) => bulkContender(name, make, count)),
          ...bulk(count),
        ],
        verify: (result) => assert.equal(lengthOf(result), count),
        targets: [
          { contender: 'heddle threads', seconds: 1e-6 },
          { contender: 'heddle processes', seconds: 1e-6 },
          { contender: 'heddle threads', against: 'piscina', speedup: 40 },
          { contender: 'heddle processes', against: 'jest-worker processes', speedup: 40 },
          { contender: 'heddle processes', against: 'tinypool processes', speedup: 40 },
          { contender: 'heddle processes', against: 'joblib loky', speedup: 2 },
        ],
      },
      {
        name: 'one task at a time',
        unit: 'task',
        about: 'Each is awaited before the next is given.',
        contenders: [
          ...pools.map(([name, make]) => singleContender(name, make, calls)),
          ...single(),
        ],
        targets: [
          { contender: 'heddle threads', against: 'piscina', speedup: 1 },
          { contender: 'heddle processes', against: 'fork, raw', speedup: 1 },
        ],
      },
      {
        name: 'a warm call of one task',
        unit: 'call',
        about: 'map([x], fn): a job of its own each time.',
        contenders: (['threads', 'processes'] as const).map((backend) =>
          inProcess(`heddle ${backend}`, async () => {
            const { map } = await heddle();
            const call = () => map([1], (x) => x, { backend, jobs: WORKERS });
            for (let i = 0; i < calls; i++) await call();
            return { run: call };
          }),
        ),
        targets: [
          { contender: 'heddle threads', seconds: 0.3e-3 },
          { contender: 'heddle processes', seconds: 0.3e-3 },
        ],
      },
      {
        name: 'start',
        unit: 'start',
        about: 'From nothing to the first answer.',
        rounds: short ? 3 : 21,
        contenders: [
          startContender('heddle processes', () => startHeddle('processes')),
          startContender('fork, raw', async () => {
            const child = fork(file('raw-fork.cjs'));
            await new Promise((resolve) => {
              child.once('message', resolve);
              child.send(1);
            });
            // Until it has gone: its end would take its time from who comes next.
            return () =>
              new Promise((resolve) => {
                child.once('exit', resolve);
                child.kill();
              });
          }),
          startContender('heddle threads', () => startHeddle('threads')),
          startContender('worker_threads, raw', async () => {
            const worker = new Worker(file('raw-thread.cjs'));
            await new Promise((resolve) => {
              worker.once('message', resolve);
              worker.postMessage(1);
            });
            return () => worker.terminate();
          }),
        ],
        targets: [
          { contender: 'heddle processes', against: 'fork, raw', speedup: 0.91 },
          { contender: 'heddle threads', against: 'worker_threads, raw', speedup: 0.91 },
        ],
      },
    ];
  },
};

export default suite;
