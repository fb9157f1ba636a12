/**
 * What a call on engines by name costs, beside ipyparallel, and what it takes to give them an array; what a
 * call of an actor costs beside one of a manager's proxy (multiprocessing), one of a manager's, and one of a remote function. All
 * engines are up, and have run a call before.
 */
import type { DictProxy } from 'heddle/cluster';
import { type Contender, type Group, inProcess, python, type Suite } from './harness/index.ts';

const ENGINES = 2;

/** Calls one after the other, so that what is measured is warm in every language. */
const CALLS = 100;

async function often<T>(call: () => Promise<T>): Promise<T> {
  for (let i = 1; i < CALLS; i++) await call();
  return await call();
}

const modules = { ipyparallel: 'python3-ipyparallel', numpy: 'python3-numpy' };

/** Two engines of ipyparallel's in a folder of their own, and a view of them. */
const ipyparallelEngines = `
import asyncio, atexit, logging, os, shutil, tempfile
folder = tempfile.mkdtemp()
os.environ["IPYTHONDIR"] = folder
import ipyparallel as ipp
import numpy as np
cluster = ipp.Cluster(n=${ENGINES}, log_level=logging.ERROR, profile_dir=os.path.join(folder, "bench"))
client = cluster.start_and_connect_sync()
def stop():
    cluster.stop_cluster_sync()
    shutil.rmtree(folder, ignore_errors=True)
atexit.register(stop)
view = client[:]
view.block = True
`;

async function engines() {
  const { Cluster } = await import('heddle/cluster');
  const cluster = await Cluster.start({ n: ENGINES });
  const client = await cluster.client();
  return { cluster, client, view: client.directView() };
}

function check(result: unknown, contender: string, expected: string): void {
  const shown = JSON.stringify(result);
  if (shown !== expected) throw new Error(`${contender}: ${shown}, not ${expected}`);
}

const applyGroup: Group = {
  name: `apply on ${ENGINES} engines`,
  unit: 'call',
  operations: CALLS,
  contenders: [
    inProcess('heddle engines', async () => {
      const { cluster, view } = await engines();
      const run = (): Promise<number[]> =>
        often(async () => await view.apply((x: number) => x + 1, 1));
      await run();
      return { run, close: () => cluster.stop() };
    }),
    inProcess('heddle map', async () => {
      const { map, shutdownWorkers } = await import('heddle');
      const options = { backend: 'processes', jobs: ENGINES, batchSize: 1 } as const;
      const run = (): Promise<number[]> => often(() => map([1, 1], (x) => x + 1, options));
      await run();
      return { run, close: () => shutdownWorkers({ kill: true }) };
    }),
    python('ipyparallel', {
      modules,
      source: `${ipyparallelEngines}
def setup(params):
    f = ipp.interactive(lambda x: x + 1)
    def run():
        for i in range(${CALLS}):
            result = view.apply(f, 1)
        return result
    run()
    return run
`,
    }),
  ],
  baseline: 'ipyparallel',
  targets: [
    { contender: 'heddle engines', against: 'ipyparallel', speedup: 10 },
    { contender: 'heddle engines', against: 'heddle map', speedup: 0.5 },
  ],
  verify: (result, contender) => check(result, contender, '[2,2]'),
};

/** Calls of an actor, beside those of a manager's proxy; a proxy's caller waits for each. */
const MANY = 2000;

const actorGroup: Group = {
  name: 'a call of an actor',
  unit: 'call',
  operations: MANY,
  contenders: [
    inProcess('heddle actor, calls of one turn', async () => {
      const { cluster, counter } = await actor();
      const run = async (): Promise<number> => {
        const before = await counter.add(0);
        const results = await Promise.all(Array.from({ length: MANY }, () => counter.add(1)));
        return results.at(-1)! - before;
      };
      await run();
      return { run, close: () => cluster.stop() };
    }),
    inProcess('heddle actor, one by one', async () => {
      const { cluster, counter } = await actor();
      const run = async (): Promise<number> => {
        const before = await counter.add(0);
        for (let i = 1; i < MANY; i++) await counter.add(1);
        return (await counter.add(1)) - before;
      };
      await run();
      return { run, close: () => cluster.stop() };
    }),
    python('multiprocessing.Manager', {
      modules: {},
      source: `
from multiprocessing.managers import BaseManager
class Counter:
    def __init__(self):
        self.count = 0
    def add(self, n):
        self.count += n
        return self.count
class Manager(BaseManager):
    pass
Manager.register("Counter", Counter)
def setup(params):
    manager = Manager()
    manager.start()
    counter = manager.Counter()
    def run():
        before = counter.add(0)
        for i in range(${MANY}):
            after = counter.add(1)
        return after - before
    run()
    return run
`,
    }),
  ],
  baseline: 'multiprocessing.Manager',
  targets: [
    {
      contender: 'heddle actor, calls of one turn',
      against: 'multiprocessing.Manager',
      speedup: 10,
    },
  ],
  verify: (result, contender) => check(result, contender, String(MANY)),
};

async function actor() {
  const { cluster, client } = await engines();
  class Counter {
    count = 0;
    add(n: number): number {
      this.count += n;
      return this.count;
    }
  }
  return { cluster, counter: await client.actor(Counter, []) };
}

/** Entries of a manager's dictionary, beside those of multiprocessing's; each side sets the same. */
const managerGroup: Group = {
  name: "an entry of a manager's dictionary",
  unit: 'entry',
  operations: MANY,
  contenders: [
    managed('heddle, calls of one turn', async (d) => {
      await Promise.all(Array.from({ length: MANY }, (_, i) => d.set(i, i)));
    }),
    managed('heddle, one by one', async (d) => {
      for (let i = 0; i < MANY; i++) await d.set(i, i);
    }),
    managed('heddle, one update', (d) => d.update(Array.from({ length: MANY }, (_, i) => [i, i]))),
    managedByPython('multiprocessing, one by one', `for i in range(${MANY}): d[i] = i`),
    managedByPython('multiprocessing, one update', `d.update([(i, i) for i in range(${MANY})])`),
  ],
  baseline: 'multiprocessing, one by one',
  targets: [
    {
      contender: 'heddle, calls of one turn',
      against: 'multiprocessing, one by one',
      speedup: 10,
    },
  ],
  verify: (result, contender) => check(result, contender, String(MANY)),
};

function managed(name: string, fill: (d: DictProxy<number, number>) => Promise<void>): Contender {
  return inProcess(name, async () => {
    const { Manager } = await import('heddle/cluster');
    const manager = await Manager.start();
    const d = await manager.dict<number, number>();
    const run = async (): Promise<number> => {
      await d.clear();
      await fill(d);
      return await d.size();
    };
    await run();
    return { run, close: () => manager.close() };
  });
}

function managedByPython(name: string, fill: string): Contender {
  return python(name, {
    modules: {},
    source: `
from multiprocessing import Manager
def setup(params):
    manager = Manager()
    d = manager.dict()
    def run():
        d.clear()
        ${fill}
        return len(d)
    run()
    run.manager = manager
    return run
`,
  });
}

/** Calls of a remote function, one after the other and many at once. */
const remoteGroup: Group = {
  name: `a remote function on ${ENGINES} engines`,
  unit: 'call',
  operations: MANY,
  contenders: [
    inProcess('heddle remote, calls of one turn', async () => {
      const { cluster, client } = await engines();
      const plus = client.remote((x: number) => x + 1);
      const run = async (): Promise<number> => {
        const results = await client.get(Array.from({ length: MANY }, (_, i) => plus(i)));
        return results.at(-1)!;
      };
      await run();
      return { run, close: () => cluster.stop() };
    }),
    inProcess('heddle remote, one by one', async () => {
      const { cluster, client } = await engines();
      const plus = client.remote((x: number) => x + 1);
      const run = async (): Promise<number> => {
        let last = 0;
        for (let i = 0; i < MANY; i++) last = await plus(i).get();
        return last;
      };
      await run();
      return { run, close: () => cluster.stop() };
    }),
    inProcess('heddle executor', async () => {
      const { executor, shutdownWorkers } = await import('heddle');
      const pool = executor({ backend: 'processes', jobs: ENGINES });
      const plus = (x: number): number => x + 1;
      const run = async (): Promise<number> => {
        const results = await Promise.all(
          Array.from({ length: MANY }, (_, i) => pool.submit(plus, i)),
        );
        return results.at(-1)!;
      };
      await run();
      return { run, close: () => shutdownWorkers({ kill: true }) };
    }),
  ],
  baseline: 'heddle executor',
  targets: [
    { contender: 'heddle remote, calls of one turn', against: 'heddle executor', speedup: 1 },
  ],
  verify: (result, contender) => check(result, contender, String(MANY)),
};

function pushGroup(megabytes: number): Group {
  const length = (megabytes * 1_000_000) / 8;
  const ours: Contender[] = [
    inProcess('heddle push', async () => {
      const { cluster, view } = await engines();
      const data = new Float64Array(length).fill(1);
      const read = () => (globalThis as unknown as { data: Float64Array }).data.length;
      const run = async (): Promise<number[]> => {
        await view.push({ data });
        return await view.apply(read);
      };
      await run();
      return { run, close: () => cluster.stop() };
    }),
    inProcess('heddle share() and map', async () => {
      const { map, share, shutdownWorkers } = await import('heddle');
      const data = new Float64Array(length).fill(1);
      const options = { backend: 'processes', jobs: ENGINES, batchSize: 1 } as const;
      const run = async (): Promise<number[]> => {
        const shared = share(data);
        return await map([0, 1], () => shared.length, options);
      };
      await run();
      return { run, close: () => shutdownWorkers({ kill: true }) };
    }),
  ];
  return {
    name: `an array of ${megabytes} MB for ${ENGINES} engines`,
    unit: 'array',
    contenders: [
      ...ours,
      python('ipyparallel push', {
        modules,
        params: { length },
        source: `${ipyparallelEngines}
read = ipp.interactive(lambda: len(data))
def setup(params):
    data = np.ones(params["length"])
    def run():
        view.push({"data": data})
        return view.apply(read)
    run()
    return run
`,
      }),
    ],
    baseline: 'ipyparallel push',
    targets: [{ contender: 'heddle push', against: 'heddle share() and map', speedup: 1 / 1.2 }],
    verify: (result, contender) => check(result, contender, JSON.stringify([length, length])),
  };
}

const suite: Suite = {
  title: 'Engines',
  about: `Calls on ${ENGINES} engines by name.`,
  groups: ({ short }) => [
    applyGroup,
    actorGroup,
    managerGroup,
    remoteGroup,
    pushGroup(short ? 8 : 100),
  ],
  plots: [{ file: 'engines.svg', title: 'A call on engines', kind: 'bars', figure: 'seconds' }],
};

export default suite;
