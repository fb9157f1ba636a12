/**
 * What a backend is: something that starts workers and carries messages to them. These are the types
 * that a backend of another package implements; docs/backends.md explains them with an example.
 */
import type { FromWorker, ToWorker, WorkerInit } from './messages.ts';

/**
 * How far away a backend's workers are, which is what the codec encodes for.
 *
 * - `'local'`: in this JavaScript environment; values are handed over as they are
 * - `'thread'`: in another thread of this process
 * - `'process'`: in another process of this machine and user, which can map memory of this one
 * - `'machine'`: anywhere; every byte goes through the messages
 */
export type Reach = 'local' | 'thread' | 'process' | 'machine';

/** How much work is sent at a time; all but `growth` in milliseconds. */
export interface Pace {
  /** How long a batch is to take. Longer batches hide slower messages. */
  readonly target: number;
  /** Batches at the end of a job are not cut shorter than this. */
  readonly least: number;
  /**
   * Workers that run batches shorter than this get the next one ahead. 0: a worker gets a batch when
   * it has done the one before.
   */
  readonly prefetch: number;
  /** By how much a batch may be larger than the one before. */
  readonly growth: number;
}

/** Limits of a worker's heap, as `node:worker_threads` takes them; processes have the first two. */
export interface ResourceLimits {
  readonly maxOldGenerationSizeMb?: number;
  readonly maxYoungGenerationSizeMb?: number;
  readonly codeRangeSizeMb?: number;
  readonly stackSizeMb?: number;
}

/** What a job may ask of the start of its workers. */
export interface WorkerSettings {
  /** What its environment has other than that of this process; undefined: what it has not. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Flags for Node, after those of this process. */
  readonly execArgv?: readonly string[];
  /** What `process.argv` has after the program. */
  readonly argv?: readonly string[];
  /** The folder that it works in, as an absolute path; it goes there itself, by {@link WorkerInit}. */
  readonly cwd?: string;
  /** The priority of its threads, from -20 (first) to 19 (last); it takes it, by {@link WorkerInit}. */
  readonly nice?: number;
  readonly resourceLimits?: ResourceLimits;
}

/**
 * Which settings a backend's workers can be started with; what is not there is refused. A function says
 * why a value can't be had, or undefined.
 */
export type AcceptedSettings = {
  readonly [K in keyof WorkerSettings]?:
    | true
    | ((value: NonNullable<WorkerSettings[K]>) => string | undefined);
};

/**
 * How a worker is to be started. It is the worker's first message, too, which may leave out what is of
 * {@link WorkerSettings} alone.
 */
export interface WorkerSpec extends WorkerInit, Omit<WorkerSettings, keyof WorkerInit> {}

/** The first message of a worker that has been started as it says. */
export function initMessage(spec: WorkerSpec): WorkerInit {
  const { env: _env, execArgv: _flags, argv: _argv, resourceLimits: _, ...init } = spec;
  return init;
}

/** How far a worker had come with a batch when it ended. */
export interface Progress {
  /** Tasks that it had begun, those that are done included. */
  readonly claimed: number;
  /** Position in the batch of the task that ran, if one did and it is known. */
  readonly position: number | null;
  /** The batch was about to begin: its arguments, its functions or its model were being made. */
  readonly beforeFirstTask?: boolean;
}

/** How a worker ended. */
export type WorkerExit = (
  | { readonly reason: 'exit'; readonly code: number }
  | { readonly reason: 'signal'; readonly signal: NodeJS.Signals }
  /** Nobody knows, or the way to it is gone: no task is to blame, and all run again. */
  | { readonly reason: 'lost'; readonly why: string }
) & {
  /** What was thrown outside of tasks, or kept the worker from starting. */
  readonly error?: Error;
  /** The error was thrown outside of tasks, and ended the worker. */
  readonly uncaught?: boolean;
  /** How far the oldest of its batches had come, where the port has no `claims` that tell it. */
  readonly reached?: Progress;
  /**
   * Position, in the oldest of its batches, of the task that the backend ended it for, because that
   * ran longer than the job's `timeout`; for backends that keep the time themselves.
   */
  readonly expired?: number;
};

/** What a worker tells its owner. */
export interface WorkerEvents {
  /** A message of the worker's; the first is `ready`. */
  message(message: FromWorker): void;
  /** Called once, after the last message. */
  exit(exit: WorkerExit): void;
}

/** A task that a worker runs. */
export interface Running {
  /** Position of the task in its batch. */
  readonly position: number;
  /** When it started, by the worker's clock (ms). */
  readonly since: number;
}

/**
 * The scheduler's side of memory that it shares with one worker, in which the worker claims each task
 * before it runs it. Tasks that have not been claimed can be taken back.
 */
export interface Claims {
  /** Opens a slot for a batch of `count` tasks; before it is sent. */
  open(slot: number, count: number): void;
  /** Takes back up to `most` tasks from the end of a batch, and says how many it got. */
  steal(slot: number, most: number): number;
  /** Tasks of the batch that nobody has claimed. */
  unclaimed(slot: number): number;
  /** The end of the batch: the position of its first task that has been taken back. */
  end(slot: number): number;
  /** The task of the batch that runs, if one does. */
  running(slot: number): Running | null;
}

/** The worker's side of {@link Claims}. */
export interface TaskClaims {
  /** Position of the next task of the batch, or -1 when none is left. */
  claim(slot: number): number;
  /** Tasks of the batch that nobody has claimed. */
  unclaimed(slot: number): number;
  /** Notes that a task of the batch begins; `now` by the worker's clock (ms). */
  begin(slot: number, position: number, now: number): void;
  /** Notes that no task of the batch runs. */
  idle(slot: number): void;
}

/** Where a worker is. */
export interface WorkerAddress {
  /** Name of the machine, as `os.hostname()` gives it. */
  readonly host: string;
  /** Process id; of the process that a thread is in, for a thread; -1 while it is not known. */
  readonly pid: number;
  readonly threadId?: number;
}

/** A worker as its owner sees it. */
export interface WorkerPort {
  /** Memory that is shared with the worker; null where there is none, and nothing can be taken back. */
  readonly claims: Claims | null;
  /**
   * Batches that may be on their way to the worker, those that run included; at least 1. A worker
   * runs no more tasks at a time than that, whatever the spec's `concurrency` says.
   */
  readonly slots: number;
  readonly address: WorkerAddress;
  /**
   * Sends a message. Messages arrive in order. What is in `transfer` belongs to the worker then. One
   * that asks for no answer (`open`, `functions`, `close`) may wait for the next, or for the end of
   * this turn of the event loop.
   *
   * @throws where the message can't be sent; the worker is as it was
   */
  send(message: ToWorker, transfer?: readonly unknown[]): void;
  /** Sends now what waits: the worker is to let go of memory, and this thread may be busy for long. */
  flush?(): void;
  /**
   * Told when the worker has got something to do, before that is sent, and when it has nothing more:
   * meanwhile others may have its cores.
   */
  working?(working: boolean): void;
  /** Ends the worker at once, whatever it does; `exit` follows. */
  kill(): void;
  /** Lets the worker keep this process alive. */
  ref(): void;
  /** Lets this process end although the worker lives. A worker starts like this. */
  unref(): void;
}

/** Starts workers. */
export interface Backend {
  /** What errors, events and `ctx.worker` call it. */
  readonly name: string;
  readonly reach: Reach;
  /** The knob that says how many workers a job gets by default; null: `processes`, or {@link width}. */
  readonly knob: 'processes' | 'threads' | null;
  /** Default: what suits workers of this machine. */
  readonly pace?: Pace;
  /** The backend ends tasks that run longer than the job's `timeout`, which it is told with the job. */
  readonly keepsTime?: true;
  /**
   * How many workers make sense now. Where it is there, `jobs` left out means all of them, at any
   * time; a job of one worker is no reason to run in the calling process, and this machine's cores
   * are no limit.
   */
  width?(): number;
  /** Calls back when {@link width} has changed, until the result is disposed of. */
  changed?(listener: () => void): Disposable;
  /** What a job may ask of the start of its workers. Default: nothing. */
  readonly settings?: AcceptedSettings;
  /** Why `jobs` workers can't be had, or undefined. */
  refuses?(jobs: number): string | undefined;
  /**
   * Starts a worker. Its messages and its exit are told from later turns of the event loop, not
   * before this has returned.
   *
   * @throws where no worker can be started
   */
  start(spec: WorkerSpec, events: WorkerEvents): WorkerPort;
  /** Lets go of what the backend itself holds; called when it is taken back, after its workers. */
  close?(): Promise<void>;
}

/** Makes a backend; called when it is first used. */
export type BackendFactory = () => Backend;
