/**
 * What jest-worker's own tests (30) ask of a farm, on every backend that has workers; each names the file that
 * it follows. docs/peers.md tells what is left out, and why.
 */
import { executor, map, shutdownWorkers, TaskError, WorkerCrashedError } from 'heddle';
import { Event, Value } from 'heddle/sync';
import { afterAll, describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { range, rejection, runProgram, until, workerBackends } from '../parallel/support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

const double = (x: number) => 2 * x;

describe.each(workerBackends)('%s', (_, options) => {
  it('index: sync and async functions, that return and that throw', async () => {
    await using pool = executor(options);
    const functions: Record<string, () => unknown> = {
      returns: () => 1,
      resolves: () => Promise.resolve(2),
      nothing: () => undefined,
      throws: () => {
        throw new TypeError('thrown');
      },
      rejects: () => Promise.reject(new RangeError('rejected')),
    };
    const futures = Object.values(functions).map((fn) => pool.submit(fn));
    const settled = await Promise.allSettled(futures);
    expect(settled.slice(0, 3).map((one) => (one as { value?: unknown }).value)).toEqual([
      1,
      2,
      undefined,
    ]);
    expect(settled[3]).toMatchObject({ reason: { cause: { name: 'TypeError' } } });
    expect(settled[4]).toMatchObject({ reason: { cause: { name: 'RangeError' } } });
  });

  it('processChild, threadChild: what is thrown and no error arrives as it is', async () => {
    await using pool = executor(options);
    const thrown = [412, 'text', null, undefined, { code: 7 }, false];
    for (const value of thrown) {
      const fail = (what: unknown) => {
        throw what;
      };
      const error = (await rejection(pool.submit(fail, value))) as TaskError;
      expect(error).toBeInstanceOf(TaskError);
      expect(error.cause).toEqual(value);
    }
  });

  it('process-integration, thread-integration: extra members, and circles, of errors and results', async () => {
    await using pool = executor(options);
    const circle = () => {
      const ring: { self?: unknown; map: Map<string, unknown> } = { map: new Map() };
      ring.self = ring;
      ring.map.set('ring', ring);
      return ring;
    };
    const ring = await pool.submit(circle);
    expect(ring.self).toBe(ring);
    expect(ring.map.get('ring')).toBe(ring);
    const fail = () => {
      const error = new Error('in a circle') as Error & { self?: unknown; extra?: unknown };
      error.self = error;
      error.extra = { deep: [1n, new Date(0), /x/g] };
      throw error;
    };
    const { cause } = (await rejection(pool.submit(fail))) as { cause: { self: unknown } };
    expect(cause.self).toBe(cause);
    expect(cause).toMatchObject({ extra: { deep: [1n, new Date(0), /x/g] } });
  });

  it('safeMessageTransferring: a result that can not be sent fails its task alone', async () => {
    const results = await map(range(4), (x) => (x === 2 ? new WeakMap() : x), {
      ...options,
      returnErrors: true,
    });
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(results[2]).toMatchObject({ reason: { cause: { code: 'ERR_HEDDLE_CLONE' } } });
  });

  it('Farm: calls are spread over the workers, each of which runs one at a time', async () => {
    await using pool = executor(options);
    const running = new Value('int32', 0);
    const most = new Value('int32', 0);
    const gate = new Event();
    const run = async (running: Value<'int32'>, most: Value<'int32'>, gate: Event) => {
      const now = running.updateSync((n) => n + 1);
      most.updateSync((n) => Math.max(n, now));
      await gate.wait();
      running.updateSync((n) => n - 1);
    };
    const futures = range(3 * options.jobs).map(() => pool.submit(run, running, most, gate));
    await until(() => running.value === options.jobs, 'a call in each worker');
    gate.set();
    await Promise.all(futures);
    expect(most.value).toBe(options.jobs);
    const workers = new Set(futures.map(({ metadata }) => metadata.worker!.worker));
    expect(workers.size).toBe(options.jobs);
  });

  it('PriorityQueue: calls of a greater priority go first', async () => {
    const own = { ...options, jobs: 1, argv: ['priorities'] };
    await using pool = executor(own);
    const gate = new Event();
    const held = pool.submit(async (gate: Event) => void (await gate.wait()), gate);
    await until(() => held.state === 'running', 'the first call');
    const order: number[] = [];
    const futures = [];
    for (const priority of [1, 3, 2, 5, 4]) {
      const queue = executor({ ...own, priority });
      const future = queue.submit((x: number) => x, priority);
      futures.push(future.then((x) => order.push(x)));
    }
    gate.set();
    await Promise.all(futures);
    // One may have been on its way already.
    expect(order.filter((x) => x !== order[0])).toEqual(
      order.filter((x) => x !== order[0]).sort((a, b) => b - a),
    );
  });

  it('ChildProcessWorker: a call is tried again where its worker died, as often as it is told to', async () => {
    const tries = new Value('int32', 0);
    const dies = (tries: Value<'int32'>, least: number) => {
      if (tries.updateSync((n) => n + 1) < least) process.exit(1);
      return tries.value;
    };
    await using patient = executor({ ...options, retries: 4 });
    expect(await patient.submit(dies, tries, 2)).toBe(2);
    await using strict = executor({ ...options, retries: 0 });
    tries.value = 0;
    expect(await rejection(strict.submit(dies, tries, 2))).toBeInstanceOf(WorkerCrashedError);
    expect(tries.value).toBe(1);
  });

  it('setup, teardown: once in each worker, before the first call and at the end', async () => {
    const [ups, downs] = [new Value('int32', 0), new Value('int32', 0)];
    const initializer = () => void ups.updateSync((n) => n + 1);
    const teardown = () => void downs.updateSync((n) => n + 1);
    await map(range(50), double, { ...options, initializer, teardown });
    expect(ups.value).toBeGreaterThan(0);
    expect([ups.value <= options.jobs, downs.value]).toEqual([true, 0]);
    await shutdownWorkers();
    await until(() => downs.value === ups.value, 'each teardown');
  });

  it('WorkerEdgeCases: out of memory ends one worker, with its reason', async () => {
    const resourceLimits = { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 };
    await using pool = executor({ ...options, resourceLimits });
    const leak = () => {
      const all: unknown[] = [];
      for (;;) all.push(new Array(1000).fill({}));
    };
    const error = await rejection(pool.submit(leak));
    expect(error).toBeInstanceOf(WorkerCrashedError);
    expect(String(error)).toMatch(/memory|heap|SIGABRT|SIGTRAP/i);
  });

  it('index: ends with force, and says so to what runs', async () => {
    const pool = executor(options);
    const loop = pool.submit(() => {
      for (;;);
    });
    const ended = rejection(loop);
    await until(() => loop.state === 'running', 'the loop');
    await shutdownWorkers({ kill: true });
    expect(await ended).toBeInstanceOf(Error);
    await pool.close();
  });

  it('leak-integration: a result that nobody has any more is not kept', async () => {
    const { collect } = await import('../helpers/collect.ts');
    await using pool = executor(options);
    const seen = await (async () => {
      const result = await pool.submit(() => ({ large: new Float64Array(1000) }));
      return new WeakRef(result);
    })();
    await until(() => {
      collect();
      return seen.deref() === undefined;
    }, 'the end of a result');
  });

  it('index: the program ends although nobody has ended the workers', () => {
    const { stdout, code } = runProgram(
      `console.log((await heddle.map([1, 2], (x) => x, ${JSON.stringify(options)})).join());`,
    );
    expect({ stdout, code }).toEqual({ stdout: '1,2\n', code: 0 });
  });
});

it('WorkerEdgeCases: a signal from outside ends one process', async () => {
  await using pool = executor({ backend: 'processes', jobs: 2, retries: 0 });
  const error = await rejection(
    pool.submit(async () => {
      process.kill(process.pid, 'SIGTERM');
      await new Promise(() => {});
    }),
  );
  expect(error).toMatchObject({ name: 'WorkerCrashedError', signal: 'SIGTERM' });
});
