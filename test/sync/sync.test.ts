import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shared } from '../../src/memory/index.ts';
import {
  Barrier,
  BoundedSemaphore,
  BrokenBarrierError,
  DeadlockError,
  Event,
  Lock,
  NotHeldError,
  Queue,
  QueueClosedError,
  Semaphore,
  Array as SharedArray,
  Value,
} from '../../src/sync/index.ts';
import { Peer } from '../memory/peer/start.ts';

const kinds = ['process', 'thread'] as const;

/** Ends a peer without a warning: a thread is terminated, a process killed. */
const kill = (peer: Peer) => peer.end('SIGKILL');

describe.each(kinds)('heddle/sync with a %s', (kind) => {
  let peers: Peer[];
  beforeAll(async () => {
    peers = [new Peer(kind), new Peer(kind)];
    await Promise.all(peers.map((peer) => peer.call('echo', 1)));
  });
  afterAll(() => Promise.all(peers.map((peer) => peer.end())));

  it('a thread that holds a lock is not blocked until it lets go itself', async () => {
    const lock = new Lock();
    const held = await lock.acquire();
    expect(() => lock.acquireSync()).toThrow(DeadlockError);
    expect(() => lock.acquireSync({ timeout: Number.POSITIVE_INFINITY })).toThrow(/holds the lock/);
    expect(() => lock.runSync(() => 1)).toThrow(DeadlockError);
    expect(lock.acquireSync({ timeout: 5 })).toBeNull();
    const other = async () => {
      const mine = await lock.acquire();
      const outcome = (() => {
        try {
          lock.acquireSync();
          return 'none';
        } catch (error) {
          return (error as { code: string }).code;
        }
      })();
      mine.release();
      return outcome;
    };
    const [peer] = peers;
    const told = peer!.run(other);
    held.release();
    expect(await told).toBe('ERR_HEDDLE_DEADLOCK');
    // What others hold is waited for, and what is free is taken.
    expect(await peer!.run(() => lock.runSync(() => 7))).toBe(7);
    lock.acquireSync().release();
  });

  it('a lock lets one in at a time', async () => {
    const lock = new Lock();
    const counter = shared.zeros('float64', 1);
    const times = 5_000;
    const work = () => {
      for (let i = 0; i < times; i++) {
        lock.runSync(() => {
          counter[0] = counter[0]! + 1;
        });
      }
    };
    const asyncWork = async () => {
      for (let i = 0; i < 200; i++) {
        await lock.run(async () => {
          const seen = counter[0]!;
          if (i % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
          counter[0] = seen + 1;
        });
      }
    };
    // One after the other: a thread that blocks while it holds the lock itself waits for ever.
    const both = async (peer: Peer) => {
      await peer.run(work);
      await peer.run(asyncWork);
    };
    await Promise.all([both(peers[0]!), peers[1]!.run(work), asyncWork()]);
    expect(counter[0]).toBe(2 * times + 400);
    expect(lock.locked).toBe(false);
  });

  it('a lock waits no longer than it is told', async () => {
    const lock = new Lock();
    const held = await lock.acquire();
    expect(held.abandoned).toBe(false);
    const peer = peers[0]!;
    expect(await peer.run(async () => (await lock.acquire({ timeout: 0 })) === null)).toBe(true);
    expect(await peer.run(() => lock.acquireSync({ timeout: 30 }) === null)).toBe(true);
    expect(await peer.run(async () => (await lock.acquire({ timeout: 30 })) === null)).toBe(true);
    const waiting = peer.run(async () => {
      using other = await lock.acquire({ timeout: 10_000 });
      return other?.abandoned;
    });
    held.release();
    expect(await waiting).toBe(false);
    expect(() => held.release()).toThrow(NotHeldError);
    const mine = lock.acquireSync();
    const abort = AbortSignal.timeout(20);
    await expect(lock.acquire({ signal: abort })).rejects.toThrow(/abort|timeout/i);
    mine.release();
  });

  it('a lock is free when its holder dies, and the next one is told', async () => {
    const lock = new Lock();
    const peer = new Peer(kind);
    await peer.run(() => {
      lock.acquireSync();
    });
    expect(lock.locked).toBe(true);
    const waiting = [lock.acquire(), peers[0]!.run(() => lock.runSync((hold) => hold.abandoned))];
    await kill(peer);
    const first = (await waiting[0]) as { abandoned: boolean; release(): void };
    first.release();
    const other = await waiting[1];
    // One of the two was next.
    expect([first.abandoned, other].filter(Boolean)).toEqual([true]);
  });

  it('a semaphore counts, and gives back what a dead holder had', async () => {
    const semaphore = new Semaphore(2);
    const inside = shared.zeros('int32', 2);
    const work = async () => {
      for (let i = 0; i < 50; i++) {
        await semaphore.acquire();
        const now = Atomics.add(inside, 0, 1) + 1;
        if (now > inside[1]!) inside[1] = now;
        await new Promise((resolve) => setTimeout(resolve, i % 2));
        Atomics.sub(inside, 0, 1);
        semaphore.release();
      }
    };
    await Promise.all([work(), ...peers.map((peer) => peer.run(work))]);
    expect(inside[1]).toBe(2);
    expect(semaphore.value).toBe(2);
    const peer = new Peer(kind);
    await peer.run(() => semaphore.acquireSync() && semaphore.acquireSync());
    expect(await semaphore.acquire({ timeout: 20 })).toBe(false);
    await kill(peer);
    expect(await semaphore.acquire({ timeout: 10_000 })).toBe(true);
    expect(semaphore.acquireSync({ timeout: 0 })).toBe(true);
    expect(semaphore.abandoned).toBe(2);
    semaphore.release(2);
  });

  it('an event wakes all who wait', async () => {
    const event = new Event();
    expect(await peers[0]!.run(() => event.waitSync({ timeout: 10 }))).toBe(false);
    const waits = [
      peers[0]!.run(() => event.waitSync()),
      peers[1]!.run(() => event.wait()),
      event.wait(),
    ];
    event.set();
    expect(await Promise.all(waits)).toEqual([true, true, true]);
    expect(await peers[0]!.run(() => event.isSet)).toBe(true);
    event.clear();
    expect(await event.wait({ timeout: 5 })).toBe(false);
  });

  it('a barrier opens when all have come, and breaks when one dies', async () => {
    const barrier = new Barrier(3);
    const places = shared.zeros('int32', 3);
    const work = async () => {
      for (let round = 0; round < 20; round++) {
        const place =
          round % 2 === 0 ? await barrier.wait() : await barrier.wait({ timeout: 10_000 });
        Atomics.add(places, place, 1);
      }
    };
    await Promise.all([work(), ...peers.map((peer) => peer.run(work))]);
    expect([...places]).toEqual([20, 20, 20]);
    const pair = new Barrier(2);
    await expect(pair.wait({ timeout: 10 })).rejects.toThrow(BrokenBarrierError);
    expect(pair.broken).toBe(true);
    expect(() => pair.waitSync()).toThrow(/broken/);
    pair.reset();
    const waiting = peers[0]!.run(() => pair.waitSync());
    expect(await pair.wait()).toBeTypeOf('number');
    expect(await waiting).toBeTypeOf('number');
    const peer = new Peer(kind);
    const trio = new Barrier(3);
    const lost = peer.run(() => trio.wait()).catch(() => 'lost');
    while (trio.waiting < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    const left = expect(trio.wait()).rejects.toThrow(/died/);
    await kill(peer);
    await left;
    expect(await lost).toBe('lost');
  });

  it('values and arrays are the same everywhere', async () => {
    const value = new Value('float64', 1.5);
    const array = new SharedArray('int32', [1, 2, 3]);
    const work = () => {
      for (let i = 0; i < 500; i++) value.updateSync((x) => x + 1);
      array.lock.runSync(() => {
        for (let i = 0; i < array.length; i++) array.data[i]! += 1;
      });
    };
    await Promise.all(peers.map((peer) => peer.run(work)));
    await value.update((x) => x * 2);
    expect(value.value).toBe(2003);
    expect([...array.data]).toEqual([3, 4, 5]);
    const big = new Value('int64', 1n);
    await peers[0]!.run(() => {
      big.value += 1n;
    });
    expect(big.value).toBe(2n);
  });

  it('a queue carries values in order, waits when it is full, and ends when it is closed', async () => {
    const queue = new Queue<{ from: number; i: number; text: string }>({ maxSize: 5 });
    const results = new Queue<number>({ bytes: 4096 });
    const producers = peers.map((peer, from) =>
      peer.run(async () => {
        for (let i = 0; i < 300; i++) {
          const text = 'x'.repeat(i % 50);
          if (i % 2 === 0) await queue.put({ from, i, text });
          else queue.putSync({ from, i, text });
        }
      }),
    );
    const consumer = peers[0]!.run(async () => {
      let count = 0;
      for await (const { text } of queue) count += text.length + 1;
      results.putSync(count);
    });
    const seen = [0, 0];
    let mine = 0;
    const own = (async () => {
      for await (const { from, i, text } of queue) {
        expect(i).toBeGreaterThanOrEqual(seen[from]!);
        expect(text.length).toBe(i % 50);
        seen[from] = i;
        mine += text.length + 1;
      }
    })();
    await Promise.all(producers);
    queue.close();
    await Promise.all([consumer, own]);
    const theirs = (await results.get())!.value;
    let all = 0;
    for (let i = 0; i < 300; i++) all += 2 * ((i % 50) + 1);
    expect(mine + theirs).toBe(all);
    await expect(queue.put({ from: 0, i: 0, text: '' })).rejects.toThrow(QueueClosedError);
    await expect(queue.get()).rejects.toThrow(QueueClosedError);
  });

  it('a queue carries big arrays, instances and shared arrays', async () => {
    const queue = new Queue<unknown>();
    const array = shared.from([1, 2, 3]);
    await peers[0]!.run(async () => {
      await queue.put({ big: new Float64Array(50_000).fill(2), array, when: new Map([[1, 2n]]) });
    });
    const { value } = (await queue.get())! as { value: { big: Float64Array; array: Float64Array } };
    expect(value.big.every((x) => x === 2)).toBe(true);
    expect(value.array.buffer).toBe(array.buffer);
    expect(queue.getSync({ timeout: 10 })).toBeNull();
    expect(() => queue.putSync('x'.repeat(2 ** 20))).toThrow(/more 'bytes'/);
    expect(queue.putSync('fits')).toBe(true);
    expect(queue.size).toBe(1);
  });

  it('a queue stays whole when those who use it are killed', async () => {
    const queue = new Queue<number>({ bytes: 512 });
    for (let round = 0; round < 4; round++) {
      const peer = new Peer(kind);
      await peer.call('echo', 0);
      const busy = peer
        .run(() => {
          for (let i = 0; ; i++) queue.putSync(i);
        })
        .catch(() => {});
      for (let i = 0; i < 100; i++) await queue.get({ timeout: 5_000 });
      await kill(peer);
      await busy;
      while (await queue.get({ timeout: 0 })) {
        // What was in it comes out.
      }
      expect(queue.size).toBe(0);
      await peers[0]!.run(() => queue.putSync(42));
      expect(await queue.get()).toEqual({ value: 42 });
    }
  });
});

it('says what makes no sense', async () => {
  const bounded = new BoundedSemaphore(1);
  expect(() => bounded.release()).toThrow(RangeError);
  await bounded.acquire();
  bounded.release();
  expect(bounded).toBeInstanceOf(Semaphore);
  expect(() => new Semaphore(-1)).toThrow(RangeError);
  expect(() => new Barrier(0)).toThrow(/parties/);
  expect(() => new Queue({ bytes: 1 })).toThrow(/bytes/);
  expect(() => new Lock().acquireSync({ timeout: -1 })).toThrow(/timeout/);
  await expect(new Lock().acquire({ signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  expect(() => {
    new Value('float64').value = 1n as unknown as number;
  }).toThrow(TypeError);
});
