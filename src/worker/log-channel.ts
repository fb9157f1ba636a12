/**
 * The way out for log lines of a worker. Loggers use it; in the main program it is closed.
 */
import type { LogMessage } from '../protocol/index.ts';

let logChannel: ((message: LogMessage) => void) | null = null;

export function openLogChannel(send: (message: LogMessage) => void): void {
  logChannel = send;
}

/** Sends a log line to the parent, or null where this is no worker. */
export function workerLogChannel(): ((message: LogMessage) => void) | null {
  return logChannel;
}
