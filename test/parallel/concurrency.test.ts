/** Several async tasks at a time in a worker. */
import {
  describeParallel,
  executor,
  imap,
  map,
  shared,
  shutdownWorkers,
  TaskTimeoutError,
  WorkerCrashedError,
  withConfig,
} from 'heddle';
import { afterAll, describe, expect, it } from 'vitest';
import { everyBackend, range, rejection, workerBackends } from './support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

/** Waits until `size` tasks are there, in whatever workers; says how many were in its own, at most. */
async function gather(arrived: Int32Array, size: number): Promise<number> {
  const here = globalThis as { gathering?: { now: number; most: number } };
  here.gathering ??= { now: 0, most: 0 };
  const { gathering } = here;
  gathering.now++;
  gathering.most = Math.max(gathering.most, gathering.now);
  Atomics.add(arrived, 0, 1);
  while (Atomics.load(arrived, 0) < size) await new Promise((resolve) => setTimeout(resolve, 1));
  gathering.now--;
  return gathering.most;
}

/** How many tasks are in its worker when it begins. */
async function beside(): Promise<number> {
  const here = globalThis as { tasks?: number };
  here.tasks = (here.tasks ?? 0) + 1;
  const tasks = here.tasks;
  await new Promise((resolve) => setTimeout(resolve, 5));
  here.tasks--;
  return tasks;
}

describe.each(everyBackend)('several tasks at a time: %s', (_name, options) => {
  const { jobs } = options;

  it('run in a worker, and no more', async () => {
    // All workers together have room for them at once, and nobody goes on before all are there.
    const tasks = 4 * jobs;
    const arrived = shared.zeros('int32', 1);
    const all = await map(range(tasks), () => gather(arrived, tasks), {
      ...options,
      concurrency: 4,
    });
    expect(all).toEqual(range(tasks).map(() => 4));
    expect(await map(range(4), beside, options)).toEqual([1, 1, 1, 1]);
    delete (globalThis as { gathering?: unknown }).gathering;
  });

  it('give their results in order, with a context each', async () => {
    const task = async (x: number, ctx: { index: number; rng: { random(): number } }) => {
      const drawn = ctx.rng.random();
      await new Promise((resolve) => setTimeout(resolve, (x * 7) % 5));
      return [x, ctx.index, drawn, ctx.rng.random()];
    };
    const expected = await map(range(60), task, { jobs: 1, seed: 3 });
    expect(await map(range(60), task, { ...options, concurrency: 8, seed: 3 })).toEqual(expected);
    const stream = imap(range(60), task, { ...options, concurrency: 5, seed: 3, batchSize: 3 });
    expect(await stream.toArray()).toEqual(expected);
  });

  it('end one by one when they throw', async () => {
    const task = async (x: number) => {
      await new Promise((resolve) => setTimeout(resolve, (x * 3) % 4));
      if (x % 5 === 3) throw new RangeError(`no ${x}`);
      return x;
    };
    const settings = { ...options, concurrency: 4, returnErrors: true } as const;
    const results = await map(range(40), task, settings);
    expect(results.map(({ status }) => status === 'fulfilled')).toEqual(
      range(40).map((x) => x % 5 !== 3),
    );
    const error = await rejection(map(range(40), task, { ...options, concurrency: 4 }));
    expect(error).toMatchObject({ code: 'ERR_HEDDLE_TASK', cause: expect.any(RangeError) });
  });

  it('see their signal when the job is stopped', async () => {
    const controller = new AbortController();
    const task = (x: number, { signal }: { signal: AbortSignal }) =>
      new Promise((resolve, reject) => {
        if (x === 5) setTimeout(resolve, 1, x);
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    const stream = imap(range(8), task, {
      ...options,
      concurrency: 8,
      ordered: false,
      signal: controller.signal,
    });
    expect((await stream.next()).value).toBe(5);
    controller.abort(new Error('enough'));
    expect(await rejection(stream.toArray())).toMatchObject({ message: 'enough' });
    // Nobody had to be killed for it: the same workers go on.
    expect(await map([1, 2], (x) => x * 2, { ...options, concurrency: 4 })).toEqual([2, 4]);
  });

  it('are as many futures of an executor', async () => {
    await using pool = executor({ ...options, concurrency: 3 });
    const tasks = 3 * jobs;
    const arrived = shared.zeros('int32', 1);
    const futures = range(tasks).map(() => pool.submit(gather, arrived, tasks));
    expect(await Promise.all(futures)).toEqual(futures.map(() => 3));
    delete (globalThis as { gathering?: unknown }).gathering;
  });
});

describe.each(workerBackends)('several tasks at a time in workers: %s', (_name, options) => {
  it('are each run again when their worker ends, and the one that ends it is found', async () => {
    const task = async (x: number) => {
      await new Promise((resolve) => setTimeout(resolve, 10 + (x % 3) * 10));
      if (x === 11) process.exit(9);
      return x;
    };
    const settled = await map(range(24), task, {
      ...options,
      concurrency: 8,
      batchSize: 1,
      retries: 3,
      returnErrors: true,
    });
    const failed = settled.flatMap((one, i) => (one.status === 'rejected' ? [i] : []));
    expect(failed).toEqual([11]);
    const error = (settled[11] as PromiseRejectedResult).reason as WorkerCrashedError;
    expect(error).toBeInstanceOf(WorkerCrashedError);
    expect(error.tasks.map(({ index }) => index)).toEqual([11]);
  });

  it('are all named when their worker ends and nothing is run again', async () => {
    const task = async (x: number) => {
      if (x !== 3) return new Promise<number>(() => {});
      await new Promise((resolve) => setTimeout(resolve, 300));
      process.exit(3);
    };
    // A worker that is up gets as many as it may run, whichever of the two it is.
    const error = await rejection(map(range(8), task, { ...options, concurrency: 4 }));
    expect(error).toBeInstanceOf(WorkerCrashedError);
    const { tasks, exitCode } = error as WorkerCrashedError;
    expect(exitCode).toBe(3);
    expect(tasks.map(({ index }) => index)).toContain(3);
    expect(new Set(tasks.map(({ index }) => index)).size).toBe(4);
  });

  it('have a time each, and those beside one that runs out of it run again', async () => {
    const task = async (x: number) => {
      await new Promise((resolve) => setTimeout(resolve, x === 2 ? 60_000 : 40));
      return x;
    };
    const settled = await map(range(8), task, {
      ...options,
      concurrency: 4,
      batchSize: 1,
      timeout: 1500,
      returnErrors: true,
    });
    const reasons = settled.map((one) => (one.status === 'rejected' ? one.reason : one.value));
    expect(reasons[2]).toBeInstanceOf(TaskTimeoutError);
    expect(reasons.filter((_one, i) => i !== 2)).toEqual([0, 1, 3, 4, 5, 6, 7]);
  });
});

describe.each(everyBackend)('many tasks on one signal: %s', (_name, options) => {
  it('are no leak of listeners', async () => {
    const warned = async (x: number, { signal }: { signal: AbortSignal }) => {
      let warnings = 0;
      const count = (warning: Error) => {
        if (warning.name === 'MaxListenersExceededWarning') warnings++;
      };
      process.on('warning', count);
      signal.addEventListener('abort', () => {});
      await new Promise((resolve) => setTimeout(resolve, 20, x));
      process.off('warning', count);
      return warnings;
    };
    const warnings = await map(range(30), warned, { ...options, concurrency: 8 });
    expect(warnings).toEqual(range(30).map(() => 0));
  });
});

describe('the option concurrency', () => {
  it('stands in a scope, and counts for what is read ahead', () => {
    expect(describeParallel({ jobs: 2, concurrency: 3 })).toMatchObject({
      concurrency: 3,
      preDispatch: 12,
      reasons: expect.arrayContaining(['3 tasks at a time in each worker']),
    });
    const inside = withConfig({ concurrency: 5 }, () => describeParallel({ jobs: 2 }));
    expect(inside.concurrency).toBe(5);
    expect(describeParallel({ jobs: 2, concurrency: 3, preDispatch: 5 }).preDispatch).toBe(5);
  });

  it.each([0, -1, 1.5, 256, Number.NaN])('refuses %s', (concurrency) => {
    expect(() => describeParallel({ concurrency })).toThrow(RangeError);
    expect(() => withConfig({ concurrency }, () => {})).toThrow(RangeError);
  });
});
