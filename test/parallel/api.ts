/**
 * The functions of the API that run tasks.
 */
import { delayed, imap, invoker, map, Parallel, type ParallelOptions } from 'heddle';
import { range } from './support.ts';

/** Each function of the API, as a way to run a function over the numbers from 0 to 7. */
export const calls = [
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
