/**
 * Engines that die: before, while and after they run something, by themselves and by others.
 */
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Client, Cluster } from 'heddle/cluster';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { range, until } from '../parallel/support.ts';
import { failure, isAlive, transports } from './support.ts';

const nap = (ms: number) => new Promise<number>((resolve) => setTimeout(resolve, ms, ms));

describe.each(transports)('the death of an engine, %s', (_name, start) => {
  let cluster: Cluster;
  let client: Client;

  beforeEach(async () => {
    cluster = await start({ n: 2 });
    client = await cluster.client();
  });

  afterEach(() => cluster.stop());

  const pidOf = (id: number): number => client.engines.find((one) => one.id === id)!.pid;

  /** Resolves when the engine is another one than before. */
  async function replaced(id: number, pid: number): Promise<void> {
    const isNew = () => client.engines.some((one) => one.id === id && one.pid !== pid);
    await until(isNew, `a new engine ${id}`, 60_000);
  }

  it('that does nothing: another one comes under its number, without its names', async () => {
    const view = client.directView();
    await view.push({ kept: 1 });
    const left: string[] = [];
    client.on('left', ({ id, uid }) => left.push(`${id} ${uid}`));
    const { pid, uid } = client.engines[1]!;
    process.kill(pid, 'SIGKILL');
    await replaced(1, pid);
    expect(left).toEqual([`1 ${uid}`]);
    expect(client.ids).toEqual([0, 1]);
    expect(client.engines[1]!.uid).not.toBe(uid);
    expect(await view.pull('typeof kept')).toEqual(['number', 'undefined']);
  });

  it('while it runs a call of a direct view: the call fails, those of others do not', async () => {
    const view = client.directView();
    const pid = pidOf(1);
    const running = view.apply(() => nap1s());
    const waiting = view.apply(() => 'after');
    const isRunning = async () => (await client.queueStatus()).engines[1]!.running > 0;
    while (!(await isRunning())) await nap(2);
    process.kill(pid, 'SIGKILL');
    const error = await failure(running);
    expect(error.errors).toHaveLength(1);
    expect(error.errors[0]).toMatchObject({
      code: 'ERR_HEDDLE_ENGINE_LOST',
      engine: 1,
      pid,
      node: os.hostname(),
      signal: 'SIGKILL',
      exitCode: null,
      tasks: [{ index: 1, argument: '[]' }],
    });
    expect(error.errors[0]!.message).toContain(`Engine 1 (process ${pid} on ${os.hostname()}) was`);
    expect(running.metadata.map(({ status }) => status)).toEqual(['ok', 'error']);
    // What waited for it was for that engine alone.
    expect((await failure(waiting)).errors).toMatchObject([{ engine: 1 }]);
    await replaced(1, pid);
    expect(await view.apply(() => 'new')).toEqual(['new', 'new']);
  });

  const nap1s = () => new Promise<number>((resolve) => setTimeout(resolve, 1000, 1));

  it('by its own doing: exit, abort, an exception that nobody catches', async () => {
    const view = client.directView(0);
    const exit = (await failure(view.apply(() => process.exit(7)))).errors[0];
    expect(exit).toMatchObject({ code: 'ERR_HEDDLE_ENGINE_LOST', exitCode: 7, signal: null });
    await client.waitForEngines(2);
    const abort = (await failure(view.apply(() => process.abort()))).errors[0];
    expect(abort).toMatchObject({ code: 'ERR_HEDDLE_ENGINE_LOST', signal: 'SIGABRT' });
    await client.waitForEngines(2);
    const stray = view.apply(() => {
      setTimeout(() => {
        throw new RangeError('from a timer');
      }, 1);
      return new Promise(() => {});
    });
    const lost = (await failure(stray)).errors[0]!;
    expect(lost).toMatchObject({ code: 'ERR_HEDDLE_ENGINE_LOST', exitCode: 1 });
    expect((lost.cause as Error).message).toBe('from a timer');
    await client.waitForEngines(2);
  });

  it('in the middle of a map of a direct view: what was done is known', async () => {
    const result = client.directView(1).map(range(6), (x) => {
      if (x === 3) process.kill(process.pid, 'SIGKILL');
      return nap30(x);
    });
    const [lost] = (await failure(result)).errors as [Error & { tasks: { index: number }[] }];
    expect(lost.tasks.map(({ index }) => index)).toEqual([3, 4, 5]);
    expect(result.metadata.map(({ status }) => status)).toEqual([
      'ok',
      'ok',
      'ok',
      'error',
      'error',
      'error',
    ]);
  });

  const nap30 = (x: number) => new Promise<number>((resolve) => setTimeout(resolve, 30, x));

  it('under load-balanced calls: who ended it is to blame, the others run', async () => {
    const results = await client.map(
      range(20),
      (x) => {
        if (x === 5) process.kill(process.pid, 'SIGKILL');
        return x;
      },
      { returnErrors: true, batchSize: 4 },
    );
    const failed = results.filter(({ status }) => status === 'rejected');
    expect(failed).toHaveLength(1);
    expect(results[5]).toMatchObject({
      reason: { code: 'ERR_HEDDLE_WORKER_CRASHED', signal: 'SIGKILL', tasks: [{ index: 5 }] },
    });
    for (const [i, result] of results.entries()) {
      if (i !== 5) expect(result).toEqual({ status: 'fulfilled', value: i });
    }
  });

  it('from outside, again and again: all results come, each once', async () => {
    let ended = false;
    const killer = (async () => {
      for (let i = 0; !ended; i++) {
        await nap(400);
        const { engines } = client;
        const victim = engines[i % 2];
        if (victim && !ended) process.kill(victim.pid, 'SIGKILL');
      }
    })();
    const count = 300;
    // Whoever kills engines from outside makes tasks look guilty: they may be run again.
    const settings = { retries: 1, returnErrors: true, batchSize: 10 } as const;
    const results = await client.map(range(count), (x) => nap2(x), settings);
    ended = true;
    await killer;
    for (const [i, result] of results.entries()) {
      // A task that was there when two engines were killed is not tried a third time.
      if (result.status === 'fulfilled') expect(result.value).toBe(i);
      else expect(result.reason).toMatchObject({ code: 'ERR_HEDDLE_WORKER_CRASHED' });
    }
    const done = results.filter(({ status }) => status === 'fulfilled').length;
    expect(done).toBeGreaterThan(count / 2);
    expect(results).toHaveLength(count);
  });

  const nap2 = (x: number) => new Promise<number>((resolve) => setTimeout(resolve, 2, x));

  it('after it had a large result: the result is there, or the loss is', async () => {
    const view = client.directView(0);
    const pid = pidOf(0);
    const result = view.apply(() => {
      setTimeout(() => process.exit(0), 0);
      return new Float64Array(500_000).fill(3);
    });
    const value = await result.catch((error: unknown) => error as Error & { errors: Error[] });
    if (Array.isArray(value)) expect(value[0]![499_999]).toBe(3);
    else {
      const [lost] = value.errors as [Error & { code: string }];
      expect(['ERR_HEDDLE_TASK', 'ERR_HEDDLE_ENGINE_LOST']).toContain(lost.code);
    }
    await replaced(0, pid);
  });

  it('restart replaces engines that never end by themselves', async () => {
    const before = client.engines.map(({ pid }) => pid);
    const stuck = client.directView(0).apply(() => {
      for (;;);
    });
    const end = failure(stuck);
    await client.restart(0);
    expect((await end).errors[0]).toMatchObject({
      code: 'ERR_HEDDLE_ENGINE_LOST',
      engine: 0,
    });
    const after = client.engines.map(({ pid }) => pid);
    expect(after[0]).not.toBe(before[0]);
    expect(after[1]).toBe(before[1]);
    expect(isAlive(before[0]!)).toBe(false);
    // Load-balanced work that was there runs on another engine.
    const job = client.map(range(2), () => nap200(), { batchSize: 1 });
    while ((await client.queueStatus()).engines.some(({ running }) => running === 0)) await nap(2);
    await client.restart();
    expect(await job).toEqual([200, 200]);
  });

  const nap200 = () => new Promise<number>((resolve) => setTimeout(resolve, 200, 200));

  it('limits of a job replace the engines that it has used up', async () => {
    const pids = await client.map(range(8), () => process.pid, {
      maxTasksPerWorker: 2,
      batchSize: 1,
    });
    const counts = new Map<number, number>();
    for (const pid of pids) counts.set(pid, (counts.get(pid) ?? 0) + 1);
    expect(Math.max(...counts.values())).toBeLessThanOrEqual(2);
    expect(counts.size).toBeGreaterThanOrEqual(4);
    await client.waitForEngines(2);
  });
});

describe('engines that can not be started', () => {
  it('are an error of start, with the reason', async () => {
    const file = path.join(os.tmpdir(), `heddle-broken-${process.pid}.cjs`);
    writeFileSync(file, 'process.exit(9);');
    const env = { NODE_OPTIONS: `--require ${file}` };
    const error = await failure(Cluster.start({ n: 1, env }));
    expect(error).toMatchObject({ code: 'ERR_HEDDLE_WORKER_START' });
    expect(error.message).toContain('3 in a row ended before they were up');
    expect(error.message).toContain('exited with code 9');
    writeFileSync(file, 'for (;;);');
    const silent = await failure(Cluster.start({ n: 1, env, startTimeout: 300 }));
    expect(silent).toMatchObject({ code: 'ERR_HEDDLE_WORKER_START' });
    expect(silent.message).toContain('it gave no sign of life for 300 ms');
    const nowhere = await failure(Cluster.start({ n: 1, cwd: '/no/such/folder' }));
    expect(nowhere).toMatchObject({ code: 'ERR_HEDDLE_WORKER_START' });
    expect(nowhere.message).toContain('/no/such/folder');
  });
});
