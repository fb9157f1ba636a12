/**
 * The pools of this environment: which jobs share workers, and what becomes of the workers.
 */

import { backendNamed } from '../backends/index.ts';
import { preview } from '../errors.ts';
import type { FunctionPayload } from '../functions/index.ts';
import { flag, type OptionsOf, readOptions } from '../options.ts';
import type { FunctionMessage } from '../protocol/index.ts';
import { systemClock } from './clock.ts';
import { functionMessage, type Job } from './job.ts';
import type { ResolvedOptions } from './options.ts';
import { type WorkerFunctions, WorkerPool } from './pool.ts';
import { type PoolStats, PoolTally } from './pool-stats.ts';
import type { TaskSource } from './source.ts';
import { settingsKey } from './worker-settings.ts';

/** Pools by what their workers have in common. */
const pools = new Map<string, WorkerPool>();

const identities = new WeakMap<object, number>();
let lastIdentity = 0;

function identity(object: object): number {
  let id = identities.get(object);
  if (id === undefined) {
    id = ++lastIdentity;
    identities.set(object, id);
  }
  return id;
}

/** Workers that have been idle this long end when workers of other settings start (ms). */
const GIVE_WAY_MS = 2000;

/** What workers of one pool have in common. */
interface PoolKey {
  readonly key: string;
  readonly functions: WorkerFunctions;
}

/** The keys of options that have been used; invokers use theirs again and again. */
const poolKeys = new WeakMap<ResolvedOptions, PoolKey>();

/**
 * Initializers are the same where text and captures are: a new closure of the same kind keeps the
 * workers, a captured variable that has changed replaces them. So arrays count by what is in them.
 */
function makePoolKey(options: ResolvedOptions): PoolKey {
  const { backend, childThreads, childThreadsAsked, concurrency, elastic, pool, settings } =
    options;
  const functions = functionsOf(options);
  const { initializer, teardown } = functions;
  const id = `${functionId(initializer)}|${functionId(teardown)}`;
  const inner = `${childThreads}${childThreadsAsked ? '!' : elastic ? '+' : ''}`;
  const name = pool === null ? '' : JSON.stringify(pool);
  const key = `${identity(backend)}|${inner}|${concurrency}|${id}|${settingsKey(settings)}|${name}`;
  return { key, functions };
}

function functionId(message: FunctionMessage | null): string | number {
  return message?.kind === 'payload' ? (message.payload as FunctionPayload).id : '';
}

function functionsOf({ backend, initializer, teardown }: ResolvedOptions): WorkerFunctions {
  const message = (fn: (() => unknown) | null, path: string): FunctionMessage | null =>
    fn && functionMessage(fn, backend.reach, Number.POSITIVE_INFINITY, path);
  return {
    initializer: message(initializer, 'initializer'),
    teardown: message(teardown, 'teardown'),
  };
}

function poolKeyOf(options: ResolvedOptions): PoolKey {
  let known = poolKeys.get(options);
  if (!known) {
    known = makePoolKey(options);
    poolKeys.set(options, known);
  }
  return known;
}

/** The working directory; empty where it has been removed. */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch {
    return '';
  }
}

/**
 * Worker processes have the user, the rights and the folder of the process that started them: where these
 * have changed it gets others.
 */
function currentKey({ key }: PoolKey, { backend, settings }: ResolvedOptions): string {
  if (backend.reach !== 'process') return key;
  const folder = settings?.cwd ?? currentFolder();
  return `${key}|${process.geteuid?.() ?? ''}|${process.getegid?.() ?? ''}|${folder}`;
}

function forget(pool: WorkerPool): void {
  for (const [key, one] of pools) if (one === pool) pools.delete(key);
  pool.dispose();
}

/** A pool was shut down. With the last one of a backend, that is closed too. */
function ended(pool: WorkerPool): void {
  forget(pool);
  const { backend } = pool;
  for (const other of pools.values()) if (other.backend === backend) return;
  backend.close?.().catch((error: unknown) => {
    process.emitWarning(`The backend '${backend.name}' was not closed: ${preview(error)}`, {
      type: 'HeddleWarning',
      code: 'HEDDLE_BACKEND_CLOSE',
    });
  });
}

/** The calling environment as a worker of each such backend: its pools last as long as their jobs. */
interface LocalPools {
  readonly backend: string;
  readonly name: string | null;
  readonly concurrency: number;
  readonly tally: PoolTally;
  readonly pools: Set<WorkerPool>;
}

const localPools = new Map<string, LocalPools>();

function localKey({ backend, concurrency, pool }: ResolvedOptions): string {
  return `${identity(backend)}|${concurrency}|${JSON.stringify(pool)}`;
}

function localPool(options: ResolvedOptions): WorkerPool {
  const key = localKey(options);
  let shared = localPools.get(key);
  if (!shared) {
    const { backend, pool: name, concurrency } = options;
    const tally = new PoolTally();
    shared = { backend: backend.name, name, concurrency, tally, pools: new Set() };
    localPools.set(key, shared);
  }
  const { tally, pools: all } = shared;
  const gone = (pool: WorkerPool): void => void all.delete(pool);
  const pool = new WorkerPool(options, functionsOf(options), gone, systemClock, tally);
  all.add(pool);
  return pool;
}

/** The pool for a job: the same for equal settings, so that workers are warm. */
export function poolFor(options: ResolvedOptions): WorkerPool {
  // In the same environment workers cost nothing, and a task may start a job of its own.
  if (options.backend.reach === 'local') return localPool(options);
  const known = poolKeyOf(options);
  const key = currentKey(known, options);
  let pool = pools.get(key);
  if (!pool) {
    for (const other of pools.values()) if (other.isEmpty) forget(other);
    pool = new WorkerPool(options, known.functions, ended);
    pools.set(key, pool);
    if (pool.parting) closeAtEnd();
  }
  if (pools.size > 1) retireOtherPools(pool);
  return pool;
}

/**
 * Lets a worker start for a job that is about to be made of these options and tasks.
 *
 * @returns the pool that it is in, unless there is none yet
 */
export function prepareWorker(
  options: ResolvedOptions,
  { remaining }: Pick<TaskSource, 'remaining'>,
): WorkerPool | null {
  if (options.backend.reach === 'local' || remaining === 0 || options.signal?.aborted) return null;
  const pool = poolFor(options);
  pool.prepare(options);
  return pool;
}

/** Forgets a job that won't be used again, here and in the workers that have it. */
export function closeJob(job: Job): void {
  const known = poolKeys.get(job.options);
  const pool = known && pools.get(currentKey(known, job.options));
  if (pool) pool.closeJob(job);
  else job.release();
}

/**
 * Workers of the same backend with other settings give way: they would only take up memory. Who gives
 * a pool a name wants its workers to be there.
 */
function retireOtherPools(pool: WorkerPool): void {
  for (const other of pools.values()) {
    if (other === pool || other.backend !== pool.backend || other.name !== null) continue;
    if (other.idleFor(GIVE_WAY_MS)) other.giveWay();
  }
}

const shutdownOptions = {
  /** At once, so that jobs that are running fail. */
  kill: flag,
};

/**
 * Ends the workers of all pools of this environment. New calls start new workers.
 *
 * @param options - `kill`: at once, so that jobs that are running fail
 */
export function shutdownWorkers(options?: OptionsOf<typeof shutdownOptions>): void {
  const { kill = false } = readOptions('options', shutdownOptions, options);
  for (const pool of [...pools.values()]) {
    if (kill) pool.kill();
    else pool.close();
  }
  // Its teardowns: the calling process is no worker that could be killed.
  void backendNamed('sequential').close?.();
}

/** Futures that wait for workers: whoever queues them puts itself here as long as it has some. */
export const waitingFutures = new Set<{ waiting(): Iterable<ResolvedOptions> }>();

/**
 * Figures of the pools that this environment has now: of those with workers, and of the calling process
 * where it has run tasks itself. Counts and times are since the pool's start; a pool without workers that
 * is not used again is forgotten.
 *
 * @returns one for each kind of worker that calls have asked for, oldest first
 * @example
 * ```ts
 * for (const { name, queue, utilization, runTime } of poolStats()) {
 *   console.log(name, queue, utilization.toFixed(2), runTime?.p99);
 * }
 * ```
 */
export function poolStats(): PoolStats[] {
  const waiting = new Map<PoolTally, number>();
  for (const queue of waitingFutures) {
    for (const options of queue.waiting()) {
      const tally =
        options.backend.reach === 'local'
          ? localPools.get(localKey(options))?.tally
          : pools.get(currentKey(poolKeyOf(options), options))?.tally;
      if (tally) waiting.set(tally, (waiting.get(tally) ?? 0) + 1);
    }
  }
  const now = systemClock.now();
  const stats: PoolStats[] = [];
  for (const pool of pools.values()) {
    const { tally, workers, runs, name, concurrency } = pool;
    const backend = pool.backend.name;
    const tallied = { backend, name, concurrency, workers, runs };
    stats.push(tally.snapshot(tallied, waiting.get(tally) ?? 0, now));
  }
  for (const { tally, pools: all, ...kind } of localPools.values()) {
    const workers = [...all].flatMap((pool) => [...pool.workers]);
    const runs = [...all].flatMap((pool) => [...pool.runs]);
    stats.push(tally.snapshot({ ...kind, workers, runs }, waiting.get(tally) ?? 0, now));
  }
  return stats;
}

/** The pools that there are now: those with workers, and those of the calling process. */
export function currentPools(): { readonly shared: WorkerPool[]; readonly local: WorkerPool[] } {
  const local = [...localPools.values()].flatMap(({ pools: all }) => [...all]);
  return { shared: [...pools.values()], local };
}

let closesAtEnd = false;

/** Idle workers keep no process alive, and what they have to do at their end would be lost with it. */
function closeAtEnd(): void {
  if (closesAtEnd) return;
  closesAtEnd = true;
  process.on('beforeExit', () => {
    for (const pool of [...pools.values()]) if (pool.parting) pool.close();
  });
}
