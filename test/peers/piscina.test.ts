/**
 * What Piscina's own tests (5.3) ask of a pool, of executors and calls here, on every backend; each names the
 * file that it follows. docs/peers.md tells what is left out, and why.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { getEventListeners } from 'node:events';
import {
  broadcast,
  executor,
  map,
  type ParallelOptions,
  poolStats,
  shutdownWorkers,
  WorkerCrashedError,
} from 'heddle';
import { Barrier, Event } from 'heddle/sync';
import { afterAll, describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { everyBackend, range, rejection, until, workerBackends } from '../parallel/support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

const double = (x: number) => 2 * x;
const hold = async <T>(event: Event, value: T): Promise<T> => {
  await event.wait();
  return value;
};
const forever = (_: unknown): void => {
  for (;;);
};

describe.each(everyBackend)('%s', (_, options) => {
  it('abort-task: before it runs and while it runs, with the reason, and no listener stays', async () => {
    const stopped = AbortSignal.abort(new Error('closing'));
    expect(await rejection(map([1], double, { ...options, signal: stopped }))).toMatchObject({
      message: 'closing',
    });
    const controller = new AbortController();
    const never = new Event();
    const running = map([1, 2], () => never.wait(), { ...options, signal: controller.signal });
    controller.abort(new TypeError('no more'));
    expect(await rejection(running)).toMatchObject({ name: 'TypeError', message: 'no more' });
    const { signal } = new AbortController();
    expect(await map([1, 2], double, { ...options, signal })).toEqual([2, 4]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('pool, #805: many that are aborted at once end, and the next ones run', async () => {
    await using pool = executor(options);
    const never = new Event();
    const futures = range(40).map((x) => pool.submit(hold, never, x));
    const ends = Promise.allSettled(futures);
    for (const one of futures) expect(one.cancel()).toBe(true);
    const reasons = (await ends).map((end) => end.status === 'rejected' && end.reason.name);
    expect(reasons).toEqual(Array(40).fill('AbortError'));
    expect(await pool.submit(double, 4)).toBe(8);
  });

  it('async-context: what follows a task has the context of who submitted it', async () => {
    await using pool = executor(options);
    const context = new AsyncLocalStorage<number>();
    const seen = range(20).map((x) =>
      context.run(x, () => pool.submit(double, x).then(() => context.getStore())),
    );
    expect(await Promise.all(seen)).toEqual(range(20));
  });

  it('post-task: what throws or rejects, and what can not be cloned, is an error of the task', async () => {
    await using pool = executor(options);
    const thrown = () => {
      throw new TypeError('thrown');
    };
    const rejected = () => Promise.reject(new RangeError('rejected'));
    expect(await rejection(pool.submit(thrown))).toMatchObject({ cause: { message: 'thrown' } });
    expect(await rejection(pool.submit(rejected))).toMatchObject({
      cause: { name: 'RangeError' },
    });
    expect(() => pool.submit('double' as never, 1)).toThrow(TypeError);
  });

  it('pool-close: waits for what is queued, or aborts it', async () => {
    const empty = executor(options);
    await empty.close();
    await empty.close();
    const gate = new Event();
    const pool = executor(options);
    const all = range(3 * options.jobs).map((x) => pool.submit(hold, gate, x));
    const closed = pool.close();
    gate.set();
    await closed;
    expect(all.every(({ state }) => state === 'finished')).toBe(true);
  });

  it('pool drain: tells when nothing waits any more, also for a queue that has an end', async () => {
    await using pool = executor({ ...options, maxQueue: 2 });
    expect(pool.drained).toBe(true);
    const gate = new Event();
    const futures = range(options.jobs + 2).map((x) => pool.submit(hold, gate, x));
    expect([pool.drained, pool.queueSize]).toEqual([false, 2]);
    const full = pool.submit(double, 1);
    expect(await rejection(full)).toMatchObject({ code: 'ERR_HEDDLE_QUEUE_FULL' });
    gate.set();
    await pool.drain();
    expect(pool.drained).toBe(true);
    expect(await Promise.all(futures)).toEqual(range(options.jobs + 2));
  });

  it('ready-message: an initializer that is async is waited for', async () => {
    const initializer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      (globalThis as { peerLoaded?: boolean }).peerLoaded = true;
    };
    const see = () => (globalThis as { peerLoaded?: boolean }).peerLoaded;
    expect(await map(range(4), see, { ...options, initializer })).toEqual(Array(4).fill(true));
  });

  it('histogram: run and wait times are kept, unless nobody wants them', async () => {
    const own = { ...options, label: 'histogram' };
    const find = () => poolStats().find(({ backend }) => backend === options.backend)!;
    await map(range(10), double, own);
    const before = find();
    expect(before.runTime!.count).toBeGreaterThan(0);
    expect(before.runTime!.p99).toBeGreaterThanOrEqual(before.runTime!.p50);
    expect(before.utilization).toBeGreaterThan(0);
    expect(before.utilization).toBeLessThanOrEqual(1);
    await map(range(10), double, { ...own, recordTimes: false });
    const after = find();
    expect(after.runTime!.count).toBe(before.runTime!.count);
    expect(after.tasks.finished).toBe(before.tasks.finished + 10);
  });

  it('option-validation', () => {
    const wrong: Record<string, readonly unknown[]> = {
      minWorkers: [-1, 1.5, 'a'],
      jobs: [0, 2.5, 'a', null],
      concurrency: [0, -1, 'a'],
      idleTimeout: [-1, 'a'],
      maxQueue: [-1, 'a'],
      resourceLimits: [0, 'a'],
      execArgv: ['--flag', 1],
      argv: ['x', 1],
      env: [0, 'a'],
      pool: [5, {}],
      priority: ['first', Number.NaN],
      recordTimes: [0, 'no'],
      unheardOf: [1],
    };
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) {
        const make = () => executor({ ...options, [name]: value } as ParallelOptions);
        expect(make, `${name}: ${String(value)}`).toThrow(new RegExp(name));
      }
    }
  });
});

describe.each(workerBackends)('workers (%s)', (_, options) => {
  it('abort-task: a task in a loop is ended, and those of others go on', async () => {
    await using pool = executor(options);
    const gate = new Event();
    const looping = pool.submit(forever, 0);
    const held = pool.submit(hold, gate, 5);
    await until(() => looping.state === 'running', 'the task in a loop');
    expect(looping.cancel()).toBe(true);
    expect(await rejection(looping)).toMatchObject({ name: 'AbortError' });
    gate.set();
    expect(await held).toBe(5);
  });

  it('simple-test: env, argv and execArgv, and what is captured in place of workerData', async () => {
    const workerData = { a: 1 };
    const flags = options.backend === 'threads' ? '--no-warnings' : '--stack-trace-limit=7';
    const settings = { env: { PEER: 'x' }, argv: ['one', 'two'], execArgv: [flags] };
    const [seen] = await map(
      [0],
      () => [process.env.PEER, process.argv.slice(2), process.execArgv.includes(flags), workerData],
      { ...options, ...settings },
    );
    expect(seen).toEqual(['x', ['one', 'two'], true, { a: 1 }]);
  });

  it('simple-test: a task knows where it runs', async () => {
    const [worker] = await map([0], (_, ctx) => ctx.worker, options);
    expect(worker).toMatchObject({ backend: options.backend, pid: expect.any(Number) });
    expect('threadId' in worker!).toBe(options.backend === 'threads');
  });

  it('task-queue, stricter-fifo: tasks wait in the order in which they were submitted', async () => {
    const gate = new Event();
    await using pool = executor({ ...options, pool: 'fifo' });
    const held = range(options.jobs).map((x) => pool.submit(hold, gate, x));
    const futures = range(30).map((x) => pool.submit(double, x));
    gate.set();
    await Promise.all([...held, ...futures]);
    const begun = futures.map(({ metadata }) => metadata.dispatched!);
    expect(begun).toEqual([...begun].sort((a, b) => a - b));
  });

  it('task-queue: another order, by priority', async () => {
    const gate = new Event();
    const own = { ...options, pool: 'ordered' };
    await using pool = executor(own);
    await using urgent = executor({ ...own, priority: 5 });
    const held = range(options.jobs).map((x) => pool.submit(hold, gate, x));
    await until(() => held.every(({ state }) => state === 'running'), 'tasks that run');
    const later = range(10).map((x) => pool.submit(double, x));
    const sooner = range(10).map((x) => urgent.submit(double, x));
    gate.set();
    await Promise.all([...held, ...later, ...sooner]);
    // When they are sent: a worker that has no core may begin late what it was given early.
    const last = Math.max(...sooner.map(({ metadata }) => metadata.dispatched!));
    // What was on its way to a worker already may go before.
    const before = later.filter(({ metadata }) => metadata.dispatched! < last);
    expect(before.length).toBeLessThanOrEqual(2 * options.jobs);
  });

  it('task-queue: tasks share a worker where they are told to', async () => {
    const together = new Barrier(4);
    const own = { ...options, jobs: 1, minWorkers: 1, concurrency: 4, argv: ['shared'] };
    const meet = async (_: unknown, { worker }: { worker: { id: number } }) => {
      await together.wait({ timeout: 20_000 });
      return worker.id;
    };
    const ids = await map(range(4), meet, { ...own, batchSize: 1 });
    expect(new Set(ids).size).toBe(1);
  });

  it('test-resourcelimits: the task fails, and the next one has a worker', async () => {
    const resourceLimits = { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 };
    await using pool = executor({ ...options, resourceLimits });
    const grow = () => {
      const all: unknown[] = [];
      for (;;) all.push(new Array(1000).fill({}));
    };
    expect(await rejection(pool.submit(grow))).toBeInstanceOf(WorkerCrashedError);
    expect(await pool.submit(double, 3)).toBe(6);
  });

  it('test-uncaught-exception-from-handler: an exception behind a task ends its worker alone', async () => {
    await using pool = executor({ ...options, retries: 0, pool: 'uncaught' });
    const never = new Event();
    const stray = async (event: Event) => {
      setImmediate(() => {
        throw new Error('stray');
      });
      await event.wait();
    };
    expect(await rejection(pool.submit(stray, never))).toBeInstanceOf(WorkerCrashedError);
    const leaving = async (event: Event) => {
      setImmediate(() => process.exit(3));
      await event.wait();
    };
    expect(await rejection(pool.submit(leaving, never))).toBeInstanceOf(WorkerCrashedError);
    expect(await pool.submit(double, 1)).toBe(2);
  });

  it('thread-count: workers start with minWorkers, are at most jobs, and none after the end', async () => {
    const own = { ...options, minWorkers: 2, pool: 'counted' };
    const find = () => poolStats().find(({ name }) => name === 'counted');
    const count = () => Object.values(find()?.workers ?? {}).reduce((sum, n) => sum + n, 0);
    expect(await map([1], double, own)).toEqual([2]);
    await until(() => (find()?.workers.idle ?? 0) === 2, 'two workers');
    await map(range(100), double, own);
    expect(count()).toBe(2);
    await shutdownWorkers();
    await until(() => count() === 0, 'the end of the workers');
  });

  it('pool-destroy, workers: what runs fails; starts and ends of workers are told', async () => {
    const own = { ...options, pool: 'watched' };
    const started: number[] = [];
    const ended: number[] = [];
    const listen = (list: number[]) => (event: unknown) => {
      const { backend, worker } = event as { backend: string; worker: number };
      if (backend === options.backend) list.push(worker);
    };
    const [begins, ends] = [listen(started), listen(ended)];
    channel('heddle:worker:started').subscribe(begins);
    channel('heddle:worker:ended').subscribe(ends);
    const pool = executor(own);
    const never = new Event();
    const futures = range(options.jobs).map((x) => pool.submit(hold, never, x));
    await until(() => futures.every(({ state }) => state === 'running'), 'tasks that run');
    const workers = futures.map(({ metadata }) => metadata.worker!.worker);
    const settled = Promise.allSettled(futures);
    await shutdownWorkers({ kill: true });
    for (const end of await settled) {
      expect(end).toMatchObject({ status: 'rejected', reason: { code: 'ERR_HEDDLE_SHUT_DOWN' } });
    }
    await until(() => workers.every((id) => ended.includes(id)), 'the ends of the workers');
    for (const id of workers) expect(started).toContain(id);
    channel('heddle:worker:started').unsubscribe(begins);
    channel('heddle:worker:ended').unsubscribe(ends);
    await pool.close();
  });

  it('messages: every worker can be told something', async () => {
    const own = { ...options, pool: 'told' };
    await broadcast(() => {
      (globalThis as { peerTold?: number }).peerTold = 7;
    }, own);
    const told = await broadcast(() => (globalThis as { peerTold?: number }).peerTold, own);
    expect([...told.values()]).toEqual(Array(told.size).fill(7));
    expect(told.size).toBeGreaterThanOrEqual(options.jobs);
  });

  it('idle-timeout: idle workers end early, or never', async () => {
    const brief = { ...options, pool: 'brief', idleTimeout: 20 };
    const lasting = { ...options, pool: 'lasting', idleTimeout: Number.POSITIVE_INFINITY };
    const idOf = async (own: ParallelOptions) =>
      (await map([0], (_, ctx) => ctx.worker.id, { ...own, jobs: 2 }))[0];
    const one = await idOf(brief);
    const other = await idOf(lasting);
    const count = (name: string) => poolStats().find((pool) => pool.name === name)?.workers;
    await until(() => (count('brief')?.idle ?? 0) === 0, 'the end of an idle worker');
    expect(await idOf(brief)).not.toBe(one);
    expect(count('lasting')!.idle).toBeGreaterThan(0);
    expect(other).toBeDefined();
  });
});
