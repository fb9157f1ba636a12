/**
 * What the cores of workers that have run out of tasks do for the others: chains of products, or of Cholesky
 * decompositions, on as many worker processes as there are cores, with `elastic` and without. One operation is one job.
 *
 * With k chains more than there are workers, whole rounds take as long either way. In the last round the chains that
 * are left have all cores: of 3 chains on 2 cores 1.5 rounds instead of 2, so that 1.33 is all that can be had, with
 * operations that are twice as fast on two cores. (OpenBLAS's Cholesky of 2000² is 1.4 × as fast: 1.18.)
 */
import { cpuCount } from 'heddle';
import { heddle } from './dispatch/pools.ts';
import { type Contender, type Group, inProcess, type Suite } from './harness/index.ts';

type Kind = 'products' | 'decompositions';

interface Chain {
  readonly kind: Kind;
  readonly n: number;
  readonly length: number;
  readonly module: string;
}

function contender(
  name: string,
  kind: Kind,
  count: number,
  n: number,
  elastic: boolean,
): Contender {
  return inProcess(name, async () => {
    const { map, shutdownWorkers } = await heddle();
    const module = new URL('../dist/linalg/index.js', import.meta.url).href;
    const chain: Chain = { kind, n, length: 6, module };
    const options = { backend: 'processes', jobs: cpuCount(), batchSize: 1, elastic } as const;
    const compute = async ({ kind, n, length, module }: Chain): Promise<number> => {
      const { cholesky, matmul } = (await import(module)) as typeof import('heddle/linalg');
      const data = new Float64Array(n * n).fill(1);
      for (let i = 0; i < n; i++) data[i * n + i] = n + 1;
      let last = 0;
      for (let i = 0; i < length; i++) {
        const a = { data, shape: [n, n] };
        const result = await (kind === 'products' ? matmul(a, a) : cholesky(a));
        last = result.data[n * n - 1]!;
      }
      return last;
    };
    const chains = Array.from({ length: count }, () => chain);
    await map(chains, compute, options);
    return {
      run: () => map(chains, compute, options),
      close: () => shutdownWorkers(),
    };
  });
}

function group(name: string, kind: Kind, count: number, n: number, speedup: number): Group {
  return {
    name: `${name}: ${count} chains of ${kind} of ${n}² on ${cpuCount()} workers`,
    unit: 'job',
    contenders: [
      contender('elastic', kind, count, n, true),
      contender('elastic: false', kind, count, n, false),
    ],
    baseline: 'elastic: false',
    targets: [{ contender: 'elastic', against: 'elastic: false', speedup }],
    verify(result, contender) {
      // Of the square of 1 + n·I; or of its factor: what is left of n + 1 when all others are eliminated.
      const expected =
        kind === 'products' ? (n + 1) ** 2 + n - 1 : Math.sqrt(n + 1 - (n - 1) / (2 * n - 1));
      for (const value of result as number[]) {
        if (Math.abs(value / expected - 1) > 1e-10) throw new Error(`${contender}: ${value}`);
      }
    },
  };
}

const suite: Suite = {
  title: 'Cores that others leave',
  about: 'Chains of operations on worker processes, one for each core.',
  groups({ short }) {
    const cores = cpuCount();
    const sizes = short ? [300] : [1000, 2000];
    // Of what can be had at most, which is 1.33 on two cores, nine tenths.
    const most = 2 / (1 + 1 / cores);
    return [
      group('a tail', 'products', cores + 1, sizes[0]!, 0.9 * most),
      ...sizes.map((n) => group('a tail', 'decompositions', cores + 1, n, 0.9 * most)),
      group('even', 'products', 2 * cores, sizes[0]!, 0.98),
      group('even', 'decompositions', 2 * cores, sizes[0]!, 0.98),
    ];
  },
};

export default suite;
