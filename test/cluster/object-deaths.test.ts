/**
 * Engines that die with what remote functions are doing, or have done; and what is left of objects and
 * actors afterwards.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { sharedMemoryInfo } from 'heddle';
import { type Client, ObjectLostError } from 'heddle/cluster';
import { afterAll, describe, expect, it } from 'vitest';
import { collect } from '../helpers/collect.ts';
import { until } from '../parallel/support.ts';
import { failure, hasEnded, isAlive, transports, withEngines } from './support.ts';

/** How much is made and let go. `HEDDLE_DEATHS=all`: the long form, some minutes. */
const many =
  process.env.HEDDLE_DEATHS === 'all'
    ? { objects: 10_000, actors: 1000 }
    : { objects: 3000, actors: 60 };

const folder = mkdtempSync(path.join(os.tmpdir(), 'heddle-objects-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(transports)('objects and the death of engines, %s', (_name, start) => {
  let client: Client;

  withEngines(start, 2, (started) => {
    ({ client } = started);
  });

  const descriptors = (): number => readdirSync('/proc/self/fd').length;

  it('a result that is there outlives its engine, large ones too', async () => {
    const make = client.remote((n: number) => ({
      pid: process.pid,
      data: new Float64Array(n).fill(3),
    }));
    const refs = [make(4), make(300_000)];
    await client.wait(refs, { count: 2 });
    await client.restart();
    const pids = client.engines.map(({ pid }) => pid);
    const values = await client.get(refs);
    expect(values.map(({ data }) => data.at(-1))).toEqual([3, 3]);
    for (const { pid } of values) expect(pids).not.toContain(pid);
    const sum = client.remote(({ data }: { data: Float64Array }) => data.reduce((a, b) => a + b));
    expect(await sum(refs[1]!).get()).toBe(900_000);
  });

  it('a call whose engine dies is made again, as often as retries says', async () => {
    const mark = path.join(folder, 'once');
    const dies = client.remote((file: string, value: number) => {
      const { existsSync, writeFileSync } = process.getBuiltinModule('node:fs');
      if (existsSync(file)) return value + 1;
      writeFileSync(file, '');
      process.kill(process.pid, 'SIGKILL');
      return -1;
    });
    const plus = client.remote((x: number) => x + 1);
    expect(await plus(dies(mark, plus(1))).get()).toBe(4);
    const always = client.remote(() => process.exit(5), { retries: 1 });
    const error = await failure(always().get());
    expect(error).toMatchObject({ code: 'ERR_HEDDLE_WORKER_CRASHED', exitCode: 5 });
    const dependent = await failure(plus(always() as never).get());
    expect(dependent).toMatchObject({ code: 'ERR_HEDDLE_DEPENDENCY' });
    await client.waitForEngines(2);
  });

  it('a result whose memory goes with its engine before it is here is made again', async () => {
    const pidFile = path.join(folder, 'pid');
    const make = client.remote((file: string, n: number) => {
      const { existsSync, writeFileSync } = process.getBuiltinModule('node:fs');
      if (!existsSync(file)) {
        writeFileSync(file, String(process.pid));
        // When the result has been sent.
        setImmediate(() => process.kill(process.pid, 'SIGKILL'));
      }
      return new Float64Array(n).fill(4);
    });
    const twice = client.remote((data: Float64Array) => data.map((x) => 2 * x));
    // A message is on its way at the end of this turn; nothing is read before the engine has ended.
    const ref = twice(make(pidFile, 300_000));
    await new Promise<void>((resolve) => queueMicrotask(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    const deadline = performance.now() + 60_000;
    let pid = 0;
    while (performance.now() < deadline) {
      if (existsSync(pidFile)) pid = Number(readFileSync(pidFile, 'utf8'));
      if (pid > 0 && hasEnded(pid)) break;
    }
    expect(hasEnded(pid)).toBe(true);
    expect((await ref.get())[299_999]).toBe(8);
    writeFileSync(pidFile, '');
    rmSync(pidFile);
    // Without retries it is lost.
    const once = client.remote(
      (file: string) => {
        process.getBuiltinModule('node:fs').writeFileSync(file, String(process.pid));
        setImmediate(() => process.kill(process.pid, 'SIGKILL'));
        return new Float64Array(300_000);
      },
      { retries: 0 },
    );
    const gone = once(pidFile);
    const failed = failure(gone.get());
    await new Promise((resolve) => setImmediate(resolve));
    for (pid = 0; performance.now() < deadline; ) {
      if (existsSync(pidFile)) pid = Number(readFileSync(pidFile, 'utf8'));
      if (pid > 0 && hasEnded(pid)) break;
    }
    const error = await failed;
    expect(error).toBeInstanceOf(ObjectLostError);
    expect(error).toMatchObject({ id: gone.id });
    await client.waitForEngines(2);
  });

  it('engines killed from outside, again and again: all results come', async () => {
    const work = client.remote((x: number) => new Promise<number>((r) => setTimeout(r, 3, x)), {
      retries: 50,
    });
    const refs = Array.from({ length: 200 }, (_, i) => work(i));
    for (let round = 1; round <= 4; round++) {
      await client.wait(refs, { count: round * 40 });
      const [victim] = client.engines;
      if (victim) process.kill(victim.pid, 'SIGKILL');
    }
    expect(await client.get(refs)).toEqual(refs.map((_, i) => i));
    await client.waitForEngines(2);
  });

  it('a reference that only a dead engine had lets go of its object', async () => {
    const before = sharedMemoryInfo().segments.length;
    const holds = await client.actor(Holds, []);
    await holds.keep({ ref: client.put(new Float64Array(300_000)) });
    expect(await holds.size()).toBe(300_000);
    collect();
    expect(sharedMemoryInfo().segments.length).toBeGreaterThan(before);
    await holds.$.kill();
    const isBack = () => {
      collect();
      return sharedMemoryInfo().segments.length <= before;
    };
    await until(isBack, 'the end of the object', 60_000);
  });

  it('the death of the program ends actors and engines, also those that are in a loop', async () => {
    const program = `
      import { Cluster } from 'heddle/cluster';
      const cluster = await Cluster.start({ n: 2 });
      const client = await cluster.client();
      class Loops { spin() { for (;;); } pid() { return process.pid; } }
      const busy = await client.actor(Loops, []);
      const idle = await client.actor(Loops, []);
      const pids = [await busy.pid(), await idle.pid(), ...client.engines.map(({ pid }) => pid)];
      busy.spin().catch(() => {});
      setTimeout(() => console.log(pids.join()), 50);
      setInterval(() => {}, 1000);
    `;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const line = await new Promise<string>((resolve) =>
      child.stdout.once('data', (data) => resolve(String(data))),
    );
    const pids = line.trim().split(',').map(Number);
    expect(pids).toHaveLength(4);
    for (const pid of pids) expect(isAlive(pid)).toBe(true);
    child.kill('SIGKILL');
    for (const pid of pids) await until(() => !isAlive(pid), `the end of process ${pid}`, 20_000);
  });

  it('a program with actors that do nothing ends by itself', () => {
    const program = `
      import { Cluster } from 'heddle/cluster';
      const cluster = await Cluster.start({ n: 1 });
      const client = await cluster.client();
      class Idle { pid() { return process.pid; } }
      const idle = await client.actor(Idle, []);
      console.log(await idle.pid());
    `;
    const args = ['--input-type=module', '--eval', program];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(Number(stdout)).toBeGreaterThan(0);
  });

  it(`${many.objects} objects leave nothing`, { timeout: 240_000 }, async () => {
    const small = client.remote((x: number) => ({ x }));
    const large = client.remote((x: number) => new Float64Array(140_000).fill(x));
    const round = async (count: number) => {
      for (let i = 0; i < count; i += 100) {
        const refs = Array.from({ length: 48 }, (_, k) => small(i + k));
        const puts = Array.from({ length: 48 }, (_, k) => client.put({ k, refs: [refs[k]!] }));
        const arrays = [large(i), large(refs[0] as never), client.put(new Float64Array(140_000))];
        const values = await client.get(refs);
        expect(values[47]).toEqual({ x: i + 47 });
        const [first] = await client.get(arrays);
        expect(first).toHaveLength(140_000);
        if (i % 200 === 0) for (const ref of [...puts, ...arrays]) ref.free();
      }
    };
    const settled = async (at: number) => {
      const isBack = () => {
        collect();
        return descriptors() <= at + 4;
      };
      await until(isBack, 'the descriptors of the last objects', 60_000);
    };
    const idle = descriptors();
    await round(1000);
    await settled(idle);
    const segments = sharedMemoryInfo().segments.length;
    const early = process.memoryUsage().rss;
    const engines = client.engines.map(({ pid }) => readdirSync(`/proc/${pid}/fd`).length);
    await round(many.objects - 1000);
    await settled(idle);
    expect(sharedMemoryInfo().segments.length).toBeLessThanOrEqual(segments + 4);
    expect(process.memoryUsage().rss - early).toBeLessThan(150e6);
    const isBack = () =>
      client.engines.every(
        ({ pid }, i) => readdirSync(`/proc/${pid}/fd`).length <= engines[i]! + 8,
      );
    await until(isBack, "the engines' descriptors", 60_000);
  });

  it(`${many.actors} actors leave nothing`, { timeout: 600_000 }, async () => {
    const round = async (count: number) => {
      const pids: number[] = [];
      for (let i = 0; i < count; i += 4) {
        const actors = await Promise.all([0, 1, 2, 3].map(() => client.actor(Holds, [])));
        pids.push(...(await Promise.all(actors.map((actor) => actor.pid()))));
        if (i % 8 === 0) for (const { $ } of actors) process.kill($.engine.pid, 'SIGKILL');
        await Promise.all(actors.map(({ $ }) => $.kill()));
      }
      return pids;
    };
    await round(20);
    collect();
    const at = descriptors();
    const early = process.memoryUsage().heapUsed;
    const pids = await round(many.actors);
    expect(pids.filter((pid) => isAlive(pid))).toEqual([]);
    const isBack = () => {
      collect();
      return descriptors() <= at + 2;
    };
    await until(isBack, 'the descriptors of the last actors');
    collect();
    expect(process.memoryUsage().heapUsed - early).toBeLessThan(30e6);
  });
});

class Holds {
  ref: { get(): Promise<Float64Array> } | null = null;
  keep(given: { ref: { get(): Promise<Float64Array> } }) {
    this.ref = given.ref;
  }
  async size() {
    return (await this.ref!.get()).length;
  }
  pid() {
    return process.pid;
  }
}
