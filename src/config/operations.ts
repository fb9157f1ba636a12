/**
 * How many threads one of Heddle's own operations may have, and who says so.
 *
 * The order: the call's `threads`; `backendThreads` of the scope; of `initialize`, or
 * HEDDLE_NUM_BACKEND_THREADS, or in a worker the job's `childThreads`; the user's variable for the
 * runtime that does the work; the core budget. Never more than the budget, nor than OMP_THREAD_LIMIT.
 */
import { native } from '../native.ts';
import {
  decidingVariable,
  readVariables,
  setByUser,
  threadLimit,
  type VariableReader,
} from '../threadpools/index.ts';
import { coreBudget } from './budget.ts';
import { askedBackendThreads, knobsVersion } from './knobs.ts';
import { type WorkerRole, workerRole } from './role.ts';
import { scopedConfig } from './scope.ts';

/**
 * What an operation runs on: 'blas' for products and decompositions, 'openmp' for Heddle's own
 * kernels (searches for neighbours, random numbers, copies of large arrays).
 */
export type OperationApi = 'blas' | 'openmp';

/** How many threads an operation may have. */
export interface OperationThreads {
  readonly threads: number;
  /** What decided: a variable's name, an option, or 'cores'. */
  readonly by: string;
}

/** How each BLAS reads variables, by the numbers of `native/blas` (`Blas::variable_reader`). */
const BLAS_READERS: readonly (VariableReader | undefined)[] = [
  undefined,
  'openblas',
  'openblas-openmp',
  'blis',
  'mkl',
  'accelerate',
];

/** What is said outside of scopes; reading the variables costs as much as a small product. */
interface Settings {
  readonly role: WorkerRole;
  readonly version: number;
  readonly asked: OperationThreads | undefined;
  /** No operation may have more. */
  readonly limit: OperationThreads | undefined;
  readonly openmp: OperationThreads | undefined;
  /** By the numbers of {@link BLAS_READERS}; null where no variable of any runtime is set. */
  readonly blas: readonly (OperationThreads | undefined)[] | null;
}

let settings: Settings | undefined;

function read(): Settings {
  const byVariable = (reader: VariableReader | undefined): OperationThreads | undefined => {
    const variable = reader && decidingVariable(reader);
    return variable && { threads: variable.threads, by: variable.name };
  };
  const limit = threadLimit();
  const any = readVariables.some((name) => setByUser(name));
  return {
    role: workerRole(),
    version: knobsVersion(),
    asked: askedBackendThreads(),
    limit: shareLimit(limit && { threads: limit.threads, by: limit.name }),
    openmp: any ? byVariable('openmp') : undefined,
    blas: any ? BLAS_READERS.map(byVariable) : null,
  };
}

/**
 * A worker thread has the process's executor, which gives it what the others leave, unless its job keeps
 * to shares. A process has a budget of its own.
 */
function shareLimit(limit: OperationThreads | undefined): OperationThreads | undefined {
  const { kind, elastic, childThreads } = workerRole();
  if (kind !== 'thread' || elastic !== false || childThreads === undefined) return limit;
  if (limit !== undefined && limit.threads <= childThreads) return limit;
  return { threads: childThreads, by: 'elastic: false' };
}

/**
 * What the user's variable says for an operation that nobody has asked a number for. A limit that
 * `threadpoolLimits` has opened on this thread goes before the variable, as it does in the runtimes.
 */
function byVariable({ openmp, blas }: Settings, api: OperationApi): OperationThreads | undefined {
  const found = api === 'openmp' ? openmp : blas?.[native.blas.variableReader()];
  if (found === undefined) return undefined;
  return native.threadpools.operationLimit(api === 'blas' ? 0 : 1) > 0 ? undefined : found;
}

function current(): Settings {
  if (settings?.role !== workerRole() || settings.version !== knobsVersion()) settings = read();
  return settings;
}

/**
 * The most threads that an operation may have here and now. Variables are read at the first
 * question, after `initialize`, and when this environment becomes a worker.
 *
 * @param api - what it runs on
 * @param threads - the call's own `threads`, checked
 * @param cores - the core budget
 */
export function operationThreads(
  api: OperationApi,
  threads: number | undefined,
  cores: number,
): number {
  const known = current();
  const { limit } = known;
  let most = threads ?? askedFor(known);
  if (most === undefined && (api === 'openmp' ? known.openmp : known.blas)) {
    most = byVariable(known, api)?.threads;
  }
  if (most === undefined || most > cores) most = cores;
  return limit !== undefined && limit.threads < most ? limit.threads : most;
}

/** What somebody has asked for; -1 in a scope leaves the runtimes to their variables. */
function askedFor({ asked }: Settings): number | undefined {
  const scoped = scopedConfig().backendThreads;
  if (scoped === undefined) return asked?.threads;
  return scoped === -1 ? undefined : scoped;
}

/** The same for an operation without `threads` of its own, with what decided. */
export function explainOperationThreads(api: OperationApi): OperationThreads {
  const known = current();
  const { limit } = known;
  const cores = coreBudget();
  const asked = askedFor(known);
  let most: OperationThreads | undefined;
  if (asked === undefined) most = byVariable(known, api);
  else if (scopedConfig().backendThreads === undefined) most = known.asked;
  else most = { threads: asked, by: 'withConfig({ backendThreads })' };
  if (most === undefined || most.threads > cores) most = { threads: cores, by: 'cores' };
  return limit !== undefined && limit.threads < most.threads ? limit : most;
}
