/**
 * What the feed keeps: bounded, whatever a program does.
 */
import { channel } from 'node:diagnostics_channel';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireFeed, Ring, releaseFeed } from '../../src/feed/index.ts';
import { poolListeners } from '../../src/scheduler/index.ts';
import '../helpers/seeds.ts';

const publish = (name: string, event: object): void => channel(name).publish(event);
const cursor = () => ({ slices: 0, spans: 0, samples: 0, logs: 0, errors: 0 });

describe('a ring', () => {
  it('gives what was put in since a number, as far as it is kept', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.oneof(fc.constant('push'), fc.nat(60)), { maxLength: 80 }),
        (capacity, steps) => {
          const ring = new Ring<number>(capacity);
          const all: number[] = [];
          for (const step of steps) {
            if (step === 'push') {
              all.push(all.length);
              ring.push(all.length - 1);
            } else {
              const since = Math.min(step as number, all.length);
              const { items, lost } = ring.since(since);
              const wanted = all.slice(since);
              expect(items).toEqual(wanted.slice(-capacity));
              expect(lost).toBe(Math.max(wanted.length - capacity, 0));
            }
            expect(ring.count).toBe(all.length);
          }
        },
      ),
    );
  });
});

describe('the feed', () => {
  let feed: ReturnType<typeof acquireFeed>;
  beforeEach(() => {
    feed = acquireFeed();
  });
  afterEach(() => releaseFeed());

  it('listens only while somebody wants it, and never to what is told of each task', () => {
    const names = ['run:started', 'run:ended', 'batch:finished', 'task:rejected'];
    const listening = (): boolean[] =>
      names.map((name) => channel(`heddle:${name}`).hasSubscribers);
    const { size } = poolListeners;
    expect(listening()).toEqual([true, true, true, true]);
    expect(channel('heddle:task:dispatched').hasSubscribers).toBe(false);
    expect(channel('heddle:task:finished').hasSubscribers).toBe(false);
    acquireFeed();
    releaseFeed();
    expect(listening()).toEqual([true, true, true, true]);
    releaseFeed();
    expect(listening()).toEqual([false, false, false, false]);
    expect(poolListeners.size).toBe(size - 1);
    feed = acquireFeed();
  });

  it('keeps the latest of a flood, and counts the rest', () => {
    const floods = 50_000;
    for (let i = 0; i < floods; i++) {
      // With pauses: nothing is put together.
      const times = { started: i, completed: i + 0.4, time: i };
      publish('heddle:run:started', {
        run: i,
        label: `label ${i}`,
        backend: 'threads',
        tasks: 1,
        ...times,
      });
      publish('heddle:batch:finished', {
        run: i,
        first: 0,
        count: 1,
        failed: true,
        worker: 1,
        threads: 1,
        ...times,
      });
      publish('heddle:task:rejected', {
        run: i,
        label: 'x',
        index: 0,
        error: new Error('no'),
        time: i,
      });
      publish('heddle:run:ended', { run: i, label: 'x', finished: 1, failed: 1, time: i + 1 });
    }
    const message = feed.message(cursor());
    expect(message.totals).toMatchObject({
      runs: floods,
      finished: floods,
      failed: floods,
      errors: floods,
    });
    expect(message.runs.length).toBe(100);
    expect(message.runs[0]).toMatchObject({ run: floods - 1, finished: 1, failed: 1 });
    expect(message.slices.items.length).toBe(5000);
    expect(message.slices.items.at(-1)![2]).toBe(floods - 1);
    expect(message.labels.length).toBe(201);
    expect(message.errors.items.length).toBe(100);
    expect(JSON.stringify(message).length).toBeLessThan(2e6);
    const trace = JSON.parse(feed.trace()) as { traceEvents: { ph: string }[] };
    expect(trace.traceEvents.filter(({ ph }) => ph === 'X').length).toBe(20_000);
  });

  it('puts short tasks together that follow each other, and loses none', () => {
    const at = cursor();
    feed.message(at);
    publish('heddle:run:started', {
      run: 7,
      label: 'short',
      backend: 'threads',
      tasks: 10_000,
      time: 0,
    });
    for (let i = 0; i < 10_000; i++) {
      const started = i / 100;
      publish('heddle:batch:finished', {
        run: 7,
        first: i,
        count: 1,
        failed: false,
        worker: 3,
        threads: 1,
        started,
        completed: started + 0.005,
      });
    }
    publish('heddle:run:ended', { run: 7, label: 'short', finished: 10_000, failed: 0, time: 100 });
    const { items } = feed.message(at).slices;
    expect(items.length).toBeGreaterThanOrEqual(5);
    expect(items.length).toBeLessThan(20);
    expect(items.reduce((sum, slice) => sum + slice[5], 0)).toBe(10_000);
    expect(feed.message(at).slices.items).toEqual([]);
  });

  it('puts short runs together as well, but not what has another name', () => {
    for (let run = 1; run <= 40; run++) {
      const [started, completed] = [run / 10, run / 10 + 0.09];
      const label = run <= 20 ? 'a' : 'b';
      publish('heddle:run:started', { run, label, backend: 'threads', tasks: 1, time: started });
      const batch = { first: 0, count: 1, failed: false, worker: 3, threads: 1 };
      publish('heddle:batch:finished', { run, ...batch, started, completed });
      publish('heddle:run:ended', { run, label, finished: 1, failed: 0, time: completed });
    }
    const { labels, slices } = feed.message(cursor());
    const row = slices.items[0]![0];
    expect(slices.items.map(([at, label, ...rest]) => [at, labels[label], ...rest])).toEqual([
      [row, 'a', 0, 0.1, 2.09, 20, 0, 1],
      [row, 'b', 0, 2.1, 4.09, 20, 0, 1],
    ]);
    const { traceEvents } = JSON.parse(feed.trace()) as {
      traceEvents: { ph: string; args: object }[];
    };
    const bars = traceEvents.filter(({ ph }) => ph === 'X').map(({ args }) => args);
    expect(bars).toEqual([1, 2].map(() => ({ tasks: 20, threads: 1 })));
  });

  it('counts what is told of a run after its end, and the tasks lost with a worker', () => {
    publish('heddle:run:started', { run: 9, label: 'late', backend: 'threads', tasks: 4, time: 0 });
    publish('heddle:run:ended', {
      run: 9,
      label: 'late',
      finished: 2,
      failed: 2,
      error: new Error('why'),
      time: 5,
    });
    const batch = {
      run: 9,
      first: 2,
      count: 1,
      failed: false,
      worker: 3,
      threads: 1,
      started: 1,
      completed: 6,
    };
    publish('heddle:batch:finished', batch);
    const message = feed.message(cursor());
    expect(message.runs.find(({ run }) => run === 9)).toMatchObject({
      finished: 3,
      failed: 2,
      error: 'Error: why',
    });
    expect(message.errors.items.at(-1)).toMatchObject({
      where: 'late',
      name: 'Error',
      message: 'why',
    });
  });

  it('puts what is told after the end of a worker into its row, and keeps the latest rows', () => {
    const tell = (name: 'workerStarted' | 'workerEnded', worker: number): void => {
      const event = { worker, backend: 'processes', host: 'here', pid: 1e9 + worker };
      for (const listener of poolListeners) {
        listener[name]?.({ ...event, reason: 'exit', code: 0, signal: null });
      }
    };
    const batch = (worker: number): void =>
      publish('heddle:batch:finished', {
        run: 1,
        first: 0,
        count: 2,
        failed: false,
        worker,
        threads: 1,
        started: worker,
        completed: worker + 0.5,
      });
    for (let worker = 1000; worker < 1200; worker++) {
      tell('workerStarted', worker);
      tell('workerEnded', worker);
      batch(worker);
    }
    const { rows } = feed.message(cursor());
    const ours = rows.filter(({ name }) => /^worker 1[01]\d\d$/.test(name));
    expect(ours.length).toBe(64);
    expect(ours.at(-1)).toMatchObject({ name: 'worker 1199', state: 'ended', tasks: 2 });
    expect(rows.some(({ name }) => name === 'this program')).toBe(false);
  });

  it('has one row for each engine, of the process that it is now', () => {
    const by = (pid: number) => ({ engine: 0, node: 'here', pid });
    for (const [at, pid] of [process.pid, process.pid, process.ppid].entries()) {
      publish('heddle:batch:finished', {
        run: 1,
        first: 0,
        count: 1,
        failed: false,
        worker: 5000,
        threads: 2,
        by: by(pid),
        started: at,
        completed: at + 0.5,
      });
    }
    const engines = feed.message(cursor()).rows.filter(({ name }) => name === 'engine 0 (here)');
    expect(engines).toMatchObject([{ pid: process.ppid, tasks: 1, blasThreads: 2 }]);
  });

  it('survives errors whose members throw, and cuts what is long', () => {
    const trap = new Proxy(new Error('x'), {
      get: () => {
        throw new Error('trap');
      },
    });
    publish('heddle:task:rejected', {
      run: 1,
      label: 'l'.repeat(1e5),
      index: 0,
      error: trap,
      time: 0,
    });
    const long = Object.assign(new Error('m'.repeat(1e6)), {
      stack: 's'.repeat(1e6),
      argument: 'a'.repeat(1e6),
    });
    publish('heddle:task:rejected', { run: 1, label: '', index: 1, error: long, time: 0 });
    const lines = feed.message(cursor()).errors.items.slice(-2);
    expect(lines[1]!.argument!.length).toBe(2000);
    for (const line of lines) expect(JSON.stringify(line).length).toBeLessThan(15_000);
  });
});
