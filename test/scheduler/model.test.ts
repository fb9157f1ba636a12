/**
 * The scheduler against a model of it: whatever workers do, in whatever order, every task settles
 * exactly once, nothing is run that was given up, and crashes are counted as a simple model counts.
 */
import { describe, expect, it } from 'vitest';
import type { WorkerExit } from '../../src/protocol/index.ts';
import { CallSite } from '../../src/scheduler/errors.ts';
import { Job } from '../../src/scheduler/job.ts';
import { WorkerPool } from '../../src/scheduler/pool.ts';
import { resolveOptions } from '../../src/scheduler/resolve.ts';
import { Run } from '../../src/scheduler/run.ts';
import type { Sink } from '../../src/scheduler/sink.ts';
import { taskSource } from '../../src/scheduler/source.ts';
import { fc } from '../helpers/seeds.ts';
import { SimulatedClock, type SimulatedWorker, simulated } from '../helpers/simulated.ts';

type Step =
  | { readonly do: 'step'; readonly worker: number; readonly pick: number }
  | { readonly do: 'die'; readonly worker: number; readonly exit: WorkerExit }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'abort' };

const worker = fc.nat(5);
const exits = fc.constantFrom<WorkerExit>(
  { reason: 'exit', code: 7 },
  { reason: 'signal', signal: 'SIGSEGV' },
  { reason: 'lost', why: 'a test' },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.record({ do: fc.constant('step' as const), worker, pick: fc.nat(11) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('die' as const), worker, exit: exits }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40 }) }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'abort' }) },
);
const plans = fc.record({
  count: fc.integer({ min: 1, max: 24 }),
  batchSize: fc.constantFrom<number | 'auto'>(1, 3, 6, 'auto'),
  jobs: fc.integer({ min: 1, max: 3 }),
  concurrency: fc.constantFrom(1, 1, 2, 4),
  retries: fc.integer({ min: 0, max: 2 }),
  timeout: fc.constantFrom(30, Number.POSITIVE_INFINITY),
  steps: fc.array(step, { maxLength: 120, size: 'max' }),
  /** Aborts are as rare as that. */
  mayAbort: fc.boolean(),
});
type Plan = typeof plans extends fc.Arbitrary<infer T> ? T : never;

/** As many workers in a row may end before a task without ending the run. */
const MAX_DEATHS = 10;

/** A task that crashed so often is not tried again. */
const MAX_CRASHES = 2;

/** What happened in all runs, so that none of it can be missing unseen. */
const seen = {
  steals: 0,
  timeouts: 0,
  crashes: 0,
  retried: 0,
  aborts: 0,
  errors: 0,
  beside: 0,
  alone: 0,
};

class Trial {
  readonly clock = new SimulatedClock();
  readonly backend = simulated(this.clock, this);
  readonly outcomes: PromiseSettledResult<unknown>[][] = [];
  /** How often a task has ended its worker. */
  readonly crashes = new Map<number, number>();
  /** How often it has ended with a worker that ran others beside it. */
  readonly besides = new Map<number, number>();
  /** Tasks that are to have run out of time, and those that their crashes are to have ended. */
  readonly late = new Set<number>();
  readonly crashed = new Set<number>();
  deaths = 0;
  ends = 0;
  failure: unknown;
  readonly run: Run;
  readonly #plan: Plan;

  constructor(plan: Plan) {
    this.#plan = plan;
    const { count, batchSize, jobs, concurrency, retries, timeout } = plan;
    for (let i = 0; i < count; i++) this.outcomes.push([]);
    const sink: Sink = {
      window: null,
      waiting: 0,
      position: null,
      accept: (first, values) => {
        for (let i = 0; i < values.length; i++) {
          this.outcomes[first + i]!.push(values[i] as PromiseSettledResult<unknown>);
        }
      },
      end: () => void this.ends++,
      fail: (error) => {
        this.ends++;
        this.failure = error;
      },
    };
    const options = resolveOptions({
      backend: this.backend,
      jobs,
      concurrency,
      batchSize,
      retries,
      timeout,
      returnErrors: true,
    });
    const functions = { initializer: null, teardown: null };
    const pool = new WorkerPool(options, functions, () => {}, this.clock);
    const tasks = Array.from({ length: count }, (_, i) => i);
    const job = new Job('task', (x: number) => x, options);
    this.run = new Run(pool, job, taskSource(tasks), sink, new CallSite(() => {}));
    pool.attach(this.run);
  }

  throws(index: number): boolean {
    return index % 7 === 3;
  }

  begins(worker: SimulatedWorker, index: number): void {
    expect(this.run.ended, `task ${index} begins after the end`).toBe(false);
    expect(this.outcomes[index], `task ${index} begins once more`).toEqual([]);
    const same = this.alive.flatMap((one) => one.tasks).filter((one) => one === index);
    expect(same, `task ${index} runs twice`).toEqual([index]);
    const { tasks, concurrency } = worker;
    expect(tasks.length).toBeLessThanOrEqual(concurrency);
    // One that may have ended its worker, or a neighbour of one that has, has a worker for itself.
    if (tasks.some((one) => this.besides.has(one))) {
      expect(tasks, `task ${index} runs beside others`).toHaveLength(1);
      seen.alone++;
    }
  }

  stolen(): void {
    if (!this.run.ended) seen.steals++;
  }

  get alive(): SimulatedWorker[] {
    return this.backend.started.filter((one) => !one.dead);
  }

  at(nth: number): SimulatedWorker | undefined {
    const { alive } = this;
    return alive[nth % Math.max(alive.length, 1)];
  }

  /** What the model says of a death, before the scheduler hears of it. */
  expectDeath(worker: SimulatedWorker, exit: WorkerExit): void {
    const { retries } = this.#plan;
    if (exit.reason === 'lost' || worker.killed || !worker.up || this.run.ended) return;
    const { tasks } = worker;
    if (tasks.length > 1) seen.beside++;
    for (const task of tasks) {
      const many = tasks.length > 1;
      const crashes = many ? (this.crashes.get(task) ?? 0) : this.count(task);
      if (many) this.besides.set(task, (this.besides.get(task) ?? 0) + 1);
      if (this.times(task) > retries || crashes >= MAX_CRASHES) this.crashed.add(task);
    }
    if (tasks.length > 0) return;
    // It was about to begin the first batch of which something is left; one task is found out.
    for (const { message, settled } of worker.batches) {
      const left = worker.table.unclaimed(message.slot);
      if (left === 0) continue;
      if (left === 1) {
        const index = message.first + settled;
        if (this.count(index) >= MAX_CRASHES) this.crashed.add(index);
      }
      return;
    }
  }

  count(index: number): number {
    const times = (this.crashes.get(index) ?? 0) + 1;
    this.crashes.set(index, times);
    return times;
  }

  /** How often a task was lost with its worker. */
  times(index: number): number {
    return (this.crashes.get(index) ?? 0) + (this.besides.get(index) ?? 0);
  }

  do(step: Step): void {
    switch (step.do) {
      case 'step':
        this.step(this.at(step.worker), step.pick);
        return;
      case 'die': {
        const dying = this.at(step.worker);
        if (!dying || this.deaths >= MAX_DEATHS || (!dying.up && !dying.killed)) return;
        this.deaths++;
        this.expectDeath(dying, step.exit);
        dying.end(step.exit);
        return;
      }
      case 'wait':
        this.wait(step.ms);
        return;
      case 'abort':
        if (!this.#plan.mayAbort || this.run.ended) return;
        this.run.cancel(new Error('aborted'), 60);
        seen.aborts++;
    }
  }

  step(worker: SimulatedWorker | undefined, pick = 0): void {
    worker?.step(pick);
  }

  wait(ms: number): void {
    const before = this.alive.filter(({ killed, running }) => !killed && running.length > 0);
    this.clock.advance(ms);
    if (this.run.ended) return;
    // Whoever was killed by the clock ran a task, and for long enough.
    for (const { killed, killedAt, running } of before) {
      if (!killed) continue;
      const late = running.filter(({ since }) => killedAt - since >= this.#plan.timeout);
      expect(late).not.toEqual([]);
      for (const { index } of late) this.late.add(index);
    }
  }

  /** Lets everybody go on until nothing is left to do. */
  drain(): void {
    for (let i = 0; i < 2000 && this.alive.some((one) => !one.dead); i++) {
      for (const one of this.alive) this.step(one);
      this.wait(2);
    }
    expect(this.run.ended).toBe(true);
  }

  check(): void {
    expect(this.ends).toBe(1);
    if (this.failure !== undefined) {
      expect((this.failure as Error).message).toBe('aborted');
      for (const outcome of this.outcomes) expect(outcome.length).toBeLessThanOrEqual(1);
      return;
    }
    for (const [index, [outcome, ...more]] of this.outcomes.entries()) {
      expect(more).toEqual([]);
      expect(outcome, `task ${index}`).toBeDefined();
      this.checkOutcome(index, outcome!);
    }
    const { dispatched, finished } = this.run.stats();
    expect([dispatched, finished]).toEqual([this.#plan.count, this.#plan.count]);
  }

  checkOutcome(index: number, outcome: PromiseSettledResult<unknown>): void {
    const crashed = this.crashed.has(index);
    const late = this.late.has(index);
    if (outcome.status === 'fulfilled') {
      expect(outcome.value).toBe(index * 2);
      expect([this.throws(index), crashed, late]).toEqual([false, false, false]);
      if (this.times(index) > 0) seen.retried++;
      return;
    }
    const { code, message } = outcome.reason as Error & { code: string };
    if (code === 'ERR_HEDDLE_TASK') {
      expect([this.throws(index), crashed, late]).toEqual([true, false, false]);
      seen.errors++;
    } else if (code === 'ERR_HEDDLE_TIMEOUT') {
      expect([crashed, late]).toEqual([false, true]);
      seen.timeouts++;
    } else {
      expect([code, crashed]).toEqual(['ERR_HEDDLE_WORKER_CRASHED', true]);
      const times = /lost with (\d+) workers/.exec(message)?.[1] ?? '1';
      expect(Number(times)).toBe(this.times(index));
      seen.crashes++;
    }
  }
}

describe('the scheduler', () => {
  it('settles each task once, whatever workers, clocks and callers do', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const trial = new Trial(plan);
        for (const one of plan.steps) trial.do(one);
        trial.drain();
        trial.check();
      }),
      { numRuns: 800 },
    );
    expect(Object.entries(seen).filter(([, count]) => count === 0)).toEqual([]);
  }, 60_000);
});
