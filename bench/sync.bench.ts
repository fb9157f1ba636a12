/**
 * What locks, semaphores, events and queues between processes cost, beside Python's
 * multiprocessing.
 */
import { heddle } from './dispatch/pools.ts';
import { type Contender, type Group, inProcess, python, type Suite } from './harness/index.ts';

type Sync = typeof import('../src/sync/index.ts');

/** The compiled library: what ships. */
const sync = (): Promise<Sync> =>
  import(new URL('../dist/sync/index.js', import.meta.url).href) as Promise<Sync>;

const WORKERS = 2;

/** `body` makes `step`, one operation. */
function multiprocessing(body: string): Contender {
  return python('multiprocessing', {
    modules: {},
    source: `
import multiprocessing as mp
def setup(params):
    n = params["n"]
${body.replace(/^/gm, '    ')}
    def run():
        for _ in range(n):
            step()
    return run
`,
    params: { n: TIMES },
  });
}

const TIMES = 1000;

/** One operation after another on this thread, with nobody else there. */
function alone(name: string, make: (api: Sync) => () => void): Contender {
  return inProcess(name, async () => {
    const step = make(await sync());
    return {
      run() {
        for (let i = 0; i < TIMES; i++) step();
      },
    };
  });
}

/** Two processes that want the same thing all the time. */
function contended(times: number, make: (api: Sync) => () => void): Contender {
  return inProcess('heddle', async () => {
    const { map, shutdownWorkers } = await heddle();
    const step = make(await sync());
    const work = () => {
      for (let i = 0; i < times; i++) step();
      return times;
    };
    const options = { jobs: WORKERS, backend: 'processes', batchSize: 1 } as const;
    const lanes = Array.from({ length: WORKERS }, (_, i) => i);
    await map(lanes, work, options);
    return { run: () => map(lanes, work, options), close: () => shutdownWorkers({ kill: true }) };
  });
}

function contendedPython(times: number, make: string, step: string): Contender {
  return python('multiprocessing', {
    modules: {},
    params: { workers: WORKERS, times },
    source: `
import multiprocessing as mp
def lane(shared, times, start, done):
    while True:
        start.acquire()
        for _ in range(times):
            ${step}
        done.release()
def setup(params):
    shared = ${make}
    start, done = mp.Semaphore(0), mp.Semaphore(0)
    n = params["workers"]
    for _ in range(n):
        mp.Process(target=lane, args=(shared, params["times"], start, done), daemon=True).start()
    def run():
        for _ in range(n):
            start.release()
        for _ in range(n):
            done.acquire()
    run()
    return run
`,
  });
}

const targets = [{ contender: 'heddle', against: 'multiprocessing', speedup: 1 }];

/** An operation of one thread; `python` as for {@link multiprocessing}. */
function quiet(
  [name, unit]: readonly [string, string],
  make: (api: Sync) => () => void,
  python: string,
  others: Contender[] = [],
): Group {
  return {
    name,
    unit,
    operations: TIMES,
    contenders: [alone('heddle', make), ...others, multiprocessing(python)],
    targets,
  };
}

/** An object that two processes want all the time; `python` makes its twin. */
function wanted(
  name: string,
  times: number,
  make: (api: Sync) => () => void,
  python: string,
): Group {
  return {
    name: `${name} that two processes want all the time`,
    unit: 'acquire and release',
    operations: WORKERS * times,
    iterations: 1,
    contenders: [
      contended(times, make),
      contendedPython(times, python, 'shared.acquire(); shared.release()'),
    ],
    targets,
  };
}

const lock = ({ Lock }: Sync) => {
  const own = new Lock();
  return () => own.acquireSync().release();
};

const semaphoreOf =
  (count: number) =>
  ({ Semaphore }: Sync) => {
    const semaphore = new Semaphore(count);
    return () => {
      semaphore.acquireSync();
      semaphore.release();
    };
  };

const suite: Suite = {
  title: 'Locks and queues between processes',
  groups({ short }) {
    const times = short ? 500 : 20_000;
    const words = new Int32Array(new SharedArrayBuffer(8));
    const atomics = alone('bare Atomics', () => () => {
      Atomics.compareExchange(words, 0, 0, 1);
      Atomics.store(words, 0, 0);
    });
    return [
      quiet(
        ['a lock that nobody else wants', 'acquire and release'],
        lock,
        `lock = mp.Lock()
def step():
    lock.acquire()
    lock.release()`,
        [atomics],
      ),
      quiet(
        ['a semaphore that nobody else wants', 'acquire and release'],
        semaphoreOf(2),
        `semaphore = mp.Semaphore(2)
def step():
    semaphore.acquire()
    semaphore.release()`,
      ),
      quiet(
        ['an event that nobody waits for', 'set and clear'],
        ({ Event }) => {
          const event = new Event();
          return () => {
            event.set();
            event.clear();
          };
        },
        `event = mp.Event()
def step():
    event.set()
    event.clear()`,
      ),
      quiet(
        ['a queue, put and got by one thread', 'put and get'],
        ({ Queue }) => {
          const queue = new Queue<object>();
          return () => {
            queue.putSync({ id: 1, text: 'some text' });
            queue.getSync();
          };
        },
        `queue = mp.Queue()
def step():
    queue.put({ "id": 1, "text": "some text" })
    queue.get()`,
      ),
      wanted('a lock', times, lock, 'mp.Lock()'),
      wanted('a semaphore of one', times, semaphoreOf(1), 'mp.Semaphore(1)'),
    ];
  },
};

export default suite;
