/**
 * What locks, semaphores, events and queues between processes cost, beside Python's
 * multiprocessing.
 */
import { heddle } from './dispatch/pools.ts';
import { type Contender, inProcess, python, type Suite } from './harness/index.ts';

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

const suite: Suite = {
  title: 'Locks and queues between processes',
  groups({ short }) {
    const times = short ? 500 : 20_000;
    const words = new Int32Array(new SharedArrayBuffer(8));
    return [
      {
        name: 'a lock that nobody else wants',
        unit: 'acquire and release',
        operations: TIMES,
        contenders: [
          alone('heddle', ({ Lock }) => {
            const lock = new Lock();
            return () => lock.acquireSync().release();
          }),
          alone('bare Atomics', () => () => {
            Atomics.compareExchange(words, 0, 0, 1);
            Atomics.store(words, 0, 0);
          }),
          multiprocessing(`lock = mp.Lock()
def step():
    lock.acquire()
    lock.release()`),
        ],
        targets: [{ contender: 'heddle', against: 'multiprocessing', speedup: 1 }],
      },
      {
        name: 'a semaphore that nobody else wants',
        unit: 'acquire and release',
        operations: TIMES,
        contenders: [
          alone('heddle', ({ Semaphore }) => {
            const semaphore = new Semaphore(2);
            return () => {
              semaphore.acquireSync();
              semaphore.release();
            };
          }),
          multiprocessing(`semaphore = mp.Semaphore(2)
def step():
    semaphore.acquire()
    semaphore.release()`),
        ],
        targets: [{ contender: 'heddle', against: 'multiprocessing', speedup: 1 }],
      },
      {
        name: 'an event that nobody waits for',
        unit: 'set and clear',
        operations: TIMES,
        contenders: [
          alone('heddle', ({ Event }) => {
            const event = new Event();
            return () => {
              event.set();
              event.clear();
            };
          }),
          multiprocessing(`event = mp.Event()
def step():
    event.set()
    event.clear()`),
        ],
        targets: [{ contender: 'heddle', against: 'multiprocessing', speedup: 1 }],
      },
      {
        name: 'a queue, put and got by one thread',
        unit: 'put and get',
        operations: TIMES,
        contenders: [
          alone('heddle', ({ Queue }) => {
            const queue = new Queue<object>();
            return () => {
              queue.putSync({ id: 1, text: 'some text' });
              queue.getSync();
            };
          }),
          multiprocessing(`queue = mp.Queue()
def step():
    queue.put({ "id": 1, "text": "some text" })
    queue.get()`),
        ],
        targets: [{ contender: 'heddle', against: 'multiprocessing', speedup: 1 }],
      },
      {
        name: 'a lock that two processes want all the time',
        unit: 'acquire and release',
        operations: WORKERS * times,
        iterations: 1,
        contenders: [
          contended(times, ({ Lock }) => {
            const lock = new Lock();
            return () => lock.acquireSync().release();
          }),
          contendedPython(times, 'mp.Lock()', 'shared.acquire(); shared.release()'),
        ],
        targets: [{ contender: 'heddle', against: 'multiprocessing', speedup: 1 }],
      },
      {
        name: 'a semaphore of one that two processes want all the time',
        unit: 'acquire and release',
        operations: WORKERS * times,
        iterations: 1,
        contenders: [
          contended(times, ({ Semaphore }) => {
            const semaphore = new Semaphore(1);
            return () => {
              semaphore.acquireSync();
              semaphore.release();
            };
          }),
          contendedPython(times, 'mp.Semaphore(1)', 'shared.acquire(); shared.release()'),
        ],
        targets: [{ contender: 'heddle', against: 'multiprocessing', speedup: 1 }],
      },
    ];
  },
};

export default suite;
