/**
 * The contenders: two workers behind one face each, which get a model, use it, and pass arrays.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type Heddle, heddle } from '../dispatch/pools.ts';
import { peer } from '../harness/index.ts';

export const WORKERS = 2;

/** One call: which operation, with which value or number. */
interface Message {
  readonly operation: 'touch' | 'small' | 'make';
  readonly value?: Float64Array;
  readonly n?: number;
}

export interface ModelPool {
  /** Puts a model into shared memory beforehand. */
  share?(model: Float64Array): Float64Array | Promise<Float64Array>;
  /** Gives the model to both workers, which read it, and runs `tasks` small tasks. */
  model(model: Float64Array, tasks: number): Promise<unknown>;
  /** Sends each of the arrays with a task. */
  arguments(arrays: readonly Float64Array[]): Promise<unknown>;
  /** Gets an array of `length` numbers from each of `tasks` tasks. */
  results(length: number, tasks: number): Promise<unknown>;
  end(): unknown;
}

const file = (name: string): string => fileURLToPath(new URL(`./${name}`, import.meta.url));

export async function heddlePool(backend: 'threads' | 'processes'): Promise<ModelPool> {
  const api: Heddle = await heddle();
  const options = { backend, jobs: WORKERS } as const;
  const work = (await import(new URL('./work.mjs', import.meta.url).href)) as Work;
  const { readOnce, touch } = work;
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
  return {
    share: (model) => api.share(model),
    async model(model, tasks) {
      const use = (m: Float64Array, n: number) => readOnce(m) + m[n]!;
      const invoker = api.invoker(model, use, options);
      const results = await invoker.map(numbers(tasks)).toArray();
      await invoker.shutdown();
      return results.length;
    },
    arguments: async (arrays) => (await api.map(arrays, touch, options)).length,
    async results(length, tasks) {
      const make = (n: number) => new Float64Array(n).fill(1);
      let count = 0;
      for await (const array of api.imap(
        numbers(tasks).map(() => length),
        make,
        options,
      )) {
        count += array.length / length;
      }
      return count;
    },
    end: () => api.shutdownWorkers({ kill: true }),
  };
}

interface Work {
  readOnce(array: Float64Array): number;
  touch(array: Float64Array): number;
}

/** Sends each message to a worker, two at a time. */
function fromSend(
  send: (worker: number, message: Message) => Promise<unknown>,
  end: () => unknown,
  share: (array: Float64Array) => Float64Array = (array) => array,
): ModelPool {
  const spread = async (tasks: number, message: (n: number) => Message): Promise<number> => {
    let next = 0;
    const lane = async (worker: number) => {
      while (next < tasks) await send(worker, message(next++));
    };
    await Promise.all(Array.from({ length: WORKERS }, (_, worker) => lane(worker)));
    return tasks;
  };
  return {
    share,
    async model(model, tasks) {
      const value = share(model);
      await Promise.all(
        Array.from({ length: WORKERS }, (_, i) => send(i, { operation: 'touch', value })),
      );
      return spread(tasks, (n) => ({ operation: 'small', n }));
    },
    arguments: (arrays) =>
      spread(arrays.length, (n) => ({ operation: 'touch', value: share(arrays[n]!) })),
    results: (length, tasks) => spread(tasks, () => ({ operation: 'make', n: length })),
    end,
  };
}

/** Workers that answer in order: raw threads and raw child processes. */
function inOrder(
  workers: readonly {
    post(message: Message): void;
    listen(answer: (value: unknown) => void): void;
  }[],
  end: () => unknown,
  share?: (array: Float64Array) => Float64Array,
): ModelPool {
  const waiting = workers.map((): ((value: unknown) => void)[] => []);
  workers.forEach((worker, i) => {
    worker.listen((value) => waiting[i]!.shift()!(value));
  });
  const send = (i: number, message: Message) =>
    new Promise<unknown>((resolve) => {
      waiting[i]!.push(resolve);
      workers[i]!.post(message);
    });
  return fromSend(send, end, share);
}

/** What one does by hand for threads: copy into a SharedArrayBuffer and send that. */
function intoShared(array: Float64Array): Float64Array {
  if (array.buffer instanceof SharedArrayBuffer) return array;
  const shared = new Float64Array(new SharedArrayBuffer(array.byteLength));
  shared.set(array);
  return shared;
}

export function rawThreads(shared: boolean): ModelPool {
  const threads = Array.from({ length: WORKERS }, () => new Worker(file('thread.mjs')));
  return inOrder(
    threads.map((thread) => ({
      post: (message) => thread.postMessage(message),
      listen: (answer) => void thread.on('message', answer),
    })),
    () => Promise.all(threads.map((thread) => thread.terminate())),
    shared ? intoShared : undefined,
  );
}

export function rawFork(): ModelPool {
  const children = Array.from({ length: WORKERS }, () =>
    fork(file('child.mjs'), { serialization: 'advanced' }),
  );
  return inOrder(
    children.map((child) => ({
      post: (message) => void child.send(message),
      listen: (answer) => void child.on('message', answer),
    })),
    () => {
      for (const child of children) child.kill();
    },
  );
}

export async function piscina(): Promise<ModelPool> {
  const { Piscina } = await peer<typeof import('piscina')>('piscina');
  const pool = new Piscina({
    filename: file('work.mjs'),
    minThreads: WORKERS,
    maxThreads: WORKERS,
  });
  return fromSend(
    (_, message) => pool.run(message),
    () => pool.destroy(),
  );
}

export async function tinypool(): Promise<ModelPool> {
  const { Tinypool } = await peer<typeof import('tinypool')>('tinypool');
  const pool = new Tinypool({
    filename: new URL('./work.mjs', import.meta.url).href,
    runtime: 'child_process',
    serialization: 'advanced',
    minThreads: WORKERS,
    maxThreads: WORKERS,
  } as never);
  return fromSend(
    (_, message) => pool.run(message),
    () => pool.destroy(),
  );
}
