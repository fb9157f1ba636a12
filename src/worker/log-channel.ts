/**
 * The way out for log lines of a worker. Loggers use it; in the main program it is closed.
 */
import type { LogMessage } from '../protocol/index.ts';

let outlet: ((message: LogMessage) => void) | null = null;

export function openOutlet(send: (message: LogMessage) => void): void {
  outlet = send;
}

/** Sends a log line to the parent, or null where this is no worker. */
export function workerLogChannel(): ((message: LogMessage) => void) | null {
  return outlet;
}
