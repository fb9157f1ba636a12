/**
 * Values, errors, inputs and listeners that throw where one only looks at them: each call settles as
 * the sequential backend says, no worker ends, nothing reaches the program.
 */
import { channel } from 'node:diagnostics_channel';
import { imap, invoker, map, shutdownWorkers, TaskError } from 'heddle';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { everyBackend, range, rejection, runProgram, workerBackends } from './support.ts';

/** The backends of workers that have ended; those of a test before, which it killed, may do so late. */
const ends: string[] = [];
const ended = (event: unknown): void => {
  ends.push((event as { backend: string }).backend);
};
channel('heddle:worker:ended').subscribe(ended);
beforeEach(() => {
  ends.length = 0;
});
afterAll(() => {
  channel('heddle:worker:ended').unsubscribe(ended);
  return shutdownWorkers({ kill: true });
});

const thrown = {
  'a proxy whose traps throw': () =>
    new Proxy(
      {},
      {
        get() {
          throw new Error('trap');
        },
        getPrototypeOf() {
          throw new Error('trap');
        },
      },
    ),
  'a proxy that was revoked': () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  'an object without a prototype that can not be sent': () =>
    Object.assign(Object.create(null) as object, { symbol: Symbol('own') }),
  'an error with a getter that throws': () =>
    Object.defineProperty(new Error('seen'), 'part', {
      enumerable: true,
      get() {
        throw new Error('getter');
      },
    }),
  'an error whose message throws': () =>
    Object.defineProperty(new Error('seen'), 'message', {
      get() {
        throw new Error('getter');
      },
    }),
  'an error whose stack throws': () =>
    Object.defineProperty(new Error('seen'), 'stack', {
      get() {
        throw new Error('getter');
      },
    }),
  'an error whose stack is no text': () => Object.assign(new Error('seen'), { stack: 5 }),
};

const returned = {
  'an object whose then throws when it is read': () => ({
    // biome-ignore lint/suspicious/noThenProperty: what is tested
    get then() {
      throw new Error('refused');
    },
  }),
  'a thenable that throws': () => ({
    // biome-ignore lint/suspicious/noThenProperty: what is tested
    then() {
      throw new Error('refused');
    },
  }),
};

const lenient = {
  'a thenable that calls back twice, and throws': () => ({
    // biome-ignore lint/suspicious/noThenProperty: what is tested
    then(resolve: (value: number) => void, reject: (error: Error) => void) {
      resolve(42);
      reject(new Error('late'));
      throw new Error('later');
    },
  }),
  'a thenable of a thenable': () => ({
    // biome-ignore lint/suspicious/noThenProperty: what is tested
    then(resolve: (value: unknown) => void) {
      // biome-ignore lint/suspicious/noThenProperty: what is tested
      resolve({ then: (inner: (value: number) => void) => inner(42) });
    },
  }),
  'a function that is a thenable': () =>
    // biome-ignore lint/suspicious/noThenProperty: what is tested
    Object.assign(() => {}, { then: (resolve: (value: number) => void) => resolve(42) }),
};

describe.each(everyBackend)('%s', (_, options) => {
  it.each(Object.entries(thrown))('a task that throws %s fails, and no other', async (_n, make) => {
    for (const batchSize of [1, 3]) {
      const fail = (x: number) => {
        if (x === 2) throw make();
        return x;
      };
      const settings = { ...options, batchSize, returnErrors: true } as const;
      const settled = await map(range(5), fail, settings);
      for (const x of [0, 1, 3, 4]) expect(settled[x]).toEqual({ status: 'fulfilled', value: x });
      const { reason } = settled[2] as PromiseRejectedResult;
      expect(reason).toBeInstanceOf(TaskError);
      expect(reason.index).toBe(2);
    }
    // Those of the sequential backend end with each call.
    if (options.backend !== 'sequential') expect(ends).not.toContain(options.backend);
  });

  it.each(Object.entries(returned))('%s is an error of its task', async (_name, make) => {
    for (const batchSize of [1, 3]) {
      const fail = (x: number) => (x === 2 ? make() : x);
      const error = await rejection(map(range(5), fail, { ...options, batchSize }));
      expect(error).toMatchObject({ index: 2, cause: { message: 'refused' } });
    }
  });

  it.each(Object.entries(lenient))('%s is taken as await takes it', async (_name, make) => {
    const fn = (x: number) => (x === 2 ? make() : x);
    expect(await map(range(5), fn, { ...options, batchSize: 3 })).toEqual([0, 1, 42, 3, 4]);
  });

  it('a thenable is asked once, by the first task of a worker too', async () => {
    shutdownWorkers({ kill: true });
    const query = () => {
      let asked = 0;
      return {
        // biome-ignore lint/suspicious/noThenProperty: what is tested
        then(resolve: (value: object) => void) {
          asked++;
          setTimeout(() => resolve({ asked }), 50);
        },
      };
    };
    expect(await map(range(2), query, options)).toEqual([{ asked: 1 }, { asked: 1 }]);
  });

  it.each([
    ['throws', { return: () => raise('closing') }],
    ['can not be read', Object.defineProperty({}, 'return', { get: () => raise('closing') })],
  ])('an async input whose return %s does not hide the error', async (_name, closing) => {
    let next = 0;
    const steps = { next: async () => ({ done: false, value: next++ }) };
    const input = {
      [Symbol.asyncIterator]: () =>
        Object.defineProperties(steps, Object.getOwnPropertyDescriptors(closing)),
    } as AsyncIterable<number>;
    const fail = (x: number) => {
      if (x === 5) throw new Error('five');
      return x;
    };
    expect(await rejection(map(input, fail, options))).toMatchObject({ index: 5 });
  });

  it('a generator that stops its own job is closed, and none of its tasks runs', async () => {
    const controller = new AbortController();
    let closed = 0;
    function* input() {
      try {
        for (let i = 0; ; i++) {
          if (i === 3) controller.abort();
          yield i;
        }
      } finally {
        closed++;
      }
    }
    const stopped = map(input(), (x) => x, { ...options, batchSize: 1, signal: controller.signal });
    expect(await rejection(stopped)).toMatchObject({ name: 'AbortError' });
    expect(closed).toBe(1);
  });

  it('an argument that throws when it is shown is shown all the same', async () => {
    const argument = {
      get [Symbol.toStringTag]() {
        return raise('tag');
      },
    };
    const settings = { ...options, returnErrors: true, batchSize: 3 } as const;
    const settled = await map([1, argument, 3], () => raise('task'), settings);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  });

  it('a trace that can not be written is an error before anything starts', async () => {
    const trace = '/nonexistent/heddle/trace.json';
    let ran = 0;
    function* input() {
      ran++;
      yield 1;
    }
    const refused = map(input(), (x) => x, { ...options, trace });
    expect(await rejection(refused)).toMatchObject({ code: 'ENOENT' });
    expect(ran).toBe(0);
    expect(await rejection(map([1], (x) => x, { ...options, trace: 5 as never }))).toMatchObject({
      code: 'ERR_HEDDLE_INVALID_ARGUMENT',
    });
  });

  it('an amount of progress that is no number is an error of its task', async () => {
    const advance = (x: number, ctx: { progress: { advance(amount: number): void } }) =>
      ctx.progress.advance(x as number);
    const calls = map([1n as unknown as number], advance, options);
    expect(await rejection(calls)).toMatchObject({
      cause: { code: 'ERR_HEDDLE_INVALID_ARGUMENT' },
    });
  });

  it('everybody who waits for a stream gets an answer', async () => {
    const fast = imap(range(5), (x) => x, options);
    expect(await Promise.all([fast.next(), fast.toArray(), fast.toArray()])).toEqual([
      { done: false, value: 0 },
      [1, 2, 3, 4],
      [],
    ]);
    const failing = imap(range(5), () => raise('task'), options);
    const all = await Promise.allSettled([failing.next(), failing.toArray()]);
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('nobody takes a part of the results for all of them', async () => {
    const never = () => new Promise<never>(() => {});
    const dropped = imap([1], never, options);
    const all = rejection(dropped.toArray());
    dropped.cancel();
    expect(await all).toMatchObject({ name: 'AbortError' });
    const calls = invoker({}, never, options);
    const [results, next] = [rejection(calls.map([1]).toArray()), rejection(calls.map([1]).next())];
    await calls.shutdown();
    expect(await results).toMatchObject({ name: 'AbortError' });
    expect(await next).toMatchObject({ name: 'AbortError' });
  });
});

it.each(workerBackends)('a logger that throws harms no job: %s', (_, options) => {
  const { stdout } = runProgram(`
    let errors = 0;
    process.on('uncaughtException', () => errors++);
    const log = () => { throw new Error('logger'); };
    heddle.setLogger({ trace: log, debug: log, info: log, warn: log, error: log, fatal: log });
    const say = (x) => { console.log(x); return x; };
    const tasks = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    const results = await heddle.map(tasks, say, { ...${JSON.stringify(options)}, batchSize: 5 });
    await new Promise(setImmediate);
    console.log(results.join(), errors);
  `);
  expect(stdout).toBe('0,1,2,3,4,5,6,7,8,9 10\n');
});

function raise(message: string): never {
  throw new Error(message);
}
