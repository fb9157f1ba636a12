/**
 * What is sent when: how far an input is read, how many tasks are on their way, how large batches are.
 */
import { channel } from 'node:diagnostics_channel';
import {
  delayed,
  imap,
  invoker,
  map,
  Parallel,
  type ParallelOptions,
  shutdownWorkers,
  withConfig,
} from 'heddle';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { everyBackend, fastest, range, workerBackends } from './support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

type Input = Iterable<number> | AsyncIterable<number>;

const nap = (x: number) => new Promise<number>((resolve) => setTimeout(resolve, 1, x));
const api = {
  map: (input: Input, options: ParallelOptions) => map(input, nap, options),
  imap: (input: Input, options: ParallelOptions) => imap(input, nap, options).toArray(),
  'imap, unordered': (input: Input, options: ParallelOptions) =>
    imap(input, nap, { ...options, ordered: false }).toArray(),
  invoker: (input: Input, options: ParallelOptions) =>
    invoker(0, (_model, x: number) => nap(x), options)
      .map(input)
      .toArray(),
  Parallel: (input: Input, options: ParallelOptions) => {
    const call = delayed(nap);
    async function* calls() {
      for await (const x of input) yield call(x);
    }
    return new Parallel(options).run(calls());
  },
} as const;

/** The tasks that are on their way. */
const pending = new Set<number>();
let most = 0;
let finished = 0;
const sent = (event: unknown): void => {
  pending.add((event as { index: number }).index);
  most = Math.max(most, pending.size);
};
const done = (event: unknown): void => {
  pending.delete((event as { index: number }).index);
  finished++;
};

describe('a job that may have so many tasks on their way', () => {
  beforeEach(() => {
    pending.clear();
    most = finished = 0;
    channel('heddle:task:dispatched').subscribe(sent);
    channel('heddle:task:finished').subscribe(done);
  });
  afterEach(() => {
    channel('heddle:task:dispatched').unsubscribe(sent);
    channel('heddle:task:finished').unsubscribe(done);
  });

  // Three workers would take two each.
  const cases = everyBackend.flatMap(([backend]) =>
    Object.keys(api).flatMap((call) => [1, 3, 4].map((limit) => [backend, call, limit] as const)),
  );

  it.each(cases)('%s, %s: %d and never more', async (backend, call, limit) => {
    const ahead: number[] = [];
    function* produce() {
      for (let i = 0; i < 24; i++) {
        ahead.push(i + 1 - finished);
        yield i;
      }
    }
    const jobs = backend === 'sequential' ? 1 : 3;
    const settings = { backend, jobs, childThreads: 1, preDispatch: limit, batchSize: 1 };
    const results = await api[call as keyof typeof api](produce(), settings);
    expect([...results].sort((a, b) => a - b)).toEqual(range(24));
    expect(most).toBeLessThanOrEqual(limit);
    // An async iterator is asked for the next item when it has given one.
    expect(Math.max(...ahead)).toBeLessThanOrEqual(limit + (call === 'Parallel' ? 1 : 0));
    // So many there are, where the workers take them: one task runs, one waits behind it.
    if (backend !== 'sequential') expect(most).toBe(limit);
    expect(finished).toBe(24);
  });
});

describe.each(everyBackend)('every number of tasks: %s', (_, options) => {
  it('gives all results, whatever is sent together and ahead', async () => {
    for (const total of [0, 1, 2, 3, 7, 20]) {
      for (const preDispatch of ['all', 'jobs', '2*jobs', 1, 2] as const) {
        for (const batchSize of [1, 3, 'auto'] as const) {
          const settings = { ...options, preDispatch, batchSize };
          function* produce() {
            yield* range(total);
          }
          const what = `${total} tasks, ${JSON.stringify(settings)}`;
          expect(await map(produce(), (x) => x + 1, settings), what).toEqual(
            range(total).map((x) => x + 1),
          );
        }
      }
    }
  });
});

describe.each(workerBackends)('with any number of workers: %s', (backend) => {
  it('results are those of a loop', async () => {
    const tasks = range(300);
    const expected = tasks.map((x) => x * x);
    const square = (x: number) => x * x;
    for (const jobs of [1, 2, -1, -2, undefined]) {
      expect(await map(tasks, square, { backend, jobs })).toEqual(expected);
    }
    const who = () => map(range(8), (_x, ctx) => ctx.worker.backend, { batchSize: 1 });
    expect(new Set(await withConfig({ backend, jobs: 2 }, who))).toEqual(new Set([backend]));
    expect(new Set(await withConfig({ backend, jobs: 1 }, who))).toEqual(new Set(['sequential']));
  });
});

describe.each(workerBackends)('batches: %s', (_, options) => {
  it('are measured anew for each call', async () => {
    const wait = (_model: null, ms: number) =>
      ms === 0 ? 0 : new Promise<number>((resolve) => setTimeout(resolve, ms, ms));
    await using calls = invoker(null, wait, options);
    const batches = async (total: number, ms: number): Promise<number> => {
      const stream = calls.map(new Array<number>(total).fill(ms));
      await stream.toArray();
      return stream.stats.batches;
    };
    // The tasks of one call say nothing about those of the next.
    for (let i = 0; i < 2; i++) {
      expect(await batches(20_000, 0)).toBeLessThan(400);
      expect(await batches(12, 15)).toBeGreaterThanOrEqual(11);
    }
  });

  it('of one task come back in less than a millisecond', async () => {
    const took = await fastest(1, async () => {
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 50; i++) {
        const start = performance.now();
        await map([1], (x) => x, options);
        best = Math.min(best, performance.now() - start);
      }
      return best;
    });
    expect(took).toBeLessThanOrEqual(1);
  });
});
