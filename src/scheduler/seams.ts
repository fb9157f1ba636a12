/**
 * What the parts of the scheduler know of each other: types, and nothing that runs. A pool knows its
 * runs by {@link RunPort}, a run its pool by {@link PoolPort}, and both their workers by {@link
 * PooledWorker}.
 */
import type {
  Backend,
  BatchMessage,
  FailureMessage,
  Progress,
  ResultMessage,
  UnreadableMessage,
  WorkerPort,
} from '../protocol/index.ts';
import type { Clock } from './clock.ts';
import type { RunListener } from './events.ts';
import type { Job } from './job.ts';

/**
 * What a worker is doing for its pool. A worker that is draining takes no new work and ends when what
 * it has begun is done; one that is killed has been told to end at once.
 */
export type WorkerState = 'starting' | 'ready' | 'draining' | 'killed' | 'dead';

/** Why a worker ends or has ended. */
export type ExitReason =
  /** It was told to stop, and had nothing left to do. */
  (
    | { readonly kind: 'done' }
    /** It said itself what was thrown in it outside of tasks. */
    | { readonly kind: 'uncaught' }
    /** This side ended it. */
    | { readonly kind: 'killed'; readonly why: string }
    /** The task at this position of its oldest batch ran longer than the job's time-out. */
    | { readonly kind: 'expired'; readonly position: number }
    /** By itself. */
    | { readonly kind: 'ended' }
  ) & {
    /** What it said before its end. */
    readonly error?: unknown;
    /** How it ended, once it is dead. */
    readonly loss?: WorkerLoss;
  };

/** Tasks that wait to be sent, whose indices follow each other. */
export interface Chunk {
  readonly first: number;
  readonly args: ArrayLike<unknown>;
}

/** How a worker ended, for the tasks that it had. */
export interface WorkerLoss {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why, where it was lost and no task is to blame. */
  readonly lost?: string;
  readonly cause?: unknown;
  readonly hint?: string;
  /**
   * The cause was thrown by no task: by a timer, an event, or a promise that nobody awaited. Any task
   * that the worker ever had may have left that behind.
   */
  readonly stray?: boolean;
}

/** A batch's arguments, packed to be sent. */
export interface PackedBatch {
  readonly message: BatchMessage['args'];
  readonly transfer: readonly unknown[];
  readonly release: (() => void) | null;
}

/** Tasks that have been sent to a worker together. */
export interface Batch {
  readonly id: number;
  readonly run: RunPort;
  readonly worker: PooledWorker;
  readonly slot: number;
  readonly first: number;
  readonly args: ArrayLike<unknown>;
  readonly sent: number;
  /** Drops what keeps shared arguments alive. */
  readonly release: (() => void) | null;
  /** Tasks that are still this worker's; fewer than were sent when some were taken back. */
  count: number;
  /** Tasks of which the outcome is known. They come in order. */
  settled: number;
  /** One has failed, and the worker leaves the others out. */
  broken: boolean;
  /** Milliseconds that the settled tasks took. */
  spent: number;
  /** Its last message has come. */
  finished: boolean;
}

/** A worker, as runs know it. */
export interface PooledWorker {
  readonly id: number;
  readonly backend: Backend;
  readonly port: WorkerPort;
  readonly state: WorkerState;
  /** Why it ends or has ended; null while it is to go on. */
  readonly exitReason: ExitReason | null;
  /** Whether it takes new work. */
  readonly usable: boolean;
  /** Version of this package in the worker; null before it has said that it is there. */
  readonly version: string | null;
  /** Batches on their way. */
  readonly load: number;
  /** Tasks that have been sent to it. */
  readonly tasks: number;
  /** The batch that it runs, or will run first. */
  readonly oldest: Batch | null;
  /** When the latest message came. */
  readonly lastMessageAt: number;
  /** Add to a time of the worker to get one of ours. */
  readonly clockOffset: number;
  send(run: RunPort, first: number, args: ArrayLike<unknown>, packed: PackedBatch): Batch;
  steal(batch: Batch, most: number): number;
  free(batch: Batch): void;
  hold(): void;
  letGo(): void;
  abort(run: RunPort): void;
  kill(why: string): void;
  /** Ends it because the task at this position of its oldest batch has run too long. */
  expire(position: number): void;
  whenEnded(ms: number, callback: () => void): void;
}

/** A run, as its pool and the workers know it. */
export interface RunPort {
  readonly id: number;
  readonly job: Job;
  readonly listeners: RunListener[];
  readonly ended: boolean;
  readonly endedAt: number;
  /** Workers that could have something to do. */
  readonly wanted: number;
  start(): void;
  fail(error: unknown): void;
  /** Gives a worker a batch, if there is one for it. */
  offer(worker: PooledWorker): boolean;
  /** Takes tasks of another worker for one that has nothing to do. */
  steal(worker: PooledWorker): 'stolen' | 'later' | 'nothing';
  /** Takes back all that a worker has not begun. */
  withdraw(worker: PooledWorker): void;
  /** A worker has ended; others may take its place. */
  disengage(worker: PooledWorker): void;
  result(batch: Batch, message: ResultMessage): void;
  failure(batch: Batch, message: FailureMessage): void;
  unreadable(batch: Batch, message: UnreadableMessage): void;
  refuse(worker: PooledWorker, what: string, error: unknown): void;
  lost(batch: Batch, reached: Progress, loss: WorkerLoss): void;
}

/** A pool, as its runs know it. */
export interface PoolPort {
  readonly clock: Clock;
  /** Gives work to whoever can take some. */
  pump(): void;
  /** There is more to do: there may be no worker any more. */
  refill(): void;
  detach(run: RunPort): void;
}
