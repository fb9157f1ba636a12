/**
 * submit, executors, wait and asCompleted: behaviours of concurrent.futures, on every backend.
 */
import {
  asCompleted,
  CloneError,
  type Executor,
  executor,
  Future,
  map,
  submit,
  TaskError,
  TaskTimeoutError,
  WorkerCrashedError,
  wait,
  withConfig,
} from 'heddle';
import { Event } from 'heddle/sync';
import { describe, expect, it } from 'vitest';
import { everyBackend, range, rejection, until, workerBackends } from './support.ts';

const square = (x: number) => x ** 2;
const fail = (text: string): never => {
  throw new RangeError(text);
};
const forever = (): void => {
  for (;;);
};
const hold = async (event: Event, value: number): Promise<number> => {
  await event.wait();
  return value;
};

/** Futures that run until the event is set, on all workers of the executor. */
function occupy(pool: Executor, event: Event, count: number): Future<number>[] {
  return range(count).map((i) => pool.submit(hold, event, i));
}

describe.each(everyBackend)('an executor (%s)', (_name, options) => {
  it('gives results, errors and what ran', async () => {
    await using pool = executor(options);
    const before = performance.now();
    const future = pool.submit((a: number, b: string) => `${a}${b}`, 1, 'x');
    expect(future).toBeInstanceOf(Future);
    expect(['pending', 'running']).toContain(future.state);
    expect(future.outcome).toBeNull();
    expect(future.done).toBe(false);
    expect(await future).toBe('1x');
    expect(future.state).toBe('finished');
    expect(future.done).toBe(true);
    expect(future.outcome).toEqual({ status: 'fulfilled', value: '1x' });
    const { submitted, dispatched, started, completed, worker, by } = future.metadata;
    const times = [before, submitted, dispatched!, performance.now()];
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(completed).toBeGreaterThanOrEqual(started!);
    expect(by).toBeNull();
    expect(worker).toMatchObject({ backend: options.backend, host: expect.any(String) });
    expect(worker!.pid === process.pid).toBe(options.backend !== 'processes');
    const failed = pool.submit(fail, 'no');
    const error = (await rejection(failed)) as TaskError;
    expect(error).toBeInstanceOf(TaskError);
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(error.message).toContain('no');
    expect(failed.state).toBe('finished');
    expect(failed.outcome).toEqual({ status: 'rejected', reason: error });
  });

  it('gives functions their arguments and nothing else', async () => {
    await using pool = executor(options);
    const count = (...all: unknown[]) => all.length;
    expect(await Promise.all([pool.submit(count), pool.submit(count, 1, 2)])).toEqual([0, 2]);
  });

  it('sees a captured variable as it is when a task is submitted', async () => {
    await using pool = executor(options);
    let factor = 2;
    const times = (x: number) => x * factor;
    const first = await pool.submit(times, 3);
    factor = 5;
    expect([first, await pool.submit(times, 3)]).toEqual([6, 15]);
  });

  it('runs many, in the order in which they were submitted', async () => {
    await using pool = executor(options);
    const futures = range(500).map((x) => pool.submit(square, x));
    expect(await Promise.all(futures)).toEqual(range(500).map(square));
    const begun = futures.map((future) => future.metadata.dispatched!);
    expect(begun).toEqual([...begun].sort((a, b) => a - b));
  });

  it('maps several inputs, until the shortest ends', async () => {
    await using pool = executor(options);
    const add = (a: number, b: number, ...more: unknown[]) => [a + b, more.length];
    const expected = [
      [11, 0],
      [22, 0],
    ];
    expect(await pool.map(add, [1, 2, 3], [10, 20]).toArray()).toEqual(expected);
    let ended = false;
    function* endless(): Generator<number> {
      try {
        for (let i = 10; ; i += 10) yield i;
      } finally {
        ended = true;
      }
    }
    expect(await pool.map(add, new Set([1, 2]), endless()).toArray()).toEqual(expected);
    expect(ended).toBe(true);
    async function* slow(): AsyncGenerator<number> {
      yield* [1, 2];
    }
    expect(await pool.map(add, slow(), [10, 20, 30]).toArray()).toEqual(expected);
    expect(await pool.map(square, []).toArray()).toEqual([]);
    await expect(pool.map(fail, ['a']).toArray()).rejects.toThrow(/a/);
  });

  it('refuses work when it is closed, after it has finished what there was', async () => {
    const pool = executor(options);
    const futures = range(20).map((x) => pool.submit(square, x));
    const stream = pool.map(square, range(50));
    const closing = pool.close();
    expect(() => pool.submit(square, 1)).toThrow(/'executor' must be one that has not been closed/);
    expect(() => pool.map(square, [1])).toThrow(/closed/);
    await closing;
    expect(futures.every(({ state }) => state === 'finished')).toBe(true);
    expect(await stream.toArray()).toEqual(range(50).map(square));
    await pool.close();
  });

  it('gives the error of a function or argument that cannot be sent, or of its own', async () => {
    await using pool = executor(options);
    if (options.backend === 'sequential') return;
    const socket = new WeakMap();
    const captured = pool.submit(() => socket);
    expect(await rejection(captured)).toBeInstanceOf(CloneError);
    expect(captured.state).toBe('finished');
    const argument = pool.submit((x: unknown) => x, socket);
    expect(((await rejection(argument)) as Error).cause).toBeInstanceOf(CloneError);
    expect(await pool.submit(square, 4)).toBe(16);
  });
});

describe.each(workerBackends)('tasks that run (%s)', (_name, options) => {
  it('have all workers together', async () => {
    await using pool = executor(options);
    const both = new Event();
    // Each waits for the other: one worker alone would wait for ever.
    const meet = async (mine: Event, other: Event): Promise<boolean> => {
      mine.set();
      await other.wait();
      return true;
    };
    const [a, b] = [new Event(), new Event()];
    expect(await Promise.all([pool.submit(meet, a, b), pool.submit(meet, b, a)])).toEqual([
      true,
      true,
    ]);
    both.set();
    // So do calls of map of one task each.
    const [c, d] = [new Event(), new Event()];
    const alone = (mine: Event, other: Event) => map([1], () => meet(mine, other), options);
    const first = alone(c, d);
    await until(() => c.isSet, 'the first has begun');
    expect(await Promise.all([first, alone(d, c)])).toEqual([[true], [true]]);
  });

  it('are stopped by cancel, and those that wait never run', async () => {
    await using pool = executor(options);
    const gate = new Event();
    const running = [pool.submit(forever), pool.submit(hold, gate, 1)];
    const waiting = [pool.submit(hold, gate, 2), pool.submit(hold, gate, 3)];
    await until(() => running.every(({ state }) => state === 'running'), 'both run');
    expect(waiting.map(({ state }) => state)).toEqual(['pending', 'pending']);
    expect(waiting[0]!.cancel()).toBe(true);
    expect(waiting[0]!.state).toBe('cancelled');
    expect(waiting[0]!.metadata.dispatched).toBeNull();
    expect(running[0]!.cancel()).toBe(true);
    expect(running[0]!.state).toBe('cancelled');
    expect(running[0]!.cancel()).toBe(false);
    for (const future of [waiting[0]!, running[0]!]) {
      expect(await rejection(future)).toMatchObject({ name: 'AbortError' });
    }
    gate.set();
    // The worker of the endless loop is replaced.
    expect(await Promise.all([running[1], waiting[1], pool.submit(square, 3)])).toEqual([1, 3, 9]);
    expect(running[1]!.cancel()).toBe(false);
    expect(running[1]!.state).toBe('finished');
  });

  it('are stopped by the signal of the executor, with its reason', async () => {
    const controller = new AbortController();
    await using pool = executor({ ...options, signal: controller.signal });
    const gate = new Event();
    const futures = occupy(pool, gate, 4);
    await until(() => futures[1]!.state === 'running', 'both run');
    const reason = new Error('enough');
    controller.abort(reason);
    for (const future of futures) expect(await rejection(future)).toBe(reason);
    expect(futures.map(({ state }) => state)).toEqual(Array(4).fill('cancelled'));
    const later = pool.submit(square, 1);
    expect(later.state).toBe('cancelled');
    expect(await rejection(later)).toBe(reason);
  });

  it('fail alone when their worker ends or they take too long', async () => {
    await using pool = executor({ ...options, timeout: 30_000 });
    const crashed = pool.submit(() => process.exit(3));
    const others = range(5).map((x) => pool.submit(square, x));
    expect(await rejection(crashed)).toBeInstanceOf(WorkerCrashedError);
    expect(await Promise.all(others)).toEqual([0, 1, 4, 9, 16]);
    await using hasty = executor({ ...options, timeout: 50 });
    expect(await rejection(hasty.submit(forever))).toBeInstanceOf(TaskTimeoutError);
  });

  it('that wait are cancelled by a close that is told to', async () => {
    const pool = executor(options);
    const gate = new Event();
    const futures = occupy(pool, gate, 5);
    await until(() => futures[1]!.state === 'running', 'both run');
    const closing = pool.close({ cancel: true });
    expect(futures.map(({ state }) => state).slice(2)).toEqual(Array(3).fill('cancelled'));
    gate.set();
    await closing;
    expect(await Promise.all(futures.slice(0, 2))).toEqual([0, 1]);
  });

  it('are waited for, all or the first', async () => {
    await using pool = executor(options);
    const [a, b] = [new Event(), new Event()];
    const futures = [pool.submit(hold, a, 0), pool.submit(hold, b, 1)] as const;
    expect(await wait(futures, { timeout: 0 })).toEqual({
      done: new Set(),
      notDone: new Set(futures),
    });
    const first = wait(futures, { returnWhen: 'first-completed' });
    b.set();
    expect(await first).toEqual({ done: new Set([futures[1]]), notDone: new Set([futures[0]]) });
    const timed = await wait(futures, { timeout: 5 });
    expect(timed.notDone).toEqual(new Set([futures[0]]));
    const all = wait([...futures, futures[0]]);
    a.set();
    expect(await all).toEqual({ done: new Set(futures), notDone: new Set() });
    expect((await wait(futures)).done.size).toBe(2);
    expect(await wait([])).toEqual({ done: new Set(), notDone: new Set() });
  });

  it('are waited for until one fails, which being cancelled is not', async () => {
    await using pool = executor(options);
    const gate = new Event();
    const held = pool.submit(hold, gate, 0);
    const cancelled = pool.submit(hold, gate, 1);
    cancelled.cancel();
    const early = await wait([held, cancelled], { returnWhen: 'first-error', timeout: 20 });
    expect(early.notDone).toEqual(new Set([held]));
    const failing = pool.submit(fail, 'no');
    const { done, notDone } = await wait([held, cancelled, failing], { returnWhen: 'first-error' });
    expect(done).toEqual(new Set([cancelled, failing]));
    expect(notDone).toEqual(new Set([held]));
    gate.set();
    const rest = await wait([held], { returnWhen: 'first-error' });
    expect(rest.done.size).toBe(1);
  });

  it('come in the order in which they are done', async () => {
    await using pool = executor(options);
    const [a, b] = [new Event(), new Event()];
    const early = pool.submit(square, 5);
    await early;
    const futures = [pool.submit(hold, a, 0), pool.submit(hold, b, 1), early, early];
    const order: unknown[] = [];
    b.set();
    for await (const future of asCompleted(futures)) {
      expect(future).toBeInstanceOf(Future);
      order.push(await future);
      if (order.length === 2) a.set();
    }
    expect(order).toEqual([25, 1, 0]);
    for await (const _ of asCompleted([])) expect.fail('there is none');
  });

  it('do not come when it takes too long, and go on', async () => {
    await using pool = executor(options);
    const gate = new Event();
    const futures = [pool.submit(square, 2), pool.submit(hold, gate, 1)];
    await futures[0];
    const seen: unknown[] = [];
    const read = async (): Promise<void> => {
      for await (const future of asCompleted(futures, { timeout: 10 })) seen.push(await future);
    };
    expect(await rejection(read())).toMatchObject({
      name: 'TimeoutError',
      message: '1 of 2 futures are not done',
    });
    expect(seen).toEqual([4]);
    for await (const _ of asCompleted(futures)) break;
    gate.set();
    expect(await futures[1]).toBe(1);
  });
});

describe('submit', () => {
  it('runs a task with the options of its scope', async () => {
    const threads = { backend: 'threads', jobs: 2 } as const;
    const future = withConfig(threads, () => submit(square, 7));
    expect(await future).toBe(49);
    expect(future.metadata.worker?.backend).toBe('threads');
    expect(await future.finally(() => {}).then((x) => x + 1)).toBe(50);
    const failed = withConfig(threads, () => submit(fail, 'no'));
    expect(await failed.catch(() => 'caught')).toBe('caught');
  });

  it('lets a task of the calling process submit another one', async () => {
    await using pool = executor({ jobs: 1 });
    const outer = pool.submit(async () => {
      const inner = pool.submit(square, 3);
      inner.cancel();
      return 1;
    });
    expect(await outer).toBe(1);
  });
});

describe('what is given', () => {
  it('is checked', async () => {
    expect(() => executor({ progres: true } as never)).toThrow(/'options\.progres'/);
    for (const name of ['progress', 'returnErrors', 'onError', 'seed', 'trace']) {
      expect(() => executor({ [name]: undefined, [`${name}`]: 1 } as never)).toThrow(name);
    }
    expect(() => executor({ jobs: 0 })).toThrow(/'jobs'/);
    await using pool = executor({ jobs: 1 });
    expect(() => pool.submit(1 as never)).toThrow(/'fn' must be a function/);
    expect(() => submit(null as never)).toThrow(/'fn'/);
    expect(() => (pool.map as (fn: unknown) => unknown)(square)).toThrow(/'inputs'/);
    expect(() => pool.map(square, 5 as never)).toThrow(/'inputs' must be iterables, but 5/);
    expect(() => pool.close({ cancelled: true } as never)).toThrow(/did you mean 'cancel'/);
    expect(() => wait(5 as never)).toThrow(/an iterable of futures/);
    expect(() => wait([Promise.resolve()] as never)).toThrow(/futures of submit\(\)/);
    expect(() => wait([], { returnWhen: 'any' as never })).toThrow(/'returnWhen'/);
    expect(() => asCompleted([], { timeout: -1 })).toThrow(/'timeout'/);
    expect(() => asCompleted([1] as never)).toThrow(/'futures'/);
  });
});
