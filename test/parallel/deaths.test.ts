/**
 * Workers that die, heaps that fill, and tasks that take too long.
 */
import {
  imap,
  map,
  shutdownWorkers,
  type TaskError,
  TaskTimeoutError,
  WorkerCrashedError,
} from 'heddle';
import { afterAll, describe, expect, it } from 'vitest';
import { calls } from './api.ts';
import {
  everyBackend,
  isAlive,
  range,
  rejection,
  runProgram,
  until,
  workerBackends,
} from './support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

/** How a task can end its worker. */
const deaths = [
  ['process.exit', 'both', () => process.exit(3)],
  [
    'an error outside of the task',
    'both',
    () => {
      setTimeout(() => {
        throw new RangeError('stray');
      }, 1);
      return new Promise(() => {});
    },
  ],
  ['SIGKILL', 'processes', () => process.kill(process.pid, 'SIGKILL') && new Promise(() => {})],
  ['a native abort', 'processes', () => process.abort()],
] as const;

describe.each(workerBackends)('death: %s', (backend, options) => {
  const here = deaths.filter(([, where]) => where === 'both' || where === backend);

  it.each(here)('%s', async (_name, _where, die) => {
    await map(range(4), (x) => x, options);
    for (const [, run] of calls) {
      const error = await rejection(run((x) => (x === 3 ? die() : x), options)).catch(String);
      // Functions travel one by one: `die` is a capture of the task.
      expect(error).toBeInstanceOf(WorkerCrashedError);
      const crash = error as WorkerCrashedError;
      expect(crash.tasks.map((task) => task.index)).toEqual([3]);
      if (_name === 'process.exit') expect(crash.exitCode).toBe(3);
      if (_name === 'SIGKILL') expect(crash.signal).toBe('SIGKILL');
      if (_name === 'a native abort') expect(crash.signal).toBe('SIGABRT');
      if (_where === 'both' && _name !== 'process.exit') expect(crash.message).toContain('stray');
      if (backend === 'processes') await until(() => !isAlive(crash.pid), 'the end of the worker');
      expect(await map(range(4), (x) => x, options)).toEqual(range(4));
    }
  });

  it('loses no other task with returnErrors', async () => {
    const results = await map(range(20), (x) => (x === 7 ? process.exit(1) : x), {
      ...options,
      returnErrors: true,
      batchSize: 1,
    });
    for (const [x, result] of results.entries()) {
      if (x === 7) expect(result).toMatchObject({ status: 'rejected' });
      else expect(result).toEqual({ status: 'fulfilled', value: x });
    }
  });

  it('retries what was lost, and names a task that kills twice', async () => {
    const counter = new SharedArrayBuffer(4);
    const settings = { ...options, retries: 3 };
    const error = (await rejection(
      map(range(30), (x) => (x === 11 ? process.exit(9) : x), settings),
    )) as WorkerCrashedError;
    expect(error).toBeInstanceOf(WorkerCrashedError);
    expect(error.tasks[0]!.index).toBe(11);
    expect(error.message).toContain('not tried again');
    void counter;
    // A task that crashes once, and then works: it leaves a note for its second try.
    const { mkdtempSync, rmSync } = await import('node:fs');
    const folder = mkdtempSync('/tmp/heddle-test-');
    const once = async ([x, note]: [number, string]) => {
      const fs = await import('node:fs');
      if (x === 5 && !fs.existsSync(note)) {
        fs.writeFileSync(note, '');
        process.exit(1);
      }
      return x;
    };
    const tasks = range(30).map((x): [number, string] => [x, `${folder}/note`]);
    expect(await map(tasks, once, { ...options, retries: 1 })).toEqual(range(30));
    rmSync(folder, { recursive: true });
  });

  it('fails with one worker, and with many tasks queued', async () => {
    const error = await rejection(
      map(range(5000), (x) => (x === 2500 ? process.exit(1) : x), options),
    );
    expect((error as WorkerCrashedError).tasks[0]!.index).toBe(2500);
  });
});

/** Fills the heap of whoever runs it. */
const FILL = '(kept = []) => { for (;;) kept.push(new Array(1000).fill(kept.length + 0.5)); }';

describe('a heap that is full', () => {
  it('ends a thread with its limit, and no other', { timeout: 120_000 }, async () => {
    const options = { ...everyBackend[1][1], resourceLimits: { maxOldGenerationSizeMb: 48 } };
    const fill = (x: number) => {
      const kept: number[][] = [];
      while (x === 3) kept.push(new Array(1000).fill(kept.length + 0.5));
      return x;
    };
    await map(range(4), (x) => x, options);
    for (const [, run] of calls) {
      const crash = (await rejection(run(fill as (x: number) => unknown, options))) as Error;
      expect(crash).toBeInstanceOf(WorkerCrashedError);
      expect((crash as WorkerCrashedError).tasks.map((task) => task.index)).toEqual([3]);
      expect(crash.cause).toMatchObject({ code: 'ERR_WORKER_OUT_OF_MEMORY' });
      expect(crash.message).toContain('maxOldGenerationSizeMb');
      expect(await map(range(4), (x) => x, options)).toEqual(range(4));
    }
    const retried = await rejection(map(range(8), fill, { ...options, retries: 3 }));
    expect((retried as Error).message).toContain('not tried again');
  });

  it('ends a process with an abort, and no other', { timeout: 120_000 }, () => {
    const code = `
      const options = { jobs: 2, backend: 'processes' };
      const fill = ${FILL};
      const task = (x) => x === 3 ? fill() : x;
      const calls = [
        () => heddle.map([1, 2, 3, 4], task, options),
        () => heddle.imap([1, 2, 3, 4], task, options).toArray(),
        () => heddle.invoker(null, (_m, x) => task(x), options).map([1, 2, 3, 4]).toArray(),
        () => new heddle.Parallel(options).run([1, 2, 3, 4].map((x) => heddle.delayed(task)(x))),
      ];
      const seen = [];
      for (const call of calls) {
        const error = await call().then(() => null, (thrown) => thrown);
        const { name, signal, message, tasks } = error;
        seen.push({ name, signal, message, tasks });
        seen.push(await heddle.map([1, 2, 3, 4], (x) => x, options));
      }
      console.log(JSON.stringify(seen));
    `;
    const { stdout, stderr } = runProgram(code, ['--max-old-space-size=128']);
    const seen = JSON.parse(stdout) as Record<string, unknown>[];
    expect(seen).toHaveLength(8);
    for (const [i, one] of seen.entries()) {
      if (i % 2 === 1) expect(one).toEqual([1, 2, 3, 4]);
      else {
        expect(one).toMatchObject({ name: 'WorkerCrashedError', signal: 'SIGABRT' });
        expect(one.tasks).toEqual([{ index: 2, argument: i < 6 ? '3' : '[ 3 ]' }]);
        expect(one.message).toContain('--max-old-space-size');
      }
    }
    expect(stderr).toContain('heap out of memory');
  });
});

describe.each(workerBackends)('time-outs and loops: %s', (backend, options) => {
  const loop = (x: number) => {
    if (x === 1) for (;;);
    return x;
  };

  it('ends a task that runs too long, and no other', async () => {
    await map(range(4), (x) => x, options);
    const error = (await rejection(
      map(range(4), loop, { ...options, timeout: 200 }),
    )) as TaskTimeoutError;
    expect(error).toBeInstanceOf(TaskTimeoutError);
    expect(error.index).toBe(1);
    const settled = await map(range(4), loop, { ...options, timeout: 200, returnErrors: true });
    expect(settled.map((result) => result.status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    const streamed = imap(range(4), loop, { ...options, timeout: 200 });
    expect(await rejection(streamed.toArray())).toBeInstanceOf(TaskTimeoutError);
  });

  it('counts from the start of the task, not of the worker or the job', async () => {
    shutdownWorkers({ kill: true });
    const settings = { ...options, timeout: 400 };
    const nap = (x: number) => new Promise((resolve) => setTimeout(resolve, 60, x));
    expect(await map(range(16), nap, settings)).toEqual(range(16));
    expect(await imap(range(4), nap, settings).toArray()).toEqual(range(4));
  });

  it('counts the task, not what a new worker loads to send its result', async () => {
    const settings = { ...options, timeout: 20, batchSize: 1 };
    let late = 0;
    // Twenty milliseconds may pass without anybody's fault; not each time.
    for (let attempt = 1; attempt <= 5 && late === attempt - 1; attempt++) {
      shutdownWorkers({ kill: true });
      await map([1, 2], (x) => ({ x }), settings).catch(() => late++);
    }
    expect(late).toBeLessThan(5);
  });

  it('stops a loop when the signal aborts, and when the consumer breaks', async () => {
    await map(range(4), (x) => x, options);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const started = performance.now();
    const error = await rejection(map(range(4), loop, { ...options, signal: controller.signal }));
    expect(error).toMatchObject({ name: 'AbortError' });
    expect(performance.now() - started).toBeLessThan(3000);
    let pid = 0;
    const seen: number[] = [];
    const stream = imap(
      range(4),
      (x) => {
        if (x === 1) for (;;);
        return process.pid;
      },
      options,
    );
    for await (const value of stream) {
      pid = value;
      seen.push(value);
      break;
    }
    expect(seen).toHaveLength(1);
    expect(await map(range(4), (x) => x, options)).toEqual(range(4));
    if (backend === 'processes') expect(pid).toBeGreaterThan(0);
  });

  it('ends the workers of other tasks with onError: kill', async () => {
    const settings = { ...options, onError: 'kill' as const };
    const error = await rejection(
      map(
        range(4),
        (x) => {
          if (x === 0) for (;;);
          throw new Error('kill the other');
        },
        settings,
      ),
    );
    expect((error as TaskError).message).toContain('kill the other');
    expect(await map(range(4), (x) => x, options)).toEqual(range(4));
  });
});
