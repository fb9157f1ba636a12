/**
 * What the scheduler and a worker say to each other: the same in every backend.
 */
import type { SegmentHandle } from '../memory/index.ts';
import type { ValueBatch } from './value-batch.ts';

/** How a task's argument becomes a call. */
export type CallMode =
  /** fn(task, ctx) */
  | 'task'
  /** fn(model, task, ctx) */
  | 'model'
  /** fn(...task, ctx) */
  | 'spread'
  /**
   * functions[task[0]](...task[1]). Behind that there may be further calls, three elements each: function,
   * arguments, and the positions among these where the result of the call before goes; both null where that
   * is the only argument, which saves most chains most of their bytes. Of three elements, the last of them
   * null, it is a fold: functions[task[0]] of the first two values in task[1], then of each result and the
   * next value.
   */
  | 'calls'
  /**
   * functions[task[0]](...task[1]), as in mode 'calls', but the arguments may be a sealed array, and what is
   * behind them are pairs of a position among them and the sealed value that goes there. Results are sealed.
   */
  | 'objects';

/** A function on its way: the functions' payload, or, in the same environment, itself. */
export type FunctionMessage =
  | { readonly kind: 'local'; readonly fn: (...args: never[]) => unknown }
  | { readonly kind: 'payload'; readonly payload: unknown };

/** A worker's place, told before anything else. */
export interface WorkerInit {
  readonly type: 'init';
  readonly id: number;
  readonly backend: string;
  readonly level: number;
  /** Threads inside BLAS and the like; -1 leaves them alone. */
  readonly childThreads: number;
  /** Whether somebody asked for that number: then it goes before the user's variables. */
  readonly childThreadsAsked: boolean;
  readonly maxBytes: number;
  /** Whether it keeps to its share of the cores, though others leave theirs. */
  readonly elastic?: false;
  /** The folder that the worker process goes to. */
  readonly cwd?: string;
  /** The priority that the worker gives its threads. */
  readonly nice?: number;
  /** Tasks that the worker may run at a time, each of a batch of its own; 1 where it is left out. */
  readonly concurrency?: number;
  readonly initializer?: FunctionMessage;
  /** Called before the worker ends because it is told to. */
  readonly teardown?: FunctionMessage;
}

/** Opens a context: functions, the model they share, and settings. Comes before its batches. */
export interface OpenMessage {
  readonly type: 'open';
  readonly context: number;
  /** The environment that the job comes from: its own classes go back to it by their ids. */
  readonly from?: string;
  readonly mode: CallMode;
  readonly functions: readonly FunctionMessage[];
  /** In mode 'model': the codec's message, or in the same environment the model. */
  readonly model?: unknown;
  /** In mode 'model': the method of the model to call instead of a function. */
  readonly method?: string;
  /** What has been registered for classes of others: the codec's messages. */
  readonly serializers?: readonly unknown[];
  readonly scope: unknown;
  /** The entropy of the job's random numbers. */
  readonly seed?: unknown;
  /** Errors are results: a batch goes on after one. */
  readonly collectErrors: boolean;
  /** Send each result when it is there, so that none is lost with a worker that is killed. */
  readonly eager: boolean;
  /** Results don't wait for a task that waits for something. */
  readonly prompt?: true;
  /** Report the worker's memory after each batch. */
  readonly memory: boolean;
  /** Report what native operations have had of the cores: somebody looks. */
  readonly cores?: true;
  readonly maxBytes: number;
  /** Milliseconds that a task may run, where the backend keeps the time. */
  readonly timeout?: number;
  /** Called once per worker before the job's first task, where workers serve jobs of many pools. */
  readonly initializer?: FunctionMessage;
  /** When a worker is to be replaced, where that is not the scheduler's to do. */
  readonly limits?: { readonly maxTasksPerWorker?: number; readonly maxWorkerMemory?: number };
}

/** More functions for a context of mode 'calls'. */
export interface FunctionsMessage {
  readonly type: 'functions';
  readonly context: number;
  readonly functions: readonly FunctionMessage[];
}

/** Tasks whose indices follow each other. */
export interface BatchMessage {
  readonly type: 'batch';
  readonly context: number;
  readonly run: number;
  readonly batch: number;
  /** The claim word of the worker's claim table that counts for this batch. */
  readonly slot: number;
  /** Index of the first task in its job. */
  readonly first: number;
  readonly args: ValueBatch;
}

/** A context that won't be used again. */
export interface CloseMessage {
  readonly type: 'close';
  readonly context: number;
}

/** Tasks of the run are not wanted any more: `ctx.signal` aborts. */
export interface AbortMessage {
  readonly type: 'abort';
  readonly run: number;
}

/** End when what is running is done. */
export interface StopMessage {
  readonly type: 'stop';
}

/** Memory of a message can't be opened: who has sent it is asked for the bytes. */
export interface AskMessage {
  readonly type: 'ask';
  /** Number of the question. */
  readonly id: number;
  readonly handle: SegmentHandle;
}

/** The answer to an {@link AskMessage}. */
export interface BytesMessage {
  readonly type: 'bytes';
  readonly id: number;
  /** Null where they can't be had. */
  readonly bytes: ArrayBuffer | null;
}

/** Something for whoever keeps objects and actors, from a task that needs one. */
export interface RequestMessage {
  readonly type: 'request';
  /** Number of the request; 0 where no answer is wanted. */
  readonly id: number;
  /** The codec's message. */
  readonly body: unknown;
}

/** The answer to a {@link RequestMessage}. */
export interface ReplyMessage {
  readonly type: 'reply';
  readonly id: number;
  readonly ok: boolean;
  /** The codec's message: of a sealed value, or of what was thrown. */
  readonly body: unknown;
}

export type ToWorker =
  | WorkerInit
  | OpenMessage
  | FunctionsMessage
  | BatchMessage
  | CloseMessage
  | AbortMessage
  | AskMessage
  | BytesMessage
  | ReplyMessage
  | StopMessage;

/** The worker is up. */
export interface ReadyMessage {
  readonly type: 'ready';
  /**
   * Add to a time of the worker's clock to get the monotonic clock of the scheduler's machine (ms);
   * null where the worker's clock is the scheduler's `performance.now()`. A backend whose workers are
   * on another machine corrects it on the way, by what it knows of the two clocks.
   */
  readonly clockOffset: number | null;
  /** Version of this package in the worker: the scheduler takes none but its own. */
  readonly version: string;
  /** The worker's Node and platform, such as 'node-v20.19.0-linux-x64'. */
  readonly build: string;
}

/** Who ran a task, where it was not the worker itself: an engine that it handed the batch to. */
export interface RunBy {
  /** Number of the engine. */
  readonly engine: number;
  /** Name of its machine. */
  readonly node: string;
  readonly pid: number;
  /** Threads inside it that are its own. */
  readonly threads?: number;
}

/** Results of tasks of a batch whose places follow each other. */
export interface ResultMessage {
  readonly type: 'result';
  readonly run: number;
  readonly batch: number;
  readonly slot: number;
  /** Place of the first of these tasks in the batch. */
  readonly offset: number;
  readonly values: ValueBatch;
  /** Start and end of each task by the worker's clock; empty in the last message if all was said. */
  readonly times: Float64Array;
  /** Nothing more comes for this batch. */
  readonly last: boolean;
  /** Bytes that the worker takes, where the context asks. */
  readonly memory?: number;
  readonly by?: RunBy;
}

/**
 * What the native operations of a worker have had of the cores since its last such message; comes before the results
 * of the tasks that called them. Only where the context asks.
 */
export interface CoresMessage {
  readonly type: 'cores';
  readonly run: number;
  readonly batch: number;
  /** Start and end by the worker's clock, and cores, of each span; 0 cores while an operation waited for some. */
  readonly spans: readonly number[];
}

/** A task threw, or its result can't be sent. */
export interface FailureMessage {
  readonly type: 'failure';
  readonly run: number;
  readonly batch: number;
  readonly offset: number;
  /** The codec's message, or in the same environment the thrown value. */
  readonly error: unknown;
  readonly start: number;
  readonly end: number;
  /** Which call of a task failed that is several; the first where it is not there. */
  readonly step?: number;
  readonly by?: RunBy;
}

/** The arguments of a batch can't be made in the worker; none of its tasks has run. */
export interface UnreadableMessage {
  readonly type: 'unreadable';
  readonly batch: number;
  readonly error: unknown;
}

/** A context can't be opened: a function or the model can't be made in the worker. */
export interface OpenFailedMessage {
  readonly type: 'open-failed';
  readonly context: number;
  readonly error: unknown;
}

/** The worker can't be set up: the pool's initializer threw. It ends. */
export interface InitFailedMessage {
  readonly type: 'init-failed';
  /** What failed, where it was not the initializer: 'A worker could not …'. */
  readonly what?: string;
  readonly error: unknown;
}

/** Something threw outside of tasks, and ends the worker. */
export interface FatalMessage {
  readonly type: 'fatal';
  readonly error: unknown;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** Something that a task wrote to the console or a logger. */
export interface LogMessage {
  readonly type: 'log';
  readonly level: LogLevel;
  readonly text: string;
  /** Fields of a structured log line. */
  readonly fields?: unknown;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly by?: RunBy;
}

/** Tasks advanced a progress bar. */
export interface ProgressMessage {
  readonly type: 'progress';
  readonly run: number;
  readonly amount: number;
}

export type FromWorker =
  | ReadyMessage
  | ResultMessage
  | CoresMessage
  | FailureMessage
  | UnreadableMessage
  | OpenFailedMessage
  | InitFailedMessage
  | FatalMessage
  | LogMessage
  | AskMessage
  | BytesMessage
  | RequestMessage
  | ProgressMessage;
