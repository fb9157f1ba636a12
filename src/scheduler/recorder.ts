/**
 * What a run tells of its tasks: statistics, its listeners, and `node:diagnostics_channel`.
 */
import type { RunBy } from '../protocol/index.ts';
import {
  type BatchFinishedEvent,
  channels,
  type GraphView,
  notify,
  type RunEndedEvent,
  type RunListener,
  type RunStartedEvent,
  type TaskRejectedEvent,
} from './events.ts';
import type { PoolTally } from './pool-stats.ts';
import type { Batch } from './seams.ts';
import { StatsKeeper } from './stats.ts';

/** What the records of a job go by. */
interface RecordedJob {
  readonly label: string;
  readonly describer: { readonly graph?: GraphView } | null;
  readonly options: { readonly recordTimes: boolean; readonly childThreads: number };
}

/**
 * What was had of the cores while tasks ran, by the clock here. A worker may tell of operations before them too, which
 * nobody had asked for.
 */
function coresWithin(
  spans: readonly number[],
  offset: number,
  started: number,
  completed: number,
): { cores?: readonly number[] } {
  const cores: number[] = [];
  for (let i = 0; i + 2 < spans.length; i += 3) {
    const from = Math.max(spans[i]! + offset, started);
    const to = Math.min(spans[i + 1]! + offset, completed);
    if (from < to) cores.push(from, to, spans[i + 2]!);
  }
  return cores.length > 0 ? { cores } : {};
}

export class Recorder {
  readonly listeners: RunListener[] = [];
  readonly stats = new StatsKeeper();
  readonly #run: number;
  readonly #job: RecordedJob;
  readonly #tally: PoolTally;
  readonly #since: number | null;

  /**
   * @param run - its number
   * @param job - whose tasks it runs
   * @param tally - the counts of its pool
   * @param since - when its tasks began to wait (ms); null where they do from when they are read
   */
  constructor(run: number, job: RecordedJob, tally: PoolTally, since: number | null) {
    this.#run = run;
    this.#job = job;
    this.#tally = tally;
    this.#since = since;
  }

  started(backend: string, tasks: number | undefined): void {
    if (!channels.runStarted.hasSubscribers) return;
    const time = performance.now();
    const { label, describer } = this.#job;
    const graph = describer?.graph ? { graph: describer.graph } : null;
    const event: RunStartedEvent = { run: this.#run, label, backend, tasks, ...graph, time };
    channels.runStarted.publish(event);
  }

  dispatched({ id, first, args, worker }: Batch): void {
    this.stats.dispatched += args.length;
    this.stats.batches++;
    notify(this.listeners, (one) => one.dispatched?.(args.length, worker.id, id));
    if (!channels.taskDispatched.hasSubscribers) return;
    for (let i = 0; i < args.length; i++) {
      channels.taskDispatched.publish({ run: this.#run, index: first + i, worker: worker.id });
    }
  }

  /**
   * Tasks were taken back, and will be sent again.
   *
   * @param retried - they had begun
   */
  withdrawn(count: number, retried = false): void {
    this.stats.dispatched -= count;
    if (retried) this.#tally.retried += count;
    notify(this.listeners, (one) => one.withdrawn?.(count));
  }

  /** Tasks are done; `times` are the starts and ends of each, by the worker's clock. */
  finished(
    batch: Batch,
    first: number,
    count: number,
    times: ArrayLike<number>,
    { failed, by }: { readonly failed: boolean; readonly by: RunBy | undefined },
  ): void {
    const { id, worker, sent } = batch;
    const { clockOffset } = worker;
    const run = this.#run;
    this.stats.finished += count;
    if (failed) {
      this.stats.failed += count;
      this.#tally.failed += count;
    } else this.#tally.finished += count;
    const { cores } = batch;
    if (cores) batch.cores = null;
    const who = by ? { worker: worker.id, by } : { worker: worker.id };
    if (this.#job.options.recordTimes) {
      this.stats.add({ first, submitted: sent, ...who, clockOffset, times });
      this.#tally.record(times, clockOffset, this.#since ?? sent, this.stats.latest);
    }
    const channel = failed ? channels.taskFailed : channels.taskFinished;
    if (channel.hasSubscribers) {
      for (let i = 0; i < count; i++) {
        const started = times[2 * i]! + clockOffset;
        const completed = times[2 * i + 1]! + clockOffset;
        channel.publish({ run, index: first + i, ...who, started, completed });
      }
    }
    if (channels.batchFinished.hasSubscribers && times.length > 0) {
      const started = times[0]! + clockOffset;
      const completed = times[times.length - 1]! + clockOffset;
      const event: BatchFinishedEvent = {
        run,
        first,
        count,
        failed,
        ...who,
        started,
        completed,
        threads: by?.threads ?? this.#job.options.childThreads,
        ...(cores ? coresWithin(cores, clockOffset, started, completed) : {}),
      };
      channels.batchFinished.publish(event);
    }
    if (this.listeners.length === 0) return;
    const event = { run, first, count, failed, ...who, batch: id, times, clockOffset };
    notify(this.listeners, (one) => one.finished?.(event));
  }

  /** Results that had been counted can't be had. */
  unopened(count: number): void {
    this.stats.finished -= count;
    this.#tally.finished -= count;
  }

  /** Tasks were lost for good with their worker. */
  lost(count: number): void {
    this.#tally.lost += count;
    this.stats.finished += count;
    this.stats.failed += count;
  }

  /** A task has failed, and is not tried again. */
  rejected(index: number, error: Error): void {
    if (!channels.taskRejected.hasSubscribers) return;
    const { label } = this.#job;
    const time = performance.now();
    const event: TaskRejectedEvent = { run: this.#run, label, index, error, time };
    channels.taskRejected.publish(event);
  }

  ended(error: unknown): void {
    this.stats.end();
    notify(this.listeners, (one) => one.ended?.(error));
    if (!channels.runEnded.hasSubscribers) return;
    const { finished, failed } = this.stats;
    const event: RunEndedEvent = {
      run: this.#run,
      label: this.#job.label,
      finished,
      failed,
      ...(error === undefined ? {} : { error }),
      time: performance.now(),
    };
    channels.runEnded.publish(event);
  }
}
