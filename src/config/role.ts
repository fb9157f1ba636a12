/**
 * What this JavaScript environment is: the main program, or a worker of a job.
 */
import { rangeError } from '../errors.ts';

/** The place of an environment in the tree of workers. */
export interface WorkerRole {
  /** 0 in the main program, 1 in its workers, 2 in workers of these. */
  readonly level: number;
  readonly kind: 'main' | 'process' | 'thread';
  /** In a worker: the threads that runtimes may take there. */
  readonly childThreads?: number;
  /** Whether somebody asked for that number; else it is this worker's share of the cores. */
  readonly childThreadsAsked?: boolean;
  /** False: its operations keep to that number, though others leave their cores. */
  readonly elastic?: boolean;
}

let role: WorkerRole = { level: 0, kind: 'main' };

/** The role of this environment. */
export function workerRole(): WorkerRole {
  return role;
}

/** Declares this environment a worker; its entry module calls this before anything else. */
export function becomeWorker(next: WorkerRole): void {
  if (!Number.isSafeInteger(next.level) || next.level < 0) {
    throw rangeError('role.level', next.level, 'a whole number of at least 0');
  }
  const { childThreads } = next;
  if (childThreads !== undefined && !(Number.isSafeInteger(childThreads) && childThreads >= 1)) {
    throw rangeError('role.childThreads', childThreads, 'a whole number of at least 1');
  }
  role = Object.freeze({ ...next });
}
