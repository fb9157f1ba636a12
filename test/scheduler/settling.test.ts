/**
 * Every task settles exactly once, whatever happens to workers: runs through a backend whose workers
 * live here and end as they are told, held against what must come out.
 */

import { afterEach, describe, expect, it } from 'vitest';
import { imap, map, shutdownWorkers } from '../../src/index.ts';
import type { Backend, WorkerExit } from '../../src/protocol/index.ts';
import { loopback } from '../helpers/loopback.ts';
import { fc } from '../helpers/seeds.ts';

afterEach(() => shutdownWorkers({ kill: true }));

/** How a worker ends, after it has been sent so many batches. */
interface Death {
  readonly after: number;
  readonly kind: 'exit' | 'signal' | 'lost';
  /** Whether the batch arrives before the end. */
  readonly delivered: boolean;
}

const deaths = fc.array(
  fc.record({
    after: fc.integer({ min: 1, max: 4 }),
    kind: fc.constantFrom('exit' as const, 'signal' as const, 'lost' as const),
    delivered: fc.boolean(),
  }),
  { maxLength: 4 },
);

function exitOf(kind: Death['kind']): WorkerExit {
  if (kind === 'exit') return { reason: 'exit', code: 9 };
  if (kind === 'signal') return { reason: 'signal', signal: 'SIGKILL' };
  return { reason: 'lost', why: 'a test' };
}

/** A backend of which the n-th worker ends as the n-th death says; the others live. */
function mortal(plan: readonly Death[]): Backend {
  const inner = loopback({ name: 'mortal' });
  let born = 0;
  return {
    ...inner,
    start: (spec, events) => {
      const death = plan[born++];
      const port = inner.start(spec, events);
      const worker = inner.started.at(-1)!;
      if (!death) return port;
      let batches = 0;
      const send: typeof port.send = (message) => {
        const last = message.type === 'batch' && ++batches === death.after;
        if (!last || death.delivered) port.send(message);
        if (last) worker.end(exitOf(death.kind));
      };
      return { ...port, send };
    },
  };
}

const work = (x: number) => {
  if (x % 7 === 3) throw new RangeError(`no ${x}`);
  return x % 2 === 0 ? x * 2 : Promise.resolve(x * 2);
};

const plans = fc.record({
  count: fc.integer({ min: 0, max: 30 }),
  batchSize: fc.constantFrom<number | 'auto'>(1, 2, 5, 'auto'),
  jobs: fc.integer({ min: 2, max: 4 }),
  retries: fc.integer({ min: 0, max: 2 }),
  deaths,
});

describe('whatever ends workers', () => {
  it('each task has one outcome: its value, its error, or the crash of its worker', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async ({ count, batchSize, jobs, retries, deaths }) => {
        const backend = mortal(deaths);
        const options = { backend, jobs, batchSize, retries, returnErrors: true } as const;
        const tasks = Array.from({ length: count }, (_, i) => i);
        const stream = imap(tasks, work, { ...options, ordered: false });
        const seen = await stream.toArray();
        expect(seen).toHaveLength(count);
        const { dispatched, finished } = stream.stats;
        expect([dispatched, finished]).toEqual([count, count]);
        // In order, each task's outcome is its own.
        const results = await map(tasks, work, { ...options, backend: mortal(deaths) });
        const crashable = deaths.filter(({ kind }) => kind !== 'lost').length;
        let crashes = 0;
        for (const [i, result] of results.entries()) {
          if (result.status === 'fulfilled') expect(result.value).toBe(i * 2);
          else if (result.reason.code === 'ERR_HEDDLE_TASK') {
            expect([result.reason.index, i % 7]).toEqual([i, 3]);
          } else {
            expect(result.reason.code).toBe('ERR_HEDDLE_WORKER_CRASHED');
            crashes++;
          }
        }
        if (crashable === 0) expect(crashes).toBe(0);
        // A task that was retried may be ended a second time, but only by a second death.
        if (retries > 0 && crashable < 2) expect(crashes).toBe(0);
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  it('an abort ends the call once', async () => {
    await fc.assert(
      fc.asyncProperty(plans, fc.integer({ min: 0, max: 6 }), async (plan, turns) => {
        const { count, batchSize, jobs, deaths } = plan;
        const controller = new AbortController();
        const options = { backend: mortal(deaths), jobs, batchSize } as const;
        const tasks = Array.from({ length: count }, (_, i) => i * 7);
        let settled = 0;
        const job = map(tasks, work, { ...options, retries: 2, signal: controller.signal }).then(
          (values) => {
            settled++;
            return values;
          },
          (error: unknown) => {
            settled++;
            return error;
          },
        );
        for (let i = 0; i < turns; i++) await new Promise(setImmediate);
        controller.abort();
        const outcome = await job;
        if (Array.isArray(outcome)) expect(outcome).toEqual(tasks.map((x) => x * 2));
        else {
          const { name } = outcome as Error;
          expect(['AbortError', 'WorkerCrashedError']).toContain(name);
        }
        expect(settled).toBe(1);
      }),
      { numRuns: 30 },
    );
  }, 60_000);
});
