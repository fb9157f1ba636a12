/**
 * A pool: workers of one kind, warm between jobs, and the runs that share them.
 */

import { writesProfile } from '../backends/index.ts';
import { workerRole } from '../config/index.ts';
import { isMeasured } from '../functions/index.ts';
import type {
  Backend,
  FromWorker,
  FunctionMessage,
  WorkerExit,
  WorkerSpec,
} from '../protocol/index.ts';
import { announceEnd, announceLog, announceStart } from './announce.ts';
import { type Clock, systemClock, type Timer } from './clock.ts';
import { WorkerStartError } from './errors.ts';
import { notify } from './events.ts';
import { uncaughtMessage } from './exits.ts';
import { IdleWorkers } from './idle.ts';
import type { Job } from './job.ts';
import type { LifecycleAction } from './lifecycle.ts';
import { crashHint, outOfMemoryKills } from './oom.ts';
import type { ResolvedOptions } from './options.ts';
import { PoolTally } from './pool-stats.ts';
import { RunQueue } from './run-queue.ts';
import type { PoolPort, RunPort } from './seams.ts';
import { StuckWatch, stuckSince } from './stuck.ts';
import { PoolWorker, type WorkerOwner } from './worker.ts';

let lastWorker = 0;

/** What workers of a pool call at their beginning and at their end. */
export interface WorkerFunctions {
  readonly initializer: FunctionMessage | null;
  readonly teardown: FunctionMessage | null;
}

export class WorkerPool implements WorkerOwner, PoolPort {
  readonly backend: Backend;
  /** Null: everybody's. */
  readonly name: string | null;
  readonly clock: Clock;
  /** Its workers have something to do when they are told to end: a teardown, a profile, counts. */
  readonly parting: boolean;
  readonly tally: PoolTally;
  readonly #spec: Omit<WorkerSpec, 'id'>;
  #workers: PoolWorker[] = [];
  readonly #runs = new RunQueue();
  /** Batches that a worker may have on its way, at most. */
  #slots = 1;
  #pumping = false;
  #again = false;
  failedStarts = 0;
  startTimeout: number;
  /** More workers can't be had for the runs that there are: these go on with those that are up. */
  #goesWithout = false;
  #kills = 0;
  readonly #idle: IdleWorkers;
  #stealTimer: Timer | null = null;
  #stealWait = 1;
  readonly #stuck: StuckWatch;
  #closed = false;
  readonly #changes: Disposable | undefined;
  readonly #ended: (pool: WorkerPool) => void;

  /** @param ended - called when it was closed and its last worker has ended */
  constructor(
    options: ResolvedOptions,
    { initializer, teardown }: WorkerFunctions,
    ended: (pool: WorkerPool) => void = () => {},
    clock: Clock = systemClock,
    tally = new PoolTally(),
  ) {
    this.clock = clock;
    this.tally = tally;
    this.#ended = ended;
    this.#changes = options.backend.changed?.(() => this.refill());
    const { backend, childThreads, childThreadsAsked, elastic, maxBytes, concurrency, settings } =
      options;
    this.backend = backend;
    this.name = options.pool;
    this.startTimeout = options.startTimeout;
    this.#idle = new IdleWorkers(clock, options.idleTimeout, () => this.#workers);
    this.#stuck = new StuckWatch(clock, (since) => this.#replaceStuck(since));
    this.#spec = {
      type: 'init',
      backend: backend.name,
      level: workerRole().level + 1,
      childThreads,
      childThreadsAsked,
      ...(elastic ? {} : { elastic }),
      maxBytes,
      ...(concurrency > 1 ? { concurrency } : {}),
      ...(initializer ? { initializer } : {}),
      ...(teardown ? { teardown } : {}),
      ...settings,
    };
    const flags = [...(settings?.execArgv ?? []), process.env.NODE_OPTIONS ?? ''];
    this.parting =
      isMeasured() || teardown !== null || writesProfile([...flags, ...process.execArgv]);
    if (backend.reach === 'process') this.#kills = outOfMemoryKills();
  }

  /** Workers that are there. */
  get workers(): readonly PoolWorker[] {
    return this.#workers;
  }

  /** The runs that share its workers. */
  get runs(): Iterable<RunPort> {
    return this.#runs;
  }

  /** Tasks that a worker may run at a time. */
  get concurrency(): number {
    return this.#spec.concurrency ?? 1;
  }

  /** How many workers take new work. */
  get usable(): number {
    return this.#workers.filter(({ usable }) => usable).length;
  }

  /** Whether it has neither workers nor work. */
  get isEmpty(): boolean {
    return this.#workers.length === 0 && this.#runs.size === 0;
  }

  /** Whether nothing has run here for so long (ms). */
  idleFor(ms: number): boolean {
    const limit = this.clock.now() - ms;
    return (
      this.#runs.size === 0 &&
      this.#workers.every((worker) => worker.isIdle && worker.idleSince < limit)
    );
  }

  /** Starts a first worker, which comes up while the job that it is for is being made. */
  prepare(options: ResolvedOptions): void {
    this.#take(options);
    if (this.#workers.some((worker) => worker.usable)) return;
    // Nobody may come after all.
    if (this.#startWorker()) this.#idle.watch();
  }

  /** The latest job says how long workers stay, and how long they may take to come up. */
  #take(options: ResolvedOptions): void {
    this.#idle.take(options);
    this.startTimeout = options.startTimeout;
    this.#goesWithout = false;
  }

  attach(run: RunPort): void {
    this.#closed = false;
    this.#take(run.job.options);
    this.#runs.add(run);
    for (const worker of [...this.#workers]) if (this.#isAtTaskLimit(worker)) this.#replace(worker);
    this.#ensureWorkers();
    run.start();
    this.pump();
  }

  detach(run: RunPort): void {
    this.#runs.remove(run);
    if (this.#runs.size === 0) {
      // Workers of the calling process end with the run: a timer would keep each of its pools.
      const local = this.backend.reach === 'local';
      if (!local) this.#idle.watch();
      if (this.#closed || local) this.#retireAll();
      if (local) this.#ended(this);
    }
  }

  /** Forgets a job that won't be used again. */
  closeJob(job: Job): void {
    for (const worker of this.#workers) worker.close(job);
    job.release();
  }

  /** Ends all workers when the runs that are there have ended. */
  close(): void {
    this.#closed = true;
    if (this.#runs.size === 0) this.#retireAll();
    this.#endIfClosed();
  }

  /** Ends the workers that need not stay, for others that come. */
  giveWay(): void {
    if (this.#idle.staying === 0) this.close();
    else this.#idle.retire(Number.POSITIVE_INFINITY);
  }

  /** Kills all workers; runs that are there fail. */
  kill(): void {
    this.#closed = true;
    for (const run of this.#runs) {
      const error = new Error('The workers were shut down');
      run.fail(Object.assign(error, { code: 'ERR_HEDDLE_SHUT_DOWN' }));
    }
    for (const worker of [...this.#workers]) worker.kill('shutdown');
    this.#endIfClosed();
  }

  #retireAll(): void {
    for (const worker of this.#workers) worker.retire();
  }

  // ---- Workers ------------------------------------------------------------------------------

  #ensureWorkers(): void {
    let usable = 0;
    let busy = 0;
    let stuck = false;
    for (const worker of this.#workers) {
      if (!worker.usable) continue;
      usable++;
      if (worker.load > 0) busy++;
      stuck ||= stuckSince(worker) > 0;
    }
    let wanted = 0;
    let together = busy;
    let most = 0;
    for (const run of this.#runs) {
      wanted = Math.max(wanted, run.wanted);
      together += run.wanted;
      most = Math.max(most, run.job.options.jobs);
    }
    // Small runs at the same time have as many workers together as the one with the most may have.
    wanted = Math.max(wanted, Math.min(together, most));
    if (this.#runs.size > 0) wanted = Math.max(wanted, this.#idle.staying);
    if (this.#goesWithout && !this.othersUp()) this.#goesWithout = false;
    if (!this.#goesWithout) for (; usable < wanted; usable++) if (!this.#startWorker()) return;
    if (stuck) this.#stuck.watch();
  }

  /** There is more to do, or room for more workers; there may be no worker any more. */
  refill(): void {
    this.#ensureWorkers();
    this.pump();
  }

  /** Workers that have been stuck in tasks of ended jobs since then leave the pool; others take over. */
  #replaceStuck(since: number): void {
    if (this.#runs.size === 0) return;
    for (const worker of this.#workers) {
      if (worker.usable && stuckSince(worker) <= since) worker.retire();
    }
    // Others may have become stuck meanwhile.
    this.#ensureWorkers();
    this.pump();
  }

  #startWorker(): boolean {
    let worker: PoolWorker;
    try {
      worker = new PoolWorker(this.backend, { ...this.#spec, id: ++lastWorker }, this, this.clock);
    } catch (error) {
      const failure = new WorkerStartError(this.backend.name, (error as Error).message, error);
      if (this.othersUp()) this.#goWithout(failure);
      else this.#failAll(failure);
      return false;
    }
    this.#workers.push(worker);
    this.#slots = Math.max(this.#slots, worker.slots.length);
    announceStart(worker);
    return true;
  }

  #failAll(error: unknown): void {
    for (const run of this.#runs) run.fail(error);
  }

  othersUp(worker?: PoolWorker): boolean {
    return this.#workers.some((one) => one !== worker && one.usable && one.version !== null);
  }

  /** The runs go on with the workers that are up, but for those that need one for each task. */
  #goWithout(error: WorkerStartError): void {
    if (this.#goesWithout) return;
    this.#goesWithout = true;
    for (const run of this.#runs) if (run.job.options.oncePerWorker) run.fail(error);
    const text = `${error.message}. The jobs go on with the workers that are up.`;
    process.emitWarning(text, { type: 'HeddleWarning', code: 'HEDDLE_FEWER_WORKERS' });
  }

  message(worker: PoolWorker, message: FromWorker): void {
    worker.lastMessageAt = this.clock.now();
    switch (message.type) {
      case 'result': {
        const batch = worker.batch(message.batch);
        if (!batch) return;
        batch.begun = worker.lastMessageAt;
        batch.run.result(batch, message);
        if (message.memory !== undefined) this.#checkMemory(worker, batch.run, message.memory);
        if (message.last) this.#freed(worker);
        return;
      }
      case 'cores': {
        const batch = worker.batch(message.batch);
        if (batch) batch.cores = message.spans;
        return;
      }
      case 'failure': {
        const batch = worker.batch(message.batch);
        if (!batch) return;
        batch.begun = worker.lastMessageAt;
        batch.run.failure(batch, message);
        return;
      }
      case 'unreadable': {
        const batch = worker.batch(message.batch);
        batch?.run.unreadable(batch, message);
        return;
      }
      case 'open-failed': {
        for (const run of this.#runs) {
          if (run.job.id !== message.context) continue;
          run.refuse(worker, 'A function or model failed in a worker', message.error);
        }
        return;
      }
      case 'init-failed': {
        for (const run of this.#runs) {
          run.refuse(worker, message.what ?? 'The initializer failed in a worker', message.error);
        }
        worker.kill('it could not be set up');
        return;
      }
      case 'progress': {
        for (const run of this.#runs) {
          if (run.id === message.run)
            notify(run.listeners, (one) => one.advanced?.(message.amount));
        }
        return;
      }
      case 'ask':
      case 'bytes':
        worker.exchange.receive(message);
        return;
      case 'log':
        announceLog(worker, message);
    }
  }

  #checkMemory(worker: PoolWorker, run: RunPort, bytes: number): void {
    if (bytes > run.job.options.maxWorkerMemory) this.#replace(worker);
  }

  /** Lets a worker finish what it has begun, and no more. */
  #replace(worker: PoolWorker): void {
    if (!worker.usable) return;
    for (const run of this.#runs) run.withdraw(worker);
    worker.retire();
    this.#ensureWorkers();
  }

  #freed(worker: PoolWorker): void {
    if (worker.isIdle) worker.unref();
    if (this.#isAtTaskLimit(worker)) this.#replace(worker);
    this.pump();
  }

  /** Whether a worker has run as many tasks as a run lets it, or has got more from others. */
  #isAtTaskLimit({ tasks, load }: PoolWorker): boolean {
    const most = load === 0 ? tasks : tasks - 1;
    return this.#runs.some(({ job }) => most >= job.options.maxTasksPerWorker);
  }

  carryOut(worker: PoolWorker, action: LifecycleAction): void {
    switch (action.do) {
      case 'leave':
        this.#leave(worker, action.exit, action.error);
        return;
      case 'log-uncaught':
        // It had no task: no job will tell it.
        announceLog(worker, uncaughtMessage(action.error));
        return;
      case 'lose':
        action.batch.run.lost(action.batch, action.reached, action.loss);
        return;
      case 'count-starts':
        this.failedStarts = action.failed;
        return;
      case 'fail-all':
        this.#failAll(new WorkerStartError(this.backend.name, action.what, action.cause));
        return;
      case 'go-without':
        this.#goWithout(new WorkerStartError(this.backend.name, action.what, action.cause));
        return;
      case 'go-on':
        if (!action.refill) {
          this.pump();
          // It was waited for, and others have been quicker.
          if (worker.isIdle) worker.unref();
        } else if (this.#runs.size > 0) this.refill();
        else this.#endIfClosed();
    }
  }

  /** What may help against ends like this one. */
  hint(exit: WorkerExit): string | undefined {
    return crashHint(this.#kills, exit.reason === 'signal' ? exit.signal : null, exit.error);
  }

  #leave(worker: PoolWorker, exit: WorkerExit, error: unknown): void {
    this.#workers = this.#workers.filter((one) => one !== worker);
    announceEnd(worker, exit, error);
    if (worker.upSince !== null) this.tally.left(this.clock.now() - worker.upSince);
    worker.unref();
    for (const run of this.#runs) run.disengage(worker);
  }

  /** Whether nobody finds it any more. */
  disposed = false;

  /** Lets go of its backend. */
  dispose(): void {
    this.disposed = true;
    this.#changes?.[Symbol.dispose]();
  }

  #endIfClosed(): void {
    if (this.#closed && this.isEmpty) this.#ended(this);
  }

  // ---- Work ---------------------------------------------------------------------------------

  /** Gives work to whoever can take some. */
  pump(): void {
    if (this.#pumping) {
      this.#again = true;
      return;
    }
    this.#pumping = true;
    try {
      do {
        this.#again = false;
        this.#dispatch();
      } while (this.#again);
    } finally {
      this.#pumping = false;
    }
  }

  #dispatch(): void {
    if (this.#runs.size === 0) return;
    let idle = false;
    const slots = this.#slots;
    for (let load = 0; load < slots; load++) {
      for (const state of ['ready', 'starting'] as const) {
        for (const worker of this.#workers) {
          if (worker.state !== state || worker.load !== load || stuckSince(worker) > 0) continue;
          if (load >= worker.slots.length || (load > 0 && state === 'starting')) continue;
          const given = this.#give(worker);
          if (load < worker.concurrency && !given && state === 'ready') idle = true;
        }
      }
    }
    if (idle) this.#steal();
  }

  /** Asks the runs for a batch. */
  #give(worker: PoolWorker): boolean {
    return this.#runs.serve((run) => {
      const { reservedFor } = worker;
      if (reservedFor && reservedFor !== run && !reservedFor.ended) return false;
      return run.offer(worker);
    });
  }

  /** Workers without work get a share of what others have not begun. */
  #steal(): void {
    let later = false;
    for (const worker of this.#workers) {
      if (worker.state !== 'ready' || worker.load >= worker.concurrency) continue;
      for (const run of this.#runs) {
        const answer = run.steal(worker);
        if (answer === 'stolen') {
          this.#stealWait = 1;
          break;
        }
        later ||= answer === 'later';
      }
    }
    if (!later || this.#stealTimer) return;
    this.#stealTimer = this.clock.after(this.#stealWait, () => {
      this.#stealTimer = null;
      this.pump();
    });
    this.#stealWait = Math.min(this.#stealWait * 2, 16);
  }
}
