import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { executorStats } from '../../src/executor/index.ts';
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

/** Processor time of `body` in ms: of the busiest thread, and of all others. */
function timeOf(body: () => void): { busiest: number; others: number } {
  const before = threadTimes();
  body();
  const spent = [...threadTimes()].map(([task, time]) => time - (before.get(task) ?? 0));
  const busiest = Math.max(...spent);
  return { busiest, others: spent.reduce((sum, one) => sum + one, 0) - busiest };
}

/** The most cores that the executor gives while `body` runs. */
function coresOf(body: () => void): number {
  executorStats({ resetPeak: true });
  body();
  return executorStats().peak;
}

const random = (n: number) => ({
  data: Float64Array.from({ length: n * n }, (_, i) => Math.sin(i * i)),
  shape: [n, n],
});

// Other libraries have other sizes, or no threads: this is for the one that is taken by itself.
const usual = process.env.HEDDLE_BLAS === undefined;

const qr = (n: number, threads: number) => {
  const a = random(n);
  return () => qrSync(a, { threads });
};
const eigh = (n: number, threads: number) => {
  const a = random(n);
  return () => eighSync(a, { threads });
};
const svd = (n: number, threads: number) => {
  const a = random(n);
  return () => svdSync(a, { threads });
};
const matmul = (n: number, threads: number) => {
  const a = random(n);
  return () => matmulSync(a, a, { threads });
};

describe.runIf(usual && process.platform === 'linux' && cpuCount() > 1)('a second core', () => {
  it.each([
    // Each of these is slower on two cores than on one.
    ['qr of 150', qr(150, 2), 1],
    ['eigh of 200', eigh(200, 2), 1],
    ['svd of 150', svd(150, 2), 1],
    ['matmul of 600', matmul(600, 2), 2],
    ['eigh of 700', eigh(700, 2), 2],
  ] as const)(
    'is taken where it makes the operation faster, and not before: %s',
    (_, operation, cores) => {
      expect(coresOf(operation)).toBe(cores);
    },
  );

  it.each([
    // Half of a product, a third of what eigenvalues take.
    ['matmul of 600', matmul, 600, 0.25],
    ['eigh of 700', eigh, 700, 0.1],
  ] as const)('does its part of the work of %s', (_, operation, n, part) => {
    const alone = operation(n, 1);
    alone();
    const { busiest } = timeOf(alone);
    // What the first thread spends while it waits for the other, on a busy machine, counts for nothing.
    expect(timeOf(operation(n, 2)).others).toBeGreaterThan(part * busiest);
  });
});
