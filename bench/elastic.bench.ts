/**
 * What the cores of workers that have run out of tasks do for the others: chains of Cholesky decompositions on as
 * many worker processes as there are cores, with `elastic` and without. One operation is one job.
 *
 * With k chains more than there are workers, whole rounds take as long either way. In the last round the chains that
 * are left have all cores: of 3 chains on 2 cores 1.5 rounds instead of 2, so that 1.33 is all that can be had.
 */
import { cpuCount } from 'heddle';
import { heddle } from './dispatch/pools.ts';
import { type Contender, type Group, inProcess, type Suite } from './harness/index.ts';

interface Chain {
  readonly n: number;
  readonly length: number;
  readonly module: string;
}

function contender(name: string, count: number, n: number, elastic: boolean): Contender {
  return inProcess(name, async () => {
    const { map, shutdownWorkers } = await heddle();
    const module = new URL('../dist/linalg/index.js', import.meta.url).href;
    const chain: Chain = { n, length: 6, module };
    const options = { backend: 'processes', jobs: cpuCount(), batchSize: 1, elastic } as const;
    const decompose = async ({ n, length, module }: Chain): Promise<number> => {
      const { cholesky } = (await import(module)) as typeof import('heddle/linalg');
      const data = new Float64Array(n * n).fill(1);
      for (let i = 0; i < n; i++) data[i * n + i] = n + 1;
      let last = 0;
      for (let i = 0; i < length; i++) {
        const { data: factor } = await cholesky({ data, shape: [n, n] });
        last = factor[n * n - 1]!;
      }
      return last;
    };
    const chains = Array.from({ length: count }, () => chain);
    await map(chains, decompose, options);
    return {
      run: () => map(chains, decompose, options),
      close: () => shutdownWorkers(),
    };
  });
}

function group(name: string, count: number, n: number, speedup: number): Group {
  return {
    name: `${name}: ${count} chains of ${n}² on ${cpuCount()} workers`,
    unit: 'job',
    contenders: [
      contender('elastic', count, n, true),
      contender('elastic: false', count, n, false),
    ],
    baseline: 'elastic: false',
    targets: [{ contender: 'elastic', against: 'elastic: false', speedup }],
    verify(result, contender) {
      // The last element of the factor of 1 + n·I: what is left of n + 1 when all others are eliminated.
      const expected = Math.sqrt(n + 1 - (n - 1) / (2 * n - 1));
      for (const value of result as number[]) {
        if (Math.abs(value / expected - 1) > 1e-10) throw new Error(`${contender}: ${value}`);
      }
    },
  };
}

const suite: Suite = {
  title: 'Cores that others leave',
  about: 'Chains of Cholesky decompositions on worker processes, one for each core.',
  groups({ short }) {
    const cores = cpuCount();
    const sizes = short ? [300] : [1000, 2000];
    // Of what can be had at most, which is 1.33 on two cores, nine tenths.
    const most = 2 / (1 + 1 / cores);
    return [
      ...sizes.map((n) => group('a tail', cores + 1, n, 0.9 * most)),
      group('even', 2 * cores, sizes[0]!, 0.98),
    ];
  },
};

export default suite;
