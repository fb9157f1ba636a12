/**
 * The options of a job, checked and completed from the scope and the knobs.
 */
import { backendNamed, checkBackend } from '../backends/index.ts';
import {
  askedChildThreads,
  childThreadsFor,
  coreBudget,
  ensureInitialized,
  scopedConfig,
  workerRole,
} from '../config/index.ts';
import { rangeError, typeError } from '../errors.ts';
import type { Backend, Reach, ResourceLimits } from '../protocol/index.ts';
import { preDispatchLimit } from './expression.ts';

/** Options of everything that runs tasks; joblib's meaning where joblib has them. */
export interface ParallelOptions {
  /**
   * Workers. −1: one per core, −2: one fewer, and so on; 1: the calling process itself, without a
   * worker. More than there are cores is allowed, and warned of once. Default: the knob `processes`,
   * or `threads` for thread workers.
   */
  readonly jobs?: number | undefined;
  /** 'processes' (default), 'threads', 'sequential', a registered name, or a backend itself. */
  readonly backend?: string | Backend | undefined;
  /** Tasks in a message: a number, or 'auto' (default), which measures. */
  readonly batchSize?: number | 'auto' | undefined;
  /**
   * Batches that may be on their way, and so how far the input is read ahead: a number, 'all', or an
   * expression of `jobs`. Default '2*jobs'.
   */
  readonly preDispatch?: number | string | undefined;
  /** Milliseconds that each task may run, from its start on the worker. */
  readonly timeout?: number | undefined;
  /**
   * How often tasks that are lost when a worker crashes are run again. Default 0. A task that has
   * ended its worker twice is named and not tried again.
   */
  readonly retries?: number | undefined;
  /** Stops the job. */
  readonly signal?: AbortSignal | undefined;
  /** Draw a progress bar; or settings of it. */
  readonly progress?: boolean | ProgressSettings | undefined;
  /** Bytes from which an array is shared with workers instead of copied. Default 1 MiB. */
  readonly maxBytes?: number | undefined;
  /** A worker is replaced after that many tasks. */
  readonly maxTasksPerWorker?: number | undefined;
  /** A worker that takes more bytes than this is replaced between batches. */
  readonly maxWorkerMemory?: number | undefined;
  /** Milliseconds after which a worker without work ends. Default 60 000. */
  readonly idleTimeout?: number | undefined;
  /** Called once in each worker before its first task. */
  readonly initializer?: (() => unknown) | undefined;
  /**
   * Threads inside BLAS and the like in each worker; -1 leaves them alone. Given, it goes before the
   * variables that the user has set (`OMP_NUM_THREADS`, …), as joblib's `inner_max_num_threads`; the
   * default, ⌊cores / jobs⌋ and at least 1, does not.
   */
  readonly childThreads?: number | undefined;
  /** Limits of a worker thread's heap. Only for the backend 'threads'. */
  readonly resourceLimits?: ResourceLimits | undefined;
  /** Give `{ status, value }` or `{ status, reason }` for each task, as Promise.allSettled does. */
  readonly returnErrors?: boolean | undefined;
  /**
   * After the first error: let tasks that are running finish (default), or kill their workers. An
   * ordered stream gives the results of the tasks before the error first; with 'kill' it fails at
   * once.
   */
  readonly onError?: 'finish' | 'kill' | undefined;
  /** Entropy for `ctx.rng`: each task gets its own random numbers, whatever worker runs it. */
  readonly seed?: number | bigint | readonly (number | bigint)[] | undefined;
  /** A file for a timeline in Chrome's trace format. */
  readonly trace?: string | undefined;
}

/** How a progress bar looks. */
export interface ProgressSettings {
  readonly label?: string;
  /** Tasks in all, where the input's length is not known. */
  readonly total?: number;
  readonly unit?: string;
}

/** Options with nothing left open. */
export interface ResolvedOptions {
  readonly backend: Backend;
  /** A live reading where the backend has a width. */
  readonly jobs: number;
  readonly batchSize: number | 'auto';
  /** A live reading where `jobs` is. */
  readonly maxBatches: number;
  readonly timeout: number | null;
  readonly retries: number;
  readonly signal: AbortSignal | null;
  readonly progress: boolean | ProgressSettings;
  readonly maxBytes: number;
  readonly maxTasksPerWorker: number;
  readonly maxWorkerMemory: number;
  readonly idleTimeout: number;
  readonly initializer: (() => unknown) | null;
  readonly childThreads: number;
  readonly childThreadsAsked: boolean;
  readonly resourceLimits: ResourceLimits | null;
  readonly collectErrors: boolean;
  readonly onError: 'finish' | 'kill';
  readonly seed: unknown;
  readonly trace: string | null;
  /** Why these numbers, in words. */
  readonly reasons: readonly string[];
}

/** Reaches where `resourceLimits` can be kept, or there is nothing to keep them for. */
const HEAP_LIMITED: readonly Reach[] = ['thread', 'local'];

const MEBIBYTE = 1024 * 1024;

let warned = false;

function count(name: string, value: unknown, fallback: number, least = 1): number {
  if (value === undefined) return fallback;
  const right = `a whole number of at least ${least}`;
  if (typeof value !== 'number') throw typeError(name, value, right);
  if (value !== Number.POSITIVE_INFINITY && (!Number.isSafeInteger(value) || value < least)) {
    throw rangeError(name, value, right);
  }
  return value;
}

function milliseconds(name: string, value: unknown): number | null {
  if (value === undefined || value === Number.POSITIVE_INFINITY) return null;
  const right = 'a number of milliseconds greater than 0';
  if (typeof value !== 'number') throw typeError(name, value, right);
  if (!(value > 0)) throw rangeError(name, value, right);
  return value;
}

interface Jobs {
  readonly jobs: number;
  /** The number at any time, where the backend's width changes it. */
  readonly live?: () => number;
  readonly reason: string;
}

/** Workers of a backend that knows itself how many make sense. */
function jobsWithin(given: number | undefined, backend: Backend): Jobs {
  const live = (): number => {
    const width = Math.max(Math.floor(backend.width!()) || 0, 1);
    if (given === undefined) return width;
    return given < 0 ? Math.max(width + 1 + given, 1) : given;
  };
  const jobs = live();
  if (given !== undefined && given > 0) return { jobs, reason: 'as asked' };
  const asked = given === undefined ? '' : `jobs ${given}, `;
  return { jobs, live, reason: `${asked}the backend '${backend.name}' has that many at present` };
}

/** joblib's rule for n_jobs. */
function resolveJobs(given: number | undefined, backend: Backend, explicit: boolean): Jobs {
  const right = 'a whole number other than 0 (-1: one worker per core, -2: one fewer)';
  if (given !== undefined) {
    if (typeof given !== 'number') throw typeError('jobs', given, right);
    if (!Number.isSafeInteger(given) || given === 0) throw rangeError('jobs', given, right);
  }
  if (backend.width) return jobsWithin(given, backend);
  if (backend.knob === null && backend.reach === 'local') {
    if (explicit && given !== undefined && given > 1) {
      throw rangeError('jobs', given, `1 with the backend '${backend.name}'`);
    }
    return { jobs: 1, reason: `the backend '${backend.name}' has one worker` };
  }
  const cores = coreBudget();
  const role = workerRole();
  if (given === undefined) {
    if (role.kind !== 'main') return { jobs: 1, reason: 'this is a worker: one level fills it' };
    const knob = backend.knob ?? 'processes';
    return { jobs: ensureInitialized()[knob], reason: `the knob '${knob}'` };
  }
  if (given < 0) {
    const jobs = Math.max(cores + 1 + given, 1);
    return { jobs, reason: `jobs ${given} where there are ${cores} cores` };
  }
  if (role.kind !== 'main') {
    const budget = role.childThreads ?? 1;
    const jobs = Math.min(given, budget);
    if (jobs < given) {
      return { jobs, reason: `this is a worker with ${budget} of the machine's cores` };
    }
  } else if (given > cores && !warned) {
    warned = true;
    process.emitWarning(
      `${given} workers were asked for, but this process has ${cores} core(s); they will take ` +
        'turns. This is said once.',
      { type: 'HeddleWarning', code: 'HEDDLE_MORE_JOBS_THAN_CORES' },
    );
  }
  return { jobs: given, reason: 'as asked' };
}

/** Checks options and completes them from the scope, the knobs and the defaults. */
export function resolveOptions(options: ParallelOptions = {}): ResolvedOptions {
  if (options === null || typeof options !== 'object') {
    throw typeError('options', options, 'an object');
  }
  const scope = scopedConfig();
  const chosen = options.backend !== undefined ? options.backend : (scope.backend ?? 'processes');
  let backend = typeof chosen === 'string' ? backendNamed(chosen) : checkBackend('backend', chosen);
  const { name } = backend;
  const explicit = options.jobs !== undefined && options.backend !== undefined;
  const { jobs, live, reason } = resolveJobs(options.jobs ?? scope.jobs, backend, explicit);
  const reasons = [`backend '${name}'`, `${jobs} worker(s): ${reason}`];
  const refused = backend.refuses?.(jobs);
  if (refused !== undefined) {
    throw rangeError('backend', name, `one that can start ${jobs} worker(s): ${refused}`);
  }
  if (options.resourceLimits !== undefined && !HEAP_LIMITED.includes(backend.reach)) {
    throw rangeError(
      'resourceLimits',
      options.resourceLimits,
      `left out with the backend '${name}', whose workers are no threads ` +
        '(maxWorkerMemory replaces workers that grow)',
    );
  }
  if (jobs === 1 && backend.reach !== 'local' && !backend.width) {
    backend = backendNamed('sequential');
    reasons.push('one worker is the calling process itself');
  }
  const { batchSize = scope.batchSize ?? 'auto', onError = 'finish', childThreads } = options;
  if (onError !== 'finish' && onError !== 'kill') {
    throw rangeError('onError', onError, "'finish' or 'kill'");
  }
  if (options.initializer !== undefined && typeof options.initializer !== 'function') {
    throw typeError('initializer', options.initializer, 'a function');
  }
  if (childThreads !== undefined && childThreads !== -1) count('childThreads', childThreads, 1);
  const asked = childThreads ?? (backend.width ? undefined : askedChildThreads());
  // Workers on cores that are not this machine's know better.
  const inner = asked ?? (backend.width ? -1 : childThreadsFor(jobs));
  reasons.push(
    inner === -1
      ? 'thread pools inside workers are left alone'
      : `${inner} thread(s) inside each worker: ` +
          (asked === undefined ? `${coreBudget()} core(s) shared out` : 'as asked'),
  );
  const trace = options.trace ?? null;
  if (trace !== null && typeof trace !== 'string') throw typeError('trace', trace, 'a file name');
  const signal = options.signal ?? null;
  if (signal !== null && typeof signal.addEventListener !== 'function') {
    throw typeError('signal', signal, 'an AbortSignal');
  }
  const preDispatch = options.preDispatch ?? scope.preDispatch ?? '2*jobs';
  const maxBatches = preDispatchLimit(preDispatch, jobs);
  return {
    backend,
    get jobs() {
      return live?.() ?? jobs;
    },
    get maxBatches() {
      return live ? preDispatchLimit(preDispatch, live()) : maxBatches;
    },
    batchSize: batchSize === 'auto' ? 'auto' : count('batchSize', batchSize, 1),
    timeout: milliseconds('timeout', options.timeout ?? scope.timeout),
    retries: count('retries', options.retries, 0, 0),
    signal,
    progress: options.progress ?? scope.progress ?? false,
    maxBytes: count('maxBytes', options.maxBytes ?? scope.maxBytes, MEBIBYTE, 0),
    maxTasksPerWorker: count('maxTasksPerWorker', options.maxTasksPerWorker, Infinity),
    maxWorkerMemory: count('maxWorkerMemory', options.maxWorkerMemory, Infinity),
    idleTimeout: count('idleTimeout', options.idleTimeout, 60_000, 0),
    initializer: options.initializer ?? null,
    childThreads: inner,
    childThreadsAsked: asked !== undefined,
    resourceLimits: options.resourceLimits ?? null,
    collectErrors: options.returnErrors ?? false,
    onError,
    seed: options.seed,
    trace,
    reasons,
  };
}
