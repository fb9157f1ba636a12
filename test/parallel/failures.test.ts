import {
  delayed,
  imap,
  invoker,
  map,
  mapChunks,
  Parallel,
  type ParallelOptions,
  shutdownWorkers,
  TaskError,
  TaskTimeoutError,
  task,
  WorkerCrashedError,
} from 'heddle';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
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

/** Each face, as a way to run a function over the numbers from 0 to 7. */
const faces = [
  ['map', (fn: (x: number) => unknown, options: ParallelOptions) => map(range(8), fn, options)],
  [
    'imap',
    async (fn: (x: number) => unknown, options: ParallelOptions) => {
      const results: unknown[] = [];
      for await (const result of imap(range(8), fn, options)) results.push(result);
      return results;
    },
  ],
  [
    'invoker',
    async (fn: (x: number) => unknown, options: ParallelOptions) => {
      await using calls = invoker(fn, (model, x: number) => model(x), options);
      return await calls.map(range(8)).toArray();
    },
  ],
  [
    'Parallel',
    (fn: (x: number) => unknown, options: ParallelOptions) =>
      new Parallel(options).run(range(8).map((x) => delayed(fn)(x))),
  ],
] as const;

class Odd extends RangeError {
  override name = 'Odd';
  readonly code = 'E_ODD';
}

describe.each(everyBackend)('errors: %s', (_, options) => {
  describe.each(faces)('%s', (_face, run) => {
    it('tells which task failed, and keeps the error whole', async () => {
      const failing = run((x) => {
        if (x !== 3) return x;
        const cause = new TypeError('why');
        throw Object.assign(new RangeError('three', { cause }), { code: 'E_THREE', extra: [1, 2] });
      }, options);
      const error = (await rejection(failing)) as TaskError;
      expect(error).toBeInstanceOf(TaskError);
      expect(error.index).toBe(3);
      expect(error.argument).toContain('3');
      const cause = error.cause as RangeError & { code: string; extra: number[] };
      expect(cause).toBeInstanceOf(RangeError);
      expect(cause.message).toBe('three');
      expect(cause.code).toBe('E_THREE');
      expect(cause.extra).toEqual([1, 2]);
      expect(cause.cause).toBeInstanceOf(TypeError);
      expect((cause.cause as Error).message).toBe('why');
      expect(error.stack).toContain('failures.test');
      expect(error.stack).not.toContain('runner.ts');
    });

    it('takes rejections like throws', async () => {
      const error = await rejection(run(async () => Promise.reject(new TypeError('no')), options));
      expect((error as TaskError).cause).toBeInstanceOf(TypeError);
    });

    it('works after an error', async () => {
      await rejection(
        run(() => {
          throw new Error('once');
        }, options),
      );
      expect(await run((x) => x, options)).toEqual(range(8));
    });
  });

  it('keeps the class of an error where it can be had', async () => {
    const error = await rejection(
      map(
        [1],
        () => {
          throw new Odd('odd');
        },
        options,
      ),
    );
    expect((error as TaskError).cause).toBeInstanceOf(Odd);
    expect((error as TaskError).cause).toBeInstanceOf(RangeError);
    expect((error as TaskError).cause).toMatchObject({ code: 'E_ODD', message: 'odd' });
  });

  it('passes on what is thrown and no error', async () => {
    const error = await rejection(
      map(
        [1],
        () => {
          throw 'text';
        },
        options,
      ),
    );
    expect((error as TaskError).cause).toBe('text');
  });

  it('settles with returnErrors', async () => {
    const results = await map(
      range(200),
      (x) => {
        if (x % 2) throw new Error(`bad ${x}`);
        return x;
      },
      { ...options, returnErrors: true },
    );
    expect(results.map((result) => result.status)).toEqual(
      range(200).map((x) => (x % 2 ? 'rejected' : 'fulfilled')),
    );
    expect((results[7] as PromiseRejectedResult).reason).toMatchObject({ index: 7 });
  });

  it('ends early when an early task fails', async () => {
    const started = performance.now();
    const error = await rejection(
      map(
        range(100),
        async (x) => {
          if (x === 1) throw new Error('early');
          await new Promise((resolve) => setTimeout(resolve, options.jobs === 1 ? 5 : 10_000));
        },
        options,
      ),
    );
    expect((error as TaskError).index).toBe(1);
    expect(performance.now() - started).toBeLessThan(8000);
    // The next call does not wait for what is still running.
    expect(await map([1, 2], (x) => x, options)).toEqual([1, 2]);
    expect(performance.now() - started).toBeLessThan(9000);
    shutdownWorkers({ kill: true });
  });

  it('does not start with a signal that is aborted, and stops with one that aborts', async () => {
    const reason = new Error('enough');
    const none = map([1], (x) => x, { ...options, signal: AbortSignal.abort(reason) });
    expect(await rejection(none)).toBe(reason);
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 30);
    const stopped = map(range(1000), (x) => new Promise((r) => setTimeout(r, 20, x)), {
      ...options,
      signal: controller.signal,
    });
    expect(await rejection(stopped)).toBe(reason);
    expect(await map([1], (x) => x, options)).toEqual([1]);
    const after = new AbortController();
    expect(await map([1], (x) => x, { ...options, signal: after.signal })).toEqual([1]);
    after.abort();
  });

  it('tells a task that its result is not wanted', async () => {
    const controller = new AbortController();
    const results = imap(
      [1],
      (_x, ctx) =>
        new Promise((resolve) => {
          ctx.signal.addEventListener('abort', () => resolve('stopped'));
        }),
      { ...options, signal: controller.signal },
    );
    setTimeout(() => controller.abort(), 100);
    expect(await rejection(results.next())).toMatchObject({ name: 'AbortError' });
    // Its worker ends the task by itself, and lives.
    expect(await map([1], (x) => x, options)).toEqual([1]);
  });
});

describe.each(workerBackends)('the first task of new workers: %s', (_, options) => {
  const kernels = new URL('../fixtures/kernels.mjs', import.meta.url);
  beforeEach(() => shutdownWorkers({ kill: true }));

  it('waits for its function and for what decodes its argument', async () => {
    const area = task<[object], number>(kernels, 'area');
    expect(await map([{ width: 2, height: 3 }], area, options)).toEqual([6]);
  });

  it('fails where its module does', async () => {
    const broken = task<[object], number>(new URL('./nothing.mjs', kernels), 'area');
    const error = await rejection(map([{ width: 2, height: 3 }], broken, options));
    expect(error).toMatchObject({ code: 'ERR_HEDDLE_WORKER_SETUP' });
    const settings = { ...options, returnErrors: true };
    expect(await rejection(map([1, 2, 3], broken as never, settings))).toMatchObject({
      code: 'ERR_HEDDLE_WORKER_SETUP',
    });
    // The same functions may be there at the next call.
    expect(await map([1, 2], (x) => x, options)).toEqual([1, 2]);
  });
});

describe.each(workerBackends)(
  'an error whose class has to be imported first: %s',
  (backend, options) => {
    const calls = { ...options, batchSize: 10 };

    it.each(['refuse', 'refuseAndDie'])(
      'comes before what its worker leaves out: %s',
      async (name) => {
        // A module of its own for each case: nobody here has imported it.
        const module = new URL(`../fixtures/slow-class.mjs?${backend}-${name}`, import.meta.url);
        const error = (await rejection(
          new Parallel(calls).run(
            range(10).map((x) => delayed(task<[number, number], number>(module, name))(x, 5)),
          ),
        )) as TaskError;
        expect(error).toMatchObject({ index: 5 });
        expect(error.cause).toMatchObject({ message: 'refused' });
        expect((error.cause as Error).constructor.name).toBe('Late');
        expect(await map([1, 2], (x) => x, options)).toEqual([1, 2]);
      },
    );
  },
);

describe.each(workerBackends)('what cannot be sent: %s', (_, options) => {
  it('names an argument', async () => {
    const error = await rejection(map([1, 2, { deep: new WeakMap() }], (x) => x, options));
    expect(error).toMatchObject({ index: 2 });
    expect((error as TaskError).cause).toMatchObject({ code: 'ERR_HEDDLE_CLONE' });
    expect((error as TaskError).message).toContain('tasks[2].deep');
  });

  it('names what was transferred elsewhere, and what is nested too deeply', async () => {
    const gone = new Float64Array(8);
    structuredClone(gone, { transfer: [gone.buffer] });
    let deep: unknown[] = [];
    for (let i = 0; i < 1900; i++) deep = [deep];
    const tasks = [1, { gone }, 2, deep, 3];
    const settled = await map(tasks, () => 1, { ...options, batchSize: 5, returnErrors: true });
    const messages = settled.map((one) => (one.status === 'fulfilled' ? '' : one.reason.message));
    expect([messages[0], messages[2], messages[4]]).toEqual(['', '', '']);
    expect(messages[1]).toContain("'tasks[1].gone' cannot be sent to a worker: it is detached");
    expect(messages[3]).toMatch(/'tasks\[3\](\[0\])+.{0,3}…' cannot be sent.*nested too deeply/);
    const back = (x: number) => {
      let deep: unknown[] = [];
      for (let i = 0; i < 1900 && x === 2; i++) deep = [deep];
      return deep;
    };
    const error = await rejection(map(range(5), back, { ...options, batchSize: 5 }));
    expect(error).toMatchObject({ index: 2, cause: { code: 'ERR_HEDDLE_CLONE' } });
  });

  it('names a result, and keeps the others', async () => {
    const make = (x: number) => (x === 5 ? { deep: new WeakMap() } : { x });
    const error = await rejection(map(range(10), make, options));
    expect((error as TaskError).index).toBe(5);
    expect((error as TaskError).message).toContain('result.deep');
    const settled = await map(range(10), make, { ...options, returnErrors: true });
    expect(settled.filter((result) => result.status === 'fulfilled')).toHaveLength(9);
  });

  it('sends what it can of an error', async () => {
    const failing = map(
      [1],
      () => {
        throw Object.assign(new TypeError('holds on'), { code: 'E_HELD', held: new WeakMap() });
      },
      options,
    );
    const { cause } = (await rejection(failing)) as TaskError;
    expect(cause).toMatchObject({ name: 'TypeError', message: 'holds on', code: 'E_HELD' });
  });

  it('refuses a function and a model at once', async () => {
    expect(
      await rejection(map([1], Number.isNaN.bind(null) as (x: number) => boolean, options)),
    ).toMatchObject({
      code: 'ERR_HEDDLE_CLONE',
    });
    expect(() => invoker({ map: new WeakMap() }, (_m, x: number) => x, options)).toThrow(
      /model\.map/,
    );
    expect(await map([1], (x) => x, options)).toEqual([1]);
  });
});

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
    for (const [, run] of faces) {
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
    for (const [, run] of faces) {
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
      const faces = [
        () => heddle.map([1, 2, 3, 4], task, options),
        () => heddle.imap([1, 2, 3, 4], task, options).toArray(),
        () => heddle.invoker(null, (_m, x) => task(x), options).map([1, 2, 3, 4]).toArray(),
        () => new heddle.Parallel(options).run([1, 2, 3, 4].map((x) => heddle.delayed(task)(x))),
      ];
      const seen = [];
      for (const face of faces) {
        const error = await face().then(() => null, (thrown) => thrown);
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

describe.each(everyBackend)('random failures: %s', (_, options) => {
  it('gives the same as the sequential backend over 10 000 tasks', async () => {
    const task = (x: number) => {
      // A hash of the task's number: the same failures wherever it runs.
      let h = Math.imul(x ^ 0x9e3779b9, 0x85ebca6b);
      h ^= h >>> 13;
      if ((h >>> 0) % 10 === 0) throw new RangeError(`failed ${x}`);
      return (h >>> 0) % 1000;
    };
    const settle = (result: PromiseSettledResult<number>) =>
      result.status === 'fulfilled' ? result.value : (result.reason as Error).message;
    const results = await map(range(10_000), task, { ...options, returnErrors: true });
    const expected = range(10_000).map((x) => {
      try {
        return task(x);
      } catch (error) {
        return `Task ${x} (${x}) failed: RangeError: ${(error as Error).message}`;
      }
    });
    expect(results.map(settle)).toEqual(expected);
  });
});

describe('sequential', () => {
  it('takes the shortest way for mapChunks too', async () => {
    const error = await rejection(
      mapChunks(
        150,
        (start) => {
          if (start > 0) throw new Error('second');
        },
        { jobs: 1 },
      ),
    );
    expect((error as TaskError).index).toBe(1);
  });
});
