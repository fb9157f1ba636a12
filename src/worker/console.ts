/**
 * The console of a worker: what is written to it comes out in the parent, a message at a time, so
 * that lines of two workers never mix.
 */
import { formatWithOptions, inspect } from 'node:util';
import type { LogLevel, LogMessage } from '../protocol/index.ts';

/** The engine's own: a task may replace it. */
const { captureStackTrace } = Error;

const levels: readonly (readonly ['debug' | 'log' | 'info' | 'warn' | 'error', LogLevel])[] = [
  ['debug', 'debug'],
  ['log', 'info'],
  ['info', 'info'],
  ['warn', 'warn'],
  ['error', 'error'],
];

/** Sends what is written to the global console through `send`. */
export function redirectConsole(send: (message: LogMessage) => void): void {
  const write = (level: LogLevel, text: string): void => {
    send({ type: 'log', level, text, time: Date.now() });
  };
  let indent = '';
  const indented = (text: string): string =>
    indent === '' ? text : indent + text.replaceAll('\n', `\n${indent}`);
  for (const [method, level] of levels) {
    console[method] = (...args: unknown[]) =>
      write(level, indented(formatWithOptions({}, ...args)));
  }
  console.dir = (value: unknown, options?: object) =>
    write('info', indented(inspect(value, { customInspect: false, ...options })));
  console.trace = (...args: unknown[]) => {
    const holder = { name: 'Trace', message: formatWithOptions({}, ...args), stack: '' };
    captureStackTrace?.(holder, console.trace);
    // A program may make something else than text of stacks (Error.prepareStackTrace).
    const { stack } = holder as { stack: unknown };
    const heading = `Trace: ${holder.message}`;
    write('error', indented(typeof stack === 'string' ? stack : heading));
  };
  console.group = (...args: unknown[]) => {
    if (args.length > 0) console.log(...args);
    indent += '  ';
  };
  console.groupCollapsed = console.group;
  console.groupEnd = () => {
    indent = indent.slice(2);
  };
}
