/**
 * Ends tasks that run longer than the option `timeout` allows.
 */
import type { Running } from '../protocol/index.ts';
import type { Clock, Timer } from './clock.ts';
import type { Batch } from './seams.ts';

/**
 * The task that a worker without claims runs, as far as it is known here: the first of its oldest
 * batch whose result has not come, since the latest message or, in an idle worker, since it was sent.
 */
function unclaimedTask(batch: Batch): Running | null {
  const { worker, id, sent, settled } = batch;
  if (worker.oldest !== batch) return null;
  return { batch: id, position: settled, since: Math.max(sent, worker.lastMessageAt) };
}

/**
 * How long a batch's task may still run (ms), and its position; null where none runs.
 *
 * @param now - the scheduler's time (ms)
 */
export function timeLeft(
  batch: Batch,
  timeout: number,
  now: number,
): { readonly position: number; readonly left: number } | null {
  const { worker } = batch;
  const { claims } = worker.port;
  const running = claims ? claims.running() : unclaimedTask(batch);
  if (!running || running.batch !== batch.id || worker.killed !== null) return null;
  const since = running.since + (claims ? worker.clockOffset : 0);
  return { position: running.position, left: since + timeout - now };
}

/** Watches the batches of a run. */
export class Deadlines {
  readonly #timeout: number;
  readonly #batches: ReadonlySet<Batch>;
  readonly #clock: Clock;
  #timer: Timer | null = null;

  /** @param batches - those on their way, at any time */
  constructor(timeout: number, batches: ReadonlySet<Batch>, clock: Clock) {
    this.#timeout = timeout;
    this.#batches = batches;
    this.#clock = clock;
  }

  /** To be called when a batch has been sent. */
  watch(): void {
    if (!this.#timer) this.#wait(this.#timeout);
  }

  end(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #wait(ms: number): void {
    this.#timer = this.#clock.after(ms, () => {
      this.#timer = null;
      if (this.#batches.size === 0) return;
      this.#wait(Math.max(Math.min(this.#expire(), this.#timeout), 1));
    });
  }

  /** Kills workers whose task has run too long; says when the next one may have (ms). */
  #expire(): number {
    const now = this.#clock.now();
    let next = this.#timeout;
    for (const batch of this.#batches) {
      const running = timeLeft(batch, this.#timeout, now);
      if (!running) continue;
      if (running.left > 0) next = Math.min(next, running.left);
      else {
        batch.worker.expired = running.position;
        batch.worker.kill('a time-out');
      }
    }
    return next;
  }
}
