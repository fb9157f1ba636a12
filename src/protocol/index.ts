/**
 * What a scheduler and a worker say to each other, each type once.
 */
export type {
  AcceptedSettings,
  Backend,
  BackendFactory,
  Claims,
  Pace,
  Progress,
  Reach,
  ResourceLimits,
  Running,
  TaskClaims,
  WorkerAddress,
  WorkerEvents,
  WorkerExit,
  WorkerPort,
  WorkerSettings,
  WorkerSpec,
} from './backend.ts';
export { initMessage } from './backend.ts';
export { ClaimTable, claimTableBytes, MAX_CONCURRENCY, MAX_TASKS, slotsFor } from './claims.ts';
export { clockOffset, systemNow } from './clock.ts';
export {
  type Codec,
  type FunctionLoader,
  localCodec,
  type Packed,
  remoteCodec,
  type TaskFunction,
  type ValueCodec,
} from './codec.ts';
export { encodeFrame, FrameReader } from './frames.ts';
export { Mailbox, mailboxBytes } from './mailbox.ts';
export { type Ask, decodeWithBytes, MemoryExchange } from './memory-exchange.ts';
export type {
  AbortMessage,
  AskMessage,
  BatchMessage,
  BytesMessage,
  CallMode,
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
  ProgressMessage,
  ReadyMessage,
  ReplyMessage,
  RequestMessage,
  ResultMessage,
  RunBy,
  StopMessage,
  ToWorker,
  UnreadableMessage,
  WorkerInit,
} from './messages.ts';
export { STAND_STILL, THREAD_WORDS_BYTES, ThreadWord } from './thread-end.ts';
export { eachMessage, joinMessages, packMessage, unpackMessage } from './tuples.ts';
export { type ValueBatch, valueCount } from './value-batch.ts';
export { BUILD, VERSION } from './version.ts';
