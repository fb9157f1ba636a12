/**
 * The pools that are compared, behind one face: run one task, run many, end.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { peer } from '../harness/index.ts';

export interface Pool {
  one(x: number): PromiseLike<unknown>;
  many(tasks: readonly number[]): PromiseLike<unknown>;
  end(): unknown;
}

export const WORKERS = 2;

const file = (name: string): string => fileURLToPath(new URL(`./${name}`, import.meta.url));

/** Heddle as it is published: compiled, with workers that need no loader. */
export type Heddle = typeof import('../../src/index.ts');
export const heddle = (): Promise<Heddle> =>
  import(new URL('../../dist/index.js', import.meta.url).href) as Promise<Heddle>;

export async function heddlePool(backend: 'threads' | 'processes'): Promise<Pool> {
  const { invoker, map, shutdownWorkers } = await heddle();
  const options = { backend, jobs: WORKERS };
  const echo = invoker(null, (_: null, x: number) => x, options);
  return {
    one: (x) => echo.map([x]).toArray(),
    many: (tasks) => map(tasks, (x) => x, options),
    end: async () => {
      await echo.shutdown();
      shutdownWorkers({ kill: true });
    },
  };
}

/** One message for each task, in turn to each worker, answers in order. */
function raw(
  send: readonly ((x: number) => void)[],
  listen: (worker: number, answer: () => void) => void,
  end: () => unknown,
): Pool {
  const waiting: ((value: unknown) => void)[][] = send.map(() => []);
  send.forEach((_, worker) => {
    listen(worker, () => waiting[worker]!.shift()!(undefined));
  });
  let turn = 0;
  const one = (x: number): Promise<unknown> =>
    new Promise((resolve) => {
      turn = (turn + 1) % send.length;
      waiting[turn]!.push(resolve);
      send[turn]!(x);
    });
  return { one, many: (tasks) => Promise.all(tasks.map(one)), end };
}

export function rawThreads(): Pool {
  const workers = Array.from({ length: WORKERS }, () => new Worker(file('raw-thread.cjs')));
  return raw(
    workers.map((worker) => (x) => worker.postMessage(x)),
    (worker, answer) => workers[worker]!.on('message', answer),
    () => Promise.all(workers.map((worker) => worker.terminate())),
  );
}

export function rawFork(): Pool {
  const children = Array.from({ length: WORKERS }, () => fork(file('raw-fork.cjs')));
  return raw(
    children.map((child) => (x) => child.send(x)),
    (worker, answer) => children[worker]!.on('message', answer),
    () => {
      for (const child of children) child.kill();
    },
  );
}

function each(one: (x: number) => PromiseLike<unknown>, end: () => unknown): Pool {
  return { one, many: (tasks) => Promise.all(tasks.map(one)), end };
}

export async function piscina(): Promise<Pool> {
  const { Piscina } = await peer<typeof import('piscina')>('piscina');
  const pool = new Piscina({
    filename: file('task.cjs'),
    minThreads: WORKERS,
    maxThreads: WORKERS,
    maxQueue: Number.POSITIVE_INFINITY,
  });
  return each(
    (x) => pool.run(x),
    () => pool.destroy(),
  );
}

export async function tinypool(runtime: 'worker_threads' | 'child_process'): Promise<Pool> {
  const { Tinypool } = await peer<typeof import('tinypool')>('tinypool');
  const pool = new Tinypool({
    filename: new URL('./task.mjs', import.meta.url).href,
    runtime,
    minThreads: WORKERS,
    maxThreads: WORKERS,
  });
  return each(
    (x) => pool.run(x),
    () => pool.destroy(),
  );
}

export async function workerpool(workerType: 'thread' | 'process'): Promise<Pool> {
  const module = await peer<{ default: typeof import('workerpool') }>('workerpool');
  const pool = module.default.pool(file('workerpool-worker.cjs'), {
    workerType,
    minWorkers: WORKERS,
    maxWorkers: WORKERS,
  });
  return each(
    (x) => pool.exec('echo', [x]) as unknown as PromiseLike<unknown>,
    () => pool.terminate(),
  );
}

export async function poolifier(kind: 'thread' | 'process'): Promise<Pool> {
  const { FixedClusterPool, FixedThreadPool } = await peer<typeof import('poolifier')>('poolifier');
  const pool =
    kind === 'thread'
      ? new FixedThreadPool<number, number>(WORKERS, file('poolifier-thread.mjs'))
      : new FixedClusterPool<number, number>(WORKERS, file('poolifier-process.cjs'));
  return each(
    (x) => pool.execute(x),
    () => pool.destroy(),
  );
}

export async function jestWorker(enableWorkerThreads: boolean): Promise<Pool> {
  const module = await peer<typeof import('jest-worker')>('jest-worker');
  const pool = new module.Worker(file('task.cjs'), {
    numWorkers: WORKERS,
    enableWorkerThreads,
    exposedMethods: ['echo'],
  }) as InstanceType<typeof module.Worker> & { echo(x: number): Promise<unknown> };
  return each(
    (x) => pool.echo(x),
    () => pool.end(),
  );
}

/** The pools by name, in the order of the tables. */
export const pools: readonly (readonly [string, () => Pool | Promise<Pool>])[] = [
  ['heddle threads', () => heddlePool('threads')],
  ['heddle processes', () => heddlePool('processes')],
  ['worker_threads, raw', rawThreads],
  ['fork, raw', rawFork],
  ['piscina', piscina],
  ['tinypool threads', () => tinypool('worker_threads')],
  ['tinypool processes', () => tinypool('child_process')],
  ['workerpool threads', () => workerpool('thread')],
  ['workerpool processes', () => workerpool('process')],
  ['poolifier threads', () => poolifier('thread')],
  ['poolifier processes', () => poolifier('process')],
  ['jest-worker threads', () => jestWorker(true)],
  ['jest-worker processes', () => jestWorker(false)],
];
