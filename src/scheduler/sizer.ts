/**
 * How many tasks go into a batch.
 *
 * A job starts with single tasks, measures what they cost, and takes as many at a time as fill the
 * target duration. Growth is bounded, because the first task of a function is its slowest (it is
 * compiled then) and because one measurement says little; shrinking is not.
 */
import { MAX_TASKS } from '../protocol/index.ts';

/** Long enough to hide what a message costs (20 to 60 µs), short enough to keep streams flowing. */
const TARGET_MS = 3;

/** Batches at the end of a job are not cut shorter than this. */
const MIN_MS = 0.25;

/**
 * Workers that run batches shorter than this get one ahead: a worker that has to wait for a message
 * finds its caches cold, and where there are more workers than cores that is 2 % of a millisecond
 * product. What waits is taken back for a worker that has nothing to do.
 */
const PREFETCH_MS = 50;
/** The same where nothing can be taken back. */
const CAREFUL_PREFETCH_MS = 5;

const GROWTH = 64;
/** Growth where nothing can be taken back from a worker, so that a wrong guess costs little. */
const CAREFUL_GROWTH = 4;

export class BatchSizer {
  readonly #fixed: number | null;
  readonly #jobs: number;
  /** Set where nothing can be taken back from workers. */
  careful = false;
  /** Milliseconds that a task takes. */
  #cost = Number.NaN;
  #size = 1;

  /**
   * @param size - the option `batchSize`
   * @param jobs - workers of the job
   */
  constructor(size: number | 'auto', jobs: number) {
    this.#fixed = size === 'auto' ? null : Math.min(size, MAX_TASKS);
    this.#jobs = jobs;
    if (this.#fixed !== null) this.#size = this.#fixed;
  }

  /** Tasks of the next batch. */
  next(remaining: number | null): number {
    if (this.#fixed !== null) return this.#fixed;
    if (remaining === null) return this.#size;
    // What is left is shared out in ever smaller pieces, so that the workers end together; but in
    // none that are not worth a message.
    const fair = Math.ceil(remaining / (2 * this.#jobs));
    const least = this.careful ? 1 : Math.min(this.#size, Math.floor(MIN_MS / this.#cost) || 1);
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
    if (this.#fixed !== null && Number.isNaN(this.#cost)) return true;
    return this.#cost * this.#size < (this.careful ? CAREFUL_PREFETCH_MS : PREFETCH_MS);
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
    const wanted = Math.floor(TARGET_MS / this.#cost);
    const growth = this.careful ? CAREFUL_GROWTH : GROWTH;
    const most = Math.max(this.#size, count) * growth;
    this.#size = Math.max(1, Math.min(wanted, most, MAX_TASKS));
  }
}
