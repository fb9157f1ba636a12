/**
 * What a scheduler and a worker say to each other, each type once.
 */
export type {
  Backend,
  BackendFactory,
  ResourceLimits,
  WorkerEvents,
  WorkerExit,
  WorkerPort,
  WorkerSpec,
} from './backend.ts';
export { CLAIM_TABLE_BYTES, ClaimTable, MAX_TASKS, SLOTS } from './claims.ts';
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
export { MAILBOX_BYTES, Mailbox } from './mailbox.ts';
export type {
  BatchMessage,
  CallMode,
  FailureMessage,
  FromWorker,
  FunctionMessage,
  LogLevel,
  LogMessage,
  OpenMessage,
  ResultMessage,
  ToWorker,
  UnreadableMessage,
  WorkerInit,
} from './messages.ts';
export { packMessage, unpackMessage } from './tuples.ts';
export { valueCount } from './value-batch.ts';
