/**
 * What an open page may cost: nothing where it is not imported, and else what is counted here, whatever the rate of
 * tasks. (In instructions: `node bench/dashboard/instructions.mjs`.)
 */
import '../helpers/built.ts';
import { spawn } from 'node:child_process';
import { channel } from 'node:diagnostics_channel';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { imap, map, shutdownWorkers } from 'heddle';
import { dashboard } from 'heddle/dashboard';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { builtUrl } from '../helpers/built.ts';
import { ended } from '../helpers/child.ts';
import { everyBackend, programArguments, range } from '../parallel/support.ts';

const names = ['run:started', 'run:ended', 'batch:finished', 'task:rejected'] as const;
const perTask = ['task:dispatched', 'task:finished', 'task:failed'] as const;

/** What a program of its own does: runs of all kinds, and counts what is published meanwhile. */
const program = `
import { channel } from 'node:diagnostics_channel';
const counts = {};
for (const name of ${JSON.stringify([...names, ...perTask, 'worker:started', 'worker:ended'])}) {
  counts[name] = 0;
  const one = channel('heddle:' + name);
  one.publish = function (event) {
    counts[name]++;
    return Object.getPrototypeOf(this).publish.call(this, event);
  };
}
const page = process.env.PAGE ? await (await import(process.env.PAGE)).dashboard() : null;
for (const backend of ['sequential', 'threads', 'processes']) {
  const options = { backend, jobs: backend === 'sequential' ? 1 : 2 };
  await heddle.map(Array.from({ length: 100 }, (_, i) => i), (x) => x, options);
  await heddle.map([1], () => { throw new Error('no'); }, { ...options, returnErrors: true });
}
await heddle.shutdownWorkers();
await page?.close();
console.log(JSON.stringify({ counts, http: process.moduleLoadList.includes('NativeModule http') }));
`;

interface Told {
  readonly counts: Readonly<Record<string, number>>;
  readonly http: boolean;
  /** Files of the package that program and workers have loaded. */
  readonly files: readonly string[];
}

async function runProgram(page: boolean): Promise<Told> {
  const folder = mkdtempSync(path.join(tmpdir(), 'heddle-loaded-'));
  try {
    const env = { ...process.env, NODE_V8_COVERAGE: folder };
    const address = new URL('dashboard/index.js', builtUrl).href;
    const child = spawn(process.execPath, programArguments(program), {
      env: page ? { ...env, PAGE: address } : env,
    });
    const { code, stdout, stderr } = await ended(child, 25);
    expect([code, stderr]).toEqual([0, '']);
    const files = readdirSync(folder).flatMap((name) => {
      const { result } = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as {
        result: { url: string }[];
      };
      return result.map(({ url }) => url).filter((url) => url.startsWith('file:'));
    });
    return { ...JSON.parse(stdout), files };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const isOfPage = (url: string): boolean =>
  /\/dist\/(feed|dashboard|bundles\/dashboard)\b/.test(url);

it('costs nothing where it is not imported: nothing is loaded, nothing is published', async () => {
  const [without, with_] = await Promise.all([runProgram(false), runProgram(true)]);
  expect(without.files.some((url) => url.includes('/dist/'))).toBe(true);
  expect(without.files.filter(isOfPage)).toEqual([]);
  expect(without.http).toBe(false);
  expect(new Set(Object.values(without.counts))).toEqual(new Set([0]));
  // The same program with the page shows that this would have been seen.
  expect(with_.files.filter(isOfPage)).not.toEqual([]);
  expect(with_.http).toBe(true);
  expect(with_.counts).toMatchObject({ 'run:started': 6, 'run:ended': 6, 'task:rejected': 3 });
  for (const name of perTask) expect(with_.counts[name], name).toBe(0);
});

describe('a page that is open', () => {
  const undo: (() => unknown)[] = [];
  afterEach(async () => {
    for (const one of undo.splice(0).reverse()) await one();
  });
  afterAll(() => shutdownWorkers());

  it.each(everyBackend)('is told of runs and messages, not of tasks (%s)', async (_, options) => {
    const page = await dashboard();
    undo.push(() => page.close());
    const events: Record<string, { count?: number }[]> = {};
    for (const name of names) {
      const heard: { count?: number }[] = [];
      events[name] = heard;
      const listener = (event: unknown): void => void heard.push(event as { count?: number });
      channel(`heddle:${name}`).subscribe(listener);
      undo.push(() => channel(`heddle:${name}`).unsubscribe(listener));
    }
    const tasks = 20_000;
    const begun = performance.now();
    const stream = imap(range(tasks), (x) => x, { ...options, batchSize: 1000 });
    for await (const _ of stream);
    const took = performance.now() - begun;
    expect(events['run:started']).toHaveLength(1);
    expect(events['run:ended']).toHaveLength(1);
    expect(events['task:rejected']).toEqual([]);
    const finished = events['batch:finished']!;
    expect(finished.reduce((sum, { count }) => sum + count!, 0)).toBe(tasks);
    // One for each message of a worker: at the end of a batch, and where a task has taken 0.3 ms (src/worker/runner.ts).
    const { batches } = stream.stats;
    expect(finished.length).toBeLessThanOrEqual(batches + (options.jobs * took) / 0.3);
    for (const name of perTask) expect(channel(`heddle:${name}`).hasSubscribers).toBe(false);
  });

  it('is told the same of each of many small runs: three things', async () => {
    const page = await dashboard();
    undo.push(() => page.close());
    let told = 0;
    for (const name of names) {
      const listener = (): void => void told++;
      channel(`heddle:${name}`).subscribe(listener);
      undo.push(() => channel(`heddle:${name}`).unsubscribe(listener));
    }
    for (const x of range(50)) await map([x], (y) => y, { backend: 'threads', jobs: 2 });
    expect(told).toBe(150);
  });

  /** Tells of runs of one task as the scheduler does, so many in each millisecond of the program's clock. */
  function flood(count: number, rate: number, labels: number): void {
    const publish = (name: string, event: object): void => channel(`heddle:${name}`).publish(event);
    for (let i = 0; i < count; i++) {
      const run = 1e9 + i;
      const started = performance.now() + i / rate;
      const label = `${i % labels} ${'x'.repeat(100)}`;
      publish('run:started', { run, label, backend: 'threads', tasks: 1, time: started });
      const batch = { first: 0, count: 1, failed: false, worker: 1 + (i % 2), threads: 1 };
      publish('batch:finished', { run, ...batch, started, completed: started + 0.9 / rate });
      publish('run:ended', { run, label, finished: 1, failed: 0, time: started + 1 / rate });
    }
  }

  it.each([
    // Runs of one function become a few bars.
    ['nothing', 0, 1, 80_000],
    ['100 000 runs of one function a second', 100, 1, 80_000],
    // Nothing can be put together here, and a message still has an end.
    ['100 000 runs of 200 functions a second', 100, 200, 600_000],
  ])('gets five messages a second at most, of some size, of %s', async (_, rate, labels, most) => {
    const page = await dashboard();
    undo.push(() => page.close());
    const controller = new AbortController();
    const begun = performance.now();
    const response = await fetch(`${page.url}events`, { signal: controller.signal });
    const decoder = new TextDecoder();
    const sizes: number[] = [];
    let text = '';
    for await (const chunk of response.body!) {
      text += decoder.decode(chunk, { stream: true });
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        if (text.startsWith('data:')) {
          sizes.push(end);
          // As much as in the time until the next message.
          flood(200 * rate, rate, labels);
        }
        text = text.slice(end + 2);
      }
      if (sizes.length >= 6) break;
    }
    const took = performance.now() - begun;
    controller.abort();
    // The first is sent at once, and a timer of Node's may be early by a millisecond.
    expect((sizes.length - 1) * 199).toBeLessThanOrEqual(took);
    for (const size of sizes) expect(size).toBeLessThan(most);
  });
});
