/**
 * What a call of a graph costs, beside Dask's local schedulers. All have their workers up, and their graphs
 * made: what is timed is the way from a graph to its result. One operation is one call.
 */
import { heddle } from './dispatch/pools.ts';
import { type Contender, type Group, inProcess, python, type Suite } from './harness/index.ts';

const WORKERS = 2;

/** The shapes of graphs: in each language, what makes one of about so many calls. */
const shapes = {
  // A sum of numbers, two by two.
  tree: `
def make(count):
    level = [inc(i) for i in range((count + 1) // 2)]
    while len(level) > 1:
        pairs = [add(a, b) for a, b in zip(level[::2], level[1::2])]
        level = pairs + level[len(level) // 2 * 2:]
    return level[0]
`,
  // Layers of which each call needs two of the layer before.
  layers: `
def make(count):
    width = 100
    layer = [inc(i) for i in range(width)]
    for _ in range(count // width - 1):
        layer = [add(layer[i], layer[(i + 1) % width]) for i in range(width)]
    return total(layer)
`,
  // Two hundred chains, whose calls only the next one needs.
  chains: `
def make(count):
    ends = []
    for i in range(200):
        one = inc(i)
        for _ in range(count // 200 - 1):
            one = inc(one)
        ends.append(one)
    return total(ends)
`,
} as const;

type Shape = keyof typeof shapes;

/** Sums stay exact: they are taken modulo this. */
const MODULUS = 1_000_003;

function dask(shape: Shape, count: number, scheduler: 'threads' | 'processes'): Contender {
  return python(`dask ${scheduler}`, {
    modules: { dask: 'python3-dask' },
    params: { count, scheduler, workers: WORKERS },
    source: `
import dask
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dask import delayed
inc = delayed(lambda x: (x + 1) % ${MODULUS}, pure=False)
add = delayed(lambda a, b: (a + b) % ${MODULUS}, pure=False)
total = delayed(lambda xs: sum(xs) % ${MODULUS}, pure=False)
${shapes[shape]}
def setup(params):
    graph = make(params["count"])
    Pool = {"threads": ThreadPoolExecutor, "processes": ProcessPoolExecutor}[params["scheduler"]]
    pool = Pool(params["workers"])
    def run():
        with dask.config.set(pool=pool):
            return graph.compute(scheduler=params["scheduler"], num_workers=params["workers"])
    run()
    return run
`,
  });
}

function ours(shape: Shape, count: number, backend: 'threads' | 'processes'): Contender {
  return inProcess(`heddle ${backend}`, async () => {
    const { compute, delayed, shutdownWorkers } = await heddle();
    const inc = delayed((x: number) => (x + 1) % 1_000_003);
    const add = delayed((a: number, b: number) => (a + b) % 1_000_003);
    const total = delayed((xs: readonly number[]) => xs.reduce((a, b) => a + b, 0) % 1_000_003);
    type Node = ReturnType<typeof inc>;
    const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
    const make: Record<Shape, () => Node> = {
      tree() {
        let level: Node[] = range(Math.ceil(count / 2)).map((i) => inc(i));
        while (level.length > 1) {
          const next = range(level.length >> 1).map((i) => add(level[2 * i]!, level[2 * i + 1]!));
          level = level.length % 2 === 1 ? [...next, level.at(-1)!] : next;
        }
        return level[0]!;
      },
      layers() {
        let layer: Node[] = range(100).map((i) => inc(i));
        for (let k = 1; k < Math.floor(count / 100); k++) {
          layer = layer.map((one, i) => add(one, layer[(i + 1) % 100]!));
        }
        return total(layer);
      },
      chains() {
        const ends = range(200).map((i) => {
          let one = inc(i);
          for (let k = 1; k < Math.floor(count / 200); k++) one = inc(one);
          return one;
        });
        return total(ends);
      },
    };
    const graph = make[shape]();
    const options = { backend, jobs: WORKERS } as const;
    await compute(graph, options);
    return {
      run: () => compute(graph, options),
      close: () => shutdownWorkers({ kill: true }),
    };
  });
}

function group(shape: Shape, count: number): Group {
  let expected: unknown;
  return {
    name: `${count} calls, ${shape}`,
    unit: 'call',
    operations: count,
    contenders: [
      ours(shape, count, 'processes'),
      ours(shape, count, 'threads'),
      dask(shape, count, 'threads'),
      dask(shape, count, 'processes'),
    ],
    baseline: 'dask threads',
    targets: [
      { contender: 'heddle threads', against: 'dask threads', speedup: 3 },
      { contender: 'heddle processes', against: 'dask threads', speedup: 3 },
      { contender: 'heddle processes', against: 'dask processes', speedup: 10 },
      { contender: 'heddle processes', seconds: 20e-6 },
    ],
    verify(result, contender) {
      expected ??= result;
      if (result !== expected)
        throw new Error(`${contender}: ${String(result)}, not ${String(expected)}`);
    },
  };
}

const suite: Suite = {
  title: 'Graphs',
  about: 'Calls of small functions that need the results of others, on two workers.',
  groups: ({ short }) =>
    (Object.keys(shapes) as Shape[]).map((shape) => group(shape, short ? 1000 : 10_000)),
  plots: [{ file: 'graphs.svg', title: 'A call of a graph', kind: 'bars', figure: 'seconds' }],
};

export default suite;
