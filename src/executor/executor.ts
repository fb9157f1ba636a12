/**
 * The native executor, for the numeric modules: how many cores an operation may ask
 * for, and how a queued one is waited for or given up.
 */
import {
  coreBudget,
  mostCores,
  type OperationApi,
  operationThreads,
  watchBudget,
} from '../config/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { native } from '../native.ts';

/** Options that every operation on the executor takes. */
export interface ExecutionOptions {
  /**
   * The most cores that this operation may use. Default: `backendThreads` of the `withConfig` scope
   * or of `initialize`, where somebody set it; else what the variable of the runtime says that does
   * the work (`OMP_NUM_THREADS`, `OPENBLAS_NUM_THREADS`, …); else the core budget. Never more than
   * the budget or than `OMP_THREAD_LIMIT`.
   */
  threads?: number | undefined;
}

/** Options of an operation that is queued. */
export interface QueuedOptions extends ExecutionOptions {
  /**
   * Gives the operation up. One that waits is taken out of the queue; one that runs is let finish,
   * and its result discarded: wait for it before you use its `out` again.
   */
  signal?: AbortSignal | undefined;
}

/** The first number of a native call: run it now, on the calling thread's behalf. */
export const BLOCKING = -1;

let nextId = 1;

/** Of short operations, only each so many asks for the time: it costs as much as a small one. */
const MAX_SKIPPED = 16;

/** Operations that take longer than this each ask every time (ms). */
const SHORT_MS = 5;

let budget = 0;
/** What an operation may ask for: in a worker process more than the budget, where others leave theirs. */
let most = 0;
let skip = 0;
let lookedAt = 0;

/**
 * Looks at the core budget of this moment, which the executor is told where it has changed. Not only at the
 * first use in each environment: affinity, quotas and knobs change while a process runs. It is read
 * again with an operation when the last reading is more than a second old.
 */
function readBudget(): void {
  if (skip > 0) {
    skip--;
    return;
  }
  const now = process.uptime() * 1000; // `performance` would be loaded for this alone
  skip = now - lookedAt < MAX_SKIPPED * SHORT_MS ? MAX_SKIPPED - 1 : 0;
  lookedAt = now;
  const cores = coreBudget();
  if (cores !== budget) budget = native.executor.budget(cores);
  most = mostCores(native.workers.allCores());
}

let watching = false;

/**
 * Operations that wait start by what the executor knows, though none is asked for meanwhile: it is
 * told of changes as long as there are any.
 */
function watchWhileBusy(): void {
  if (watching) return;
  watching = true;
  const isNeeded = (): boolean => {
    const { queued, running } = native.executor.stats();
    watching = queued + running > 0;
    return watching;
  };
  watchBudget(
    (cores) => {
      budget = native.executor.budget(cores);
    },
    { isNeeded },
  );
}

/**
 * The most cores that an operation may ask the executor for.
 *
 * @param threads - the call's own `threads` option
 * @param api - what it runs on: whose variables count
 * @throws TypeError or RangeError where `threads` makes no sense
 */
export function resolveThreads(threads: number | undefined, api: OperationApi): number {
  readBudget();
  if (threads !== undefined) {
    if (typeof threads !== 'number') throw typeError('threads', threads, 'a whole number');
    if (!Number.isInteger(threads) || threads < 1) {
      throw rangeError('threads', threads, 'a whole number of at least 1');
    }
  }
  return operationThreads(api, threads, most);
}

/**
 * Starts a queued operation and waits for it.
 *
 * @param start - calls the native function with this mode as its first number
 * @param finish - makes the result of the native outcome; what it throws rejects the Promise
 * @param signal - gives it up
 */
export function queued<R>(
  start: (mode: number) => Promise<number>,
  finish: (outcome: number) => R,
  signal?: AbortSignal,
): Promise<R> {
  watchWhileBusy();
  if (signal === undefined) return start(0).then(finish);
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const id = nextId++;
    const settled = whenAborted(signal, () => {
      native.executor.cancel(id);
      reject(signal.reason);
    });
    start(id).then(finish).then(resolve, reject).finally(settled);
  });
}

/** What each signal gives up. One listener a signal: Node warns of eleven. */
const givenUp = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `giveUp` when the signal aborts, until the function that is returned is called. */
function whenAborted(signal: AbortSignal, giveUp: () => void): () => void {
  let waiting = givenUp.get(signal);
  if (waiting === undefined) {
    const all = new Set<() => void>();
    waiting = all;
    givenUp.set(signal, all);
    signal.addEventListener('abort', () => {
      for (const each of all) each();
    });
  }
  const all = waiting;
  all.add(giveUp);
  return () => all.delete(giveUp);
}

/** What the executor of this process is doing now. */
export interface ExecutorStats {
  /** Cores that operations may use together. */
  readonly budget: number;
  /** Cores in use. */
  readonly busy: number;
  /** Most cores in use at once, since the record was last started anew. */
  readonly peak: number;
  /** Compute threads that exist. */
  readonly threads: number;
  /** Operations that wait. */
  readonly queued: number;
  /** Operations that run. */
  readonly running: number;
  /** Operations run wide (with several cores) so far. */
  readonly wide: number;
  /** Operations run narrow (on one core) so far. */
  readonly narrow: number;
}

/**
 * What the executor of this process is doing now.
 *
 * @param options - `resetPeak`: starts the record of the most cores in use at once anew
 */
export function executorStats(options: { resetPeak?: boolean } = {}): ExecutorStats {
  skip = 0;
  readBudget();
  return native.executor.stats(options.resetPeak ?? false);
}
