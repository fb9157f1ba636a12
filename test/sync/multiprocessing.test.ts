/**
 * CPython's tests of what heddle/sync has of multiprocessing beside locks: RLock, Condition,
 * JoinableQueue and ShareableList, with a process and with a thread (3.11: test/_test_multiprocessing.py,
 * _TestLock, _TestCondition, _TestQueue and _TestSharedMemory; each says which). Left out: test_waitfor_timeout's and
 * others' limits on the time that passed; test_wait_result's KeyboardInterrupt; names of shared memory
 * and its release by name; pickles, for which travelling stands.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shared } from '../../src/memory/index.ts';
import {
  Condition,
  JoinableQueue,
  Lock,
  NotHeldError,
  Queue,
  QueueClosedError,
  RLock,
  Semaphore,
  ShareableList,
  Value,
} from '../../src/sync/index.ts';
import { fc } from '../helpers/seeds.ts';
import { Peer } from '../memory/peer/start.ts';

const kinds = ['process', 'thread'] as const;

/** Longer than any load makes it take. */
const LONG = { timeout: 20_000 };

const kill = (peer: Peer) => peer.end('SIGKILL');

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Until so many have come, and the last of them has let go of the lock to wait. */
const allWait = (condition: Condition, came: readonly unknown[], count: number): Promise<void> =>
  until(() => came.length === count && !condition.lock.locked);

describe.each(kinds)('with a %s', (kind) => {
  let peers: Peer[];
  beforeAll(async () => {
    peers = [new Peer(kind), new Peer(kind)];
    await Promise.all(peers.map((peer) => peer.call('echo', 1)));
  });
  afterAll(() => Promise.all(peers.map((peer) => peer.end())));

  // ---- RLock ----------------------------------------------------------------------------------

  it('test_rlock', async () => {
    const lock = new RLock();
    const holds = [lock.acquireSync(), await lock.acquire(), lock.acquireSync({ timeout: 0 })!];
    expect(lock.held).toBe(true);
    expect(
      await peers[0]!.run(() => [lock.held, lock.locked, lock.acquireSync({ timeout: 0 })]),
    ).toEqual([false, true, null]);
    // In any order.
    holds[0]!.release();
    expect(() => holds[0]!.release()).toThrow(NotHeldError);
    holds[2]!.release();
    expect(lock.locked).toBe(true);
    holds[1]!.release();
    expect(lock.locked).toBe(false);
    expect(() => holds[1]!.release()).toThrow(NotHeldError);
  });

  it('an RLock lets one in at a time, and the same one again', async () => {
    const lock = new RLock();
    const counter = shared.zeros('int32', 1);
    const work = () => {
      for (let i = 0; i < 1000; i++) {
        lock.runSync(() => {
          const seen = counter[0]!;
          lock.runSync(() => {
            counter[0] = seen + 1;
          });
        });
      }
    };
    const asyncWork = async () => {
      for (let i = 0; i < 100; i++) {
        await lock.run(async () => {
          const seen = counter[0]!;
          if (i % 25 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
          await lock.run(() => {
            counter[0] = seen + 1;
          });
        });
      }
    };
    await Promise.all([peers[0]!.run(work), peers[1]!.run(work), asyncWork(), asyncWork()]);
    expect(counter[0]).toBe(2200);
    expect(lock.locked).toBe(false);
  });

  it('an RLock tells async functions of one thread apart inside of run', async () => {
    const [a, b] = [new RLock(), new RLock()];
    const order: string[] = [];
    const first = a.run(async () => {
      order.push('a');
      await b.run(async () => {
        // Held by who called, through another lock's run.
        await a.run(() => order.push('a again'));
        await new Promise((resolve) => setTimeout(resolve, 5));
      });
      order.push('a ends');
    });
    const second = a.run(() => order.push('b'));
    await Promise.all([first, second]);
    expect(order).toEqual(['a', 'a again', 'a ends', 'b']);
    expect([a.locked, b.locked]).toEqual([false, false]);
  });

  it('an RLock is free when its holder dies, however often it had it', async () => {
    const lock = new RLock();
    const peer = new Peer(kind);
    await peer.run(() => {
      for (let i = 0; i < 3; i++) lock.acquireSync();
    });
    const waiting = lock.acquire(LONG);
    await kill(peer);
    const held = (await waiting)!;
    expect(held.abandoned).toBe(true);
    held.release();
    expect(lock.locked).toBe(false);
    lock.runSync((again) => expect(again.abandoned).toBe(false));
  });

  // ---- Condition ------------------------------------------------------------------------------

  /** One that waits in a peer, and counts itself before and after. */
  const waiter =
    (condition: Condition, sleeping: Semaphore, woken: Semaphore, timeout?: number) => async () => {
      const hold = condition.acquireSync();
      sleeping.release();
      const result = condition.waitSync(timeout === undefined ? {} : { timeout });
      woken.release();
      hold.release();
      return result;
    };
  /** The same without blocking. */
  const asyncWaiter = (condition: Condition, sleeping: Semaphore, woken: Semaphore) => () =>
    condition.run(async () => {
      sleeping.release();
      const result = await condition.wait();
      woken.release();
      return result;
    });

  it.each([
    ['an RLock', () => new RLock()],
    ['a Lock', () => new Lock()],
  ])('test_notify, with %s', async (_, make) => {
    const condition = new Condition(make());
    const [sleeping, woken] = [new Semaphore(0), new Semaphore(0)];
    const waits = [
      peers[0]!.run(waiter(condition, sleeping, woken)),
      peers[1]!.run(asyncWaiter(condition, sleeping, woken)),
    ];
    await sleeping.acquire();
    await sleeping.acquire();
    expect(woken.value).toBe(0);
    for (let i = 1; i <= 2; i++) {
      expect(await condition.run(() => condition.notify())).toBe(1);
      expect(await woken.acquire(LONG)).toBe(true);
      expect(woken.value).toBe(0);
    }
    expect(await Promise.all(waits)).toEqual([true, true]);
    expect(condition.runSync(() => condition.notify())).toBe(0);
  });

  it('test_notify_all, with time-outs first', async () => {
    const condition = new Condition();
    const [sleeping, woken] = [new Semaphore(0), new Semaphore(0)];
    const short = peers.map((peer) => peer.run(waiter(condition, sleeping, woken, 20)));
    expect(await Promise.all(short)).toEqual([false, false]);
    const waits = [
      ...peers.map((peer) => peer.run(waiter(condition, sleeping, woken))),
      ...[1, 2, 3].map(() => asyncWaiter(condition, sleeping, woken)()),
    ];
    for (let i = 0; i < 7; i++) await sleeping.acquire();
    await woken.acquire();
    await woken.acquire();
    // Those whose time was up are not counted.
    expect(await condition.run(() => condition.notifyAll())).toBe(5);
    expect(await Promise.all(waits)).toEqual(Array(5).fill(true));
  });

  it('test_notify_n: so many, and those who came first', async () => {
    const condition = new Condition();
    const came: number[] = [];
    const order: number[] = [];
    const waits = [0, 1, 2, 3, 4, 5].map((i) =>
      condition.run(async () => {
        came.push(i);
        await condition.wait();
        order.push(i);
      }),
    );
    await allWait(condition, came, 6);
    await condition.run(() => condition.notify(2));
    await until(() => order.length === 2);
    expect(order.slice(0, 2).sort()).toEqual(came.slice(0, 2).sort());
    await condition.run(() => condition.notify(3));
    await until(() => order.length === 5);
    expect(order.slice(2).sort()).toEqual(came.slice(2, 5).sort());
    expect(await condition.run(() => condition.notify(4))).toBe(1);
    await Promise.all(waits);
    expect(() => condition.runSync(() => condition.notify(0))).toThrow(RangeError);
  });

  it('test_timeout, and the lock is held again', async () => {
    const condition = new Condition();
    const hold = condition.acquireSync();
    const again = condition.acquireSync();
    expect(condition.waitSync({ timeout: 10 })).toBe(false);
    expect(await condition.wait({ timeout: 10 })).toBe(false);
    expect((condition.lock as RLock).held).toBe(true);
    again.release();
    hold.release();
    expect(condition.lock.locked).toBe(false);
    expect(() => condition.notify()).toThrow(NotHeldError);
    expect(() => condition.waitSync({ timeout: 1 })).toThrow(NotHeldError);
    await expect(condition.wait()).rejects.toThrow(NotHeldError);
  });

  it('test_waitfor, test_waitfor_timeout', async () => {
    const condition = new Condition();
    const state = new Value('int32', -1);
    const result = peers[0]!.run(() =>
      condition.runSync(() => {
        state.value = 0;
        condition.notify();
        return condition.waitForSync(() => state.value === 4) ? 'met' : 'not';
      }),
    );
    await condition.run(async () => {
      expect(await condition.waitFor(() => state.value === 0, LONG)).toBe(true);
    });
    for (let i = 0; i < 4; i++) {
      await condition.run(() => {
        state.value += 1;
        condition.notify();
      });
    }
    expect(await result).toBe('met');
    const never = await peers[0]!.run(() =>
      condition.runSync(() => condition.waitForSync(() => state.value === 5, { timeout: 20 })),
    );
    expect(never).toBe(false);
  });

  it('a wait that is aborted gives its notification on', async () => {
    const condition = new Condition();
    const controller = new AbortController();
    const came: number[] = [];
    const waits = [{ signal: controller.signal }, LONG].map((options, i) =>
      condition.run(() => {
        came.push(i);
        return condition.wait(options);
      }),
    );
    await allWait(condition, came, 2);
    const hold = await condition.acquire();
    expect(condition.notify()).toBe(1);
    controller.abort(new Error('enough'));
    hold.release();
    // The one that came first was told. If that was the one that gives up, the other one hears of it; where
    // it had heard before it gave up, the other one is told here.
    const [told] = await Promise.allSettled([waits[came[0]!]]);
    const gaveUp = came[0] === 0 && told.status === 'rejected';
    if (came[0] === 0 && !gaveUp) await condition.run(() => condition.notify());
    const [first, second] = await Promise.allSettled(waits);
    if (first!.status === 'rejected') expect(first!.reason).toMatchObject({ message: 'enough' });
    else expect(first!.value).toBe(true);
    expect(second).toEqual({ status: 'fulfilled', value: true });
    expect(condition.lock.locked).toBe(false);
  });

  it('one that dies while it waits takes no notification with it', async () => {
    const condition = new Condition();
    const [sleeping, woken] = [new Semaphore(0), new Semaphore(0)];
    const peer = new Peer(kind);
    const lost = peer.run(waiter(condition, sleeping, woken)).catch(() => 'lost');
    await sleeping.acquire();
    const waiting = asyncWaiter(condition, sleeping, woken)();
    await sleeping.acquire();
    await until(() => !condition.lock.locked);
    await kill(peer);
    expect(await lost).toBe('lost');
    expect(await condition.run(() => condition.notify())).toBe(1);
    expect(await waiting).toBe(true);
    // One that dies with the lock is told to who waits.
    const other = new Peer(kind);
    const told = condition.run(async () => {
      sleeping.release();
      const notified = await condition.wait(LONG);
      return [notified, condition.abandoned];
    });
    await sleeping.acquire();
    await other.run(() => {
      condition.acquireSync();
      condition.notify();
    });
    await kill(other);
    expect(await told).toEqual([true, true]);
  });

  // ---- JoinableQueue --------------------------------------------------------------------------

  it('test_task_done', async () => {
    const queue = new JoinableQueue<number | null>();
    expect(queue).toBeInstanceOf(Queue);
    const consumers = peers.map((peer) =>
      peer.run(async () => {
        let count = 0;
        for (;;) {
          const got = await queue.get();
          if (got?.value === null) {
            queue.taskDone();
            return count;
          }
          count++;
          queue.taskDone();
        }
      }),
    );
    for (let i = 0; i < 10; i++) await queue.put(i);
    expect(await queue.join(LONG)).toBe(true);
    expect([queue.size, queue.unfinished]).toEqual([0, 0]);
    for (const _ of consumers) queue.putSync(null);
    const counts = await Promise.all(consumers);
    expect(counts[0]! + counts[1]!).toBe(10);
    expect(queue.joinSync(LONG)).toBe(true);
    // Called too many times.
    expect(() => queue.taskDone()).toThrow(RangeError);
  });

  it('a join waits for what was got, and for no longer than it is told', async () => {
    const queue = new JoinableQueue<string>({ maxSize: 2 });
    queue.putSync('a');
    queue.putSync('b');
    expect(await queue.join({ timeout: 10 })).toBe(false);
    expect(await peers[0]!.run(() => queue.getSync()?.value)).toBe('a');
    expect(queue.getSync()?.value).toBe('b');
    expect([queue.size, queue.unfinished]).toEqual([0, 2]);
    expect(queue.joinSync({ timeout: 10 })).toBe(false);
    const waits = [queue.join(LONG), peers[1]!.run(() => queue.joinSync())];
    // One may say it for another, as in Python.
    queue.taskDone();
    queue.taskDone();
    expect(await Promise.all(waits)).toEqual([true, true]);
    await expect(queue.join({ signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
    queue.close();
    await expect(queue.get()).rejects.toThrow(QueueClosedError);
  });

  it('nobody waits for what a dead one had got', async () => {
    const queue = new JoinableQueue<number>();
    for (let i = 0; i < 4; i++) queue.putSync(i);
    const peer = new Peer(kind);
    await peer.run(() => {
      for (let i = 0; i < 3; i++) queue.getSync();
      queue.taskDone();
    });
    const waiting = queue.join(LONG);
    await kill(peer);
    expect(queue.getSync()).toEqual({ value: 3 });
    queue.taskDone();
    expect(await waiting).toBe(true);
    expect([queue.abandoned, queue.unfinished]).toEqual([2, 0]);
  });

  // ---- ShareableList --------------------------------------------------------------------------

  it('test_shared_memory_ShareableList_basics', async () => {
    const list = new ShareableList([
      'howdy',
      new Uint8Array([72, 111]),
      -273.154,
      100,
      null,
      true,
      42n,
    ]);
    expect(list.length).toBe(7);
    expect(list.toArray()).toEqual([
      'howdy',
      new Uint8Array([72, 111]),
      -273.154,
      100,
      null,
      true,
      42n,
    ]);
    expect([list.get(-1), list.get(-7)]).toEqual([42n, 'howdy']);
    expect([list.indexOf(100), list.indexOf('no'), list.count(true)]).toEqual([3, -1, 1]);
    expect(list.indexOf(new Uint8Array([72, 111]))).toBe(1);
    for (const index of [7, -8, 0.5, Number.NaN]) expect(() => list.get(index)).toThrow(RangeError);
    // An item may become one of another type.
    list.set(3, 42);
    list.set(4, 'some');
    list.set(5, null);
    list.set(2, 'x'.repeat(8));
    expect(list.toArray().slice(2)).toEqual(['x'.repeat(8), 42, 'some', null, 42n]);
    // As long as what was there, and no longer.
    list.set(0, 'HoWdY!!!');
    expect(() => list.set(0, 'far too long')).toThrow(/at most 8 bytes/);
    expect(() => list.set(0, 'äöüß€')).toThrow(RangeError);
    expect(list.get(0)).toBe('HoWdY!!!');
    expect(() => list.set(0, 2n ** 63n)).toThrow(RangeError);
    expect(() => list.set(0, undefined as never)).toThrow(TypeError);
    expect(() => new ShareableList([{} as never])).toThrow(/items\[0\]/);
    expect(new ShareableList([]).toArray()).toEqual([]);
    const odd = [Number.NaN, -0, '', new Uint8Array(0), '€ä\u0000'];
    expect(new ShareableList(odd).toArray()).toEqual(odd);
  });

  it('a ShareableList keeps any text as it is', () => {
    const odd = ['\uFEFFmark', '\uFEFF', 'half a pair \uD83D', '\uDE00\uD83D', '\0', '😀'];
    const list = new ShareableList(odd);
    expect([...list]).toEqual(odd);
    expect(odd.map((text) => list.indexOf(text))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(new ShareableList(list).toArray()).toEqual(odd);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 0xffff }), { maxLength: 20 }), (units) => {
        const text = String.fromCharCode(...units);
        const one = new ShareableList([text, 'x'.repeat(60)]);
        one.set(1, text);
        expect(one.toArray()).toEqual([text, text]);
      }),
    );
  });

  it('test_shared_memory_ShareableList_pickling: it is the same wherever it arrives', async () => {
    const list = new ShareableList(['text', 1, true]);
    expect(
      await peers[0]!.run(() => {
        list.set(1, 'changed');
        return list.toArray();
      }),
    ).toEqual(['text', 'changed', true]);
    expect(list.get(1)).toBe('changed');
    list.set(2, 7n);
    expect(await peers[1]!.run(() => list.get(2))).toBe(7n);
  });

  it('nobody reads half of an item, whoever changes it', async () => {
    const texts = ['a', 'b', 'c'].map((letter) => letter.repeat(400));
    const list = new ShareableList([texts[0]!, 0]);
    const stop = shared.zeros('int32', 1);
    const write = () => {
      for (let i = 0; stop[0] === 0; i++) list.set(0, texts[i % 3]!);
      return true;
    };
    const writers = peers.map((peer) => peer.run(write));
    const seen = new Set<unknown>();
    for (let i = 0; i < 20_000 || seen.size < 3; i++) seen.add(list.get(0));
    stop[0] = 1;
    expect(await Promise.all(writers)).toEqual([true, true]);
    expect([...seen].sort()).toEqual(texts);
  });
});
