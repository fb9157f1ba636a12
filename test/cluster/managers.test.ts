/**
 * Managers: what CPython's own tests of them ask for (test_multiprocessing: _TestContainers, _TestManagerExceptions,
 * _TestMyManager, _TestRemoteManager, _TestManagerRestart, the manager's forms of the tests of queues, locks,
 * semaphores and events), and what is ours.
 *
 * Left out: Array, RLock, Condition, Barrier and Pool of a manager (those of heddle/sync are faster, and a
 * class of one's own can be registered); set, as a dictionary's keys; slices with a step, and arithmetic of lists;
 * `AutoProxy`'s `repr`, `str` and `_getvalue` (copy() gives the value); `method_to_typeid` (a method may give any
 * proxy); views of a dictionary that follow it; the manager as a server in this very process (`get_server`);
 * `initializer` (create() runs any code there); `shared_memory` managers (arrays are shared by themselves).
 */
import { executor, map, shutdownWorkers, submit, WorkerCrashedError } from 'heddle';
import { type Change, Cluster, type DictProxy, type ListProxy, Manager } from 'heddle/cluster';
import { NotHeldError, QueueClosedError } from 'heddle/sync';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { fc, runsOf } from '../helpers/seeds.ts';
import { failure } from './support.ts';

/** CPython's FooBar: what it registers, and what a proxy of it may do. */
class FooBar {
  f(): string {
    return 'f()';
  }
  g(): never {
    throw new RangeError('g');
  }
  _h(): string {
    return '_h()';
  }
  *squares(n: number): Generator<number> {
    for (let i = 0; i < n; i++) yield i * i;
  }
}

let manager: Manager;
beforeAll(async () => {
  manager = await Manager.start();
});
afterAll(async () => {
  await manager.close();
  await shutdownWorkers({ kill: true });
});

describe('dictionaries', () => {
  it('test_dict', async () => {
    const d = await manager.dict<number, string>();
    const indices = [65, 66, 67, 68, 69];
    for (const i of indices) void d.set(i, String.fromCharCode(i));
    expect(await d.copy()).toEqual(new Map(indices.map((i) => [i, String.fromCharCode(i)])));
    expect(await d.keys()).toEqual(indices);
    expect(await d.values()).toEqual(['A', 'B', 'C', 'D', 'E']);
    expect(await d.entries()).toEqual(indices.map((i) => [i, String.fromCharCode(i)]));
    expect([await d.size(), await d.has(66), await d.has(1)]).toEqual([5, true, false]);
    expect([await d.get(66), await d.get(1), await d.get(1, 'none')]).toEqual([
      'B',
      undefined,
      'none',
    ]);
    expect([await d.pop(65), await d.pop(65, 'none'), await d.delete(66)]).toEqual([
      'A',
      'none',
      true,
    ]);
    expect([await d.popItem(), await d.setDefault(70, 'F'), await d.setDefault(70, 'G')]).toEqual([
      [69, 'E'],
      'F',
      'F',
    ]);
    await d.clear();
    expect([await d.size(), await d.popItem()]).toEqual([0, null]);
    expectTypeOf(d.get(1)).resolves.toEqualTypeOf<string | undefined>();
  });

  it('test_dict_iter, and several entries in one call', async () => {
    const d = await manager.dict({ a: 1, b: 2 });
    await d.update(new Map([['c', 3]]));
    await d.update([['a', 4]]);
    const seen: unknown[] = [];
    for await (const entry of d) seen.push(entry);
    expect(seen).toEqual([
      ['a', 4],
      ['b', 2],
      ['c', 3],
    ]);
    expect(await d.getAll(['c', 'x', 'a'])).toEqual([3, undefined, 4]);
    await d.update({ b: undefined as never });
    expect([await d.has('b'), await d.get('b', 7)]).toEqual([true, undefined]);
  });

  it('test_dict_proxy_nested: what is in one may be a proxy', async () => {
    const pets = await manager.dict<string, unknown>({ ferrets: 2, hamsters: 4 });
    const inner = await manager.dict<string, unknown>({ water: 10, pets });
    const d = await manager.dict<string, unknown>({ inner, feed: 1 });
    const got = (await d.get('inner')) as typeof inner;
    await got.set('blankets', 5);
    expect(await inner.get('blankets')).toBe(5);
    await ((await got.get('pets')) as typeof pets).set('hamsters', 8);
    expect(await pets.copy()).toEqual(
      new Map([
        ['ferrets', 2],
        ['hamsters', 8],
      ]),
    );
  });

  it('keep values of any kind as they were sent, and refuse what can’t be', async () => {
    class Point {
      readonly x: number;
      constructor(x: number) {
        this.x = x;
      }
    }
    const d = await manager.dict<string, unknown>();
    const value = {
      array: Float64Array.of(1, 2),
      map: new Map([[1, new Point(3)]]),
      fn: (x: number) => x + 1,
    };
    await d.set('value', value);
    value.array[0] = 9;
    const got = (await d.get('value')) as typeof value;
    expect([got.array, got.map.get(1), got.fn(2)]).toEqual([
      Float64Array.of(1, 2),
      new Point(3),
      3,
    ]);
    expect(got.map.get(1)).toBeInstanceOf(Point);
    // Of calls of one turn only the one that can't be made fails.
    const [bad, good] = [d.set('promise', Promise.resolve()), d.set('good', 1)];
    expect(await failure(bad)).toMatchObject({ code: 'ERR_HEDDLE_CLONE' });
    await good;
    expect(await failure(d.set({} as never, 1))).toMatchObject({
      code: 'ERR_HEDDLE_INVALID_ARGUMENT',
    });
    expect(await failure(d.update([1] as never))).toMatchObject({
      code: 'ERR_HEDDLE_INVALID_ARGUMENT',
    });
  });

  it('change a value in one step', async () => {
    const d = await manager.dict<string, number[]>({ a: [1] });
    const grow: Change<number[] | undefined> = (list = []) => [...list, list.length];
    expect(await d.change('a', grow)).toEqual([1, 1]);
    expect(await d.change('b', grow)).toEqual([0]);
    const fails = d.change('a', () => {
      throw new RangeError('no');
    });
    expect(await failure(fails)).toBeInstanceOf(RangeError);
    expect(await failure(d.change('a', (async () => []) as never))).toBeInstanceOf(TypeError);
    expect(await d.get('a')).toEqual([1, 1]);
  });

  it('do what a Map does', async () => {
    const key = fc.constantFrom('a', 'b', 1, null);
    const step = fc.oneof(
      fc.tuple(fc.constant('set' as const), key, fc.integer()),
      fc.tuple(fc.constantFrom('get', 'delete', 'has', 'pop', 'clear'), key, fc.constant(0)),
    );
    const property = fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const [d, model] = [
        await manager.dict<string | number | null, number>(),
        new Map<unknown, number>(),
      ];
      const results = steps.map(([what, k, v]) =>
        what === 'set' ? d.set(k, v) : what === 'clear' ? d.clear() : d[what as 'get'](k),
      );
      const expected = steps.map(([what, k, v]) => {
        if (what === 'set') return void model.set(k, v);
        if (what === 'clear') return model.clear();
        if (what === 'delete' || what === 'has' || what === 'get') return model[what](k);
        const found = model.get(k);
        model.delete(k);
        return found;
      });
      expect(await Promise.all(results)).toEqual(expected);
      expect(await d.copy()).toEqual(model);
    });
    await fc.assert(property, { numRuns: runsOf(30) });
  });
});

describe('lists', () => {
  it('test_list', async () => {
    const a = await manager.list([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await a.copy()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const b = await manager.list<number>();
    await b.extend([0, 1, 2, 3, 4]);
    expect([await b.at(2), await b.at(-1), await b.at(9)]).toEqual([2, 4, undefined]);
    expect(await b.slice(2, 10)).toEqual([2, 3, 4]);
    expect([await b.push(5), await b.pop(), await b.pop(0), await b.pop(9)]).toEqual([
      6,
      5,
      0,
      undefined,
    ]);
    await b.insert(1, 7);
    await b.set(-1, 3);
    expect(await b.copy()).toEqual([1, 7, 2, 3, 3]);
    expect([await b.indexOf(3), await b.count(3), await b.includes(9), await b.remove(3)]).toEqual([
      3,
      2,
      false,
      true,
    ]);
    expect(await b.splice(1, 2, 8, 9, 10)).toEqual([7, 2]);
    await b.reverse();
    expect([await b.copy(), await b.length()]).toEqual([[3, 10, 9, 8, 1], 5]);
    expect(await failure(b.set(5, 0))).toBeInstanceOf(RangeError);
    expect(await b.change(0, (x) => x * 2)).toBe(6);
    await b.clear();
    expect(await b.copy()).toEqual([]);
  });

  it('are sorted there', async () => {
    const numbers = await manager.list([10, 9, -1]);
    await numbers.sort();
    expect(await numbers.copy()).toEqual([-1, 9, 10]);
    const people = await manager.list([{ age: 7 }, { age: 3 }]);
    expect(await failure(people.sort())).toBeInstanceOf(TypeError);
    await people.sort((a, b) => a.age - b.age);
    expect(await people.copy()).toEqual([{ age: 3 }, { age: 7 }]);
    expect(await people.indexOf({ age: 7 })).toBe(1);
  });

  it('test_list_iter, test_list_proxy_in_list', async () => {
    const rows = await Promise.all([0, 1, 2].map(() => manager.list([0, 1, 2])));
    const a = await manager.list<ListProxy<number>>(rows);
    await (await a.at(0))!.set(0, 55);
    const seen: number[][] = [];
    for await (const row of a) seen.push(await row.copy());
    expect(seen).toEqual([
      [55, 1, 2],
      [0, 1, 2],
      [0, 1, 2],
    ]);
    const own = await manager.list<unknown>();
    await own.push(own);
    expect(await ((await own.at(0)) as typeof own).length()).toBe(1);
  });
});

describe('namespaces and values', () => {
  it('test_namespace', async () => {
    const n = await manager.namespace({ name: 'Bob', age: 3 });
    await n.set('name', 'Ann');
    expect([await n.get('name'), await n.has('age'), await n.delete('age')]).toEqual([
      'Ann',
      true,
      true,
    ]);
    expect([await n.copy(), await n.get('age')]).toEqual([{ name: 'Ann' }, undefined]);
    await n.update({ age: 4 });
    expect(await n.get('age')).toBe(4);
    // @ts-expect-error: an age is a number
    await n.set('age', '5');
  });

  it('a value, changed by many', async () => {
    const v = await manager.value(0);
    await map([1, 2, 3, 4], (n) => v.change((x) => x + n), { jobs: 2, backend: 'threads' });
    expect(await v.get()).toBe(10);
    await v.set(-1);
    expect(await v.get()).toBe(-1);
  });
});

describe('queues, locks, semaphores, events', () => {
  it('test_put, test_get, test_task_done: a queue between processes', async () => {
    const q = await manager.queue<number>({ maxSize: 2 });
    expect([await q.put(1), await q.put(2), await q.put(3, { timeout: 0 })]).toEqual([
      true,
      true,
      false,
    ]);
    const late = q.put(3);
    expect(await q.size()).toBe(2);
    expect(await q.get()).toEqual({ value: 1 });
    expect([await late, await q.get(), await q.get()]).toEqual([true, { value: 2 }, { value: 3 }]);
    expect([await q.get({ timeout: 1 }), await q.join({ timeout: 0 })]).toEqual([null, false]);
    const done = submit(async () => {
      let sum = 0;
      for await (const x of q) {
        sum += x;
        await q.taskDone();
      }
      return sum;
    });
    for (let i = 0; i < 3; i++) void q.taskDone();
    for (let i = 1; i <= 10; i++) await q.put(i);
    expect(await q.join()).toBe(true);
    await q.close();
    expect([await done, await q.closed(), await q.get()]).toEqual([55, true, null]);
    expect(await failure(q.put(1))).toBeInstanceOf(QueueClosedError);
    expect(await failure(q.taskDone())).toBeInstanceOf(RangeError);
  });

  it('test_lock: one at a time, whoever waits longest next', async () => {
    const lock = await manager.lock();
    const log = await manager.list<string>();
    const hold = await lock.acquire();
    expect([hold.abandoned, await lock.locked(), await lock.acquire({ timeout: 1 })]).toEqual([
      false,
      true,
      null,
    ]);
    const others = map(
      [0, 1, 2, 3],
      (i) =>
        lock.run(async () => {
          await log.push(`in ${i}`);
          await log.push(`out ${i}`);
        }),
      { jobs: 2, backend: 'threads' },
    );
    await hold.release();
    await others;
    const lines = await log.copy();
    for (let i = 0; i < 8; i += 2) expect(lines[i + 1]).toBe(lines[i]!.replace('in', 'out'));
    expect(await failure(hold.release())).toBeInstanceOf(NotHeldError);
  });

  it('a holder that dies frees the lock and its semaphores', async () => {
    const [lock, semaphore] = [await manager.lock(), await manager.semaphore(1)];
    const pids = await manager.queue<number>();
    await using pool = executor({ backend: 'processes', jobs: 2 });
    const dies = pool.submit(async () => {
      await lock.acquire();
      await semaphore.acquire();
      await pids.put(process.pid);
      await new Promise(() => setInterval(() => {}, 1000));
    });
    const pid = (await pids.get())!.value;
    const next = lock.acquire();
    const taken = semaphore.acquire();
    process.kill(pid, 'SIGKILL');
    expect(await failure(dies)).toBeInstanceOf(WorkerCrashedError);
    const hold = await next;
    expect([hold.abandoned, await taken]).toEqual([true, true]);
    await hold.release();
    const again = await lock.acquire();
    expect(again.abandoned).toBe(false);
  });

  it('test_semaphore, test_bounded_semaphore, test_event', async () => {
    const s = await manager.semaphore(2);
    expect([await s.acquire(), await s.acquire(), await s.acquire({ timeout: 1 })]).toEqual([
      true,
      true,
      false,
    ]);
    const waits = s.acquire();
    await s.release();
    expect([await waits, await s.available()]).toEqual([true, 0]);
    for (let i = 0; i < 3; i++) await s.release();
    expect(await s.available()).toBe(3);
    const bounded = await manager.semaphore(1, { bounded: true });
    expect(await failure(bounded.release())).toBeInstanceOf(RangeError);
    const e = await manager.event();
    expect([await e.isSet(), await e.wait({ timeout: 1 })]).toEqual([false, false]);
    const set = e.wait();
    await submit(() => e.set());
    expect([await set, await e.isSet()]).toEqual([true, true]);
    await e.clear();
    expect(await e.isSet()).toBe(false);
  });
});

describe('classes of one’s own', () => {
  it('test_mymanager: methods, errors, generators, and which are exposed', async () => {
    await manager.register('Foo', FooBar);
    await manager.register('Bar', FooBar, { methods: ['f', '_h'] });
    await manager.register('squares', () => ({ __proto__: { of: (n: number) => n * n } }));
    const foo = await manager.create<FooBar>('Foo');
    const bar = await manager.create<FooBar>('Bar');
    expect(Object.keys(foo).filter((name) => name !== '$')).toEqual(['f', 'g', '_h', 'squares']);
    expect(Object.keys(bar).filter((name) => name !== '$')).toEqual(['f', '_h']);
    expect([await foo.f(), await bar.f(), await bar._h()]).toEqual(['f()', 'f()', '_h()']);
    expect(await failure(foo.g())).toMatchObject({ name: 'RangeError', message: 'g' });
    const seen: number[] = [];
    for await (const x of foo.squares(10)) seen.push(x);
    expect(seen).toEqual([0, 1, 4, 9, 16, 25, 36, 49, 64, 81]);
    const before = await manager.count();
    for await (const x of foo.squares(10)) if (x > 3) break;
    expect(await manager.count()).toBe(before);
    const made = await manager.create<{ of(n: number): number }>('squares');
    expect(await made.of(12)).toBe(144);
    expect(await failure(manager.create('nobody'))).toBeInstanceOf(RangeError);
    expectTypeOf(foo.f).returns.resolves.toBeString();
  });

  it('generators take what is sent and thrown, as often as that is', async () => {
    class Echo {
      *lines(): Generator<string, string, string> {
        let line = 'ready';
        for (;;) {
          try {
            line = yield line;
            if (line === 'end') return 'done';
          } catch (error) {
            line = (error as Error).message;
          }
        }
      }
    }
    const lines = (await manager.create(Echo)).lines();
    expect(await lines.next('')).toEqual({ done: false, value: 'ready' });
    expect(await lines.next('a')).toEqual({ done: false, value: 'a' });
    for (const text of ['one', 'two', 'three']) {
      expect(await lines.throw(new Error(text))).toEqual({ done: false, value: text });
    }
    expect(await lines.next('end')).toEqual({ done: true, value: 'done' });
  });

  it('are sent as functions are, have state, and are called from anywhere', async () => {
    const factor = 10;
    class Total {
      #sum: number;
      constructor(start: number) {
        if (start < 0) throw new RangeError('start');
        this.#sum = start;
      }
      add(n: number): number {
        this.#sum += n * factor;
        return this.#sum;
      }
      async later(n: number): Promise<number> {
        await null;
        return this.add(n);
      }
    }
    expect(await failure(manager.create(Total, -1))).toBeInstanceOf(RangeError);
    const total = await manager.create(Total, 5);
    expect([await total.add(1), await total.later(1)]).toEqual([15, 25]);
    for (const backend of ['threads', 'processes'] as const) {
      await map([1, 2], (n) => total.add(n), { backend, jobs: 2 });
    }
    expect(await total.add(0)).toBe(85);
    const d = await manager.dict<string, typeof total>({ total });
    expect(await (await d.get('total'))!.add(0)).toBe(85);
    await using cluster = await Cluster.start({ n: 1 });
    const client = await cluster.client();
    expect(await client.directView().apply((t: typeof total) => t.add(1), total)).toEqual([95]);
    expect(await client.directView().apply(() => total.add(1))).toEqual([105]);
  });
});

expectTypeOf<DictProxy<string, number>>().toHaveProperty('change');
