/** Statistics of pools, and queues that have an end. */
import {
  executor,
  imap,
  map,
  type PoolStats,
  poolStats,
  QueueFullError,
  shutdownWorkers,
  submit,
  withConfig,
} from 'heddle';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { everyBackend, range, rejection, until, workerBackends } from './support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

let names = 0;

/** A pool that no other test has had. */
function fresh<T extends object>(options: T): T & { readonly pool: string } {
  return { ...options, pool: `statistics ${++names}` };
}

function statsOf({ pool }: { readonly pool: string }): PoolStats {
  const [stats, ...more] = poolStats().filter(({ name }) => name === pool);
  expect(more).toEqual([]);
  return stats!;
}

const busy = (ms: number) => {
  const end = performance.now() + ms;
  while (performance.now() < end);
  return ms;
};

describe.each(everyBackend)('statistics of a pool: %s', (backend, given) => {
  it('count tasks, and say how long they ran and waited', async () => {
    const options = fresh(given);
    await map(range(1000), (x) => x, options);
    const quick = statsOf(options);
    expect(quick).toMatchObject({
      backend,
      concurrency: 1,
      queue: 0,
      tasks: { finished: 1000, failed: 0, lost: 0, retried: 0 },
    });
    expect(quick.runTime!.count).toBe(1000);
    expect(quick.waitTime!.count).toBe(1000);
    await map([40, 40, 40, 40], busy, { ...options, batchSize: 1 });
    const { tasks, runTime, waitTime, utilization } = statsOf(options);
    expect(tasks.finished).toBe(1004);
    expect(runTime!.max).toBeGreaterThanOrEqual(40);
    // The last one has waited until another one had run.
    expect(waitTime!.max).toBeGreaterThanOrEqual(40);
    expect(utilization).toBeGreaterThan(0);
    expect(utilization).toBeLessThanOrEqual(1);
  });

  it('tell what failed', async () => {
    const options = fresh(given);
    const fail = (x: number) => {
      if (x % 2) throw new Error('no');
    };
    await map(range(10), fail, { ...options, returnErrors: true });
    expect(statsOf(options).tasks).toEqual({ finished: 5, failed: 5, lost: 0, retried: 0 });
    expect(statsOf(options).runTime!.count).toBe(10);
  });

  it('keep no times where nobody wants them', async () => {
    const options = fresh(given);
    const stream = imap(range(50), (x) => x, { ...options, recordTimes: false });
    await stream.toArray();
    expect(stream.stats).toMatchObject({ finished: 50, serialTime: 0, tasks: [] });
    await withConfig({ recordTimes: false }, () => map(range(50), (x) => x, options));
    const stats = statsOf(options);
    expect(stats).toMatchObject({ tasks: { finished: 100 }, runTime: null, waitTime: null });
  });

  it('tell what waits and who works', async () => {
    const options = fresh(given);
    const controller = new AbortController();
    const hold = (_x: number, { signal }: { signal: AbortSignal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    const { jobs } = given;
    const held = map(range(9), hold, { ...options, batchSize: 1, signal: controller.signal });
    held.catch(() => {});
    await until(() => statsOf(options).workers.busy === jobs, 'all workers to be busy');
    await until(() => statsOf(options).queue === 9 - jobs, 'those that wait to be counted');
    await using pool = executor(options);
    const futures = range(jobs + 3).map(() => pool.submit((x: number) => x, 1));
    expect(pool.queueSize).toBe(3);
    // Those that have been given to the pool wait there, the others in their executor.
    expect(statsOf(options).queue).toBe(9 - jobs + (backend === 'sequential' ? 4 : jobs + 3));
    controller.abort();
    await rejection(held);
    await Promise.all(futures);
    expect(statsOf(options).queue).toBe(0);
  });
});

describe.each(workerBackends)('statistics of a pool with workers: %s', (_name, given) => {
  beforeEach(() => shutdownWorkers({ kill: true }));

  it('tell what was lost, and what ran again', async () => {
    const options = fresh(given);
    const die = (x: number) => {
      if (x === 3) process.exit(1);
      return x;
    };
    const settled = await map(range(6), die, {
      ...options,
      batchSize: 1,
      retries: 1,
      returnErrors: true,
    });
    expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(statsOf(options).tasks).toMatchObject({ finished: 5, failed: 0, lost: 1, retried: 1 });
  });
});

describe.each(everyBackend)('a queue of an executor: %s', (_name, options) => {
  const { jobs } = options;
  const wait = (ms: number) => new Promise<number>((resolve) => setTimeout(resolve, ms, ms));

  it('takes as many as may wait', async () => {
    await using pool = executor({ ...options, maxQueue: 2 });
    const futures = range(jobs + 4).map(() => pool.submit(wait, 20));
    const results = await Promise.allSettled(futures);
    const refused = results.filter((one) => one.status === 'rejected');
    expect(refused).toHaveLength(2);
    expect(refused[0]!.reason).toBeInstanceOf(QueueFullError);
    expect(refused[0]!.reason).toMatchObject({ code: 'ERR_HEDDLE_QUEUE_FULL', maxQueue: 2 });
    expect(futures.at(-1)!.state).toBe('finished');
    expect(await pool.submit(wait, 1)).toBe(1); // there is room again
  });

  it('is the square of those that may run at once, none, or what the scope says', async () => {
    const auto = executor({ ...options, concurrency: 2, maxQueue: 'auto' });
    const most = (2 * jobs) ** 2;
    const futures = range(2 * jobs + most + 1).map(() => auto.submit(wait, 1));
    const results = await Promise.allSettled(futures);
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    await auto.close();
    await withConfig({ ...options, maxQueue: 0 }, async () => {
      const submitted = range(jobs + 1).map(() => submit(wait, 5));
      expect(await rejection(submitted.at(-1)!)).toBeInstanceOf(QueueFullError);
      await Promise.all(submitted.slice(0, jobs));
    });
  });

  it('can be waited for, with what is submitted meanwhile', async () => {
    await using pool = executor(options);
    expect(pool.drained).toBe(true);
    const ended: number[] = [];
    const more = pool.submit(wait, 5).then(async () => {
      ended.push(await pool.submit(wait, 6));
    });
    pool.submit(() => Promise.reject(new Error('no'))).catch(() => ended.push(0));
    expect(pool.drained).toBe(false);
    await pool.drain();
    expect(pool.drained).toBe(true);
    await more;
    expect([...ended].sort()).toEqual([0, 6]);
    expect(await pool.submit(wait, 1)).toBe(1);
    await pool.drain();
  });

  it('refuses a number that makes no sense', () => {
    for (const maxQueue of [-1, 1.5, Number.NaN]) {
      expect(() => executor({ maxQueue })).toThrow(RangeError);
    }
    expect(() => executor({ maxQueue: 'many' as never })).toThrow(TypeError);
  });
});
