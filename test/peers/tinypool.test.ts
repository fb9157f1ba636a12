/**
 * What Tinypool's own tests (2.2) ask of a pool beyond Piscina's, on every backend that has workers; each names
 * the file that it follows. docs/peers.md tells what is left out, and why.
 */
import { threadId } from 'node:worker_threads';
import {
  cpuCount,
  describeParallel,
  executor,
  map,
  shutdownWorkers,
  TaskError,
  TaskTimeoutError,
  WorkerCrashedError,
} from 'heddle';
import { Event, Value } from 'heddle/sync';
import { afterAll, describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { range, rejection, runProgram, until, workerBackends } from '../parallel/support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

const double = (x: number) => 2 * x;
const count = () => {
  const counted = globalThis as { peerCount?: number };
  counted.peerCount = (counted.peerCount ?? 0) + 1;
  return counted.peerCount;
};

describe.each(workerBackends)('%s', (_, options) => {
  it('runtime: threads of this process, or processes of their own', async () => {
    const where = async () => {
      const { isMainThread, threadId } = await import('node:worker_threads');
      return { pid: process.pid, isMainThread, threadId };
    };
    const [seen] = await map([0], where, options);
    const threads = options.backend === 'threads';
    expect(seen!.isMainThread).toBe(!threads);
    expect(seen!.pid === process.pid).toBe(threads);
    if (threads) expect(seen!.threadId).not.toBe(threadId);
  });

  it('runtime: the same calls go to another kind of workers when they are told to', async () => {
    const kinds = [];
    for (const backend of ['threads', options.backend, 'processes'] as const) {
      kinds.push(...(await map([0], (_, ctx) => ctx.worker.backend, { ...options, backend })));
    }
    expect(kinds).toEqual(['threads', options.backend, 'processes']);
  });

  it('isolation: a worker for each task sees nothing of the one before', async () => {
    const isolated = { ...options, maxTasksPerWorker: 1, argv: ['isolated'] };
    await using pool = executor(isolated);
    const counts = [];
    for (const _ of range(4)) counts.push(await pool.submit(count));
    expect(counts).toEqual([1, 1, 1, 1]);
    await using shared = executor({ ...options, jobs: 1, argv: ['shared'] });
    const more = [];
    for (const _ of range(3)) more.push(await shared.submit(count));
    expect(more).toEqual([1, 2, 3]);
  });

  it('isolation, termination: workers are recycled between calls', async () => {
    const own = { ...options, jobs: 1, argv: ['recycled'] };
    await using pool = executor(own);
    const before = [await pool.submit(count), await pool.submit(count)];
    await shutdownWorkers();
    expect([...before, await pool.submit(count)]).toEqual([1, 2, 1]);
  });

  it('resource-limits: a worker that has grown is replaced, and no result is lost', async () => {
    const own = { ...options, jobs: 1, argv: ['grown'], maxWorkerMemory: 30e6 };
    const keep = (x: number) => {
      const kept = globalThis as { peerKept?: unknown[] };
      kept.peerKept ??= [];
      kept.peerKept.push(new Uint8Array(10e6).fill(x));
      return x;
    };
    await using pool = executor(own);
    const ids = new Set<number>();
    for (const x of range(12)) {
      const future = pool.submit(keep, x);
      expect(await future).toBe(x);
      ids.add(future.metadata.worker!.worker);
    }
    expect(ids.size).toBeGreaterThan(1);
  });

  it('teardown: runs before a worker ends, and is waited for', async () => {
    const torn = new Value('int32', 0);
    const teardown = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      torn.updateSync((x) => x + 1);
    };
    await map(range(4), double, { ...options, teardown });
    expect(torn.value).toBe(0);
    await shutdownWorkers();
    await until(() => torn.value > 0, 'the teardown');
    expect(torn.value).toBeLessThanOrEqual(options.jobs);
  });

  it('termination-timeout, destroy-timeout: a worker in a loop is ended all the same', async () => {
    const looping = executor(options);
    const future = looping.submit(() => {
      for (;;);
    });
    const settled = rejection(future);
    await until(() => future.state === 'running', 'the loop');
    await shutdownWorkers({ kill: true });
    expect(await settled).toBeInstanceOf(Error);
    await looping.close();
    const hasty = executor({ ...options, timeout: 100 });
    const late = hasty.submit(() => {
      for (;;);
    });
    expect(await rejection(late)).toBeInstanceOf(TaskTimeoutError);
    await hasty.close();
  });

  it('termination: what writes much to its output ends without a hang', () => {
    const { stdout, code } = runProgram(`
      const say = () => { for (let i = 0; i < 250; i++) console.log('x'.repeat(200)); return 1; };
      await heddle.map([1, 2, 3, 4], say, ${JSON.stringify(options)});
      await heddle.shutdownWorkers();`);
    expect(code).toBe(0);
    expect(stdout.split('\n').filter((line) => line.includes('xxx')).length).toBe(1000);
  });

  it('worker-stdio: what workers write comes out here', () => {
    const { stdout, stderr, code } = runProgram(`
      await heddle.map([1], () => { console.log('to stdout'); console.error('to stderr'); },
        { ...${JSON.stringify(options)}, env: {} });`);
    expect(code).toBe(0);
    expect(`${stdout}${stderr}`).toMatch(/to stdout[\s\S]*to stderr|to stderr[\s\S]*to stdout/);
  });

  it('simple: a task that exits fails, and the others don’t', async () => {
    await using pool = executor({ ...options, retries: 0 });
    const ends = range(3).map(() => rejection(pool.submit(() => process.exit(1))));
    for (const error of await Promise.all(ends)) expect(error).toBeInstanceOf(WorkerCrashedError);
    expect(await Promise.all(range(5).map((x) => pool.submit(double, x)))).toEqual(
      range(5).map(double),
    );
  });

  it('runtime: errors keep their class, message, cause and properties', async () => {
    const fail = () => {
      const error = new TypeError('of a task', { cause: new RangeError('behind it') });
      throw Object.assign(error, { code: 'E_PEER', details: [1, { two: 2 }] });
    };
    const error = (await rejection(map([0], fail, options))) as TaskError;
    expect(error).toBeInstanceOf(TaskError);
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(error.cause).toMatchObject({
      message: 'of a task',
      code: 'E_PEER',
      details: [1, { two: 2 }],
      cause: { name: 'RangeError', message: 'behind it' },
    });
  });

  it('async-context, globals: workers share no globals with the program', async () => {
    (globalThis as { peerOfMain?: number }).peerOfMain = 1;
    const see = () => (globalThis as { peerOfMain?: number }).peerOfMain;
    expect(await map([0], see, options)).toEqual([undefined]);
  });

  it('env: variables of the program, and those of the call over them', async () => {
    process.env.PEER_OF_MAIN = 'main';
    const see = () => [process.env.PEER_OF_MAIN, process.env.PEER_OF_CALL];
    const env = { PEER_OF_CALL: 'call' };
    expect(await map([0], see, { ...options, env })).toEqual([['main', 'call']]);
    const without = { PEER_OF_MAIN: undefined };
    expect(await map([0], see, { ...options, env: without })).toEqual([[undefined, undefined]]);
    delete process.env.PEER_OF_MAIN;
  });

  it('pool-destroy: a pool that is ended twice, or before it has begun', async () => {
    await shutdownWorkers({ kill: true });
    await shutdownWorkers({ kill: true });
    const gate = new Event();
    const pool = executor(options);
    const futures = range(4).map((x) =>
      pool.submit(
        async (event: Event, x: number) => {
          await event.wait();
          return x;
        },
        gate,
        x,
      ),
    );
    const closed = [pool.close(), pool.close()];
    gate.set();
    await Promise.all(closed);
    expect(await Promise.all(futures)).toEqual(range(4));
  });
});

it('cpu-count: the default is what affinity and quotas leave', () => {
  const { jobs, cores } = describeParallel({ backend: 'processes', jobs: -1 });
  expect([jobs, cores]).toEqual([cpuCount(), cpuCount()]);
});
