/** Who goes first where jobs wait for the same workers, and pools of workers of one's own. */
import { executor, map, shutdownWorkers, submit, wait, withConfig } from 'heddle';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { everyBackend, range, rejection, workerBackends } from './support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

/** A gate in shared memory, which tasks of threads and processes wait at. */
function gate(): { readonly lock: Int32Array; open(): void } {
  const lock = new Int32Array(new SharedArrayBuffer(4));
  return { lock, open: () => void Atomics.store(lock, 0, 1) };
}

describe.each(everyBackend)('jobs that wait for the same workers: %s', (name, options) => {
  const one = name === 'sequential' ? options : { ...options, jobs: 2 };

  it('are served by priority, and of the same priority by turns', async () => {
    // An executor keeps its own tasks in order of priority, whatever scope they came from.
    const order: number[] = [];
    const slow = () => new Promise((resolve) => setTimeout(resolve, 200));
    const futures = withConfig(one, () => [
      ...range(one.jobs).map(() => submit(slow)),
      ...[0, 2, 1, 2, 0].map((priority, i) =>
        withConfig({ priority }, () =>
          submit((x: number) => x, i).then((x) => {
            order.push(x);
          }),
        ),
      ),
    ]);
    await Promise.all(futures);
    // Two workers answer in any order, but no task overtakes more than the one beside it.
    const right = [1, 3, 2, 0, 4];
    if (one.jobs === 1) expect(order).toEqual(right);
    for (const [at, x] of order.entries()) {
      expect(Math.abs(right.indexOf(x) - at)).toBeLessThanOrEqual(1);
    }
  });
});

describe.each(workerBackends)('jobs that wait for the same workers: %s', (_name, options) => {
  beforeEach(() => shutdownWorkers({ kill: true }));

  it('go before what others have sent ahead of their turn', async () => {
    const ends: string[] = [];
    const busy = (ms: number) => {
      const end = performance.now() + ms;
      while (performance.now() < end);
    };
    await map([1, 2], busy, options);
    // Batches of 20 tasks of 15 ms each are 600 ms for a worker, with those that wait behind them.
    const low = map(range(160).fill(15), busy, { ...options, batchSize: 20 });
    const lowEnd = low.then(() => ends.push('low'));
    await new Promise((resolve) => setTimeout(resolve, 60));
    const high = map([1, 1, 1, 1], busy, { ...options, priority: 1 });
    await high.then(() => ends.push('high'));
    await lowEnd;
    expect(ends).toEqual(['high', 'low']);
  });

  it('of the same priority go on side by side, of a lower one when the others are done', async () => {
    const task = async (x: number) => {
      await new Promise((resolve) => setTimeout(resolve, 3));
      return x;
    };
    const ends: string[] = [];
    const job = (label: string, priority: number) =>
      map(range(24), task, { ...options, batchSize: 1, priority }).then(() => ends.push(label));
    await map([1, 2], task, options);
    await Promise.all([job('low', -1), job('one', 3), job('two', 3)]);
    expect(ends[2]).toBe('low');
  });

  it('lose nothing when their order changes, with workers that end', async () => {
    const task = async (x: number) => {
      await new Promise((resolve) => setTimeout(resolve, x % 3));
      if (x % 17 === 5 && Math.random() < 0.2) process.exit(1);
      return x;
    };
    const jobs = range(12).map((i) =>
      map(range(40), task, {
        ...options,
        priority: (i * 5) % 4,
        retries: 1,
        returnErrors: true,
        batchSize: 1 + (i % 3),
        concurrency: 1 + (i % 2) * 3,
      }),
    );
    for (const settled of await Promise.all(jobs)) {
      expect(settled).toHaveLength(40);
      for (const [x, one] of settled.entries()) {
        if (one.status === 'fulfilled') expect(one.value).toBe(x);
        else expect(one.reason).toMatchObject({ code: 'ERR_HEDDLE_WORKER_CRASHED' });
      }
    }
  });
});

describe.each(workerBackends)("a pool of one's own: %s", (_name, options) => {
  it('serves a fast call beside slow tasks', async () => {
    const { lock, open } = gate();
    const hold = (shared: Int32Array) => {
      while (Atomics.load(shared, 0) === 0) Atomics.wait(shared, 0, 0, 5);
    };
    const local = options.backend === 'threads';
    // Processes can't have that memory: theirs are stopped instead.
    const controller = new AbortController();
    const slow = local
      ? map([lock, lock], hold, { ...options, batchSize: 1 })
      : map([1, 2], () => new Promise(() => {}), { ...options, signal: controller.signal });
    slow.catch(() => {});
    const who = (_x: number, ctx: { worker: { id: number } }) => ctx.worker.id;
    const first = await map([1], who, { ...options, pool: 'fast' });
    const again = await map([1], who, { ...options, pool: 'fast' });
    const other = await map([1], who, { ...options, pool: 'other' });
    expect(other[0]).not.toBe(first[0]);
    expect(again[0]! - first[0]!).toBeLessThanOrEqual(1); // one of the same two
    open();
    controller.abort();
    if (local) await slow;
    else await rejection(slow);
  });

  it('is named in a scope or for an executor, and is the same for the same name', async () => {
    const who = () => process.pid;
    const ids = async (settings: object): Promise<Set<unknown>> => {
      await using pool = executor({ ...options, ...settings });
      const futures = range(6).map(() => pool.submit(who));
      const { done } = await wait(futures);
      return new Set([...done].map(({ metadata }) => metadata.worker!.worker));
    };
    const named = await ids({ pool: 'mine' });
    const scoped = await withConfig({ pool: 'mine' }, () => ids({}));
    const shared = await ids({});
    expect(new Set([...named, ...scoped]).size).toBeLessThanOrEqual(2);
    for (const id of shared) expect([...named, ...scoped]).not.toContain(id);
  });
});

describe('the options priority and pool', () => {
  it('are refused where they make no sense', async () => {
    for (const priority of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(await rejection(map([1], (x) => x, { priority }))).toBeInstanceOf(RangeError);
    }
    expect(await rejection(map([1], (x) => x, { priority: '1' as never }))).toBeInstanceOf(
      TypeError,
    );
    expect(await rejection(map([1], (x) => x, { pool: '' }))).toBeInstanceOf(RangeError);
    expect(await rejection(map([1], (x) => x, { pool: 3 as never }))).toBeInstanceOf(TypeError);
  });
});
