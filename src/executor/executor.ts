/**
 * The native executor, for the numeric modules: how many cores an operation may ask
 * for, and how a queued one is waited for or given up.
 */
import { coreBudget, explicitBackendThreads } from '../config/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { native } from '../native.ts';

/** Options that every operation on the executor takes. */
export interface ExecutionOptions {
  /**
   * The most cores that this operation may use. Default: `backendThreads` of the `withConfig` scope
   * or of `initialize`, where somebody set it, else the core budget. Never more than the budget.
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

let budget = 0;
let nextId = 1;

/**
 * The budget of the process, told to the executor at the first use in each environment: a worker
 * thread may be the first to compute.
 */
function knownBudget(): number {
  if (budget === 0) budget = native.executor.budget(coreBudget());
  return budget;
}

/**
 * The most cores that an operation may ask the executor for.
 *
 * @param threads - the call's own `threads` option
 * @throws TypeError or RangeError where that makes no sense
 */
export function resolveThreads(threads?: number): number {
  const cores = knownBudget();
  if (threads === undefined) return Math.min(explicitBackendThreads() ?? cores, cores);
  if (typeof threads !== 'number') throw typeError('threads', threads, 'a whole number');
  if (!Number.isInteger(threads) || threads < 1) {
    throw rangeError('threads', threads, 'a whole number of at least 1');
  }
  return Math.min(threads, cores);
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
  knownBudget();
  return native.executor.stats(options.resetPeak ?? false);
}
