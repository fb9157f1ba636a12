/** Worker threads that call blocking products in a loop, on two cores. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const module = new URL('../fixtures/executor-callers.ts', import.meta.url).href;

/**
 * Runs them to the end of their calls.
 *
 * @param threads - what each call asks for
 * @returns the CPU time of each in its calls (ms), and what ends them
 */
export async function runCallers(
  workers: number,
  threads?: number,
): Promise<{ readonly times: number[]; end(): Promise<unknown> }> {
  const arrived = new Int32Array(new SharedArrayBuffer(4));
  const all = Array.from({ length: workers }, () => {
    return new Worker(new URL('../fixtures/typescript-worker.mjs', import.meta.url), {
      workerData: { module, arrived, workers, threads },
      env: { ...process.env, HEDDLE_MAX_CPU_COUNT: '2' },
    });
  });
  const told = await Promise.all(all.map((worker) => once(worker, 'message')));
  return {
    times: told.map(([time]) => time as number),
    end: () => Promise.all(all.map((worker) => worker.terminate())),
  };
}
