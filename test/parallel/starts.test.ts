/**
 * Workers that do not come up: ones that give no sign of life, really, after their start.
 */
import { channel } from 'node:diagnostics_channel';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  broadcast,
  map,
  type ParallelOptions,
  shutdownWorkers,
  type WorkerEvent,
  withConfig,
} from 'heddle';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { isAlive, range, rejection, runProgram, until, workerBackends } from './support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

function folder(): string {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'heddle-starts-'));
  onTestFinished(() => fs.rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Ways for a module that is loaded before a worker to come to no end. */
const hangs = {
  'is in a loop': 'for (;;);',
  waits: 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);',
};

/** Flags for a Node that hangs at its start, but for the first so many. */
function hanging(how: string, first = 0): string[] {
  const made = folder();
  const file = path.join(made, 'preload.cjs');
  const claims = range(first).map((i) => JSON.stringify(path.join(made, `claim-${i}`)));
  fs.writeFileSync(
    file,
    `const { mkdirSync } = require('node:fs');
    const isFirst = (name) => { try { mkdirSync(name); return true; } catch { return false; } };
    if (!process.argv.includes('-e') && ![${claims.join()}].some(isFirst)) { ${how} }`,
  );
  return ['--require', file];
}

/** The workers of a backend that start and end meanwhile. */
function watch(backend: string): {
  readonly started: WorkerEvent[];
  readonly ended: WorkerEvent[];
} {
  const seen = { started: [] as WorkerEvent[], ended: [] as WorkerEvent[] };
  for (const what of ['started', 'ended'] as const) {
    const events = channel(`heddle:worker:${what}`);
    const note = (event: unknown): void => {
      if ((event as WorkerEvent).backend === backend) seen[what].push(event as WorkerEvent);
    };
    events.subscribe(note);
    onTestFinished(() => void events.unsubscribe(note));
  }
  return seen;
}

describe.each(workerBackends)('a worker that gives no sign of life: %s', (backend, options) => {
  it.each(Object.entries(hangs))('because its preload %s fails the job', async (_how, code) => {
    const seen = watch(backend);
    const settings = { ...options, execArgv: hanging(code), startTimeout: 200 };
    const error = await rejection(map(range(10), (x) => x, settings));
    expect(error).toMatchObject({ name: 'WorkerStartError', code: 'ERR_HEDDLE_WORKER_START' });
    expect((error as Error).message).toMatch(
      /'(threads|processes)' could be started: 3 in a row gave no sign of life for 200 ms .*startTimeout/,
    );
    expect(seen.started.length).toBeGreaterThanOrEqual(3);
    await until(() => seen.ended.length === seen.started.length, 'the ends of all');
    if (backend !== 'processes') return;
    for (const { pid } of seen.started) await until(() => !isAlive(pid), `the end of ${pid}`);
  });

  it('is ended by the setting of its scope, too', async () => {
    const settings = { ...options, execArgv: hanging(hangs.waits) };
    const job = withConfig({ startTimeout: 150 }, () => map(range(10), (x) => x, settings));
    expect(await rejection(job)).toMatchObject({ name: 'WorkerStartError' });
  });

  it('is gone without where another one is up', { timeout: 60_000 }, async () => {
    const settings: ParallelOptions = { ...options, execArgv: hanging(hangs.waits, 1) };
    // One task, one worker, which has as long as it needs.
    const [first] = await map([0], (_, { worker }) => worker.id, settings);
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    onTestFinished(() => void process.off('warning', note));
    const fewer = (): boolean =>
      warnings.some(({ message }) => /startTimeout.* go on with the workers/.test(message));
    async function* tasks() {
      yield 0;
      yield 1;
      await until(fewer, 'a warning', 50_000);
      for (const i of [2, 3, 4]) yield i;
    }
    const ran = map(tasks(), (_, { worker }) => worker.id, { ...settings, startTimeout: 150 });
    expect(await ran).toEqual(Array(5).fill(first));
    expect(
      warnings.filter((one) => (one as { code?: string }).code !== 'HEDDLE_FEWER_WORKERS'),
    ).toEqual([]);
    // What goes to each of several workers can't go on with one.
    const all = broadcast(() => 1, { ...settings, startTimeout: 150 });
    expect(await rejection(all)).toMatchObject({ name: 'WorkerStartError' });
  });

  it('is none that runs its initializer', { timeout: 30_000 }, async () => {
    const initializer = () => new Promise<void>((resolve) => setTimeout(resolve, 5000));
    const settings = { ...options, initializer, startTimeout: 4000 };
    expect(await map(range(3), (x) => 2 * x, settings)).toEqual([0, 2, 4]);
  });
});

describe.runIf(process.platform !== 'win32')('a worker process', () => {
  it('that is stopped at its start is ended', async () => {
    const started = channel('heddle:worker:started');
    const pids: number[] = [];
    const stop = (event: unknown): void => {
      const { pid, backend } = event as WorkerEvent;
      if (backend !== 'processes') return;
      process.kill(pid, 'SIGSTOP');
      pids.push(pid);
    };
    started.subscribe(stop);
    onTestFinished(() => void started.unsubscribe(stop));
    const settings = { backend: 'processes', jobs: 2, pool: 'stopped', startTimeout: 150 };
    const error = await rejection(map(range(4), (x) => x, settings));
    expect(error).toMatchObject({ name: 'WorkerStartError' });
    for (const pid of pids) await until(() => !isAlive(pid), `the end of ${pid}`);
  });

  it('that hangs at its start ends with the program', async () => {
    const flags = hanging(hangs['is in a loop']);
    const { stdout, code } = runProgram(`
      import { channel } from 'node:diagnostics_channel';
      channel('heddle:worker:started').subscribe(({ pid }) => console.log(pid));
      heddle.map([1, 2], (x) => x, { jobs: 2, execArgv: ${JSON.stringify(flags)} });
      setTimeout(() => process.exit(7), 100);
    `);
    expect(code).toBe(7);
    const pids = stdout.trim().split('\n').map(Number);
    expect(pids).toHaveLength(2);
    for (const pid of pids) await until(() => !isAlive(pid), `the end of ${pid}`);
  });
});
