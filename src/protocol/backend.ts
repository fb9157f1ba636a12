/**
 * What a backend is: something that starts workers and carries messages to them.
 */
import type { ClaimTable } from './claims.ts';
import type { FromWorker, ToWorker, WorkerInit } from './messages.ts';

/** Limits of a worker thread's heap, as `node:worker_threads` takes them. */
export interface ResourceLimits {
  readonly maxOldGenerationSizeMb?: number;
  readonly maxYoungGenerationSizeMb?: number;
  readonly codeRangeSizeMb?: number;
  readonly stackSizeMb?: number;
}

/** How a worker is to be started. */
export interface WorkerSpec extends WorkerInit {
  readonly resourceLimits?: ResourceLimits;
}

/** How a worker ended. */
export interface WorkerExit {
  /** Its exit code, or null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What was thrown outside of tasks, or kept the worker from starting. */
  readonly error?: Error;
  /** The error was thrown outside of tasks, and ended the worker. */
  readonly uncaught?: boolean;
}

/** What a worker tells its owner. */
export interface WorkerEvents {
  message(message: FromWorker): void;
  /** Called once, after the last message. */
  exit(exit: WorkerExit): void;
}

/** A worker as its owner sees it. */
export interface WorkerPort {
  /** The memory that the worker claims tasks in; null where the backend has none. */
  readonly claims: ClaimTable | null;
  /** Process id; of the process that a thread is in, for a thread. */
  readonly pid: number;
  readonly threadId?: number;
  /** Sends a message. Messages arrive in order. What is in `transfer` belongs to the worker then. */
  send(message: ToWorker, transfer?: readonly unknown[]): void;
  /** Ends the worker at once, whatever it does. */
  kill(): void;
  /** Lets the worker keep this process alive. */
  ref(): void;
  /** Lets this process end although the worker lives. A worker starts like this. */
  unref(): void;
}

/** Starts workers. */
export interface Backend {
  readonly name: string;
  /** What the codec encodes for; null where values are handed over as they are. */
  readonly to: 'thread' | 'process' | null;
  /** The knob that says how many workers a job gets by default. */
  readonly knob: 'processes' | 'threads' | null;
  /** Why `jobs` workers can't be had, or undefined. */
  refuses?(jobs: number): string | undefined;
  start(spec: WorkerSpec, events: WorkerEvents): WorkerPort;
}

/** Makes a backend; called when it is first used. */
export type BackendFactory = () => Backend;
