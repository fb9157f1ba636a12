/**
 * Where native operations get their threads, and the memory of their results.
 */
export {
  BLOCKING,
  type ExecutionOptions,
  type ExecutorStats,
  executorStats,
  type QueuedOptions,
  queued,
  resolveThreads,
} from './executor.ts';
export { type Allocate, type ArrayConstructor, uninitialized, zeros } from './results.ts';
