/**
 * Results that wait for a module before they can be decoded, and the memory that they lie in; and
 * how a stream ends with an error.
 */

import { imap, map, shutdownWorkers, TaskError, WorkerCrashedError } from 'heddle';
import { afterEach, describe, expect, it } from 'vitest';
import { isAlive, range, rejection, runProgram, sleep, until, workerBackends } from './support.ts';

const LENGTH = 200_000;

interface Held {
  readonly id: number;
  readonly data: Float64Array;
}

const holder = globalThis as { heldImports?: (() => void)[] | undefined };
let round = 0;

/** A module that no test before has imported, held back here until `release()`. */
function heldModule(): { url: string; waiting: () => boolean; release: () => void } {
  const holds: (() => void)[] = [];
  holder.heldImports = holds;
  const url = new URL(`../fixtures/held-class.mjs?${++round}`, import.meta.url).href;
  const release = (): void => {
    holder.heldImports = undefined;
    for (const go of holds) go();
  };
  return { url, waiting: () => holds.length > 0, release };
}

afterEach(() => {
  holder.heldImports = undefined;
  shutdownWorkers({ kill: true });
});

const make = async ({ url, id }: { url: string; id: number }): Promise<Held> => {
  const { Held } = (await import(url)) as { Held: new (id: number, length: number) => Held };
  return new Held(id, 200_000);
};

describe.each(workerBackends)('a result whose module is still being imported: %s', (_, options) => {
  it.each([
    ['idleTimeout', { idleTimeout: 1, retries: 0 }],
    ['idleTimeout with retries', { idleTimeout: 1, retries: 1 }],
    ['maxTasksPerWorker', { maxTasksPerWorker: 1, retries: 0 }],
    ['maxWorkerMemory', { maxWorkerMemory: 1, retries: 1 }],
  ])('is there whatever ends its worker: %s', async (_what, settings) => {
    const { url, waiting, release } = heldModule();
    const tasks = range(4).map((id) => ({ url, id }));
    const job = map(tasks, make, { ...options, ...settings, batchSize: 1 });
    await until(waiting, 'the import');
    await sleep(300); // the worker had this long to end
    release();
    const results = await job;
    expect(results.map(({ id, data }) => [id, data.length, data[LENGTH - 1]])).toEqual(
      range(4).map((id) => [id, LENGTH, id]),
    );
  });
});

describe('the worker of a result whose module is still being imported', () => {
  const options = { backend: 'processes', jobs: 2, batchSize: 1 } as const;

  const makeWithPid = async (task: { url: string; id: number }) => {
    const { Held } = (await import(task.url)) as { Held: new (id: number, n: number) => Held };
    return Object.assign(new Held(task.id, 200_000), { pid: process.pid });
  };

  it.each([0, 1])('is killed from outside: retries %d', async (retries) => {
    const { url, waiting, release } = heldModule();
    const pids = new Set(await map(range(20), () => sleepThere(), { ...options, retries }));
    const job = map(
      [
        { url, id: 7 },
        { url, id: 8 },
      ],
      makeWithPid,
      { ...options, retries },
    );
    await until(waiting, 'the import');
    await sleep(100);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await until(() => [...pids].every((pid) => !isAlive(pid)), 'their end');
    release();
    if (retries > 0) expect((await job).map(({ id }) => id)).toEqual([7, 8]);
    else {
      const error = (await rejection(job)) as WorkerCrashedError;
      expect(error).toBeInstanceOf(WorkerCrashedError);
      expect(error.signal).toBe('SIGKILL');
    }
  });
});

function sleepThere(): Promise<number> {
  return new Promise((resolve) => setTimeout(() => resolve(process.pid), 5));
}

it('gets a result that finds no descriptor here as bytes, and runs its task once', () => {
  const { stdout, stderr } = runProgram(`
    import fs from 'node:fs';
    const count = heddle.shared.zeros('int32', 1);
    const options = { backend: 'processes', jobs: 2, retries: 5, batchSize: 1 };
    const task = async (x) => {
      if (x !== 1) return x;
      count[0]++;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return new Float64Array(500000);
    };
    await heddle.map([2, 3, 4], task, options);
    const open = [];
    const job = heddle.map([1, 2], task, options);
    const fill = () => { try { for (;;) open.push(fs.openSync('/dev/null')); } catch {} };
    setTimeout(fill, 50);
    const results = await job;
    console.log(results[0].length, results[1], count[0]);
    process.exit(0);
  `);
  expect(stderr).toBe('');
  expect(stdout).toBe('500000 2 1\n');
});

describe.each(workerBackends)('an ordered stream with an error: %s', (_, options) => {
  const task = async (ms: number): Promise<number> => {
    if (ms < 0) throw new RangeError('no');
    await new Promise((resolve) => setTimeout(resolve, ms));
    return ms;
  };

  async function outcome(stream: AsyncIterable<number>): Promise<unknown[]> {
    const seen: unknown[] = [];
    try {
      for await (const value of stream) seen.push(value);
    } catch (error) {
      seen.push(error);
    }
    return seen;
  }

  it('gives the results of the tasks before it first', async () => {
    const tasks = [0, 400, -1, 0, 0];
    const seen = await outcome(imap(tasks, task, { ...options, batchSize: 1 }));
    expect(seen).toEqual([0, 400, expect.any(TaskError)]);
    expect((seen[2] as TaskError).index).toBe(2);
  });

  it('fails with the first of its errors in order', async () => {
    const late = async (x: number) => {
      if (x > 0) await new Promise((resolve) => setTimeout(resolve, x));
      if (x === 300 || x < 0) throw new RangeError(String(x));
      return x;
    };
    const seen = await outcome(imap([0, 300, -1, 5], late, { ...options, batchSize: 1 }));
    expect(seen.map((one) => (one as { index?: number }).index ?? one)).toEqual([0, 1]);
  });

  it('gives what was read before reading fails', async () => {
    function* tasks() {
      yield 300;
      yield 0;
      throw new TypeError('the end');
    }
    const seen = await outcome(imap(tasks(), task, { ...options, preDispatch: 'all' }));
    expect(seen).toEqual([300, 0, expect.any(TypeError)]);
  });

  it('fails at once where results come as they are there', async () => {
    const stream = imap([20_000, -1], task, { ...options, batchSize: 1, ordered: false });
    expect(await outcome(stream)).toEqual([expect.any(TaskError)]);
  });
});
