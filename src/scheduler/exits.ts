/**
 * What the end of a worker tells of the tasks that it had.
 */
import { errorText, preview } from '../errors.ts';
import type { Claims, LogMessage, Progress, WorkerExit } from '../protocol/index.ts';
import type { Batch, BatchTask, WorkerLoss } from './seams.ts';

/** How a worker ended, as the end of "3 in a row were …". */
export function howEnded(exit: WorkerExit): string {
  switch (exit.reason) {
    case 'exit':
      return `exited with code ${exit.code}`;
    case 'signal':
      return `killed by ${exit.signal}`;
    case 'lost':
      return `lost: ${exit.why}`;
  }
}

/**
 * A worker's end, for reports.
 *
 * @param fatalError - what it said before it ended
 * @param hint - what may help
 */
export function describeLoss(
  exit: WorkerExit,
  fatalError: unknown,
  hint: string | undefined,
): WorkerLoss {
  const cause = fatalError ?? exit.error;
  return {
    exitCode: exit.reason === 'exit' ? exit.code : null,
    signal: exit.reason === 'signal' ? exit.signal : null,
    ...(exit.reason === 'lost' ? { lost: exit.why } : {}),
    ...(cause === undefined ? {} : { cause }),
    ...(hint === undefined ? {} : { hint }),
    ...(fatalError !== undefined || exit.uncaught ? { stray: true } : {}),
  };
}

/** What is logged of an error that ended a worker without a task. */
export function uncaughtMessage(error: unknown): LogMessage {
  const shown = errorText(error);
  const what = shown ? shown.stack || `${shown.name}: ${shown.message}` : preview(error);
  const text = `Uncaught in a worker that had no task, which has ended: ${what}`;
  return { type: 'log', level: 'error', text, time: Date.now() };
}

/** As much of a batch as tells how far its worker had come. */
export type SentBatch = Pick<Batch, 'id' | 'slot' | 'count' | 'settled'>;

/** What is known of a worker that has ended. */
export interface EndedWorker<B extends SentBatch> {
  readonly port: { readonly claims: Claims | null };
  readonly slots: readonly (B | null)[];
  /** Null where it has never said that it is there. */
  readonly version: string | null;
  /** Tasks that it may run at a time. */
  readonly concurrency: number;
}

/** What a worker had reached of a batch. */
export interface Reached<B extends SentBatch = Batch> {
  readonly batch: B;
  readonly reached: Progress;
}

/** The batches of a worker in the order in which they were sent. */
export function oldestFirst<B extends SentBatch>(slots: readonly (B | null)[]): B[] {
  return slots.filter((batch) => batch !== null).sort((a, b) => a.id - b.id);
}

/** The tasks that a worker ran when it ended, as far as that is known: one of each batch. */
export function running(ends: readonly Reached[]): BatchTask[] {
  const tasks: BatchTask[] = [];
  for (const { batch, reached } of ends) {
    const { position, claimed } = reached;
    if (position !== null) tasks.push({ batch, position });
    else if (claimed > batch.settled) tasks.push({ batch, position: batch.settled });
  }
  return tasks;
}

/**
 * How far a worker had come with each of its batches, oldest first. Where no task ran, the first batch
 * that has one left was about to begin: what makes its arguments, its functions or its model may have
 * ended the worker.
 *
 * @param ours - this side ended it
 */
export function decideReached<B extends SentBatch>(
  { port, slots, version, concurrency }: EndedWorker<B>,
  exit: WorkerExit,
  ours: boolean,
): Reached<B>[] {
  const batches = oldestFirst(slots);
  const { claims } = port;
  if (!claims) {
    // Unless the backend knows more: the first batches were running.
    return batches.map((batch, i) => {
      const known = i === 0 ? exit.reached : undefined;
      const claimed = version !== null && i < concurrency ? batch.count : 0;
      return { batch, reached: known ?? { claimed, position: null } };
    });
  }
  const busy = batches.some(({ slot }) => claims.running(slot) !== null);
  let beforeFirstTask = !busy && !ours && exit.reason !== 'lost' && version !== null;
  return batches.map((batch) => {
    const claimed = claims.end(batch.slot) - claims.unclaimed(batch.slot);
    const position = claims.running(batch.slot)?.position ?? null;
    if (position !== null || claimed > batch.settled) beforeFirstTask = false;
    const reached = { claimed, position, beforeFirstTask };
    if (batch.settled < batch.count) beforeFirstTask = false;
    return { batch, reached };
  });
}
