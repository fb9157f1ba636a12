/**
 * What the parts of the scheduler know of each other: types, and nothing that runs. A pool knows its
 * runs by {@link RunPort}, a run its pool by {@link PoolPort}, and both their workers by {@link
 * PooledWorker}.
 */
import type {
  Ask,
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
import type { PoolTally } from './pool-stats.ts';
import type { JobStats } from './stats.ts';

/**
 * What a worker is doing for its pool. A worker that is draining takes no new work and ends when what
 * it has begun is done; one that is killed has been told to end at once.
 */
export type WorkerState = 'starting' | 'ready' | 'draining' | 'killed' | 'dead';

/** A task on its way. */
export interface BatchTask {
  readonly batch: Batch;
  readonly position: number;
}

/** Why a worker ends or has ended. */
export type ExitReason =
  /** It was told to stop, and had nothing left to do. */
  (
    | { readonly kind: 'done' }
    /** It said itself what was thrown in it outside of tasks. */
    | { readonly kind: 'uncaught' }
    /** This side ended it. */
    | { readonly kind: 'killed'; readonly why: string }
    /** It gave no sign of life for so long (ms) after its start: this side ended it. */
    | { readonly kind: 'silent'; readonly ms: number }
    /** These of its tasks ran longer than their job's time-out. */
    | { readonly kind: 'expired'; readonly tasks: readonly BatchTask[] }
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
  /** It is one task, and no other may run beside it: one that does not end its worker is cleared. */
  readonly alone?: boolean;
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
  /** The tasks that ran at that moment, where they were several: any of them may be to blame. */
  readonly beside?: readonly BatchTask[];
}

/** A batch's arguments, packed to be sent. */
export interface PackedBatch {
  readonly message: BatchMessage['args'];
  readonly transfer: readonly unknown[];
  readonly release: (() => void) | null;
  readonly takeAway: (() => void) | null;
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
  /** What native operations had of the cores for the next results, as in a `CoresMessage`; null: none. */
  cores: readonly number[] | null;
  /** Its last message has come. */
  finished: boolean;
  /**
   * Where a worker can't tell which task runs: since when the first unsettled task of the batch may
   * have run; Infinity while it waits behind others.
   */
  begun: number;
  /** No other batch goes to the worker beside it. */
  readonly alone: boolean;
  /** It is one task, which has been given something that nobody else has: it can't be sent again. */
  readonly moved: boolean;
  /** It is one task: takes away here what it was to be given, when it has succeeded; else null. */
  readonly takeAway: (() => void) | null;
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
  /** Tasks that it may run at a time, each of another batch. */
  readonly concurrency: number;
  /** Its batches on their way; null for a slot that is free. */
  readonly slots: readonly (Batch | null)[];
  /** The run that alone may send it something, because one of its tasks has to run alone. */
  reservedFor: RunPort | null;
  /** Tasks that have been sent to it. */
  readonly tasks: number;
  /** Since when it is up; null before. */
  readonly upSince: number | null;
  /** When the latest message came. */
  readonly lastMessageAt: number;
  /** Add to a time of the worker to get one of ours. */
  readonly clockOffset: number;
  send(run: RunPort, chunk: Chunk, packed: PackedBatch): Batch;
  steal(batch: Batch, most: number): number;
  free(batch: Batch): void;
  /** Lets it keep the process up, until it has nothing to do. */
  ref(): void;
  hold(): void;
  letGo(): void;
  abort(run: RunPort): void;
  kill(why: string): void;
  /** Ends it because these of its tasks have run too long. */
  expire(tasks: readonly BatchTask[]): void;
  /** Asks it for the bytes of memory that can't be opened here. */
  readonly ask: Ask;
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
  /** Tasks that no worker has begun, as far as the input tells how many there are. */
  readonly waiting: number;
  stats(): JobStats;
  start(): void;
  fail(error: unknown): void;
  /** Gives a worker a batch, if there is one for it. */
  offer(worker: PooledWorker): boolean;
  /** Takes tasks of another worker for one that has nothing to do. */
  steal(worker: PooledWorker): 'stolen' | 'later' | 'nothing';
  /** Takes back all that a worker has not begun. */
  withdraw(worker: PooledWorker): void;
  /** Takes back all that its workers have not begun. */
  withdrawAll(): void;
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
  readonly tally: PoolTally;
  /** Gives work to whoever can take some. */
  pump(): void;
  /** There is more to do: there may be no worker any more. */
  refill(): void;
  detach(run: RunPort): void;
}
