/**
 * A worker of a pool: what it has open, and the batches that are on their way to it.
 */

import { bytesOf } from '../memory/index.ts';
import {
  type Backend,
  clockOffset,
  type FromWorker,
  MemoryExchange,
  type ToWorker,
  VERSION,
  type WorkerExit,
  type WorkerPort,
  type WorkerSpec,
} from '../protocol/index.ts';
import type { Clock } from './clock.ts';
import { decide } from './decide.ts';
import type { Job } from './job.ts';
import { isOurs, isUsable, type LifecycleAction, type LifecycleEvent } from './lifecycle.ts';
import { ResponsiveTimer } from './responsive-timer.ts';
import type {
  Batch,
  BatchTask,
  Chunk,
  ExitReason,
  PackedBatch,
  PooledWorker,
  RunPort,
  WorkerState,
} from './seams.ts';

/** What a worker tells its pool. */
export interface WorkerOwner {
  /** Workers that died in a row before they were up. */
  readonly failedStarts: number;
  /** How long a worker may give no sign of life after its start (ms). */
  readonly startTimeout: number;
  /** Whether workers other than this one are up, and take work. */
  othersUp(worker: PoolWorker): boolean;
  /** Workers have something to do when they are told to end, which may take {@link PARTING_MS}. */
  readonly parting: boolean;
  message(worker: PoolWorker, message: FromWorker): void;
  /** What may help against ends like this one. */
  hint(exit: WorkerExit): string | undefined;
  /** Does what was decided about a worker, as far as that is the pool's to do. */
  carryOut(worker: PoolWorker, action: LifecycleAction): void;
}

let lastBatch = 0;

/** How long a worker that has nothing left to do may take to end (ms). */
const PARTING_MS = 10_000;

export class PoolWorker implements PooledWorker {
  readonly id: number;
  readonly backend: Backend;
  readonly port: WorkerPort;
  readonly slots: (Batch | null)[] = [];
  /** Batches on their way. */
  load = 0;
  /** Jobs that the worker has open, with the number of functions that it has of each. */
  readonly jobs = new Map<Job, number>();
  state: WorkerState = 'starting';
  /** Tasks that it may run at a time. */
  readonly concurrency: number;
  reservedFor: RunPort | null = null;
  upSince: number | null = null;
  /** Tasks that have been sent to it. */
  tasks = 0;
  idleSince: number;
  /** When the latest message came. */
  lastMessageAt = 0;
  /** Add to a time of the worker to get one of ours. */
  clockOffset = 0;
  exitReason: ExitReason | null = null;
  /** Version of this package in the worker; null before it has said that it is there. */
  version: string | null = null;
  /**
   * Messages that wait for a module before they can be decoded. Arrays in them lie in memory of the
   * worker's, which goes with it: it is not told to stop before.
   */
  undecoded = 0;
  /** Gives it, and gets from it, the bytes of memory that can't be opened on the other side. */
  readonly exchange = new MemoryExchange(
    (message, transfer) => this.port.send(message, transfer),
    bytesOf,
  );
  readonly ask = this.exchange.ask;
  /** Who waits for its end. */
  readonly #awaiting: (() => void)[] = [];
  readonly #owner: WorkerOwner;
  readonly #clock: Clock;
  /** Until it has said that it is there. */
  #startTimer: ResponsiveTimer | null = null;
  #referenced = false;

  constructor(backend: Backend, spec: WorkerSpec, owner: WorkerOwner, clock: Clock) {
    this.id = spec.id;
    this.#clock = clock;
    this.idleSince = clock.now();
    this.backend = backend;
    this.#owner = owner;
    this.port = backend.start(spec, {
      message: (message) => {
        if (this.state === 'dead') return;
        if (message.type === 'ready') {
          const { clockOffset: offset, version } = message;
          this.upSince = this.#clock.now();
          this.#endStartTimer();
          if (offset !== null) this.clockOffset = offset - clockOffset();
          this.#happens({ type: 'ready', version, wanted: VERSION });
        } else if (message.type === 'fatal') {
          this.#happens({ type: 'uncaught', error: message.error });
        } else owner.message(this, message);
      },
      exit: (exit) => this.#ended(exit),
    });
    this.port.working?.(false);
    for (let slot = 0; slot < Math.max(this.port.slots, 1); slot++) this.slots.push(null);
    this.concurrency = Math.min(spec.concurrency ?? 1, this.slots.length);
    this.#watchStart();
  }

  /** One that says nothing has not come up: its own first message needs nothing of the job. */
  #watchStart(): void {
    const ms = this.#owner.startTimeout;
    if (ms === Number.POSITIVE_INFINITY || this.backend.reach === 'local') return;
    const silent = (): void => {
      this.#happens({ type: 'silent', ms });
      // A thread that waits in code of the system can't be ended, and nobody may wait for it.
      this.#clock.after(PARTING_MS, () => this.#ended({ reason: 'lost', why: 'it could not end' }));
    };
    this.#startTimer = new ResponsiveTimer(ms, false, silent, this.#clock);
  }

  #endStartTimer(): void {
    this.#startTimer?.end();
    this.#startTimer = null;
  }

  #ended(exit: WorkerExit): void {
    if (this.state === 'dead') return;
    this.#endStartTimer();
    const hint = isOurs(this.exitReason) ? undefined : this.#owner.hint(exit);
    this.#happens({ type: 'exit', exit, hint });
    this.exchange.end();
    for (const callback of this.#awaiting.splice(0)) callback();
  }

  #happens(event: LifecycleEvent): void {
    const { failedStarts } = this.#owner;
    const othersUp = event.type === 'exit' && this.#owner.othersUp(this);
    const state = { worker: this, failedStarts, othersUp };
    for (const action of decide(state, event)) this.#carryOut(action);
  }

  #carryOut(action: LifecycleAction): void {
    switch (action.do) {
      case 'become':
        this.state = action.state;
        this.exitReason = action.exitReason;
        this.version = action.version ?? this.version;
        return;
      case 'stop':
        this.#tell({ type: 'stop' });
        if (!this.#owner.parting) return;
        // The process waits for what it does at its end, but not for ever.
        this.port.ref();
        if (this.load === 0) this.#watchParting();
        return;
      case 'end-now':
        this.#endNow();
        return;
      default:
        this.#owner.carryOut(this, action);
    }
  }

  #watchParting(): void {
    this.#clock.after(PARTING_MS, () => {
      if (this.state === 'dead') return;
      const text = `Its teardown took longer than ${PARTING_MS / 1000} s: the worker is killed`;
      this.#owner.message(this, { type: 'log', level: 'error', text, time: Date.now() });
      this.kill('its teardown took too long');
    });
  }

  #endNow(): void {
    try {
      this.port.kill();
    } catch (error) {
      // Nothing more can be done about it, and nobody may wait for it.
      const why = this.exitReason?.kind === 'killed' ? this.exitReason.why : 'a time-out';
      setImmediate(() => this.#ended({ reason: 'lost', why, error: error as Error }));
    }
  }

  /** Calls back once its end is known, which may be a while after its memory is gone; or in `ms`. */
  whenEnded(ms: number, callback: () => void): void {
    if (this.state === 'dead') {
      callback();
      return;
    }
    let called = false;
    const once = (): void => {
      if (called) return;
      called = true;
      timer.end();
      callback();
    };
    const timer = new ResponsiveTimer(ms, true, once, this.#clock);
    this.#awaiting.push(once);
  }

  /** Whether it takes new work. */
  get usable(): boolean {
    return isUsable(this.state);
  }

  /** A batch on its way, by its number. */
  batch(id: number): Batch | null {
    for (const batch of this.slots) if (batch?.id === id) return batch;
    return null;
  }

  /** Tells the worker of a job, or of the functions that the job has got since. */
  #open(job: Job): void {
    const known = this.jobs.get(job);
    const { length } = job.functions;
    if (known === length) return;
    if (known === undefined) this.port.send(job.openMessage());
    else {
      const functions = job.functions.slice(known);
      this.port.send({ type: 'functions', context: job.id, functions });
    }
    this.jobs.set(job, length);
  }

  /**
   * Sends tasks; there must be a free slot.
   *
   * @throws what the backend throws of a message that can't be sent; the worker is as it was
   */
  send(run: RunPort, chunk: Chunk, packed: PackedBatch): Batch {
    const { first, args } = chunk;
    const moved = packed.transfer.length > 0;
    const alone = moved || chunk.alone === true;
    const slot = this.slots.indexOf(null);
    const { job } = run;
    this.#open(job);
    const id = ++lastBatch >>> 0;
    const count = args.length;
    // Before the message leaves: the worker may begin while this thread has lost its core.
    const sent = this.#clock.now();
    this.port.claims?.open(slot, count);
    if (this.load === 0) this.port.working?.(true);
    this.port.send(
      { type: 'batch', context: job.id, run: run.id, batch: id, slot, first, args: packed.message },
      packed.transfer,
    );
    this.ref();
    const batch: Batch = {
      id,
      run,
      worker: this,
      slot,
      first,
      args,
      sent,
      release: packed.release,
      count,
      settled: 0,
      broken: false,
      spent: 0,
      cores: null,
      finished: false,
      begun: this.load < this.concurrency ? sent : Number.POSITIVE_INFINITY,
      alone,
      moved,
      takeAway: packed.takeAway,
    };
    this.slots[slot] = batch;
    this.load++;
    this.tasks += count;
    return batch;
  }

  /** Takes a batch off the worker. */
  free(batch: Batch): void {
    this.slots[batch.slot] = null;
    this.load--;
    batch.release?.();
    if (batch.alone) this.reservedFor = null;
    if (this.load > 0) {
      if (!this.port.claims) this.#beginNext();
      return;
    }
    this.idleSince = this.#clock.now();
    this.port.working?.(false);
    if (this.#owner.parting && this.exitReason?.kind === 'done') this.#watchParting();
  }

  /** The oldest batch that waited behind others runs now. */
  #beginNext(): void {
    let next: Batch | null = null;
    for (const batch of this.slots) {
      if (batch?.begun !== Number.POSITIVE_INFINITY) continue;
      if (!next || batch.id < next.id) next = batch;
    }
    if (next) next.begun = this.#clock.now();
  }

  /** Takes back up to `most` tasks of a batch that have not been claimed; returns how many. */
  steal(batch: Batch, most: number): number {
    const { claims } = this.port;
    if (!claims) return 0;
    const taken = claims.steal(batch.slot, most);
    batch.count -= taken;
    this.tasks -= taken;
    return taken;
  }

  /** Closes a job that won't come again. */
  close(job: Job): void {
    if (this.jobs.delete(job) && this.state !== 'dead') {
      this.#tell({ type: 'close', context: job.id });
      if (job.holdsMemory) this.port.flush?.();
    }
  }

  /** Tells it that a run is not wanted any more. */
  abort(run: RunPort): void {
    this.#tell({ type: 'abort', run: run.id });
  }

  /** One that can't be told anything is of no use. */
  #tell(message: ToWorker): void {
    try {
      this.port.send(message);
    } catch {
      this.kill('it could not be reached');
    }
  }

  kill(why: string): void {
    this.#happens({ type: 'kill', why });
  }

  expire(tasks: readonly BatchTask[]): void {
    this.#happens({ type: 'expire', tasks });
  }

  /** Whether it has nothing to do, and nothing that we still need. */
  get isIdle(): boolean {
    return this.load === 0 && this.undecoded === 0;
  }

  /** A message of it can't be decoded yet. */
  hold(): void {
    this.undecoded++;
    // It may be asked for memory, and the process is to wait for the answer.
    if (this.state !== 'dead') this.ref();
  }

  /** What was held has been decoded. */
  letGo(): void {
    this.undecoded--;
    if (this.isIdle) {
      this.idleSince = this.#clock.now();
      this.unref();
    }
    this.#happens({ type: 'decoded' });
  }

  /** Ends when what it runs is done, and what it has sent is decoded. */
  retire(): void {
    this.#happens({ type: 'retire' });
  }

  ref(): void {
    if (this.#referenced) return;
    this.#referenced = true;
    this.port.ref();
  }

  unref(): void {
    if (!this.#referenced) return;
    this.#referenced = false;
    this.port.unref();
  }
}
