/**
 * What becomes of a worker: its states, what ends it, and what is done about it. Nothing here changes
 * anything; see `decide.ts`.
 */
import type { Claims, Progress, WorkerExit } from '../protocol/index.ts';
import { decideReached, describeLoss, howEnded, oldestFirst, running } from './exits.ts';
import type { Batch, BatchTask, ExitReason, WorkerLoss, WorkerState } from './seams.ts';

/** So many workers in a row may die before they are up. */
const MAX_FAILED_STARTS = 3;

/** What is known of a worker. */
export interface WorkerFacts {
  readonly state: WorkerState;
  readonly exitReason: ExitReason | null;
  /** Version of this package in the worker; null before it has said that it is there. */
  readonly version: string | null;
  /** Its batches on their way; null for a slot that is free. */
  readonly slots: readonly (Batch | null)[];
  /** Batches on their way. */
  readonly load: number;
  /** Tasks that it may run at a time. */
  readonly concurrency: number;
  /** Messages of it that can't be decoded yet. */
  readonly undecoded: number;
  readonly port: { readonly claims: Claims | null };
}

/** A worker and its pool, as far as they decide about the worker. */
export interface LifecycleState {
  readonly worker: WorkerFacts;
  /** Workers that died in a row before they were up. */
  readonly failedStarts: number;
  /** Others of its pool are up, and take work. */
  readonly othersUp: boolean;
}

/** What happens to a worker. */
export type LifecycleEvent =
  /** It has said that it is there. */
  | { readonly type: 'ready'; readonly version: string; readonly wanted: string }
  /** It has said what was thrown in it outside of tasks, and ends. */
  | { readonly type: 'uncaught'; readonly error: unknown }
  /** It is to end when what it has begun is done. */
  | { readonly type: 'retire' }
  /** What it has sent is decoded. */
  | { readonly type: 'decoded' }
  /** It has not said that it is there, for so long (ms) after its start. */
  | { readonly type: 'silent'; readonly ms: number }
  /** It is to end at once. */
  | { readonly type: 'kill'; readonly why: string }
  /** These of its tasks have run too long. */
  | { readonly type: 'expire'; readonly tasks: readonly BatchTask[] }
  /** It has ended; `hint` is what may help. */
  | { readonly type: 'exit'; readonly exit: WorkerExit; readonly hint: string | undefined };

/** What is to be done about it. */
export type LifecycleAction =
  | {
      readonly do: 'become';
      readonly state: WorkerState;
      readonly exitReason: ExitReason | null;
      readonly version?: string;
    }
  /** The worker is told to stop when it has done what it has. */
  | { readonly do: 'stop' }
  /** The backend ends it. */
  | { readonly do: 'end-now' }
  /** It is no longer one of the pool's. */
  | { readonly do: 'leave'; readonly exit: WorkerExit; readonly error: unknown }
  /** No job will tell what ended it: it is logged. */
  | { readonly do: 'log-uncaught'; readonly error: unknown }
  /** Its run decides what becomes of the tasks of a batch. */
  | {
      readonly do: 'lose';
      readonly batch: Batch;
      readonly reached: Progress;
      readonly loss: WorkerLoss;
    }
  | { readonly do: 'count-starts'; readonly failed: number }
  /** No worker can be had: all runs fail. */
  | { readonly do: 'fail-all'; readonly what: string; readonly cause?: unknown }
  /** No more workers can be had: the runs go on with those that there are. */
  | { readonly do: 'go-without'; readonly what: string; readonly cause?: unknown }
  /** The pool looks for work, and for workers where `refill` is set. */
  | { readonly do: 'go-on'; readonly refill: boolean };

/** Whether this side ended a worker, so that no task of it is to blame but one that ran too long. */
export function isOurs(reason: ExitReason | null): boolean {
  return reason?.kind === 'killed' || reason?.kind === 'expired' || reason?.kind === 'silent';
}

/** Whether a worker takes new work. */
export function isUsable(state: WorkerState): boolean {
  return state === 'ready' || state === 'starting';
}

/**
 * Whether a worker is busy with a batch. A worker that has not come up is not with one whose tasks
 * have all been taken back; one that has would have said so at once, unless something holds it up.
 */
export function isBusyWith(batch: Batch): boolean {
  return !batch.finished && (batch.settled < batch.count || batch.worker.version !== null);
}

/** How workers failed to start that said nothing, as the end of "3 in a row …". */
function silence(ms: number): string {
  return (
    `gave no sign of life for ${ms} ms after their start (startTimeout), which Node gives before an ` +
    'initializer runs. A module that is loaded before (--import, --require) has to come to its end, ' +
    'a limit of processes and threads (ulimit -u, pids.max) to leave room for those of Node; ' +
    'a slower machine needs a longer startTimeout'
  );
}

/** Decides about a worker. */
export function decideLifecycle(state: LifecycleState, event: LifecycleEvent): LifecycleAction[] {
  const { worker } = state;
  if (worker.state === 'dead') return [];
  switch (event.type) {
    case 'ready':
      return ready(worker, event.version, event.wanted);
    case 'uncaught': {
      const { error } = event;
      const known = worker.exitReason ?? { kind: 'uncaught' };
      return [{ do: 'become', state: worker.state, exitReason: { ...known, error } as ExitReason }];
    }
    case 'retire':
      return isUsable(worker.state) ? drain(worker) : [];
    case 'decoded':
      return worker.state === 'draining' ? drain(worker) : [];
    case 'silent':
      return worker.version === null ? endNow(worker, { kind: 'silent', ms: event.ms }) : [];
    case 'kill':
      return endNow(worker, { kind: 'killed', why: event.why });
    case 'expire':
      return endNow(worker, { kind: 'expired', tasks: event.tasks });
    case 'exit':
      return ended(state, event.exit, event.hint);
  }
}

function ready(worker: WorkerFacts, version: string, wanted: string): LifecycleAction[] {
  const { exitReason } = worker;
  const state = worker.state === 'starting' ? 'ready' : worker.state;
  const up: LifecycleAction = { do: 'become', state, exitReason, version };
  if (version === wanted) {
    return [up, { do: 'count-starts', failed: 0 }, { do: 'go-on', refill: false }];
  }
  const what = `it runs version ${version} of heddle, and this program ${wanted}`;
  const killed = endNow(worker, { kind: 'killed', why: what });
  return [up, ...killed, { do: 'fail-all', what }];
}

/** It is told to stop once, when nothing that it has sent needs it any more. */
function drain({ undecoded, exitReason }: WorkerFacts): LifecycleAction[] {
  const told = exitReason?.kind === 'done';
  const stops = undecoded === 0 && !told;
  const reason = stops ? (exitReason ?? { kind: 'done' as const }) : exitReason;
  const become: LifecycleAction = { do: 'become', state: 'draining', exitReason: reason };
  return stops ? [become, { do: 'stop' }] : [become];
}

/** The first reason of this side stands, with what the worker had said before. */
function endNow({ exitReason }: WorkerFacts, reason: ExitReason): LifecycleAction[] {
  const said = exitReason?.error === undefined ? {} : { error: exitReason.error };
  const kept = isOurs(exitReason) ? exitReason : ({ ...reason, ...said } as ExitReason);
  return [{ do: 'become', state: 'killed', exitReason: kept }, { do: 'end-now' }];
}

function ended(
  { worker, failedStarts, othersUp }: LifecycleState,
  exit: WorkerExit,
  hint: string | undefined,
): LifecycleAction[] {
  const { exitReason, version, load } = worker;
  const said = exitReason?.error;
  const loss = describeLoss(exit, said, isOurs(exitReason) ? undefined : hint);
  const { expired } = exit;
  const own: ExitReason = exitReason ?? { kind: 'ended' };
  const [oldest] = oldestFirst(worker.slots);
  const timed = expired !== undefined && !isOurs(exitReason);
  const tasks = timed && oldest ? [{ batch: oldest, position: expired }] : [];
  const reason: ExitReason = timed ? { kind: 'expired', tasks, loss } : { ...own, loss };
  const error = said ?? exit.error;
  const actions: LifecycleAction[] = [
    { do: 'become', state: 'dead', exitReason: reason },
    { do: 'leave', exit, error },
  ];
  // That the connection of one that was to end breaks is no news, and what it said is.
  const news = exitReason?.kind === 'done' ? said : error;
  if (news !== undefined && version !== null && load === 0) {
    actions.push({ do: 'log-uncaught', error: news });
  }
  const ends = decideReached(worker, exit, isOurs(reason));
  const beside = running(ends);
  const shared = worker.concurrency > 1 && beside.length > 1 ? { ...loss, beside } : loss;
  for (const { batch, reached } of ends) {
    actions.push({ do: 'lose', batch, reached, loss: shared });
  }
  if (version === null && reason.kind !== 'done' && (reason.kind === 'silent' || !isOurs(reason))) {
    const failed = failedStarts + 1;
    const endless = failed >= MAX_FAILED_STARTS || exit.error !== undefined;
    actions.push({ do: 'count-starts', failed: endless ? 0 : failed });
    if (endless) {
      const how = reason.kind === 'silent' ? silence(reason.ms) : `were ${howEnded(exit)}`;
      const what = exit.error?.message ?? `${MAX_FAILED_STARTS} in a row ${how}`;
      actions.push({ do: othersUp ? 'go-without' : 'fail-all', what, cause: loss.cause });
    }
  }
  actions.push({ do: 'go-on', refill: true });
  return actions;
}
