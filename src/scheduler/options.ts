/**
 * The options of a job: which there are, and what each may be.
 */
import { configKeys, MAX_WORKERS } from '../config/index.ts';
import { rangeError, typeError } from '../errors.ts';
import {
  abortSignal,
  anything,
  flag,
  MAX_TIMER_MS,
  type Option,
  type OptionsOf,
  positiveNumber,
  readOptions,
  text,
  wholeNumber,
} from '../options.ts';
import type { Backend, WorkerSettings } from '../protocol/index.ts';
import { workerSettings } from './worker-settings.ts';

const jobs: Option<number> = (name, value) => {
  const right =
    'a whole number other than 0 (-1: one worker per core, -2: one fewer) ' +
    `and at most ${MAX_WORKERS}`;
  return nonZero(name, value, right);
};

function nonZero(name: string, value: unknown, right: string): number {
  if (typeof value !== 'number') throw typeError(name, value, right);
  if (!Number.isSafeInteger(value) || value === 0 || Math.abs(value) > MAX_WORKERS) {
    throw rangeError(name, value, right);
  }
  return value;
}

const batchCount = wholeNumber({ least: 1 });

const threads = wholeNumber({ least: 1, most: MAX_WORKERS });

/** The settings of a progress bar. */
export const progressSettings = {
  label: text('a text'),
  /** Tasks in all, where the input's length is not known. */
  total: anything<number>(),
  unit: text('a text'),
};

/** How a progress bar looks. */
export type ProgressSettings = OptionsOf<typeof progressSettings>;

/** Checks the settings of a progress bar. */
export function readProgress(name: string, value: unknown): boolean | ProgressSettings {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'object' || value === null) {
    throw typeError(name, value, 'true, false, or { label, total, unit }');
  }
  return readOptions(name, progressSettings, value);
}

const callback: Option<() => unknown> = (name, value) => {
  if (typeof value !== 'function') throw typeError(name, value, 'a function');
  return value as () => unknown;
};

/** The options of everything that runs tasks. What may stand in a scope, too, is checked as there. */
export const parallelOptions = {
  /**
   * Workers. −1: one per core, −2: one fewer, and so on; 1: the calling process itself, without a
   * worker. More than there are cores is allowed, and warned of once. Default: the knob `processes`,
   * or `threads` for thread workers.
   */
  jobs,
  /** 'processes' (default), 'threads', 'sequential', a registered name, or a backend itself. */
  backend: anything<string | Backend>(),
  /** Which workers are liked better where neither the call nor its scope names a backend. */
  prefer: configKeys.prefer,
  /**
   * 'sharedmem': only workers that a SharedArrayBuffer reaches, so threads or the calling process.
   * Goes before a backend of the scope; one that the call names must be of these.
   */
  require: configKeys.require,
  /** Tasks in a message: a number, or 'auto' (default), which measures. */
  batchSize: ((name, value) => (value === 'auto' ? value : batchCount(name, value))) as Option<
    number | 'auto'
  >,
  /**
   * Tasks that a worker may run at a time (default 1, at most 255): while one of them awaits something,
   * the others go on. For async tasks that wait; those that compute take turns.
   */
  concurrency: configKeys.concurrency,
  /**
   * Whose tasks go first where several jobs wait for the same workers: the greater number's; jobs of
   * the same priority take turns. Default 0. What runs is not interrupted.
   */
  priority: configKeys.priority,
  /** Name of a pool: calls with another name, or none, have other workers, which are never taken away. */
  pool: configKeys.pool,
  /**
   * Batches that may be on their way, and so how far the input is read ahead: a number, 'all', or an
   * expression of `jobs`, which counts a worker as often as it may run tasks at a time. Default
   * '2*jobs'.
   */
  preDispatch: anything<number | string>(),
  /** Milliseconds that each task may run, from its start on the worker. */
  timeout: positiveNumber({ most: MAX_TIMER_MS, unlimited: true, unit: 'milliseconds' }),
  /**
   * How often tasks that are lost when a worker crashes are run again. Default 0. A task that has
   * ended its worker twice is named and not tried again.
   */
  retries: configKeys.retries,
  /**
   * How often a task that throws is run again, by whatever worker; the last error counts. Default 0.
   * Not one that throws an AbortError, a TimeoutError or a CloneError, and none that ran out of time.
   */
  retryErrors: configKeys.retryErrors,
  /** Stops the job. */
  signal: abortSignal,
  /** Draw a progress bar; or settings of it. */
  progress: readProgress as Option<boolean | ProgressSettings>,
  /**
   * Lines about progress on standard error, as joblib's: the greater, the more; above 50 one for each
   * message of results. Default 0: none. Not with `progress`.
   */
  verbose: configKeys.verbose,
  /** Bytes (or as '1M') from which an array is shared with workers instead of copied. Default 1 MiB. */
  maxBytes: configKeys.maxBytes,
  /** A worker is replaced after that many tasks. */
  maxTasksPerWorker: configKeys.maxTasksPerWorker,
  /** A worker that takes more bytes (or as '2G') than this is replaced between batches. */
  maxWorkerMemory: configKeys.maxWorkerMemory,
  /** Milliseconds after which a worker without work ends. Default 60 000. */
  idleTimeout: configKeys.idleTimeout,
  /**
   * Milliseconds that a worker may give no sign of life after its start, before it is ended and counts as
   * one that could not be started. It gives one as soon as Node runs it, before the initializer. Default
   * 60 000; for workers on other machines Infinity.
   */
  startTimeout: configKeys.startTimeout,
  /**
   * So many workers (and at most `jobs`) start with the first tasks and stay when they have been idle for
   * `idleTimeout`. Default 0.
   */
  minWorkers: configKeys.minWorkers,
  /** Called once in each worker before its first task. */
  initializer: callback,
  /**
   * Called in each worker before it ends in order: after `idleTimeout`, to be replaced, by
   * `shutdownWorkers()`, at the end of the program. It may take 10 seconds. Not after a kill or a crash.
   */
  teardown: callback,
  /**
   * Threads inside BLAS and the like in each worker; -1 leaves them alone. Given, it goes before the
   * variables that the user has set (`OMP_NUM_THREADS`, …), as joblib's `inner_max_num_threads`; the
   * default, ⌊cores / jobs⌋ and at least 1, does not.
   */
  childThreads: ((name, value) => (value === -1 ? value : threads(name, value))) as Option<number>,
  /**
   * Whether a worker's operations may have the cores of workers that have nothing to do (default): each
   * with more threads than the worker's share, all together with no more than there are cores. Not where
   * `childThreads` was given. With false each keeps to its share.
   */
  elastic: configKeys.elastic,
  ...workerSettings,
  /** Give `{ status, value }` or `{ status, reason }` for each task, as Promise.allSettled does. */
  returnErrors: flag,
  /**
   * After the first error: let tasks that are running finish (default), or kill their workers. An
   * ordered stream gives the results of the tasks before the error first; with 'kill' it fails at
   * once.
   */
  onError: configKeys.onError,
  /** Entropy for `ctx.rng`: each task gets its own random numbers, whatever worker runs it. */
  seed: anything<number | bigint | readonly (number | bigint)[]>(),
  /** What people know the job by, in events; default: the function's name. */
  label: text('a text'),
  /**
   * Keep the times of tasks (default), for `stats` of streams and for `poolStats()`. Without, these have
   * counts only.
   */
  recordTimes: configKeys.recordTimes,
  /** A file for a timeline in Chrome's trace format. */
  trace: text('a file name'),
};

/** Options of everything that runs tasks; joblib's meaning where joblib has them. */
export interface ParallelOptions extends OptionsOf<typeof parallelOptions> {}

/** Options with nothing left open. */
export interface ResolvedOptions {
  readonly backend: Backend;
  /** A live reading where the backend has a width. */
  readonly jobs: number;
  readonly batchSize: number | 'auto';
  readonly concurrency: number;
  readonly priority: number;
  /** Null: the workers that are everybody's. */
  readonly pool: string | null;
  /** A live reading where `jobs` is. */
  readonly maxBatches: number;
  readonly timeout: number | null;
  readonly retries: number;
  readonly retryErrors: number;
  readonly verbose: number;
  /** Each worker gets one task. */
  readonly oncePerWorker?: boolean;
  readonly signal: AbortSignal | null;
  readonly progress: boolean | ProgressSettings;
  readonly maxBytes: number;
  readonly maxTasksPerWorker: number;
  readonly maxWorkerMemory: number;
  readonly idleTimeout: number;
  readonly startTimeout: number;
  readonly minWorkers: number;
  readonly initializer: (() => unknown) | null;
  readonly teardown: (() => unknown) | null;
  readonly childThreads: number;
  /** It was given, and goes before what the user's variables say. */
  readonly childThreadsAsked: boolean;
  readonly elastic: boolean;
  /** What was asked of the workers' start; null where nothing was. */
  readonly settings: WorkerSettings | null;
  readonly collectErrors: boolean;
  readonly onError: 'finish' | 'kill';
  readonly seed: unknown;
  readonly label: string | null;
  readonly recordTimes: boolean;
  readonly trace: string | null;
  /** Why these numbers, in words. */
  readonly reasons: readonly string[];
}
