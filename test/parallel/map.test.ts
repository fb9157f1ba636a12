import { afterAll, describe, expect, it } from 'vitest';
import {
  delayed,
  imap,
  invoker,
  map,
  mapChunks,
  Parallel,
  shutdownWorkers,
  withConfig,
} from '../../src/index.ts';
import { everyBackend, range, rejection, sleep, workerBackends } from './support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

describe.each(everyBackend)('map and its kin: %s', (_, options) => {
  it('gives what the sequential calls give, in order', async () => {
    const tasks = range(1000);
    expect(await map(tasks, (x) => x * 2, options)).toEqual(tasks.map((x) => x * 2));
    expect(await map(tasks, async (x) => x * 2, options)).toEqual(tasks.map((x) => x * 2));
  });

  it('takes no task, and one', async () => {
    expect(await map([], (x: number) => x, options)).toEqual([]);
    expect(await map(['a'], (x) => `${x}!`, options)).toEqual(['a!']);
    expect(await imap([], (x: number) => x, options).toArray()).toEqual([]);
    expect(await mapChunks(0, (start) => start, options)).toEqual([]);
    expect(await new Parallel(options).run([])).toEqual([]);
  });

  it('takes typed arrays, sets, generators and async generators', async () => {
    function* some() {
      yield* [1, 2, 3];
    }
    async function* later() {
      for (const x of [1, 2, 3]) {
        await sleep(1);
        yield x;
      }
    }
    const square = (x: number) => x * x;
    expect(await map(Float64Array.of(1, 2, 3), square, options)).toEqual([1, 4, 9]);
    expect(await map(new Set([1, 2, 3]), square, options)).toEqual([1, 4, 9]);
    expect(await map(some(), square, options)).toEqual([1, 4, 9]);
    expect(await map(later(), square, options)).toEqual([1, 4, 9]);
    expect(await imap(later(), square, options).toArray()).toEqual([1, 4, 9]);
  });

  it('carries values of all kinds', async () => {
    const values = [
      undefined,
      null,
      true,
      -0,
      Number.NaN,
      'text',
      10n ** 30n,
      [1, [2]],
      { a: { b: 1 } },
      new Map([[1, new Set([2])]]),
      new Date(5),
      Float32Array.of(1.5, 2.5),
    ];
    expect(await map(values, (x) => x, options)).toEqual(values);
    for (const value of values) expect(await map([value], (x) => x, options)).toEqual([value]);
  });

  it('reads a generator no further ahead than preDispatch says', async () => {
    const log: string[] = [];
    let read = 0;
    function* produce() {
      for (let i = 0; i < 12; i++) {
        read++;
        log.push(`read ${i}`);
        yield i;
      }
    }
    const settings = { ...options, preDispatch: 3, batchSize: 1 };
    const stream = imap(produce(), (x) => x, settings);
    let taken = 0;
    for await (const _ of stream) {
      taken++;
      // At most three are on their way or wait, and one has been taken since.
      expect(read).toBeLessThanOrEqual(taken + 4);
    }
    expect(taken).toBe(12);
  });

  it('streams an endless input in order, and stops at break', async () => {
    let closed = false;
    function* numbers() {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        closed = true;
      }
    }
    const seen: number[] = [];
    for await (const x of imap(numbers(), (i) => i * i, options)) {
      seen.push(x);
      if (seen.length === 300) break;
    }
    expect(seen).toEqual(range(300).map((i) => i * i));
    expect(closed).toBe(true);
  });

  it('does not run far ahead of a slow consumer', async () => {
    let read = 0;
    function* numbers() {
      for (let i = 0; i < 300; i++) {
        read++;
        yield i;
      }
    }
    const settings = { ...options, batchSize: 1 };
    const stream = imap(numbers(), (x) => x, settings);
    await stream.next();
    await sleep(100);
    expect(read).toBeLessThanOrEqual(8);
    expect(await stream.toArray()).toHaveLength(299);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('surfaces an error of the input, wherever it comes', async () => {
    for (const at of [0, 5, 19]) {
      const produce = function* () {
        for (let i = 0; i < 20; i++) {
          if (i === at) throw new RangeError(`no item ${i}`);
          yield i;
        }
      };
      const error = await rejection(map(produce(), (x) => x, options));
      expect(error).toBeInstanceOf(RangeError);
      expect((error as Error).message).toBe(`no item ${at}`);
    }
    async function* later() {
      yield 1;
      throw new RangeError('later');
    }
    expect(await rejection(map(later(), (x) => x, options))).toBeInstanceOf(RangeError);
    expect(await map([1], (x) => x, options)).toEqual([1]);
  });

  it('runs tasks with a model, by a function or a method', async () => {
    await using adder = invoker({ base: 10 }, (model, x: number) => model.base + x, options);
    expect(await adder.map([1, 2, 3]).toArray()).toEqual([11, 12, 13]);
    expect(await adder.map([4]).toArray()).toEqual([14]);
    const model = { factor: 3, times: (x: number) => x * 3 };
    await using times = invoker(model, 'times', options);
    expect(await times.map([1, 2]).toArray()).toEqual([3, 6]);
  });

  it('refuses work after shutdown', async () => {
    const adder = invoker(1, (model, x: number) => model + x, options);
    await adder.shutdown();
    await adder.shutdown();
    expect(() => adder.map([1])).toThrow(/shut down/);
  });

  it('runs calls of different functions', async () => {
    const add = (a: number, b: number) => a + b;
    const shout = (text: string) => text.toUpperCase();
    const calls = [delayed(add)(1, 2), delayed(shout)('hey'), delayed(add)(3, 4)] as const;
    expect(await new Parallel(options).run(calls)).toEqual([3, 'HEY', 7]);
    function* lazily() {
      for (let i = 0; i < 100; i++) yield i % 2 ? delayed(add)(i, 1) : delayed(add)(i, 2);
    }
    const sums = await new Parallel(options).run(lazily());
    expect(sums).toEqual(range(100).map((i) => i + (i % 2 ? 1 : 2)));
  });

  it('cuts loops into chunks', async () => {
    expect(await mapChunks(250, (start, end) => end - start, options)).toEqual([100, 100, 50]);
  });

  it('tells figures of the job', async () => {
    const stream = imap(range(20), (x) => x, options);
    await stream.toArray();
    const { stats } = stream;
    expect(stats.finished).toBe(20);
    expect(stats.dispatched).toBe(20);
    expect(stats.failed).toBe(0);
    expect(stats.tasks.map((task) => task.index)).toEqual(range(20));
    for (const task of stats.tasks) {
      // The clocks of two processes agree to well under this.
      expect(task.started).toBeGreaterThanOrEqual(task.submitted - 5);
      expect(task.completed).toBeGreaterThanOrEqual(task.started);
    }
    expect(stats.serialTime).toBeGreaterThan(0);
    expect(stats.wallTime).toBeGreaterThan(0);
    expect(stats.speedup).toBeCloseTo(stats.serialTime / stats.wallTime);
  });

  it('hands the scope on to the tasks', async () => {
    const config = new URL('../../src/config/index.ts', import.meta.url).href;
    const seen = await withConfig({ maxBytes: 12345, backendThreads: 1 }, () =>
      map(
        [config],
        async (url) => {
          const config = (await import(url)) as {
            scopedConfig(): object;
          };
          return { ...config.scopedConfig() };
        },
        options,
      ),
    );
    // A scope that reaches the task in this process is the scope of the module that vitest loaded.
    if (options.backend !== 'sequential') {
      expect(seen[0]).toMatchObject({ maxBytes: 12345, backendThreads: 1 });
    }
  });
});

describe.each(workerBackends)('workers: %s', (_, options) => {
  it('gives fast results before a slow one, unordered', async () => {
    const stream = imap(
      range(10),
      (x) => (x === 0 ? new Promise((r) => setTimeout(r, 800, x)) : x),
      {
        ...options,
        ordered: false,
      },
    );
    const seen: unknown[] = [];
    for await (const x of stream) seen.push(x);
    expect(seen).toHaveLength(10);
    expect(seen[9]).toBe(0);
    expect(new Set(seen.slice(0, 9))).toEqual(new Set(range(10).slice(1)));
  });

  it('lets no task wait behind a slow one while a worker idles', async () => {
    // Both workers have to be there: one that starts late would find nothing left.
    const ids = new Set<number>();
    while (ids.size < 2) {
      const nap = (_x: number, ctx: { worker: { id: number } }) =>
        new Promise<number>((r) => setTimeout(r, 20, ctx.worker.id));
      for (const id of await map(range(4), nap, options)) ids.add(id);
    }
    // A fixed batch of 20 tasks whose first takes half a second, beside nothing.
    const started = performance.now();
    const stream = imap(
      range(20),
      (x) => {
        const end = performance.now() + (x === 0 ? 600 : 10);
        while (performance.now() < end);
        return process.pid;
      },
      { ...options, batchSize: 20 },
    );
    await stream.toArray();
    const { tasks } = stream.stats;
    const slow = tasks[0]!;
    const others = tasks.slice(1).filter((task) => task.worker !== slow.worker);
    expect(others.length).toBeGreaterThanOrEqual(10);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('sees an array that was changed in place between two calls', async () => {
    // Large enough to be shared, and not.
    for (const length of [10, 200_000]) {
      const table = new Float64Array(length).fill(1);
      for (const value of [1, 2, 3]) {
        table[length - 1] = value;
        const last = (x: Float64Array) => [x[x.length - 1], table[table.length - 1]];
        expect(await map([table, table], last, options)).toEqual([
          [value, value],
          [value, value],
        ]);
        await using scorer = invoker(table, (model, i: number) => model[i], options);
        expect(await scorer.map([length - 1]).toArray()).toEqual([value]);
      }
    }
  });

  it('sends slow tasks one by one and fast ones together', async () => {
    const slow = imap(range(12), (x) => new Promise((r) => setTimeout(r, 20, x)), options);
    await slow.toArray();
    expect(slow.stats.batches).toBeGreaterThanOrEqual(11);
    const fast = imap(range(20_000), (x) => x, options);
    await fast.toArray();
    expect(fast.stats.batches).toBeLessThan(400);
  });

  it('runs two jobs at once on one pool', async () => {
    const first = map(range(200), (x) => x + 1, options);
    const second = map(range(200), (x) => x * 2, options);
    expect(await first).toEqual(range(200).map((x) => x + 1));
    expect(await second).toEqual(range(200).map((x) => x * 2));
  });

  it('keeps its workers over ten calls, and replaces them when the initializer changes', async () => {
    const who = async (initializer?: () => void) => {
      const settings = initializer ? { ...options, initializer } : options;
      const infos = await map(range(8), (_x, ctx) => ctx.worker.id, { ...settings, batchSize: 1 });
      return new Set(infos);
    };
    const ids = new Set<number>();
    for (let i = 0; i < 10; i++) for (const id of await who()) ids.add(id);
    expect(ids.size).toBeLessThanOrEqual(2);
    const prepare = () => {
      (globalThis as { prepared?: boolean }).prepared = true;
    };
    const others = await who(prepare);
    for (const id of others) expect(ids.has(id)).toBe(false);
    const settings = { ...options, initializer: prepare };
    const prepared = await map(
      [1],
      () => (globalThis as { prepared?: boolean }).prepared,
      settings,
    );
    expect(prepared).toEqual([true]);
  });

  it('grows and shrinks with jobs', async () => {
    const seen = async (jobs: number) => {
      const ids = await map(
        range(12),
        (_x, ctx) => new Promise((r) => setTimeout(r, 20, ctx.worker.id)),
        { ...options, jobs, childThreads: 1 },
      );
      return new Set(ids).size;
    };
    expect(await seen(2)).toBeLessThanOrEqual(2);
    // The third worker takes its time to start.
    let most = 0;
    for (let i = 0; i < 50 && most < 3; i++) most = Math.max(most, await seen(3));
    expect(most).toBe(3);
    expect(await seen(2)).toBe(2);
  });
});
