/**
 * What the functions of the API have in common: they make a job, and start runs of it.
 */

import { traceRun } from '../logging/index.ts';
import { reportProgress, reportVerbose } from '../progress/index.ts';
import type { CallMode } from '../protocol/index.ts';
import {
  type CallSite,
  CollectSink,
  dropRun,
  Job,
  poolFor,
  prepareWorker,
  type ResolvedOptions,
  type Run,
  type RunListener,
  type Sink,
  StreamSink,
  startRun,
  type TaskSource,
  taskSource,
  type WorkerPool,
} from '../scheduler/index.ts';
import { ResultStream } from './stream.ts';

type AnyFunction = (...args: never[]) => unknown;

function start(
  job: Job,
  source: TaskSource,
  sink: Sink,
  site: CallSite,
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly once: boolean;
    readonly listener?: RunListener;
    /** The pool that a worker was started in for this job. */
    readonly prepared?: WorkerPool | null;
    ended?(): void;
  },
): Run {
  const { prepared } = options;
  const pool = prepared && !prepared.disposed ? prepared : poolFor(job.options);
  const run = startRun(pool, job, source, sink, site, {
    signal: options.signal ?? job.options.signal,
    prepare: (run) => {
      if (job.options.trace !== null) traceRun(run, job.options.trace);
      reportProgress(run, job.options.progress, source.remaining);
      reportVerbose(run, job.options.verbose);
      if (options.listener) run.listeners.push(options.listener);
      if (options.ended) run.listeners.push({ ended: options.ended });
      if (options.once) run.listeners.push({ ended: () => pool.closeJob(job) });
    },
  });
  site.note();
  return run;
}

/**
 * Runs all tasks of a source, and gives the results in order.
 *
 * @param adapt - makes the tasks of the job of what the source has
 * @param listener - told what happens to the tasks
 */
export function collect(
  mode: CallMode,
  fn: AnyFunction | null,
  options: ResolvedOptions,
  site: CallSite,
  tasks: TaskSource,
  adapt: (tasks: TaskSource, job: Job) => TaskSource = (same) => same,
  listener?: RunListener,
): Promise<unknown[]> {
  const prepared = prepareWorker(options, tasks);
  const job = new Job(mode, fn, options);
  const source = adapt(tasks, job);
  const sink = new CollectSink(source.remaining);
  start(job, source, sink, site, { once: true, prepared, ...(listener ? { listener } : {}) });
  return sink.promise;
}

/** Runs the tasks of a source, whose results go where the caller says. */
export function runInto(job: Job, source: TaskSource, sink: Sink, site: CallSite): void {
  start(job, source, sink, site, { once: true });
}

/**
 * Runs one task.
 *
 * @param listener - told what happens to it
 * @returns its result, and what stops it
 */
export function single(
  job: Job,
  task: unknown,
  site: CallSite,
  listener: RunListener,
): { readonly result: Promise<unknown>; stop(why: string): void } {
  const sink = new CollectSink(1);
  const run = start(job, taskSource([task]), sink, site, { once: true, listener });
  return {
    result: sink.promise.then(([value]) => value),
    stop: (why) => dropRun(run, why),
  };
}

/** Runs the tasks of a source as the results are taken. */
export function stream<R>(
  job: Job,
  source: TaskSource,
  site: CallSite,
  settings: {
    readonly ordered: boolean;
    readonly once: boolean;
    readonly signal?: AbortSignal | undefined;
    /**
     * Called with what stops the run, and what lets it run to its end whether or not somebody takes
     * its results; unless it has ended already. Neither keeps the stream.
     */
    started?(stop: (why: string) => void, release: () => void): void;
    /** Called when the run has ended. */
    ended?(): void;
  },
): ResultStream<R> {
  const sink = new StreamSink(settings.ordered, job.options.maxBatches);
  const run = start(job, source, sink, site, settings);
  sink.onTaken = () => run.more();
  if (!run.ended) {
    const release = (): void => {
      sink.window = null;
      run.more();
    };
    settings.started?.((why) => dropRun(run, why), release);
  }
  return new ResultStream<R>(run, sink);
}
