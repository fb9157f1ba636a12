/**
 * Dask's tests of delayed, of its local schedulers and of its order, as far as there is the same thing
 * here (dask 2022.12: tests/test_delayed.py, test_base.py, test_threaded.py, test_multiprocessing.py,
 * test_order.py); each says which. Left out, because JavaScript or this library has no such thing:
 *
 * - what Python writes by operators, attributes, items and methods of a delayed value (test_operators,
 *   test_methods, test_attributes, test_method_getattr_*, test_delayed_method_descriptor, test_np_*,
 *   test_nout*, test_iterators, test_delayed_errors): a call of a function says the same;
 * - keys and tokens (test_pure*, test_kwargs, test_keys_*, test_*_name, test_finalize_name): a call is
 *   the same as itself and no other;
 * - values as delayed objects, and `traverse` (test_delayed, test_traverse_false): values are arguments;
 * - dataclasses and namedtuples (test_delayed_with_*): calls are looked for in plain data only;
 * - arrays, bags, data frames, layers, annotations and optimizations of graphs that users write.
 */
import { type ComputeOptions, compute, delayed, persist, shutdownWorkers } from 'heddle';
import { afterAll, describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { everyBackend, range, rejection, workerBackends } from '../parallel/support.ts';
import { planOf } from './support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

const inc = delayed((x: number) => x + 1, { label: 'inc' });
const add = delayed((a: number, b: number) => a + b, { label: 'add' });
const identity = delayed(<T>(x: T) => x);

describe.each(everyBackend)('%s', (_, options: ComputeOptions) => {
  it('test_delayed, test_common_subexpressions', async () => {
    const two = inc(1);
    expect(await compute(two, options)).toBe(2);
    expect(await compute(add(two, two), options)).toBe(4);
  });

  it('test_lists, test_lists_are_concrete', async () => {
    const total = delayed((xs: readonly number[]) => xs.reduce((a, b) => a + b));
    expect(await compute(total([inc(0), inc(1)]), options)).toBe(3);
    const largest = delayed((xs: readonly (readonly [number, number])[]) =>
      xs.reduce((a, b) => (b[0] > a[0] ? b : a)),
    );
    const [, second] = await compute(
      largest([
        [inc(0), 10],
        [inc(1), 20],
      ]),
      options,
    );
    expect(second).toBe(20);
  });

  it('test_literates, test_literates_keys', async () => {
    const [a, b] = [inc(0), inc(1)];
    const literal = [a, b, 3] as const;
    expect(await compute(literal, options)).toEqual([1, 2, 3]);
    expect(await compute(new Set([a, b, 3]), options)).toEqual(new Set([1, 2, 3]));
    const object = { a: [a, b, 3], b: new Set([a]), c: { nested: b } };
    expect(await compute(identity(object as unknown), options)).toEqual({
      a: [1, 2, 3],
      b: new Set([1]),
      c: { nested: 2 },
    });
    expect(await compute(new Map<unknown, unknown>([[a, b]]), options)).toEqual(new Map([[1, 2]]));
  });

  it('test_compute_nested', async () => {
    const a = add(1, 5);
    const [b, c] = [add(a, 1), add(a, 2)];
    expect(await compute([{ a, b: [1, 2, b] }, [c, 2]] as const, options)).toEqual([
      { a: 6, b: [1, 2, 7] },
      [8, 2],
    ]);
  });

  it('test_delayed_compute_forward_kwargs', async () => {
    const x = add(inc(1), 1);
    expect(await compute(x, { ...options, batchSize: 3, preDispatch: 'all' })).toBe(3);
  });

  it('test_delayed_name_on_call, test_callable_obj', async () => {
    const fails = delayed(
      () => {
        throw new TypeError('no');
      },
      { label: 'foo' },
    );
    expect(await rejection(compute(fails(), options))).toMatchObject({ label: 'foo' });
    const bound = (
      (by: number) => (x: number) =>
        x + by
    )(10);
    expect(await compute(delayed(bound)(1), options)).toBe(11);
  });

  it('test_persist_delayed, test_persist_nested', async () => {
    const x3 = inc(inc(inc(0)));
    const kept = await persist(x3, options);
    expect(await compute(kept, options)).toBe(3);
    const a = add(1, 5);
    const nested = await persist({ a, list: [1, 2, add(a, 1)] as const }, options);
    expect(await compute(nested, options)).toEqual({ a: 6, list: [1, 2, 7] });
    expect(await compute(inc(nested.list[2]), options)).toBe(8);
  });

  it('test_exceptions_rise_to_top, test_errors_propagate', async () => {
    const bad = delayed((x: number): number => {
      throw new RangeError(`oops ${x}`);
    });
    const error = (await rejection(compute(inc(bad(1)), options))) as Error;
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(error.message).toMatch(/oops 1/);
    // What comes later is as if nothing had happened.
    expect(await compute(inc(1), options)).toBe(2);
  });

  it('test_fuse_doesnt_clobber_intermediates', async () => {
    const y = inc(1);
    const z = add(10, y);
    expect(await compute([y, z], options)).toEqual([2, 12]);
    expect(await compute([z, y], options)).toEqual([12, 2]);
  });

  it('test_threaded_within_thread, test_dont_spawn_too_many_threads', async () => {
    const many = await Promise.all(range(20).map((i) => compute(inc(inc(i)), options)));
    expect(many).toEqual(range(20).map((i) => i + 2));
  });
});

describe.each(workerBackends)('%s', (_, options: ComputeOptions) => {
  it('test_lambda_with_cloudpickle, test_lambda_results_with_cloudpickle', async () => {
    const factor = 3;
    expect(await compute(delayed((x: number) => x * factor)(2), options)).toBe(6);
    const makes = delayed(() => (x: number) => x + 1);
    const applies = delayed((fn: (x: number) => number, x: number) => fn(x));
    expect(await compute(applies(makes(), 2), options)).toBe(3);
  });

  it('test_unpicklable_args_generate_errors', async () => {
    const error = await rejection(
      compute(inc(delayed((x: unknown) => Number(x))(new WeakMap())), options),
    );
    expect((error as { cause: unknown }).cause).toMatchObject({ name: 'CloneError' });
  });

  it('test_remote_exception: the stack is that of the worker', async () => {
    const deep = delayed(function somewhereInAWorker() {
      throw new Error('there');
    });
    const { stack } = (await rejection(compute(deep(), options))) as Error;
    expect(stack).toContain('somewhereInAWorker');
    expect(stack).toContain('dask.test.ts');
  });
});

describe('order', () => {
  // Names become numbers: each after what it needs.
  const order = (graph: Record<string, readonly string[]>): Record<string, number> => {
    const names: string[] = [];
    const visit = (name: string): void => {
      if (names.includes(name)) return;
      for (const need of graph[name]!) visit(need);
      names.push(name);
    };
    for (const name of Object.keys(graph)) visit(name);
    const plan = planOf(names.map((name) => graph[name]!.map((need) => names.indexOf(need))));
    return Object.fromEntries(names.map((name, at) => [name, plan.rank[at]!]));
  };

  it('test_ordering_keeps_groups_together', () => {
    const graph: Record<string, string[]> = {};
    for (let i = 0; i < 4; i++) graph[`a${i}`] = [];
    graph.b0 = ['a0', 'a1'];
    graph.b1 = ['a2', 'a3'];
    const o = order(graph);
    expect(Math.abs(o.a0! - o.a1!)).toBe(1);
    expect(Math.abs(o.a2! - o.a3!)).toBe(1);
  });

  it('test_prefer_deep', () => {
    const o = order({ y: ['y0'], y0: [], x: ['x0'], x0: ['x1'], x1: [] });
    expect(o.x1!).toBeLessThan(o.y0!);
    expect(o.x!).toBeLessThan(o.y0!);
  });

  it('test_stacklimit', () => {
    const graph: Record<number, readonly number[]> = range(100_000).map((i) => (i ? [i - 1] : []));
    const { rank } = planOf(Object.values(graph));
    expect([...rank.subarray(0, 3)]).toEqual([0, 1, 2]);
    expect(rank.at(-1)).toBe(99_999);
  });

  it('test_base_of_reduce_preferred', () => {
    // b0 joins a0 and a0's successor: what the reduction needs at its base comes first.
    const graph: Record<string, string[]> = { c: [] };
    for (let i = 0; i < 9; i++) graph[`a${i + 1}`] = [`a${i}`, `b${i + 1}`];
    graph.a0 = ['b0'];
    for (let i = 0; i < 10; i++) graph[`b${i}`] = ['c'];
    const o = order(graph);
    expect(o.b0!).toBeLessThanOrEqual(4);
    expect(o.b1!).toBeLessThanOrEqual(6);
  });

  it('test_run_smaller_sections, test_recursion: nothing waits that could be used up', () => {
    const o = order({ a: [], b: ['a'], c: [], d: ['c'], e: ['b', 'd'] });
    // One branch to its end, then the other.
    const branches = [
      [o.a!, o.b!],
      [o.c!, o.d!],
    ].sort(([x], [y]) => x! - y!);
    expect(branches).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });
});
