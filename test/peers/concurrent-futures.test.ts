/**
 * What CPython's own tests ask of concurrent.futures (3.14: test_concurrent_futures), of executors here, on
 * every backend; each names the one it follows. docs/peers.md tells what is left out, and why.
 */
import {
  asCompleted,
  executor,
  type Future,
  poolStats,
  shutdownWorkers,
  submit,
  TaskError,
  TaskTimeoutError,
  WorkerCrashedError,
  wait,
} from 'heddle';
import { Event, Lock, Value } from 'heddle/sync';
import { afterAll, describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { collect } from '../helpers/collect.ts';
import {
  everyBackend,
  range,
  rejection,
  runProgram,
  until,
  workerBackends,
} from '../parallel/support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

const power = (x: number, y: number) => x ** y;
const half = (x: number, y: number): readonly [number, number] => {
  if (y === 0) throw new RangeError('division by zero');
  return [Math.floor(x / y), x % y];
};
const hold = async <T>(event: Event, value: T): Promise<T> => {
  await event.wait();
  return value;
};

/** A class of whose instances it can be seen whether they are still there. */
class Thing {
  readonly kind = 'thing';
}

describe.each(everyBackend)('%s', (_, options) => {
  it('test_submit, test_submit_keyword', async () => {
    await using pool = executor(options);
    expect(await pool.submit(power, 2, 8)).toBe(256);
    expect(await pool.submit(Math.max, 3, 8)).toBe(8);
    const named = ({ fn, self }: { fn: number; self: number }) => fn * self;
    expect(await pool.submit(named, { fn: 2, self: 8 })).toBe(16);
  });

  it.each([1, 3, 'auto'] as const)('test_map, batches of %s', async (batchSize) => {
    await using pool = executor({ ...options, batchSize });
    const powers = await pool.map(power, range(10), range(10)).toArray();
    expect(powers).toEqual(range(10).map((x) => x ** x));
  });

  it('test_map_exception', async () => {
    await using pool = executor(options);
    const stream = pool.map(half, [1, 1, 1, 1], [2, 3, 0, 5]);
    const results: unknown[] = [];
    const taken = (async () => {
      for await (const result of stream) results.push(result);
    })();
    expect(await rejection(taken)).toMatchObject({ index: 2, cause: { name: 'RangeError' } });
    expect(results).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  it('test_map_timeout', async () => {
    await using pool = executor({ ...options, timeout: 300 });
    const never = new Event();
    const nap = async (x: number) => (x === 2 ? await hold(never, x) : x);
    const results: unknown[] = [];
    const taken = (async () => {
      for await (const result of pool.map(nap, [0, 1, 2])) results.push(result);
    })();
    expect(await rejection(taken)).toBeInstanceOf(TaskTimeoutError);
    expect(results).toEqual([0, 1]);
  });

  it('test_map_buffersize_*: no more of an endless input is read than is allowed', async () => {
    const ahead = 2 * options.jobs;
    await using pool = executor({ ...options, batchSize: 1, preDispatch: ahead });
    let read = 0;
    let ended = false;
    function* numbers(): Generator<number> {
      try {
        for (;;) yield read++;
      } finally {
        ended = true;
      }
    }
    const results: number[] = [];
    for await (const result of pool.map(power, numbers(), numbers())) {
      results.push(result);
      // Two inputs, each read as far.
      expect(read / 2).toBeLessThanOrEqual(results.length + ahead + 1);
      if (results.length === 20) break;
    }
    await until(() => ended, 'the end of the input');
    expect(await pool.map(power, [], numbers()).toArray()).toEqual([]);
  });

  it('test_shutdown_race_issue12456, test_hang_issue12364', async () => {
    const pool = executor(options);
    const stream = pool.map(String, Array(options.jobs + 1).fill(2));
    const futures = range(50).map((x) => pool.submit(power, x, 2));
    await pool.close();
    expect(futures.every((future) => future.done)).toBe(true);
    expect(await stream.toArray()).toEqual(Array(options.jobs + 1).fill('2'));
  });

  it('test_no_stale_references, test_free_reference', async () => {
    await using pool = executor(options);
    const seen: WeakRef<object>[] = [];
    const look = (thing: Thing) => thing.kind;
    await (async () => {
      const thing = new Thing();
      seen.push(new WeakRef(thing));
      expect(await pool.submit(look, thing)).toBe('thing');
      for await (const made of pool.map((_: number) => new Thing(), range(5)))
        seen.push(new WeakRef(made));
    })();
    await until(() => {
      collect();
      return seen.every((one) => one.deref() === undefined);
    }, 'the end of what nobody has any more');
  });

  it('test_max_workers_negative, test_max_workers_too_large', () => {
    for (const jobs of [0, 1.5, Number.NaN]) {
      expect(() => executor({ ...options, jobs })).toThrow(RangeError);
    }
  });

  it('test_first_completed, test_first_completed_some_already_completed', async () => {
    await using pool = executor(options);
    const gate = new Event();
    const early = pool.submit(power, 3, 2);
    await early;
    const held = pool.submit(hold, gate, 1);
    const first = await wait([early, held], { returnWhen: 'first-completed' });
    expect([first.done, first.notDone]).toEqual([new Set([early]), new Set([held])]);
    gate.set();
    expect((await wait([held], { returnWhen: 'first-completed' })).done.size).toBe(1);
  });

  it('test_first_exception_one_already_failed, test_all_completed', async () => {
    await using pool = executor(options);
    const gate = new Event();
    const failed = pool.submit(half, 2, 0);
    await rejection(failed);
    const held = pool.submit(hold, gate, 1);
    const { done, notDone } = await wait([failed, held], { returnWhen: 'first-error' });
    expect([[...done], [...notDone]]).toEqual([[failed], [held]]);
    gate.set();
    expect((await wait([failed, held])).notDone.size).toBe(0);
  });

  it('test_timeout of wait, test_20369: each future once', async () => {
    await using pool = executor(options);
    const gate = new Event();
    const held = pool.submit(hold, gate, 1);
    const timed = await wait([held, held], { timeout: 20 });
    expect([timed.done.size, timed.notDone.size]).toEqual([0, 1]);
    gate.set();
    expect((await wait([held, held])).done.size).toBe(1);
  });

  it('test_pending_calls_race: many waits for the same futures', async () => {
    await using pool = executor(options);
    const gate = new Event();
    const futures = range(30).map((x) => pool.submit(hold, gate, x));
    const waits = range(20).map(() => wait(futures));
    gate.set();
    for (const { done } of await Promise.all(waits)) expect(done.size).toBe(30);
  });

  it('test_as_completed: each once, also of another executor, and until the time is up', async () => {
    await using pool = executor(options);
    await using other = executor(options);
    const gate = new Event();
    const futures = [pool.submit(power, 2, 2), other.submit(power, 3, 2)];
    const came = new Set<unknown>();
    for await (const one of asCompleted([...futures, ...futures])) came.add(one);
    expect(came).toEqual(new Set(futures));
    const held = pool.submit(hold, gate, 1);
    const all: unknown[] = [];
    const late = (async () => {
      for await (const one of asCompleted([...futures, held], { timeout: 30 })) all.push(one);
    })();
    expect(await rejection(late)).toMatchObject({ name: 'TimeoutError' });
    expect(new Set(all)).toEqual(new Set(futures));
    gate.set();
  });

  it('test_done_callback_*: all are called, also when one of them throws', async () => {
    await using pool = executor(options);
    const gate = new Event();
    const blockers = range(options.jobs).map((x) => pool.submit(hold, gate, x));
    const cancelled = pool.submit(power, 1, 1);
    const called: string[] = [];
    const results = Promise.allSettled([
      blockers[0]!.finally(() => called.push('first')),
      blockers[0]!.finally(() => {
        called.push('throws');
        throw new Error('of a callback');
      }),
      blockers[0]!.finally(() => called.push('last')),
      cancelled.finally(() => called.push('cancelled')),
    ]);
    cancelled.cancel();
    gate.set();
    const states = (await results).map(({ status }) => status);
    expect(states).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected']);
    expect(called.sort()).toEqual(['cancelled', 'first', 'last', 'throws']);
    // Already done: called all the same.
    await blockers[0]!.finally(() => called.push('after'));
    expect(called).toContain('after');
  });

  it('test_cancel, test_cancelled, test_done, test_running, test_exception_*', async () => {
    await using pool = executor(options);
    const gate = new Event();
    const running = range(options.jobs).map((x) => pool.submit(hold, gate, x));
    const waiting = pool.submit(power, 1, 1);
    await until(() => running.every(({ state }) => state === 'running'), 'tasks that run');
    expect([waiting.state, waiting.done]).toEqual(['pending', false]);
    expect([waiting.cancel(), waiting.state, waiting.done]).toEqual([true, 'cancelled', true]);
    expect(waiting.outcome).toMatchObject({ status: 'rejected', reason: { name: 'AbortError' } });
    expect(await rejection(waiting)).toMatchObject({ name: 'AbortError' });
    gate.set();
    expect(await Promise.all(running)).toEqual(range(options.jobs));
    expect(running.map((one) => one.cancel())).toEqual(running.map(() => false));
    const failed = pool.submit(half, 1, 0);
    await rejection(failed);
    expect(failed.outcome).toMatchObject({ reason: { cause: { message: 'division by zero' } } });
  });

  it('test_run_after_shutdown, test_context_manager_shutdown', async () => {
    const futures: Future<number>[] = [];
    let closed: ReturnType<typeof executor>;
    {
      await using pool = executor(options);
      closed = pool;
      for (const x of range(20)) futures.push(pool.submit(power, x, 2));
    }
    expect(futures.map(({ state }) => state)).toEqual(Array(20).fill('finished'));
    expect(() => closed.submit(power, 2, 5)).toThrow(RangeError);
    expect(() => closed.map(power, [1], [2])).toThrow(RangeError);
    await closed.close();
  });

  it('test_cancel_futures, test_hang_gh94440', async () => {
    const pool = executor(options);
    const gate = new Event();
    const running = range(options.jobs).map((x) => pool.submit(hold, gate, x));
    await until(() => running.every(({ state }) => state === 'running'), 'tasks that run');
    const waiting = range(200).map((x) => pool.submit(power, x, 2));
    for (const one of waiting) one.catch(() => {});
    const closed = pool.close({ cancel: true });
    gate.set();
    await closed;
    expect(await Promise.all(running)).toEqual(range(options.jobs));
    expect(new Set(waiting.map(({ state }) => state))).toEqual(new Set(['cancelled']));
  });

  it('test_initializer', async () => {
    const count = new Value('int32', 0);
    const initializer = () => {
      count.updateSync((x) => x + 1);
      (globalThis as { peerReady?: string }).peerReady = 'initialized';
    };
    await using pool = executor({ ...options, initializer });
    const see = () => (globalThis as { peerReady?: string }).peerReady;
    const seen = await Promise.all(range(8).map(() => pool.submit(see)));
    expect(seen).toEqual(Array(8).fill('initialized'));
    expect(count.value).toBeGreaterThan(0);
    expect(count.value).toBeLessThanOrEqual(options.jobs);
  });

  it('a failing initializer fails every future, and they end', async () => {
    const initializer = () => {
      throw new RangeError('no licence');
    };
    const pool = executor({ ...options, initializer });
    for (const future of range(4).map((x) => pool.submit(power, x, 2))) {
      const error = await rejection(future);
      expect(error).toMatchObject({ code: 'ERR_HEDDLE_WORKER_SETUP' });
      expect(error).toMatchObject({ cause: { message: 'no licence' } });
    }
    await pool.close();
  });
});

describe.each(workerBackends)('workers (%s)', (_, options) => {
  it('test_swallows_falsey_exceptions, test_traceback: the stack of the worker is shown', async () => {
    await using pool = executor(options);
    class FalseyError extends Error {
      readonly length = 0;
    }
    const error = (await rejection(
      pool.submit(function throwsIt() {
        throw new FalseyError('falsey');
      }),
    )) as TaskError;
    expect(error).toBeInstanceOf(TaskError);
    expect((error.cause as Error).message).toBe('falsey');
    expect(error.stack).toContain('throwsIt');
  });

  it('test_idle_process_reuse_one, test_saturation', async () => {
    const own = { ...options, pool: 'reuse' };
    await using pool = executor(own);
    const workerOf = async (future: Future<unknown>) => {
      await future;
      return future.metadata.worker!.worker;
    };
    const seen: unknown[] = [];
    for (const x of range(6)) seen.push(await workerOf(pool.submit(power, x, 1)));
    expect(new Set(seen).size).toBeLessThanOrEqual(options.jobs);
    const named = () => poolStats().find(({ name }) => name === 'reuse')!;
    const gate = new Event();
    const held = range(15 * options.jobs).map((x) => pool.submit(hold, gate, x));
    await until(() => named().queue === 14 * options.jobs, 'a task in each worker');
    expect(named().workers).toEqual({ starting: 0, idle: 0, busy: options.jobs, ending: 0 });
    gate.set();
    expect(await Promise.all(held)).toEqual(range(15 * options.jobs));
    const { starting, idle, busy, ending } = named().workers;
    expect(starting + idle + busy + ending).toBeLessThanOrEqual(options.jobs);
  });

  it('test_killed_child: what it ran fails, and the executor goes on', async () => {
    await using pool = executor({ ...options, retries: 0 });
    const gate = new Event();
    const held = pool.submit(hold, gate, 1);
    const ends = pool.submit(() => process.exit(1));
    expect(await rejection(ends)).toBeInstanceOf(WorkerCrashedError);
    gate.set();
    expect(await held).toBe(1);
    expect(await pool.submit(power, 2, 3)).toBe(8);
  });

  it('test_crash_big_data: large arguments that wait are not lost beside a crash', async () => {
    await using pool = executor({ ...options, retries: 0 });
    const big = new Uint8Array(4_000_000).fill(1);
    const futures = range(6).map((x) =>
      pool.submit(
        (data: Uint8Array, i: number) => (i === 2 ? process.exit(1) : data.length),
        big,
        x,
      ),
    );
    const settled = await Promise.allSettled(futures);
    for (const [i, one] of settled.entries()) {
      if (i === 2) expect(one).toMatchObject({ reason: expect.any(WorkerCrashedError) });
      else if (one.status === 'fulfilled') expect(one.value).toBe(big.length);
      else expect(one.reason).toBeInstanceOf(WorkerCrashedError);
    }
    expect(settled.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(3);
  });

  it('test_max_tasks_per_child', async () => {
    await using pool = executor({ ...options, maxTasksPerWorker: 2 });
    const ids = new Map<number, number>();
    for (const x of range(12)) {
      const future = pool.submit(power, x, 1);
      await future;
      const { worker } = future.metadata.worker!;
      ids.set(worker, (ids.get(worker) ?? 0) + 1);
    }
    expect(Math.max(...ids.values())).toBeLessThanOrEqual(2);
  });

  it('test_terminate_workers, test_kill_workers: what runs fails at once', async () => {
    const pool = executor(options);
    const never = new Event();
    const futures = range(options.jobs).map((x) => pool.submit(hold, never, x));
    await until(() => futures.every(({ state }) => state === 'running'), 'tasks that run');
    const settled = Promise.allSettled(futures);
    await shutdownWorkers({ kill: true });
    for (const { status } of await settled) expect(status).toBe('rejected');
    expect(await pool.submit(power, 2, 2)).toBe(4);
    await pool.close();
  });

  it('test_hang_gh83386, test_interpreter_shutdown: a program without a close ends', () => {
    const { stdout, stderr, code } = runProgram(`
      const pool = heddle.executor(${JSON.stringify(options)});
      pool.submit((x) => new Promise((resolve) => setTimeout(resolve, 50, x)), 7).then(console.log);
      pool.submit(() => 8);`);
    expect({ stdout, stderr, code }).toEqual({ stdout: '7\n', stderr: '', code: 0 });
  });

  it('a lock is shared by futures of all workers', async () => {
    await using pool = executor(options);
    const lock = new Lock();
    const total = new Value('int32', 0);
    const add = async (lock: Lock, total: Value<'int32'>) => {
      for (let i = 0; i < 100; i++) lock.runSync(() => (total.value += 1));
    };
    await Promise.all(range(4).map(() => pool.submit(add, lock, total)));
    expect(total.value).toBe(400);
  });
});

it('submit() takes the default options', async () => {
  expect(await submit(power, 2, 10)).toBe(1024);
});
