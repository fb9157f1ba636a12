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
    if (batch.worker === worker || !claims) continue;
    const left = claims.unclaimed(batch.slot);
    if (left > most) {
      most = left;
      victim = batch;
    }
  }
  if (!victim) return 'nothing';
  const owner = victim.worker;
  const running = owner.port.claims!.running();
  const since = running ? now - (running.since + owner.clockOffset) : 0;
  const starting = owner.state === 'starting';
  const worth = starting || since > 1 || cost * most > WORTH_MS;
  // A single task that is about to begin is best left alone: two workers would take one whose
  // argument can't be read from each other for ever.
  const beginning = running === null && !starting && most === 1;
  if (!worth || beginning) return 'later';
  // A batch behind another one, or of a worker that isn't there yet, may go as a whole.
  const whole = starting || (running !== null && running.batch !== victim.id);
  return { victim, count: whole ? most : Math.ceil(most / 2) };
}
