/**
 * The account of cores that worker processes share (native/workers/core_account.cpp) without processes:
 * what a worker may have in known situations, what always holds, and threads that play workers.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { probe } from '../threadpools/probe.ts';

/** Share, cores in use, and ms without work: -1 where there is some. */
type Entry = readonly [share: number, inUse: number, idle: number];

const works = (inUse = 1, share = 1): Entry => [share, inUse, -1];
const idles = (inUse = 0, share = 1, ms = 500): Entry => [share, inUse, ms];
const own: Entry = [1, 0, -1];

describe('what a worker may have', () => {
  const cases: readonly (readonly [string, number, readonly Entry[], number])[] = [
    ['1 its share while all work', 2, [own, works()], 1],
    ['2 all where it alone works', 2, [own, idles()], 2],
    [
      '3 no more than its share as long as the other has just ended a batch',
      2,
      [own, idles(0, 1, 9)],
      1,
    ],
    ['4 … which counts from 10 ms on', 2, [own, idles(0, 1, 10)], 2],
    ['5 what is left over, evenly', 8, [own, works(), idles(), idles()], 4],
    ['6 … the first gets what can not be halved', 5, [own, works(), idles(), idles()], 3],
    ['7 … and the second does not', 5, [works(), own, idles(), idles()], 2],
    ['8 nothing while another has all', 2, [own, works(2)], 0],
    ['9 what one without work still has is not free', 4, [own, idles(3), idles()], 1],
    [
      '10 its share, though there are fewer cores than shares',
      2,
      [own, works(), works(), works()],
      1,
    ],
    ['11 … and no more while there are not more cores', 2, [own, works(), idles(), idles()], 1],
    ['12 as much of its share as others leave', 4, [own, works(3, 2)], 1],
    ['13 cores that no worker has for its own', 3, [own, works()], 2],
    ['14 entries of nobody do not count', 2, [own, [0, 7, -1]], 2],
  ];
  it.each(cases)('%s', (_, budget, entries, expected) => {
    const index = entries.indexOf(own);
    expect(probe.availableCores(budget, index, 1, entries)).toBe(expected);
  });

  it('15 a larger share is its own too', () => {
    expect(probe.availableCores(8, 0, 4, [[4, 0, -1], works(4, 4)])).toBe(4);
    expect(probe.availableCores(8, 0, 4, [[4, 0, -1], works(5, 4)])).toBe(3);
    expect(probe.availableCores(8, 0, 4, [[4, 0, -1], idles(0, 4)])).toBe(8);
  });
});

const entry = fc.tuple(
  fc.integer({ min: 0, max: 4 }),
  fc.integer({ min: 0, max: 9 }),
  fc.constantFrom(-1, 0, 9, 10, 9999),
);
const situation = fc.record({
  budget: fc.integer({ min: 1, max: 16 }),
  share: fc.integer({ min: 1, max: 4 }),
  others: fc.array(entry, { maxLength: 8 }),
  index: fc.nat(),
});

describe('in every situation', () => {
  it('nobody gets what others have or may come for, unless his share is all that is asked for', () => {
    fc.assert(
      fc.property(situation, ({ budget, share, others, index }) => {
        const at = index % (others.length + 1);
        const entries = [...others.slice(0, at), [share, 0, -1] as const, ...others.slice(at)];
        const most = probe.availableCores(budget, at, share, entries);
        const there = others.filter(([theirs]) => theirs > 0);
        const inUse = there.reduce((sum, [, used]) => sum + used, 0);
        const lent = there.some(([theirs, used]) => used > theirs);
        expect(most).toBeGreaterThanOrEqual(0);
        if (lent || most > share) expect(most).toBeLessThanOrEqual(Math.max(budget - inUse, 0));
        if (!lent) expect(most).toBeGreaterThanOrEqual(share);
      }),
      { numRuns: 2000 },
    );
  });

  it('all that work get together no more than there are cores, unless their shares are more', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 16 }),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.boolean()), {
          minLength: 1,
          maxLength: 8,
        }),
        (budget, workers) => {
          const entries = workers.map(([share, working]) =>
            working ? works(0, share) : idles(0, share),
          );
          let sum = 0;
          let shares = 0;
          workers.forEach(([share, working], index) => {
            if (!working) return;
            sum += probe.availableCores(budget, index, share, entries);
            shares += share;
          });
          expect(sum).toBeLessThanOrEqual(Math.max(budget, shares));
          // Nothing stays unused while somebody works.
          if (shares > 0) expect(sum).toBe(Math.max(budget, shares));
        },
      ),
      { numRuns: 2000 },
    );
  });
});

it.each([
  [2, 2],
  [3, 3],
  [4, 6],
  [8, 8],
])('%i workers that come, go, wait and die never have more than %i cores', (workers, budget) => {
  const [wrong, lent] = probe.stressCores(workers, 3000, budget);
  expect(wrong).toBe('');
  expect(lent).toBeGreaterThan(0);
});
