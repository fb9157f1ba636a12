/**
 * Workers that still run a task of a job that has ended: others take over what they would have got.
 */
import type { Clock } from './clock.ts';
import { isBusyWith } from './lifecycle.ts';
import { ResponsiveTimer } from './responsive-timer.ts';
import type { PooledWorker } from './seams.ts';

/** A worker that still runs a task of a job that has ended is replaced after this (ms). */
const STUCK_MS = 50;

/**
 * Since when a worker runs only what nobody waits for, and has said nothing; NaN where it doesn't.
 * One that has results to send may have had to wait until this thread takes them.
 */
export function stuckSince(worker: PooledWorker): number {
  let since = Number.NaN;
  if (worker.load === 0) return since;
  for (const batch of worker.slots) {
    if (batch === null) continue;
    if (!batch.run.ended) return Number.NaN;
    if (isBusyWith(batch)) since = Math.max(batch.run.endedAt, worker.lastMessageAt);
  }
  return since;
}

export class StuckWatch {
  readonly #clock: Clock;
  readonly #replace: (since: number) => void;
  #timer: ResponsiveTimer | null = null;

  /** @param replace - called with a time: workers that have been stuck since then are to leave */
  constructor(clock: Clock, replace: (since: number) => void) {
    this.#clock = clock;
    this.#replace = replace;
  }

  /** A worker is stuck: it gets a moment to come to its end. */
  watch(): void {
    if (this.#timer) return;
    const since = this.#clock.now();
    const due = (): void => {
      this.#timer = null;
      this.#replace(since);
    };
    this.#timer = new ResponsiveTimer(STUCK_MS, false, due, this.#clock);
  }
}
