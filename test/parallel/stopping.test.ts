/**
 * How fast a job stops: what is promised, and not what a busy machine makes of it.
 */
import { channel } from 'node:diagnostics_channel';
import { imap, map, shutdownWorkers } from 'heddle';
import { afterAll, describe, expect, it } from 'vitest';
import { fastest, isAlive, range, rejection, sleep, until, workerBackends } from './support.ts';

/** A loop that nothing interrupts is stopped within this (ms). */
const PROMISE_MS = 200;

interface Ended {
  readonly worker: number;
  readonly pid: number;
}

const ended: Ended[] = [];
const note = (event: unknown): void => {
  ended.push(event as Ended);
};
channel('heddle:worker:ended').subscribe(note);

afterAll(() => {
  channel('heddle:worker:ended').unsubscribe(note);
  shutdownWorkers({ kill: true });
});

it.each(workerBackends)('a worker that is done with its task is kept: %s', async (_, options) => {
  const quick = (x: number) => x;
  await map(range(4), quick, { ...options, batchSize: 1 });
  // A worker that the machine gives no core for 50 ms is taken for one that is stuck.
  for (let attempt = 0; attempt < 3; attempt++) {
    ended.length = 0;
    for (let i = 0; i < 3; i++) {
      const stream = imap(range(1e6).values(), quick, options);
      await stream.next();
      await stream.return();
      // This thread is busy for longer than a task may go on.
      const end = performance.now() + 90;
      while (performance.now() < end);
      expect(await map(range(4), quick, options)).toEqual(range(4));
    }
    if (ended.length === 0) break;
  }
  expect(ended).toEqual([]);
});

describe.each(workerBackends)('a synchronous endless loop: %s', (backend, options) => {
  /** Starts two loops, and returns when both run. */
  async function loops(settings: object = {}) {
    await map(range(2), () => sleepHere(20), { ...options, batchSize: 1 });
    ended.length = 0;
    // The first results tell that the workers are at work: the next task of each is the loop.
    const stream = imap(
      range(4),
      (x, ctx) => {
        if (x > 1) for (;;);
        const until = performance.now() + 30;
        while (performance.now() < until);
        return ctx.worker.pid;
      },
      { ...options, batchSize: 1, ordered: false, ...settings },
    );
    const pids = [(await stream.next()).value!, (await stream.next()).value!];
    await sleep(30);
    return { stream, pids };
  }

  const sleepHere = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  /** Waits until both workers have really ended. */
  async function gone(pids: readonly number[]): Promise<void> {
    await until(() => ended.length >= 2, 'the end of the workers');
    if (backend === 'processes') expect(pids.some(isAlive)).toBe(false);
  }

  it('is stopped in time by a signal', async () => {
    const took = await fastest(PROMISE_MS, async () => {
      const controller = new AbortController();
      const { stream, pids } = await loops({ signal: controller.signal });
      const next = rejection(stream.next());
      const start = performance.now();
      controller.abort();
      expect(await next).toMatchObject({ name: 'AbortError' });
      await gone(pids);
      return performance.now() - start;
    });
    expect(took).toBeLessThanOrEqual(PROMISE_MS);
    expect(await map(range(4), (x) => x, options)).toEqual(range(4));
  });

  it('is stopped in time by break', async () => {
    const took = await fastest(PROMISE_MS, async () => {
      const { stream, pids } = await loops();
      const start = performance.now();
      await stream.return();
      await gone(pids);
      return performance.now() - start;
    });
    expect(took).toBeLessThanOrEqual(PROMISE_MS);
    expect(await map(range(4), (x) => x, options)).toEqual(range(4));
  });

  it('is stopped in time by a time-out', async () => {
    const timeout = 100;
    const took = await fastest(PROMISE_MS, async () => {
      await map(range(2), () => sleepHere(20), { ...options, batchSize: 1 });
      ended.length = 0;
      const start = performance.now();
      const failing = map(
        [1],
        () => {
          for (;;);
        },
        { ...options, timeout },
      );
      expect(await rejection(failing)).toMatchObject({ code: 'ERR_HEDDLE_TIMEOUT' });
      // The time-out itself is the task's.
      return performance.now() - start - timeout;
    });
    expect(took).toBeLessThanOrEqual(PROMISE_MS);
    expect(await map(range(4), (x) => x, options)).toEqual(range(4));
  });
});
