import { expect, it } from 'vitest';
import { cpuCount, map } from '../../src/index.ts';
import { matmulSync } from '../../src/linalg/index.ts';
import { native } from '../../src/native.ts';

it('worker threads share all cores, also where the main thread computes nothing', async () => {
  // The main thread has not used the executor: its budget must come from whoever is first.
  const square = { data: new Float64Array(400 * 400).fill(1), shape: [400, 400] };
  const work = () => {
    for (let i = 0; i < 20; i++) matmulSync(square, square);
  };
  await map([1, 2, 3, 4], work, { backend: 'threads', jobs: 2, batchSize: 1 });
  const { budget, peak } = native.executor.stats();
  expect(budget).toBe(cpuCount());
  expect(peak).toBe(Math.min(2, cpuCount()));
});
