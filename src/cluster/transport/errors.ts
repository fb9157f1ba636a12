/**
 * Errors about engines.
 */
import type { RunBy, WorkerExit } from '../../protocol/index.ts';
import { howEnded, type RunningTask } from '../../scheduler/index.ts';

function shown(tasks: readonly RunningTask[]): string {
  if (tasks.length === 0) return '';
  const first = tasks[0]!;
  const more = tasks.length > 1 ? ` and ${tasks.length - 1} more` : '';
  return `; without a result: task ${first.index} (${first.argument})${more}`;
}

/** An engine ended, or was not there, with work that was for this one engine. */
export class EngineLostError extends Error {
  override readonly name = 'EngineLostError';
  readonly code = 'ERR_HEDDLE_ENGINE_LOST';
  /** Number of the engine. */
  readonly engine: number;
  /** Name of its machine. */
  readonly node: string;
  /** Process id; -1 where it had none. */
  readonly pid: number;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The tasks that have no result. */
  readonly tasks: readonly RunningTask[];

  constructor({ engine, node, pid }: RunBy, exit: WorkerExit, tasks: readonly RunningTask[]) {
    const who = pid > 0 ? `Engine ${engine} (process ${pid} on ${node})` : `Engine ${engine}`;
    const cause = exit.error === undefined ? {} : { cause: exit.error };
    const why = exit.error ? ` (${exit.error.message})` : '';
    super(`${who} ${ended(exit)}${why}${shown(tasks)}`, cause);
    this.engine = engine;
    this.node = node;
    this.pid = pid;
    this.exitCode = exit.reason === 'exit' ? exit.code : null;
    this.signal = exit.reason === 'signal' ? exit.signal : null;
    this.tasks = tasks;
  }
}

function ended(exit: WorkerExit): string {
  const text = howEnded(exit);
  return exit.reason === 'exit' ? text : `was ${text}`;
}

/** A cluster can't do what is asked of it: it has been stopped, or has no engines. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
  readonly code = 'ERR_HEDDLE_CLUSTER';
}
