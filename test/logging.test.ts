import diagnostics from 'node:diagnostics_channel';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { getLogger, type Logger, map, setLogger, shutdownWorkers } from '../src/index.ts';
import { plainFields } from '../src/logging/fields.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'heddle-test-'));
afterAll(() => {
  fs.rmSync(folder, { recursive: true });
  shutdownWorkers({ kill: true });
});

const range = (length: number) => Array.from({ length }, (_, i) => i);

it('writes a timeline that a trace viewer opens', async () => {
  const file = path.join(folder, 'trace.json');
  const nap = (x: number) => new Promise((resolve) => setTimeout(resolve, 2, x));
  await map(range(10), nap, { backend: 'threads', jobs: 2, trace: file });
  const { traceEvents } = JSON.parse(fs.readFileSync(file, 'utf8')) as {
    traceEvents: {
      name: string;
      ph: string;
      ts?: number;
      dur?: number;
      tid?: number;
      args: Record<string, number>;
    }[];
  };
  const tasks = traceEvents.filter((event) => event.name.startsWith('task '));
  expect(tasks.map((event) => event.args.index).sort((a, b) => a! - b!)).toEqual(range(10));
  const batches = traceEvents.filter((event) => event.name.startsWith('batch of'));
  for (const task of tasks) {
    expect(task.dur).toBeGreaterThan(0);
    const around = batches.find(
      (batch) =>
        batch.tid === task.tid &&
        batch.ts! <= task.ts! + 0.01 &&
        batch.ts! + batch.dur! >= task.ts! + task.dur! - 0.01,
    );
    expect(around).toBeDefined();
  }
  const rows = traceEvents.filter((event) => event.name === 'thread_name');
  expect(new Set(rows.map((event) => event.tid))).toEqual(new Set(tasks.map((task) => task.tid)));
  const cores = traceEvents.filter((event) => event.ph === 'C');
  expect(cores.length).toBeGreaterThan(0);
  expect(cores.at(-1)!.args.busy).toBe(0);
});

it('publishes what happens on diagnostics channels', async () => {
  const names = ['task:dispatched', 'task:finished', 'task:failed', 'worker:started'] as const;
  const seen = new Map<string, object[]>(names.map((name) => [name, []]));
  const listeners = names.map((name) => {
    const listener = (message: unknown) => seen.get(name)!.push(message as object);
    diagnostics.subscribe(`heddle:${name}`, listener);
    return () => diagnostics.unsubscribe(`heddle:${name}`, listener);
  });
  shutdownWorkers({ kill: true });
  const fail = (x: number) => {
    if (x === 2) throw new Error('two');
  };
  await map(range(5), fail, { backend: 'threads', jobs: 2, returnErrors: true });
  for (const stop of listeners) stop();
  const indices = (name: string) =>
    // A task that moves to another worker is dispatched again.
    [...new Set((seen.get(name) as { index: number }[]).map((message) => message.index))].sort();
  expect(indices('task:dispatched')).toEqual(range(5));
  expect(indices('task:finished')).toEqual([0, 1, 3, 4]);
  expect(indices('task:failed')).toEqual([2]);
  expect(seen.get('worker:started')![0]).toMatchObject({ backend: 'threads', pid: process.pid });
});

it('takes a logger like pino, and no other', () => {
  expect(() => setLogger({ info: () => {} } as never)).toThrow(TypeError);
  const lines: unknown[] = [];
  const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
  const logger = Object.fromEntries(
    levels.map((level) => [level, (...args: unknown[]) => lines.push([level, ...args])]),
  ) as unknown as Logger;
  setLogger(logger);
  getLogger().info('text');
  getLogger().error({ a: 1 }, 'more');
  setLogger(null);
  expect(lines).toEqual([
    ['info', 'text'],
    ['error', { a: 1 }, 'more'],
  ]);
});

it('makes fields that every channel carries', () => {
  const error = Object.assign(new TypeError('no', { cause: new Error('why') }), { code: 'E' });
  const fields = plainFields({ error, f: () => 1, s: Symbol('x'), n: { m: [1, 2n] } }) as {
    error: Record<string, unknown>;
  };
  expect(structuredClone(fields)).toEqual(fields);
  expect(fields.error).toMatchObject({ type: 'TypeError', message: 'no', code: 'E' });
  expect(fields.error.stack).toContain('TypeError: no');
  expect(fields.error.cause).toMatchObject({ message: 'why' });
  const cycle: { self?: object } = {};
  cycle.self = cycle;
  expect(() => plainFields(cycle)).not.toThrow();
});
