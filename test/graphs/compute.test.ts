/**
 * Graphs of delayed calls on every backend: results, errors, deaths, aborts.
 */
import {
  type ComputeOptions,
  CycleError,
  compute,
  DependencyError,
  delayed,
  heddle,
  Parallel,
  persist,
  shared,
  shutdownWorkers,
  TaskError,
  TaskTimeoutError,
  visualize,
  WorkerCrashedError,
} from 'heddle';
import { afterAll, describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { fc } from '../helpers/seeds.ts';
import { everyBackend, range, rejection, sleep, workerBackends } from '../parallel/support.ts';
import { randomNeeds } from './support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

const add = delayed(function add(a: number, b: number) {
  return a + b;
});
const inc = delayed(function inc(x: number) {
  return x + 1;
});
const sum = delayed(function sum(xs: readonly number[]) {
  return xs.reduce((a, b) => a + b, 0);
});
const slowly = delayed(async function slowly(x: number) {
  await new Promise((resolve) => setTimeout(resolve, 2));
  return x;
});
const fail = delayed(function fail(message: string): number {
  throw Object.assign(new RangeError(message), { code: 'E_FAIL' });
});
const die = delayed(function die(x: number): number {
  if (process.argv.includes('never')) return x;
  process.exit(9);
});

/** One number for each call that is made, wherever it is. */
const counters = () => {
  const count = shared.zeros('int32', 4);
  const counted = delayed(function counted(x: number, at: number) {
    Atomics.add(count, at, 1);
    return x + 1;
  });
  return { count, counted };
};

describe.each(everyBackend)('%s', (_, options: ComputeOptions) => {
  it('makes calls that are arguments of calls, at any depth, and each once', async () => {
    const { count, counted } = counters();
    const base = counted(1, 0);
    const left = counted(base, 1);
    const right = counted(base, 2);
    const whole = delayed((a: number, b: { list: number[]; map: Map<string, Set<number>> }) => [
      a,
      b.list,
      [...b.map.get('x')!],
    ]);
    const end = whole(left, { list: [right, 5, base], map: new Map([['x', new Set([right])]]) });
    expect(await compute(end, options)).toEqual([3, [3, 5, 2], [3]]);
    expect([...count]).toEqual([1, 1, 1, 0]);
    // As many results as were asked for, where they were asked for.
    const { a, b } = await compute({ a: end, b: new Map([[base, [left, 'text']]]) }, options);
    expect(a).toEqual([3, [3, 5, 2], [3]]);
    expect([...b]).toEqual([[2, [3, 'text']]]);
    expect([...count]).toEqual([2, 2, 2, 0]);
  });

  it('makes chains, of async functions too', async () => {
    const twice = delayed((x: number, y: number, z: number) => [x, y, z].join());
    const chain = inc(slowly(inc(inc(slowly(0)))));
    expect(await compute(twice(chain, 7, chain), options)).toBe('3,7,3');
    let long: ReturnType<typeof inc | typeof slowly> = inc(0);
    for (let i = 1; i < 1000; i++) long = i % 100 === 0 ? slowly(long) : inc(long);
    expect(await compute(long, options)).toBe(991);
  });

  it('gives what has no calls in it back, and what is known at once', async () => {
    const value = { x: [1, new Date(5)] };
    expect(await compute(value, options)).toBe(value);
    expect(await compute([] as const, options)).toEqual([]);
    expect(await compute(7, options)).toBe(7);
  });

  it('is the same as one call after the other, for any graph', async () => {
    const mix = delayed((at: number, some: readonly number[], nested: { x: number[] }) =>
      [...some, ...nested.x].reduce((a, b) => (a * 31 + b) % 1_000_003, at),
    );
    await fc.assert(
      fc.asyncProperty(
        randomNeeds(40),
        fc.integer({ min: 1, max: 7 }),
        async (needs, batchSize) => {
          const values: number[] = [];
          const calls: ReturnType<typeof mix>[] = [];
          for (const [at, some] of needs.entries()) {
            const half = some.length >> 1;
            const [one, other] = [some.slice(0, half), some.slice(half)];
            calls.push(
              mix(
                at,
                one.map((i) => calls[i]!),
                { x: other.map((i) => calls[i]!) },
              ),
            );
            values.push([...one, ...other].reduce((a, i) => (a * 31 + values[i]!) % 1_000_003, at));
          }
          const asked = [0, calls.length - 1, calls.length >> 1];
          const got = await compute(
            asked.map((i) => calls[i]!),
            { ...options, batchSize },
          );
          expect(got).toEqual(asked.map((i) => values[i]));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is told by name which call failed, of a chain too', async () => {
    const error = await rejection(compute(add(inc(inc(fail('boom'))), inc(1)), options));
    expect(error).toBeInstanceOf(TaskError);
    expect(error).toMatchObject({
      label: 'fail',
      argument: "[ 'boom' ]",
      message: "Task 'fail' ([ 'boom' ]) failed: RangeError: boom",
      cause: { code: 'E_FAIL' },
    });
    const middle = delayed(
      (x: number): number => {
        if (x > 0) throw new Error('in the middle');
        return x;
      },
      { label: 'middle of it' },
    );
    for (const start of [inc(0), slowly(1)]) {
      const other = await rejection(compute(inc(middle(start)), options));
      const before = start === undefined ? '' : (start.fn.name as string);
      expect(other).toMatchObject({
        label: 'middle of it',
        argument: `[ <result of '${before}'> ]`,
      });
    }
  });

  it('cancels what needs a failed call, and no other, where errors are results', async () => {
    const { count, counted } = counters();
    const bad = fail('boom');
    const results = await compute(
      {
        whole: add(counted(bad, 0), counted(1, 1)),
        bad,
        other: counted(counted(1, 2), 2),
        both: [counted(bad, 0), counted(5, 3)],
      },
      { ...options, returnErrors: true },
    );
    expect(results.other).toEqual({ status: 'fulfilled', value: 3 });
    expect(results.both[1]).toEqual({ status: 'fulfilled', value: 6 });
    expect(results.bad).toMatchObject({ status: 'rejected', reason: { label: 'fail' } });
    const { reason } = results.whole as PromiseRejectedResult;
    expect(reason).toBeInstanceOf(DependencyError);
    expect(reason).toMatchObject({
      label: 'add',
      failed: 'fail',
      code: 'ERR_HEDDLE_DEPENDENCY',
      cause: results.bad.status === 'rejected' ? results.bad.reason : null,
    });
    expect(reason.message).toContain("'add' was not called: 'fail', which it needs, failed");
    expect(results.both[0]).toMatchObject({ reason: { label: 'counted', failed: 'fail' } });
    expect(count[0]).toBe(0);
    expect([count[2], count[3]]).toEqual([2, 1]);
    const chain = await compute([inc(fail('x')), inc(1)], { ...options, returnErrors: true });
    expect(chain[0]).toMatchObject({ status: 'rejected', reason: { label: 'fail' } });
    expect(chain[1]).toEqual({ status: 'fulfilled', value: 2 });
  });

  it('names circles before anything runs', async () => {
    const { count, counted } = counters();
    const list: ReturnType<typeof inc>[] = [];
    const end = sum(list);
    list.push(inc(end), counted(1, 0));
    const error = await rejection(compute(end, options));
    expect(error).toBeInstanceOf(CycleError);
    expect((error as Error).message).toContain('sum → inc → sum');
    expect(() => visualize(end)).toThrow(CycleError);
    expect(count[0]).toBe(0);
  });

  it('stops when nobody wants it any more', async () => {
    const { count, counted } = counters();
    const before = AbortSignal.abort(new Error('at once'));
    expect(await rejection(compute(counted(1, 0), { ...options, signal: before }))).toBe(
      before.reason,
    );
    expect(count[0]).toBe(0);
    // A call that runs until it is let go.
    const flag = shared.zeros('int32', 1);
    const held = delayed(async (x: number) => {
      Atomics.add(count, 1, 1);
      while (flag[0] === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      return x;
    });
    const controller = new AbortController();
    const end = sum(range(4).map((i) => counted(held(i), 2)));
    const computing = rejection(compute(end, { ...options, signal: controller.signal }));
    while (count[1] === 0) await sleep(1);
    controller.abort(new Error('enough'));
    expect(((await computing) as Error).message).toBe('enough');
    // Workers are ended; in this process it is told on the next turn, and goes on when it is let go.
    if (options.backend === 'sequential') {
      await sleep(20);
      flag[0] = 1;
      await sleep(20);
    }
    expect(await compute(inc(inc(1)), options)).toBe(3);
    expect(count[2]).toBe(0);
  });

  it('lets two graphs of one call run at once', async () => {
    const { count, counted } = counters();
    const base = counted(slowly(1), 0);
    const both = await Promise.all([
      compute(inc(base), options),
      compute(add(base, base), options),
      compute([base], options),
    ]);
    expect(both).toEqual([3, 4, [2]]);
    // Each graph makes it; to make it once for several is what persist is for.
    expect(count[0]).toBe(3);
  });

  it('keeps results that later graphs take as they are', async () => {
    const { count, counted } = counters();
    const base = counted(1, 0);
    const kept = await persist({ base, list: [counted(base, 1)] as const }, options);
    expect([...count]).toEqual([1, 1, 0, 0]);
    expect(
      await compute([add(kept.base, kept.list[0]), kept.base, inc(kept.base)], options),
    ).toEqual([5, 2, 3]);
    expect(await compute([kept.base], { ...options, returnErrors: true })).toEqual([
      { status: 'fulfilled', value: 2 },
    ]);
    expect(await new Parallel(options).run([kept.base])).toEqual([2]);
    expect([...count]).toEqual([1, 1, 0, 0]);
    expect(await rejection(persist(fail('boom'), options))).toMatchObject({ label: 'fail' });
  });

  it('runs in Parallel, too', async () => {
    const shared1 = inc(1);
    const calls = [add(shared1, inc(shared1)), inc(5), { fn: Math.max, args: [1, inc(8)] }];
    expect(await new Parallel(options).run(calls)).toEqual([5, 6, 9]);
    const settled = await new Parallel({ ...options, returnErrors: true }).run([
      inc(fail('x')),
      inc(1),
    ]);
    expect(settled).toMatchObject([{ status: 'rejected' }, { status: 'fulfilled', value: 2 }]);
    const lazy = (function* () {
      yield inc(1);
      yield inc(inc(1));
    })();
    expect(await rejection(new Parallel(options).run(lazy))).toMatchObject({
      name: 'TypeError',
      message: expect.stringContaining('an array where calls need others'),
    });
  });

  it('passes large arrays on, and leaves the callers their own', async () => {
    const size = 400_000;
    const make = delayed((n: number) => new Float64Array(n).fill(1));
    const scale = delayed((xs: Float64Array, by: number) => xs.map((x) => x * by));
    const total = delayed((...all: Float64Array[]) =>
      all.reduce((s, xs) => s + xs.reduce((a, b) => a + b, 0), 0),
    );
    const base = make(size);
    expect(await compute(total(scale(base, 2), scale(base, 3), base), options)).toBe(6 * size);
    const kept = await persist(base, options);
    expect(await compute(total(kept, scale(kept, 5)), options)).toBe(6 * size);
  });

  it('refuses what makes no sense', async () => {
    const bad = (what: unknown, given: unknown): Promise<unknown> =>
      rejection(compute(what, given as ComputeOptions));
    expect(await bad(inc(1), inc(2))).toMatchObject({ message: expect.stringContaining('array') });
    expect(await bad(inc(1), { ...options, seed: 1 })).toBeInstanceOf(TypeError);
    expect(await bad(inc(1), { ...options, retires: 1 })).toMatchObject({
      message: expect.stringContaining("did you mean 'retries'"),
    });
    expect(await rejection(persist(inc(1), { returnErrors: true } as never))).toBeInstanceOf(
      TypeError,
    );
    expect(() => delayed(1 as never)).toThrow(TypeError);
    expect(() => delayed(() => 1, { label: 1 as never })).toThrow(TypeError);
    expect(() => visualize(inc(1), { format: 'png' as never })).toThrow(RangeError);
    const changing: unknown[] = [];
    const late = delayed((xs: unknown) => xs)([
      delayed(() => {
        changing.push(1);
      })(),
      changing,
    ]);
    const { args } = late as unknown as { args: [unknown[]] };
    args[0].push(1);
    expect(await compute(late, options)).toHaveLength(3);
  });
});

describe.each(workerBackends)('%s', (_, options: ComputeOptions) => {
  it('keeps chains apart that run at a time in one worker', async () => {
    const fails = delayed(
      (x: number) => {
        if (x === 15) throw new Error('fifteen');
        return x;
      },
      { label: 'fails' },
    );
    const chain = (x: number) => inc(slowly(fails(inc(slowly(inc(slowly(x)))))));
    const settled = await compute(range(20).map(chain), {
      ...options,
      concurrency: 4,
      returnErrors: true,
    });
    for (const [x, one] of settled.entries()) {
      if (x === 13) expect(one).toMatchObject({ reason: { label: 'fails' } });
      else expect(one).toEqual({ status: 'fulfilled', value: x + 3 });
    }
  });

  it('refuses calls where no argument has them', async () => {
    class Box {
      readonly call = inc(1);
    }
    const error = await rejection(compute(delayed((x: unknown) => x)(new Box()), options));
    expect((error as Error).message).toMatch(/a delayed call that is not an argument of another/);
    const hidden = inc(1);
    const captured = await rejection(compute(delayed(() => hidden)(), options));
    expect((captured as Error).message).toMatch(/delayed call/);
  });

  it('ends calls that take too long, each by itself', async () => {
    // Together longer than the limit, each of them far below.
    const nap = delayed(async (x: number) => {
      await new Promise((resolve) => setTimeout(resolve, 600));
      return x;
    });
    let chain = nap(1);
    for (let i = 0; i < 5; i++) chain = nap(chain);
    expect(await compute(chain, { ...options, timeout: 3000 })).toBe(1);
    const forever = delayed(function forever(x: number) {
      for (;;) if (x < 0) return x;
    });
    const error = await rejection(compute(inc(forever(inc(1))), { ...options, timeout: 200 }));
    expect(error).toBeInstanceOf(TaskTimeoutError);
    expect(error).toMatchObject({ label: 'forever' });
  });

  it('names the calls of a worker that ends, and cancels what needs them', async () => {
    const error = await rejection(compute(inc(die(inc(1))), options));
    expect(error).toBeInstanceOf(WorkerCrashedError);
    expect((error as WorkerCrashedError).tasks).toMatchObject([{ label: 'inc → die → inc' }]);
    expect((error as Error).message).toContain("running: task 'inc → die → inc'");
    const results = await compute([add(die(1), inc(2)), inc(inc(3))], {
      ...options,
      returnErrors: true,
    });
    expect(results[0]).toMatchObject({
      status: 'rejected',
      reason: { label: 'add', failed: 'die' },
    });
    expect(results[1]).toEqual({ status: 'fulfilled', value: 5 });
  });

  it('makes calls again whose worker ended, with retries', async () => {
    const { count, counted } = counters();
    const once = delayed((x: number) => {
      if (Atomics.add(count, 3, 1) === 0) process.exit(3);
      return x;
    });
    const parts = range(20).map((i) => counted(i, 0));
    const end = add(once(sum(parts)), counted(1, 1));
    expect(await compute(end, { ...options, retries: 1 })).toBe(210 + 2);
    expect(count[3]).toBe(2);
    expect(count[1]).toBeGreaterThanOrEqual(1);
  });

  it('ends, and right, whatever dies or fails', async () => {
    const node = delayed((how: 'ok' | 'throw' | 'exit', some: readonly number[]) => {
      if (how === 'throw') throw new Error('thrown');
      if (how === 'exit') process.exit(5);
      return some.reduce((a, b) => a + b, 1);
    });
    const hows = fc.array(
      fc.constantFrom<'ok' | 'throw' | 'exit'>('ok', 'ok', 'ok', 'ok', 'ok', 'throw', 'exit'),
      { minLength: 14, maxLength: 14 },
    );
    await fc.assert(
      fc.asyncProperty(randomNeeds(14), hows, async (needs, how) => {
        const calls: ReturnType<typeof node>[] = [];
        const good: (number | null)[] = [];
        for (const [at, some] of needs.entries()) {
          calls.push(
            node(
              how[at]!,
              some.map((i) => calls[i]!),
            ),
          );
          const all = some.map((i) => good[i]!);
          const lost = how[at] !== 'ok' || all.includes(null as never);
          good.push(lost ? null : all.reduce((a, b) => a + b, 1));
        }
        const settled = await compute(calls, { ...options, returnErrors: true });
        for (const [at, result] of settled.entries()) {
          if (good[at] !== null) expect(result).toEqual({ status: 'fulfilled', value: good[at] });
          else {
            const own = how[at] === 'throw' ? TaskError : WorkerCrashedError;
            const lost = needs[at]!.some((i) => good[i] === null);
            expect((result as PromiseRejectedResult).reason).toBeInstanceOf(
              lost ? DependencyError : own,
            );
          }
        }
      }),
      { numRuns: 15 },
    );
  }, 120_000);

  it('takes instances, and calls of functions that capture', async () => {
    class Point {
      #x: number;
      constructor(x: number) {
        this.#x = x;
      }
      get x() {
        return this.#x;
      }
      [heddle.state]() {
        return this.#x;
      }
      static [heddle.restore](x: number) {
        return new Point(x);
      }
    }
    const factor = 3;
    const point = delayed((x: number) => new Point(x * factor));
    const read = delayed((one: Point, list: Point[]) => one.x + list[0]!.x);
    const one = point(2);
    expect(await compute(read(one, [one]), options)).toBe(12);
  });
});

it('draws graphs', async () => {
  const one = inc(1);
  const kept = await persist(inc(2), { jobs: 1 });
  const graph = [add(one, kept), delayed(() => 1, { label: 'a "quoted"\nlabel\\' })()];
  expect(visualize(graph)).toBe(
    [
      'digraph heddle {',
      '  rankdir=BT;',
      '  node [fontname="sans-serif"];',
      '  n0 [label="inc"];',
      '  n1 [label="inc", shape=box, style=filled, fillcolor="#dddddd"];',
      '  n2 [label="add", peripheries=2];',
      '  n3 [label="a \\"quoted\\"\\nlabel\\\\", peripheries=2];',
      '  n0 -> n2;',
      '  n1 -> n2;',
      '}',
      '',
    ].join('\n'),
  );
  const svg = await visualize(graph, { format: 'svg' });
  expect(svg).toMatch(/^<\?xml[\s\S]*<svg[\s\S]*<\/svg>\s*$/);
  expect(svg.match(/<g id="node/g)).toHaveLength(4);
  expect(svg.match(/<g id="edge/g)).toHaveLength(2);
});

it('counts calls on its bar', async () => {
  const lines: string[] = [];
  const { write } = process.stderr;
  process.stderr.write = ((text: string) => {
    lines.push(text);
    return true;
  }) as typeof write;
  try {
    await compute(inc(inc(inc(0))), { jobs: 1, progress: { label: 'graph' } });
  } finally {
    process.stderr.write = write;
  }
  expect(lines.join('')).toMatch(/graph: 3\/3 tasks/);
});
