/**
 * `initialize` with the page that it may open, and what the variable HEDDLE_DASHBOARD has a program open.
 */
import { initialize as initializeKnobs, type ParallelConfig, workerRole } from './config/index.ts';
import type { DashboardOptions } from './dashboard/index.ts';
import { errorText, preview, typeError } from './errors.ts';
import { besideProgress } from './progress/index.ts';

/** Options of {@link initialize}. */
export interface InitializeOptions extends Partial<ParallelConfig> {
  /** Opens the page of `heddle/dashboard`, and prints its address to stderr: true, or its options. */
  readonly dashboard?: boolean | DashboardOptions | undefined;
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
export function initialize(options: InitializeOptions = {}): ParallelConfig {
  if (typeof options !== 'object' || options === null) return initializeKnobs(options);
  const { dashboard = false, ...knobs } = options;
  if (typeof dashboard !== 'boolean' && (typeof dashboard !== 'object' || dashboard === null)) {
    throw typeError('dashboard', dashboard, 'true, false or an object of options');
  }
  const config = initializeKnobs(knobs);
  if (dashboard !== false) open(() => openPage(dashboard === true ? undefined : dashboard));
  return config;
}

/** What can't be opened is no reason for a program to end. */
function open(opening: () => Promise<void>): void {
  opening().catch((error: unknown) => {
    const why = errorText(error)?.message ?? preview(error);
    process.emitWarning(`There is no dashboard: ${why}`, {
      type: 'HeddleWarning',
      code: 'HEDDLE_DASHBOARD',
    });
  });
}

/** It is imported only now: a program that does not ask for it pays nothing for it. */
async function openPage(options: DashboardOptions | undefined): Promise<void> {
  const { dashboard } = await import('./dashboard/index.ts');
  const { url } = await dashboard(options);
  besideProgress(() => process.stderr.write(`heddle: dashboard at ${url}\n`));
}

async function openAsked(): Promise<void> {
  const { dashboardMode, openFeed } = await import('./feed/index.ts');
  const { isMainThread } = process.getBuiltinModule('node:worker_threads');
  if (!isMainThread) return;
  const mode = dashboardMode();
  if (mode === 'page') await openPage(undefined);
  else if (mode === 'attach') await openFeed();
}

// Worker processes have the variables of their program, which shows them.
if (process.env.HEDDLE_DASHBOARD && workerRole().kind === 'main') open(openAsked);
