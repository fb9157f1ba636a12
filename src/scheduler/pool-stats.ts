/**
 * What a pool tells about itself: its workers, what waits, what has been done, and how long it took.
 */
import { TimeHistogram, type TimeStats } from './histogram.ts';

/** Figures of a pool of workers; from {@link poolStats}. Times are in milliseconds. */
export interface PoolStats {
  readonly backend: string;
  /** The option `pool`; null for the workers that are everybody's. */
  readonly name: string | null;
  /** Tasks that each worker may run at a time. */
  readonly concurrency: number;
  /** Workers by what they do; `ending`: those that take no new work. */
  readonly workers: {
    readonly starting: number;
    readonly idle: number;
    readonly busy: number;
    readonly ending: number;
  };
  /**
   * Tasks that no worker has begun: of the jobs that are running, as far as their inputs tell how many
   * there are, and futures that wait.
   */
  readonly queue: number;
  /** The part of the workers' time, from when each was up, in which tasks ran: 0 to 1. */
  readonly utilization: number;
  readonly tasks: {
    /** Those that gave a result. */
    readonly finished: number;
    /** Those that threw, or whose argument or result could not be sent. */
    readonly failed: number;
    /** Those that were given up with their worker, or ran out of time. */
    readonly lost: number;
    /** How often tasks were run again. */
    readonly retried: number;
  };
  /** How long tasks ran; null where none has, or none was timed (`recordTimes`). */
  readonly runTime: TimeStats | null;
  /** How long they had waited: from their call, or from when they were read from their input. */
  readonly waitTime: TimeStats | null;
}

/** Of so many times at most each message's histogram takes samples; the others count with them. */
const SAMPLES = 16;

/** The counts of a pool. */
export class PoolTally {
  finished = 0;
  failed = 0;
  lost = 0;
  retried = 0;
  readonly #run = new TimeHistogram();
  readonly #wait = new TimeHistogram();
  /** Milliseconds in which tasks ran, and in which workers were up that are no more. */
  #busy = 0;
  #up = 0;

  /**
   * Notes the times of tasks of a message.
   *
   * @param times - start and end of each by the worker's clock
   * @param offset - to be added to these
   * @param since - when they began to wait
   * @param ran - how long they ran together, and the longest of them
   */
  record(
    times: ArrayLike<number>,
    offset: number,
    since: number,
    ran: { readonly sum: number; readonly longest: number },
  ): void {
    const count = times.length >> 1;
    if (count === 0) return;
    const shift = offset - since;
    let waited = 0;
    const step = Math.ceil(count / SAMPLES);
    for (let left = count, i = step >> 1; left > 0; left -= step, i += step) {
      const weight = left < step ? left : step;
      const at = 2 * (i < count ? i : count - 1);
      this.#run.sample(times[at + 1]! - times[at]!, weight);
      const wait = times[at]! + shift;
      this.#wait.sample(wait, weight);
      waited += wait * weight;
    }
    this.#busy += ran.sum;
    this.#run.total(count, ran.sum, ran.longest);
    // Tasks of a message run one after another: the last one has waited for longest.
    this.#wait.total(count, waited, times[2 * count - 2]! + shift);
  }

  /** Notes how long a worker was up that has ended (ms). */
  left(ms: number): void {
    this.#up += ms;
  }

  /**
   * @param pool - the pool, or the pools, whose counts these are
   * @param waiting - futures that wait for it
   * @param now - the scheduler's time (ms)
   */
  snapshot(pool: TalliedPool, waiting: number, now: number): PoolStats {
    const workers = { starting: 0, idle: 0, busy: 0, ending: 0 };
    const { concurrency } = pool;
    let up = this.#up;
    for (const worker of pool.workers) {
      workers[doing(worker)]++;
      if (worker.upSince !== null) up += now - worker.upSince;
    }
    let queue = waiting;
    for (const run of pool.runs) queue += run.waiting;
    const { finished, failed, lost, retried } = this;
    return {
      backend: pool.backend,
      name: pool.name,
      concurrency,
      workers,
      queue,
      utilization: up > 0 ? Math.min(this.#busy / (up * concurrency), 1) : 0,
      tasks: { finished, failed, lost, retried },
      runTime: this.#run.snapshot(),
      waitTime: this.#wait.snapshot(),
    };
  }
}

/** What a snapshot looks at. */
export interface TalliedPool {
  readonly backend: string;
  readonly name: string | null;
  readonly concurrency: number;
  readonly workers: Iterable<TalliedWorker>;
  readonly runs: Iterable<{ readonly waiting: number }>;
}

/** Of a worker. */
export interface TalliedWorker {
  readonly state: string;
  readonly load: number;
  /** Since when it is up (ms); null before. */
  readonly upSince: number | null;
}

/** What a worker does, in a word. */
export function doing({
  state,
  load,
}: Pick<TalliedWorker, 'state' | 'load'>): keyof PoolStats['workers'] {
  if (state === 'starting') return 'starting';
  if (state !== 'ready') return 'ending';
  return load > 0 ? 'busy' : 'idle';
}
