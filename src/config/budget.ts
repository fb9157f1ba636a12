/**
 * The core budget: how many threads may compute at a time in this process.
 *
 * It is a live value, and the one source for the executor, the knobs and the pools: affinity, quotas
 * and variables change while a process runs. Whoever asks gets a number that is at most a second old.
 */
import { typeError } from '../errors.ts';
import { cpuCount, integerVariable } from '../machine/index.ts';
import { type WorkerRole, workerRole } from './role.ts';

/** Carries the budget into a worker process, and on into what that starts. */
export const BUDGET_VARIABLE = 'HEDDLE_CORE_BUDGET';

/** How old a reading may be (ms). One takes about 0.1 ms. */
const MAX_AGE_MS = 1000;

let cores = 0;
let readAt = Number.NEGATIVE_INFINITY;

/** {@link cpuCount}, read at most once a second. */
function recentCpuCount(): number {
  const now = process.uptime() * 1000; // `performance` would be loaded for this alone
  if (now - readAt > MAX_AGE_MS) {
    cores = cpuCount();
    readAt = now;
  }
  return cores;
}

function read(role: WorkerRole): number {
  if (role.kind === 'process' && role.childThreads !== undefined) {
    // Somebody's wish stands as it is; a share is one of cores that have to be there.
    if (role.childThreadsAsked) return role.childThreads;
    return Math.min(role.childThreads, recentCpuCount());
  }
  const share = integerVariable(BUDGET_VARIABLE);
  return share === undefined ? recentCpuCount() : Math.min(share, recentCpuCount());
}

/**
 * How many cores this process may use: all that the machine gives it, or the share that the
 * process which started it as a worker has set aside. Threads of one process share one budget.
 *
 * @throws RangeError if HEDDLE_MAX_CPU_COUNT or HEDDLE_CORE_BUDGET is no positive whole number
 */
export function coreBudget(): number {
  const now = read(workerRole());
  if (watchers.size > 0 && now !== told) tell(now);
  return now;
}

/**
 * The most cores that an operation here can have: in a worker process also those that the other workers
 * of the program may leave.
 *
 * @param all - the cores of all these workers; 0 where they leave each other none
 */
export function mostCores(all: number): number {
  return all === 0 ? coreBudget() : Math.max(coreBudget(), Math.min(all, recentCpuCount()));
}

/** Called with the new core budget. */
export type BudgetListener = (cores: number) => void;

interface Watcher {
  readonly listener: BudgetListener;
  /** Whether it still needs to know; asked once a second. */
  readonly isNeeded: () => boolean;
}

const watchers = new Set<Watcher>();
let told = 0;
let timer: NodeJS.Timeout | undefined;

function tell(now: number): void {
  told = now;
  for (const { listener } of [...watchers]) listener(now);
}

function look(): void {
  for (const watcher of [...watchers]) if (!watcher.isNeeded()) drop(watcher);
  if (watchers.size === 0) return;
  try {
    coreBudget();
  } catch {
    // A variable that makes no sense now: whoever asks for the budget is told so.
  }
}

function drop(watcher: Watcher): void {
  watchers.delete(watcher);
  if (watchers.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}

/**
 * Has `listener` called whenever the core budget has changed: by `taskset` on the running process, a
 * control group's quota, `HEDDLE_MAX_CPU_COUNT` set in `process.env`, and so on. Nothing announces
 * these, so while there is a listener the budget is read once a second (0.1 ms); besides, listeners
 * hear of every change that anything in this environment finds. Keeps no process alive.
 *
 * @param listener - called with the new number of cores
 * @param options - `isNeeded`: asked once a second; the first false ends the watch
 * @returns ends the watch when disposed
 *
 * @example
 * ```ts
 * using watch = watchBudget((cores) => console.log(`${cores} cores now`));
 * ```
 */
export function watchBudget(
  listener: BudgetListener,
  options: { readonly isNeeded?: () => boolean } = {},
): Disposable {
  if (typeof listener !== 'function') throw typeError('listener', listener, 'a function');
  const watcher: Watcher = { listener, isNeeded: options.isNeeded ?? (() => true) };
  const now = coreBudget();
  if (watchers.size === 0) told = now;
  watchers.add(watcher);
  timer ??= setInterval(look, MAX_AGE_MS).unref();
  return { [Symbol.dispose]: () => drop(watcher) };
}

/** Forgets what was read, so that the next call looks again: for `initialize`, and for tests. */
export function forgetCpuCount(): void {
  readAt = Number.NEGATIVE_INFINITY;
}
