/**
 * A run: the tasks of one call, from their source to their sink.
 *
 * The pool offers workers to its runs; a run answers with a batch. Here is what happens to tasks:
 * how they are cut into batches, taken back, lost and tried again, how errors end a run.
 */
import { constants } from 'node:os';
import {
  type FailureMessage,
  MAX_TASKS,
  type Progress,
  type ResultMessage,
  type RunBy,
  type Running,
  type UnreadableMessage,
  valueCount,
} from '../protocol/index.ts';
import { type CallSite, TaskError, WorkerSetupError } from './errors.ts';
import { channels, notify, type RunListener } from './events.ts';
import type { Job } from './job.ts';
import { type Chunk, halves, LossKeeper, slice, type Verdict, type WorkerLoss } from './losses.ts';
import type { WorkerPool } from './pool.ts';
import { ResponsiveTimer } from './responsive-timer.ts';
import type { Sink } from './sink.ts';
import { BatchSizer } from './sizer.ts';
import type { TaskSource } from './source.ts';
import { type JobStats, StatsKeeper } from './stats.ts';
import { type Batch, isBusyWith, type PoolWorker } from './worker.ts';

/** The end of a worker whose memory is gone is known at the latest this much later (ms). */
const EXIT_MS = 1000;

/** What this process has run out of when memory can't be opened; the worker has not ended then. */
const SHORTAGES = new Set<number | undefined>([
  constants.errno.EMFILE,
  constants.errno.ENFILE,
  constants.errno.ENOMEM,
]);

/** Whether memory could not be opened because whoever had made it has ended. */
function isGone(error: unknown): error is Error {
  const { code, errno } = (error ?? {}) as { code?: unknown; errno?: number };
  return code === 'ERR_HEDDLE_SHARED_MEMORY' && !SHORTAGES.has(errno);
}

/**
 * The task that a worker without claims runs, as far as it is known here: the first of its oldest
 * batch whose result has not come, since the latest message or, in an idle worker, since it was sent.
 */
function unclaimedTask(batch: Batch): Running | null {
  const { worker, id, sent, settled } = batch;
  if (worker.oldest !== batch) return null;
  return { batch: id, position: settled, since: Math.max(sent, worker.lastMessageAt) };
}

/** A batch is shared with an idle worker if what is left of it takes longer than this (ms). */
const WORTH_MS = 0.1;

let lastRun = 0;

export class Run {
  readonly id = ++lastRun;
  readonly job: Job;
  readonly site: CallSite;
  readonly listeners: RunListener[] = [];
  ended = false;
  /** When it ended. */
  endedAt = Number.POSITIVE_INFINITY;
  readonly #pool: WorkerPool;
  readonly #source: TaskSource;
  readonly #sink: Sink;
  readonly #sizer: BatchSizer;
  readonly #stats = new StatsKeeper();
  readonly #chunks: Chunk[] = [];
  readonly #batches = new Set<Batch>();
  readonly #engaged = new Set<PoolWorker>();
  readonly #losses: LossKeeper;
  #nextIndex = 0;
  /** Messages that wait for a module before they can be decoded. */
  #decoding = 0;
  /** What the run ends with once the results of all tasks before that one have been given out. */
  #failure: { readonly index: number; readonly error: unknown } | null = null;
  /** It ends as soon as the error of a worker can be decoded. */
  #refused = false;
  #timer: NodeJS.Timeout | null = null;
  #graceTimer: ResponsiveTimer | null = null;

  constructor(pool: WorkerPool, job: Job, source: TaskSource, sink: Sink, site: CallSite) {
    this.#pool = pool;
    this.job = job;
    this.#source = source;
    this.#sink = sink;
    this.site = site;
    this.#losses = new LossKeeper(job, site);
    this.#sizer = new BatchSizer(job.options.batchSize, job.options.backend.pace);
    source.onReady = () => pool.pump();
  }

  /** Workers that could have something to do. */
  get wanted(): number {
    if (this.#refused) return 0;
    const { jobs, maxBatches } = this.job.options;
    let tasks = this.#source.done ? 0 : (this.#source.remaining ?? jobs);
    // What dead workers have left.
    for (const { args } of this.#chunks) tasks += args.length;
    return Math.min(jobs, maxBatches, tasks);
  }

  stats(): JobStats {
    return this.#stats.snapshot();
  }

  /** Ends at once if there is nothing to do. */
  start(): void {
    this.#finishIfDone();
  }

  /** The consumer has taken something: there may be room for more. */
  more(): void {
    if (!this.ended && !this.#source.done) this.#pool.pump();
  }

  // ---- Sending ------------------------------------------------------------------------------

  /** Gives a worker a batch, if this run has one for it. */
  offer(worker: PoolWorker): boolean {
    for (;;) {
      const most = this.#most(worker);
      const chunk = most < 1 ? null : this.#next(most);
      if (!chunk) return false;
      if (this.#send(worker, chunk)) return true;
      // A task that can't be sent has failed, and nobody would ask again because of it.
    }
  }

  /** How many tasks a worker may be given now. */
  #most(worker: PoolWorker): number {
    if (this.ended || this.#refused) return 0;
    const { jobs, maxBatches, maxTasksPerWorker } = this.job.options;
    if (this.#batches.size >= maxBatches) return 0;
    if (!this.#engaged.has(worker) && this.#engaged.size >= jobs) return 0;
    if (worker.load > 0 && !this.#sizer.prefetch) return 0;
    const waiting = this.#chunks.length > 0;
    const most = Math.min(
      this.#sizer.next(waiting ? null : this.#source.remaining, jobs),
      MAX_TASKS,
    );
    // What has been read already may be what the consumer waits for: it goes, however full it is.
    return Math.min(most, maxTasksPerWorker - worker.tasks, waiting ? most : this.#room());
  }

  /** Tasks that may be sent without getting further ahead of the consumer than the window. */
  #room(): number {
    const { window, waiting } = this.#sink;
    if (window === null) return Number.POSITIVE_INFINITY;
    let outstanding = waiting;
    for (const batch of this.#batches) outstanding += batch.count - batch.settled;
    const most = Math.max(window, window * this.#sizer.size);
    const room = most - outstanding;
    // Small refills would make small batches of fast tasks.
    return room * 2 < this.#sizer.size ? 0 : room;
  }

  #next(most: number): Chunk | null {
    const chunk = this.#chunks.pop();
    if (chunk) {
      if (chunk.args.length <= most) return chunk;
      const { first, args } = chunk;
      this.#chunks.push({ first: first + most, args: slice(args, most, args.length) });
      return { first, args: slice(args, 0, most) };
    }
    if (this.#source.done) return null;
    let args: ArrayLike<unknown>;
    try {
      args = this.#source.take(most);
    } catch (error) {
      this.#failAt(this.#nextIndex, error);
      return null;
    }
    if (args.length === 0) {
      this.#finishIfDone();
      return null;
    }
    const first = this.#nextIndex;
    this.#nextIndex += args.length;
    // What gives the tasks may have stopped the job.
    return this.ended || this.#failure ? null : { first, args };
  }

  /** Queues tasks to be sent (again), but for those that nobody wants any more. */
  #queue(chunk: Chunk): void {
    const wanted = (this.#failure?.index ?? Number.POSITIVE_INFINITY) - chunk.first;
    if (wanted >= chunk.args.length) this.#chunks.push(chunk);
    else if (wanted > 0) {
      this.#chunks.push({ first: chunk.first, args: slice(chunk.args, 0, wanted) });
    }
  }

  #send(worker: PoolWorker, chunk: Chunk): boolean {
    const { first, args } = chunk;
    let packed: ReturnType<Job['codec']['pack']>;
    try {
      packed = this.job.codec.pack(args as readonly unknown[], 'tasks');
    } catch (error) {
      return this.#unsendable(worker, chunk, error);
    }
    if (!worker.port.claims) this.#sizer.noClaims();
    let batch: Batch;
    try {
      batch = worker.send(this, first, args, packed);
    } catch (error) {
      packed.release?.();
      return this.#unsendable(worker, chunk, error);
    }
    this.#engaged.add(worker);
    this.#batches.add(batch);
    this.#stats.dispatched += args.length;
    this.#stats.batches++;
    notify(this.listeners, (one) => one.dispatched?.(args.length, worker.id, batch.id));
    if (channels.taskDispatched.hasSubscribers) {
      for (let i = 0; i < args.length; i++) {
        channels.taskDispatched.publish({ run: this.id, index: first + i, worker: worker.id });
      }
    }
    this.#watch();
    return true;
  }

  /** One of the arguments can't be sent: its task has failed, the others are tried without it. */
  #unsendable(worker: PoolWorker, chunk: Chunk, error: unknown): boolean {
    const { first, args } = chunk;
    if (args.length === 1) {
      try {
        this.job.codec.packOne(args[0], `tasks[${first}]`).release?.();
      } catch (named) {
        this.#failed(first, args[0], named);
        return false;
      }
      this.#failed(first, args[0], error);
      return false;
    }
    const [rest, beginning] = halves(chunk);
    this.#queue(rest);
    return this.#send(worker, beginning);
  }

  /** Shares a batch of another worker with one that has nothing to do. */
  share(worker: PoolWorker): 'shared' | 'later' | 'nothing' {
    if (this.ended || worker.load > 0) return 'nothing';
    const { jobs } = this.job.options;
    if (!this.#engaged.has(worker) && this.#engaged.size >= jobs) return 'nothing';
    let victim: Batch | null = null;
    let most = 0;
    for (const batch of this.#batches) {
      if (batch.worker === worker || !batch.worker.port.claims) continue;
      const left = batch.worker.port.claims.unclaimed(batch.slot);
      if (left > most) {
        most = left;
        victim = batch;
      }
    }
    if (!victim) return 'nothing';
    const owner = victim.worker;
    const running = owner.port.claims!.running();
    const since = running ? performance.now() - (running.since + owner.clockOffset) : 0;
    const starting = owner.state === 'starting';
    const worth = starting || since > 1 || this.#sizer.cost * most > WORTH_MS;
    // A single task that is about to begin is best left alone: two workers would take one whose
    // argument can't be read from each other for ever.
    const beginning = running === null && !starting && most === 1;
    if (!worth || beginning) return 'later';
    // A batch behind another one, or of a worker that isn't there yet, may go as a whole.
    const whole = starting || (running !== null && running.batch !== victim.id);
    const taken = this.#steal(victim, whole ? most : Math.ceil(most / 2));
    if (taken === 0) return 'later';
    const chunk = this.#chunks.pop();
    if (!chunk) return 'later';
    return this.#send(worker, chunk) ? 'shared' : 'later';
  }

  /** Takes tasks back from the end of a batch and queues them. */
  #steal(batch: Batch, most: number): number {
    const taken = batch.worker.steal(batch, most);
    if (taken > 0 && !this.ended) {
      const args = slice(batch.args, batch.count, batch.count + taken);
      this.#queue({ first: batch.first + batch.count, args });
      this.#undispatch(taken);
    }
    return taken;
  }

  #undispatch(count: number): void {
    this.#stats.dispatched -= count;
    notify(this.listeners, (one) => one.withdrawn?.(count));
  }

  /** Takes back all that a worker has not begun, because it is to be replaced. */
  withdraw(worker: PoolWorker): void {
    for (const batch of this.#batches) {
      if (batch.worker === worker) this.#steal(batch, MAX_TASKS);
    }
    this.#engaged.delete(worker);
  }

  // ---- Results ------------------------------------------------------------------------------

  result(batch: Batch, message: ResultMessage): void {
    const { values, times } = message;
    const count = valueCount(values);
    const first = batch.first + message.offset;
    batch.settled += count;
    if (times.length > 0) {
      batch.spent += times[times.length - 1]! - times[0]!;
      this.#record(batch, first, count, times, false, message.by);
    }
    if (count > 0) this.#losses.advanced();
    if (count > 0 && this.ended) this.job.codec.drop(values);
    else if (count > 0) {
      const { codec } = this.job;
      const wait = values.kind === 'coded' ? codec.loading(values.message) : null;
      this.#decode(batch.worker, wait, () => codec.unpack(values), {
        use: (results) => this.#accept(first, results),
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
    if (!isGone(error)) {
      for (let i = offset; i < offset + count && !this.ended; i++) {
        this.#failed(batch.first + i, batch.args[i], error);
      }
      return;
    }
    this.#decoding++;
    batch.worker.whenEnded(EXIT_MS, () => {
      this.#decoding--;
      this.#stats.finished -= count;
      if (this.ended) return;
      this.#apply(this.#losses.unopened(batch, offset, count, error));
      // Nobody else asks for workers because of what is to be sent again.
      if (!this.ended) this.#pool.refill();
    });
  }

  /** Sends tasks of lost workers again, or fails them. */
  #apply({ again, failed, fatal }: Verdict): void {
    for (const chunk of again) {
      this.#undispatch(chunk.args.length);
      this.#queue(chunk);
    }
    for (const { index, error } of failed) {
      if (this.ended) return;
      this.#stats.finished++;
      this.#stats.failed++;
      this.#refuse(index, error);
    }
    if (fatal) this.fail(fatal);
    this.#finishIfDone();
  }

  failure(batch: Batch, message: FailureMessage): void {
    batch.settled = message.offset + 1;
    batch.broken = !this.job.options.collectErrors;
    const index = batch.first + message.offset;
    this.#record(batch, index, 1, [message.start, message.end], true, message.by);
    if (this.ended) return;
    this.#failedWith(batch.worker, message.error, index, batch.args[message.offset]);
  }

  /** No argument of the batch could be made: the one that is to blame fails, the others run. */
  unreadable(batch: Batch, message: UnreadableMessage): void {
    const { first, args, count, worker } = batch;
    worker.steal(batch, MAX_TASKS);
    batch.count = 0;
    if (this.ended || count === 0) return;
    this.#undispatch(count);
    const left = { first, args: slice(args, 0, count) };
    if (count > 1) for (const half of halves(left)) this.#queue(half);
    // What others have taken back since was in the message, too, and may be what is to blame.
    else if (args.length > 1) this.#queue(left);
    else this.#failedWith(worker, message.error, first, args[0]);
  }

  /** A task has failed with an error that a worker sent. */
  #failedWith(worker: PoolWorker, error: unknown, index: number, argument: unknown): void {
    const { codec } = this.job;
    const fail = (cause: unknown): void => this.#failed(index, argument, cause);
    const wait = codec.loading(error);
    this.#decode(worker, wait, () => codec.unpackOne(error), { use: fail, failed: fail });
  }

  /** A worker can't be made ready for this job: what it has sent says why. */
  refuse(worker: PoolWorker, what: string, error: unknown): void {
    const { codec } = this.job;
    const fail = (cause: unknown): void => this.fail(new WorkerSetupError(what, cause, this.site));
    this.#refused = true;
    const wait = codec.loading(error);
    this.#decode(worker, wait, () => codec.unpackOne(error), { use: fail, failed: fail });
  }

  #record(
    batch: Batch,
    first: number,
    count: number,
    times: ArrayLike<number>,
    failed: boolean,
    by: RunBy | undefined,
  ): void {
    const { worker } = batch;
    const { clockOffset } = worker;
    this.#stats.finished += count;
    if (failed) this.#stats.failed += count;
    const who = by ? { worker: worker.id, by } : { worker: worker.id };
    this.#stats.add({ first, submitted: batch.sent, ...who, clockOffset, times });
    const { taskFinished, taskFailed } = channels;
    const channel = failed ? taskFailed : taskFinished;
    if (channel.hasSubscribers) {
      for (let i = 0; i < count; i++) {
        const started = times[2 * i]! + clockOffset;
        const completed = times[2 * i + 1]! + clockOffset;
        const index = first + i;
        channel.publish({ run: this.id, index, ...who, started, completed });
      }
    }
    if (this.listeners.length === 0) return;
    const event = {
      run: this.id,
      first,
      count,
      failed,
      ...who,
      batch: batch.id,
      times,
      clockOffset,
    };
    notify(this.listeners, (one) => one.finished?.(event));
  }

  /** Decodes what a worker has sent, once the modules that it needs are there. */
  #decode<T>(
    worker: PoolWorker,
    wait: Promise<void> | null,
    decode: () => T,
    { use, failed }: { use: (value: T) => void; failed: (error: unknown) => void },
  ): void {
    const act = (): void => {
      let value: T;
      try {
        value = decode(); // whether the run has ended or not: that frees memory of the sender
      } catch (error) {
        if (!this.ended) failed(error);
        return;
      }
      if (!this.ended) use(value);
    };
    if (!wait) {
      act();
      return;
    }
    this.#decoding++;
    worker.hold();
    wait
      .then(act, (error: unknown) => {
        if (!this.ended) failed(error);
      })
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.#decoding--;
        worker.letGo();
        this.#finishIfDone();
      });
  }

  #accept(first: number, values: ArrayLike<unknown>): void {
    if (!this.job.options.collectErrors) {
      this.#give(first, values);
      return;
    }
    const settled: PromiseSettledResult<unknown>[] = [];
    for (let i = 0; i < values.length; i++) {
      settled.push({ status: 'fulfilled', value: values[i] });
    }
    this.#give(first, settled);
  }

  /** Gives results out, but for those behind the error that the run ends with. */
  #give(first: number, values: ArrayLike<unknown>): void {
    const failure = this.#failure;
    if (!failure) {
      this.#sink.accept(first, values);
      return;
    }
    const wanted = Math.min(values.length, failure.index - first);
    if (wanted > 0) this.#sink.accept(first, slice(values, 0, wanted));
    this.#failIfDue();
  }

  #failIfDue(): void {
    if (this.#failure && this.#sink.position === this.#failure.index)
      this.fail(this.#failure.error);
  }

  /**
   * A task has failed, or reading the tasks has from that one on. Where results are given out in
   * order, those of the tasks before come first: only what follows is stopped.
   */
  #failAt(index: number, error: unknown): void {
    const { position } = this.#sink;
    if (position === null || position === index || this.job.options.onError === 'kill') {
      this.fail(error);
      return;
    }
    if (this.ended || (this.#failure && this.#failure.index <= index)) return;
    this.#failure = { index, error };
    this.#source.close();
    for (const chunk of this.#chunks.splice(0)) this.#queue(chunk);
    for (const batch of this.#batches) {
      const beyond = batch.first + batch.count - index;
      if (beyond > 0) this.#steal(batch, Math.min(beyond, batch.count));
    }
    this.#finishIfDone();
  }

  /** A task has failed by itself. */
  #failed(index: number, argument: unknown, cause: unknown): void {
    this.#refuse(index, new TaskError(index, this.job.shown(argument), cause, this.site));
  }

  /** A task has failed for good. */
  #refuse(index: number, error: Error): void {
    if (this.job.options.collectErrors) {
      this.#give(index, [{ status: 'rejected', reason: error }]);
      this.#finishIfDone();
    } else this.#failAt(index, error);
  }

  #close(batch: Batch): void {
    this.#batches.delete(batch);
    batch.worker.free(batch);
    if (batch.settled > 0) this.#sizer.measured(batch.settled, batch.spent);
    if (this.ended) {
      this.#calm();
      return;
    }
    // Whatever made a worker leave tasks out: the caller must not take their places for results.
    // After an error it does so; the run ends as soon as that can be decoded.
    const wanted = Math.min(batch.count, (this.#failure?.index ?? Infinity) - batch.first);
    const missing = batch.broken || this.#refused ? 0 : wanted - batch.settled;
    if (missing > 0) {
      const last = batch.first + batch.count - 1;
      this.fail(new Error(`Worker ${batch.worker.id} left out ${missing} task(s) up to ${last}`));
    } else this.#finishIfDone();
  }

  #finishIfDone(): void {
    if (this.ended || !this.#source.done) return;
    if (this.#chunks.length > 0 || this.#batches.size > 0 || this.#decoding > 0) return;
    if (this.#failure) {
      this.fail(this.#failure.error);
      return;
    }
    this.#end(undefined);
    this.#sink.end();
  }

  #end(error: unknown): void {
    this.ended = true;
    this.endedAt = performance.now();
    this.#stats.end();
    if (this.#timer) clearTimeout(this.#timer);
    this.#chunks.length = 0;
    this.#pool.detach(this);
    notify(this.listeners, (one) => one.ended?.(error));
  }

  // ---- Ends before the end ------------------------------------------------------------------

  /** Ends the run with an error; what runs is left to finish, or its workers are killed. */
  fail(error: unknown): void {
    if (this.ended) return;
    this.#stop(error);
    if (this.job.options.onError === 'kill') this.#kill('an error of another task');
  }

  /** Ends the run because nobody wants it any more; what runs gets `graceMs` to notice. */
  cancel(error: unknown, graceMs: number): void {
    if (this.ended) return;
    this.#stop(error);
    if (this.#batches.size === 0) return;
    for (const { worker } of this.#batches) worker.abort(this);
    this.#killLater(graceMs);
  }

  #killLater(graceMs: number): void {
    const kill = (): void => {
      this.#kill('the job was stopped');
      // Workers that are not up yet may still get stuck.
      if ([...this.#batches].some(({ worker }) => worker.usable)) this.#killLater(graceMs);
    };
    // Keeps the process up: it must not end with a worker in a loop that nobody stops.
    this.#graceTimer = new ResponsiveTimer(graceMs, true, kill);
  }

  #stop(error: unknown): void {
    for (const batch of this.#batches) batch.worker.steal(batch, MAX_TASKS);
    this.#end(error);
    this.#source.close();
    this.#sink.fail(error);
  }

  #kill(reason: string): void {
    for (const batch of [...this.#batches]) if (isBusyWith(batch)) batch.worker.kill(reason);
  }

  /** Nothing of an ended run is running any more: nobody has to be killed. */
  #calm(): void {
    if (this.#batches.size > 0) return;
    this.#graceTimer?.end();
    this.#graceTimer = null;
  }

  // ---- Time-outs ----------------------------------------------------------------------------

  #watch(): void {
    const { timeout } = this.job.options;
    if (timeout === null || this.#timer || this.job.options.backend.keepsTime) return;
    const look = (): void => {
      this.#timer = null;
      if (this.ended || this.#batches.size === 0) return;
      const next = this.#expire(timeout);
      this.#timer = setTimeout(look, Math.max(Math.min(next, timeout), 1));
      this.#timer.unref();
    };
    this.#timer = setTimeout(look, timeout);
    this.#timer.unref();
  }

  /** Kills workers whose task has run too long; says when the next one may have (ms). */
  #expire(timeout: number): number {
    const now = performance.now();
    let next = timeout;
    for (const batch of this.#batches) {
      const { worker } = batch;
      const { claims } = worker.port;
      const running = claims ? claims.running() : unclaimedTask(batch);
      if (!running || running.batch !== batch.id || worker.killed !== null) continue;
      const since = running.since + (claims ? worker.clockOffset : 0);
      const left = since + timeout - now;
      if (left > 0) next = Math.min(next, left);
      else {
        worker.expired = running.position;
        worker.kill('a time-out');
      }
    }
    return next;
  }

  // ---- Losses -------------------------------------------------------------------------------

  /** A worker has ended; others may take its place. */
  disengage(worker: PoolWorker): void {
    this.#engaged.delete(worker);
  }

  /** A worker has ended with a batch of this run. */
  lost(batch: Batch, reached: Progress, loss: WorkerLoss): void {
    const { worker } = batch;
    this.#batches.delete(batch);
    worker.free(batch);
    if (this.ended) {
      this.#calm();
      return;
    }
    // The error that is about to end the run came before the end of the worker.
    if (batch.broken || this.#refused) this.#finishIfDone();
    else this.#apply(this.#losses.decide(batch, reached, loss));
  }
}
