/**
 * What ipyparallel 7.1's own tests of load-balanced views (`test_lbview.py`) and of clients
 * (`test_client.py`) ask for, asked of ours.
 *
 * Left out: `follow`, and dependencies that can't be met (a view's `targets` say where its calls run),
 * `max_outstanding` (it is `preDispatch`, tested with `imap`), schemes of schedulers, the hub's database,
 * results that are purged or submitted again, `become_dask`, `activate`, and warnings about host names.
 */
import { map, type TaskContext, withConfig } from 'heddle';
import type { Client, EngineInfo } from 'heddle/cluster';
import { describe, expect, it } from 'vitest';
import { range, until } from '../parallel/support.ts';
import { failure, isAlive, transports, withEngines } from './support.ts';

const nap = (ms: number) => new Promise<number>((resolve) => setTimeout(resolve, ms, ms));

describe.each(transports)('load-balanced views, %s', (_name, start) => {
  let client: Client;

  withEngines(start, 2, (started) => {
    ({ client } = started);
  });

  it('map', async () => {
    const view = client.loadBalancedView();
    const squares = range(101).map((x) => x ** 2);
    expect(await view.map(range(101), (x) => x ** 2)).toEqual(squares);
    expect(await view.map(range(101).values(), (x) => x ** 2)).toEqual(squares);
    expect(await view.map(Float64Array.from(range(101)), (x) => x ** 2)).toEqual(squares);
    expect(await view.map([], (x) => x)).toEqual([]);
    expect(await view.map(range(10), (x) => x, { chunkSize: 3 })).toEqual(range(10));
    async function* source() {
      for (let i = 0; i < 5; i++) yield i;
    }
    expect(await view.map(source(), (x) => x)).toEqual(range(5));
  });

  it('imap, of an endless input, in order or not', async () => {
    const view = client.loadBalancedView();
    let read = 0;
    function* endless() {
      for (;;) yield read++;
    }
    const results: number[] = [];
    for await (const one of view.imap(endless(), (x) => x, { preDispatch: 2, batchSize: 1 })) {
      results.push(one);
      if (one >= 3) break;
    }
    expect(results).toEqual(range(4));
    expect(read).toBeLessThan(12);
    // The first ends when nobody wants it any more.
    const wait = (x: number, { signal }: TaskContext) =>
      x > 0
        ? x
        : new Promise<number>((resolve) => {
            if (signal.aborted) resolve(0);
            signal.addEventListener('abort', () => resolve(0));
          });
    const stream = view.imap([0, 1, 2], wait, { ordered: false, batchSize: 1 });
    expect((await stream.next()).value).toBe(1);
    stream.cancel();
    await client.directView().apply(() => 1);
  });

  it('all items run, whatever fails', async () => {
    const result = client.loadBalancedView().map(range(5), (x) => {
      if (x % 2 === 0) throw new RangeError('even!');
      return x;
    });
    const { errors } = await failure(result);
    expect(errors.map((one) => (one as Error & { index: number }).index)).toEqual([0, 2, 4]);
    expect(errors[0]!.cause).toBeInstanceOf(RangeError);
  });

  it('a call that fails is made again as often as it may', async () => {
    const count = (): never => {
      const all = globalThis as { tries?: number };
      all.tries = (all.tries ?? 0) + 1;
      throw new Error(`try ${all.tries}`);
    };
    await client.directView().clear();
    const targets = 0;
    const twice = await failure(client.loadBalancedView({ targets, retries: 2 }).apply(count));
    expect(twice.message).toContain('try 3');
    const never = await failure(client.loadBalancedView({ targets }).apply(count));
    expect(never.message).toContain('try 4');
  });

  it('targets', async () => {
    const view = client.loadBalancedView({ targets: [1] });
    const ids = await view.map(range(20), (_x, { worker }) => worker.id, { chunkSize: 1 });
    expect(new Set(ids)).toEqual(new Set([1]));
    expect(() => client.loadBalancedView({ targets: 7 })).toThrow(RangeError);
  });

  it('after: a call waits for results, and fails with them', async () => {
    const first = client.directView().apply(nap, 50);
    const view = client.loadBalancedView({ after: [first] });
    const second = view.apply(() => 2);
    const third = view.map([1, 2], (x) => x);
    expect(await second).toBe(2);
    expect(await third).toEqual([1, 2]);
    expect(second.metadata[0]!.started!).toBeGreaterThan(first.metadata[1]!.completed! - 1);
    const broken = client.directView(0).execute('throw new RangeError("first")');
    const dependent = client.loadBalancedView({ after: [broken] }).apply(() => 3);
    expect(await failure(dependent)).toMatchObject({ code: 'ERR_HEDDLE_DEPENDENCY' });
    await failure(broken);
    const invalid = () => client.loadBalancedView({ after: ['12345'] as never });
    expect(invalid).toThrow(expect.objectContaining({ code: 'ERR_HEDDLE_INVALID_ARGUMENT' }));
  });

  it('timeout: the engine is replaced, the call fails', async () => {
    const before = client.engines.map(({ pid }) => pid);
    const view = client.loadBalancedView({ timeout: 200 });
    const error = await failure(
      view.apply(() => {
        for (;;);
      }),
    );
    expect(error).toMatchObject({ code: 'ERR_HEDDLE_TIMEOUT', timeout: 200 });
    await client.waitForEngines(2);
    expect(client.engines.filter(({ pid }) => before.includes(pid))).toHaveLength(1);
    // What waits for an engine has not begun: it may wait longer than it may run.
    const waits = client.loadBalancedView({ timeout: 500 });
    expect(await waits.map(range(6), () => nap(200), { chunkSize: 1 })).toHaveLength(6);
  });

  it('abort', async () => {
    const view = client.loadBalancedView();
    const busy = client.directView().apply(nap, 300);
    const results = [view.apply(() => 2), view.map(range(10), (x) => x)];
    await client.abort(results);
    for (const one of results) {
      expect(await failure(one)).toMatchObject({ name: 'AbortError' });
      expect(one.metadata.every(({ status }) => status === 'aborted')).toBe(true);
    }
    expect(await busy).toEqual([300, 300]);
  });

  it('a call runs beside the engine that is busy', async () => {
    const busy = client.directView(0).apply(nap, 400);
    const ids = await client.loadBalancedView().map(range(10), (_x, { worker }) => worker.id);
    expect(new Set(ids)).toEqual(new Set([1]));
    expect(await busy).toEqual([400]);
  });
});

describe.each(transports)('clients, %s', (_name, start) => {
  it('know the engines that there are, and hear of changes', async () => {
    const cluster = await start({ n: 1 });
    const client = await cluster.client();
    const heard: string[] = [];
    client.on('joined', ({ id }: EngineInfo) => heard.push(`+${id}`));
    const left = client.on('left', ({ id }: EngineInfo) => heard.push(`-${id}`));
    const all = client.directView();
    expect(await all.apply(() => 1)).toEqual([1]);
    await cluster.scale(3);
    expect(client.ids).toEqual([0, 1, 2]);
    expect(await all.apply(() => 1)).toEqual([1, 1, 1]);
    expect(await all.map(range(10), (x) => x * 2)).toEqual(range(10).map((x) => x * 2));
    expect(client.directView({ step: 2 }).targets).toEqual([0, 2]);
    expect(client.directView({ from: 1, to: -1 }).targets).toEqual([1]);
    expect(client.directView(-1).targets).toEqual([2]);
    const gone = client.directView(2);
    // What engines have in hand is done before they end.
    const last = gone.apply(nap, 50);
    await cluster.scale(1);
    expect(await last).toEqual([50]);
    expect(client.ids).toEqual([0]);
    const { errors } = await failure(gone.apply(() => 1));
    expect(errors[0]).toMatchObject({ code: 'ERR_HEDDLE_ENGINE_LOST', engine: 2 });
    expect(heard.slice(0, 2).sort()).toEqual(['+1', '+2']);
    expect(heard.slice(2).sort()).toEqual(['-1', '-2']);
    left[Symbol.dispose]();
    await cluster.stop();
    expect(heard).toHaveLength(4);
  });

  it('tell what runs and waits', async () => {
    const cluster = await start({ n: 2 });
    const client = await cluster.client();
    const view = client.directView();
    const results = [1, 2, 3, 4].map(() => view.apply(nap, 150));
    const balanced = client.map([1, 2, 3], (x) => x, { batchSize: 1, jobs: 3 });
    let status = await client.queueStatus();
    while (status.engines.some(({ running }) => running === 0) || status.waiting < 3) {
      await nap(2);
      status = await client.queueStatus();
    }
    expect(status.engines.map(({ id }) => id)).toEqual([0, 1]);
    for (const { running, waiting, done } of status.engines) {
      expect(running).toBe(1);
      expect(running + waiting + done).toBe(4);
    }
    await Promise.all([...results, balanced]);
    status = await client.queueStatus();
    expect(status.waiting).toBe(0);
    const sum = status.engines.reduce((total, { done }) => total + done, 0);
    expect(sum).toBe(11);
    await cluster.stop();
  });

  it('wait for engines', async () => {
    const cluster = await start({ n: 1 });
    const client = await cluster.client();
    await client.waitForEngines(1);
    expect(await failure(client.waitForEngines(2, { timeout: 20 }))).toMatchObject({
      name: 'TimeoutError',
    });
    const stopped = failure(client.waitForEngines(2, { signal: AbortSignal.abort('no') }));
    expect(await stopped).toBe('no');
    const waiting = client.waitForEngines(2, { timeout: 60_000 });
    await cluster.scale(2);
    await waiting;
    const never = failure(client.waitForEngines(3));
    await cluster.stop();
    expect(await never).toMatchObject({ code: 'ERR_HEDDLE_CLUSTER' });
  });

  it('stop the cluster: nothing is left, and what comes later says so', async () => {
    const cluster = await start({ n: 2 });
    const client = await cluster.client();
    const pids = client.engines.map(({ pid }) => pid);
    const view = client.directView();
    const running = view.apply(nap, 60_000);
    const waiting = view.apply(() => 1);
    const balanced = client.map(range(4), () => nap(60_000), { batchSize: 1 });
    // Until all of it has been handed over.
    while ((await client.queueStatus()).waiting === 0) await nap(2);
    const ends = [failure(running), failure(waiting), failure(balanced)];
    await client.shutdown({ engines: true });
    for (const pid of pids) await until(() => !isAlive(pid), `the end of ${pid}`);
    const [first, second, third] = await Promise.all(ends);
    expect(first!.errors[0]).toMatchObject({ code: 'ERR_HEDDLE_ENGINE_LOST', engine: 0 });
    expect(second!.errors[1]).toMatchObject({ code: 'ERR_HEDDLE_ENGINE_LOST', engine: 1 });
    expect(third).toMatchObject({ code: 'ERR_HEDDLE_WORKER_START' });
    expect(third!.message).toContain('the cluster was stopped');
    expect(client.ids).toEqual([]);
    expect(() => view.apply(() => 1)).toThrow(
      expect.objectContaining({ code: 'ERR_HEDDLE_CLUSTER' }),
    );
    expect(await failure(client.map([1], (x) => x))).toMatchObject({
      code: 'ERR_HEDDLE_WORKER_START',
    });
    expect(await failure(cluster.scale(1))).toMatchObject({ code: 'ERR_HEDDLE_CLUSTER' });
    expect(await failure(cluster.client())).toMatchObject({ code: 'ERR_HEDDLE_CLUSTER' });
    await cluster.stop();
  });

  it("the backend 'cluster' is the latest cluster that runs", async () => {
    const backend = 'cluster';
    const unknown = await failure(map([1], (x) => x, { backend }));
    expect(unknown).toMatchObject({ code: 'ERR_HEDDLE_INVALID_ARGUMENT' });
    const pidsOf = async () => new Set(await map(range(8), () => process.pid, { backend }));
    const first = await start({ n: 1 });
    const second = await start({ n: 1 });
    expect(await pidsOf()).toEqual(new Set(second.engines.map(({ pid }) => pid)));
    const inScope = await withConfig({ backend }, () => map([1, 2], () => process.pid));
    expect(second.engines.map(({ pid }) => pid)).toContain(inScope[0]);
    await second.stop();
    expect(await pidsOf()).toEqual(new Set(first.engines.map(({ pid }) => pid)));
    await first.stop();
    expect(await failure(map([1], (x) => x, { backend }))).toMatchObject({
      code: 'ERR_HEDDLE_INVALID_ARGUMENT',
    });
  });
});
