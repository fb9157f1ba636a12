/** Tasks that throw and are run again, calls to every worker, and progress in lines. */
import {
  broadcast,
  executor,
  imap,
  map,
  poolStats,
  shutdownWorkers,
  TaskError,
  withConfig,
} from 'heddle';
import { afterAll, describe, expect, it } from 'vitest';
import { everyBackend, range, rejection, runProgram, workerBackends } from './support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

describe.each(everyBackend)('tasks that throw: %s', (name, options) => {
  /** Throws as often as it is told in its worker; workers count for themselves. */
  const failing = async ([x, times, kind]: readonly [number, number, string]) => {
    const here = globalThis as { tries?: Map<string, number> };
    here.tries ??= new Map();
    const key = `${kind} ${x}`;
    const tries = (here.tries.get(key) ?? 0) + 1;
    here.tries.set(key, tries);
    await null;
    if (tries > times) return x;
    if (kind.startsWith('abort')) throw new DOMException(`no ${tries}`, 'AbortError');
    throw new RangeError(`no ${tries}`);
  };
  // Each worker counts for itself: one knows of all tries.
  const one = { ...options, jobs: name === 'sequential' ? 1 : 2 } as const;

  it('are run again as often as the option says, and no more', async () => {
    const pool = `retries ${name}`;
    const tasks = range(30).map((x) => [x, x % 3 === 1 ? 1 : 0, 'passing'] as const);
    const settings = { ...one, pool, batchSize: 4 } as const;
    expect(await map(tasks, failing, { ...settings, retryErrors: 2 })).toEqual(range(30));
    const { retried, failed, finished } = poolStats().find((stats) => stats.name === pool)!.tasks;
    expect([failed, finished]).toEqual([0, 30]);
    expect(retried).toBeGreaterThanOrEqual(10);
    const stream = imap(
      range(12).map((x) => [x, x === 7 ? 99 : 0, 'lasting'] as const),
      failing,
      { ...settings, retryErrors: 3 },
    );
    const results: unknown[] = [];
    const error = await rejection(
      (async () => {
        for await (const result of stream) results.push(result);
      })(),
    );
    expect(error).toBeInstanceOf(TaskError);
    expect(error).toMatchObject({ index: 7, cause: expect.any(RangeError) });
    expect(results).toEqual(range(7));
  });

  it('are run again one by one where errors are results, and for futures', async () => {
    const settled = await withConfig({ retryErrors: 1 }, () =>
      map(
        range(20).map((x) => [x, x % 4 === 0 ? 99 : 0, 'settled'] as const),
        failing,
        { ...one, returnErrors: true, concurrency: 3 },
      ),
    );
    expect(settled.map(({ status }) => status === 'fulfilled')).toEqual(
      range(20).map((x) => x % 4 !== 0),
    );
    await using pool = executor({ ...one, retryErrors: 2 });
    const futures = range(6).map((x) => pool.submit(failing, [x, 1, 'futures'] as const));
    expect(await Promise.all(futures)).toEqual(range(6));
  });

  it('are not run again after an AbortError', async () => {
    const task = [[0, 1, 'abort']] as const;
    const error = await rejection(map(task, failing, { ...one, retryErrors: 5 }));
    expect((error as TaskError).cause).toMatchObject({ name: 'AbortError', message: 'no 1' });
  });
});

describe.each(everyBackend)('a broadcast: %s', (name, options) => {
  const pool = `broadcast ${name}`;
  const own = { ...options, pool };

  it('runs once in every worker', async () => {
    const mark = (ctx: { worker: { id: number } }) => {
      const here = globalThis as { marks?: number };
      here.marks = (here.marks ?? 0) + 1;
      return [ctx.worker.id, here.marks];
    };
    const first = await broadcast(mark, own);
    expect(first.size).toBe(options.jobs);
    for (const [worker, [id, marks]] of first) expect([id, marks]).toEqual([worker, 1]);
    const second = await broadcast(mark, own);
    if (options.jobs > 1) expect([...second.keys()]).toEqual([...first.keys()]);
    for (const [, [, marks]] of second) expect(marks).toBe(2);
    delete (globalThis as { marks?: number }).marks;
  });

  it('reaches workers that are busy, with jobs of every priority', async () => {
    const wait = (x: number) => new Promise((resolve) => setTimeout(resolve, 5, x));
    const busy = [0, 2].map((priority) => map(range(20), wait, { ...own, priority, batchSize: 2 }));
    const answers = await broadcast(() => 1, own);
    expect(answers.size).toBe(options.jobs);
    for (const results of await Promise.all(busy)) expect(results).toEqual(range(20));
  });

  it('fails with what one of them throws, and says what may be set', async () => {
    const error = await rejection(broadcast(() => Promise.reject(new RangeError('no')), own));
    expect(error).toMatchObject({ code: 'ERR_HEDDLE_TASK', cause: expect.any(RangeError) });
    expect(await rejection(broadcast(() => 1, { batchSize: 3 } as never))).toBeInstanceOf(
      TypeError,
    );
    expect(await rejection(broadcast(3 as never))).toBeInstanceOf(TypeError);
  });
});

describe.each(workerBackends)('a broadcast while workers end: %s', (_name, options) => {
  it('is answered by as many workers as there are to be', async () => {
    for (let i = 0; i < 8; i++) {
      const die = (x: number) => {
        if (x % 5 === 4) process.exit(1);
        return x;
      };
      const dying = map(range(20), die, { ...options, batchSize: 1, returnErrors: true });
      const answers = await broadcast(
        async (ctx) => {
          await new Promise((resolve) => setTimeout(resolve, 3));
          return ctx.worker.id;
        },
        { ...options, retries: 100 },
      ).catch((error: { code: string }) => error.code);
      if (typeof answers === 'string') expect(answers).toBe('ERR_HEDDLE_WORKER_CRASHED');
      else for (const [worker, id] of answers) expect(id).toBe(worker);
      await dying;
    }
  });
});

describe('verbose', () => {
  it('writes lines as joblib does, and no bar beside them', () => {
    const { stderr, code } = runProgram(`
      const { map, setConfig, shutdownWorkers } = heddle;
      await map(Array(40).keys(), (x) => x, { backend: 'threads', jobs: 2, batchSize: 1, verbose: 10 });
      setConfig({ progress: true });
      await map([1, 2, 3], (x) => x, { backend: 'threads', jobs: 2, verbose: 60, batchSize: 1 });
    `);
    expect(code).toBe(0);
    const lines = stderr
      .trim()
      .split('\n')
      .filter((line) => !line.includes('Warning'));
    for (const line of lines) expect(line).toMatch(/^\[Parallel\(jobs=2\)\]: (Using|Done) /);
    expect(lines[0]).toBe('[Parallel(jobs=2)]: Using backend threads with 2 worker(s).');
    expect(stderr).toMatch(/: Done {2}40 out of {2}40 \| elapsed: {4}[0-9.]+s finished\n/);
    expect(stderr).toMatch(/: Done {3}3 out of {3}3 \| elapsed: {4}[0-9.]+s finished\n/);
  });

  it('is not for a call that has a bar', async () => {
    const both = map([1], (x) => x, { verbose: 1, progress: true });
    expect(await rejection(both)).toMatchObject({ message: expect.stringContaining('progress') });
    expect(await rejection(map([1], (x) => x, { verbose: -1 }))).toBeInstanceOf(RangeError);
  });
});
