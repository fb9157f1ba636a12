/**
 * Everything that can be configured: the knobs of a process, and the settings of a scope.
 *
 * A new setting is one line in {@link Config} and one in {@link configKeys}.
 */
import { rangeError, typeError } from '../errors.ts';
import { type ByteSize, byteSize, MAX_TIMER_MS, oneOf, wholeNumber } from '../options.ts';

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
 * `returnErrors`, `resourceLimits`.
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
  /** Which workers are liked better where no backend is named. */
  prefer: 'processes' | 'threads';
  /** 'sharedmem': only workers that a SharedArrayBuffer reaches. */
  require: 'sharedmem';
  /** Size in bytes (or as '1M') from which arrays are shared with workers instead of copied. */
  maxBytes: ByteSize;
  /** Tasks in one message to a worker. */
  batchSize: number | 'auto';
  /** Tasks taken from the input before they are needed: a number, 'all', or like '2*jobs'. */
  preDispatch: number | string;
  /** Milliseconds that a task may run. */
  timeout: number;
  /** How often tasks that are lost when a worker crashes are run again. */
  retries: number;
  /** After the first error: let running tasks finish, or kill their workers. */
  onError: 'finish' | 'kill';
  /** A worker is replaced after that many tasks. */
  maxTasksPerWorker: number;
  /** A worker that takes more bytes (or as '2G') than this is replaced between batches. */
  maxWorkerMemory: ByteSize;
  /** Milliseconds after which a worker without work ends. */
  idleTimeout: number;
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

/** Settings that are numbers of bytes once they are checked. */
type Sizes = 'maxBytes' | 'maxWorkerMemory' | 'workingMemory';

/** Checks a setting; gives what it is to be, or nothing where it is right as it is. */
type Check = (name: string, value: unknown) => unknown;

function integer(min: number, what: string, also: readonly unknown[] = []): Check {
  return (name, value) => {
    if (also.includes(value)) return;
    if (typeof value !== 'number') throw typeError(name, value, what);
    if (!Number.isSafeInteger(value) || value < min) throw rangeError(name, value, what);
  };
}

const count: Check = integer(1, 'a whole number of at least 1');
const threads: Check = integer(1, 'a whole number of at least 1, or -1 for no limit', [-1]);
const flag: Check = (name, value) => {
  if (typeof value !== 'boolean') throw typeError(name, value, 'true or false');
};

/** What each setting may be. */
export const configKeys: { readonly [K in keyof Config]: Check } = {
  jobs: (name, value) => {
    integer(Number.MIN_SAFE_INTEGER, 'a whole number other than 0')(name, value);
    if (value === 0) throw rangeError(name, value, 'a whole number other than 0');
  },
  backend: (name, value) => {
    if (typeof value !== 'string' || value === '') {
      throw typeError(name, value, "the name of a backend, such as 'processes'");
    }
  },
  backendThreads: threads,
  childThreads: threads,
  prefer: oneOf('processes', 'threads'),
  require: oneOf('sharedmem'),
  maxBytes: byteSize({ least: 0, unlimited: true }),
  batchSize: integer(1, "a whole number of at least 1, or 'auto'", ['auto']),
  preDispatch: (name, value) => {
    if (typeof value === 'string' && value !== '') return;
    integer(1, "a whole number of at least 1, 'all', or like '2*jobs'")(name, value);
  },
  timeout: (name, value) => {
    const right = 'a number of milliseconds greater than 0';
    if (typeof value !== 'number') throw typeError(name, value, right);
    if (!(value > 0)) throw rangeError(name, value, right);
  },
  retries: wholeNumber({ least: 0, most: 1_000_000, unlimited: true }),
  onError: oneOf('finish', 'kill'),
  maxTasksPerWorker: wholeNumber({ least: 1, unlimited: true }),
  maxWorkerMemory: byteSize({ least: 1, unlimited: true }),
  idleTimeout: wholeNumber({
    least: 0,
    most: MAX_TIMER_MS,
    unlimited: true,
    unit: 'milliseconds',
  }),
  progress: flag,
  assumeFinite: flag,
  workingMemory: byteSize({ least: 1 }),
  pairwiseChunkSize: count,
};

/** What each knob may be. */
export const knobKeys: { readonly [K in keyof ParallelConfig]: Check } = {
  processes: count,
  threads: count,
  backendThreads: threads,
  childThreads: threads,
};

/**
 * Copies the settings that are given (not undefined) and checks each.
 *
 * @throws TypeError for what is no object, for an unknown key (naming those that exist) and for a
 *   value of the wrong kind; RangeError for a value that makes no sense
 */
export function checked<T extends object>(
  name: string,
  options: unknown,
  checks: { readonly [K in keyof T]: Check },
): Partial<T> {
  if (options === null || typeof options !== 'object') {
    throw typeError(name, options, 'an object');
  }
  const result: Partial<T> = {};
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, key)) {
      throw typeError(name, options, `an object whose keys are ${Object.keys(checks).join(', ')}`);
    }
    if (value === undefined) continue;
    const read = checks[key as keyof T](`${name}.${key}`, value);
    result[key as keyof T] = (read ?? value) as T[keyof T];
  }
  return result;
}
