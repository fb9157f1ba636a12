/**
 * Whose tasks a worker takes that has nothing to do.
 */
import type { Batch, PooledWorker } from './seams.ts';

/** A batch is shared if what is left of it takes longer than this (ms). */
const WORTH_MS = 0.1;

/** The batch to take from, and how many of its tasks; or that it is too early, or there is none. */
export type StealDecision =
  | { readonly victim: Batch; readonly count: number }
  | 'later'
  | 'nothing';

/**
 * Whether a task of the batch runs, how many of its worker do, and since when the first of them; by
 * the worker's clock (ms).
 */
function whatRuns({ worker, slot }: Batch): { own: boolean; busy: number; since: number } {
  const claims = worker.port.claims!;
  let busy = 0;
  let since = Number.POSITIVE_INFINITY;
  let own = false;
  for (const batch of worker.slots) {
    const running = batch && claims.running(batch.slot);
    if (!running) continue;
    busy++;
    since = Math.min(since, running.since);
    own ||= batch.slot === slot;
  }
  return { own, busy, since };
}

/**
 * Decides from what is known; takes nothing.
 *
 * @param batches - those of the run
 * @param worker - who has nothing to do
 * @param cost - milliseconds that a task takes; NaN before the first measurement
 * @param now - the scheduler's time (ms)
 */
export function decideSteal(
  batches: Iterable<Batch>,
  worker: PooledWorker,
  cost: number,
  now: number,
): StealDecision {
  let victim: Batch | null = null;
  let most = 0;
  for (const batch of batches) {
    const { claims } = batch.worker.port;
    if (!claims || batch.alone) continue;
    // A worker that runs several tasks at a time may take one out of a batch of its own.
    if (batch.worker === worker && worker.concurrency === 1) continue;
    const left = claims.unclaimed(batch.slot);
    if (left > most) {
      most = left;
      victim = batch;
    }
  }
  if (!victim) return 'nothing';
  const owner = victim.worker;
  const { own, busy, since } = whatRuns(victim);
  const elapsed = busy > 0 ? now - (since + owner.clockOffset) : 0;
  const starting = owner.state === 'starting';
  const worth = starting || elapsed > 1 || cost * most > WORTH_MS;
  // A single task that is about to begin is best left alone: two workers would take one whose
  // argument can't be read from each other for ever.
  const waits = !own && busy >= owner.concurrency;
  const beginning = !own && !waits && !starting && most === 1;
  if (!worth || beginning) return 'later';
  // A batch behind another one, or of a worker that isn't there yet, may go as a whole.
  const whole = starting || waits;
  return { victim, count: whole ? most : Math.ceil(most / 2) };
}
