/**
 * Errors of calls that several engines have.
 */
import { errorText, preview } from '../../errors.ts';
import type { RunBy } from '../../protocol/index.ts';
import { type CallSite, type RunningTask, TaskError } from '../../scheduler/index.ts';

/** Errors that fit in a message. */
const MAX_SHOWN = 4;

/** A task failed on an engine. */
export class EngineTaskError extends TaskError {
  /** Number of the engine. */
  readonly engine: number;
  /** Name of its machine. */
  readonly node: string;

  constructor(task: RunningTask, cause: unknown, { engine, node }: RunBy, site?: CallSite) {
    super(task, cause, site);
    this.engine = engine;
    this.node = node;
  }
}

/** What an error is in the message of others: what a task threw, without the frame around it. */
function shown(error: unknown): string {
  const { engine } = (error ?? {}) as { engine?: unknown };
  const inner = error instanceof TaskError ? error.cause : error;
  const text = errorText(inner);
  const what = text ? `${text.name}: ${text.message}` : preview(inner);
  return typeof engine === 'number' ? `[engine ${engine}] ${what}` : what;
}

/**
 * Calls that belong together have failed, or some of them. `errors` has what became of each: an {@link
 * EngineTaskError} or an {@link EngineLostError} with the number of its engine, a TaskError, a
 * WorkerCrashedError.
 */
export class CompositeError extends AggregateError {
  override readonly name = 'CompositeError';
  readonly code = 'ERR_HEDDLE_COMPOSITE';

  /**
   * @param errors - of the calls that failed
   * @param calls - how many there were
   * @param site - where they were made
   */
  constructor(errors: readonly unknown[], calls: number, site?: CallSite) {
    const first = errors.slice(0, MAX_SHOWN).map(shown);
    const more = errors.length > MAX_SHOWN ? [`… (${errors.length - MAX_SHOWN} more)`] : [];
    super(errors, `${errors.length} of ${calls} failed: ${[...first, ...more].join('; ')}`);
    // Its first line says nothing.
    const frames = site?.stack?.replace(/^.*\n/, '');
    if (frames) this.stack = `${this.name}: ${this.message}\n${frames}`;
  }
}
