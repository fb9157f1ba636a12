/**
 * The way of a run's tasks to its workers: which go to which, how many at a time, and what is taken
 * back from a worker for another one.
 */
import { MAX_TASKS } from '../protocol/index.ts';
import type { Clock } from './clock.ts';
import { decide, type RunState } from './decide.ts';
import type { Delivery } from './delivery.ts';
import type { Job } from './job.ts';
import { halves, slice } from './losses.ts';
import type { Recorder } from './recorder.ts';
import type { Batch, Chunk, PooledWorker, RunPort } from './seams.ts';
import type { Sink } from './sink.ts';
import { BatchSizer } from './sizer.ts';
import type { TaskSource } from './source.ts';
import { TaskQueue } from './task-queue.ts';

/** What a dispatcher needs of its run, and tells it. */
export interface DispatchOwner {
  readonly run: RunPort;
  readonly clock: Clock;
  readonly sink: Sink;
  readonly delivery: Delivery;
  readonly recorder: Recorder;
  /** No more tasks are sent: the run ends as soon as an error can be decoded. */
  isRefused(): boolean;
  state(): RunState;
  /** A batch has been sent. */
  sent(): void;
  /** A task has failed by itself. */
  failed(index: number, argument: unknown, cause: unknown): void;
  /** Reading the tasks has failed from that one on. */
  failAt(index: number, error: unknown): void;
  finishIfDone(): void;
}

/** Whether a worker is up and has nothing else. One that comes up is waited for. */
function isFree(worker: PooledWorker): boolean {
  if (worker.state === 'starting') worker.ref();
  return worker.load === 0 && worker.state === 'ready';
}

export class Dispatcher {
  readonly queue: TaskQueue;
  readonly sizer: BatchSizer;
  /** Batches on their way. */
  readonly batches = new Set<Batch>();
  /** The workers of the run. */
  readonly engaged = new Set<PooledWorker>();
  readonly #owner: DispatchOwner;
  readonly #run: RunPort;
  readonly #job: Job;
  /** Tasks are given something for good: memory or ports themselves, or copies of what is kept till then. */
  #moves: 'transfer' | 'keep' | null = null;

  constructor(source: TaskSource, owner: DispatchOwner) {
    this.#owner = owner;
    this.#run = owner.run;
    this.#job = owner.run.job;
    this.queue = new TaskQueue(source);
    const { batchSize, backend } = this.#job.options;
    this.sizer = new BatchSizer(batchSize, backend.pace);
  }

  /** Workers that could have something to do. */
  get wanted(): number {
    const { jobs, maxBatches, oncePerWorker } = this.#job.options;
    const tasks = this.queue.count(jobs);
    // There must be one that has not had its task.
    if (oncePerWorker) return tasks > 0 ? jobs : 0;
    return Math.min(jobs, maxBatches, tasks);
  }

  /** Tasks that no worker has begun, as far as the input tells how many there are. */
  get waiting(): number {
    let tasks = this.queue.count(0);
    for (const { worker, slot } of this.batches) tasks += worker.port.claims?.unclaimed(slot) ?? 0;
    return tasks;
  }

  /** Gives a worker a batch, if there is one for it. */
  offer(worker: PooledWorker): boolean {
    for (;;) {
      const most = this.#most(worker);
      const chunk = most < 1 ? null : this.#next(most);
      // A task that can't be sent has failed, and nobody would ask again because of it.
      if (!chunk || this.#send(worker, chunk)) return chunk !== null;
    }
  }

  /** How many tasks a worker may be given now. */
  #most(worker: PooledWorker): number {
    if (this.#run.ended || this.#owner.isRefused()) return 0;
    const { jobs, maxBatches, maxTasksPerWorker, oncePerWorker } = this.#job.options;
    if (this.batches.size >= maxBatches) return 0;
    const engaged = this.engaged.has(worker);
    if (engaged ? oncePerWorker : this.engaged.size >= jobs) return 0;
    if (worker.load >= worker.concurrency && !this.sizer.prefetch) return 0;
    if (!this.#mayShare(worker)) return 0;
    // What has been moved goes with its worker: nothing else may end that.
    if (this.#moves === 'transfer' && !isFree(worker)) return 0;
    const waiting = this.queue.hasAgain;
    const remaining = waiting ? null : this.queue.available;
    const size = this.#moves ? 1 : this.sizer.next(remaining, jobs * worker.concurrency);
    const most = Math.min(size, MAX_TASKS);
    // What has been read already may be what the consumer waits for: it goes, however full it is.
    return Math.min(most, maxTasksPerWorker - worker.tasks, waiting ? most : this.#room());
  }

  /** Whether a worker may get the next tasks beside those that it has. */
  #mayShare(worker: PooledWorker): boolean {
    if (worker.load === 0 || worker.concurrency === 1) return true;
    if (worker.slots.some((batch) => batch?.alone)) return false;
    if (!this.queue.isAlone) {
      worker.reservedFor = null;
      return true;
    }
    // It waits for one worker to have nothing else; the others go on.
    if ([...this.engaged].every(({ reservedFor }) => reservedFor !== this.#run)) {
      worker.reservedFor = this.#run;
    }
    return false;
  }

  /** Tasks that may be sent without getting further ahead of the consumer than the window. */
  #room(): number {
    const { window, waiting } = this.#owner.sink;
    if (window === null) return Number.POSITIVE_INFINITY;
    let outstanding = waiting;
    for (const batch of this.batches) outstanding += batch.count - batch.settled;
    const most = Math.max(window, window * this.sizer.size);
    const room = most - outstanding;
    // Small refills would make small batches of fast tasks.
    return room * 2 < this.sizer.size ? 0 : room;
  }

  #next(most: number): Chunk | null {
    let chunk: Chunk | null;
    try {
      chunk = this.queue.next(most);
    } catch (error) {
      this.#owner.failAt(this.queue.nextIndex, error);
      return null;
    }
    if (!chunk) this.#owner.finishIfDone();
    // What gives the tasks may have stopped the job.
    return this.#run.ended || (chunk && chunk.first >= this.#owner.delivery.end) ? null : chunk;
  }

  #send(worker: PooledWorker, chunk: Chunk): boolean {
    const { args } = chunk;
    const { codec } = this.#job;
    let packed: ReturnType<Job['codec']['pack']>;
    try {
      packed = codec.pack(args as readonly unknown[], 'tasks');
    } catch (error) {
      return this.#unsendable(worker, chunk, error);
    }
    const moves = packed.transfer.length > 0;
    if ((moves || packed.takeAway) && !this.#mayMove(worker, chunk, moves)) {
      packed.release?.();
      return false;
    }
    if (!worker.port.claims) this.sizer.noClaims();
    let batch: Batch;
    try {
      batch = worker.send(this.#run, chunk, packed);
    } catch (error) {
      packed.release?.();
      return this.#unsendable(worker, chunk, error);
    }
    if (worker.concurrency > 1) worker.reservedFor = batch.alone ? this.#run : null;
    this.engaged.add(worker);
    this.batches.add(batch);
    this.#owner.recorder.dispatched(batch);
    this.#owner.sent();
    return true;
  }

  /** Whether tasks that are given something for good may go now; else they are queued again. */
  #mayMove(worker: PooledWorker, chunk: Chunk, moves: boolean): boolean {
    if (moves) this.#moves = 'transfer';
    else this.#moves ??= 'keep';
    // Each by itself: what one was given is taken away when that one has succeeded.
    if (chunk.args.length === 1 && (!moves || isFree(worker))) return true;
    this.queue.push(chunk);
    return false;
  }

  /** One of the arguments can't be sent: its task has failed, the others are tried without it. */
  #unsendable(worker: PooledWorker, chunk: Chunk, error: unknown): boolean {
    const { first, args } = chunk;
    if (args.length === 1) {
      try {
        this.#job.codec.packOne(args[0], `tasks[${first}]`).release?.();
      } catch (named) {
        this.#owner.failed(first, args[0], named);
        return false;
      }
      this.#owner.failed(first, args[0], error);
      return false;
    }
    const [rest, beginning] = halves(chunk);
    this.queue.push(rest);
    return this.#send(worker, beginning);
  }

  /** Takes tasks of another worker for one that has nothing to do. */
  stealFor(worker: PooledWorker): 'stolen' | 'later' | 'nothing' {
    if (this.#run.ended || worker.load >= worker.concurrency) return 'nothing';
    if (this.#job.options.oncePerWorker) return 'nothing';
    const now = this.#owner.clock.now();
    const [action] = decide(this.#owner.state(), { type: 'idle', worker, now });
    if (action?.do !== 'take-back') return action ? 'later' : 'nothing';
    if (this.takeBack(action.batch, action.count) === 0) return 'later';
    const chunk = this.queue.pop();
    return chunk && this.#send(worker, chunk) ? 'stolen' : 'later';
  }

  /** Takes tasks back from the end of a batch and queues them. */
  takeBack(batch: Batch, most: number): number {
    if (batch.moved) return 0;
    const taken = batch.worker.steal(batch, most);
    if (taken > 0 && !this.#run.ended) {
      const { first, args, count, alone } = batch;
      this.queue.push({ first: first + count, args: slice(args, count, count + taken), alone });
      this.#owner.recorder.withdrawn(taken);
      if (this.#job.options.oncePerWorker) this.engaged.delete(batch.worker);
    }
    return taken;
  }

  /** A task is sent again because it threw. */
  again(batch: Batch, index: number, argument: unknown): void {
    this.#owner.recorder.withdrawn(1, true);
    if (this.#job.options.oncePerWorker) this.engaged.delete(batch.worker);
    this.queue.push({ first: index, args: [argument], alone: batch.alone });
  }

  /** Takes back all that has not begun, whatever worker has it. */
  withdrawAll(): void {
    if (this.#run.ended) return;
    // The queue gives what was put last first: so what comes first in the input stays first.
    const batches = [...this.batches].sort((a, b) => b.first - a.first);
    for (const batch of batches) this.takeBack(batch, MAX_TASKS);
  }

  /** Takes back all that a worker has not begun. */
  withdraw(worker: PooledWorker): void {
    for (const batch of this.batches) {
      if (batch.worker === worker) this.takeBack(batch, MAX_TASKS);
    }
  }
}
