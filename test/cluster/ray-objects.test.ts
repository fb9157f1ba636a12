/**
 * Objects and remote functions: what Ray's own tests of them ask for (test_basic, test_basic_2, test_basic_3,
 * test_reference_counting, test_failure), and what is ours.
 *
 * Left out: keyword arguments, several return values and `ray.remote` with decorators (Python's); fractional
 * and named resources, placement groups, runtime environments, workers' import threads (Ray's scheduler);
 * remote functions that call remote functions (a task has no client of its cluster); `get` with a time-out
 * (`wait` has one).
 */
import { DependencyError, shared } from 'heddle';
import { type Client, ObjectLostError, ObjectRef } from 'heddle/cluster';
import { describe, expect, it } from 'vitest';
import { collect } from '../helpers/collect.ts';
import { failure, transports, withEngines } from './support.ts';

const nap = (ms: number) => new Promise<number>((resolve) => setTimeout(resolve, ms, ms));

class Point {
  readonly x: number;
  readonly y: number;
  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
  get norm() {
    return Math.hypot(this.x, this.y);
  }
}

describe.each(transports)('objects, %s', (_name, start) => {
  let client: Client;

  withEngines(start, 2, (started) => {
    ({ client } = started);
  });

  it('put and get give the same value, of any kind', async () => {
    const values: unknown[] = [
      0,
      -0,
      Number.NaN,
      2n ** 70n,
      'text',
      '',
      null,
      undefined,
      true,
      [1, [2, [3]]],
      { a: { b: [1, 2] } },
      new Map([[1, new Set(['a'])]]),
      new Date(5),
      new Uint8Array([1, 2, 3]),
    ];
    for (const value of values) expect(await client.get(client.put(value))).toEqual(value);
    const large = new Float64Array(300_000).map((_, i) => i);
    const got = await client.get(client.put([large, 'beside it'] as const));
    expect(Buffer.compare(Buffer.from(got[0].buffer), Buffer.from(large.buffer))).toBe(0);
    expect(got[1]).toBe('beside it');
    const point = await client.get(client.put(new Point(3, 4)));
    expect(point).toBeInstanceOf(Point);
    expect(point.norm).toBe(5);
  });

  it('get of many gives them in order; of none, none', async () => {
    const refs = Array.from({ length: 100 }, (_, i) => client.put(i));
    expect(await client.get(refs)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(await client.get([refs[3]!, refs[3]!])).toEqual([3, 3]);
    expect(await client.get([])).toEqual([]);
  });

  it('what is changed after put, or in what get gave, is changed there alone', async () => {
    const value = {
      list: [1, 2],
      large: new Float64Array(300_000).fill(1),
      small: Uint8Array.of(1),
    };
    const ref = client.put(value);
    value.list.push(3);
    value.large[0] = 9;
    value.small[0] = 9;
    const first = await ref.get();
    expect([first.list, first.large[0], first.small[0]]).toEqual([[1, 2], 1, 1]);
    first.list.push(7);
    first.large[0] = 7;
    first.small[0] = 7;
    const second = await ref.get();
    expect([second.list, second.large[0], second.small[0]]).toEqual([[1, 2], 1, 1]);
    const change = client.remote((given: typeof value) => {
      given.large[0] = 5;
      given.list.push(5);
      return [given.large[0], given.list.length];
    });
    expect(await change(ref).get()).toEqual([5, 3]);
    expect(await change(ref).get()).toEqual([5, 3]);
    expect((await ref.get()).large[0]).toBe(1);
  });

  it('memory that all write to stays that', async () => {
    const words = shared.zeros('int32', 4);
    const ref = client.put(words);
    const write = client.remote((array: Int32Array) => {
      array[1] = 6;
    });
    await write(ref).get();
    expect(words[1]).toBe(6);
  });

  it('wait gives as many as were asked for, in order, and says what is not there', async () => {
    const refs = Array.from({ length: 10 }, (_, i) => client.put(i));
    const two = await client.wait(refs, { count: 2 });
    expect([two.ready, two.pending]).toEqual([refs.slice(0, 2), refs.slice(2)]);
    const gate = shared.zeros('int32', 1);
    const opens = client.remote(async (words: Int32Array) => {
      while (Atomics.load(words, 0) === 0) await new Promise((r) => setTimeout(r, 2));
      return 1;
    });
    const one = await client.wait([opens(gate), refs[0]!]);
    expect(one.ready).toEqual([refs[0]]);
    const none = await client.wait(one.pending, { timeout: 20 });
    expect([none.ready.length, none.pending.length]).toEqual([0, 1]);
    expect(await client.wait([])).toEqual({ ready: [], pending: [] });
    expect(await client.wait(one.pending, { timeout: 0 })).toMatchObject({ ready: [] });
    await expect(client.wait([refs[0]!, refs[0]!])).rejects.toThrow(RangeError);
    await expect(client.wait(refs, { count: 11 })).rejects.toThrow(RangeError);
    await expect(client.wait(refs[0] as never)).rejects.toThrow(TypeError);
    await expect(client.get([1] as never)).rejects.toThrow(TypeError);
    // A call that has failed is there, too.
    const bad = client.remote(() => {
      throw new Error('no');
    });
    expect((await client.wait([bad()])).ready).toHaveLength(1);
    Atomics.store(gate, 0, 1);
    expect(await one.pending[0]!.get()).toBe(1);
  });

  it('free lets go of a value, whoever else has its name', async () => {
    const ref = client.put({ a: 1 });
    ref.free();
    const lost = await failure(ref.get());
    expect(lost).toBeInstanceOf(ObjectLostError);
    expect(lost).toMatchObject({ code: 'ERR_HEDDLE_OBJECT_LOST', id: ref.id });
    const length = client.remote((value: { a: number }) => value.a);
    const dependent = await failure(length(ref).get());
    expect(dependent).toBeInstanceOf(DependencyError);
    expect(dependent.cause).toBeInstanceOf(ObjectLostError);
  });

  it('what can not travel is refused at once, with its path', () => {
    expect(() => client.put({ a: [new WeakMap()] })).toThrow(/value\.a\[0\]/);
    const fn = client.remote((x: unknown) => x);
    expect(() => fn({ a: new WeakMap() })).toThrow(/arguments\[0\]\.a/);
  });

  it('a reference travels inside of values, and is no promise', async () => {
    const inner = client.put('inner');
    const outer = client.put({ list: [inner] });
    const got = await client.get(outer);
    expect(got.list[0]).toBeInstanceOf(ObjectRef);
    expect(await got.list[0]!.get()).toBe('inner');
    expect('then' in inner).toBe(false);
    const both = client.remote(async (top: string, deep: { ref: ObjectRef<string> }) => [
      top,
      deep.ref.constructor.name,
      await deep.ref.get(),
    ]);
    expect(await both(inner, { ref: inner }).get()).toEqual(['inner', 'ObjectRef', 'inner']);
  });

  it('an object lives as long as a reference: inside of others, in calls, in engines', async () => {
    const outer = client.put({ list: [client.put('kept by another')] });
    for (let i = 0; i < 5; i++) {
      collect();
      await nap(2);
    }
    expect(await (await outer.get()).list[0]!.get()).toBe('kept by another');
    const kept = await client.actor(Keeping, []);
    await kept.keep({ ref: client.put('kept by an actor') });
    for (let i = 0; i < 5; i++) {
      collect();
      await nap(2);
    }
    expect(await kept.read()).toBe('kept by an actor');
    await kept.$.kill();
  });

  it('names that functions bring along count, too', async () => {
    const ref = client.put('there');
    const read = client.remote(async (given: { ref: ObjectRef<string> }) => [
      await ref.get(),
      await given.ref.get(),
    ]);
    for (let i = 0; i < 20; i++) {
      expect(await read({ ref }).get()).toEqual(['there', 'there']);
    }
    expect(await client.map([1], async () => await ref.get())).toEqual(['there']);
  });

  it('a name of another cluster means nothing', async () => {
    const other = await start({ n: 1 });
    const ref = (await other.client()).put(5);
    const read = client.remote((x: number) => x);
    expect((await failure(read(ref).get())).cause).toBeInstanceOf(ObjectLostError);
    await other.stop();
    expect(await failure(ref.get())).toBeInstanceOf(ObjectLostError);
  });
});

class Keeping {
  ref: ObjectRef<string> | null = null;
  keep(given: { ref: ObjectRef<string> }) {
    this.ref = given.ref;
  }
  async read() {
    return await this.ref!.get();
  }
}

describe.each(transports)('remote functions, %s', (_name, start) => {
  let client: Client;

  withEngines(start, 2, (started) => {
    ({ client } = started);
  });

  it('give references at once, and run with any arguments', async () => {
    const f = client.remote((...args: unknown[]) => args);
    expect(await f().get()).toEqual([]);
    expect(await f(1).get()).toEqual([1]);
    expect(await f(1, 'a', [2], { b: 3 }).get()).toEqual([1, 'a', [2], { b: 3 }]);
    const sum = client.remote((a: number, b?: number) => a + (b ?? 10));
    expect(await client.get([sum(1), sum(1, 2)])).toEqual([11, 3]);
    const slow = client.remote(nap);
    const ref = slow(50);
    expect((await client.wait([ref], { timeout: 0 })).pending).toEqual([ref]);
    expect(await ref.get()).toBe(50);
  });

  it('chains of calls run, each with the value of the one before', async () => {
    const inc = client.remote((x: number) => x + 1);
    let ref = client.put(0) as ObjectRef<number>;
    for (let i = 0; i < 100; i++) ref = inc(ref);
    expect(await ref.get()).toBe(100);
    const tree = client.remote((a: number, b: number) => a + b);
    let level = Array.from({ length: 64 }, (_, i) => client.put(i) as ObjectRef<number>);
    while (level.length > 1) {
      level = level.flatMap((one, i) => (i % 2 === 0 ? [tree(one, level[i + 1]!)] : []));
    }
    expect(await level[0]!.get()).toBe(2016);
  });

  it('capture what they use, and are what they were when they were made', async () => {
    let factor = 2;
    const twice = client.remote((x: number) => x * factor);
    factor = 3;
    const thrice = client.remote((x: number) => x * factor);
    expect(await client.get([twice(5), thrice(5)])).toEqual([10, 15]);
    const point = client.remote((x: number) => new Point(x, 4));
    const norm = client.remote((p: Point) => [p instanceof Point, p.norm]);
    expect(await norm(point(3)).get()).toEqual([true, 5]);
    expect(await point(3).get()).toBeInstanceOf(Point);
  });

  it('arguments are what they were at the call', async () => {
    const length = client.remote((list: number[]) => list.length);
    const list = [1, 2];
    const ref = length(list);
    list.push(3);
    expect(await ref.get()).toBe(2);
  });

  it('many calls of one turn go together, and each has its result', async () => {
    const f = client.remote((x: number) => ({ x, pid: process.pid }));
    const refs = Array.from({ length: 3000 }, (_, i) => f(i));
    const values = await client.get(refs);
    expect(values.map(({ x }) => x)).toEqual(refs.map((_, i) => i));
    expect(new Set(values.map(({ pid }) => pid)).size).toBe(2);
  });

  it('errors are thrown where the value is asked for, as they were', async () => {
    class OwnError extends RangeError {
      readonly detail: number;
      constructor(detail: number) {
        super(`own ${detail}`);
        this.detail = detail;
      }
    }
    const bad = client.remote((x: number) => {
      if (x === 1) throw new OwnError(x);
      return x;
    });
    const [good, failed] = [bad(0), bad(1)];
    expect(await good.get()).toBe(0);
    const error = await failure(failed.get());
    expect(error).toBeInstanceOf(OwnError);
    expect(error).toMatchObject({ message: 'own 1', detail: 1 });
    const rejected = client.remote(async () => Promise.reject(new TypeError('later')));
    expect(await failure(rejected().get())).toBeInstanceOf(TypeError);
    // In a task, and through further calls.
    const read = client.remote(async (given: { ref: ObjectRef<number> }) => {
      try {
        return await given.ref.get();
      } catch (error) {
        return (error as Error).message;
      }
    });
    expect(await read({ ref: failed }).get()).toBe('own 1');
    const next = client.remote((x: number) => x);
    const dependent = await failure(next(next(failed)).get());
    expect(dependent).toBeInstanceOf(DependencyError);
    expect((dependent.cause as Error).cause).toBeInstanceOf(OwnError);
    expect(await failure(client.get([good, failed]))).toBeInstanceOf(OwnError);
    const odd = client.remote(() => new WeakMap());
    expect(await failure(odd().get())).toMatchObject({ code: 'ERR_HEDDLE_CLONE' });
  });

  it('retryErrors and timeout are per call', async () => {
    const count = shared.zeros('int32', 1);
    const flaky = client.remote(
      (n: Int32Array) => {
        if (Atomics.add(n, 0, 1) < 2) throw new Error('not yet');
        return n[0];
      },
      { retryErrors: 2 },
    );
    expect(await flaky(count).get()).toBe(3);
    const stuck = client.remote(() => new Promise<never>(() => {}), { timeout: 100, retries: 0 });
    expect(await failure(stuck().get())).toMatchObject({ code: 'ERR_HEDDLE_TIMEOUT' });
    await client.waitForEngines(2);
  });

  it('cpus gives a call the threads of several engines, which rest meanwhile', async () => {
    const wide = client.remote(() => Number(process.env.OMP_NUM_THREADS), { cpus: 2 });
    const plain = client.remote(() => Number(process.env.OMP_NUM_THREADS));
    const threads = await plain().get();
    expect(await wide().get()).toBe(2 * threads);
    // No other call runs beside it.
    const running = shared.zeros('int32', 2);
    const note = async (counts: Int32Array, weight: number) => {
      const now = Atomics.add(counts, 0, weight) + weight;
      if (now > counts[1]!) Atomics.store(counts, 1, now);
      await new Promise((resolve) => setTimeout(resolve, 20));
      Atomics.sub(counts, 0, weight);
    };
    const narrow = client.remote(note);
    const two = client.remote(note, { cpus: 2 });
    const refs = Array.from({ length: 12 }, (_, i) =>
      i % 3 === 0 ? two(running, 2) : narrow(running, 1),
    );
    await client.get(refs);
    expect(running[1]).toBe(2);
    expect(() => client.remote(nap, { cpus: 3 })).toThrow(RangeError);
    expect(() => client.remote(nap, { cpus: 0 })).toThrow(RangeError);
    expect(() => client.remote(nap, { cores: 1 } as never)).toThrow(/cores/);
  });

  it('a call waits for what is deep in its arguments, so that engines are not used up', async () => {
    const slow = client.remote(async (ms: number) => nap(ms));
    const second = client.remote((x: number) => x + 1);
    const waits = client.remote(async ({ ref }: { ref: ObjectRef<number> }) => await ref.get());
    const late = second(slow(50));
    // As many as would take all engines.
    expect(
      await client.get([waits({ ref: late }), waits({ ref: late }), waits({ ref: late })]),
    ).toEqual([51, 51, 51]);
  });
});
