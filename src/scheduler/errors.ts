/**
 * The errors of jobs.
 */
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { errorText, preview } from '../errors.ts';
import type { WorkerAddress } from '../protocol/index.ts';

const FRAMES = 6;
/** The engine's own: a program may replace it. */
const { captureStackTrace } = Error;

/**
 * Where in the caller's program a job was started; its frames end the stacks of task errors.
 *
 * Walking the stack takes 3 to 5 µs, a good part of a small task's whole way. So a call sends its
 * tasks first, and notes its site while the workers are busy with them.
 */
export class CallSite {
  #above: ((...args: never[]) => unknown) | null;
  readonly #noted: { stack?: string } = {};

  /** @param above - the function whose caller is the site */
  constructor(above: (...args: never[]) => unknown) {
    this.#above = above;
  }

  /** Walks the stack, if that has not been done; the function `above` must be running. */
  note(): void {
    if (!this.#above) return;
    const above = this.#above;
    this.#above = null;
    const { stackTraceLimit } = Error;
    // Every call pays for this, and few ever show it.
    const shortened = typeof stackTraceLimit === 'number' && limitFrames(FRAMES, stackTraceLimit);
    captureStackTrace?.(this.#noted, above);
    if (shortened) Error.stackTraceLimit = stackTraceLimit;
  }

  /**
   * The frames of the site, below a line of no meaning; none where Error.prepareStackTrace, which is
   * the program's, throws or makes something else of them than text.
   */
  get stack(): string | undefined {
    this.note();
    try {
      const { stack } = this.#noted;
      return typeof stack === 'string' ? stack : undefined;
    } catch {
      return undefined;
    }
  }
}

/** Whether stacks are that short now: a program may have frozen the limit. */
function limitFrames(frames: number, before: number): boolean {
  try {
    Error.stackTraceLimit = Math.min(before, frames);
    return true;
  } catch {
    return false;
  }
}

/** Where this library's files are, and what they were compiled from, which source maps name. */
const OWN_FILES = ['../', '../../src/'].map((at) => fileURLToPath(new URL(at, import.meta.url)));

/** The lines of a stack below its message. */
function frames(stack: string | undefined): string {
  if (!stack) return '';
  const first = stack.search(/^ {4}at /m);
  if (first < 0) return '';
  // What called the task is this library's business: its own frames and Node's around them.
  const lines = stack.slice(first).trimEnd().split('\n');
  const own = (line: string): boolean => OWN_FILES.some((at) => line.includes(at));
  const last = lines.findLastIndex((line) => !own(line) && !/[( ]node:/.test(line));
  const called = lines.slice(last + 1);
  return (called.some(own) ? lines.slice(0, last + 1) : lines).join('\n');
}

/** Gives an error that was made by an event the stack of the call that it is about. */
function showSite(error: Error, site: CallSite | undefined): void {
  const outer = frames(site?.stack);
  if (outer) error.stack = `${error.name}: ${error.message}\n${outer}`;
}

function messageOf(cause: unknown): string {
  const text = errorText(cause);
  return text ? `${text.name}: ${text.message}` : preview(cause);
}

/** A task, in words. */
function named({ index, argument, label }: RunningTask): string {
  return label === undefined ? `task ${index} (${argument})` : `task '${label}' (${argument})`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A task failed: it threw, or its argument or result can't be sent. */
export class TaskError extends Error {
  override readonly name = 'TaskError';
  readonly code = 'ERR_HEDDLE_TASK';
  /** The task's place in the input. */
  readonly index: number;
  /** The task's argument, as far as it fits on a line. */
  readonly argument: string;
  /** What the task is called, where it is a call of a graph. */
  readonly label: string | undefined;

  constructor(task: RunningTask, cause: unknown, site?: CallSite) {
    super(`${capital(named(task))} failed: ${messageOf(cause)}`, { cause });
    this.index = task.index;
    this.argument = task.argument;
    this.label = task.label;
    const inner = frames(errorText(cause)?.stack);
    const outer = frames(site?.stack);
    this.stack = [`${this.name}: ${this.message}`, inner, outer && '    --- called from ---', outer]
      .filter(Boolean)
      .join('\n');
  }
}

/** A task that was running when its worker ended, or ran too long. */
export interface RunningTask {
  readonly index: number;
  /** The task's argument, as far as it fits on a line. */
  readonly argument: string;
  /** What it is called, where it is a call of a graph. */
  readonly label?: string;
}

function list(tasks: readonly RunningTask[]): string {
  if (tasks.length === 0) return 'no task was running';
  const names = tasks.slice(0, 3).map(named);
  const more = tasks.length > 3 ? ` and ${tasks.length - 3} more` : '';
  return `running: ${names.join(', ')}${more}`;
}

/** How a worker ended, in words. */
export interface CrashReport {
  readonly backend: string;
  readonly address: WorkerAddress;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Where it was lost: why. */
  readonly lost?: string;
  readonly tasks: readonly RunningTask[];
  /** What the worker reported before it ended. */
  readonly cause?: unknown;
  readonly hint?: string;
  /** The cause was thrown by no task: by a timer, an event, or a promise that nobody awaited. */
  readonly stray?: boolean;
  /** How often this task has ended its worker. */
  readonly times?: number;
}

const STRAY =
  'It was thrown outside of tasks (by a timer, an event, or a promise that nobody awaited), perhaps ' +
  'by what an earlier task of this worker had left behind.';

/** A worker ended while it had work. */
export class WorkerCrashedError extends Error {
  override readonly name = 'WorkerCrashedError';
  readonly code = 'ERR_HEDDLE_WORKER_CRASHED';
  /** Name of the worker's machine. */
  readonly host: string;
  /** Process id of the worker; of this process, for a thread. */
  readonly pid: number;
  readonly threadId: number | undefined;
  readonly exitCode: number | null;
  /** The signal that ended it. */
  readonly signal: NodeJS.Signals | null;
  /** The tasks that were running. */
  readonly tasks: readonly RunningTask[];

  constructor(report: CrashReport, site?: CallSite) {
    const { address, exitCode, signal, lost, cause } = report;
    const { host, pid, threadId } = address;
    const where = host === hostname() ? '' : ` on ${host}`;
    const who = (threadId === undefined ? `process ${pid}` : `thread ${threadId}`) + where;
    const died = signal ? `was killed by ${signal}` : `exited with code ${exitCode}`;
    const how = lost === undefined ? died : `was lost: ${lost}`;
    const why = cause === undefined ? '' : ` (${messageOf(cause)})`;
    const again =
      report.times && report.times > 1
        ? ` It is not tried again: it has been lost with ${report.times} workers.`
        : '';
    const hint = report.hint ? ` ${report.hint}` : '';
    const stray = report.stray && report.tasks.length > 0 ? ` ${STRAY}` : '';
    super(
      `Worker ${who} ${how}${why}; ${list(report.tasks)}.${stray}${again}${hint}`,
      cause === undefined ? {} : { cause },
    );
    this.host = host;
    this.pid = pid;
    this.threadId = threadId;
    this.exitCode = exitCode;
    this.signal = signal;
    this.tasks = report.tasks;
    showSite(this, site);
  }
}

/** A task ran longer than the option `timeout` allows; its worker was ended. */
export class TaskTimeoutError extends Error {
  override readonly name = 'TaskTimeoutError';
  readonly code = 'ERR_HEDDLE_TIMEOUT';
  readonly index: number;
  readonly argument: string;
  /** What the task is called, where it is a call of a graph. */
  readonly label: string | undefined;
  /** The limit in milliseconds. */
  readonly timeout: number;

  constructor(task: RunningTask, timeout: number, site?: CallSite) {
    super(`${capital(named(task))} ran longer than the time-out of ${timeout} ms`);
    this.label = task.label;
    this.index = task.index;
    this.argument = task.argument;
    this.timeout = timeout;
    showSite(this, site);
  }
}

const flags: Readonly<Record<string, string>> = {
  WorkerThreads: '--allow-worker',
  ChildProcess: '--allow-child-process',
};

/** What Node's permission model wants to be told. */
function permission(cause: unknown): string {
  const flag = flags[(cause as { permission?: string } | null | undefined)?.permission ?? ''];
  return flag ? `. The permission model asks for ${flag}.` : '';
}

/** Workers can't be started. */
export class WorkerStartError extends Error {
  override readonly name = 'WorkerStartError';
  readonly code = 'ERR_HEDDLE_WORKER_START';

  constructor(backend: string, what: string, cause?: unknown) {
    super(`No worker of the backend '${backend}' could be started: ${what}${permission(cause)}`, {
      cause,
    });
  }
}

/** A function or a model can't be made in a worker. */
export class WorkerSetupError extends Error {
  override readonly name = 'WorkerSetupError';
  readonly code = 'ERR_HEDDLE_WORKER_SETUP';

  constructor(what: string, cause: unknown, site?: CallSite) {
    super(`${what}: ${messageOf(cause)}`, { cause });
    const inner = frames(errorText(cause)?.stack);
    const outer = frames(site?.stack);
    this.stack = [`${this.name}: ${this.message}`, inner, outer].filter(Boolean).join('\n');
  }
}
