/**
 * One engine under every API: jobs, runs, pools of workers, and what a job's results go to.
 */
export { onAbort } from './abort.ts';
export { systemClock } from './clock.ts';
export { Deadlines, timeLeft } from './deadlines.ts';
export {
  CallSite,
  type RunningTask,
  TaskError,
  TaskTimeoutError,
  WorkerCrashedError,
  WorkerSetupError,
  WorkerStartError,
} from './errors.ts';
export {
  type BatchFinishedEvent,
  channels,
  type FinishedEvent,
  type GraphSnapshot,
  type GraphTaskState,
  type GraphView,
  notify,
  type PoolListener,
  poolListeners,
  type RunEndedEvent,
  type RunListener,
  type RunStartedEvent,
  type TaskRejectedEvent,
  type WorkerEndedEvent,
  type WorkerEvent,
} from './events.ts';
export { decideReached, howEnded, oldestFirst } from './exits.ts';
export type { TimeStats } from './histogram.ts';
export { Job, type TaskDescriber, valueCodec } from './job.ts';
export {
  type ParallelOptions,
  type ProgressSettings,
  parallelOptions,
  progressSettings,
  type ResolvedOptions,
  readProgress,
} from './options.ts';
export type { WorkerPool } from './pool.ts';
export type { PoolStats } from './pool-stats.ts';
export {
  closeJob,
  poolFor,
  poolStats,
  prepareWorker,
  shutdownWorkers,
  waitingFutures,
} from './pools.ts';
export { MAX_BYTES, resolveOptions, START_TIMEOUTS } from './resolve.ts';
export { ResponsiveTimer } from './responsive-timer.ts';
export { Run } from './run.ts';
export { dropRun, startRun } from './scheduler.ts';
export { CollectSink, type Sink, StreamSink } from './sink.ts';
export { type TaskSource, taskSource } from './source.ts';
export type { JobStats, TaskTimes } from './stats.ts';
export { warnOfMore } from './worker-count.ts';
export { workerSettings } from './worker-settings.ts';
export { runningRuns, type WorkerStats, workerStats } from './worker-stats.ts';
