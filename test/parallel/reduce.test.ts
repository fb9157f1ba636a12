/**
 * Reductions: what comes out is what Array.prototype.reduce gives, in an order that nothing but the input
 * and the size of chunks decides.
 */
import fc from 'fast-check';
import { map, reduce, share, shutdownWorkers, withConfig } from 'heddle';
import { afterAll, describe, expect, it } from 'vitest';
import { everyBackend, range, rejection, runProgram, workerBackends } from './support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

const join = (a: string, b: string): string => a + b;
const add = (a: number, b: number): number => a + b;

/** The order of calls as the documentation says it. */
function inOrder<T>(values: readonly T[], fn: (a: T, b: T) => T, size: number): T {
  if (values.length === 1) return values[0]!;
  const next: T[] = [];
  for (let i = 0; i < values.length; i += size) next.push(values.slice(i, i + size).reduce(fn));
  return inOrder(next, fn, size);
}

/** The same values as an input of another kind. */
const inputs = {
  array: <T>(values: T[]) => values,
  generator: function* <T>(values: T[]) {
    yield* values;
  },
  'async generator': async function* <T>(values: T[]) {
    for (const [i, value] of values.entries()) {
      if (i % 7 === 3) await new Promise((resolve) => setImmediate(resolve));
      yield value;
    }
  },
};
const kinds = Object.keys(inputs) as (keyof typeof inputs)[];

describe.each(everyBackend)('reduce: %s', (backend, options) => {
  const numRuns = backend === 'sequential' ? 200 : 30;

  it('gives what Array.prototype.reduce does, for whatever is associative', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ maxLength: 3 }), { maxLength: 90 }),
        fc.integer({ min: 2, max: 40 }),
        fc.constantFrom(...kinds),
        fc.option(fc.string({ maxLength: 3 }), { nil: undefined }),
        async (values, chunkSize, kind, initial) => {
          const input = inputs[kind](values);
          const job = reduce(input, join, { ...options, chunkSize, initial });
          if (values.length === 0 && initial === undefined) {
            expect(await rejection(job)).toMatchObject({
              name: 'TypeError',
              code: 'ERR_HEDDLE_INVALID_ARGUMENT',
            });
          } else expect(await job).toBe(values.reduce(join, initial ?? ''));
        },
      ),
      { numRuns },
    );
  });

  it('makes its calls in the order that is promised, to the last bit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1, maxLength: 300 }),
        fc.integer({ min: 2, max: 40 }),
        fc.constantFrom(...kinds),
        async (values, chunkSize, kind) => {
          const sum = await reduce(inputs[kind](values), add, { ...options, chunkSize });
          expect(sum).toBe(inOrder(values, add, chunkSize));
        },
      ),
      { numRuns },
    );
  });

  it('begins each chunk with a copy of the initial value where results are of another kind', async () => {
    const initial: number[] = [];
    const push = (list: number[], x: number): number[] => {
      list.push(x);
      return list;
    };
    const combine = (a: number[], b: number[]): number[] => [...a, ...b];
    for (const [length, chunkSize] of [
      [0, 4],
      [1, 4],
      [4, 4],
      [5, 4],
      [100, 7],
    ] as const) {
      const all = { ...options, initial, combine, chunkSize };
      expect(await reduce(range(length), push, all)).toEqual(range(length));
    }
    expect(initial).toEqual([]);
  });

  it('takes async functions', async () => {
    const slow = async (a: number, b: number): Promise<number> => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return Math.max(a, b);
    };
    expect(await reduce([3, 9, 4, 1, 7, 2, 8], slow, { ...options, chunkSize: 2 })).toBe(9);
  });

  it('adds large arrays up', async () => {
    const arrays = range(20).map((i) => new Float64Array(200_000).fill(i));
    const sum = await reduce(arrays, (a, b) => a.map((x, i) => x + b[i]!), {
      ...options,
      chunkSize: 4,
    });
    expect([sum.length, sum[7], sum[199_999]]).toEqual([200_000, 190, 190]);
    expect(arrays[3]![5]).toBe(3);
  });

  it('fails with the first call that does, and says which values it was about', async () => {
    const picky = (a: number, b: number): number => {
      if (b === 13) throw new RangeError('unlucky');
      return b;
    };
    const error = await rejection(reduce(range(40), picky, { ...options, chunkSize: 10 }));
    expect(error).toMatchObject({
      name: 'TaskError',
      label: 'picky, which reduces tasks 10 to 19',
      argument: '[ <result so far>, 13 ]',
      cause: { name: 'RangeError', message: 'unlucky' },
    });
  });

  it('fails with what its input throws, and reads no more', async () => {
    let closed = false;
    function* broken() {
      try {
        yield* range(70);
        throw new RangeError('no more');
      } finally {
        closed = true;
      }
    }
    const error = await rejection(reduce(broken(), add, { ...options, chunkSize: 8 }));
    expect([error instanceof RangeError, closed]).toEqual([true, true]);
  });

  it('is stopped by its signal, whatever the length of its input', async () => {
    const controller = new AbortController();
    let closed = false;
    async function* endless() {
      try {
        for (let i = 0; ; i++) {
          if (i === 500) controller.abort();
          if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
          yield i;
        }
      } finally {
        closed = true;
      }
    }
    const job = reduce(endless(), add, { ...options, signal: controller.signal });
    expect(await rejection(job)).toMatchObject({ name: 'AbortError' });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(closed).toBe(true);
  });
});

describe.each(workerBackends)('reduce on workers: %s', (_backend, options) => {
  it('loses nothing with a worker where it may try again', async () => {
    const tried = share({ counts: new Int32Array(1) }, { mode: 'readwrite' });
    const fatal = (a: string, b: string): string => {
      if (b.startsWith('x') && tried.counts[0]!++ === 0) process.exit(3);
      return a + b;
    };
    const values = range(60).map((i) => (i === 33 ? 'x' : String(i % 10)));
    const settings = { ...options, chunkSize: 5, retries: 1 };
    expect(await reduce(values, fatal, settings)).toBe(values.join(''));
    tried.counts[0] = -5;
    expect(await rejection(reduce(values, () => process.exit(4), options))).toMatchObject({
      name: 'WorkerCrashedError',
    });
  });

  it('takes its settings from the scope, and results of other calls as they come', async () => {
    const { imap } = await import('heddle');
    const total = await withConfig({ retries: 2 }, () =>
      reduce(
        imap(range(100), (x) => x * x, options),
        add,
        options,
      ),
    );
    expect(total).toBe(328_350);
  });
});

describe('reduce', () => {
  it('has the same bits for any number of workers', async () => {
    const values = (await map(range(1000), (i) => Math.sin(i * i) * 10 ** (i % 12))) as number[];
    const sums = new Set<number>();
    for (const jobs of [1, 2, 3]) {
      for (const [backend] of jobs === 1 ? everyBackend : workerBackends) {
        for (const batchSize of ['auto', 1, 50] as const) {
          sums.add(await reduce(values, add, { backend, jobs, batchSize }));
        }
      }
    }
    expect(sums).toEqual(new Set([inOrder(values, add, 32)]));
  });

  it.each<[string, object, RegExp]>([
    ['a chunk of one', { chunkSize: 1 }, /'chunkSize' must be a whole number of at least 2/],
    ['no function', { combine: 5, initial: 0 }, /'combine' must be a function/],
    ['combine alone', { combine: add }, /'initial' must be given with combine/],
    ['unknown options', { chunksize: 5 }, /did you mean 'chunkSize'/],
    ['a seed', { seed: 5 }, /'options.seed'/],
    ['settled results', { returnErrors: true }, /'options.returnErrors'/],
  ])('refuses %s', async (_what, options, message) => {
    await expect(reduce([1, 2], add, options as never)).rejects.toThrow(message);
  });

  it('refuses what is no function', async () => {
    await expect(reduce([1, 2], 'add' as never)).rejects.toThrow(/'fn' must be a function/);
  });

  it('lets the program end', () => {
    const { stdout, code } = runProgram(`
      const options = { jobs: 2, chunkSize: 3 };
      console.log(await heddle.reduce(Array(100).keys(), (a, b) => a + b, options));
      console.log(await heddle.reduce([], (a, b) => a + b, { ...options, initial: 7 }));
      console.log(await heddle.reduce([5].values(), (a, b) => a + b, options));
    `);
    expect({ stdout, code }).toEqual({ stdout: '4950\n7\n5\n', code: 0 });
  });
});
