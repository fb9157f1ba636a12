/**
 * What is left after many clients, calls and clusters: nothing.
 */
import { readdirSync } from 'node:fs';
import { sharedMemoryInfo, shutdownWorkers } from 'heddle';
import { Cluster } from 'heddle/cluster';
import { describe, expect, it } from 'vitest';
import { collect } from '../helpers/collect.ts';
import { until } from '../parallel/support.ts';
import { isAlive, transports } from './support.ts';

const descriptors = (): number => readdirSync('/proc/self/fd').length;

describe.each(transports)('leaks, %s', (_name, start) => {
  it('none after 1000 clients', { timeout: 120_000 }, async () => {
    const cluster = await start({ n: 2 });
    const before = descriptors();
    for (let i = 0; i < 1000; i++) {
      await using client = await cluster.client();
      client.on('joined', () => {});
      expect(await client.directView(i % 2).apply((x: number) => x, i)).toEqual([i]);
      if (i % 20 === 0) await client.loadBalancedView({ targets: i % 2 }).map([i], (x) => x);
    }
    shutdownWorkers();
    expect(descriptors()).toBe(before);
    await cluster.stop();
  });

  it('none after 10 000 results, small and large', { timeout: 240_000 }, async () => {
    const cluster = await start({ n: 2 });
    const client = await cluster.client();
    const view = client.directView();
    const factor = 2;
    const round = async (count: number) => {
      for (let i = 0; i < count; i += 100) {
        const calls = Array.from({ length: 100 }, (_, k) =>
          k === 0
            ? view.apply((x: Float64Array) => x.map((y) => y * 2), new Float64Array(200_000))
            : view.apply((x: number) => x * factor, i + k),
        );
        const results = await Promise.all(calls);
        expect(results[99]).toEqual([(i + 99) * 2, (i + 99) * 2]);
      }
    };
    // What is loaded and warmed once is no leak.
    await round(1000);
    collect();
    const at = descriptors();
    await round(5000);
    collect();
    const early = process.memoryUsage().rss;
    await round(5000);
    collect();
    // 5000 results whose records were kept would be some ten megabytes, segments hundreds.
    const grown = process.memoryUsage().rss - early;
    expect(grown).toBeLessThan(100e6);
    // Memory of results goes with their arrays, when these are collected; that of arguments a while later.
    const isBack = () => {
      collect();
      return descriptors() <= at + 4;
    };
    await until(isBack, 'the descriptors of the last results', 60_000);
    const { engines } = await client.queueStatus();
    for (const { running, waiting } of engines) expect(running + waiting).toBe(0);
    await cluster.stop();
  });

  it('none after clusters that were started and stopped', { timeout: 120_000 }, async () => {
    const first = await start({ n: 1 });
    await first.stop();
    const before = descriptors();
    const pids: number[] = [];
    for (let i = 0; i < 20; i++) {
      const cluster = await start({ n: 2 });
      pids.push(...cluster.engines.map(({ pid }) => pid));
      await (await cluster.client()).map([1, 2], (x) => x);
      await cluster.stop();
    }
    for (const pid of pids) expect(isAlive(pid)).toBe(false);
    await until(() => descriptors() <= before, 'the descriptors of the last cluster');
  });

  it('none of a program that ends without stopping its engines', async () => {
    const { spawnSync } = await import('node:child_process');
    const program = `
      import { Cluster } from 'heddle/cluster';
      const cluster = await Cluster.start({ n: 2 });
      console.log(cluster.engines.map(({ pid }) => pid).join());
    `;
    const args = ['--input-type=module', '--eval', program];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    for (const pid of stdout.trim().split(',').map(Number)) {
      await until(() => !isAlive(pid), `the end of engine ${pid}`);
    }
  });

  it('importing heddle loads none of it', async () => {
    const { spawnSync } = await import('node:child_process');
    const program = `
      import 'heddle';
      import { createRequire } from 'node:module';
      const loaded = Object.keys(createRequire(import.meta.url).cache);
      console.log(loaded.length > 0, loaded.filter((file) => /bundles.cluster/.test(file)).length);
    `;
    const args = ['--input-type=module', '--eval', program];
    expect(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout).toBe('true 0\n');
  });
});

it('shared memory of a call that is over waits for the next one, and is held by nothing', async () => {
  const cluster = await Cluster.start({ n: 1 });
  const view = (await cluster.client()).directView();
  await view.push({ big: new Float64Array(300_000).fill(1) });
  expect(await view.pull('big[299_999]')).toEqual([1]);
  const isFree = () => sharedMemoryInfo().bytes === sharedMemoryInfo().waitingBytes;
  await until(isFree, 'the release of the array');
  await cluster.stop();
});
