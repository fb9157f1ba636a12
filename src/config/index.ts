/**
 * Configuration: the knobs of the process, the scopes laid over them, and this environment's role.
 */
import { knobs, setKnobs } from './knobs.ts';
import type { ParallelConfig } from './types.ts';

export { BUDGET_VARIABLE, coreBudget } from './budget.ts';
export {
  childThreadsFor,
  explicitBackendThreads,
  type KnobSource,
  knobSources,
  knobVariables,
} from './knobs.ts';
export { becomeWorker, type WorkerRole, workerRole } from './role.ts';
export { enterScope, exportScope, scopedConfig, withConfig } from './scope.ts';
export type { Config, ConfigScope, ParallelConfig } from './types.ts';

let initialized = false;

/**
 * Sets the knobs and limits the BLAS and OpenMP runtimes of this process to `backendThreads`.
 *
 * May be called again: options add to those given before. What no option sets is taken from
 * `HEDDLE_NUM_PROCS`, `HEDDLE_NUM_THREADS`, `HEDDLE_NUM_BACKEND_THREADS` and
 * `HEDDLE_NUM_CHILD_THREADS`, and what these don't set from the defaults.
 *
 * @returns the knobs in force
 * @throws RangeError naming an option or a variable whose value makes no sense
 */
export function initialize(options: Partial<ParallelConfig> = {}): ParallelConfig {
  setKnobs(options);
  const config = knobs();
  initialized = true;
  return config;
}

/** Calls {@link initialize} unless it has been called, and returns the knobs in force. */
export function ensureInitialized(): ParallelConfig {
  return initialized ? knobs() : initialize();
}

/** The knobs in force; changes nothing. */
export function parallelConfig(): Readonly<ParallelConfig> {
  return knobs();
}
