/**
 * Workers of backends that are not Heddle's own: whatever carries the messages, this runs them.
 */
import {
  BUILD,
  type FromWorker,
  type TaskClaims,
  type ToWorker,
  VERSION,
} from '../protocol/index.ts';
import { plainError } from './failures.ts';
import { startWorker } from './host.ts';

/** What {@link serveWorker} is given. */
export interface ServeOptions {
  /**
   * Sends a message to the scheduler. Messages must arrive in order. What has not left this process
   * when a task ends it is lost, so a `send` that writes at once tells more about crashes.
   */
  send(message: FromWorker): void;
  /**
   * `'process'`: the scheduler runs on this machine as the same user, and large arrays go through
   * shared memory; the backend's `reach` must be the same. Default `'machine'`.
   */
  readonly reach?: 'process' | 'machine';
  /** The worker's side of the port's `claims`, where it has some. */
  readonly claims?: TaskClaims | null;
  /** Ends this worker, when all that it had to do is done. Default: `process.exit(0)`. */
  stop?(): void;
  /** Bytes that this worker takes, for `maxWorkerMemory`. Default: the process's resident memory. */
  memory?(): number;
}

/**
 * Makes this environment a worker, which it stays: its console goes to the scheduler, and what is
 * thrown outside of tasks ends it. One environment is one worker. It says that it is ready at once.
 *
 * @returns takes the scheduler's messages, in order, the first of which is the port's {@link
 *   WorkerSpec}
 *
 * @example
 * ```ts
 * const reader = new FrameReader<ToWorker>((message) => receive(message));
 * const receive = serveWorker({ send: (message) => socket.write(encodeFrame(message)) });
 * socket.on('data', (bytes) => reader.push(bytes));
 * ```
 */
export function serveWorker(options: ServeOptions): (message: ToWorker) => void {
  const send = (message: FromWorker): void => options.send(message);
  const receive = startWorker({
    kind: options.reach ?? 'machine',
    claims: options.claims ?? null,
    send,
    memory: () => options.memory?.() ?? process.memoryUsage.rss(),
    stop: () => (options.stop ? options.stop() : process.exit(0)),
  });
  process.on('uncaughtException', (error) => {
    if (process.listenerCount('uncaughtException') > 1) return; // a task has its own
    send({ type: 'fatal', error: plainError(error) });
    process.exitCode = 1;
    if (options.stop) options.stop();
    else process.exit(1);
  });
  // The scheduler's machine may be another one: its backend sets the two clocks against each other.
  send({ type: 'ready', clockOffset: 0, version: VERSION, build: BUILD });
  return receive;
}
