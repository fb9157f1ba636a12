/**
 * What becomes of tasks whose worker has ended: which one is to blame, and which run again. Nothing
 * here changes anything but {@link note}; see `decide.ts`.
 */
import type { Progress } from '../protocol/index.ts';
import { type CallSite, type RunningTask, TaskTimeoutError, WorkerCrashedError } from './errors.ts';
import type { Job } from './job.ts';
import { isOurs } from './lifecycle.ts';
import type { Batch, BatchTask, Chunk, ExitReason, WorkerLoss } from './seams.ts';

/** How often what was lost, as far as it has not run to its end. */
export interface LossCounts {
  /** How often a task has ended its worker. */
  readonly crashes: ReadonlyMap<number, number>;
  /** How often a task has been lost with a worker that was not ended by it. */
  readonly losses: ReadonlyMap<number, number>;
  /** How often a task has been lost with a worker that ran others beside it: any may have ended it. */
  readonly besides: ReadonlyMap<number, number>;
  /** Tasks that were running when a stray exception ended their worker. */
  readonly bystanders: ReadonlyMap<number, number>;
  /** Workers that ended in a row before their first task. */
  readonly openings: number;
}

/** What the decisions about losses go by. */
export interface LossState {
  readonly counts: LossCounts;
  readonly retries: number;
  /** Milliseconds that each task may run; null: any time. */
  readonly timeout: number | null;
}

/** A task that has failed for good, and why. */
export interface Failed {
  readonly batch: Batch;
  /** Position of the task in the batch. */
  readonly position: number;
  readonly because: 'crash' | 'timeout' | 'unopened';
  /** Positions of the tasks that were running, as far as that is known. */
  readonly from: number;
  readonly to: number;
  /** How often that has happened to the task. */
  readonly times: number;
}

export type LossAction =
  /** Tasks are sent again; `retried`: they had begun. */
  | { readonly do: 'again'; readonly chunk: Chunk; readonly retried?: boolean }
  /** A task has failed for good; the last of them comes after all others. */
  | ({ readonly do: 'fail' } & Failed)
  /** It ends the run, whatever that does with errors of tasks. */
  | ({ readonly do: 'give-up' } & Failed)
  /** No argument of a batch could be made, and there was one: that one is to blame. */
  | { readonly do: 'blame'; readonly batch: Batch }
  | {
      readonly do: 'count';
      readonly what: 'crashes' | 'losses' | 'besides' | 'bystanders';
      readonly index: number;
      readonly value: number;
    }
  | { readonly do: 'count-openings'; readonly value: number };

/** A task that has ended its worker so often is not tried again, whatever `retries` says. */
const MAX_CRASHES = 2;

/** A task whose workers were lost so often is not tried again, although it is not to blame. */
const MAX_LOST = 8;

const MOVED = 'It can not run again: what it was given has been moved to the worker.';

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

/** The counts of a run. */
export class LossTally implements LossCounts {
  readonly crashes = new Map<number, number>();
  readonly losses = new Map<number, number>();
  readonly besides = new Map<number, number>();
  readonly bystanders = new Map<number, number>();
  openings = 0;

  /** Counts what was decided. */
  note(action: LossAction): void {
    if (action.do === 'count') this[action.what].set(action.index, action.value);
    else if (action.do === 'count-openings') this.openings = action.value;
  }
}

/** A task that can't be sent again. */
function lostForGood({ timeout }: LossState, batch: Batch, i: number): LossAction {
  const expired = timeout !== null && isExpired(batch.worker.exitReason, batch, i);
  const because = expired ? 'timeout' : 'crash';
  return { do: 'fail', batch, position: i, because, from: i, to: i + 1, times: 1 };
}

/** Decides about a batch of a worker that has ended. */
export function decideLost(
  state: LossState,
  batch: Batch,
  reached: Progress,
  loss: WorkerLoss,
): LossAction[] {
  const actions: LossAction[] = [];
  const { settled, count, args, first } = batch;
  if (batch.moved) {
    for (let i = settled; i < count; i++) actions.push(lostForGood(state, batch, i));
    return actions;
  }
  const { claimed, position, beforeFirstTask = false } = reached;
  const begun = Math.max(Math.min(claimed, count), settled);
  if (begun < count) {
    const chunk = { first: first + begun, args: slice(args, begun, count), alone: batch.alone };
    if (beforeFirstTask) notBegun(state, batch, chunk, loss, actions);
    else actions.push({ do: 'again', chunk });
  }
  if (position !== null || begun > settled) {
    for (let i = settled; i < begun; i++)
      begunTask(state, batch, i, begun, position, loss, actions);
  }
  return actions;
}

/**
 * A worker has ended before it began a batch. Whoever kills workers from outside does no harm; a
 * task whose argument can't be made without that is found, and the others run.
 */
function notBegun(
  { counts }: LossState,
  batch: Batch,
  chunk: Chunk,
  loss: WorkerLoss,
  actions: LossAction[],
): void {
  const { first, args } = chunk;
  // What an argument makes when it is decoded is caught: a stray exception is not from there.
  const crashes = (counts.crashes.get(first) ?? 0) + (loss.stray ? 0 : 1);
  const openings = counts.openings + 1;
  const endless = openings >= MAX_OPENINGS;
  actions.push({ do: 'count-openings', value: openings });
  if (!endless && loss.stray) actions.push({ do: 'again', chunk });
  else if (!endless && args.length > 1) {
    for (const half of halves(chunk)) actions.push({ do: 'again', chunk: half });
  } else if (!endless && crashes < MAX_CRASHES) {
    actions.push({ do: 'count', what: 'crashes', index: first, value: crashes });
    actions.push({ do: 'again', chunk });
  } else {
    const position = first - batch.first;
    const failed = { batch, position, from: position, to: position + 1, times: crashes };
    actions.push({ do: endless ? 'give-up' : 'fail', ...failed, because: 'crash' });
  }
}

/** A task that was begun: where one is known to have run, that one is to blame. */
function begunTask(
  { counts, retries, timeout }: LossState,
  batch: Batch,
  i: number,
  begun: number,
  position: number | null,
  loss: WorkerLoss,
  actions: LossAction[],
): void {
  const { worker, settled, args, first } = batch;
  const { exitReason } = worker;
  const index = first + i;
  const from = position ?? settled;
  const to = position === null ? begun : position + 1;
  if (timeout !== null && isExpired(exitReason, batch, i)) {
    actions.push({
      do: 'fail',
      batch,
      position: i,
      because: 'timeout',
      from: i,
      to: i + 1,
      times: 1,
    });
    return;
  }
  const innocent = isOurs(exitReason) || loss.lost !== undefined;
  const suspect = !innocent && (position === null || i === position);
  const bystander = suspect && isBystander(counts, index, batch, loss);
  if (bystander) actions.push({ do: 'count', what: 'bystanders', index, value: 1 });
  const beside = loss.beside !== undefined;
  const besides = (counts.besides.get(index) ?? 0) + (suspect && !bystander && beside ? 1 : 0);
  const crashes = (counts.crashes.get(index) ?? 0) + (suspect && !bystander && !beside ? 1 : 0);
  actions.push({ do: 'count', what: 'crashes', index, value: crashes });
  if (beside) actions.push({ do: 'count', what: 'besides', index, value: besides });
  const times = crashes + besides;
  let found = true;
  if (loss.lost !== undefined) {
    const losses = (counts.losses.get(index) ?? 0) + 1;
    actions.push({ do: 'count', what: 'losses', index, value: losses });
    found = losses < MAX_LOST;
  }
  const allowed = innocent || (retries >= 1 && times <= retries);
  if (allowed && found && crashes < MAX_CRASHES) {
    const alone = batch.alone || (suspect && beside);
    const chunk = { first: index, args: [args[i]], alone };
    actions.push({ do: 'again', chunk, retried: true });
  } else {
    actions.push({ do: 'fail', batch, position: i, because: 'crash', from, to, times });
  }
}

function isExpired(reason: ExitReason | null, batch: Batch, position: number): boolean {
  if (reason?.kind !== 'expired') return false;
  return reason.tasks.some((one) => one.batch === batch && one.position === position);
}

/**
 * Whether a task only happened to run when its worker ended by a stray exception. One that is there
 * each time, or was alone with its worker, is taken for its cause.
 */
function isBystander(
  { bystanders }: LossCounts,
  index: number,
  { worker }: Batch,
  loss: WorkerLoss,
): boolean {
  return loss.stray === true && worker.tasks > 1 && !bystanders.has(index);
}

/**
 * Results that could not be opened, because their memory went with the worker. Their tasks are done
 * and not to blame, but one whose results never arrive must not be sent for ever.
 *
 * @param offset - position of the first of these tasks in the batch
 */
export function decideUnopened(
  { counts, retries }: LossState,
  batch: Batch,
  offset: number,
  count: number,
): LossAction[] {
  const actions: LossAction[] = [];
  const { worker, args, first } = batch;
  const innocent = isOurs(worker.exitReason) || worker.exitReason?.loss?.lost !== undefined;
  for (let i = offset; i < offset + count; i++) {
    const index = first + i;
    const times = (counts.losses.get(index) ?? 0) + 1;
    actions.push({ do: 'count', what: 'losses', index, value: times });
    if ((innocent || times <= retries) && times < MAX_LOST && !batch.moved) {
      actions.push({ do: 'again', chunk: { first: index, args: [args[i]] }, retried: true });
    } else {
      const task = { batch, position: i, from: i, to: i + 1, times };
      actions.push({ do: 'fail', ...task, because: 'unopened' });
    }
  }
  return actions;
}

/**
 * No argument of a batch could be made in the worker, of which `count` tasks are left: the one that
 * is to blame is found by halves, the others run.
 */
export function decideUnreadable(batch: Batch, count: number): LossAction[] {
  const { first, args } = batch;
  if (count === 0) return [];
  const left = { first, args: slice(args, 0, count) };
  if (count > 1) return halves(left).map((chunk) => ({ do: 'again', chunk }));
  // What others have taken back since was in the message, too, and may be what is to blame.
  return args.length > 1 ? [{ do: 'again', chunk: left }] : [{ do: 'blame', batch }];
}

/**
 * The error of a task that has failed with its worker.
 *
 * @param loss - how the worker ended
 */
export function lossError(
  { batch, position, because, from, to, times }: Failed,
  loss: WorkerLoss,
  job: Job,
  site: CallSite,
): Error {
  const { worker, run } = batch;
  const named = ({ batch: { first, args }, position: i }: BatchTask): RunningTask =>
    job.describe(first + i, args[i], null);
  if (because === 'timeout') {
    return new TaskTimeoutError(named({ batch, position }), job.options.timeout!, site);
  }
  const { beside, ...ended } = loss;
  const tasks: RunningTask[] = [];
  for (let i = from; i < to; i++) tasks.push(named({ batch, position: i }));
  for (const one of beside ?? []) {
    if (one.batch !== batch && one.batch.run === run) tasks.push(named(one));
  }
  const { backend, port } = worker;
  const hint = batch.moved ? { hint: MOVED } : {};
  const report = { backend: backend.name, address: port.address, ...ended, ...hint, tasks, times };
  return new WorkerCrashedError(report, site);
}
