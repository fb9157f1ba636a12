/**
 * What a call would use, and why.
 */
import { coreBudget } from '../config/index.ts';
import { type ParallelOptions, resolveOptions } from '../scheduler/index.ts';

/** The layout of a job; from {@link describeParallel}. */
export interface ParallelDescription {
  readonly backend: string;
  /** Workers. */
  readonly jobs: number;
  /** Threads inside BLAS and the like in each worker; -1: left alone. */
  readonly childThreads: number;
  /** Cores that this process may use. */
  readonly cores: number;
  readonly batchSize: number | 'auto';
  /** Tasks that a worker may run at a time. */
  readonly concurrency: number;
  /** Batches that may be on their way. */
  readonly preDispatch: number;
  /** How these numbers came about, a sentence each. */
  readonly reasons: readonly string[];
}

/** Says what a call with these options would use at this place, and why. Starts nothing. */
export function describeParallel(options?: ParallelOptions): ParallelDescription {
  const resolved = resolveOptions(options);
  const { backend, jobs, childThreads, batchSize, concurrency, maxBatches, reasons } = resolved;
  return {
    backend: backend.name,
    jobs,
    childThreads,
    cores: coreBudget(),
    batchSize,
    concurrency,
    preDispatch: maxBatches,
    reasons,
  };
}
