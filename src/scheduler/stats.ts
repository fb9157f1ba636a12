/**
 * What a job tells about itself afterwards, after ipyparallel's AsyncResult.
 */
import type { RunBy } from '../protocol/index.ts';

/** Times of a task in milliseconds of `performance.now()`. */
export interface TaskTimes {
  readonly index: number;
  /** When it was sent to a worker. */
  readonly submitted: number;
  readonly started: number;
  readonly completed: number;
  /** Number of the worker. */
  readonly worker: number;
  /** Who ran it, where that was not the worker itself. */
  readonly by?: RunBy;
}

/** Figures of a job. */
export interface JobStats {
  /** Tasks sent, finished (failed ones included) and failed so far. */
  readonly dispatched: number;
  readonly finished: number;
  readonly failed: number;
  /** Messages with tasks. */
  readonly batches: number;
  /** The sum of all tasks' times: what one worker would have taken (ms). */
  readonly serialTime: number;
  /** From the start of the job to its end, or until now (ms). */
  readonly wallTime: number;
  /** serialTime / wallTime. */
  readonly speedup: number;
  /** Each task's times, for the latest 65 536 tasks at least, in order of their index. */
  readonly tasks: readonly TaskTimes[];
}

/** Results of one message, as they are kept. */
interface Record {
  readonly first: number;
  readonly submitted: number;
  readonly worker: number;
  readonly by?: RunBy;
  /** Add to the worker's clock. */
  readonly clockOffset: number;
  /** Start and end of each task by the worker's clock. */
  readonly times: ArrayLike<number>;
}

const KEPT_TASKS = 65_536;

export class StatsKeeper {
  dispatched = 0;
  finished = 0;
  failed = 0;
  batches = 0;
  readonly #began = performance.now();
  #ended: number | null = null;
  #serial = 0;
  #records: Record[] = [];
  #kept = 0;
  /** Records before this one are dropped; the array is cut now and then. */
  #oldest = 0;

  /** How long the tasks of the latest record took together, and the longest of them (ms). */
  latest = { sum: 0, longest: 0 };

  add(record: Record): void {
    const { times } = record;
    let sum = 0;
    let longest = 0;
    for (let i = 0; i + 1 < times.length; i += 2) {
      const ms = times[i + 1]! - times[i]!;
      sum += ms;
      if (ms > longest) longest = ms;
    }
    this.latest.sum = sum;
    this.latest.longest = longest;
    this.#serial += sum;
    this.#records.push(record);
    this.#kept += times.length >> 1;
    while (this.#kept - (this.#records[this.#oldest]!.times.length >> 1) >= KEPT_TASKS) {
      this.#kept -= this.#records[this.#oldest]!.times.length >> 1;
      this.#oldest++;
    }
    if (this.#oldest > 1024) {
      this.#records = this.#records.slice(this.#oldest);
      this.#oldest = 0;
    }
  }

  end(): void {
    this.#ended ??= performance.now();
  }

  snapshot(): JobStats {
    const wallTime = (this.#ended ?? performance.now()) - this.#began;
    const records = this.#records.slice(this.#oldest);
    return {
      dispatched: this.dispatched,
      finished: this.finished,
      failed: this.failed,
      batches: this.batches,
      serialTime: this.#serial,
      wallTime,
      speedup: wallTime > 0 ? this.#serial / wallTime : 0,
      get tasks(): readonly TaskTimes[] {
        return expand(records);
      },
    };
  }
}

function expand(records: readonly Record[]): TaskTimes[] {
  const tasks: TaskTimes[] = [];
  for (const { first, submitted, worker, by, clockOffset, times } of records) {
    for (let i = 0; i + 1 < times.length; i += 2) {
      tasks.push({
        index: first + (i >> 1),
        submitted,
        started: times[i]! + clockOffset,
        completed: times[i + 1]! + clockOffset,
        worker,
        ...(by ? { by } : {}),
      });
    }
  }
  return tasks.sort((a, b) => a.index - b.index);
}
