/**
 * What is moved to a task and back: who has it then, and what becomes of it when tasks fail.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import {
  delayed,
  executor,
  imap,
  invoker,
  map,
  move,
  Parallel,
  type ParallelOptions,
  share,
  shutdownWorkers,
} from 'heddle';
import { afterAll, describe, expect, it } from 'vitest';
import { everyBackend, range, rejection, runProgram, workerBackends } from './support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

const threads = { backend: 'threads', jobs: 2 } as const;
const LARGE = 1 << 18;
const filled = (value: number, length = LARGE): Float64Array =>
  new Float64Array(length).fill(value);
const last = (array: Float64Array): number => array[array.length - 1]!;

describe.each(workerBackends)('moved arguments: %s', (_backend, options) => {
  it.each([5, LARGE])('of %i numbers arrive, and are detached here', async (length) => {
    const tasks = range(40).map((i) => move(filled(i, length)));
    expect(await map(tasks, last, options)).toEqual(range(40));
    expect(tasks.map((task) => task.length)).toEqual(Array(40).fill(0));
  });

  it('are those of a list, in whatever contains them', async () => {
    const [a, b, c] = [filled(1), filled(2), filled(3)];
    const task = move({ a, deep: [b, { c }] }, [a, b.buffer as ArrayBuffer]);
    const sum = ({ a, deep }: typeof task): number =>
      a[5]! + (deep[0] as Float64Array)[5]! + (deep[1] as { c: Float64Array }).c[5]!;
    expect(await map([task], sum, options)).toEqual([6]);
    expect([a.length, b.length, last(c)]).toEqual([0, 0, 3]);
  });

  it('take the whole buffer with all arrays on it', async () => {
    const whole = Float64Array.from(range(100));
    const part = move(whole.subarray(10, 20));
    expect(await map([part], (array) => Array.from(array), options)).toEqual([range(20).slice(10)]);
    expect([whole.length, part.length]).toEqual([0, 0]);
  });

  it('go by every call', async () => {
    const made: Float64Array[] = [];
    const task = (): Float64Array => {
      made.push(filled(4, 1000));
      return move(made.at(-1)!);
    };
    expect(await imap([task(), task()], last, options).toArray()).toEqual([4, 4]);
    const scorer = invoker(10, (model, array: Float64Array) => model + last(array), options);
    expect(await scorer.map([task(), task()]).toArray()).toEqual([14, 14]);
    await scorer.shutdown();
    const pool = executor(options);
    expect(await Promise.all([pool.submit(last, task()), pool.submit(last, task())])).toEqual([
      4, 4,
    ]);
    expect(await pool.map(last, [task()]).toArray()).toEqual([4]);
    await pool.close();
    const call = delayed(last);
    expect(await new Parallel(options).run([call(task()), call(task())])).toEqual([4, 4]);
    expect(made.map(({ length }) => length)).toEqual(Array(9).fill(0));
  });

  it('come back moved', async () => {
    const reverse = (array: Float64Array): Float64Array => move(array.reverse());
    const results = await map(
      [1, 2, 3].map((i) => move(filled(i))),
      reverse,
      options,
    );
    expect(results.map((array) => [array.length, last(array)])).toEqual([
      [LARGE, 1],
      [LARGE, 2],
      [LARGE, 3],
    ]);
    // What has come is one's own.
    results[0]![0] = 7;
    expect(results[0]![0]).toBe(7);
  });

  it('may be moved once', async () => {
    const array = move(filled(1));
    const error = await rejection(map([array, array], last, { ...options, preDispatch: 1 }));
    expect(error).toMatchObject({ name: 'TaskError', index: 1, cause: { name: 'CloneError' } });
    expect(String((error as Error).cause)).toMatch(/detached.*has been transferred/);
  });

  it('that are shared stay where they are', async () => {
    const { array } = share({ array: filled(2) });
    expect(await map([move(array)], last, options)).toEqual([2]);
    expect(array.length).toBe(LARGE);
  });

  it('stay here until their task has succeeded where it may run again', async () => {
    const tasks = [1, 2, 3, 4].map((i) => move(filled(i)));
    const tried = share({ counts: new Int32Array(5) }, { mode: 'readwrite' });
    const task = (array: Float64Array): number => {
      const index = array[0]!;
      array[0] = -1;
      if (tried.counts[index]!++ === 0 && index % 2 === 0) throw new Error('not yet');
      return index + last(array);
    };
    expect(await map(tasks, task, { ...options, retryErrors: 1 })).toEqual([2, 4, 6, 8]);
    expect(Array.from(tried.counts)).toEqual([0, 1, 2, 1, 2]);
    expect(tasks.map(({ length }) => length)).toEqual([0, 0, 0, 0]);
  });

  it('are still here when the task has failed for good, where they were kept', async () => {
    const task = move(filled(3));
    const fails = (array: Float64Array): number => {
      throw new RangeError(String(array[0]));
    };
    const error = await rejection(map([task], fails, { ...options, retryErrors: 2 }));
    expect(error).toMatchObject({ cause: { message: '3' } });
    expect(last(task)).toBe(3);
  });

  it('are not lost when their worker ends before its end', async () => {
    const tasks = range(6).map((i) => move(filled(i)));
    const tried = share({ counts: new Int32Array(6) }, { mode: 'readwrite' });
    const task = (array: Float64Array): number => {
      if (tried.counts[array[0]!]!++ === 0 && array[0]! % 3 === 1) process.exit(5);
      return last(array);
    };
    expect(await map(tasks, task, { ...options, retries: 1 })).toEqual(range(6));
    expect(Array.from(tried.counts)).toEqual([1, 2, 1, 1, 2, 1]);
    expect(tasks.map(({ length }) => length)).toEqual(Array(6).fill(0));
  });

  it('are with their worker where it may not run again: others lose nothing', async () => {
    const tasks = range(20).map((i) => move(filled(i)));
    const tried = share({ counts: new Int32Array(20) }, { mode: 'readwrite' });
    const task = (array: Float64Array): number => {
      tried.counts[array[0]!]!++;
      if (array[0]! % 5 === 3) process.exit(5);
      return last(array);
    };
    const outcomes = await map(tasks, task, { ...options, returnErrors: true });
    outcomes.forEach((outcome, i) => {
      if (i % 5 !== 3) expect(outcome).toEqual({ status: 'fulfilled', value: i });
      else
        expect(outcome).toMatchObject({
          status: 'rejected',
          reason: { name: 'WorkerCrashedError' },
        });
    });
    expect(Array.from(tried.counts)).toEqual(Array(20).fill(1));
  });

  it('run beside each other', async () => {
    const tasks = range(12).map((i) => move(filled(i)));
    const task = async (array: Float64Array): Promise<number> => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return last(array);
    };
    expect(await map(tasks, task, { ...options, concurrency: 3 })).toEqual(range(12));
  });

  it('of a stopped job do no harm', async () => {
    const controller = new AbortController();
    const tasks = range(8).map((i) => move(filled(i)));
    const never = (_array: Float64Array): Promise<void> => new Promise(() => {});
    const job = map(tasks, never, { ...options, signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    expect(await rejection(job)).toMatchObject({ name: 'AbortError' });
    expect(await map([move(filled(1))], last, options)).toEqual([1]);
  });
});

describe('moving', () => {
  it('to a thread hands over the memory itself, at once', async () => {
    const array = move(filled(1));
    const job = map([array, 1] as const, (task) => typeof task, threads);
    let detached = false;
    const later = job.then(() => true);
    while (!detached) {
      detached = array.length === 0;
      if (!detached && (await Promise.race([later, new Promise((r) => setTimeout(r, 1))]))) break;
    }
    expect(detached).toBe(true);
    expect(await job).toEqual(['object', 'number']);
  });

  it('in the calling process hands over the very object', async () => {
    const array = move(filled(1));
    expect(await map([array], (one) => one, { jobs: 1 })).toEqual([array]);
    expect(array.length).toBe(LARGE);
  });

  it('keeps the program up until a thread has come up, and no longer', () => {
    const { stdout, stderr, code } = runProgram(`
      const options = { backend: 'threads', jobs: 2 };
      const task = (array) => (array[0] === 1 ? process.exit(1) : array[0]);
      const tasks = [0, 1, 2].map((x) => heddle.move(Float64Array.of(x)));
      const outcomes = await heddle.map(tasks, task, { ...options, returnErrors: true });
      console.log(outcomes.map(({ value, reason }) => value ?? reason.code).join());
    `);
    const expected = '0,ERR_HEDDLE_WORKER_CRASHED,2\n';
    expect({ stdout, stderr, code }).toEqual({ stdout: expected, stderr: '', code: 0 });
  });

  it('says in the error that a task can not run again', async () => {
    const { port1 } = new MessageChannel();
    const options = { ...threads, retries: 5 };
    const error = await rejection(map([port1], () => process.exit(3), options));
    expect(error).toMatchObject({ name: 'WorkerCrashedError' });
    expect((error as Error).message).toMatch(/can not run again: what it was given has been moved/);
  });

  it.each<[string, unknown, unknown]>([
    ['a number', 5, undefined],
    ['an object', { a: new Float64Array(3) }, undefined],
    ['a SharedArrayBuffer', new SharedArrayBuffer(8), undefined],
    ['an array on one', new Int32Array(new SharedArrayBuffer(8)), undefined],
    ['a list of others', {}, [5]],
    ['what is no list', {}, new Set()],
  ])('refuses %s', (_what, value, list) => {
    expect(() => move(value, list as never)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'ERR_HEDDLE_INVALID_ARGUMENT' }),
    );
  });
});

describe('MessagePorts', () => {
  /** Answers of what has the other end. */
  const answers = (port: MessagePort, count: number): Promise<unknown[]> =>
    new Promise((resolve) => {
      const got: unknown[] = [];
      port.on('message', (value) => {
        if (got.push(value) === count) {
          port.close();
          resolve(got);
        }
      });
    });

  it('are arguments of tasks on threads', async () => {
    const channels = range(5).map(() => new MessageChannel());
    const heard = channels.map(({ port1 }) => answers(port1, 2));
    const task = ({ port, i }: { port: MessagePort; i: number }): number => {
      port.postMessage(i);
      port.postMessage(i * i);
      port.close();
      return i;
    };
    const tasks = channels.map(({ port2 }, i) => ({ port: port2, i }));
    expect(await map(tasks, task, threads)).toEqual(range(5));
    expect(await Promise.all(heard)).toEqual(range(5).map((i) => [i, i * i]));
  });

  it('come back from tasks on threads', async () => {
    const task = (): { port: MessagePort } => {
      const { MessageChannel: Channel } = process.getBuiltinModule('node:worker_threads');
      const { port1, port2 } = new Channel();
      port1.on('message', (value: number) => port1.postMessage(value + 1));
      port1.unref();
      return { port: port2 };
    };
    const [result] = await map([0], task, { ...threads, pool: 'ports' });
    const heard = answers(result!.port, 1);
    result!.port.postMessage(41);
    expect(await heard).toEqual([42]);
  });

  const refusals: [string, ParallelOptions, RegExp][] = [
    ['processes', { backend: 'processes', jobs: 2 }, /Only threads can be given one/],
  ];
  it.each(refusals)('are refused by %s', async (_name, options, remedy) => {
    const error = await rejection(map([new MessageChannel().port1], () => 1, options));
    expect(String((error as Error).cause)).toMatch(remedy);
  });

  it('are refused where several workers would have one', async () => {
    const { port1 } = new MessageChannel();
    const remedy = /Give it to one task, as its argument/;
    expect(() => invoker({ port1 }, () => 1, threads)).toThrow(remedy);
    await expect(map([1], () => port1.postMessage(1), threads)).rejects.toThrow(remedy);
  });

  it.each(everyBackend.slice(0, 1))(
    'are as they are in the calling process',
    async (_n, options) => {
      const { port1 } = new MessageChannel();
      expect(await map([port1], (port) => port, options)).toEqual([port1]);
      port1.close();
    },
  );
});
