/**
 * Sets the knobs, and the thread pools of this process by them.
 */
import { setDefaultThreads } from '../threadpools/index.ts';
import { forgetCpuCount } from './budget.ts';
import { knobs, setKnobs } from './knobs.ts';
import { workerRole } from './role.ts';
import type { ParallelConfig } from './types.ts';

/** The runtimes of this process take `backendThreads`, unless a limit or a variable says else. */
function apply(): ParallelConfig {
  const config = knobs();
  // What a job asks for its workers goes before the variables, as joblib's inner_max_num_threads.
  const force = workerRole().childThreadsAsked === true;
  setDefaultThreads(config.backendThreads === -1 ? undefined : config.backendThreads, { force });
  return config;
}

/**
 * Sets the knobs and limits the BLAS and OpenMP runtimes of this process to `backendThreads`:
 * those that are loaded and, as of the next look at them, those that are loaded later. Left alone
 * are all runtimes if it is -1, and a runtime whose own variable the user has set
 * (`OPENBLAS_NUM_THREADS`, `MKL_NUM_THREADS`, `OMP_NUM_THREADS`, …). A limit opened by
 * `threadpoolLimits` or by a controller goes before this number.
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
  forgetCpuCount();
  return apply();
}

/**
 * Calls {@link initialize} unless it has been called, and returns the knobs in force. Libraries
 * loaded since the last call are limited to `backendThreads` too.
 */
export function ensureInitialized(): ParallelConfig {
  return apply();
}

/** The knobs in force; changes nothing. */
export function parallelConfig(): Readonly<ParallelConfig> {
  return knobs();
}
