import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { cpuCount } from '../../src/index.ts';
import { eighSync, matmulSync, qrSync, svdSync } from '../../src/linalg/index.ts';

/** Processor time of each thread of this process so far, in ms, by its number. */
function threadTimes(): Map<string, number> {
  const times = new Map<string, number>();
  for (const task of readdirSync('/proc/self/task')) {
    try {
      const text = readFileSync(`/proc/self/task/${task}/schedstat`, 'utf8');
      times.set(task, Number(text.split(' ')[0]) / 1e6);
    } catch {
      // The thread has ended since the folder was read.
    }
  }
  return times;
}

/** The part of the processor time of `body` that the busiest thread did not spend. */
function shareOfOthers(body: () => void): number {
  const before = threadTimes();
  body();
  const spent = [...threadTimes()].map(([task, time]) => time - (before.get(task) ?? 0));
  return 1 - Math.max(...spent) / spent.reduce((sum, one) => sum + one, 0);
}

const random = (n: number) => ({
  data: Float64Array.from({ length: n * n }, (_, i) => Math.sin(i * i)),
  shape: [n, n],
});

type Input = ReturnType<typeof random>;

// Other libraries have other sizes, or no threads: this is for the one that is taken by itself.
const usual = process.env.HEDDLE_BLAS === undefined;

it.runIf(usual && process.platform === 'linux' && cpuCount() > 1)(
  'takes a second core where it makes the operation faster, and not before',
  () => {
    // Each of these is slower on two cores than on one.
    for (const [name, n, operation] of [
      ['qr', 150, (a: Input) => qrSync(a, { threads: 2 })],
      ['eigh', 200, (a: Input) => eighSync(a, { threads: 2 })],
      ['svd', 150, (a: Input) => svdSync(a, { threads: 2 })],
    ] as const) {
      const a = random(n);
      operation(a);
      const others = shareOfOthers(() => {
        for (let i = 0; i < 40; i++) operation(a);
      });
      expect(others, name).toBeLessThan(0.2);
    }
    for (const [name, n, operation] of [
      ['matmul', 600, (a: Input) => matmulSync(a, a, { threads: 2 })],
      ['eigh', 700, (a: Input) => eighSync(a, { threads: 2 })],
    ] as const) {
      const a = random(n);
      // Half of a product, a third of what eigenvalues take; the collector's threads are far below.
      const least = name === 'matmul' ? 0.3 : 0.15;
      // A thread that finds its core taken by another program makes the first one spin meanwhile.
      let others = 0;
      for (let tries = 0; tries < 3 && others <= least; tries++) {
        others = shareOfOthers(() => {
          for (let i = 0; i < 4; i++) operation(a);
        });
      }
      expect(others, name).toBeGreaterThan(least);
    }
  },
);
