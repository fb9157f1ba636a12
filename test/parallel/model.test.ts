/**
 * A model of 1 GiB in four worker processes: what it costs them.
 */
import { afterAll, expect, it } from 'vitest';
import { invoker, share, shared, shutdownWorkers } from '../../src/index.ts';
import { fastest, range } from './support.ts';

const WORKERS = 4;
const MIB = 2 ** 20;
const options = { backend: 'processes', jobs: WORKERS, batchSize: 1 } as const;

afterAll(() => shutdownWorkers({ kill: true }));

interface Seen {
  readonly pid: number;
  /** When the task began, by the clock of all processes. */
  readonly begun: number;
  readonly sum: number;
  /** Memory that the process shares with nobody. */
  readonly bytes: number;
}

/** Runs one task in each worker. They wait for each other, so that none gets two. */
async function inEach(model: Float64Array): Promise<Seen[]> {
  const arrived = shared.zeros('int32', 1);
  const use = async (m: Float64Array): Promise<Seen> => {
    const begun = performance.timeOrigin + performance.now();
    let sum = m[0]! + m[m.length - 1]!;
    Atomics.add(arrived, 0, 1);
    while (Atomics.load(arrived, 0) < 4) await new Promise((resolve) => setTimeout(resolve, 1));
    for (let i = 512; i < m.length - 1; i += 512) sum += m[i]!;
    const { readFileSync } = await import('node:fs');
    const rollup = readFileSync('/proc/self/smaps_rollup', 'latin1');
    let bytes = 0;
    for (const match of rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)) {
      bytes += Number(match[1]) * 1024;
    }
    // What has been written to is mapped anew for the next call.
    m[0] = 1;
    return { pid: process.pid, begun, sum, bytes };
  };
  await using calls = invoker(model, use, options);
  return await calls.map(range(WORKERS)).toArray();
}

it('is ready in milliseconds, and nobody has a copy', async () => {
  const model = shared.zeros('float64', 2 ** 27, { mode: 'copyonwrite' });
  for (let i = 0; i < model.length; i += 512) model[i] = 1;
  model[model.length - 1] = 0;
  const total = (seen: readonly Seen[]) => seen.reduce((sum, { bytes }) => sum + bytes, 0);
  const small = share(new Float64Array(2 ** 17));
  // Twice, so that what the workers themselves need to run this is there before.
  await inEach(small);
  const before = await inEach(small);
  let after: Seen[] = [];
  const latest = await fastest(50, async () => {
    const start = performance.timeOrigin + performance.now();
    after = await inEach(model);
    return Math.max(...after.map(({ begun }) => begun - start)) / WORKERS;
  });
  expect(new Set(after.map(({ pid }) => pid)).size).toBe(WORKERS);
  expect(after.map(({ sum }) => sum)).toEqual(Array(WORKERS).fill(model.length / 512));
  expect(latest).toBeLessThan(50);
  expect(total(after) - total(before)).toBeLessThan(1024 * MIB * 0.01);
}, 60_000);
