/**
 * Types flow from tasks and functions to results.
 */
import { expectTypeOf, it } from 'vitest';
import type { TaskContext } from '../../src/index.ts';
import {
  delayed,
  imap,
  invoker,
  map,
  mapChunks,
  Parallel,
  type ResultStream,
} from '../../src/index.ts';

it('infers what comes out', () => {
  // Never called: the types are what is tested.
  const calls = async () => {
    const rows = [{ x: 1 }, { x: 2 }];
    expectTypeOf(await map(rows, (row) => row.x)).toEqualTypeOf<number[]>();
    expectTypeOf(await map(rows, async (row) => String(row.x))).toEqualTypeOf<string[]>();
    expectTypeOf(await map(Float64Array.of(1), (x) => x > 0)).toEqualTypeOf<boolean[]>();
    const settled = await map(rows, (row) => row.x, { returnErrors: true });
    expectTypeOf(settled).toEqualTypeOf<PromiseSettledResult<number>[]>();
    expectTypeOf(imap(new Set(['a']), (text) => text.length)).toEqualTypeOf<ResultStream<number>>();
    map(rows, (_row, ctx) => {
      expectTypeOf(ctx).toEqualTypeOf<TaskContext>();
      expectTypeOf(ctx.index).toEqualTypeOf<number>();
      expectTypeOf(ctx.signal).toEqualTypeOf<AbortSignal>();
      expectTypeOf(ctx.rng.random()).toEqualTypeOf<number>();
    });

    const model = { scale: 2, score: async (user: number) => [user] };
    const scorer = invoker(model, (m, user: string) => m.scale + user.length);
    expectTypeOf(await scorer.map(['a']).toArray()).toEqualTypeOf<number[]>();
    const method = invoker(model, 'score');
    expectTypeOf(await method.map([1]).toArray()).toEqualTypeOf<number[][]>();
    // @ts-expect-error the tasks are strings
    scorer.map([1]);
    // @ts-expect-error the model has no such method
    invoker(model, 'scale');

    const add = (a: number, b: number) => a + b;
    const upper = async (text: string) => text.toUpperCase();
    const results = await new Parallel().run([delayed(add)(1, 2), delayed(upper)('a')] as const);
    expectTypeOf(results).toEqualTypeOf<[number, string]>();
    // @ts-expect-error one argument is missing
    delayed(add)(1);
    expectTypeOf(await mapChunks(10, (start, end) => end - start)).toEqualTypeOf<number[]>();
    // @ts-expect-error an option that does not exist
    map(rows, (row) => row.x, { job: 2 });
    // @ts-expect-error a function of another kind of task
    map(rows, (row: string) => row);
  };
  expectTypeOf(calls).toBeFunction();
});
