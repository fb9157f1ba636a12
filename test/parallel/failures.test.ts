import {
  delayed,
  imap,
  invoker,
  map,
  mapChunks,
  Parallel,
  shutdownWorkers,
  TaskError,
  task,
} from 'heddle';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { calls } from './api.ts';
import { everyBackend, range, rejection, workerBackends } from './support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

class Odd extends RangeError {
  override name = 'Odd';
  readonly code = 'E_ODD';
}

describe.each(everyBackend)('errors: %s', (_, options) => {
  describe.each(calls)('%s', (_call, run) => {
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
