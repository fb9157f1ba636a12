/**
 * What a user calls: `map`, `imap`, invokers, `Parallel`.
 */
export { type CoreUse, coreUse, registerBackend } from '../backends/index.ts';
export {
  CycleError,
  type Delayable,
  type DelayedCall,
  type DelayedOptions,
  DependencyError,
  delayed,
} from '../graphs/index.ts';
export { getLogger, type Logger, type LogMethod, setLogger } from '../logging/index.ts';
export {
  invokeProgress,
  Progress,
  type ProgressOptions,
  type ProgressStream,
} from '../progress/index.ts';
export type {
  AbortMessage,
  AcceptedSettings,
  AskMessage,
  Backend,
  BackendFactory,
  BatchMessage,
  BytesMessage,
  CallMode,
  Claims,
  CloseMessage,
  FailureMessage,
  FatalMessage,
  FromWorker,
  FunctionMessage,
  FunctionsMessage,
  InitFailedMessage,
  LogLevel,
  LogMessage,
  OpenFailedMessage,
  OpenMessage,
  Pace,
  Progress as BatchProgress,
  ProgressMessage,
  Reach,
  ReadyMessage,
  ResourceLimits,
  ResultMessage,
  RunBy,
  Running,
  StopMessage,
  TaskClaims,
  ToWorker,
  UnreadableMessage,
  ValueBatch,
  WorkerAddress,
  WorkerEvents,
  WorkerExit,
  WorkerInit,
  WorkerPort,
  WorkerSettings,
  WorkerSpec,
} from '../protocol/index.ts';
export { encodeFrame, FrameReader, MAX_TASKS, systemNow, VERSION } from '../protocol/index.ts';
export {
  type JobStats,
  type ParallelOptions,
  type PoolStats,
  type ProgressSettings,
  poolStats,
  type RunningTask,
  shutdownWorkers,
  TaskError,
  TaskTimeoutError,
  type TaskTimes,
  type TimeStats,
  WorkerCrashedError,
  type WorkerEvent,
  WorkerSetupError,
  WorkerStartError,
} from '../scheduler/index.ts';
export {
  type ServeOptions,
  serveWorker,
  type TaskContext,
  type TaskProgress,
  type WorkerInfo,
} from '../worker/index.ts';
export { type BroadcastOptions, broadcast } from './broadcast.ts';
export { type CallResults, Parallel } from './calls.ts';
export { type ChunkFunction, mapChunks, type WorkChunk, WorkChunks } from './chunks.ts';
export { describeParallel, type ParallelDescription } from './describe.ts';
export { Executor, type ExecutorOptions, executor, submit } from './executor.ts';
export { Future, type FutureMetadata, type FutureState } from './future.ts';
export { type MaxQueue, QueueFullError } from './future-queue.ts';
export {
  type Computed,
  type ComputedSettled,
  type ComputeOptions,
  compute,
  type PersistOptions,
  persist,
  type VisualizeOptions,
  visualize,
} from './graphs.ts';
export {
  type InvokeOptions,
  invoker,
  type MethodName,
  type ModelFunction,
  ModelInvoker,
} from './invoker.ts';
export {
  imap,
  map,
  type Settled,
  type StreamOptions,
  type TaskFunction,
  type Tasks,
} from './map.ts';
export { type ReduceOptions, reduce } from './reduce.ts';
export { ResultStream } from './stream.ts';
export {
  type AsCompletedOptions,
  asCompleted,
  type Waited,
  type WaitOptions,
  wait,
} from './waiting.ts';
