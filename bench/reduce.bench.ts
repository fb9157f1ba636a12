/**
 * Reductions: many values to one.
 */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { inProcess, peer, python, type Suite } from './harness/index.ts';

const file = fileURLToPath(new URL('./reduce/piscina.cjs', import.meta.url));
const CHUNK = 1024;

const suite: Suite = {
  title: 'Reductions',
  about:
    'The sum of whole numbers, on two workers, in chunks of 32 (the default) and of 1024; those beside add up chunks of 1024 by hand.',
  groups({ short }) {
    const count = short ? 2 ** 14 : 2 ** 18;
    const numbers = Array.from({ length: count }, (_, i) => i);
    return [
      {
        name: `${count} numbers`,
        unit: 'number',
        operations: count,
        verify: (result) => assert.equal(Number(result), (count * (count - 1)) / 2),
        contenders: [
          ...(['threads', 'processes'] as const).flatMap((backend) =>
            [32, CHUNK].map((chunkSize) =>
              inProcess(`heddle ${backend}, ${chunkSize}`, async () => {
                const { reduce } = await import('heddle');
                const options = { backend, chunkSize, jobs: 2 };
                const run = () => reduce(numbers, (a, b) => a + b, options);
                await run();
                return { run };
              }),
            ),
          ),
          inProcess('piscina, in chunks', async () => {
            const { Piscina } = await peer<typeof import('piscina')>('piscina');
            const pool = new Piscina({ filename: file, minThreads: 2, maxThreads: 2 });
            return {
              run: async () => {
                const sums: Promise<number>[] = [];
                for (let at = 0; at < count; at += CHUNK) {
                  sums.push(pool.run(numbers.slice(at, at + CHUNK)) as Promise<number>);
                }
                return (await Promise.all(sums)).reduce((a, b) => a + b);
              },
              close: () => pool.destroy(),
            };
          }),
          python('joblib, in chunks', {
            modules: { joblib: 'python3-joblib' },
            params: { count, chunk: CHUNK },
            source: `
from joblib import Parallel, delayed

def setup(params):
    count, chunk = params["count"], params["chunk"]
    numbers = list(range(count))
    pool = Parallel(n_jobs=2)
    pool.__enter__()
    def run():
        return sum(pool(delayed(sum)(numbers[i:i + chunk]) for i in range(0, count, chunk)))
    run()
    return run
`,
          }),
        ],
        targets: [
          { contender: 'heddle threads, 1024', against: 'piscina, in chunks', speedup: 0.5 },
          { contender: 'heddle processes, 1024', against: 'joblib, in chunks', speedup: 0.3 },
        ],
      },
    ];
  },
};

export default suite;
