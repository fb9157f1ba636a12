/**
 * What goes on now: each worker, where it is, what it does, and when it was last heard of; and the runs.
 */

import type { WorkerPool } from './pool.ts';
import { doing, type PoolStats } from './pool-stats.ts';
import { currentPools } from './pools.ts';
import type { RunPort } from './seams.ts';

/** A worker of a pool; from `workerStats()`. Times are in milliseconds of `performance.now()`. */
export interface WorkerStats {
  readonly worker: number;
  readonly backend: string;
  /** The option `pool`; null for a worker that is everybody's. */
  readonly pool: string | null;
  readonly host: string;
  readonly pid: number;
  readonly threadId: number | null;
  readonly state: keyof PoolStats['workers'];
  /** Tasks that have been sent to it, and runs whose tasks it has now. */
  readonly tasks: number;
  readonly runs: readonly number[];
  /** Since when it is up, and when its latest message came; null before. */
  readonly upSince: number | null;
  readonly lastMessageAt: number | null;
}

/** The workers of a pool, in the order of their start. */
function workersOf(pool: WorkerPool): WorkerStats[] {
  return Array.from(pool.workers, (worker): WorkerStats => {
    const { host, pid, threadId } = worker.port.address;
    const runs = worker.slots.flatMap((batch) => (batch ? [batch.run.id] : []));
    return {
      worker: worker.id,
      backend: pool.backend.name,
      pool: pool.name,
      host,
      pid,
      threadId: threadId ?? null,
      state: doing(worker),
      tasks: worker.tasks,
      runs: [...new Set(runs)],
      upSince: worker.upSince,
      lastMessageAt: worker.lastMessageAt || null,
    };
  });
}

/** The workers that the pools of this environment have now; the environment itself is none. */
export function workerStats(): WorkerStats[] {
  return currentPools().shared.flatMap(workersOf);
}

/** The runs that go on now in this environment, oldest first. */
export function runningRuns(): RunPort[] {
  const { shared, local } = currentPools();
  return [...shared, ...local].flatMap((pool) => [...pool.runs]).sort((a, b) => a.id - b.id);
}
