/**
 * Engines as a backend give what processes give, and what they are told with a job they do.
 */
import {
  delayed,
  executor,
  imap,
  invoker,
  map,
  mapChunks,
  Parallel,
  setLogger,
  share,
  type TaskContext,
} from 'heddle';
import type { Client } from 'heddle/cluster';
import { matmulSync } from 'heddle/linalg';
import { describe, expect, it, vi } from 'vitest';
import { range } from '../parallel/support.ts';
import { failure, transports, withEngines } from './support.ts';

type Backend = NonNullable<NonNullable<Parameters<typeof map>[2]>['backend']>;

class Point {
  readonly x: number;
  readonly y: number;
  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
  get norm(): number {
    return Math.hypot(this.x, this.y);
  }
}

const scale = 3;
const table = share(Float64Array.from(range(300_000)));
const model = { weights: Float64Array.from(range(1000)), bias: 1 };

/** What is run with each backend; results have to be the same. */
const cases: readonly (readonly [string, (backend: Backend) => Promise<unknown>])[] = [
  ['closures', (backend) => map(range(50), (x) => x * scale, { backend })],
  ['many small tasks', (backend) => map(range(20_000), (x) => x + 1, { backend })],
  ['shared captures', (backend) => map([1, 299_999], (i) => table[i], { backend })],
  [
    'typed arrays both ways',
    (backend) => map([Float64Array.of(1, 2)], (x) => x.map((y) => y * 2), { backend }),
  ],
  [
    'instances both ways',
    (backend) => map([new Point(3, 4)], (p) => new Point(p.norm, p.y), { backend }),
  ],
  ['async tasks', (backend) => map(range(10), async (x) => x ** 2, { backend })],
  ['seeds', (backend) => map(range(20), (_x, { rng }) => rng.random(), { backend, seed: 42 })],
  ['batches', (backend) => map(range(50), (x) => x, { backend, batchSize: 7 })],
  [
    'unordered',
    async (backend) => {
      const stream = imap(range(50), (x) => x, { backend, ordered: false });
      return (await stream.toArray()).sort((a, b) => a - b);
    },
  ],
  [
    'an endless input that is left',
    async (backend) => {
      const seen: number[] = [];
      function* endless() {
        for (let i = 0; ; i++) yield i;
      }
      for await (const x of imap(endless(), (x) => x * 2, { backend })) {
        if (seen.push(x) === 20) break;
      }
      return seen;
    },
  ],
  [
    'models',
    async (backend) => {
      const run = invoker(model, ({ weights, bias }, i: number) => weights[i]! + bias, { backend });
      const results = await run.map(range(10)).toArray();
      await run.shutdown();
      return results;
    },
  ],
  [
    'mixed calls',
    (backend) =>
      new Parallel({ backend }).run([
        delayed((x: number) => x + 1)(1),
        delayed((x: string) => x.length)('four'),
      ]),
  ],
  ['chunks', (backend) => mapChunks(100, (start, end) => end - start, { backend, jobs: 2 })],
  [
    'futures',
    async (backend) => {
      await using pool = executor({ backend });
      const fns = [(x: number) => x + 1, (x: number) => x * 2, (x: number) => -x];
      return await Promise.all(range(30).map((i) => pool.submit(fns[i % 3]!, i)));
    },
  ],
  [
    'errors',
    async (backend) => {
      const error = (await failure(
        map(
          [1, 2],
          (x) => {
            if (x === 2) throw Object.assign(new RangeError('two'), { code: 'E_TWO' });
            return x;
          },
          { backend },
        ),
      )) as unknown as Error & { index: number };
      const cause = error.cause as Error & { code: string };
      return [error.name, error.index, cause instanceof RangeError, cause.code, cause.message];
    },
  ],
  [
    'errors as results',
    async (backend) => {
      const results = await map(
        range(4),
        (x) => {
          if (x === 2) throw new Error('two');
          return x;
        },
        { backend, returnErrors: true },
      );
      return results.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.message));
    },
  ],
  [
    'retries of errors',
    async (backend) => {
      const error = await failure(
        map([1], () => Promise.reject(new Error('again')), { backend, retryErrors: 2 }),
      );
      return error.message;
    },
  ],
  [
    'what can not be sent',
    async (backend) => {
      const error = await failure(map([1], () => new WeakMap(), { backend, jobs: 2 }));
      return [error.name, (error.cause as Error).name];
    },
  ],
  [
    'functions that can not be made',
    async (backend) => {
      const { task } = await import('heddle');
      const missing = task(new URL('./not-there.mjs', import.meta.url), 'f');
      return (await failure(map([1], missing as never, { backend, jobs: 2 }))).name;
    },
  ],
  [
    'time-outs',
    async (backend) => {
      const endless = (x: number) => (x === 1 ? new Promise(() => {}) : x);
      const results = await map(range(3), endless, {
        backend,
        jobs: 2,
        timeout: 300,
        returnErrors: true,
      });
      return results.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.name));
    },
  ],
  [
    'abort',
    async (backend) => {
      const signal = AbortSignal.timeout(100);
      const error = await failure(
        map([1, 2], () => new Promise(() => {}), { backend, jobs: 2, signal }),
      );
      return error.name;
    },
  ],
  [
    'linear algebra inside',
    (backend) =>
      map(
        [4, 8],
        (n) =>
          matmulSync(
            { data: new Float64Array(n * n).fill(1), shape: [n, n] },
            { data: new Float64Array(n * n).fill(2), shape: [n, n] },
          ).data[0],
        { backend },
      ),
  ],
  [
    'initializers',
    (backend) =>
      map(range(4), () => (globalThis as { ready?: string }).ready, {
        backend,
        jobs: 2,
        initializer: () => {
          (globalThis as { ready?: string }).ready = 'yes';
        },
      }),
  ],
  [
    'initializers that fail',
    async (backend) => {
      const initializer = () => {
        throw new RangeError('not today');
      };
      const error = await failure(map(range(4), (x) => x, { backend, jobs: 2, initializer }));
      return [error.name, (error.cause as Error).message];
    },
  ],
];

describe.each(transports)('engines as a backend, %s', (_name, start) => {
  let client: Client;

  withEngines(start, 2, (started) => {
    ({ client } = started);
  });

  it.each(cases)('give what processes give: %s', async (_case, run) => {
    const expected = await run('processes');
    await client.waitForEngines(2);
    expect(await run(client.backend)).toEqual(expected);
  });

  it('count the cores once: engines by their threads are the budget', async () => {
    const { coreBudget } = await import('heddle');
    const whole = await start({});
    try {
      const { engines } = whole;
      const used = engines.reduce((sum, { threads }) => sum + threads, 0);
      expect(used).toBeLessThanOrEqual(coreBudget());
      const inside = await (await whole.client()).directView().apply(() => ({
        omp: process.env.OMP_NUM_THREADS,
        budget: process.env.HEDDLE_CORE_BUDGET,
      }));
      for (const [i, { omp, budget }] of inside.entries()) {
        expect(Number(omp)).toBe(engines[i]!.threads);
        expect(Number(budget)).toBe(engines[i]!.threads);
      }
    } finally {
      await whole.stop();
    }
  });

  it('run an initializer once on each engine for each job', async () => {
    await client.restart();
    const counted = () => {
      const state = globalThis as { starts?: number };
      state.starts = (state.starts ?? 0) + 1;
    };
    const read = () => (globalThis as { starts?: number }).starts;
    const seen = await client.map(range(12), read, { initializer: counted, batchSize: 1 });
    expect(new Set(seen)).toEqual(new Set([1]));
    const again = await client.map(range(12), read, { initializer: counted, batchSize: 1 });
    expect(Math.max(...(again as number[]))).toBe(2);
  });

  it('have names for who ran a task', async () => {
    const stream = imap(range(10), (x) => x, { backend: client.backend });
    await stream.toArray();
    const pids = new Map(client.engines.map(({ id, pid }) => [id, pid]));
    for (const { by } of stream.stats.tasks) expect(by!.pid).toBe(pids.get(by!.engine));
    expect(await client.directView().map([0, 1], (_x, { worker }) => worker)).toMatchObject([
      { id: 0, backend: 'cluster', pid: pids.get(0) },
      { id: 1, backend: 'cluster', pid: pids.get(1) },
    ]);
  });

  it('advance progress bars of the program', async () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const advance = (_x: number, { progress }: TaskContext) => progress.advance(2);
    await client.map(range(5), advance, { progress: { total: 10, label: 'twice' } });
    const shown = write.mock.calls.map(([text]) => String(text)).join('');
    write.mockRestore();
    expect(shown).toMatch(/twice.*10\/10/);
  });

  it('write to the log of the program', async () => {
    const lines: unknown[] = [];
    const write = (fields: unknown, text: unknown) => void lines.push([fields, text]);
    const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
    setLogger(Object.fromEntries(levels.map((level) => [level, write])) as never);
    try {
      await client.directView(1).apply(() => console.log('from an engine'));
      await client.map([1], () => console.log('from a task'));
    } finally {
      setLogger(null);
    }
    const [direct, balanced] = lines as [[{ engine: number }, string], [object, string]];
    expect(direct).toMatchObject([{ engine: 1 }, 'from an engine']);
    expect(balanced[1]).toBe('from a task');
  });

  it.each([
    ['teardown', { teardown: () => {} }],
    ['concurrency', { concurrency: 2 }],
    ['env', { env: { A: '1' } }],
  ])('refuse what they can not give: %s', async (option, options) => {
    const error = await failure(client.map([1, 2], (x) => x, options));
    expect(error.message).toContain(option);
  });
});
