/**
 * What ipyparallel 7.1's own tests of results (`test_asyncresult.py`) ask for, asked of ours.
 *
 * Left out: `get_dict` (a result's `metadata` names the engine of each element), attribute access to
 * metadata, timestamps that a hub keeps, display of output, `wait_for_send` and `owner`, and
 * `return_exceptions` (a composite error has the errors; `imap` takes `returnErrors`).
 */
import type { Client } from 'heddle/cluster';
import { describe, expect, it } from 'vitest';
import { range, until } from '../parallel/support.ts';
import { failure, transports, withEngines } from './support.ts';

const nap = (ms: number) => new Promise<number>((resolve) => setTimeout(resolve, ms, ms));

describe.each(transports)('results, %s', (_name, start) => {
  let client: Client;

  withEngines(start, 2, (started) => {
    ({ client } = started);
  });

  it('have an element for each engine', async () => {
    for (const targets of [1, [1], { from: -1 }]) {
      expect(await client.directView(targets).apply(() => 42)).toEqual([42]);
    }
  });

  it('can be had again when they are there', async () => {
    const result = client.directView(-1).apply(() => 42);
    expect(await result.wait()).toBe(true);
    expect([result.ready, result.successful]).toEqual([true, true]);
    expect(await result.get()).toEqual([42]);
    expect(await result.get()).toEqual([42]);
    expect(await result).toEqual([42]);
  });

  it('can be asked for too early', async () => {
    const result = client.directView(-1).apply(nap, 100);
    expect(await failure(result.get(0))).toMatchObject({ name: 'TimeoutError' });
    expect(await result.wait(0)).toBe(false);
    expect([result.ready, result.successful]).toEqual([false, null]);
    expect(await result.get(60_000)).toEqual([100]);
  });

  it('fail with the same error each time', async () => {
    const result = client.directView(-1).apply(() => {
      throw new RangeError('zero');
    });
    expect(await result.wait(60_000)).toBe(true);
    const [first, second] = [await failure(result.get()), await failure(result)];
    expect(first).toBe(second);
    expect(first.errors[0]!.cause).toBeInstanceOf(RangeError);
    expect(result.successful).toBe(false);
  });

  it('that nobody looks at are unhandled rejections', async () => {
    const seen: unknown[] = [];
    const others = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', (error) => seen.push(error));
    void client.directView(0).execute('throw new Error("nobody")');
    await until(() => seen.length === 1, 'the rejection');
    process.removeAllListeners('unhandledRejection');
    for (const other of others) process.on('unhandledRejection', other);
    expect((seen[0] as Error).message).toContain('nobody');
  });

  it('give their elements as they are there', async () => {
    const balanced: unknown[] = [];
    for await (const one of client.loadBalancedView().map([5, 6, 7], nap)) balanced.push(one);
    expect(balanced).toEqual([5, 6, 7]);
    const direct: unknown[] = [];
    for await (const one of client.directView().apply(nap, 5)) direct.push(one);
    expect(direct).toEqual([5, 5]);
    // The first is there long before the last.
    const early = client.directView().map([1, 60_000], nap);
    for await (const one of early) {
      expect(one).toBe(1);
      break;
    }
    await early.abort();
    await client.restart(1);
  });

  it('throw while they are iterated over, and again', async () => {
    const result = client.directView().map(range(5), (x) => {
      if (x === 1) throw new RangeError('one');
      return x;
    });
    for (let i = 0; i < 2; i++) {
      const seen: unknown[] = [];
      const all = async () => {
        for await (const one of result) seen.push(one);
      };
      expect(await failure(all())).toMatchObject({ code: 'ERR_HEDDLE_TASK', engine: 0, index: 1 });
      expect(seen).toEqual([0]);
    }
    expect(await failure(result)).toMatchObject({ code: 'ERR_HEDDLE_COMPOSITE' });
  });

  it('know how long they are', async () => {
    const balanced = client.loadBalancedView();
    const results = [
      balanced.map(range(10), (x) => x),
      balanced.apply((x) => x, range(10)),
      client.directView().apply((x) => x, range(10)),
    ];
    expect(results.map(({ length }) => length)).toEqual([10, 1, 2]);
    await Promise.all(results);
    expect(results.map(({ progress }) => progress)).toEqual([10, 1, 2]);
    const generated = balanced.map(range(10).values(), (x) => x);
    await generated;
    expect(generated.length).toBe(10);
  });

  it('know who ran them, when, and for how long', async () => {
    const direct = client.directView().apply(nap, 50);
    expect(direct.metadata[0]).toMatchObject({ status: 'pending', engine: 0, received: null });
    const balanced = client.loadBalancedView().map([50, 50, 50], nap);
    const single = client.loadBalancedView().apply(nap, 50);
    await Promise.all([direct, balanced, single]);
    const pids = new Map(client.engines.map(({ id, pid }) => [id, pid]));
    for (const [result, tasks] of [
      [direct, 2],
      [balanced, 3],
      [single, 1],
    ] as const) {
      expect(result.metadata).toHaveLength(tasks);
      let serial = 0;
      for (const [index, task] of result.metadata.entries()) {
        const { submitted, started, completed, received } = task;
        expect(task).toMatchObject({ index, status: 'ok', error: undefined });
        expect(task.pid).toBe(pids.get(task.engine!));
        // The clocks of two processes are set against each other to a fraction of a millisecond.
        expect(started!).toBeGreaterThan(submitted - 1);
        expect(completed!).toBeGreaterThanOrEqual(started! + 49);
        expect(received!).toBeGreaterThan(completed! - 1);
        serial += completed! - started!;
      }
      expect(result.serialTime).toBeCloseTo(serial, 3);
      expect(result.wallTime).toBeGreaterThanOrEqual(49);
      expect(result.elapsed).toBe(result.wallTime);
      expect(result.speedup).toBeCloseTo(serial / result.wallTime, 3);
    }
    expect(direct.metadata.map(({ engine }) => engine)).toEqual([0, 1]);
  });

  it('say what failed in their metadata', async () => {
    const result = client.loadBalancedView().map([1, 2], (x) => {
      if (x === 2) throw new RangeError('two');
      return x;
    });
    const { errors } = await failure(result);
    expect(errors).toHaveLength(1);
    expect(result.metadata.map(({ status }) => status)).toEqual(['ok', 'error']);
    expect(result.metadata[1]!.error).toBe(errors[0]);
  });

  it('wait with a progress bar', async () => {
    const written: string[] = [];
    const stream = { write: (text: string) => written.push(text) > 0, isTTY: false } as never;
    const result = client.loadBalancedView().map(range(20), (x) => x);
    expect(await result.waitInteractive({ stream })).toBe(true);
    expect(written.join('')).toContain('20/20');
    const direct = client.directView().apply(nap, 30_000);
    expect(await direct.waitInteractive({ stream, timeout: 20 })).toBe(false);
    await direct.abort();
    await client.restart();
  });

  it('aborted while a task runs: the task sees its signal', async () => {
    const view = client.directView(0);
    const result = view.map([1], (_x, { signal }) => {
      return new Promise((resolve) => {
        const notice = () => {
          (globalThis as { noticed?: boolean }).noticed = true;
          resolve(0);
        };
        if (signal.aborted) notice();
        signal.addEventListener('abort', notice);
      });
    });
    const running = async () => (await client.queueStatus()).engines[0]!.running === 1;
    while (!(await running())) await nap(5);
    await result.abort();
    expect(await failure(result)).toMatchObject({ name: 'AbortError' });
    expect(result.aborted).toBe(true);
    expect(result.metadata[0]).toMatchObject({ status: 'aborted' });
    // The same engine: what it had is still there.
    expect(await view.pull('noticed')).toEqual([true]);
  });
});
