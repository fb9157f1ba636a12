import { afterAll, describe, expect, it } from 'vitest';
import {
  delayed,
  imap,
  invoker,
  map,
  mapChunks,
  Parallel,
  shutdownWorkers,
  TaskError,
} from '../../src/index.ts';

afterAll(() => shutdownWorkers({ kill: true }));

describe.each(['sequential', 'threads', 'processes'])('%s', (backend) => {
  const options = { backend, jobs: backend === 'sequential' ? 1 : 2 };

  it('maps in order', async () => {
    const tasks = Array.from({ length: 1000 }, (_, i) => i);
    expect(await map(tasks, (x) => x * 2, options)).toEqual(tasks.map((x) => x * 2));
  });

  it('takes no task, and one', async () => {
    expect(await map([], (x: number) => x, options)).toEqual([]);
    expect(await map(['a'], (x) => `${x}!`, options)).toEqual(['a!']);
  });

  it('runs tasks with a model', async () => {
    await using adder = invoker({ base: 10 }, (model, x: number) => model.base + x, options);
    expect(await adder.map([1, 2, 3]).toArray()).toEqual([11, 12, 13]);
    expect(await adder.map([4]).toArray()).toEqual([14]);
  });

  it('runs calls of different functions', async () => {
    const add = (a: number, b: number) => a + b;
    const shout = (text: string) => text.toUpperCase();
    const results = await new Parallel(options).run([delayed(add)(1, 2), delayed(shout)('hey')]);
    expect(results).toEqual([3, 'HEY']);
  });

  it('cuts loops into chunks', async () => {
    expect(await mapChunks(250, (start, end) => end - start, options)).toEqual([100, 100, 50]);
  });

  it('tells which task failed, with its error', async () => {
    const failing = map(
      [1, 2, 3],
      (x) => {
        if (x === 2) throw new RangeError('two');
        return x;
      },
      options,
    );
    const error = await failing.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TaskError);
    expect((error as TaskError).index).toBe(1);
    expect((error as TaskError).cause).toBeInstanceOf(RangeError);
  });

  it('streams an endless input', async () => {
    function* numbers() {
      for (let i = 0; ; i++) yield i;
    }
    const seen: number[] = [];
    for await (const x of imap(numbers(), (i) => i * i, options)) {
      seen.push(x);
      if (seen.length === 100) break;
    }
    expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => i * i));
  });
});
