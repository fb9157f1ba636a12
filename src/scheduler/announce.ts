/**
 * What is told of workers: to the listeners of this package, and on the channels that programs subscribe to.
 */
import type { LogMessage, WorkerExit } from '../protocol/index.ts';
import { channels, notify, poolListeners, type WorkerEvent } from './events.ts';
import type { PoolWorker } from './worker.ts';

function eventOf(worker: PoolWorker): WorkerEvent {
  return { worker: worker.id, backend: worker.backend.name, ...worker.port.address };
}

/** A worker has been started; it need not be up. */
export function announceStart(worker: PoolWorker): void {
  const event = eventOf(worker);
  notify(poolListeners, (one) => one.workerStarted?.(event));
  if (channels.workerStarted.hasSubscribers) channels.workerStarted.publish(event);
}

/** @param error - what ended it, if anything did */
export function announceEnd(worker: PoolWorker, exit: WorkerExit, error: unknown): void {
  const event = {
    ...eventOf(worker),
    reason: exit.reason,
    code: exit.reason === 'exit' ? exit.code : null,
    signal: exit.reason === 'signal' ? exit.signal : null,
    ...(error === undefined ? {} : { error }),
  };
  notify(poolListeners, (one) => one.workerEnded?.(event));
  if (channels.workerEnded.hasSubscribers) channels.workerEnded.publish(event);
}

/** A line that a worker has logged, or that is logged of it. */
export function announceLog(worker: PoolWorker, message: LogMessage): void {
  const event = eventOf(worker);
  notify(poolListeners, (one) => one.log?.(event, message));
}
