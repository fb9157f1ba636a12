/**
 * The default of this environment for other people's BLAS and OpenMP: a lease that yields to every
 * limit, and spares what the user has set by a library's own variable.
 */
import type { Pool } from './assignment.ts';
import { allPools, closeLease, openLease } from './limits.ts';
import { NativePool } from './runtimes.ts';
import { decidingVariable, readerOf } from './variables.ts';

let lease: number | undefined;
let current: number | undefined;
let forced = false;

/** Whether the user has said by a variable how many threads this runtime takes. */
function isSet(pool: NativePool): boolean {
  const reader = readerOf(pool.record);
  return reader !== undefined && decidingVariable(reader) !== undefined;
}

/**
 * Sets the default number of threads for BLAS and OpenMP, also for libraries that are loaded
 * later; undefined takes it back. Heddle's own operations don't need it and are not bound by it.
 *
 * @param options - `force`: also for runtimes that a variable of the user's is meant for
 */
export function setDefaultThreads(
  threads: number | undefined,
  { force = false }: { readonly force?: boolean } = {},
): void {
  const targets = allPools();
  if (threads === current && force === forced) return;
  if (lease !== undefined) closeLease(lease);
  lease = undefined;
  current = threads;
  forced = force;
  if (threads === undefined) return;
  const rule = (pool: Pool) => {
    const concerned = pool.userApi === 'blas' || pool.userApi === 'openmp';
    const free = concerned && pool instanceof NativePool && (force || !isSet(pool));
    return free ? threads : undefined;
  };
  lease = openLease(targets, { rule, blas: 0, openmp: 0 }, { standing: true, isDefault: true });
}
