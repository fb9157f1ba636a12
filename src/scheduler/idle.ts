/**
 * When workers that have nothing to do end: after a time, but for those that are to stay.
 */
import { MAX_TIMER_MS } from '../options.ts';
import type { Clock, Timer } from './clock.ts';
import type { ResolvedOptions } from './options.ts';

/** A worker, as far as it may be idle. */
export interface IdleWorker {
  readonly usable: boolean;
  readonly isIdle: boolean;
  readonly idleSince: number;
  retire(): void;
}

export class IdleWorkers {
  /** How many are to stay. */
  staying = 0;
  readonly #clock: Clock;
  readonly #workers: () => readonly IdleWorker[];
  #timeout: number;
  #timer: Timer | null = null;
  /** The time-out that the timer was set for. */
  #timerFor = 0;

  constructor(clock: Clock, timeout: number, workers: () => readonly IdleWorker[]) {
    this.#clock = clock;
    this.#timeout = timeout;
    this.#workers = workers;
  }

  /** The latest job says how long workers stay, and how many. */
  take({ idleTimeout, minWorkers, jobs }: ResolvedOptions): void {
    this.#timeout = idleTimeout;
    this.staying = Math.min(minWorkers, jobs);
  }

  /** Begins to wait, when there is nothing more to do. */
  watch(): void {
    if (this.#timer && this.#timerFor === this.#timeout) return;
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#timeout === Number.POSITIVE_INFINITY) return;
    this.#timerFor = this.#timeout;
    const wait = Math.min(Math.max(this.#timeout, 1), MAX_TIMER_MS);
    this.#timer = this.#clock.after(wait, () => {
      this.#timer = null;
      if (this.retire(this.#clock.now() - this.#timeout + 1)) this.watch();
    });
  }

  /**
   * Ends workers that have been idle since then, but for those that are to stay.
   *
   * @returns whether there are others, which may be so later
   */
  retire(since: number): boolean {
    const workers = this.#workers();
    let spare = workers.filter(({ usable }) => usable).length - this.staying;
    let left = false;
    for (const worker of workers) {
      if (!worker.isIdle || worker.idleSince > since) left = true;
      else if (worker.usable && spare-- > 0) worker.retire();
    }
    return left;
  }
}
