/**
 * What `node:diagnostics_channel` tells of jobs: numbers that agree with the results, on every backend.
 */
import { channel } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { delayed, imap, invoker, map, Parallel } from '../../src/parallel/index.ts';
import type {
  BatchFinishedEvent,
  RunEndedEvent,
  RunStartedEvent,
} from '../../src/scheduler/index.ts';
import { everyBackend } from '../parallel/support.ts';

const started: RunStartedEvent[] = [];
const ended: RunEndedEvent[] = [];
const batches: BatchFinishedEvent[] = [];
const listeners = [
  ['heddle:run:started', (event: unknown) => started.push(event as RunStartedEvent)],
  ['heddle:run:ended', (event: unknown) => ended.push(event as RunEndedEvent)],
  ['heddle:batch:finished', (event: unknown) => batches.push(event as BatchFinishedEvent)],
] as const;

beforeEach(() => {
  started.length = ended.length = batches.length = 0;
  for (const [name, listener] of listeners) channel(name).subscribe(listener);
});
afterEach(() => {
  for (const [name, listener] of listeners) channel(name).unsubscribe(listener);
});

/** Which tasks the batches of a run say are done. */
function indices(run: number): number[] {
  return batches
    .filter((batch) => batch.run === run)
    .flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i))
    .sort((a, b) => a - b);
}

describe.each(everyBackend)('on the backend %s', (backend, settings) => {
  it('tells of a job when it begins and when it ends, and of each task once', async () => {
    const before = performance.now();
    const twice = (x: number) => 2 * x;
    await map(
      Array.from({ length: 100 }, (_, i) => i),
      twice,
      settings,
    );
    const after = performance.now();
    expect(started).toMatchObject([{ label: 'twice', backend, tasks: 100 }]);
    const { run, time } = started[0]!;
    expect(ended).toMatchObject([{ run, label: 'twice', finished: 100, failed: 0 }]);
    expect(ended[0]).not.toHaveProperty('error');
    expect(indices(run)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(time).toBeGreaterThanOrEqual(before);
    expect(ended[0]!.time).toBeLessThanOrEqual(after);
    for (const batch of batches) {
      expect(batch.failed).toBe(false);
      expect(batch.completed).toBeGreaterThanOrEqual(batch.started);
    }
  });

  it('tells the error that ended a job, and how many tasks failed', async () => {
    const fails = (x: number) => {
      if (x === 3) throw new RangeError('three');
      return x;
    };
    const error = await map([1, 2, 3], fails, { ...settings, batchSize: 1 }).catch(
      (e: unknown) => e,
    );
    expect(ended).toHaveLength(1);
    expect(ended[0]!.error).toBe(error);
    expect(ended[0]!.failed).toBe(1);
    expect(batches.filter((batch) => batch.failed)).toMatchObject([{ first: 2, count: 1 }]);
  });

  it('names a job by its label, its method, or its function', async () => {
    await map([1], (x) => x, { ...settings, label: 'the first' });
    await using scorer = invoker({ score: (x: number) => x }, 'score', settings);
    await scorer.map([1]).toArray();
    for await (const _ of imap(
      [1],
      function named(x: number) {
        return x;
      },
      settings,
    ));
    await new Parallel(settings).run([delayed(Math.abs)(1)]);
    const odd = Object.defineProperty((x: number) => x, 'name', {
      get: () => 7,
    });
    await map([1], odd, settings);
    expect(started.map(({ label }) => label)).toEqual(['the first', 'score', 'named', '', '']);
    expect(ended.map(({ label }) => label)).toEqual(['the first', 'score', 'named', '', '']);
  });

  it('tells of an input whose length is not known, and of a stream that is left', async () => {
    async function* endless() {
      for (let i = 0; ; i++) yield i;
    }
    for await (const value of imap(endless(), (x) => x, settings)) if (value === 5) break;
    expect(started).toMatchObject([{ tasks: undefined }]);
    expect(ended).toHaveLength(1);
    expect(ended[0]!.finished).toBeGreaterThanOrEqual(6);
  });

  it('tells of a job that was aborted before it began', async () => {
    const signal = AbortSignal.abort(new Error('no more'));
    await map([1], (x) => x, { ...settings, signal }).catch(() => {});
    expect(started).toHaveLength(ended.length);
    for (const { error } of ended) expect(error).toBe(signal.reason);
  });
});

it('refuses a label that is no text', async () => {
  await expect(map([1], (x) => x, { label: 3 as never })).rejects.toThrow(/label/);
});
