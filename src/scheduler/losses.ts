/**
 * What becomes of tasks whose worker has ended: which one is to blame, and which run again.
 */
import { preview } from '../errors.ts';
import type { Progress } from '../protocol/index.ts';
import { type CallSite, type RunningTask, TaskTimeoutError, WorkerCrashedError } from './errors.ts';
import type { Job } from './job.ts';
import type { Batch, Chunk, WorkerLoss } from './seams.ts';

/** What is to happen to the tasks of a batch. */
export interface Verdict {
  /** Tasks that are sent again. */
  readonly again: Chunk[];
  /** Tasks that have failed for good. */
  readonly failed: { readonly index: number; readonly argument: unknown; readonly error: Error }[];
  /** Ends the run, whatever it does with errors of tasks. */
  fatal?: Error;
}

/** A task that has ended its worker so often is not tried again, whatever `retries` says. */
const MAX_CRASHES = 2;

/** A task whose workers were lost so often is not tried again, although it is not to blame. */
const MAX_LOST = 8;

/** So many workers in a row may end before a task: a batch is halved until that one is found. */
const MAX_OPENINGS = 12;

export function slice(args: ArrayLike<unknown>, from: number, to: number): unknown[] {
  return Array.prototype.slice.call(args, from, to) as unknown[];
}

/** Two halves of some tasks, of which the last one is to be sent first. */
export function halves({ first, args }: Chunk): [Chunk, Chunk] {
  const half = args.length >> 1;
  return [
    { first: first + half, args: slice(args, half, args.length) },
    { first, args: slice(args, 0, half) },
  ];
}

/** Keeps count of a run's crashes, and judges. */
export class LossKeeper {
  readonly #job: Job;
  readonly #site: CallSite;
  /** How often a task has ended its worker. */
  readonly #crashes = new Map<number, number>();
  /** Tasks that were running when a stray exception ended their worker. */
  readonly #bystanders = new Set<number>();
  /** How often a task has been lost with a worker that was not ended by it. */
  readonly #lost = new Map<number, number>();
  /** Workers that ended in a row before their first task. */
  #openings = 0;

  constructor(job: Job, site: CallSite) {
    this.#job = job;
    this.#site = site;
  }

  /** Tasks have been run. */
  advanced(): void {
    this.#openings = 0;
  }

  /** Decides about a batch of a worker that has ended. */
  decide(
    batch: Batch,
    { claimed, position, beforeFirstTask = false }: Progress,
    loss: WorkerLoss,
  ): Verdict {
    const verdict: Verdict = { again: [], failed: [] };
    const { settled, count, args, first } = batch;
    const begun = Math.max(Math.min(claimed, count), settled);
    if (begun < count) {
      const rest = { first: first + begun, args: slice(args, begun, count) };
      if (beforeFirstTask) this.#notBegun(batch, rest, loss, verdict);
      else verdict.again.push(rest);
    }
    if (position !== null || begun > settled) this.#begun(batch, begun, position, loss, verdict);
    return verdict;
  }

  /**
   * A worker has ended before it began a batch. Whoever kills workers from outside does no harm; a
   * task whose argument can't be made without that is found, and the others run.
   */
  #notBegun(batch: Batch, rest: Chunk, loss: WorkerLoss, verdict: Verdict): void {
    const { first, args } = rest;
    // What an argument makes when it is decoded is caught: a stray exception is not from there.
    const crashes = (this.#crashes.get(first) ?? 0) + (loss.stray ? 0 : 1);
    const endless = ++this.#openings >= MAX_OPENINGS;
    if (!endless && loss.stray) verdict.again.push(rest);
    else if (!endless && args.length > 1) verdict.again.push(...halves(rest));
    else if (!endless && crashes < MAX_CRASHES) {
      this.#crashes.set(first, crashes);
      verdict.again.push(rest);
    } else {
      const error = this.#crashed(batch, [this.#named(first, args[0])], loss, crashes);
      if (endless) verdict.fatal = error;
      else verdict.failed.push({ index: first, argument: args[0], error });
    }
  }

  /** Tasks that were begun: where one is known to have run, that one is to blame. */
  #begun(
    batch: Batch,
    end: number,
    position: number | null,
    loss: WorkerLoss,
    { again, failed }: Verdict,
  ): void {
    const { worker, settled, args, first } = batch;
    const { retries, timeout } = this.#job.options;
    const tasks: RunningTask[] = [];
    for (let i = position ?? settled; i < (position === null ? end : position + 1); i++) {
      tasks.push(this.#named(first + i, args[i]));
    }
    for (let i = settled; i < end; i++) {
      const index = first + i;
      const argument = args[i];
      if (worker.expired === i && timeout !== null) {
        const error = new TaskTimeoutError(tasks[0]!, timeout, this.#site);
        failed.push({ index, argument, error });
        continue;
      }
      const innocent = worker.killed !== null || loss.lost !== undefined;
      const suspect = !innocent && (position === null || i === position);
      const blamed = suspect && !this.#isBystander(index, batch, loss);
      const crashes = (this.#crashes.get(index) ?? 0) + (blamed ? 1 : 0);
      this.#crashes.set(index, crashes);
      const allowed = innocent || (retries >= 1 && crashes <= retries);
      const found = loss.lost === undefined || this.#lostAgain(index) < MAX_LOST;
      if (allowed && found && crashes < MAX_CRASHES) {
        again.push({ first: index, args: [argument] });
      } else failed.push({ index, argument, error: this.#crashed(batch, tasks, loss, crashes) });
    }
  }

  /**
   * Whether a task only happened to run when its worker ended by a stray exception. One that is there
   * each time, or was alone with its worker, is taken for its cause.
   */
  #isBystander(index: number, { worker }: Batch, loss: WorkerLoss): boolean {
    if (!loss.stray || worker.tasks <= 1 || this.#bystanders.has(index)) return false;
    this.#bystanders.add(index);
    return true;
  }

  /**
   * Results that could not be opened, because their memory went with the worker. Their tasks are done
   * and not to blame, but one whose results never arrive must not be sent for ever.
   *
   * @param offset - position of the first of these tasks in the batch
   * @param cause - what opening the memory threw
   */
  unopened(batch: Batch, offset: number, count: number, cause: Error): Verdict {
    const verdict: Verdict = { again: [], failed: [] };
    const { worker, args, first } = batch;
    const { retries } = this.#job.options;
    const loss = worker.loss ?? { exitCode: null, signal: null };
    const innocent = worker.killed !== null || loss.lost !== undefined;
    for (let i = offset; i < offset + count; i++) {
      const index = first + i;
      const argument = args[i];
      const times = this.#lostAgain(index);
      if ((innocent || times <= retries) && times < MAX_LOST) {
        verdict.again.push({ first: index, args: [argument] });
        continue;
      }
      const tasks = [this.#named(index, argument)];
      const error = this.#crashed(batch, tasks, { cause, ...loss }, times);
      verdict.failed.push({ index, argument, error });
    }
    return verdict;
  }

  #lostAgain(index: number): number {
    const times = (this.#lost.get(index) ?? 0) + 1;
    this.#lost.set(index, times);
    return times;
  }

  #named(index: number, argument: unknown): RunningTask {
    return { index, argument: preview(this.#job.shown(argument)) };
  }

  #crashed(
    { worker }: Batch,
    tasks: readonly RunningTask[],
    loss: WorkerLoss,
    times: number,
  ): WorkerCrashedError {
    const report = {
      backend: worker.backend.name,
      address: worker.port.address,
      ...loss,
      tasks,
      times,
    };
    return new WorkerCrashedError(report, this.#site);
  }
}
