/**
 * What the scheduler tells to whoever listens: progress bars, traces, and subscribers of
 * `node:diagnostics_channel`. The scheduler never calls a listener's floor itself.
 */
import { channel } from 'node:diagnostics_channel';
import type { LogMessage, RunBy } from '../protocol/index.ts';

/** Results (or a failure) of one message of a worker. Times are of `performance.now()` here. */
export interface FinishedEvent {
  readonly run: number;
  readonly first: number;
  readonly count: number;
  readonly failed: boolean;
  readonly worker: number;
  /** Who ran them, where that was not the worker itself. */
  readonly by?: RunBy;
  readonly batch: number;
  /** Start and end of each task, by the worker's clock. */
  readonly times: ArrayLike<number>;
  /** Add to these times. */
  readonly clockOffset: number;
}

/** What happens to a job's tasks. All methods are optional. */
export interface RunListener {
  dispatched?(count: number, worker: number, batch: number): void;
  /** Tasks were taken back from a worker, and will be sent again. */
  withdrawn?(count: number): void;
  finished?(event: FinishedEvent): void;
  /** A task advanced the job's progress by itself. */
  advanced?(amount: number): void;
  /** The job has ended, well or not. */
  ended?(error: unknown): void;
}

/** What a task of a graph is doing. */
export type GraphTaskState = 'waits' | 'ready' | 'started' | 'done' | 'failed' | 'cancelled';

/** How far a graph of calls has come. Its tasks are calls, or chains of calls. */
export interface GraphSnapshot {
  readonly labels: readonly string[];
  readonly states: readonly GraphTaskState[];
  /** Pairs of tasks by their places in `labels`: what is needed, and who needs it. */
  readonly needs: readonly (readonly [need: number, user: number])[];
}

/** A graph that a run makes, for who looks at it. */
export interface GraphView {
  /** Calls, or chains of calls, in it. */
  readonly size: number;
  /** What a task is called, by its number in the run. */
  labelOf(index: number): string;
  snapshot(): GraphSnapshot;
}

/** A job's tasks begin: `heddle:run:started`. */
export interface RunStartedEvent {
  readonly run: number;
  /** The option `label`, else the function's name; empty where it has none. */
  readonly label: string;
  readonly backend: string;
  /** How many tasks there are; undefined where the input's length is not known. */
  readonly tasks: number | undefined;
  /** The graph that it makes; only of graphs. */
  readonly graph?: GraphView;
  /** `performance.now()`. */
  readonly time: number;
}

/** A job has ended: `heddle:run:ended`. */
export interface RunEndedEvent {
  readonly run: number;
  readonly label: string;
  /** Tasks that were done, failed ones included, and those that failed. */
  readonly finished: number;
  readonly failed: number;
  /** What it ended with, if not well. */
  readonly error?: unknown;
  readonly time: number;
}

/** Tasks one after the other are done: `heddle:batch:finished`, once for each message of a worker. */
export interface BatchFinishedEvent {
  readonly run: number;
  readonly first: number;
  readonly count: number;
  readonly failed: boolean;
  readonly worker: number;
  /** Who ran them, where that was not the worker itself. */
  readonly by?: RunBy;
  /** Start of the first and end of the last, of `performance.now()` here. */
  readonly started: number;
  readonly completed: number;
  /** Threads that BLAS and OpenMP may take in the worker; -1 where nothing limits them. */
  readonly threads: number;
  /**
   * What the native operations of the worker had of the cores meanwhile, which is more than `threads` where others left
   * theirs: start and end (`performance.now()` here) and cores of each span; 0 cores while one waited for some. Missing
   * where there were none, and of jobs that began before anybody listened.
   */
  readonly cores?: readonly number[];
}

/** A task has failed for good: `heddle:task:rejected`. */
export interface TaskRejectedEvent {
  readonly run: number;
  readonly label: string;
  readonly index: number;
  /** A `TaskError`, or what tells how its worker was lost. */
  readonly error: Error;
  readonly time: number;
}

/** A worker, as events name it. */
export interface WorkerEvent {
  readonly worker: number;
  readonly backend: string;
  readonly host: string;
  readonly pid: number;
  readonly threadId?: number;
}

/** How a worker ended. */
export interface WorkerEndedEvent extends WorkerEvent {
  readonly reason: 'exit' | 'signal' | 'lost';
  readonly code: number | null;
  readonly signal: string | null;
  /** What was thrown outside of tasks, or kept it from starting. */
  readonly error?: unknown;
}

/** What happens to workers. */
export interface PoolListener {
  workerStarted?(event: WorkerEvent): void;
  workerEnded?(event: WorkerEndedEvent): void;
  log?(event: WorkerEvent, message: LogMessage): void;
}

/** Listeners to all pools of this environment. */
export const poolListeners = new Set<PoolListener>();

/**
 * Calls listeners. What one of them throws is an uncaught exception of its own, as it is with
 * `node:diagnostics_channel`: no job ends or waits because of it.
 */
export function notify<L>(listeners: Iterable<L>, call: (listener: L) => void): void {
  for (const listener of listeners) {
    try {
      call(listener);
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }
}

/** What is told of tasks costs something for each of them; what is told of runs and batches doesn't. */
export const channels = {
  runStarted: channel('heddle:run:started'),
  runEnded: channel('heddle:run:ended'),
  batchFinished: channel('heddle:batch:finished'),
  taskDispatched: channel('heddle:task:dispatched'),
  taskFinished: channel('heddle:task:finished'),
  taskFailed: channel('heddle:task:failed'),
  taskRejected: channel('heddle:task:rejected'),
  workerStarted: channel('heddle:worker:started'),
  workerEnded: channel('heddle:worker:ended'),
} as const;
