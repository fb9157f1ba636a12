import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { native } from '../../src/native.ts';
import { runCallers } from './callers.ts';

/** CPU time of the executor's own threads until now, in ms. */
function computeThreads(): number {
  let sum = 0;
  for (const task of readdirSync('/proc/self/task')) {
    try {
      if (readFileSync(`/proc/self/task/${task}/comm`, 'utf8') !== 'heddle-compute\n') continue;
      sum += Number(readFileSync(`/proc/self/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
    } catch (error) {
      // Other threads of this process may end meanwhile.
      if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code!)) throw error;
    }
  }
  return sum;
}

// A core that waited for the next caller to wake up, on whichever core the system had put it, stood
// idle for a sixth of the time.
it('goes on with the next blocking call on the threads that compute already', async () => {
  const { times, end } = await runCallers(4, 1);
  const callers = times.reduce((sum, time) => sum + time, 0);

  const { budget, peak, narrow, threads } = native.executor.stats();
  expect(budget).toBe(2);
  expect(peak).toBe(2);
  expect(narrow).toBeGreaterThanOrEqual(400);
  expect(threads).toBeLessThanOrEqual(3); // a new one may start while another is about to be idle
  expect(computeThreads()).toBeGreaterThan(callers);
  await end();
});
