/**
 * Completes the options of a job from the scope and the knobs.
 */
import { backendNamed, checkBackend } from '../backends/index.ts';
import {
  askedChildThreads,
  type ConfigScope,
  childThreadsFor,
  coreBudget,
  scopedConfig,
} from '../config/index.ts';
import { rangeError } from '../errors.ts';
import { bytesOf, readOptions } from '../options.ts';
import type { Backend, Reach, WorkerSettings } from '../protocol/index.ts';
import { preDispatchLimit } from './expression.ts';
import { type ParallelOptions, parallelOptions, type ResolvedOptions } from './options.ts';
import { resolveJobs } from './worker-count.ts';
import { checkSettings, describeSettings, settingsOf } from './worker-settings.ts';

/** Reaches within this process: a SharedArrayBuffer gets through. */
const IN_PROCESS: readonly Reach[] = ['thread', 'local'];

/**
 * How long workers may take to come up (ms), where nothing else is said: how fast others' machines are given
 * out, nobody knows.
 */
export const START_TIMEOUTS: Readonly<Record<Reach, number>> = {
  local: Number.POSITIVE_INFINITY,
  thread: 60_000,
  process: 60_000,
  machine: Number.POSITIVE_INFINITY,
};

/** Arrays of at least so many bytes are shared with workers, where nothing else is said. */
export const MAX_BYTES = 1024 * 1024;

/**
 * The backend that was asked for, in the call or in its scope; joblib's rules for hints: `prefer` says
 * something where nobody names a backend, `require` also where only the scope does.
 */
function chosenBackend(options: ParallelOptions, scope: ConfigScope): Backend {
  const { backend: given } = options;
  const prefer = options.prefer ?? scope.prefer;
  const require = options.require ?? scope.require;
  if (require !== undefined && options.prefer === 'processes') {
    throw rangeError('prefer', options.prefer, `left out with require: '${require}'`);
  }
  const chosen = given === undefined ? (scope.backend ?? prefer ?? 'processes') : given;
  const backend =
    typeof chosen === 'string' ? backendNamed(chosen) : checkBackend('backend', chosen);
  if (require === undefined || IN_PROCESS.includes(backend.reach)) return backend;
  if (given === undefined) return backendNamed('threads');
  const right = `one whose workers are threads, as require: '${require}' asks for`;
  throw rangeError('backend', backend.name, right);
}

/** Refuses what a backend can't do. */
function checkAbilities(backend: Backend, jobs: number, settings: WorkerSettings | null): void {
  const refused = backend.refuses?.(jobs);
  if (refused !== undefined) {
    throw rangeError('backend', backend.name, `one that can start ${jobs} worker(s): ${refused}`);
  }
  if (settings) checkSettings(backend, settings);
}

/** Another runtime than Node.js that this program runs on, if it does. */
function otherRuntime(): string | undefined {
  const { deno, bun } = process.versions;
  if (deno !== undefined) return `Deno ${deno}`;
  return bun === undefined ? undefined : `Bun ${bun}`;
}

/**
 * Refuses workers on runtimes that lack what they are made of: Deno has no inspector that answers, by
 * which functions are read, and breaks its heap over the pipes; Bun has neither an inspector nor what
 * the entry of a worker takes from node:module.
 */
function checkRuntime(backend: Backend): void {
  const runtime = otherRuntime();
  if (runtime === undefined || backend.reach === 'local') return;
  throw Object.assign(
    new Error(
      `workers of the backend '${backend.name}' need Node.js, but this program runs on ${runtime}. ` +
        "There jobs: 1 or backend: 'sequential' run tasks in the calling process, and heddle/linalg " +
        'and the other numeric modules use every core; or run the program with node.',
    ),
    { code: 'ERR_HEDDLE_RUNTIME' },
  );
}

/** Threads inside each worker, and the sentence that says why. */
function resolveThreads(
  given: number | undefined,
  backend: Backend,
  jobs: number,
): { readonly threads: number; readonly asked: boolean; readonly reason: string } {
  // Workers on cores that are not this machine's know better.
  const wish = given ?? (backend.width ? undefined : askedChildThreads());
  const asked = wish !== undefined;
  const threads = wish ?? (backend.width ? -1 : childThreadsFor(jobs));
  if (threads === -1) {
    return { threads, asked, reason: 'thread pools inside workers are left alone' };
  }
  const why = asked ? 'as asked' : `${coreBudget()} core(s) shared out`;
  return { threads, asked, reason: `${threads} thread(s) inside each worker: ${why}` };
}

/** Has `jobs` and what follows from it read anew each time, for a backend whose width changes. */
function withLiveCounts(
  options: ResolvedOptions,
  live: () => number,
  preDispatch: number | string,
): ResolvedOptions {
  return Object.defineProperties(options, {
    jobs: { get: live },
    maxBatches: { get: () => preDispatchLimit(preDispatch, live() * options.concurrency) },
  });
}

/**
 * Checks options and completes them from the scope, the knobs and the defaults.
 *
 * @param table - the options that there are; some functions have more than these
 * @throws TypeError or RangeError that names the option; an Error with the code `ERR_HEDDLE_RUNTIME`
 * where this runtime can't have such workers
 */
export function resolveOptions(
  given: ParallelOptions | undefined,
  table: typeof parallelOptions = parallelOptions,
): ResolvedOptions {
  const options = readOptions('options', table, given);
  const scope = scopedConfig();
  const asked = chosenBackend(options, scope);
  const explicit = options.jobs !== undefined && options.backend !== undefined;
  const count = resolveJobs(options.jobs ?? scope.jobs, asked, explicit);
  const { jobs, reason } = count;
  const settings = settingsOf(options);
  checkAbilities(asked, jobs, settings);
  const reasons = [`backend '${asked.name}'`, `${jobs} worker(s): ${reason}`];
  // The calling process has been started, and not like that.
  if (settings) reasons.push(describeSettings(settings));
  const alone = jobs === 1 && asked.reach !== 'local' && !asked.width && !settings;
  if (alone) reasons.push('one worker is the calling process itself');
  const backend = alone ? backendNamed('sequential') : asked;
  checkRuntime(backend);
  const inner = resolveThreads(options.childThreads, backend, jobs);
  reasons.push(inner.reason);
  const timeout = parallelOptions.timeout('timeout', options.timeout ?? scope.timeout ?? Infinity);
  const concurrency = options.concurrency ?? scope.concurrency ?? 1;
  if (concurrency > 1) reasons.push(`${concurrency} tasks at a time in each worker`);
  if (options.verbose && options.progress) {
    throw rangeError('verbose', options.verbose, 'left out with progress: one of them is shown');
  }
  // What the call says goes before what its scope says.
  const verbose = options.progress ? 0 : (options.verbose ?? scope.verbose ?? 0);
  const preDispatch = options.preDispatch ?? scope.preDispatch ?? '2*jobs';
  const resolved: ResolvedOptions = {
    jobs,
    maxBatches: preDispatchLimit(preDispatch, jobs * concurrency),
    concurrency,
    priority: options.priority ?? scope.priority ?? 0,
    pool: options.pool ?? scope.pool ?? null,
    backend,
    batchSize: options.batchSize ?? scope.batchSize ?? 'auto',
    timeout: timeout === Number.POSITIVE_INFINITY ? null : timeout,
    retries: options.retries ?? scope.retries ?? 0,
    retryErrors: options.retryErrors ?? scope.retryErrors ?? 0,
    verbose,
    signal: options.signal ?? null,
    progress: verbose > 0 ? false : (options.progress ?? scope.progress ?? false),
    maxBytes: bytesOf(options.maxBytes) ?? scope.maxBytes ?? MAX_BYTES,
    maxTasksPerWorker:
      options.maxTasksPerWorker ?? scope.maxTasksPerWorker ?? Number.POSITIVE_INFINITY,
    maxWorkerMemory:
      bytesOf(options.maxWorkerMemory) ?? scope.maxWorkerMemory ?? Number.POSITIVE_INFINITY,
    idleTimeout: options.idleTimeout ?? scope.idleTimeout ?? 60_000,
    startTimeout: options.startTimeout ?? scope.startTimeout ?? START_TIMEOUTS[backend.reach],
    minWorkers: options.minWorkers ?? scope.minWorkers ?? 0,
    initializer: options.initializer ?? null,
    teardown: options.teardown ?? null,
    childThreads: inner.threads,
    childThreadsAsked: inner.asked,
    elastic: options.elastic ?? scope.elastic ?? true,
    settings,
    collectErrors: options.returnErrors ?? false,
    onError: options.onError ?? scope.onError ?? 'finish',
    seed: options.seed,
    recordTimes: options.recordTimes ?? scope.recordTimes ?? true,
    trace: options.trace ?? null,
    label: options.label ?? null,
    reasons,
  };
  return count.live ? withLiveCounts(resolved, count.live, preDispatch) : resolved;
}
