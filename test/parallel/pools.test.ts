/**
 * Pools: which calls have the same workers, how their number follows the calls, and what they forget
 * of jobs that nobody has any more.
 */
import { channel } from 'node:diagnostics_channel';
import {
  imap,
  invoker,
  map,
  type ParallelOptions,
  type ResultStream,
  shutdownWorkers,
  withConfig,
} from 'heddle';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { collect } from '../helpers/collect.ts';
import { everyBackend, isAlive, range, rejection, runProgram, sleep, until } from './support.ts';

interface WorkerEvent {
  readonly worker: number;
  readonly pid: number;
}

/** The workers that are there. */
const workers = new Map<number, WorkerEvent>();
const started = (event: unknown): void => {
  workers.set((event as WorkerEvent).worker, event as WorkerEvent);
};
const ended = (event: unknown): void => {
  workers.delete((event as WorkerEvent).worker);
};
channel('heddle:worker:started').subscribe(started);
channel('heddle:worker:ended').subscribe(ended);

afterAll(() => {
  channel('heddle:worker:started').unsubscribe(started);
  channel('heddle:worker:ended').unsubscribe(ended);
  shutdownWorkers({ kill: true });
});

const workerBackends = everyBackend.slice(1);

/** Leaves no worker to the next test. */
async function none(): Promise<void> {
  shutdownWorkers({ kill: true });
  await until(() => workers.size === 0, 'the end of all workers');
}

/** The workers that take part in a call: all that it may have, because its tasks wait for them. */
async function who(options: ParallelOptions): Promise<Set<string>> {
  const seen = new Set<string>();
  const name = (_x: number, { worker }: { worker: { id: number; pid: number } }) =>
    new Promise<string>((resolve) => setTimeout(resolve, 4, `${worker.id}:${worker.pid}`));
  const jobs = options.jobs ?? withConfig({}, () => 2);
  for (let i = 0; i < 100 && seen.size < jobs; i++) {
    for (const one of await map(range(2 * jobs), name, { batchSize: 1, ...options })) seen.add(one);
  }
  return seen;
}

describe.each(workerBackends)('the workers of equal calls: %s', (backend, options) => {
  beforeEach(() => shutdownWorkers({ kill: true }));

  it('are the same ones over ten calls, in a scope and out of it', async () => {
    const seen = await who(options);
    expect(seen.size).toBe(2);
    const add = async (more: Promise<Set<string>>) => {
      for (const one of await more) seen.add(one);
    };
    for (let i = 0; i < 4; i++) await add(who(options));
    await withConfig({ backend, jobs: 2 }, async () => {
      for (let i = 0; i < 4; i++) await add(who({}));
      const fail = () => {
        throw new Error('no');
      };
      await rejection(map([1, 2], fail));
      await add(who({}));
    });
    await add(who(options));
    expect(seen.size).toBe(2);
    if (backend === 'processes') {
      for (const one of seen) expect(isAlive(Number(one.split(':')[1]))).toBe(true);
    }
  });

  it('start while the job is being made, unless there is nothing to do', async () => {
    await none();
    const made: number[] = [];
    const unsendable = new WeakMap();
    // Looked at while the function is encoded.
    const watch = {
      get count(): number {
        made.push(workers.size);
        return 0;
      },
    };
    expect(await map([], () => watch.count, options)).toEqual([]);
    const signal = AbortSignal.abort();
    await rejection(map([1], () => watch.count, { ...options, signal }));
    expect(workers.size).toBe(0);
    expect(await map([1, 2], (x) => x + watch.count, options)).toEqual([1, 2]);
    expect(made.at(-1)).toBe(1);
    const pids = [...workers.keys()];
    await rejection(map([1], () => unsendable.has({}), options));
    expect([...workers.keys()]).toEqual(pids);
  });

  it('that started for a job that could not be made end when they have idled', async () => {
    await none();
    const unsendable = new WeakMap();
    const error = await rejection(
      map([1], () => unsendable.has({}), { ...options, idleTimeout: 200 }),
    );
    expect(String(error)).toContain('unsendable');
    expect(workers.size).toBe(1);
    await until(() => workers.size === 0, 'the end of the idle worker');
  });

  it('are replaced when what the initializer captures has changed', async () => {
    const table = Float64Array.of(1, 2, 3);
    let level = 1;
    const prepare = () => () => {
      (globalThis as { prepared?: number[] }).prepared = [level, table[0]!];
    };
    const one = prepare();
    const read = () => (globalThis as { prepared?: number[] }).prepared;
    const look = async (initializer: () => void) => ({
      workers: await who({ ...options, initializer }),
      prepared: (await map([1], read, { ...options, initializer }))[0],
    });
    const first = await look(one);
    expect(first.prepared).toEqual([1, 1]);
    expect(first.workers.size).toBe(2);
    // The same function, and another one that is equal.
    expect(await look(one)).toEqual(first);
    expect(await look(prepare())).toEqual(first);
    const fresh = async () => {
      const next = await look(one);
      for (const worker of next.workers) expect(first.workers.has(worker)).toBe(false);
      return next.prepared;
    };
    level = 2;
    expect(await fresh()).toEqual([2, 1]);
    table[0] = 9;
    expect(await fresh()).toEqual([2, 9]);
  });

  it('are replaced where they have run more tasks, for other jobs, than a job lets them', async () => {
    const settings = { ...options, batchSize: 1, childThreads: 1 };
    await who(settings);
    await map(range(60), () => new Promise<void>((resolve) => setTimeout(resolve, 1)), settings);
    const before = [...workers.keys()];
    const few = { ...settings, maxTasksPerWorker: 10 };
    expect(await map(range(20), (x) => x, few)).toEqual(range(20));
    await until(() => !before.some((id) => workers.has(id)), 'the end of the workers');
    await none();
  });

  it('that die while a job waits for its input are replaced', async () => {
    const settings = { ...options, batchSize: 1, childThreads: 1, idleTimeout: 100 };
    await map(range(4), (x) => x, settings);
    async function* input() {
      yield* range(4);
      // Those of the job before are due meanwhile.
      await until(() => workers.size === 2, 'workers');
      const before = [...workers.keys()];
      await until(() => !before.some((id) => workers.has(id)), 'the end of the workers');
      yield* range(4);
    }
    const calls = map(input(), (x) => x, settings);
    expect(await calls).toEqual([...range(4), ...range(4)]);
    await none();
  });

  it('are as many as the calls ask for, also after they have been idle', async () => {
    // Longer than a worker may take to come up beside others.
    const settings = { ...options, childThreads: 1, idleTimeout: 600 };
    const three = await who({ ...settings, jobs: 3 });
    expect(three.size).toBe(3);
    expect(workers.size).toBe(3);
    // A call that wants fewer takes no more, and the one that is left over ends.
    await until(() => workers.size === 0, 'the end of all idle workers');
    const two = await who({ ...settings, jobs: 2 });
    expect(two.size).toBe(2);
    for (const one of two) expect(three.has(one)).toBe(false);
    expect(workers.size).toBe(2);
    const more = await who({ ...settings, jobs: 3 });
    expect(more.size).toBe(3);
    let fewest = 3;
    for (let i = 0; i < 1000 && fewest > 2; i++) {
      expect((await who({ ...settings, jobs: 2 })).size).toBe(2);
      fewest = workers.size;
    }
    expect(fewest).toBe(2);
    await until(() => workers.size === 0, 'the end of all idle workers');
    expect(await map(range(9), (x) => x + 1, settings)).toEqual(range(9).map((x) => x + 1));
  });
});

describe.each(everyBackend)('what nobody has any more: %s', (backend, options) => {
  it('an invoker gives its model up, in the workers too', async () => {
    class Model {
      readonly weights = new Float64Array(1000).fill(2);
    }
    const seen = () => {
      const models = (globalThis as { models?: WeakRef<object>[] }).models ?? [];
      v8gc();
      return models.filter((model) => model.deref()).length;
    };
    const v8gc = () => {
      const { setFlagsFromString } = process.getBuiltinModule('node:v8');
      setFlagsFromString('--expose-gc');
      (process.getBuiltinModule('node:vm').runInNewContext('gc') as () => void)();
    };
    const use = async (close: boolean) => {
      const fn = (model: Model, x: number) => {
        const holder = globalThis as { models?: WeakRef<object>[] };
        holder.models ??= [];
        holder.models.push(new WeakRef(model));
        return x * model.weights[0]!;
      };
      const calls = invoker(new Model(), fn, options);
      expect(await calls.map(range(40)).toArray()).toEqual(range(40).map((x) => 2 * x));
      const left = await map(range(8), seen, { ...options, batchSize: 1 });
      // As long as somebody has the invoker, its model is there.
      if (backend !== 'sequential') expect(Math.max(...left)).toBeGreaterThan(0);
      if (close) await calls.shutdown();
    };
    for (const close of [true, false]) {
      await use(close);
      let left = [1];
      for (let i = 0; i < 100 && left.some((count) => count > 0); i++) {
        collect();
        await sleep(5);
        left = await map(range(8), seen, { ...options, batchSize: 1 });
      }
      expect(left).toEqual(range(8).map(() => 0));
    }
  });

  it('leaves no bytes behind in the calling process', async () => {
    const call = () => map([1, 2], (x: number) => x, { ...options, childThreads: 1 });
    const used = () => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    // Code, tables and caches grow first; the least of several series is what each call leaves.
    const kept: number[] = [];
    for (let series = 0; series < 5; series++) {
      const before = used();
      for (let i = 0; i < 100; i++) await call();
      kept.push((used() - before) / 100);
    }
    // A timer with what it holds is over 1000.
    expect(Math.min(...kept)).toBeLessThan(300);
  });

  it('a stream stops its job, and closes its input', async () => {
    const begin = [
      (input: Iterable<number>) => imap(input, (x) => x, options),
      (input: Iterable<number>) => invoker(0, (_model, x: number) => x, options).map(input),
    ];
    for (const make of begin) {
      let closed = false;
      function* endless() {
        try {
          for (let i = 0; ; i++) yield i;
        } finally {
          closed = true;
        }
      }
      await (async () => {
        const stream = make(endless());
        expect(await stream.next()).toEqual({ done: false, value: 0 });
        collect();
        await sleep(5);
        expect(await stream.next()).toEqual({ done: false, value: 1 });
        expect(closed).toBe(false);
      })();
      await until(() => {
        collect();
        return closed;
      }, 'the end of a job that nobody listens to');
    }
    expect(await map(range(4), (x) => x, options)).toEqual(range(4));
  });

  it('but not while somebody waits for a result', async () => {
    const slowly = (x: number) => new Promise<number>((resolve) => setTimeout(resolve, 5, x));
    const calls = () => invoker(0, (_model, x: number) => slowly(x), options);
    const streams: (() => ResultStream<number>)[] = [
      () => imap(range(8), slowly, options),
      () => calls().map(range(8)),
    ];
    const timer = setInterval(collect, 8);
    try {
      for (const make of streams) {
        expect(await make().toArray()).toEqual(range(8));
        expect(await make().next()).toEqual({ done: false, value: 0 });
        const all: number[] = [];
        for await (const x of make()) all.push(x);
        expect(all).toEqual(range(8));
      }
    } finally {
      clearInterval(timer);
    }
  });

  it('keeps no program alive', () => {
    const { stdout, stderr, code } = runProgram(`
      const options = ${JSON.stringify(options)};
      const calls = heddle.invoker(new Float64Array(300_000), (m, x) => m[0] + x, options);
      function* endless() { for (let i = 0; ; i++) yield i; }
      const stream = calls.map(endless());
      const results = [await stream.next(), await stream.next()];
      console.log(results.map(({ value }) => value).join());
      process.on('exit', () => { globalThis.held = [calls, stream]; });
    `);
    expect({ stdout, stderr, code }).toEqual({ stdout: '0,1\n', stderr: '', code: 0 });
  });
});
