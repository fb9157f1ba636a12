/**
 * How many tasks go into a batch.
 *
 * A job starts with single tasks, measures what they cost, and takes as many at a time as fill the
 * target duration. Growth is bounded, because the first task of a function is its slowest (it is
 * compiled then) and because one measurement says little; shrinking is not.
 */
import { MAX_TASKS, type Pace } from '../protocol/index.ts';

/**
 * The pace for workers of this machine whose tasks can be taken back. Batches are long enough to
 * hide what a message costs (20 to 60 µs), short enough to keep streams flowing. A worker that has to
 * wait for a message finds its caches cold, and where there are more workers than cores that is 2 %
 * of a millisecond product, so batches up to 50 ms have one waiting behind them.
 */
const CLAIMED_PACE: Pace = { target: 3, least: 0.25, prefetch: 50, growth: 64 };

/** Where nothing can be taken back from a worker, a wrong guess must cost little. */
const UNCLAIMED_PACE: Pace = { target: 3, least: 0, prefetch: 5, growth: 4 };

export class BatchSizer {
  readonly #fixed: number | null;
  readonly #given: Pace | undefined;
  #pace: Pace;
  /** Milliseconds that a task takes. */
  #cost = Number.NaN;
  #size = 1;

  /**
   * @param size - the option `batchSize`
   * @param pace - the backend's, where it has one
   */
  constructor(size: number | 'auto', pace?: Pace) {
    this.#given = pace;
    this.#pace = pace ?? CLAIMED_PACE;
    this.#fixed = size === 'auto' ? null : Math.min(size, MAX_TASKS);
    if (this.#fixed !== null) this.#size = this.#fixed;
  }

  /** Learns that nothing can be taken back from a worker. */
  noClaims(): void {
    this.#pace = this.#given ?? UNCLAIMED_PACE;
  }

  /**
   * Tasks of the next batch.
   *
   * @param remaining - tasks that have not been sent, where that is known
   * @param jobs - workers of the job
   */
  next(remaining: number | null, jobs: number): number {
    if (this.#fixed !== null) return this.#fixed;
    if (remaining === null) return this.#size;
    // What is left is shared out in ever smaller pieces, so that the workers end together; but in
    // none that are not worth a message.
    const fair = Math.ceil(remaining / (2 * jobs));
    const least = Math.min(this.#size, Math.floor(this.#pace.least / this.#cost) || 1);
    return Math.max(Math.min(this.#size, fair), least, 1);
  }

  /** Current size, without the end of the job in view. */
  get size(): number {
    return this.#size;
  }

  /** Milliseconds that a task takes; NaN before the first measurement. */
  get cost(): number {
    return this.#cost;
  }

  /** Whether workers should have a batch waiting while they run one. */
  get prefetch(): boolean {
    const { prefetch } = this.#pace;
    if (this.#fixed !== null && Number.isNaN(this.#cost)) return prefetch > 0;
    return this.#cost * this.#size < prefetch;
  }

  /** Learns that `count` tasks took a worker `duration` milliseconds. */
  measured(count: number, duration: number): void {
    if (count === 0) return;
    const cost = Math.max(duration / count, 1e-5);
    // Batches say more the longer they are.
    const weight = count >= this.#size ? 0.7 : 0.3;
    this.#cost = Number.isNaN(this.#cost) ? cost : (1 - weight) * this.#cost + weight * cost;
    // A batch that went faster than thought counts in full: the first ones include compilation.
    this.#cost = Math.min(this.#cost, 2 * cost);
    if (this.#fixed !== null) return;
    const { target, growth } = this.#pace;
    const wanted = Math.floor(target / this.#cost);
    const most = Math.floor(Math.max(this.#size, count) * growth);
    this.#size = Math.max(1, Math.min(wanted, most, MAX_TASKS));
  }
}
