/**
 * What `node:diagnostics_channel` tells of jobs: numbers that agree with the results, on every backend.
 */
import { channel } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compute, delayed, imap, invoker, map, Parallel } from '../../src/parallel/index.ts';
import {
  type BatchFinishedEvent,
  type RunEndedEvent,
  type RunStartedEvent,
  shutdownWorkers,
  TaskError,
  type TaskRejectedEvent,
  workerStats,
} from '../../src/scheduler/index.ts';
import { everyBackend, workerBackends } from '../parallel/support.ts';

const started: RunStartedEvent[] = [];
const ended: RunEndedEvent[] = [];
const batches: BatchFinishedEvent[] = [];
const rejected: TaskRejectedEvent[] = [];
const listeners = [
  ['heddle:run:started', (event: unknown) => started.push(event as RunStartedEvent)],
  ['heddle:run:ended', (event: unknown) => ended.push(event as RunEndedEvent)],
  ['heddle:batch:finished', (event: unknown) => batches.push(event as BatchFinishedEvent)],
  ['heddle:task:rejected', (event: unknown) => rejected.push(event as TaskRejectedEvent)],
] as const;

beforeEach(() => {
  started.length = ended.length = batches.length = rejected.length = 0;
  for (const [name, listener] of listeners) channel(name).subscribe(listener);
});
afterEach(() => {
  for (const [name, listener] of listeners) channel(name).unsubscribe(listener);
});

/** Which tasks the batches of a run say are done. */
function indices(run: number): number[] {
  return batches
    .filter((batch) => batch.run === run)
    .flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i))
    .sort((a, b) => a - b);
}

describe.each(everyBackend)('on the backend %s', (backend, settings) => {
  it('tells of a job when it begins and when it ends, and of each task once', async () => {
    const before = performance.now();
    const twice = (x: number) => 2 * x;
    await map(
      Array.from({ length: 100 }, (_, i) => i),
      twice,
      settings,
    );
    const after = performance.now();
    expect(started).toMatchObject([{ label: 'twice', backend, tasks: 100 }]);
    const { run, time } = started[0]!;
    expect(ended).toMatchObject([{ run, label: 'twice', finished: 100, failed: 0 }]);
    expect(ended[0]).not.toHaveProperty('error');
    expect(indices(run)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(time).toBeGreaterThanOrEqual(before);
    expect(ended[0]!.time).toBeLessThanOrEqual(after);
    for (const batch of batches) {
      expect(batch.failed).toBe(false);
      expect(batch.completed).toBeGreaterThanOrEqual(batch.started);
    }
  });

  it('tells the error that ended a job, and how many tasks failed', async () => {
    const fails = (x: number) => {
      if (x === 3) throw new RangeError('three');
      return x;
    };
    const error = await map([1, 2, 3], fails, { ...settings, batchSize: 1 }).catch(
      (e: unknown) => e,
    );
    expect(ended).toHaveLength(1);
    expect(ended[0]!.error).toBe(error);
    expect(ended[0]!.failed).toBe(1);
    expect(batches.filter((batch) => batch.failed)).toMatchObject([{ first: 2, count: 1 }]);
    expect(rejected).toMatchObject([{ run: ended[0]!.run, label: 'fails', index: 2 }]);
    expect(rejected[0]!.error).toBe(error);
  });

  it('tells each task that failed for good, where errors are results, and none that is tried again', async () => {
    const fails = (x: number) => {
      if (x % 2 === 1) throw new RangeError(`odd: ${x}`);
      return x;
    };
    const results = await map([0, 1, 2, 3], fails, { ...settings, returnErrors: true });
    expect(rejected.map(({ index }) => index).sort()).toEqual([1, 3]);
    for (const { index, error } of rejected) {
      expect(error).toBeInstanceOf(TaskError);
      expect(error).toBe((results[index] as PromiseRejectedResult).reason);
    }
    rejected.length = 0;
    const tried = { count: 0 };
    const second = (_: number, ctx: { index: number }) => {
      tried.count++;
      if (tried.count === 1) throw new Error('the first time');
      return ctx.index;
    };
    await map([1], second, { ...settings, retryErrors: 3 });
    expect(rejected).toEqual([]);
  });

  it('tells how many threads BLAS may take in the worker', async () => {
    await map([1, 2], (x) => x, { ...settings, childThreads: 1 });
    expect(batches.length).toBeGreaterThan(0);
    for (const { threads } of batches) expect(threads).toBe(1);
  });

  it('shows the graph that a run makes: names, needs, and how far it has come', async () => {
    const two = delayed(() => 2, { label: 'two' })();
    const three = delayed(() => 3, { label: 'three' })();
    const sum = delayed((a: number, b: number) => a + b, { label: 'sum' })(two, three);
    let before: unknown;
    const look = (event: unknown) => {
      before = (event as RunStartedEvent).graph?.snapshot().states;
    };
    channel('heddle:run:started').subscribe(look);
    expect(await compute(sum, settings)).toBe(5);
    channel('heddle:run:started').unsubscribe(look);
    expect(before).toEqual(['ready', 'ready', 'waits']);
    const { graph } = started[0]!;
    expect(graph!.size).toBe(3);
    const { labels, states, needs } = graph!.snapshot();
    expect(states).toEqual(['done', 'done', 'done']);
    const named = needs.map(([need, user]) => `${labels[need]} → ${labels[user]}`).sort();
    expect(named).toEqual(['three → sum', 'two → sum']);
    expect([0, 1].map((index) => graph!.labelOf(index)).sort()).toEqual(['three', 'two']);
    expect(graph!.labelOf(2)).toBe('sum');
    await map([1], (x) => x, settings);
    expect(started[1]).not.toHaveProperty('graph');
  });

  it('names a job by its label, its method, or its function', async () => {
    await map([1], (x) => x, { ...settings, label: 'the first' });
    await using scorer = invoker({ score: (x: number) => x }, 'score', settings);
    await scorer.map([1]).toArray();
    for await (const _ of imap(
      [1],
      function named(x: number) {
        return x;
      },
      settings,
    ));
    await new Parallel(settings).run([delayed(Math.abs)(1)]);
    const odd = Object.defineProperty((x: number) => x, 'name', {
      get: () => 7,
    });
    await map([1], odd, settings);
    expect(started.map(({ label }) => label)).toEqual(['the first', 'score', 'named', '', '']);
    expect(ended.map(({ label }) => label)).toEqual(['the first', 'score', 'named', '', '']);
  });

  it('tells of an input whose length is not known, and of a stream that is left', async () => {
    async function* endless() {
      for (let i = 0; ; i++) yield i;
    }
    for await (const value of imap(endless(), (x) => x, settings)) if (value === 5) break;
    expect(started).toMatchObject([{ tasks: undefined }]);
    expect(ended).toHaveLength(1);
    expect(ended[0]!.finished).toBeGreaterThanOrEqual(6);
  });

  it('tells of a job that was aborted before it began', async () => {
    const signal = AbortSignal.abort(new Error('no more'));
    await map([1], (x) => x, { ...settings, signal }).catch(() => {});
    expect(started).toHaveLength(ended.length);
    for (const { error } of ended) expect(error).toBe(signal.reason);
  });
});

it('refuses a label that is no text', async () => {
  await expect(map([1], (x) => x, { label: 3 as never })).rejects.toThrow(/label/);
});

it.each(workerBackends)(
  'lists the workers of the backend %s, and what they do',
  async (backend, settings) => {
    shutdownWorkers({ kill: true });
    const own = () =>
      workerStats().filter((one) => one.backend === backend && one.state !== 'ending');
    const waits = (x: number, ctx: { signal: AbortSignal }) =>
      new Promise<number>((resolve) => ctx.signal.addEventListener('abort', () => resolve(x)));
    const stop = new AbortController();
    const running = map([1, 2], waits, { ...settings, batchSize: 1, signal: stop.signal });
    running.catch(() => {});
    while (own().filter((one) => one.state === 'busy').length < 2) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const during = own();
    const [{ run } = { run: 0 }] = started;
    for (const one of during) {
      expect(one).toMatchObject({ pool: null, state: 'busy', tasks: 1, runs: [run] });
      expect(one.upSince).toBeGreaterThan(0);
      expect(one.pid === process.pid).toBe(backend === 'threads');
      expect(one.threadId === null).toBe(backend === 'processes');
    }
    stop.abort();
    await running.catch(() => {});
    expect(JSON.parse(JSON.stringify(during))).toEqual(during);
  },
);
