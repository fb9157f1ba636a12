/**
 * The interface of backends, with a backend that has no shared memory.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { serialize } from '../../src/codec/index.ts';
import {
  type Backend,
  describeParallel,
  invoker,
  type LogMessage,
  map,
  registerBackend,
  setLogger,
  shutdownWorkers,
  TaskTimeoutError,
  VERSION,
  WorkerCrashedError,
} from '../../src/index.ts';
import type { FromWorker, RunBy } from '../../src/protocol/index.ts';
import { Job, resolveOptions } from '../../src/scheduler/index.ts';
import { loopback } from '../helpers/loopback.ts';
import { range, rejection, sleep, until } from '../parallel/support.ts';

afterEach(() => shutdownWorkers({ kill: true }));

const nap = (ms: number) => new Promise<number>((resolve) => setTimeout(() => resolve(ms), ms));

describe('the option backend', () => {
  it('takes a backend itself', async () => {
    const backend = loopback();
    expect(await map(range(50), (x) => x + 1, { backend, jobs: 2 })).toEqual(
      range(50).map((x) => x + 1),
    );
    expect(backend.started.length).toBeGreaterThan(0);
    expect(await map([1], (_x, ctx) => ctx.worker.backend, { backend, jobs: 2 })).toEqual([
      'loopback',
    ]);
  });

  it.each<[string, unknown]>([
    ['no object', 7],
    ['null', null],
    ['without start', { name: 'x', reach: 'thread', knob: null }],
    ['with another reach', { ...loopback(), reach: 'moon' }],
    ['with another knob', { ...loopback(), knob: 'cores' }],
    ['without a name', { ...loopback(), name: undefined }],
  ])('refuses %s', async (_what, backend) => {
    const error = await rejection(map([1], (x) => x, { backend: backend as Backend, jobs: 2 }));
    expect(error).toMatchObject({ code: 'ERR_HEDDLE_INVALID_ARGUMENT' });
  });
});

describe('flush', () => {
  it('is for the end of a job that holds memory: this thread may be busy for long', async () => {
    let flushed = 0;
    const inner = loopback();
    const backend: Backend = {
      ...inner,
      start: (spec, events) => ({ ...inner.start(spec, events), flush: () => void flushed++ }),
    };
    await map(range(4), (x) => x, { backend, jobs: 1 });
    await map(range(4), (x) => x, { backend, jobs: 2 });
    expect(flushed).toBe(0);
    const calls = invoker({ weights: [1, 2] }, (model, x: number) => model.weights[0]! * x, {
      backend,
      jobs: 2,
    });
    expect(await calls.map(range(4)).toArray()).toEqual(range(4));
    expect(flushed).toBe(0);
    await calls.shutdown();
    expect(flushed).toBeGreaterThan(0);
    flushed = 0;
    const large = new Float64Array(2 ** 18).fill(3);
    expect(await map(range(4), (x) => x * large[0]!, { backend, jobs: 2 })).toEqual([0, 3, 6, 9]);
    expect(flushed).toBeGreaterThan(0);
  });
});

describe('width', () => {
  it('is the number of workers, at any time', async () => {
    let width = 1;
    let changed = (): void => {};
    let subscribed = 0;
    const backend = loopback({
      knob: null,
      width: () => width,
      changed: (listener) => {
        subscribed++;
        changed = listener;
        return { [Symbol.dispose]: () => void subscribed-- };
      },
    });
    expect(describeParallel({ backend })).toMatchObject({ jobs: 1, backend: 'loopback' });
    const job = map(range(40), nap20, { backend, batchSize: 1 });
    await until(() => backend.started.length === 1, 'the first worker');
    width = 3;
    changed();
    await until(() => backend.started.length === 3, 'the others');
    await job;
    expect(describeParallel({ backend }).jobs).toBe(3);
    expect(describeParallel({ backend, jobs: -1 }).jobs).toBe(3);
    expect(describeParallel({ backend, jobs: -2 }).jobs).toBe(2);
    // More than this machine's cores is no reason for a warning, and its cores are not shared out.
    expect(describeParallel({ backend, jobs: 1000 })).toMatchObject({
      jobs: 1000,
      childThreads: -1,
    });
    expect(subscribed).toBe(1);
    shutdownWorkers();
    await until(() => subscribed === 0, 'the end of the subscription');
  });

  const nap20 = () => new Promise((resolve) => setTimeout(resolve, 20));
});

describe('pace', () => {
  it('of no prefetch gives a worker one batch at a time', async () => {
    const pace = { target: 30, least: 5, prefetch: 0, growth: 16 };
    const backend = loopback({ width: () => 1, pace });
    const options = { backend, batchSize: 3, preDispatch: 'all' } as const;
    const job = map(range(12), async () => 0, options);
    const ready = async () => {
      await job;
    };
    await ready();
    // Each batch was sent after the one before had ended.
    const { imap } = await import('../../src/index.ts');
    const stream = imap(range(12), nap1, options);
    await stream.toArray();
    const { tasks } = stream.stats;
    const batches = [0, 3, 6, 9].map((first) => tasks.slice(first, first + 3));
    for (let i = 1; i < batches.length; i++) {
      const before = Math.max(...batches[i - 1]!.map(({ completed }) => completed));
      expect(batches[i]![0]!.submitted).toBeGreaterThanOrEqual(before);
    }
  });

  const nap1 = () => new Promise((resolve) => setTimeout(resolve, 1));
});

describe('time-outs', () => {
  it('are kept by a backend that says so, and told with the job', async () => {
    const said: unknown[] = [];
    const inner = loopback();
    const backend: Backend = {
      ...inner,
      keepsTime: true,
      start: (spec, events) => {
        const port = inner.start(spec, events);
        return {
          ...port,
          send: (message) => {
            if (message.type === 'open') said.push(message.timeout);
            port.send(message);
          },
        };
      },
    };
    expect(await map([60, 1], nap, { backend, jobs: 2, timeout: 20, batchSize: 1 })).toEqual([
      60, 1,
    ]);
    expect(new Set(said)).toEqual(new Set([20]));
    const job = map([5000, 1], nap, { backend, jobs: 2, timeout: 20, batchSize: 2, retries: 0 });
    const before = inner.started.length - 2;
    await sleep(50);
    for (const { end } of inner.started.slice(before)) {
      end({
        reason: 'signal',
        signal: 'SIGKILL',
        expired: 0,
        reached: { claimed: 1, position: 0 },
      });
    }
    const error = (await rejection(job)) as TaskTimeoutError;
    expect(error).toBeInstanceOf(TaskTimeoutError);
    expect(error.index).toBe(0);
  });

  it('count for a task without claims from the end of the one before', async () => {
    // Eight tasks in one batch that together take longer than the time-out, none of them alone.
    const options = { backend: loopback({ width: () => 1 }), batchSize: 8, timeout: 1000 };
    expect(await map(range(8), nap200, options)).toHaveLength(8);
  });

  const nap200 = () => new Promise((resolve) => setTimeout(resolve, 200));
});

describe('the end of a worker', () => {
  it('that was lost is no fault of its tasks: they run again, without retries', async () => {
    const backend = loopback({ width: () => 1 });
    let lost = 0;
    const timer = setInterval(() => {
      const last = backend.started.at(-1);
      if (last && lost < 3) {
        lost++;
        last.end({ reason: 'lost', why: 'the cable was cut' });
      }
    }, 30);
    const results = await map([1, 2], nap150, { backend, batchSize: 2, retries: 0 });
    clearInterval(timer);
    expect(results).toEqual([1, 2]);
    expect(lost).toBe(3);
  });

  it('that is lost again and again fails in the end, and says why', async () => {
    const inner = loopback();
    const backend: Backend = {
      ...inner,
      start: (spec, events) => {
        const port = inner.start(spec, events);
        const worker = inner.started.at(-1)!;
        const send: typeof port.send = (message) => {
          port.send(message);
          if (message.type === 'batch') worker.end({ reason: 'lost', why: 'no route to it' });
        };
        return { ...port, send };
      },
    };
    const error = await rejection(map([1, 2], (x) => x, { backend, jobs: 2, batchSize: 1 }));
    expect(error).toBeInstanceOf(WorkerCrashedError);
    expect((error as Error).message).toContain('was lost: no route to it');
    expect((error as Error).message).toContain('on elsewhere');
    expect((error as WorkerCrashedError).host).toBe('elsewhere');
  });

  it('tells what it had reached where there are no claims', async () => {
    const backend = loopback({ width: () => 1 });
    const job = map(range(4), nap150, { backend, batchSize: 4, retries: 0, returnErrors: true });
    await until(() => backend.started.length === 1, 'the worker');
    await sleep(50);
    backend.started[0]!.end({
      reason: 'exit',
      code: 7,
      reached: { claimed: 1, position: 0 },
    });
    const results = await job;
    expect(results.map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
      'fulfilled',
      'fulfilled',
    ]);
    expect(results[0]).toMatchObject({ reason: { exitCode: 7, tasks: [{ index: 0 }] } });
  });

  const nap150 = (x: number) => new Promise<number>((resolve) => setTimeout(() => resolve(x), 150));
});

describe('by', () => {
  const by: RunBy = { engine: 12, node: 'node7', pid: 99 };
  const mark = (message: FromWorker): FromWorker =>
    message.type === 'result' || message.type === 'failure' || message.type === 'log'
      ? { ...message, by }
      : message;

  it('names who ran a task in statistics and events', async () => {
    const { imap } = await import('../../src/index.ts');
    const backend = loopback({ width: () => 1 }, mark);
    const stream = imap(range(3), (x) => x, { backend });
    await stream.toArray();
    expect(stream.stats.tasks.map((task) => task.by)).toEqual([by, by, by]);
  });

  it('names who wrote a log line', async () => {
    const backend = loopback({ width: () => 1 });
    const lines: unknown[] = [];
    const write = (fields: unknown, text: unknown) => lines.push([fields, text]);
    const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
    setLogger(Object.fromEntries(levels.map((level) => [level, write])) as never);
    await map([1], (x) => x, { backend });
    const message: LogMessage = { type: 'log', level: 'info', text: 'hello', time: 0, by };
    backend.started[0]!.events.message(message);
    setLogger(null);
    expect(lines).toEqual([[expect.objectContaining(by), 'hello']]);
  });
});

describe('ready', () => {
  it('of another version is refused', async () => {
    const backend = loopback({}, (message) =>
      message.type === 'ready' ? { ...message, version: '0.0.1' } : message,
    );
    const error = await rejection(map([1, 2], (x) => x, { backend, jobs: 2 }));
    expect(error).toMatchObject({ code: 'ERR_HEDDLE_WORKER_START' });
    expect((error as Error).message).toContain(`0.0.1 of heddle, and this program ${VERSION}`);
  });

  it("tells the package's version", () => {
    const manifest = new URL('../../package.json', import.meta.url);
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
    expect(VERSION).toBe(version);
  });
});

describe('what a worker of another machine is told with the job', () => {
  const fnOf = (factor: number) => (x: number) => x * factor;
  const job = (factor: number, limit: number) =>
    new Job(
      'task',
      fnOf(factor),
      resolveOptions({
        backend: loopback({ reach: 'machine' }),
        jobs: 2,
        timeout: 500,
        maxTasksPerWorker: limit,
        initializer: () => 1,
        seed: 3,
      }),
    );
  const content = ({ openMessage }: { openMessage: Job['openMessage'] }, of: Job) => {
    const { context: _, ...rest } = openMessage.call(of);
    return Buffer.from(serialize(rest)).toString('base64');
  };

  it('is time-out, initializer and limits', () => {
    expect(job(2, 9).openMessage()).toMatchObject({
      timeout: 500,
      initializer: { kind: 'payload' },
      limits: { maxTasksPerWorker: 9 },
    });
  });

  it('is the same bytes for the same job, and others for another', () => {
    const [one, same, other, third] = [job(2, 9), job(2, 9), job(3, 9), job(2, 8)];
    expect(one.id).not.toBe(same.id);
    expect(content(same, same)).toBe(content(one, one));
    expect(content(other, other)).not.toBe(content(one, one));
    expect(content(third, third)).not.toBe(content(one, one));
  });
});

describe('close', () => {
  it('comes after the last worker of all pools', async () => {
    const order: string[] = [];
    const inner = loopback();
    const backend: Backend = {
      ...inner,
      start: (spec, events) =>
        inner.start(spec, {
          message: events.message,
          exit: (exit) => {
            order.push('worker');
            events.exit(exit);
          },
        }),
      close: async () => void order.push('closed'),
    };
    const name = registerBackend('closing', () => backend);
    await map(range(4), (x) => x, { backend: 'closing', jobs: 2 });
    await map(range(4), (x) => x, { backend: 'closing', jobs: 2, childThreads: 1 });
    const workers = inner.started.length;
    shutdownWorkers();
    await until(() => order.includes('closed'), 'the close');
    expect(order).toEqual([...new Array<string>(workers).fill('worker'), 'closed']);
    name[Symbol.dispose]();
  });
});

it('a backend of this machine names it', async () => {
  const error = await rejection(
    map([1, 2], () => process.exit(3), { backend: 'processes', jobs: 2 }),
  );
  expect((error as WorkerCrashedError).host).toBe(hostname());
});
