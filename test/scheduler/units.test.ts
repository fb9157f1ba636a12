/**
 * The engine's parts, each alone.
 */

import { describe, expect, it } from 'vitest';
import { CLAIM_TABLE_BYTES, ClaimTable } from '../../src/protocol/claims.ts';
import { localCodec } from '../../src/protocol/codec.ts';
import { encodeFrame, FrameReader } from '../../src/protocol/frames.ts';
import { isJson } from '../../src/protocol/json.ts';
import { MAILBOX_BYTES, Mailbox } from '../../src/protocol/mailbox.ts';
import type { BatchMessage, FromWorker, ResultMessage } from '../../src/protocol/messages.ts';
import { packMessage, unpackMessage } from '../../src/protocol/tuples.ts';
import { packPrimitives, unpackValues, valueCount } from '../../src/protocol/value-batch.ts';
import { preDispatchLimit } from '../../src/scheduler/expression.ts';
import { ResponsiveTimer } from '../../src/scheduler/responsive-timer.ts';
import { CollectSink, StreamSink } from '../../src/scheduler/sink.ts';
import { BatchSizer } from '../../src/scheduler/sizer.ts';
import { taskSource } from '../../src/scheduler/source.ts';
import { Runner } from '../../src/worker/runner.ts';
import { fc } from '../helpers/seeds.ts';

describe('preDispatch', () => {
  it.each([
    [5, 5],
    ['all', Number.POSITIVE_INFINITY],
    ['2*jobs', 8],
    ['2 * n_jobs', 8],
    ['jobs + 1', 5],
    ['(jobs - 1) * 2.5', 7],
    ['3 * jobs // 5', 2],
    ['-jobs + 9', 5],
    ['10 / jobs', 2],
    ['7', 7],
  ])('%s is %d for 4 jobs', (value, expected) => {
    expect(preDispatchLimit(value, 4)).toBe(expected);
  });

  it.each(['', 'jobs jobs', 'process.exit()', '2**jobs', 'jobs[0]', '0*jobs', '(jobs', '1e9999'])(
    "'%s' is refused, and not run",
    (value) => {
      expect(() => preDispatchLimit(value, 4)).toThrow(RangeError);
    },
  );

  it.each([0, -1, 1.5, Number.NaN])('%d is refused', (value) => {
    expect(() => preDispatchLimit(value, 4)).toThrow(RangeError);
  });
});

describe('a claims', () => {
  it('gives each task to one claimer', () => {
    const claims = new ClaimTable();
    claims.open(0, 5);
    expect([claims.claim(0), claims.claim(0)]).toEqual([0, 1]);
    expect(claims.unclaimed(0)).toBe(3);
    expect(claims.steal(0, 2)).toBe(2);
    expect(claims.end(0)).toBe(3);
    expect([claims.claim(0), claims.claim(0)]).toEqual([2, -1]);
    expect(claims.steal(0, 1)).toBe(0);
    claims.open(1, 1);
    expect(claims.claim(1)).toBe(0);
  });

  it('notes what runs', () => {
    const claims = new ClaimTable();
    expect(claims.running()).toBeNull();
    claims.begin(7, 3, 12.5);
    expect(claims.running()).toEqual({ batch: 7, position: 3, since: 12.5 });
    claims.idle();
    expect(claims.running()).toBeNull();
  });

  it('settles a race between a worker and the scheduler', async () => {
    const { Worker } = await import('node:worker_threads');
    const memory = new SharedArrayBuffer(64);
    const claims = new ClaimTable(memory);
    claims.open(0, 30_000);
    // The worker claims with the same words as ClaimTable.claim does.
    const worker = new Worker(
      `const { workerData, parentPort } = require('node:worker_threads');
       const words = new Int32Array(workerData);
       let count = 0;
       for (;;) {
         const word = Atomics.load(words, 0);
         if ((word >>> 16) >= (word & 0xffff)) break;
         if (Atomics.compareExchange(words, 0, word, word + 0x10000) === word) count++;
       }
       parentPort.postMessage(count);`,
      { eval: true, workerData: memory },
    );
    const claimed = new Promise<number>((resolve) => worker.on('message', resolve));
    let stolen = 0;
    while (claims.unclaimed(0) > 0) {
      stolen += claims.steal(0, 3);
      await new Promise(setImmediate);
    }
    expect(stolen + (await claimed)).toBe(30_000);
  });
});

describe('the wire', () => {
  const times = Float64Array.of(1.5, 2.5, 2.5, 9.25);
  const messages: (BatchMessage | ResultMessage | FromWorker)[] = [
    { type: 'ready', clockOffset: 5.5, version: '1.2.3', build: 'node' },
    {
      type: 'batch',
      context: 3,
      run: 4,
      batch: 5,
      slot: 1,
      first: 2 ** 40,
      args: { kind: 'numbers', values: Float64Array.of(1, -0, Number.NaN) },
    },
    {
      type: 'batch',
      context: 3,
      run: 4,
      batch: 6,
      slot: 0,
      first: 0,
      args: { kind: 'coded', count: 1, message: [{ a: new Map([[1, 'x'.repeat(300_000)]]) }] },
    },
    {
      type: 'result',
      run: 4,
      batch: 5,
      slot: 1,
      offset: 2,
      values: { kind: 'plain', values: ['a', null, true, 5n] },
      times,
      last: true,
      memory: 123,
    },
    {
      type: 'result',
      run: 4,
      batch: 5,
      slot: 1,
      offset: 2,
      values: { kind: 'void', count: 3 },
      times: new Float64Array(0),
      last: false,
    },
    {
      type: 'result',
      run: 4,
      batch: 5,
      slot: 1,
      offset: 0,
      values: { kind: 'numbers', values: Float64Array.from({ length: 1000 }, (_, i) => i / 3) },
      times,
      last: false,
    },
  ];

  it.each([1, 3, 4, 7, 64, 65_536, 10_000_000])(
    'puts messages together from pieces of %d',
    (size) => {
      const bytes = Buffer.concat(messages.map(encodeFrame));
      const seen: unknown[] = [];
      const reader = new FrameReader((message: never) => seen.push(message));
      // The reader may not keep what it is given: the same memory holds each piece.
      const piece = Buffer.alloc(Math.min(size, bytes.length));
      for (let at = 0; at < bytes.length; at += piece.length) {
        const length = bytes.copy(piece, 0, at, at + piece.length);
        reader.push(piece.subarray(0, length));
      }
      piece.fill(255);
      expect(seen).toEqual(messages);
    },
  );

  it.each([
    ['of the largest number', Buffer.alloc(12, 0xff)],
    ['of an unknown kind', Buffer.from('hello, parent\n')],
    ['shorter than what it says to be', Buffer.from([8, 0, 0, 0, 1, 0, 0, 0])],
    ['of nothing', Buffer.alloc(5)],
  ])('waits for no end of a message %s', (_what, bytes) => {
    for (const size of [1, bytes.length]) {
      const reader = new FrameReader(() => {});
      for (const message of messages) reader.push(encodeFrame(message));
      const push = () => {
        for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
      };
      expect(push).toThrow(expect.objectContaining({ code: 'ERR_HEDDLE_FRAME' }));
    }
  });

  const shared = { text: 'twice' };
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const sparse = Object.assign(new Array<unknown>(2), { extra: 1 });
  sparse[0] = 1;

  it.each<[string, unknown, boolean]>([
    ['numbers, text and nothing', { a: [1, -2.5e300, 'ä\ud800', true, null], b: {} }, true],
    ['a name that is special', JSON.parse('{"__proto__": [1]}'), true],
    ['minus zero', [-0], false],
    ['not a number', [Number.NaN], false],
    ['undefined', { a: undefined }, false],
    ['a bigint', [1n], false],
    ['a date', [new Date(0)], false],
    ['bytes', new Uint8Array(3), false],
    ['a map', new Map([[1, 2]]), false],
    ['an array with a hole and a property', sparse, false],
    ['what is met twice', [shared, shared], false],
    ['what contains itself', cyclic, false],
    ['what is no plain object', [Object.create(null)], false],
    ['what says its text itself', { toJSON: 1 }, false],
    ['much', new Array<number>(10_000).fill(1), false],
  ])('carries %s as structured clone would', (_what, scope, json) => {
    expect(isJson(scope)).toBe(json);
    const seen: unknown[] = [];
    const frame = encodeFrame({ ...(messages[0] as FromWorker), scope } as never);
    new FrameReader((message: never) => seen.push(message)).push(frame);
    const [came] = seen as { scope: unknown }[];
    expect(came!.scope).toStrictEqual(structuredClone(scope));
  });

  it('says as JSON only what comes back from it', () => {
    const plain = fc.object({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
      maxDepth: 4,
    });
    let text = 0;
    fc.assert(
      fc.property(plain, (value) => {
        if (!isJson(value)) return;
        text++;
        expect(JSON.parse(JSON.stringify(value))).toStrictEqual(structuredClone(value));
      }),
      { numRuns: 500 },
    );
    expect(text).toBeGreaterThan(10);
  });
});

describe('value batches', () => {
  it.each([
    [[1, 2.5, -0], 'numbers'],
    [[undefined, undefined], 'void'],
    [['a', 1, null, undefined, true, 3n], 'plain'],
  ])('%o travel as %s', (values, kind) => {
    const valueBatch = packPrimitives(values)!;
    expect(valueBatch.kind).toBe(kind);
    expect(valueCount(valueBatch)).toBe(values.length);
    expect(Array.from(unpackValues(valueBatch, (message) => message))).toEqual(values);
  });

  it('leave objects and symbols to the codec', () => {
    expect(packPrimitives([1, {}])).toBeNull();
    expect(packPrimitives([Symbol.iterator])).toBeNull();
  });
});

describe('a responsive timer', () => {
  const busy = (ms: number): void => {
    const end = performance.now() + ms;
    while (performance.now() < end);
  };

  it('is about time in which this thread listens', async () => {
    let called = false;
    const began = performance.now();
    new ResponsiveTimer(50, true, () => {
      called = true;
    });
    busy(100);
    // What has come meanwhile is heard now, in several turns.
    let turns = 0;
    while (!called) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      turns++;
    }
    expect(turns).toBeGreaterThanOrEqual(4);
    expect(performance.now() - began).toBeGreaterThanOrEqual(139);
  });

  it('ends when it is told to, at any step', async () => {
    let calls = 0;
    const patience = [0, 15, 35].map((wait) => {
      const one = new ResponsiveTimer(50, false, () => calls++);
      setTimeout(() => one.end(), wait);
      return one;
    });
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(calls).toBe(0);
    for (const one of patience) one.end();
  });
});

describe('batch sizes', () => {
  it('stay at 1 for slow tasks and grow fast for fast ones', () => {
    const slow = new BatchSizer('auto');
    expect(slow.next(null, 2)).toBe(1);
    slow.measured(1, 50);
    expect(slow.next(null, 2)).toBe(1);
    expect(slow.prefetch).toBe(false);
    const fast = new BatchSizer('auto');
    fast.measured(1, 0.01);
    const second = fast.next(null, 2);
    expect(second).toBeGreaterThanOrEqual(32);
    fast.measured(second, second * 0.0005);
    expect(fast.next(null, 2)).toBeGreaterThanOrEqual(1000);
    expect(fast.prefetch).toBe(true);
    fast.measured(1000, 5000);
    expect(fast.next(null, 2)).toBeLessThan(10);
  });

  it('leave nothing behind a batch that takes long, and where nothing can be taken back, behind few', () => {
    for (const [careful, ms, prefetch] of [
      [false, 20, true],
      [false, 60, false],
      [true, 4, true],
      [true, 20, false],
    ] as const) {
      const sizer = new BatchSizer(1);
      if (careful) sizer.noClaims();
      sizer.measured(1, ms);
      expect(sizer.prefetch, `${careful} ${ms}`).toBe(prefetch);
    }
  });

  it('share out the rest of a known length', () => {
    const sizer = new BatchSizer('auto');
    sizer.measured(1, 1);
    sizer.measured(3, 0.9);
    expect(sizer.next(8, 2)).toBeLessThanOrEqual(2);
    expect(sizer.next(1, 2)).toBe(1);
  });

  it('are what was asked for', () => {
    const sizer = new BatchSizer(7);
    sizer.measured(7, 0.001);
    expect(sizer.next(3, 2)).toBe(7);
    expect(new BatchSizer(1e9).next(null, 2)).toBeLessThan(2 ** 15);
  });
});

describe('sources', () => {
  it('count what is left of arrays, and do not look ahead in iterators', () => {
    const array = taskSource([1, 2, 3]);
    expect(array.remaining).toBe(3);
    expect(Array.from(array.take(2))).toEqual([1, 2]);
    expect([array.remaining, array.done]).toEqual([1, false]);
    let read = 0;
    const iterator = taskSource(
      (function* () {
        for (; read < 5; ) yield ++read;
      })(),
    );
    expect(Array.from(iterator.take(2))).toEqual([1, 2]);
    expect(read).toBe(2);
    expect(Array.from(iterator.take(9))).toEqual([3, 4, 5]);
    expect(iterator.done).toBe(true);
  });

  it('takes what is like an array, as its type says', () => {
    const like = taskSource({ length: 3, 0: 'a', 2: 'c' });
    expect(like.remaining).toBe(3);
    expect(Array.from(like.take(5))).toEqual(['a', undefined, 'c']);
  });

  it.each([[1], ['step'], [true], [null], [undefined]])(
    'refuses an iterator whose next() gives %j, instead of reading for ever',
    async (step) => {
      const next = () => step as never;
      const sync = taskSource({ [Symbol.iterator]: () => ({ next }) });
      expect(() => sync.take(3)).toThrow(TypeError);
      expect(sync.done).toBe(true);
      const async = taskSource({ [Symbol.asyncIterator]: () => ({ next: async () => step }) });
      async.take(1);
      await new Promise(setImmediate);
      expect(() => async.take(1)).toThrow(TypeError);
    },
  );

  it.each([[5], [null], [undefined], [{}], [{ length: -1 }], [{ length: 1.5 }]])(
    '%j is refused',
    (value) => {
      expect(() => taskSource(value)).toThrow(TypeError);
    },
  );
});

describe('sinks', () => {
  it('put results in their places', async () => {
    const sink = new CollectSink(4);
    sink.accept(2, [3, 4]);
    sink.accept(0, Float64Array.of(1, 2));
    sink.end();
    expect(await sink.promise).toEqual([1, 2, 3, 4]);
  });

  it('stream in order or as they come', async () => {
    const ordered = new StreamSink(true, 4);
    ordered.accept(1, ['b', 'c']);
    expect(ordered.waiting).toBe(2);
    const first = ordered.next();
    ordered.accept(0, ['a']);
    expect(await first).toEqual({ done: false, value: 'a' });
    ordered.end();
    expect(await ordered.collect()).toEqual(['b', 'c']);
    const loose = new StreamSink(false, 4);
    loose.accept(1, ['b']);
    expect(await loose.next()).toEqual({ done: false, value: 'b' });
    const waiting = loose.next();
    loose.fail(new Error('no'));
    await expect(waiting).rejects.toThrow('no');
    expect(await loose.next()).toEqual({ done: true, value: undefined });
  });
});

describe('messages between threads', () => {
  const valueBatch = (values: number[]) =>
    ({ kind: 'numbers', values: Float64Array.from(values) }) as const;
  const long = valueBatch(Array.from({ length: 30 }, (_, i) => i));
  const batch = { type: 'batch', context: 1, run: 2, batch: 3, slot: 1, first: 2 ** 40 } as const;
  const result = { type: 'result', run: 2, batch: 3, slot: 1, offset: 4, last: true } as const;
  const noTimes = new Float64Array(0);

  /** Both ends of a mailbox. */
  function ends(): [Mailbox, Mailbox] {
    const memory = new SharedArrayBuffer(CLAIM_TABLE_BYTES + MAILBOX_BYTES);
    return [new Mailbox(memory, CLAIM_TABLE_BYTES), new Mailbox(memory, CLAIM_TABLE_BYTES)];
  }

  it('keep all that they say', () => {
    const [here, there] = ends();
    const messages = [
      { ...batch, args: long },
      { ...batch, args: { kind: 'void', count: 9 } },
      { ...batch, args: { kind: 'plain', values: ['a', null] } },
      { ...batch, args: { kind: 'coded', count: 2, message: [{ a: 1 }] } },
      { ...result, values: long, times: new Float64Array(60).fill(1.5) },
      { ...result, values: long, times: Float64Array.of(1, 2), memory: 77 },
      { ...result, values: { kind: 'void', count: 1 }, times: new Float64Array(17) },
      { ...result, values: { kind: 'void', count: 1 }, times: Float64Array.of(1, 2), last: false },
      { type: 'abort', run: 5 },
    ] as const;
    for (const message of messages) {
      const posted = structuredClone(packMessage(message, here));
      expect(posted).toBeTypeOf('object');
      expect(unpackMessage(posted, there)).toEqual(message);
    }
    const few = { ...result, last: false, times: noTimes, values: valueBatch([1, -0, Number.NaN]) };
    const { values } = unpackMessage(packMessage(few, here), there) as ResultMessage;
    expect(values).toEqual({ kind: 'plain', values: [1, -0, Number.NaN] });
  });

  it('lie in the mailbox where they are few numbers, each slot and direction apart', () => {
    const [here, there] = ends();
    const pairs = [0, 1, 2, 8].flatMap((count) => {
      const numbers = valueBatch(
        Array.from({ length: count }, (_, i) => (i ? -i / 3 : Number.NaN)),
      );
      const times = Float64Array.from({ length: 2 * count }, (_, i) => 1 / (i + 1));
      const nothing = { kind: 'void', count } as const;
      return [
        [
          { ...batch, slot: 0, args: numbers },
          { ...batch, slot: 1, args: nothing },
          { ...result, slot: 0, values: nothing, times },
          { ...result, slot: 1, values: numbers, times, memory: 5e9 },
        ],
        [
          { ...batch, slot: 1, batch: 2 ** 32 - 1, args: numbers },
          { ...result, slot: 1, values: numbers, times: noTimes },
          { ...batch, slot: 0, args: numbers },
          { ...result, slot: 0, values: nothing, times: noTimes, memory: 0 },
        ],
      ];
    });
    for (const messages of pairs) {
      const posted = messages.map((message) => packMessage(message, here));
      for (const place of posted) expect(place).toBeTypeOf('number');
      expect(posted.map((place) => unpackMessage(place, there))).toEqual(messages);
    }
  });
});

describe('a runner', () => {
  /** The results of one batch of tasks that take `ms` each, as they were sent. */
  function sent(count: number, ms: number): { offset: number; count: number; last: boolean }[] {
    const messages: FromWorker[] = [];
    const claims = new ClaimTable();
    const runner = new Runner({
      worker: { id: 1, backend: 'test', pid: process.pid },
      claims,
      load: (message) => (message as unknown as { fn: never }).fn,
      codec: () => localCodec,
      send: (message) => void messages.push(message),
      enter: (_scope, body) => body(),
      rng: () => Promise.reject(new Error('none')),
      memory: () => 0,
      now: () => performance.now(),
      stop: () => {},
    });
    const fn = () => {
      const end = performance.now() + ms;
      while (performance.now() < end);
    };
    const open = {
      type: 'open',
      context: 1,
      mode: 'task',
      collectErrors: false,
      eager: false,
    } as const;
    const functions = [{ kind: 'local', fn }] as const;
    runner.receive({ ...open, functions, scope: null, memory: false, maxBytes: 1e6 });
    claims.open(1, count);
    const args = { kind: 'plain', values: new Array<number>(count).fill(0) } as const;
    runner.receive({ type: 'batch', context: 1, run: 1, batch: 1, slot: 1, first: 0, args });
    return (messages as ResultMessage[]).map(({ slot, offset, values, last }) => {
      expect(slot).toBe(1);
      return { offset, count: valueCount(values), last };
    });
  }

  it('sends the result of a slow task at once, the last one with the end of its batch', () => {
    expect(sent(1, 1)).toEqual([{ offset: 0, count: 1, last: true }]);
    expect(sent(3, 1)).toEqual([
      { offset: 0, count: 1, last: false },
      { offset: 1, count: 1, last: false },
      { offset: 2, count: 1, last: true },
    ]);
  });
});
