/**
 * Actors: what Ray's own tests of them ask for (test_actor, test_actor_advanced, test_actor_failures,
 * test_asyncio, test_named_actors, test_streaming_generator, test_basic's calls of actors), and what is ours.
 *
 * Left out: actors that end when their last handle is collected, and detached ones (an actor lives until `kill`
 * or the end of its cluster); actors that make actors (an engine has no client of its cluster); `__ray_terminate__`
 * and exit callbacks (a method may do what it likes before `kill`); concurrency groups, threaded actors and
 * `max_task_retries` (calls are made at most once); namespaces; load balancing between machines.
 */
import { execFileSync } from 'node:child_process';
import {
  ActorDiedError,
  type ActorHandle,
  type Client,
  type Cluster,
  ClusterError,
  type ObjectRef,
} from 'heddle/cluster';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { Caller, Child, Counter, Gate, Numbers } from './actor-classes.ts';
import { failure, transports, withEngines } from './support.ts';

describe.each(transports)('actors, %s', (_name, start) => {
  let cluster: Cluster;
  let client: Client;

  withEngines(start, 2, (started) => {
    ({ cluster, client } = started);
  });

  it('keep their state between calls, each in a process of its own', async () => {
    const [a, b] = await Promise.all([client.actor(Counter, []), client.actor(Counter, [10])]);
    expect([await a.add(), await a.add(2), await b.add()]).toEqual([1, 3, 11]);
    const pids = [
      await a.pid(),
      await b.pid(),
      process.pid,
      ...client.engines.map(({ pid }) => pid),
    ];
    expect(new Set(pids).size).toBe(pids.length);
    expect(a.$.engine.pid).toBe(pids[0]);
    expectTypeOf(a.add).returns.resolves.toBeNumber();
    expectTypeOf(a.$.remote.add).returns.toEqualTypeOf<ObjectRef<number>>();
    // @ts-expect-error: the method takes a number
    expect(await failure(a.add('1').then(() => a.fail()))).toBeInstanceOf(TypeError);
    await Promise.all([a.$.kill(), b.$.kill()]);
  });

  it('have the methods of the classes that theirs extends', async () => {
    const child = await client.actor(Child, [1]);
    expect([await child.add(2), await child.read(), await child.own()]).toEqual([5, 5, 'own']);
    await child.$.kill();
  });

  it('classes that capture, and have private members, and arguments of any kind', async () => {
    const factor = 3;
    class Private {
      #table: Float64Array;
      constructor(table: Float64Array, more: Map<string, number>) {
        this.#table = table.map((x) => x * factor + more.get('a')!);
      }
      at(i: number) {
        return this.#table[i];
      }
      table() {
        return this.#table;
      }
    }
    const table = new Float64Array(300_000).fill(2);
    const actor = await client.actor(Private, [table, new Map([['a', 1]])]);
    expect(await actor.at(5)).toBe(7);
    const back = await actor.table();
    expect([back.length, back[299_999]]).toEqual([300_000, 7]);
    back[0] = 0;
    expect(await actor.at(0)).toBe(7);
    await actor.$.kill();
  });

  it('calls are made in the order of the calls, those that wait for their arguments too', async () => {
    const actor = await client.actor(Counter, []);
    const calls = Array.from({ length: 2000 }, () => actor.add());
    expect(await Promise.all(calls)).toEqual(calls.map((_, i) => i + 1));
    const slow = client.remote((ms: number) => new Promise<number>((r) => setTimeout(r, ms, 1000)));
    const order = await Promise.all([actor.add(slow(30)), actor.add(1), actor.add(1)]);
    expect(order).toEqual([3000, 3001, 3002]);
    // One at a time, also when a method waits.
    const [waited, added] = await Promise.all([actor.later(20), actor.add(5)]);
    expect([waited, added]).toEqual([3002, 3007]);
    await actor.$.kill();
  });

  it('what is done is told while another call still waits', async () => {
    const gate = await client.actor(Gate, [], { concurrency: 2 });
    const quick = await client.actor(Counter, []);
    let done = 0;
    // More than are sent each by itself, behind which one waits.
    const calls = Array.from({ length: 50 }, () => quick.add().then(() => done++));
    const waits = quick.later(60_000);
    await Promise.all(calls);
    expect(done).toBe(50);
    await quick.$.kill();
    expect(await failure(waits)).toBeInstanceOf(ActorDiedError);
    await gate.$.kill();
  });

  it('concurrency lets calls run while others wait', async () => {
    const gate = await client.actor(Gate, [], { concurrency: 3 });
    const waiting = [gate.wait(), gate.wait()];
    let opened = 0;
    while (opened < 2) opened += await gate.open();
    expect(await Promise.all(waiting)).toEqual(['through', 'through']);
    await gate.$.kill();
  });

  it('errors are thrown by the call, as they were; the actor goes on', async () => {
    const actor = await client.actor(Counter, [4]);
    const error = await failure(actor.fail());
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe('failed at 4');
    expect(await failure(actor.$.remote.fail().get())).toBeInstanceOf(TypeError);
    expect(await actor.add()).toBe(5);
    expect(await failure(actor.add(client.remote(boom)() as never))).toMatchObject({
      code: 'ERR_HEDDLE_DEPENDENCY',
    });
    expect(await failure(actor.add(new WeakMap() as never))).toMatchObject({
      code: 'ERR_HEDDLE_CLONE',
    });
    expect(await actor.add()).toBe(6);
    await actor.$.kill();
  });

  it('a constructor that throws is the error of making it, and leaves no process', async () => {
    const before = childrenOf();
    const error = await failure(client.actor(Counter, [-1]));
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toBe('a start of -1');
    expect(childrenOf()).toEqual(before);
  });

  it('results that are kept: references, for other calls', async () => {
    const actor = await client.actor(Counter, [1]);
    const refs = [actor.$.remote.add(1), actor.$.remote.add(1)];
    expect(await client.get(refs)).toEqual([2, 3]);
    const double = client.remote((x: number) => 2 * x);
    expect(await double(refs[1]!).get()).toBe(6);
    expect(await actor.add(refs[0]!)).toBe(5);
    const numbers = await client.actor(Big, []);
    const large = numbers.$.remote.large(300_000);
    await numbers.$.kill();
    // Killed or not: what is there is there.
    const value = await large.get().catch((error: Error) => error);
    if (value instanceof Error) expect(value).toBeInstanceOf(ActorDiedError);
    else expect(value[0]).toBe(1);
    await actor.$.kill();
  });

  it('generator methods give their values as they are asked for', async () => {
    const actor = await client.actor(Numbers, []);
    const values: number[] = [];
    for await (const value of actor.upTo(3)) values.push(value);
    expect(values).toEqual([0, 1, 2]);
    const steps = actor.upTo(2);
    expectTypeOf(steps).toEqualTypeOf<AsyncGenerator<number, string, number | undefined>>();
    expect(await steps.next()).toEqual({ done: false, value: 0 });
    expect(await steps.next(5)).toEqual({ done: false, value: 1 });
    expect(await steps.next(6)).toEqual({ done: true, value: 'sum 11' });
    expect(await steps.next()).toEqual({ done: true, value: undefined });
    // One that is left ends there.
    for await (const value of actor.upTo(100)) if (value === 2) break;
    expect(await actor.logged()).toEqual(['done', 'done', 'done']);
    const arrays: number[] = [];
    for await (const array of actor.slowly(3)) arrays.push(array[199_999]!);
    expect(arrays).toEqual([0, 1, 2]);
    const failing = actor.failing();
    await failing.next();
    expect(await failure(failing.next())).toBeInstanceOf(RangeError);
    const catching = actor.catching();
    await catching.next();
    expect(await catching.throw(new Error('this'))).toEqual({ done: false, value: 'caught this' });
    // Nothing runs before it is asked for.
    const unused = actor.upTo(5);
    expect(await unused.return('x')).toEqual({ done: true, value: 'x' });
    expect(await actor.logged()).toHaveLength(3);
    await actor.$.kill();
  });

  it('are found by their names, until they end', async () => {
    const actor = await client.actor(Counter, [3], { name: 'counter' });
    expect(actor.$.name).toBe('counter');
    const found = client.actor.named<Counter>('counter');
    expect(await found.add()).toBe(4);
    expect(found.$.id).toBe(actor.$.id);
    const other = await (await cluster.client()).actor.named<Counter>('counter').add();
    expect(other).toBe(5);
    await expect(client.actor(Counter, [], { name: 'counter' })).rejects.toThrow(RangeError);
    await actor.$.kill();
    expect(() => client.actor.named('counter')).toThrow(RangeError);
    await (await client.actor(Counter, [], { name: 'counter' })).$.kill();
    // One that could not be made has no name.
    await expect(client.actor(Counter, [-1], { name: 'counter' })).rejects.toThrow('a start of');
    await (await client.actor(Counter, [], { name: 'counter' })).$.kill();
  });

  it('handles travel: tasks and actors call other actors', async () => {
    const counter = await client.actor(Counter, []);
    const caller = await client.actor(Caller, []);
    expect(await caller.addTo(counter, 5)).toEqual([1, 2, 3, 4, 5]);
    expect(await caller.caught(counter)).toEqual(['TypeError', 'failed at 5']);
    const numbers = await client.actor(Numbers, []);
    expect(await caller.sum(numbers)).toBe(6);
    await caller.keep(counter);
    expect(await caller.viaKept()).toBe(15);
    const task = client.remote(async (handle: ActorHandle<Counter>) => {
      const ref = handle.$.remote.add(1);
      return [await ref.get(), await handle.add(ref), handle.$.engine.pid];
    });
    expect(await task(counter).get()).toEqual([16, 32, counter.$.engine.pid]);
    // In views and in maps as well.
    expect(
      await client.directView(0).apply((h: ActorHandle<Counter>) => h.add(1), counter),
    ).toEqual([33]);
    expect(await client.map([1, 2], (n) => counter.add(n))).toHaveLength(2);
    expect(await counter.read()).toBe(36);
    // Large arguments and results.
    const big = await client.actor(Big, []);
    const through = client.remote(async (handle: ActorHandle<Big>) => {
      const array = await handle.twice(new Float64Array(300_000).fill(3));
      return [array.length, array[299_999]];
    });
    expect(await through(big).get()).toEqual([300_000, 6]);
    for (const one of [counter, caller, numbers, big]) await one.$.kill();
  });

  it('cpus holds engines back, and gives their threads', async () => {
    const threads = () => Number(process.env.OMP_NUM_THREADS);
    const one = await client.loadBalancedView().apply(threads);
    const none = await client.actor(Threads, []);
    expect(await none.count()).toBe(1);
    const actor = await client.actor(Threads, [], { cpus: 1 });
    expect(await actor.count()).toBe(one);
    expect(actor.$.engine.threads).toBe(one);
    // One engine is left for others.
    const pids = await client.map([1, 2, 3, 4, 5, 6], () => process.pid, { batchSize: 1 });
    expect(new Set(pids).size).toBe(1);
    await expect(client.actor(Threads, [], { cpus: 2 })).rejects.toThrow(ClusterError);
    await actor.$.kill();
    const both = await client.actor(Threads, [], { cpus: 2 });
    expect(await both.count()).toBe(2 * one);
    const waits = client.loadBalancedView().apply(threads);
    expect(await waits.wait(50)).toBe(false);
    await both.$.kill();
    expect(await waits).toBe(one);
    await none.$.kill();
  });

  it('what makes no sense is refused', async () => {
    await expect(client.actor({} as typeof Counter, [])).rejects.toThrow(TypeError);
    await expect(client.actor(Counter, 1 as never)).rejects.toThrow(TypeError);
    await expect(client.actor(Counter, [], { restart: 1 } as never)).rejects.toThrow(/restart/);
    await expect(client.actor(Counter, [], { restarts: -1 })).rejects.toThrow(RangeError);
    await expect(client.actor(Counter, [], { concurrency: 0 })).rejects.toThrow(RangeError);
    await expect(client.actor(Counter, [], { name: '' })).rejects.toThrow(RangeError);
    class Thenable {
      // biome-ignore lint/suspicious/noThenProperty: that is what is refused
      then() {}
    }
    await expect(client.actor(Thenable, [])).rejects.toThrow(/'then'/);
  });
});

class Threads {
  count() {
    return Number(process.env.OMP_NUM_THREADS);
  }
}

class Big {
  large(n: number) {
    return new Float64Array(n).fill(1);
  }
  twice(array: Float64Array) {
    return array.map((x) => 2 * x);
  }
}

const boom = () => {
  throw new Error('boom');
};

/** Processes that this one has started. */
function childrenOf(): string[] {
  const text = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)]).toString();
  return text.split('\n').filter((line) => line !== '' && !/ ps /.test(line));
}
