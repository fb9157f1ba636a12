/**
 * Everything that can be configured: the knobs of a process, and the settings of a scope.
 *
 * A new setting is one line in {@link Config} and one in {@link configKeys}.
 */
import { rangeError, typeError } from '../errors.ts';
import {
  type ByteSize,
  byteSize,
  flag,
  MAX_TIMER_MS,
  milliseconds,
  type Option,
  oneOf,
  positiveNumber,
  wholeNumber,
} from '../options.ts';

/** The four knobs, after LensKit. */
export interface ParallelConfig {
  /** Worker processes of a job that doesn't say how many. Default min(cores, 4). */
  readonly processes: number;
  /** Worker threads of a job that doesn't say how many. Default min(cores, 8). */
  readonly threads: number;
  /**
   * Threads inside BLAS, OpenMP and the like in this process. Default
   * max(min(⌊cores / threads⌋, 4), 1); -1 leaves those runtimes alone.
   */
  readonly backendThreads: number;
  /**
   * The same inside each worker process. Default max(min(⌊cores / processes⌋, 4), 1); -1 leaves
   * the runtimes in the workers alone.
   */
  readonly childThreads: number;
}

/**
 * Settings that `withConfig` lays over a scope, and `setConfig` over the program. All are optional
 * there. What belongs to one call is not among them: `signal`, `initializer`, `seed`, `trace`,
 * `returnErrors`, `teardown`, and what workers are started with.
 */
export interface Config {
  /** Workers of a job, as joblib's n_jobs: -1 is one per core, -2 one fewer. */
  jobs: number;
  /** Where jobs run: 'processes', 'threads', 'sequential' or a registered name. */
  backend: string;
  /** Threads inside BLAS and OpenMP for the operations in the scope; -1: no limit of its own. */
  backendThreads: number;
  /** Threads inside BLAS and OpenMP in each worker of a job. */
  childThreads: number;
  /** Whether the cores of workers that have nothing to do go to the others. */
  elastic: boolean;
  /** Which workers are liked better where no backend is named. */
  prefer: 'processes' | 'threads';
  /** 'sharedmem': only workers that a SharedArrayBuffer reaches. */
  require: 'sharedmem';
  /** Size in bytes (or as '1M') from which arrays are shared with workers instead of copied. */
  maxBytes: ByteSize;
  /** Tasks in one message to a worker. */
  batchSize: number | 'auto';
  /** Tasks that a worker may run at a time, where they await something. */
  concurrency: number;
  /** Whose tasks go first where several jobs wait for the same workers: the greater number's. */
  priority: number;
  /** Name of a pool of workers of one's own. */
  pool: string;
  /** Tasks taken from the input before they are needed: a number, 'all', or like '2*jobs'. */
  preDispatch: number | string;
  /** Futures that may wait for a worker; 'auto': the square of those that may run at once. */
  maxQueue: number | 'auto';
  /** Milliseconds that a task may run. */
  timeout: number;
  /** How often tasks that are lost when a worker crashes are run again. */
  retries: number;
  /** How often a task that throws is run again. */
  retryErrors: number;
  /** After the first error: let running tasks finish, or kill their workers. */
  onError: 'finish' | 'kill';
  /** A worker is replaced after that many tasks. */
  maxTasksPerWorker: number;
  /** A worker that takes more bytes (or as '2G') than this is replaced between batches. */
  maxWorkerMemory: ByteSize;
  /** Milliseconds after which a worker without work ends. */
  idleTimeout: number;
  /** Milliseconds that a worker may give no sign of life after its start. */
  startTimeout: number;
  /** Workers that stay when they have been idle for so long. */
  minWorkers: number;
  /** Whether the times of tasks are kept, for `stats` and `poolStats()`. */
  recordTimes: boolean;
  /** How many lines about their progress jobs write, as joblib's: 0 none, above 50 all. */
  verbose: number;
  /** Whether jobs show a progress bar. */
  progress: boolean;
  /** Assumes that arrays hold no NaN and no infinity, and saves the check. */
  assumeFinite: boolean;
  /** Bytes (or as '64M') that operations which work in blocks may take for temporary results. */
  workingMemory: ByteSize;
  /** Rows in a block of the pairwise reductions. */
  pairwiseChunkSize: number;
}

/** Settings of a scope as plain data, which `structuredClone` and IPC carry. */
export type ConfigScope = Readonly<
  Partial<Omit<Config, Sizes> & { readonly [K in Sizes]: number }>
>;

/** More workers than any machine has room for. */
export const MAX_WORKERS = 65_536;

/** Settings that are numbers of bytes once they are checked. */
type Sizes = 'maxBytes' | 'maxWorkerMemory' | 'workingMemory';

/** A whole number, or one of a few other values. */
function integer<T = never>(
  least: number,
  right: string,
  also: readonly T[] = [],
): Option<number | T> {
  return (name, value) => {
    if (also.includes(value as T)) return value as T;
    if (typeof value !== 'number') throw typeError(name, value, right);
    if (!Number.isSafeInteger(value) || value < least) throw rangeError(name, value, right);
    return value;
  };
}

const count = integer(1, 'a whole number of at least 1');
const threads = integer(1, 'a whole number of at least 1, or -1 for no limit', [-1]);

const queueSize = wholeNumber({ least: 0, unlimited: true });

/** What each setting may be. */
export const configKeys: { readonly [K in keyof Config]: Option<Config[K]> } = {
  jobs: (name, value) => {
    const right = 'a whole number other than 0';
    if (value === 0) throw rangeError(name, value, right);
    return integer(Number.MIN_SAFE_INTEGER, right)(name, value);
  },
  backend: (name, value) => {
    if (typeof value !== 'string' || value === '') {
      throw typeError(name, value, "the name of a backend, such as 'processes'");
    }
    return value;
  },
  backendThreads: threads,
  childThreads: threads,
  elastic: flag,
  prefer: oneOf('processes', 'threads'),
  require: oneOf('sharedmem'),
  maxBytes: byteSize({ least: 0, unlimited: true }),
  batchSize: integer(1, "a whole number of at least 1, or 'auto'", ['auto'] as const),
  // As many as a worker's claim table has room for: MAX_CONCURRENCY of src/protocol.
  concurrency: wholeNumber({ least: 1, most: 255 }),
  priority: (name, value) => {
    const right = 'a finite number';
    if (typeof value !== 'number') throw typeError(name, value, right);
    if (!Number.isFinite(value)) throw rangeError(name, value, right);
    return value;
  },
  pool: (name, value) => {
    const right = 'a name for a pool, at least one letter';
    if (typeof value !== 'string') throw typeError(name, value, right);
    if (value === '') throw rangeError(name, value, right);
    return value;
  },
  maxQueue: (name, value) => (value === 'auto' ? value : queueSize(name, value)),
  preDispatch: (name, value) => {
    if (typeof value === 'string' && value !== '') return value;
    return integer(1, "a whole number of at least 1, 'all', or like '2*jobs'")(name, value);
  },
  timeout: (name, value) => {
    const right = 'a number of milliseconds greater than 0';
    if (typeof value !== 'number') throw typeError(name, value, right);
    if (!(value > 0)) throw rangeError(name, value, right);
    return value;
  },
  retries: wholeNumber({ least: 0, most: 1_000_000, unlimited: true }),
  onError: oneOf('finish', 'kill'),
  maxTasksPerWorker: wholeNumber({ least: 1, unlimited: true }),
  maxWorkerMemory: byteSize({ least: 1, unlimited: true }),
  idleTimeout: milliseconds,
  startTimeout: positiveNumber({ most: MAX_TIMER_MS, unlimited: true, unit: 'milliseconds' }),
  minWorkers: wholeNumber({ least: 0, most: MAX_WORKERS }),
  recordTimes: flag,
  retryErrors: wholeNumber({ least: 0, most: 1_000_000, unlimited: true }),
  verbose: wholeNumber({ least: 0 }),
  progress: flag,
  assumeFinite: flag,
  workingMemory: byteSize({ least: 1 }),
  pairwiseChunkSize: count,
};

/** What each knob may be. */
export const knobKeys: { readonly [K in keyof ParallelConfig]: Option<number> } = {
  processes: count,
  threads: count,
  backendThreads: threads,
  childThreads: threads,
};
