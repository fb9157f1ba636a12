/**
 * Errors and deaths at every stage of a task's way: while its argument or its result is written or
 * read, while a worker begins, and at any moment from outside.
 */
import { spawnSync } from 'node:child_process';
import {
  heddle,
  imap,
  invoker,
  map,
  shared,
  shutdownWorkers,
  TaskError,
  WorkerCrashedError,
} from 'heddle';
import { afterAll, describe, expect, it } from 'vitest';
import { builtUrl } from '../helpers/built.ts';
import {
  everyBackend,
  programArguments,
  range,
  rejection,
  runProgram,
  workerBackends,
} from './support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

type How = 'throw' | 'exit' | 'segfault';

/** Known in this process alone, not in workers. */
(globalThis as { heddleTestHome?: boolean }).heddleTestHome = true;

function blow(how: How): never {
  if (how === 'throw') throw Object.assign(new RangeError('boom'), { code: 'E_BOOM' });
  if (how === 'exit') process.exit(7);
  process.kill(process.pid, 'SIGSEGV');
  for (;;);
}

type Place = 'written here' | 'read there' | 'written there' | 'read here';

/** Goes wrong while it is sent or received, here or in a worker. */
class Bomb {
  readonly place: Place;
  readonly how: How;
  constructor(place: Place, how: How) {
    this.place = place;
    this.how = how;
  }
  [heddle.state]() {
    const where = 'heddleTestHome' in globalThis ? 'written here' : 'written there';
    if (this.place === where) blow(this.how);
    return [this.place, this.how];
  }
  static [heddle.restore]([place, how]: [Place, How]) {
    const where = 'heddleTestHome' in globalThis ? 'read here' : 'read there';
    if (place === where) blow(how);
    return new Bomb(place, how);
  }
}

const stages: readonly (readonly [Place, How])[] = [
  ['written here', 'throw'],
  ['read there', 'throw'],
  ['written there', 'throw'],
  ['read here', 'throw'],
  ['read there', 'exit'],
  ['written there', 'exit'],
  ['read there', 'segfault'],
];

describe.each(workerBackends)('on the way of a value: %s', (backend, options) => {
  // A segmentation fault in a thread is the end of the program.
  const here = stages.filter(([, how]) => backend === 'processes' || how !== 'segfault');

  function check(error: unknown, how: How): void {
    if (how === 'throw') {
      expect(error).toBeInstanceOf(TaskError);
      expect((error as TaskError).cause).toBeInstanceOf(RangeError);
      expect((error as TaskError).cause).toMatchObject({ message: 'boom', code: 'E_BOOM' });
    } else {
      expect(error).toBeInstanceOf(WorkerCrashedError);
      const shape = how === 'exit' ? { exitCode: 7 } : { signal: 'SIGSEGV' };
      expect(error).toMatchObject(shape);
      if (how === 'segfault') expect((error as Error).message).toContain('SIGSEGV');
    }
  }

  it.each(here)('%s: %s', async (place, how) => {
    const asArgument = place === 'written here' || place === 'read there';
    const tasks = range(9).map((x) => (x === 4 && asArgument ? new Bomb(place, how) : x));
    const fn: (task: Bomb | number) => unknown = asArgument
      ? (task: Bomb | number) => (typeof task === 'number' ? task : 'never')
      : (task: Bomb | number) => (task === 4 ? new Bomb(place, how) : task);
    await using calls = invoker(fn, (call, task: Bomb | number) => call(task), options);
    const error = await rejection(calls.map(tasks).toArray());
    check(error, how);
    // The first batches have one task each.
    expect((error as TaskError).index ?? (error as WorkerCrashedError).tasks[0]!.index).toBe(4);
    // The pool is as good as before, and the workers still have the invoker's model.
    expect(await calls.map(range(4)).toArray()).toEqual(range(4));
    const settled = await map(tasks, fn, { ...options, batchSize: 3, returnErrors: true });
    check((settled[4] as PromiseRejectedResult).reason, how);
    // What went together with it may have been lost with it, but nothing else.
    for (const x of [0, 1, 2, 6, 7, 8]) {
      expect(settled[x]).toEqual({ status: 'fulfilled', value: x });
    }
    if (asArgument) {
      for (const x of [3, 5]) expect(settled[x]).toEqual({ status: 'fulfilled', value: x });
    }
  });

  it('a model that ends its worker ends the job, and no other', async () => {
    const bomb = new Bomb('read there', 'exit');
    const settings = { ...options, returnErrors: true };
    await using broken = invoker(bomb, (_model, x: number) => x, settings);
    expect(await rejection(broken.map(range(50)).toArray())).toMatchObject({ exitCode: 7 });
    expect(await map(range(4), (x) => x, options)).toEqual(range(4));
  });

  it('an initializer that ends its worker ends the job, and no other', async () => {
    const initializer = () => process.exit(7);
    expect(await rejection(map(range(50), (x) => x, { ...options, initializer }))).toMatchObject({
      code: 'ERR_HEDDLE_WORKER_CRASHED',
      exitCode: 7,
    });
    expect(await map(range(4), (x) => x, options)).toEqual(range(4));
  });

  it('a task that is lost while others run ahead does not hold up its stream', async () => {
    const tries = shared.zeros('int32', 1);
    const first = async (x: number) => {
      if (x > 0 || Atomics.add(tries, 0, 1) > 0) return x;
      await new Promise((resolve) => setTimeout(resolve, 100));
      process.exit(1);
    };
    function* endless() {
      for (let i = 0; ; i++) yield i;
    }
    const seen: number[] = [];
    for await (const x of imap(endless(), first, { ...options, retries: 1 })) {
      if (seen.push(x) === 100) break;
    }
    expect(seen).toEqual(range(100));
    expect(tries[0]).toBe(2);
  });

  it('a hundred tasks that cannot be sent end beside a hundred that can', async () => {
    const bad = (x: number) => x % 2 === 1;
    const statuses = range(200).map((x) => (bad(x) ? 'rejected' : 'fulfilled'));
    const tasks = range(200).map((x) => (bad(x) ? { deep: new WeakMap() } : x));
    for (const [batchSize, preDispatch] of [
      [1, '2*jobs'],
      [16, 1],
      ['auto', '2*jobs'],
    ] as const) {
      const settings = { ...options, batchSize, preDispatch, returnErrors: true } as const;
      const sent = await map(tasks, (x) => x, settings);
      expect(sent.map(({ status }) => status)).toEqual(statuses);
      const make = (x: number) => (x % 2 === 1 ? { deep: new WeakMap() } : x);
      const got = await map(range(200), make, settings);
      expect(got.map(({ status }) => status)).toEqual(statuses);
      expect((got[151] as PromiseRejectedResult).reason).toMatchObject({ index: 151 });
    }
  });
});

describe.each(everyBackend)('an initializer: %s', (_, options) => {
  it("runs before the first task, and its error is the job's", async () => {
    const initializer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      (globalThis as { onWarm?: string }).onWarm = 'yes';
    };
    const read = () => (globalThis as { onWarm?: string }).onWarm;
    expect(await map([1, 2, 3], read, { ...options, initializer })).toEqual(['yes', 'yes', 'yes']);
    delete (globalThis as { onWarm?: string }).onWarm;
    const broken = () => {
      throw new RangeError('cannot begin');
    };
    const error = await rejection(map([1, 2], read, { ...options, initializer: broken }));
    expect(error).toMatchObject({ code: 'ERR_HEDDLE_WORKER_SETUP' });
    expect((error as Error).message).toContain('cannot begin');
    expect((error as Error).cause).toBeInstanceOf(RangeError);
    expect(await map([1, 2], (x) => x, options)).toEqual([1, 2]);
  });
});

describe('threads that are stopped inside a native call', () => {
  it('take nothing else along', () => {
    const { stdout, stderr, code } = runProgram(`
      const calls = async (url, ctx) => {
        const own = await import(url);
        const { native } = await import(new URL('native.js', url));
        // Most of the time it makes objects in native code, which can't be done any more at the end.
        const kept = Array.from({ length: 300 }, () => own.shared.zeros('int8', 1));
        for (;;) native.memory.list();
      };
      let stopped = 0;
      for (let i = 0; i < 4; i++) {
        const tasks = ['${builtUrl}', '${builtUrl}'];
        const options = { jobs: 2, backend: 'threads', timeout: 60, returnErrors: true };
        for (const { reason } of await heddle.map(tasks, calls, options)) {
          if (reason?.code === 'ERR_HEDDLE_TIMEOUT') stopped++;
        }
      }
      console.log(stopped);
    `);
    expect({ stdout, stderr, code }).toEqual({ stdout: '8\n', stderr: '', code: 0 });
  });
});

describe('workers that are killed from outside', () => {
  const options = { backend: 'processes', jobs: 2 } as const;
  const work = (x: number) => {
    const end = performance.now() + 0.05;
    while (performance.now() < end);
    return x;
  };

  it('end every call that has lost a task, with the signal, and no other', async () => {
    await map(range(8), work, options);
    const loop = (_x: number, ctx: { worker: { pid: number } }) => {
      process.kill(ctx.worker.pid, 'SIGKILL');
      for (;;);
    };
    const calls = [map([1], loop, options), map([2], loop, options)];
    for (const error of await Promise.all(calls.map(rejection))) {
      expect(error).toMatchObject({ code: 'ERR_HEDDLE_WORKER_CRASHED', signal: 'SIGKILL' });
      expect((error as Error).message).toContain('SIGKILL');
    }
    expect(await map(range(8), work, options)).toEqual(range(8));
  });

  it('at any moment: no call hangs, and with retries none fails', async () => {
    const tasks = range(400);
    for (let round = 0; round < 6; round++) {
      const pids = await map(range(4), (_x, ctx) => ctx.worker.pid, { ...options, batchSize: 1 });
      const settings = {
        ...options,
        retries: round % 2,
        batchSize: round % 3 ? 'auto' : 40,
      } as const;
      const running = map(tasks, work, settings).catch((error: unknown) => error);
      await new Promise((resolve) => setTimeout(resolve, 2 * round));
      process.kill(pids[0]!, 'SIGKILL');
      const outcome = await running;
      if (Array.isArray(outcome)) expect(outcome).toEqual(tasks);
      else {
        expect(outcome).toMatchObject({ signal: 'SIGKILL', pid: pids[0]! });
        expect(settings.retries).toBe(0);
      }
    }
    expect(await map(tasks, work, options)).toEqual(tasks);
  });
});

describe.skipIf(process.platform === 'win32')('a process without room for descriptors', () => {
  it('is told why no worker starts, and keeps what it had', { timeout: 60_000 }, () => {
    const program = programArguments(`
      import fs from 'node:fs';
      const count = () => fs.readdirSync('/dev/fd').length;
      const options = { backend: 'processes', jobs: 2 };
      const end = async () => {
        heddle.shutdownWorkers({ kill: true });
        await new Promise((resolve) => setTimeout(resolve, 150));
      };
      await heddle.map([1], (x) => x, options);
      await end();
      const before = count();
      const seen = [];
      for (let room = 1; room <= 12; room++) {
        const held = [];
        try { for (;;) held.push(fs.openSync('/dev/null')); } catch {}
        for (let i = 0; i < room; i++) fs.closeSync(held.pop());
        const outcome = await heddle.map([1, 2, 3], (x) => x, options)
          .then(String, ({ code, message }) => code + (/Too many|EMFILE/.test(message) ? ' why' : message));
        for (const fd of held) fs.closeSync(fd);
        await end();
        seen.push([outcome, count() - before]);
      }
      console.log(JSON.stringify(seen));
      process.exit(0);
    `);
    // Node opens all modules of one level at once.
    const script = `ulimit -n 200; exec ${process.execPath} "$@"`;
    const { stdout, stderr } = spawnSync('/bin/sh', ['-c', script, 'sh', ...program], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    const seen = JSON.parse(stdout) as [string, number][];
    expect(seen.map(([, left]) => left)).toEqual(seen.map(() => 0));
    expect(seen[0]![0]).toBe('ERR_HEDDLE_WORKER_START why');
    expect(seen.at(-1)![0]).toBe('1,2,3');
    for (const [outcome] of seen)
      expect(['ERR_HEDDLE_WORKER_START why', '1,2,3']).toContain(outcome);
  });
});
