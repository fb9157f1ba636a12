/**
 * The core budget: how many threads may compute at a time in this process.
 */
import { cpuCount, integerVariable } from '../machine/index.ts';
import { workerRole } from './role.ts';

/** Carries the budget into a worker process, and on into what that starts. */
export const BUDGET_VARIABLE = 'HEDDLE_CORE_BUDGET';

/** Quotas and affinity can change while a process runs; looking takes about 0.1 ms. */
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

/**
 * How many cores this process may use: all that the machine gives it, or the share that the
 * process which started it as a worker has set aside. Threads of one process share one budget.
 */
export function coreBudget(): number {
  const role = workerRole();
  if (role.kind === 'process' && role.childThreads !== undefined) return role.childThreads;
  const share = integerVariable(BUDGET_VARIABLE);
  return share === undefined ? recentCpuCount() : Math.min(share, recentCpuCount());
}

/** Forgets what was read, so that the next call looks again. For tests. */
export function forgetCpuCount(): void {
  readAt = Number.NEGATIVE_INFINITY;
}
