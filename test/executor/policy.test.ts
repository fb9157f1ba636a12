/**
 * The policy of the executor (native/executor/policy.cpp) without threads: what it decides in known
 * situations, what always holds, and a simulated executor that follows it.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PolicyDemand, type PolicyLoad, probe } from '../threadpools/probe.ts';

const demand = (changes: Partial<PolicyDemand> = {}): PolicyDemand => ({
  work: 1e9,
  maxThreads: 64,
  team: false,
  ...changes,
});

/** An idle machine of four cores that computes 10¹⁰ flops a second on each. */
const load = (changes: Partial<PolicyLoad> = {}): PolicyLoad => ({
  budget: 4,
  blasCeiling: 64,
  forkWaiting: false,
  busy: 0,
  idle: true,
  rate: 1e10,
  drain: 0,
  queuedWork: 0,
  expectedWork: 0,
  ...changes,
});

const widthOf = (head: PolicyDemand, now: PolicyLoad): number => probe.decide(head, now)[0];

describe('what is decided', () => {
  const busy = { busy: 1, idle: false };
  const cases: readonly (readonly [string, PolicyDemand, PolicyLoad, number])[] = [
    ['1 alone and large: all cores', demand(), load(), 4],
    ['2 alone and small: one core', demand({ work: 7e6 }), load(), 1],
    ['3 as many cores as its work pays for', demand({ work: 9e6 }), load(), 2],
    ['4 no more than the caller allows', demand({ maxThreads: 3 }), load(), 3],
    ['5 no more than a limit on BLAS allows', demand(), load({ blasCeiling: 2 }), 2],
    ['6 a team is no BLAS call', demand({ team: true }), load({ blasCeiling: 2 }), 4],
    ['7 narrow while a fork waits', demand(), load({ forkWaiting: true }), 1],
    ['8 a team forks as it likes', demand({ team: true }), load({ forkWaiting: true }), 4],
    ['9 waits where no core is free', demand(), load({ busy: 4, idle: false }), 0],
    ['10 narrow beside others of its size', demand(), load({ queuedWork: 9e9 }), 1],
    ['11 wide before others that are small', demand(), load({ queuedWork: 1e8 }), 4],
    ['12 narrow where the like is expected', demand(), load({ expectedWork: 9e9 }), 1],
    [
      '13 what is queued says more than what is expected',
      demand(),
      load({ queuedWork: 1e8, expectedWork: 9e9 }),
      4,
    ],
    ['14 a wide BLAS call waits to be alone', demand(), load({ ...busy, drain: 1e-3 }), 0],
    ['15 … but not for long ones', demand(), load({ ...busy, drain: 1 }), 1],
    ['16 … and not for what takes no core', demand(), load({ idle: false }), 0],
    [
      '17 a team takes the cores that are free',
      demand({ team: true }),
      load({ ...busy, drain: 1 }),
      3,
    ],
    [
      '18 … or waits for the others, if that is sooner',
      demand({ team: true }),
      load({ ...busy, busy: 3, drain: 1e-3 }),
      0,
    ],
    ['19 one core is one core', demand(), load({ budget: 1 }), 1],
    ['20 no work is narrow', demand({ work: 0 }), load(), 1],
  ];
  it.each(cases)('%s', (_name, head, now, width) => {
    expect(widthOf(head, now)).toBe(width);
  });
});

const anyDemand = fc.record({
  work: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e13, noNaN: true })),
  maxThreads: fc.integer({ min: 1, max: 256 }),
  team: fc.boolean(),
});

const anyLoad = fc
  .record({
    budget: fc.integer({ min: 1, max: 128 }),
    blasCeiling: fc.integer({ min: 1, max: 128 }),
    forkWaiting: fc.boolean(),
    busy: fc.nat(128),
    tiny: fc.boolean(),
    rate: fc.double({ min: 1e6, max: 1e12, noNaN: true }),
    drain: fc.double({ min: 0, max: 1e4, noNaN: true }),
    queuedWork: fc.double({ min: 0, max: 1e14, noNaN: true }),
    expectedWork: fc.double({ min: 0, max: 1e14, noNaN: true }),
  })
  .map(({ tiny, busy, ...rest }): PolicyLoad => {
    const cores = Math.min(busy, rest.budget);
    return { ...rest, busy: cores, idle: cores === 0 && !tiny, drain: cores > 0 ? rest.drain : 0 };
  });

describe('what always holds', () => {
  it('21 a width fits what is free, what is asked for and every limit', () => {
    fc.assert(
      fc.property(anyDemand, anyLoad, (head, now) => {
        const [width, widest] = probe.decide(head, now);
        expect(Number.isInteger(width)).toBe(true);
        expect(width).toBeGreaterThanOrEqual(0);
        expect(width).toBeLessThanOrEqual(Math.max(0, now.budget - now.busy));
        expect(width).toBeLessThanOrEqual(widest);
        expect(widest).toBeLessThanOrEqual(Math.min(head.maxThreads, now.budget));
        if (!head.team) {
          expect(widest).toBeLessThanOrEqual(now.forkWaiting ? 1 : now.blasCeiling);
          // One at a time in the process.
          if (width > 1) expect(now.idle).toBe(true);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('22 on an idle machine everything starts, and what gains nothing by width never waits', () => {
    fc.assert(
      fc.property(anyDemand, anyLoad, (head, now) => {
        const [width, widest] = probe.decide(head, now);
        if (now.idle) expect(width).toBeGreaterThan(0);
        if (widest === 1 && now.busy < now.budget) expect(width).toBe(1);
      }),
      { numRuns: 5000 },
    );
  });
});

/** An operation of the simulation. */
interface Operation extends PolicyDemand {
  readonly at: number;
}

/** Follows the policy through a list of operations; returns the time at which the last one ended. */
function simulate(operations: readonly Operation[], budget: number, rate: number): number {
  const coming = [...operations].sort((a, b) => a.at - b.at);
  const queue: Operation[] = [];
  let running: { readonly end: number; readonly cores: number; readonly wide: boolean }[] = [];
  let now = 0;
  let ended = 0;
  while (ended < operations.length) {
    while (coming[0] && coming[0].at <= now) queue.push(coming.shift()!);
    for (let head = queue[0]; head; head = queue[0]) {
      if (running.some(({ wide }) => wide)) break;
      const busy = running.reduce((sum, { cores }) => sum + cores, 0);
      const drain = Math.max(0, ...running.map(({ end }) => end - now));
      const queuedWork = queue.slice(1).reduce((sum, { work }) => sum + work, 0);
      const state = load({ budget, busy, idle: running.length === 0, rate, drain, queuedWork });
      const width = widthOf(head, state);
      if (width === 0) break;
      queue.shift();
      const wide = width > 1 && !head.team;
      const cores = wide ? budget : width;
      running.push({ end: now + head.work / rate / (width > 1 ? width * 0.85 : 1), cores, wide });
      const inUse = running.reduce((sum, one) => sum + one.cores, 0);
      expect(inUse, 'cores in use').toBeLessThanOrEqual(budget);
      if (wide) expect(running).toHaveLength(1);
    }
    const next = Math.min(coming[0]?.at ?? Infinity, ...running.map(({ end }) => end));
    expect(next, `${queue.length} operations wait for ever`).toBeLessThan(Infinity);
    now = Math.max(now, next);
    ended += running.filter(({ end }) => end <= now).length;
    running = running.filter(({ end }) => end > now);
  }
  return now;
}

describe('an executor that follows it', () => {
  it('23 uses no core twice, runs wide BLAS calls alone, and lets nothing wait for ever', () => {
    const operation = fc.record({
      work: fc.double({ min: 1e4, max: 1e11, noNaN: true }),
      maxThreads: fc.integer({ min: 1, max: 16 }),
      team: fc.boolean(),
      at: fc.double({ min: 0, max: 2, noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.array(operation, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 16 }),
        (operations, budget) => {
          const end = simulate(operations, budget, 1e10);
          // Never worse than one after the other on one core.
          const total = operations.reduce((sum, { work }) => sum + work, 0) / 1e10;
          expect(end).toBeLessThanOrEqual(2 + total * 1.0001);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('24 puts many equal operations side by side, which takes no more than their work', () => {
    const operations = Array.from({ length: 40 }, () => ({ ...demand({ work: 1e9 }), at: 0 }));
    const end = simulate(operations, 4, 1e10);
    expect(end).toBeLessThanOrEqual((40 * 1e9) / 1e10 / 4 / 0.85);
  });
});
