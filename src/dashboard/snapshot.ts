/**
 * All that can be said of this program's work at one moment.
 */
import { coreBudget } from '../config/index.ts';
import { type ExecutorStats, executorStats } from '../executor/index.ts';
import { type PoolStats, poolStats, type WorkerStats, workerStats } from '../scheduler/index.ts';
import { type ThreadpoolInfo, threadpoolInfo } from '../threadpools/index.ts';

/** A reading of pools, workers and native operations; plain data that JSON carries. */
export interface Snapshot {
  /** `performance.now()` of this program (ms). */
  readonly time: number;
  readonly pid: number;
  /** Cores that are this program's. */
  readonly cores: number;
  /** Native operations of this process. */
  readonly executor: ExecutorStats;
  readonly pools: readonly PoolStats[];
  readonly workers: readonly WorkerStats[];
  /** The thread pools that are loaded into this process. */
  readonly threadpools: readonly ThreadpoolInfo[];
}

/**
 * What pools, workers and the native executor of this program do now. Nothing need have been opened before; it costs
 * some microseconds, and nothing when it is not called.
 *
 * @example
 * ```ts
 * const { executor, pools, workers } = snapshot();
 * console.log(executor.busy, pools[0]?.queue, workers.filter(({ state }) => state === 'busy').length);
 * ```
 */
export function snapshot(): Snapshot {
  return {
    time: performance.now(),
    pid: process.pid,
    cores: coreBudget(),
    executor: { ...executorStats() },
    pools: poolStats(),
    workers: workerStats(),
    threadpools: threadpoolInfo(),
  };
}
