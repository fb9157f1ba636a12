/**
 * What the scheduler decides, as one function: of what is known and what has happened it says what is
 * to be done, and changes nothing. Pools, workers and runs do it.
 *
 * A result that has come is no event: there is one for each message, what follows from it is always
 * the same (it is counted and given out), and a decision would only cost time.
 */

import type { Progress } from '../protocol/index.ts';
import { timeLeft } from './deadlines.ts';
import {
  decideLifecycle,
  isBusyWith,
  isUsable,
  type LifecycleAction,
  type LifecycleEvent,
  type LifecycleState,
} from './lifecycle.ts';
import {
  decideLost,
  decideUnopened,
  decideUnreadable,
  type LossAction,
  type LossState,
} from './losses.ts';
import type { Batch, BatchTask, PooledWorker, WorkerLoss } from './seams.ts';
import { decideSteal } from './stealing.ts';

/** What is known of a run. */
export interface RunState extends LossState {
  /** Its batches on their way. */
  readonly batches: ReadonlySet<Batch>;
  /** Its workers, of which there may be `jobs`. */
  readonly engaged: ReadonlySet<PooledWorker>;
  readonly jobs: number;
  readonly ended: boolean;
  /** Milliseconds that a task takes; NaN before the first measurement. */
  readonly cost: number;
  readonly onError: 'finish' | 'kill';
  /**
   * The task whose result a consumer is given next; null where an error needs not wait for the results
   * of others.
   */
  readonly position: number | null;
  /** The first task whose result is not wanted any more; Infinity while all are. */
  readonly end: number;
}

/** What happens to a run. */
export type RunEvent =
  /** A worker has ended with a batch of the run. */
  | {
      readonly type: 'lost';
      readonly batch: Batch;
      readonly reached: Progress;
      readonly loss: WorkerLoss;
    }
  /** Results came that can't be opened: their memory went with the worker. */
  | {
      readonly type: 'unopened';
      readonly batch: Batch;
      readonly offset: number;
      readonly count: number;
    }
  /** A worker can't decode the arguments of `count` tasks, none of which it has begun. */
  | { readonly type: 'unreadable'; readonly batch: Batch; readonly count: number }
  /** A task has failed for good, or reading the tasks has from that one on. */
  | { readonly type: 'failed'; readonly index: number }
  /** A worker has nothing to do and wishes for tasks of others. */
  | { readonly type: 'idle'; readonly worker: PooledWorker; readonly now: number }
  /** Time has gone by. */
  | { readonly type: 'time'; readonly now: number }
  /** Nobody wants the results any more. */
  | { readonly type: 'abort' }
  /** What an ended run still runs is to be ended; `again`: also what comes up later. */
  | { readonly type: 'grace-over'; readonly why: string; readonly again: boolean };

/** What is to be done about it. */
export type RunAction =
  | LossAction
  /** The run ends with the error of the event. */
  | { readonly do: 'fail-run' }
  /** The run ends with it when all results before have been given out; nothing after it is run. */
  | { readonly do: 'end-at'; readonly index: number }
  /** Tasks that have not been begun are taken back from the end of a batch, and queued. */
  | { readonly do: 'take-back'; readonly batch: Batch; readonly count: number }
  /** The same look again a little later: it is too early. */
  | { readonly do: 'look-again' }
  /** These tasks of the worker have run too long. */
  | { readonly do: 'expire'; readonly worker: PooledWorker; readonly tasks: readonly BatchTask[] }
  /** The next look at the time, in `ms` at the latest. */
  | { readonly do: 'look-in'; readonly ms: number }
  | { readonly do: 'tell-abort'; readonly worker: PooledWorker }
  | { readonly do: 'kill'; readonly worker: PooledWorker; readonly why: string }
  /** Workers that are not up yet may still get stuck: they are looked at again. */
  | { readonly do: 'grant-grace' };

/** Says what is to be done about a worker. */
export function decide(state: LifecycleState, event: LifecycleEvent): LifecycleAction[];
/** Says what is to be done about tasks of a run. */
export function decide(state: RunState, event: RunEvent): RunAction[];
export function decide(
  state: LifecycleState | RunState,
  event: LifecycleEvent | RunEvent,
): (LifecycleAction | RunAction)[] {
  switch (event.type) {
    case 'lost':
      return decideLost(state as RunState, event.batch, event.reached, event.loss);
    case 'unopened':
      return decideUnopened(state as RunState, event.batch, event.offset, event.count);
    case 'unreadable':
      return decideUnreadable(event.batch, event.count);
    case 'failed':
      return failed(state as RunState, event.index);
    case 'idle':
      return idle(state as RunState, event.worker, event.now);
    case 'time':
      return time(state as RunState, event.now);
    case 'abort':
      return abort(state as RunState);
    case 'grace-over':
      return graceOver(state as RunState, event.why, event.again);
    default:
      return decideLifecycle(state as LifecycleState, event);
  }
}

/** Only what follows a failed task is stopped where results are given out in order. */
function failed({ position, end, onError, batches }: RunState, index: number): RunAction[] {
  if (onError === 'kill' || position === null || position === index) return [{ do: 'fail-run' }];
  if (index >= end) return [];
  const actions: RunAction[] = [{ do: 'end-at', index }];
  for (const batch of batches) {
    const beyond = batch.first + batch.count - index;
    if (beyond > 0) {
      actions.push({ do: 'take-back', batch, count: Math.min(beyond, batch.count) });
    }
  }
  return actions;
}

const NOTHING: RunAction[] = [];
const LOOK_AGAIN: RunAction[] = [{ do: 'look-again' }];

function idle(state: RunState, worker: PooledWorker, now: number): RunAction[] {
  const { batches, engaged, jobs, ended, cost } = state;
  if (ended || worker.load >= worker.concurrency || worker.reservedFor) return NOTHING;
  if (!engaged.has(worker) && engaged.size >= jobs) return NOTHING;
  const steal = decideSteal(batches, worker, cost, now);
  if (steal === 'nothing') return NOTHING;
  if (steal === 'later') return LOOK_AGAIN;
  return [{ do: 'take-back', batch: steal.victim, count: steal.count }];
}

function time({ batches, timeout }: RunState, now: number): RunAction[] {
  if (timeout === null) return [];
  const actions: RunAction[] = [];
  const overdue = new Map<PooledWorker, BatchTask[]>();
  let next = timeout;
  for (const batch of batches) {
    const running = timeLeft(batch, timeout, now);
    if (!running) continue;
    const { left, position } = running;
    if (left > 0) next = Math.min(next, left);
    else overdue.set(batch.worker, [...(overdue.get(batch.worker) ?? []), { batch, position }]);
  }
  for (const [worker, tasks] of overdue) actions.push({ do: 'expire', worker, tasks });
  actions.push({ do: 'look-in', ms: Math.max(next, 1) });
  return actions;
}

function abort({ batches }: RunState): RunAction[] {
  if (batches.size === 0) return [];
  const actions: RunAction[] = [];
  for (const { worker } of batches) actions.push({ do: 'tell-abort', worker });
  actions.push({ do: 'grant-grace' });
  return actions;
}

function graceOver({ batches }: RunState, why: string, again: boolean): RunAction[] {
  const actions: RunAction[] = [];
  const busy = new Set<PooledWorker>();
  for (const batch of batches) if (isBusyWith(batch)) busy.add(batch.worker);
  for (const worker of busy) actions.push({ do: 'kill', worker, why });
  const left = [...batches].some(({ worker }) => !busy.has(worker) && isUsable(worker.state));
  if (again && left) actions.push({ do: 'grant-grace' });
  return actions;
}
