/**
 * What a queue of decompositions does to the rest of the process: delays of the event loop, and of
 * fs.readFile, which runs on libuv's pool.
 *
 * The same work on libuv's pool is stood for by `crypto.pbkdf2`, which runs there, calibrated to the
 * time of one decomposition: what a binding does that computes in `napi_create_async_work`.
 */
import { pbkdf2 } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  type Contender,
  type Group,
  inProcess,
  measured,
  type RunOptions,
} from '../harness/index.ts';

const deriveKey = promisify(pbkdf2);
const file = fileURLToPath(import.meta.url);

const at = (sorted: readonly number[], part: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

/** Reads a small file again and again until `work` is done; every reading is timed. */
async function beside(work: () => Promise<unknown>, jobs: number) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const reads: number[] = [];
  let working = true;
  delay.enable();
  const start = performance.now();
  const reader = (async () => {
    while (working) {
      const before = performance.now();
      await readFile(file);
      reads.push(performance.now() - before);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  await turn();
  await work();
  const seconds = (performance.now() - start) / 1000;
  working = false;
  delay.disable();
  await reader;
  reads.sort((one, other) => one - other);
  return measured({
    seconds,
    operations: jobs,
    metrics: {
      'loop p99 ms': delay.percentile(99) / 1e6,
      'loop max ms': delay.max / 1e6,
      'readFile p50 ms': at(reads, 0.5),
      'readFile p99 ms': at(reads, 0.99),
      'files read': reads.length,
    },
  });
}

export function eventGroups({ short }: RunOptions): Group[] {
  const n = short ? 60 : 250;
  const jobs = short ? 4 : 16;
  const matrix = () => ({ data: Float64Array.from({ length: n * n }, Math.random), shape: [n, n] });

  const contender = (name: string, prepare: () => Promise<() => Promise<unknown>>): Contender =>
    inProcess(
      name,
      async () => {
        const work = await prepare();
        return { loop: () => beside(work, jobs), result: () => 0 };
      },
      { once: true },
    );

  return [
    {
      name: `events: ${jobs} singular value decompositions of ${n} × ${n}`,
      about:
        'Delay of the event loop, and time of fs.readFile, while they run. In place of the same ' +
        "work on libuv's pool: crypto.pbkdf2, calibrated to take as long for each job.",
      unit: 'decomposition',
      contenders: [
        contender('nothing beside', async () => () => new Promise((done) => setTimeout(done, 300))),
        contender('heddle svd', async () => {
          const { svd } = await import('heddle/linalg');
          const a = matrix();
          await svd(a);
          return () => Promise.all(Array.from({ length: jobs }, () => svd(a)));
        }),
        contender("libuv's pool", async () => {
          const { svdSync } = await import('heddle/linalg');
          const a = matrix();
          const time = async (body: () => unknown) => {
            await body();
            const before = performance.now();
            await body();
            return performance.now() - before;
          };
          const wanted = await time(() => svdSync(a, { threads: 1 }));
          const sample = await time(() => deriveKey('key', 'salt', 20_000, 32, 'sha256'));
          const rounds = Math.max(1, Math.round((20_000 * wanted) / sample));
          return () =>
            Promise.all(
              Array.from({ length: jobs }, () => deriveKey('key', 'salt', rounds, 32, 'sha256')),
            );
        }),
        contender('heddle svdSync on the event loop', async () => {
          const { svdSync } = await import('heddle/linalg');
          const a = matrix();
          return async () => {
            for (let i = 0; i < jobs; i++) {
              svdSync(a);
              await turn();
            }
          };
        }),
      ],
    },
  ];
}
