/**
 * Results as they come.
 */
import { dropRun, type JobStats, type Run, type StreamSink } from '../scheduler/index.ts';

/** Runs whose stream nobody has any more: nobody will take their results. */
const forgotten = new FinalizationRegistry<Run>((run) => dropRun(run));

/**
 * The results of a job: an async iterable whose source is read, and whose tasks run, no further
 * ahead than the consumer follows. `break` out of a `for await` stops the job; so does, some time
 * later, the loss of the last reference to the stream.
 */
export class ResultStream<R> implements AsyncIterableIterator<R, undefined, undefined> {
  readonly #run: Run;
  readonly #sink: StreamSink;
  #collected = false;

  /** @internal */
  constructor(run: Run, sink: StreamSink) {
    this.#run = run;
    this.#sink = sink;
    // As a rule somebody waits for all of it by then, and keeps it.
    queueMicrotask(() => {
      if (!this.#collected && !run.ended) forgotten.register(this, run);
    });
  }

  next(): Promise<IteratorResult<R, undefined>> {
    return this.#sink.next(this) as Promise<IteratorResult<R, undefined>>;
  }

  /** Stops the job; called by `break`. */
  return(): Promise<IteratorResult<R, undefined>> {
    this.cancel();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** All results that have not been taken yet, in one array. */
  toArray(): Promise<R[]> {
    this.#collected = true;
    return this.#sink.collect(this) as Promise<R[]>;
  }

  /**
   * Stops the job: tasks that are running get a moment to notice (`ctx.signal`), then their
   * workers are ended. What has not been taken is dropped; a consumer that waits sees the end, one
   * that waits for all results an AbortError.
   */
  cancel(): void {
    this.#sink.drop();
    dropRun(this.#run);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
  }

  /** Whether the job has ended: all tasks have run, or it was stopped. */
  get ended(): boolean {
    return this.#run.ended;
  }

  /** Figures of the job so far. */
  get stats(): JobStats {
    return this.#run.stats();
  }
}
