/**
 * Log lines of workers: they come out in the main program, whole and in order.
 */

import { typeError } from '../errors.ts';
import { besideProgress } from '../progress/index.ts';
import type { LogLevel, LogMessage } from '../protocol/index.ts';
import { poolListeners, type WorkerEvent } from '../scheduler/index.ts';
import { workerLogChannel } from '../worker/index.ts';
import { plainFields } from './fields.ts';

/** A method of a logger, as pino's: `log.info('text')` or `log.info({ user: 3 }, 'text')`. */
export interface LogMethod {
  (text: string): void;
  (fields: object, text?: string): void;
}

/** What pino, bunyan and their like have in common. */
export type Logger = { readonly [level in LogLevel]: LogMethod };

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

let current: Logger | null = null;

/**
 * Sets where log lines of workers go, and what {@link getLogger} writes to: a logger such as
 * pino's, or null for the console.
 */
export function setLogger(logger: Logger | null): void {
  if (logger !== null) {
    for (const level of levels) {
      if (typeof logger?.[level] !== 'function') {
        throw typeError('logger', logger, `an object with the methods ${levels.join(', ')}`);
      }
    }
  }
  current = logger;
}

const methods = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  fatal: 'error',
} as const;

/** Writes a line of the main program's own. */
function write(level: LogLevel, fields: object | null, text: string): void {
  if (current) {
    if (fields) current[level](fields, text);
    else current[level](text);
    return;
  }
  besideProgress(() => {
    if (fields) console[methods[level]](text, fields);
    else console[methods[level]](text);
  });
}

function makeMethod(level: LogLevel): LogMethod {
  return (first: string | object, text: string = '') => {
    const fields = typeof first === 'string' ? null : first;
    const line = typeof first === 'string' ? first : text;
    const logChannel = workerLogChannel();
    if (!logChannel) {
      write(level, fields, line);
      return;
    }
    const message: LogMessage = { type: 'log', level, text: line, time: Date.now() };
    logChannel(fields ? { ...message, fields: plainFields(fields) } : message);
  };
}

const own = Object.fromEntries(
  levels.map((level) => [level, makeMethod(level)]),
) as unknown as Logger;

/**
 * The logger for tasks and for the main program: what is written to it in a worker comes out of the
 * logger that the main program has set, with the number of the worker.
 *
 * @example
 * ```ts
 * getLogger().info({ user }, 'scored');
 * ```
 */
export function getLogger(): Logger {
  return own;
}

/** Puts a mark before each line of a text. */
function marked(mark: string, text: string): string {
  return mark + text.replaceAll('\n', `\n${mark}`);
}

poolListeners.add({
  log(event: WorkerEvent, message: LogMessage): void {
    const { level, text } = message;
    const fields = (message.fields ?? null) as object | null;
    if (current) {
      const { worker, pid, threadId } = event;
      const where = threadId === undefined ? { worker, pid } : { worker, pid, threadId };
      current[level]({ ...where, ...message.by, ...fields }, text);
      return;
    }
    const logChannel = workerLogChannel();
    if (logChannel) {
      // A worker with workers of its own hands on what they say.
      logChannel(message);
      return;
    }
    const { by } = message;
    const who = by ? `engine ${by.engine} ${by.node}` : `worker ${event.worker}`;
    write(level, fields, marked(`[${who} ${level}] `, text));
  },
});
