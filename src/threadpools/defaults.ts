/**
 * The default of this environment for other people's BLAS and OpenMP: a lease that yields to every
 * limit, and spares what the user has set by a library's own variable.
 */
import type { Environment } from '../machine/index.ts';
import type { Pool } from './assignment.ts';
import { setByUser } from './environment.ts';
import { allPools, closeLease, openLease } from './limits.ts';
import { NativePool } from './runtimes.ts';

const BLIS_WAYS = ['BLIS_JC_NT', 'BLIS_PC_NT', 'BLIS_IC_NT', 'BLIS_JR_NT', 'BLIS_IR_NT'];

/** The variables that each library reads when it starts; OpenMP's is the second choice of most. */
const OWN_VARIABLES: Readonly<Record<string, readonly string[]>> = {
  openmp: ['OMP_NUM_THREADS'],
  openblas: ['OPENBLAS_NUM_THREADS', 'GOTO_NUM_THREADS', 'OMP_NUM_THREADS'],
  mkl: ['MKL_NUM_THREADS', 'MKL_DOMAIN_NUM_THREADS', 'OMP_NUM_THREADS'],
  blis: ['BLIS_NUM_THREADS', ...BLIS_WAYS, 'OMP_NUM_THREADS'],
};

/** The variable by which the user has set this pool's threads. */
export function ownVariable(
  pool: { internalApi: string; threadingLayer?: string },
  env: Environment = process.env,
): string | undefined {
  // Built on OpenMP, OpenBLAS reads no variable but OpenMP's.
  const onOpenmp = pool.internalApi === 'openblas' && pool.threadingLayer === 'openmp';
  const names = OWN_VARIABLES[onOpenmp ? 'openmp' : pool.internalApi] ?? [];
  return names.find((name) => setByUser(name, env));
}

let lease: number | undefined;
let current: number | undefined;

/**
 * Sets the default number of threads for BLAS and OpenMP, also for libraries that are loaded
 * later; undefined takes it back. Heddle's own operations don't need it and are not bound by it.
 */
export function setDefaultThreads(threads: number | undefined): void {
  const targets = allPools();
  if (threads === current) return;
  if (lease !== undefined) closeLease(lease);
  lease = undefined;
  current = threads;
  if (threads === undefined) return;
  const rule = (pool: Pool) => {
    const concerned = pool.userApi === 'blas' || pool.userApi === 'openmp';
    const free = concerned && pool instanceof NativePool && !ownVariable(pool.record);
    return free ? threads : undefined;
  };
  lease = openLease(targets, { rule, blas: 0, openmp: 0 }, { standing: true, isDefault: true });
}
