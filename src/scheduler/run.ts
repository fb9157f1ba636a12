/**
 * A run: the tasks of one call, from their source to their sink. The pool offers workers to its runs;
 * a run answers with a batch. What becomes of its tasks `decide` says; here it is done.
 */

import { errorText } from '../errors.ts';
import { isGone } from '../memory/index.ts';
import {
  type FailureMessage,
  MAX_TASKS,
  type Progress,
  type ResultMessage,
  type UnreadableMessage,
  valueCount,
} from '../protocol/index.ts';
import { Deadlines } from './deadlines.ts';
import { decide, type RunAction, type RunState } from './decide.ts';
import { Decoding } from './decoding.ts';
import { Delivery } from './delivery.ts';
import { Dispatcher } from './dispatcher.ts';
import { type CallSite, TaskError, WorkerSetupError } from './errors.ts';
import type { RunListener } from './events.ts';
import { Grace } from './grace.ts';
import type { Job } from './job.ts';
import { type Failed, LossTally, lossError } from './losses.ts';
import { Recorder } from './recorder.ts';
import type { Batch, PooledWorker, PoolPort, RunPort, WorkerLoss } from './seams.ts';
import type { Sink } from './sink.ts';
import type { TaskSource } from './source.ts';
import type { JobStats } from './stats.ts';

/** The end of a worker whose memory is gone is known at the latest this much later (ms). */
const EXIT_MS = 1000;

/** Errors that the same task would throw again, or that say that nobody wants it any more. */
const LASTING = ['AbortError', 'TimeoutError', 'CloneError'];

/** Whether a task that threw this may do better another time. */
function isPassing(cause: unknown): boolean {
  return !LASTING.includes(errorText(cause)?.name ?? '');
}

let lastRun = 0;

export class Run implements RunPort {
  readonly id = ++lastRun;
  readonly job: Job;
  readonly site: CallSite;
  ended = false;
  /** When it ended. */
  endedAt = Number.POSITIVE_INFINITY;
  readonly #pool: PoolPort;
  readonly #dispatcher: Dispatcher;
  readonly #sink: Sink;
  readonly #delivery: Delivery;
  readonly #recorder: Recorder;
  readonly #tally = new LossTally();
  /** How often tasks have been run again because they threw. */
  readonly #errors = new Map<number, number>();
  readonly #decoding: Decoding;
  /** It ends as soon as the error of a worker can be decoded. */
  #refused = false;
  readonly #deadlines: Deadlines | null;
  #grace: Grace | null = null;

  constructor(pool: PoolPort, job: Job, source: TaskSource, sink: Sink, site: CallSite) {
    this.#pool = pool;
    this.job = job;
    // Tasks that are there have waited since the call, others since they were read.
    const since = source.remaining === null ? null : pool.clock.now();
    this.#recorder = new Recorder(this.id, job, pool.tally, since);
    this.#sink = sink;
    this.#delivery = new Delivery(sink);
    this.site = site;
    this.#decoding = new Decoding({
      codec: job.codec,
      hasEnded: () => this.ended,
      failed: (error) => this.fail(error),
      settled: () => this.#finishIfDone(),
    });
    this.#dispatcher = new Dispatcher(source, {
      run: this,
      clock: pool.clock,
      sink,
      delivery: this.#delivery,
      recorder: this.#recorder,
      isRefused: () => this.#refused,
      state: () => this.#state(),
      sent: () => this.#deadlines?.watch(),
      failed: (index, argument, cause) => this.#failed(index, argument, cause),
      failAt: (index, error) => this.#failAt(index, error),
      finishIfDone: () => this.#finishIfDone(),
    });
    const { timeout, backend } = job.options;
    this.#deadlines =
      timeout === null || backend.keepsTime
        ? null
        : new Deadlines(timeout, () => this.#look(), pool.clock);
    source.whenReady(() => pool.pump());
  }

  /** What decisions about the run go by. */
  #state(): RunState {
    const { retries, timeout, jobs, onError } = this.job.options;
    const { batches, engaged, sizer } = this.#dispatcher;
    return {
      batches,
      engaged,
      counts: this.#tally,
      ended: this.ended,
      cost: sizer.cost,
      position: this.#sink.position,
      end: this.#delivery.end,
      retries,
      timeout,
      jobs,
      onError,
    };
  }

  /** Ends workers whose task has run too long; says when the next look is due (ms). */
  #look(): number | null {
    if (this.#dispatcher.batches.size === 0) return null;
    let wait: number | null = null;
    const now = this.#pool.clock.now();
    for (const action of decide(this.#state(), { type: 'time', now })) {
      if (action.do === 'expire') action.worker.expire(action.tasks);
      else if (action.do === 'look-in') wait = action.ms;
    }
    return wait;
  }

  /** Workers that could have something to do. */
  get wanted(): number {
    return this.#refused ? 0 : this.#dispatcher.wanted;
  }

  /** Whether all tasks have been sent: no more will come from the input. */
  get isSent(): boolean {
    return this.#dispatcher.queue.isDone;
  }

  get waiting(): number {
    return this.#dispatcher.waiting;
  }

  get listeners(): RunListener[] {
    return this.#recorder.listeners;
  }

  stats(): JobStats {
    return this.#recorder.stats.snapshot();
  }

  /** Tells whoever listens that it begins, and with how many tasks where that is known. */
  announce(tasks: number | null): void {
    this.#recorder.started(this.job.options.backend.name, tasks ?? undefined);
  }

  /** Ends at once if there is nothing to do. */
  start(): void {
    this.#finishIfDone();
  }

  /** The consumer has taken something: there may be room for more. */
  more(): void {
    if (!this.ended && !this.#dispatcher.queue.isRead) this.#pool.pump();
  }

  // ---- Sending ------------------------------------------------------------------------------

  offer(worker: PooledWorker): boolean {
    return this.#dispatcher.offer(worker);
  }

  steal(worker: PooledWorker): 'stolen' | 'later' | 'nothing' {
    return this.#dispatcher.stealFor(worker);
  }

  /** Takes back all that a worker has not begun, because it is to be replaced. */
  withdraw(worker: PooledWorker): void {
    this.#dispatcher.withdraw(worker);
    this.#dispatcher.engaged.delete(worker);
  }

  /** Takes back all that has not begun: others go before. */
  withdrawAll(): void {
    this.#dispatcher.withdrawAll();
  }

  // ---- Results ------------------------------------------------------------------------------

  result(batch: Batch, message: ResultMessage): void {
    const { values, times } = message;
    const count = valueCount(values);
    const first = batch.first + message.offset;
    batch.settled += count;
    if (times.length > 0) {
      batch.spent += times[times.length - 1]! - times[0]!;
      this.#recorder.finished(batch, first, count, times, { failed: false, by: message.by });
    }
    if (count > 0) this.#tally.openings = 0;
    if (count > 0 && this.ended) this.job.codec.drop(values);
    else if (count > 0) {
      const { codec } = this.job;
      const coded = values.kind === 'coded' ? values.message : null;
      this.#decoding.decode(batch.worker, coded, () => codec.unpack(values), {
        use: (results) => {
          batch.takeAway?.();
          this.#accept(first, results);
        },
        failed: (error) => this.#undecodable(batch, message, error),
      });
    }
    if (message.last) {
      batch.finished = true;
      this.#close(batch);
    }
  }

  /** Results have come that can't be made here. */
  #undecodable(batch: Batch, { offset, values }: ResultMessage, error: unknown): void {
    const count = valueCount(values);
    const { codec } = this.job;
    const wentWithWorker = batch.worker.state === 'dead' && codec.unopened(error) !== null;
    if (!isGone(error) && !wentWithWorker) {
      for (let i = offset; i < offset + count && !this.ended; i++) {
        this.#failed(batch.first + i, batch.args[i], error);
      }
      return;
    }
    this.#decoding.pending++;
    batch.worker.whenEnded(EXIT_MS, () => {
      this.#decoding.pending--;
      this.#recorder.unopened(count);
      if (this.ended) return;
      const loss = { exitCode: null, signal: null, cause: error, ...batch.worker.exitReason?.loss };
      this.#lose(decide(this.#state(), { type: 'unopened', batch, offset, count }), loss);
      // Nobody else asks for workers because of what is to be sent again.
      if (!this.ended) this.#pool.refill();
    });
  }

  /** Sends tasks of lost workers again, or fails them. */
  #lose(actions: readonly RunAction[], loss: WorkerLoss): void {
    const error = (failed: Failed): Error => lossError(failed, loss, this.job, this.site);
    // Several may have failed: the run must not end with the first of them.
    this.#decoding.pending++;
    for (const action of actions) {
      switch (action.do) {
        case 'count':
        case 'count-openings':
          this.#tally.note(action);
          break;
        case 'again':
          this.#recorder.withdrawn(action.chunk.args.length, action.retried);
          this.#dispatcher.queue.push(action.chunk);
          break;
        case 'fail':
          if (this.ended) break;
          this.#recorder.lost(1);
          this.#refuse(action.batch.first + action.position, error(action));
          break;
        case 'give-up':
          this.fail(error(action));
      }
    }
    this.#decoding.pending--;
    this.#finishIfDone();
  }

  failure(batch: Batch, message: FailureMessage): void {
    batch.settled = message.offset + 1;
    const { collectErrors, retryErrors } = this.job.options;
    batch.broken = !collectErrors && retryErrors === 0;
    if (retryErrors > 0 && !this.ended) {
      this.#retry(batch, message);
      return;
    }
    const index = this.#noteFailure(batch, message);
    if (this.ended) return;
    const { error, offset, step = 0 } = message;
    this.#failedWith(batch.worker, error, index, batch.args[offset], step);
  }

  #noteFailure(batch: Batch, { offset, start, end, by }: FailureMessage): number {
    const index = batch.first + offset;
    this.#recorder.finished(batch, index, 1, [start, end], { failed: true, by });
    return index;
  }

  /** A task has thrown, and is run again unless it has been too often, or its error says no. */
  #retry(batch: Batch, message: FailureMessage): void {
    const { codec, options } = this.job;
    const { error, offset, step = 0 } = message;
    const index = batch.first + offset;
    const argument = batch.args[offset];
    const conclude = (cause: unknown): void => {
      const tries = this.#errors.get(index) ?? 0;
      const again = tries < options.retryErrors && !batch.moved;
      if (again && index < this.#delivery.end && isPassing(cause)) {
        this.#errors.set(index, tries + 1);
        this.#dispatcher.again(batch, index, argument);
        this.#pool.refill();
      } else {
        this.#noteFailure(batch, message);
        this.#failed(index, argument, cause, step);
      }
    };
    const use = { use: conclude, failed: conclude };
    this.#decoding.decode(batch.worker, error, () => codec.unpackOne(error), use);
  }

  /** No argument of the batch could be made: the one that is to blame fails, the others run. */
  unreadable(batch: Batch, message: UnreadableMessage): void {
    const { first, args, count, worker } = batch;
    worker.steal(batch, MAX_TASKS);
    batch.count = 0;
    if (this.ended || count === 0) return;
    this.#recorder.withdrawn(count);
    for (const action of decide(this.#state(), { type: 'unreadable', batch, count })) {
      if (action.do === 'again') this.#dispatcher.queue.push(action.chunk);
      else if (action.do === 'blame') this.#failedWith(worker, message.error, first, args[0]);
    }
  }

  /** A task has failed with an error that a worker sent. */
  #failedWith(
    worker: PooledWorker,
    error: unknown,
    index: number,
    argument: unknown,
    step: number | null = null,
  ): void {
    const { codec } = this.job;
    const fail = (cause: unknown): void => this.#failed(index, argument, cause, step);
    this.#decoding.decode(worker, error, () => codec.unpackOne(error), { use: fail, failed: fail });
  }

  /** A worker can't be made ready for this job: what it has sent says why. */
  refuse(worker: PooledWorker, what: string, error: unknown): void {
    const { codec } = this.job;
    const fail = (cause: unknown): void => this.fail(new WorkerSetupError(what, cause, this.site));
    this.#refused = true;
    this.#decoding.decode(worker, error, () => codec.unpackOne(error), { use: fail, failed: fail });
  }

  #accept(first: number, values: ArrayLike<unknown>): void {
    if (this.job.options.collectErrors) this.#delivery.giveSettled(first, values);
    else this.#delivery.give(first, values);
    this.#failIfDue();
  }

  #failIfDue(): void {
    const { isDue, failure } = this.#delivery;
    if (isDue && failure) this.fail(failure.error);
  }

  /** A task has failed, or reading the tasks has from that one on: only what follows is stopped. */
  #failAt(index: number, error: unknown): void {
    if (this.ended) return;
    for (const action of decide(this.#state(), { type: 'failed', index })) {
      if (action.do === 'fail-run') this.fail(error);
      else if (action.do === 'end-at') {
        this.#delivery.failAt(index, error);
        this.#dispatcher.queue.endAt(index);
      } else if (action.do === 'take-back') this.#dispatcher.takeBack(action.batch, action.count);
    }
    this.#finishIfDone();
  }

  /** A task has failed by itself; at which of its calls, where it is several and that is known. */
  #failed(index: number, argument: unknown, cause: unknown, step: number | null = null): void {
    const task = this.job.describe(index, argument, step);
    this.#refuse(index, new TaskError(task, cause, this.site));
  }

  /** A task has failed for good. */
  #refuse(index: number, error: Error): void {
    this.#recorder.rejected(index, error);
    if (this.job.options.collectErrors) {
      this.#delivery.give(index, [{ status: 'rejected', reason: error }]);
      this.#failIfDue();
      this.#finishIfDone();
    } else this.#failAt(index, error);
  }

  #close(batch: Batch): void {
    this.#dispatcher.batches.delete(batch);
    batch.worker.free(batch);
    if (batch.settled > 0) this.#dispatcher.sizer.measured(batch.settled, batch.spent);
    if (this.ended) {
      if (this.#dispatcher.batches.size === 0) this.#grace?.end();
      return;
    }
    // Whatever made a worker leave tasks out: the caller must not take their places for results.
    // After an error it does so; the run ends as soon as that can be decoded.
    const wanted = Math.min(batch.count, this.#delivery.end - batch.first);
    const missing = batch.broken || this.#refused ? 0 : wanted - batch.settled;
    if (missing > 0) {
      const last = batch.first + batch.count - 1;
      const text = `Worker ${batch.worker.id} left out ${missing} task(s) up to ${last}`;
      this.fail(Object.assign(new Error(text), { code: 'ERR_HEDDLE_PROTOCOL' }));
    } else this.#finishIfDone();
  }

  #finishIfDone(): void {
    if (this.ended || !this.#dispatcher.queue.isDone) return;
    if (this.#dispatcher.batches.size > 0 || this.#decoding.pending > 0) return;
    const { failure } = this.#delivery;
    if (failure) {
      this.fail(failure.error);
      return;
    }
    this.#end(undefined);
    this.#sink.end();
  }

  #end(error: unknown): void {
    this.ended = true;
    this.endedAt = this.#pool.clock.now();
    this.#deadlines?.end();
    this.#dispatcher.queue.clear();
    this.#pool.detach(this);
    this.#recorder.ended(error);
  }

  // ---- Ends before the end ------------------------------------------------------------------

  /** Ends the run with an error; what runs is left to finish, or its workers are killed. */
  fail(error: unknown): void {
    if (this.ended) return;
    this.#stop(error);
    if (this.job.options.onError === 'kill') this.#endings().kill('an error of another task');
  }

  /** Ends the run because nobody wants it any more; what runs gets `graceMs` to notice. */
  cancel(error: unknown, graceMs: number): void {
    if (this.ended) return;
    this.#stop(error);
    this.#endings().grant(graceMs);
  }

  /** Made for the few runs that need it. */
  #endings(): Grace {
    this.#grace ??= new Grace(this, () => this.#state(), this.#pool.clock);
    return this.#grace;
  }

  #stop(error: unknown): void {
    for (const batch of this.#dispatcher.batches) batch.worker.steal(batch, MAX_TASKS);
    this.#end(error);
    this.#dispatcher.queue.close();
    this.#sink.fail(error);
  }

  // ---- Losses -------------------------------------------------------------------------------

  /** A worker has ended; others may take its place. */
  disengage(worker: PooledWorker): void {
    this.#dispatcher.engaged.delete(worker);
  }

  /** A worker has ended with a batch of this run. */
  lost(batch: Batch, reached: Progress, loss: WorkerLoss): void {
    const { worker } = batch;
    this.#dispatcher.batches.delete(batch);
    worker.free(batch);
    if (this.ended) {
      if (this.#dispatcher.batches.size === 0) this.#grace?.end();
      return;
    }
    // The error that is about to end the run came before the end of the worker.
    if (batch.broken || this.#refused) this.#finishIfDone();
    else this.#lose(decide(this.#state(), { type: 'lost', batch, reached, loss }), loss);
  }
}
