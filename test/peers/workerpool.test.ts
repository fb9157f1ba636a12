/**
 * What workerpool's own tests (10.0) ask of a pool, on every backend; each says which part. docs/peers.md
 * tells what is left out, and why.
 */
import {
  executor,
  map,
  poolStats,
  shutdownWorkers,
  TaskError,
  TaskTimeoutError,
  task,
  WorkerCrashedError,
  wait,
} from 'heddle';
import { Event } from 'heddle/sync';
import { afterAll, describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { everyBackend, range, rejection, until, workerBackends } from '../parallel/support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

const add = (a: number, b: number) => a + b;
const hold = async <T>(event: Event, value: T): Promise<T> => {
  await event.wait();
  return value;
};
const forever = () => {
  for (;;);
};

describe.each(everyBackend)('%s', (_, options) => {
  it('offloads functions with their arguments, sync and async ones', async () => {
    await using pool = executor(options);
    const later = (a: number) => Promise.resolve(a + 1);
    const sums = [pool.submit(add, 3, 4), pool.submit(add, 2, 3), pool.submit(later, 1)];
    expect(await Promise.all(sums)).toEqual([7, 5, 2]);
  });

  it('calls a function of a module by its name, as the methods of a worker script', async () => {
    await using pool = executor(options);
    const join = task<string[], string>('node:path', 'join');
    expect(await pool.submit(join, 'a', '..', 'b')).toBe('b');
  });

  it('carries an error with its class and properties', async () => {
    await using pool = executor(options);
    const fail = () => {
      throw Object.assign(new TypeError('Test error'), { answer: 42 });
    };
    const error = (await rejection(pool.submit(fail))) as TaskError;
    expect(error).toBeInstanceOf(TaskError);
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(error.cause).toMatchObject({ message: 'Test error', answer: 42 });
    const reject = () => Promise.reject(new Error('I reject!'));
    expect(await rejection(pool.submit(reject))).toMatchObject({ cause: { message: 'I reject!' } });
  });

  it('puts tasks into a queue while all workers are busy', async () => {
    await using pool = executor(options);
    const gate = new Event();
    const futures = range(options.jobs + 2).map((x) => pool.submit(hold, gate, x));
    expect(pool.queueSize).toBe(2);
    gate.set();
    expect(await Promise.all(futures)).toEqual(range(options.jobs + 2));
    expect(pool.queueSize).toBe(0);
  });

  it('cancels a queued task, and runs what comes after it', async () => {
    await using pool = executor(options);
    const gate = new Event();
    const first = range(options.jobs).map((x) => pool.submit(hold, gate, x));
    const [cancelled, kept] = [pool.submit(add, 1, 1), pool.submit(add, 2, 2)];
    expect(cancelled.cancel()).toBe(true);
    gate.set();
    expect(await rejection(cancelled)).toMatchObject({ name: 'AbortError' });
    expect(await Promise.all([...first, kept])).toEqual([...range(options.jobs), 4]);
  });

  it('begins the time of a task when it has been taken from the queue', async () => {
    // The first ones take longer than the time that the last one has, which itself takes none.
    await using slow = executor(options);
    const gate = new Event();
    const held = range(options.jobs).map((x) => slow.submit(hold, gate, x));
    await until(() => held.every(({ state }) => state === 'running'), 'tasks that run');
    await using hasty = executor({ ...options, timeout: 250 });
    const queued = hasty.submit(add, 1, 2);
    await new Promise((resolve) => setTimeout(resolve, 400));
    gate.set();
    expect(await queued).toBe(3);
    await Promise.all(held);
    const never = new Event();
    expect(await rejection(hasty.submit(hold, never, 1))).toBeInstanceOf(TaskTimeoutError);
  });

  it('fails when the queue is full', async () => {
    await using pool = executor({ ...options, maxQueue: 3 });
    const gate = new Event();
    const futures = range(options.jobs + 3).map((x) => pool.submit(hold, gate, x));
    const full = await rejection(pool.submit(add, 9, 4));
    expect(full).toMatchObject({ code: 'ERR_HEDDLE_QUEUE_FULL' });
    gate.set();
    await Promise.all(futures);
    expect(await pool.submit(add, 9, 4)).toBe(13);
  });

  it('refuses what is no function, and counts that make no sense', () => {
    const pool = executor(options);
    for (const fn of [undefined, 23, 'add', {}]) {
      expect(() => pool.submit(fn as never)).toThrow(TypeError);
    }
    for (const name of ['jobs', 'minWorkers', 'maxQueue']) {
      for (const value of ['a string', 2.5, -1.5]) {
        expect(() => executor({ ...options, [name]: value }), name).toThrow(name);
      }
    }
  });

  it('ends when its tasks are done, also where one of them fails', async () => {
    const pool = executor(options);
    const fail = () => Promise.reject(new Error('test 2 error'));
    const futures = [pool.submit(add, 1, 1), pool.submit(fail), pool.submit(add, 2, 2)];
    const settled = Promise.allSettled(futures);
    await pool.close();
    expect((await settled).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
  });

  it('Promise: waits for all, or for one', async () => {
    await using pool = executor(options);
    const gate = new Event();
    const held = pool.submit(hold, gate, 1);
    const quick = pool.submit(add, 1, 1);
    const first = await wait(options.jobs > 1 ? [held, quick] : [quick, held], {
      returnWhen: 'first-completed',
      timeout: options.jobs > 1 ? 20_000 : 10,
    });
    expect(first.done.has(held)).toBe(false);
    gate.set();
    expect((await wait([held, quick])).done.size).toBe(2);
    expect(await Promise.race([held, quick])).toBe(1);
  });
});

describe.each(workerBackends)('workers (%s)', (_, options) => {
  it('cancels a task in a loop, and times one out', async () => {
    await using pool = executor(options);
    const looping = pool.submit(forever);
    await until(() => looping.state === 'running', 'the loop');
    expect(looping.cancel()).toBe(true);
    expect(await rejection(looping)).toMatchObject({ name: 'AbortError' });
    await using hasty = executor({ ...options, timeout: 60 });
    expect(await rejection(hasty.submit(forever))).toBeInstanceOf(TaskTimeoutError);
    expect(await pool.submit(add, 2, 3)).toBe(5);
  });

  it('handles a worker that crashes, and has a new one', async () => {
    await using pool = executor({ ...options, retries: 0 });
    const error = await rejection(pool.submit(() => process.exit(7)));
    expect(error).toBeInstanceOf(WorkerCrashedError);
    expect(error).toMatchObject({ exitCode: 7, signal: null });
    expect(await pool.submit(add, 2, 3)).toBe(5);
  });

  it('returns statistics', async () => {
    const own = { ...options, pool: 'stats' };
    await using pool = executor(own);
    const find = () => poolStats().find(({ name }) => name === 'stats');
    const gate = new Event();
    const futures = range(options.jobs + 2).map((x) => pool.submit(hold, gate, x));
    await until(() => find()?.queue === 2, 'a task in each worker');
    expect(find()!.workers).toEqual({ starting: 0, idle: 0, busy: options.jobs, ending: 0 });
    gate.set();
    await Promise.all(futures);
    const fail = () => Promise.reject(new Error('Test error'));
    await rejection(pool.submit(fail));
    await until(() => find()!.workers.busy === 0, 'idle workers');
    expect(find()).toMatchObject({ queue: 0, workers: { idle: options.jobs } });
    expect(find()!.tasks).toMatchObject({ finished: options.jobs + 2, failed: 1 });
  });

  it('ends all workers', async () => {
    const own = { ...options, pool: 'cleared' };
    await map(range(4), (x) => x, own);
    await shutdownWorkers();
    const left = () => poolStats().find(({ name }) => name === 'cleared')?.workers;
    await until(() => Object.values(left() ?? {}).every((n) => n === 0), 'the end of all');
  });

  it('abort listeners, cleanup: a task that is cancelled may notice, and its worker stays', async () => {
    const [started, noticed] = [new Event(), new Event()];
    const controller = new AbortController();
    const running = map(
      [0],
      async (_, ctx) => {
        const aborted = new Promise((resolve) => {
          ctx.signal.addEventListener('abort', resolve);
        });
        started.set();
        await aborted;
        noticed.set();
      },
      { ...options, signal: controller.signal },
    );
    const ended = rejection(running);
    await started.wait();
    controller.abort();
    expect(await ended).toMatchObject({ name: 'AbortError' });
    expect(await noticed.wait({ timeout: 20_000 })).toBe(true);
  });
});
