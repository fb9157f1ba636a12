/** Histograms of times: quantiles against sorted lists. */
import { describe, expect, it } from 'vitest';
import { TimeHistogram } from '../../src/scheduler/histogram.ts';
import { PoolTally } from '../../src/scheduler/pool-stats.ts';
import { fc } from '../helpers/seeds.ts';

const times = fc.array(
  fc.oneof(
    fc.double({ min: 0, max: 10, noNaN: true }),
    fc.double({ min: 0, max: 1e6, noNaN: true }),
    fc.double({ min: 1e6, max: 1e13, noNaN: true }),
  ),
  { minLength: 1, maxLength: 200 },
);

describe('a histogram', () => {
  it('has the quantiles of a sorted list within 1/16, the mean and the greatest exactly', () => {
    fc.assert(
      fc.property(times, (list) => {
        const histogram = new TimeHistogram();
        expect(histogram.snapshot()).toBeNull();
        for (const ms of list) histogram.sample(ms, 1);
        const sum = list.reduce((a, b) => a + b, 0);
        histogram.total(list.length, sum, Math.max(...list));
        const { count, mean, max, ...quantiles } = histogram.snapshot()!;
        expect([count, mean, max]).toEqual([list.length, sum / list.length, Math.max(...list)]);
        const sorted = [...list].sort((a, b) => a - b);
        for (const [name, value] of Object.entries(quantiles)) {
          const p = Number(name.slice(1)) / 100;
          const right = sorted[Math.ceil(p * list.length) - 1]!;
          // Below a microsecond there is one bucket.
          expect(Math.abs(value - right)).toBeLessThanOrEqual(right / 16 + 0.001);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('the tally of a pool', () => {
  const pool = { backend: 'b', name: null, concurrency: 1, workers: [], runs: [] };

  it('counts each task of a message, however many it takes samples of', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 9, noNaN: true }), { minLength: 1 }),
        (runs) => {
          const tally = new PoolTally();
          const flat: number[] = [];
          let at = 100;
          for (const ms of runs) {
            flat.push(at, at + ms);
            at += ms;
          }
          const ran = { sum: runs.reduce((a, b) => a + b), longest: Math.max(...runs) };
          tally.record(Float64Array.from(flat), 1000, 1050, ran);
          const { runTime, waitTime } = tally.snapshot(pool, 0, 0);
          const waits = flat.filter((_, i) => i % 2 === 0).map((start) => start - 50);
          expect(runTime!.count).toBe(runs.length);
          expect(runTime!.max).toBeCloseTo(Math.max(...runs), 6);
          expect(runTime!.mean).toBeCloseTo(runs.reduce((a, b) => a + b) / runs.length, 6);
          expect(waitTime!.count).toBe(runs.length);
          expect(waitTime!.max).toBeCloseTo(waits.at(-1)!, 6);
          // Of more than 16 it is that of samples, which are no further off than tasks are long.
          const right = waits.reduce((a, b) => a + b) / waits.length;
          if (runs.length <= 16) expect(waitTime!.mean).toBeCloseTo(right, 6);
          else
            expect(Math.abs(waitTime!.mean - right)).toBeLessThan(9 * Math.ceil(runs.length / 16));
          for (const stats of [runTime!, waitTime!]) {
            expect(stats.p50).toBeLessThanOrEqual(stats.p90);
            expect(stats.p90).toBeLessThanOrEqual(stats.p99);
            expect(stats.p99).toBeLessThanOrEqual(stats.max);
          }
        },
      ),
    );
  });

  it('is of the time in which workers were up', () => {
    const tally = new PoolTally();
    tally.record(Float64Array.of(10, 40), 0, 5, { sum: 30, longest: 30 });
    tally.left(20);
    const worker = { state: 'ready', load: 1, upSince: 50 };
    const stats = tally.snapshot(
      { ...pool, workers: [worker, { ...worker, state: 'killed' }], runs: [{ waiting: 3 }] },
      2,
      70,
    );
    expect(stats.utilization).toBeCloseTo(30 / 60, 10);
    expect(stats.workers).toEqual({ starting: 0, idle: 0, busy: 1, ending: 1 });
    expect(stats.queue).toBe(5);
    expect(tally.snapshot({ ...pool, concurrency: 2 }, 0, 70).utilization).toBeCloseTo(0.75, 10);
  });
});
