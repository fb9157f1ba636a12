/**
 * Ends tasks that run longer than the option `timeout` allows.
 */
import type { Claims, Running } from '../protocol/index.ts';
import type { Clock, Timer } from './clock.ts';
import type { Batch, PooledWorker } from './seams.ts';

/** As much of a batch as tells how long its task may run. */
export interface TimedBatch extends Pick<Batch, 'begun' | 'settled' | 'slot'> {
  readonly worker: Pick<PooledWorker, 'state' | 'clockOffset'> & {
    readonly port: { readonly claims: Claims | null };
  };
}

/**
 * The task that a worker without claims runs of a batch, as far as it is known here: the first whose
 * result has not come, if the batch does not wait behind others.
 */
function unclaimedTask({ begun, settled }: TimedBatch): Running | null {
  return begun === Number.POSITIVE_INFINITY ? null : { position: settled, since: begun };
}

/**
 * How long a batch's task may still run (ms), and its position; null where none runs.
 *
 * @param now - the scheduler's time (ms)
 */
export function timeLeft(
  batch: TimedBatch,
  timeout: number,
  now: number,
): { readonly position: number; readonly left: number } | null {
  const { worker } = batch;
  const { claims } = worker.port;
  const running = claims ? claims.running(batch.slot) : unclaimedTask(batch);
  if (!running) return null;
  // One that is ended already is not ended again.
  if (worker.state === 'killed') return null;
  const since = running.since + (claims ? worker.clockOffset : 0);
  return { position: running.position, left: since + timeout - now };
}

/** Looks at the time as long as a run has tasks on their way. */
export class Deadlines {
  readonly #first: number;
  readonly #look: () => number | null;
  readonly #clock: Clock;
  #timer: Timer | null = null;

  /**
   * @param first - when the first look is due (ms)
   * @param look - looks, and says when the next look is due (ms); null where nothing is on its way
   */
  constructor(first: number, look: () => number | null, clock: Clock) {
    this.#first = first;
    this.#look = look;
    this.#clock = clock;
  }

  /** To be called when a batch has been sent. */
  watch(): void {
    if (!this.#timer) this.#wait(this.#first);
  }

  end(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #wait(ms: number): void {
    this.#timer = this.#clock.after(ms, () => {
      this.#timer = null;
      const next = this.#look();
      if (next !== null) this.#wait(next);
    });
  }
}
