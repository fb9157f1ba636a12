/**
 * Engines of this machine: who is free, and what becomes of the chunks that are given to them.
 */
import { objectsOf } from '../../codec/index.ts';
import { workerRole } from '../../config/index.ts';
import { preview } from '../../errors.ts';
import type { SegmentHandle } from '../../memory/index.ts';
import type { FromWorker, RequestMessage, WorkerExit, WorkerSpec } from '../../protocol/index.ts';
import { howEnded, WorkerStartError } from '../../scheduler/index.ts';
import { ClusterError } from '../transport/errors.ts';
import type {
  ActorEvents,
  ActorPort,
  ActorSpec,
  Chunk,
  EngineEvent,
  EngineId,
  EngineInfo,
  EngineService,
  JobRecord,
  News,
  Outcome,
  QueueStatus,
} from '../transport/types.ts';
import { HeldChunk } from './held.ts';
import { Hold, tasksOf } from './hold.ts';
import { JobStore } from './job-store.ts';
import { ActorSlot, type WideHost, WideSlot } from './side.ts';
import { Slot, type SlotOwner } from './slot.ts';

/** How engines are started. */
export interface HostOptions {
  /** Threads inside each engine; -1 leaves its thread pools alone. */
  readonly threads: number;
  /** Whether somebody asked for that number. */
  readonly threadsAsked: boolean;
  /** Arrays of at least so many bytes are shared with engines instead of copied. */
  readonly maxBytes: number;
  /** Milliseconds that an engine may give no sign of life after its start. */
  readonly startTimeout: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

/** An engine that ended so often in a row before it was up is not started again. */
const MAX_FAILED_STARTS = 3;

/** What is given to a backend's end of a program that stops its engines (ms). */
const STOP_MS = 1000;

const STOPPED = 'the cluster was stopped';

/** Numbers of processes beside the engines begin here. */
const FIRST_SIDE = 100_000;

export class EngineHost implements SlotOwner, WideHost {
  readonly #options: HostOptions;
  readonly #slots = new Map<EngineId, Slot>();
  readonly #jobs = new JobStore((key) => {
    for (const slot of this.#all()) slot.close(key);
  });
  readonly #held = new Map<number, HeldChunk>();
  /** Chunks that any engine may take, and who wants engines held back, in order. */
  #queue: (HeldChunk | Hold)[] = [];
  /** Engines that get nothing, because others have their cores. */
  readonly #heldBack = new Set<EngineId>();
  /** With the engines that are held back for them. */
  readonly #actors = new Map<ActorSlot, readonly EngineId[]>();
  readonly #wide = new Set<WideSlot>();
  #lastSide = FIRST_SIDE;
  #service: EngineService | null = null;
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  readonly #news = new Set<(news: News) => void>();
  /** How many engines there are to be. */
  #wanted = 0;
  #failedStarts = 0;
  #startError: WorkerStartError | null = null;
  #closed: string | null = null;
  /** Who waits for a change of the engines. */
  #waiting: (() => void)[] = [];

  constructor(options: HostOptions) {
    this.#options = options;
  }

  get closed(): string | null {
    return this.#closed;
  }

  /** Engines that are up, by their numbers. */
  get engines(): EngineInfo[] {
    const up = [...this.#slots.values()].filter(({ state }) => state === 'ready');
    return up.sort((a, b) => a.id - b.id).map(({ info }) => info);
  }

  onEngines(listener: (event: EngineEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  onNews(listener: (news: News) => void): Disposable {
    this.#news.add(listener);
    return { [Symbol.dispose]: () => void this.#news.delete(listener) };
  }

  // ---- Engines ------------------------------------------------------------------------------

  /**
   * Has `count` engines, from number 0 on; those of higher numbers end when they have done what they have.
   *
   * @returns resolves when they are up, and the others have ended
   * @throws WorkerStartError where they can't be started
   */
  async scale(count: number): Promise<void> {
    if (this.#closed !== null) throw new WorkerStartError('cluster', this.#closed);
    this.#wanted = count;
    this.#failedStarts = 0;
    this.#startError = null;
    for (let id = 0; id < count; id++) if (!this.#slots.has(id)) this.#start(id);
    for (const slot of this.#slots.values()) if (slot.id >= count) slot.drain();
    while (!this.#isAsWanted() && this.#closed === null) {
      if (this.#startError) throw this.#startError;
      await this.#changed();
    }
  }

  #isAsWanted(): boolean {
    const slots = [...this.#slots.values()];
    return slots.length === this.#wanted && slots.every(({ isUp }) => isUp);
  }

  /** Until an engine has come or gone. */
  #changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      for (const slot of this.#slots.values()) if (!slot.isUp) slot.port.ref();
    });
  }

  /** @param cores - how many engines' threads it has; 0: one thread */
  #spec(id: EngineId, cores: number, concurrency = 1): WorkerSpec {
    const { threads, threadsAsked, maxBytes, env, cwd } = this.#options;
    const own = threads < 0 ? threads : Math.max(threads * cores, 1);
    return {
      type: 'init',
      id,
      backend: 'cluster',
      level: workerRole().level + 1,
      childThreads: own,
      childThreadsAsked: threadsAsked || cores !== 1,
      maxBytes,
      ...(concurrency > 1 ? { concurrency } : {}),
      ...(env ? { env } : {}),
      ...(cwd === undefined ? {} : { cwd }),
    };
  }

  #start(id: EngineId): void {
    try {
      this.#slots.set(id, new Slot(this.#spec(id, 1), this, this.#options.startTimeout));
    } catch (error) {
      this.#cannotStart((error as Error).message ?? preview(error), error);
    }
  }

  #cannotStart(why: string, cause: unknown): void {
    this.#startError = new WorkerStartError('cluster', why, cause);
    this.#tellChanged();
    this.#failWithoutEngines();
  }

  /** Nobody will take what waits, if no engine is left. */
  #failWithoutEngines(): void {
    if (this.#slots.size > 0) return;
    const why = this.#closed ?? this.#startError?.message ?? 'there is no engine';
    const queue = this.#queue;
    this.#queue = [];
    for (const held of queue) held.lost(null, why);
  }

  // ---- Beside the engines -------------------------------------------------------------------

  serve(service: EngineService): void {
    this.#service = service;
  }

  /** @see SlotOwner.sending */
  sending({ uid }: Slot, { chunk: { batch } }: HeldChunk): void {
    const objects = batch.args.kind === 'coded' ? objectsOf(batch.args.message) : [];
    if (objects.length > 0) this.#service?.lent(uid, objects);
  }

  /** @see SlotOwner.request */
  request(slot: Slot, { id, body }: RequestMessage): void {
    if (!this.#service) return;
    void this.#service.request(slot.uid, body).then((answer) => {
      if (id > 0) slot.reply({ type: 'reply', id, ...answer });
    });
  }

  /** Resolves with engines that are held back; null where the cluster is stopped before. */
  #hold(cpus: number): Promise<readonly EngineId[] | null> {
    if (cpus === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      this.#queue.push(new Hold(cpus, resolve));
      this.#assign();
    });
  }

  #letGo(engines: readonly EngineId[]): void {
    for (const id of engines) this.#heldBack.delete(id);
    this.#assign();
  }

  async startActor(spec: ActorSpec, events: ActorEvents): Promise<ActorPort> {
    const { cpus } = spec;
    const taken = [...this.#actors.values()].reduce((sum, held) => sum + held.length, 0);
    if (cpus > this.#wanted - taken) {
      const text = `an actor wants ${cpus} engine(s) held back, but of ${this.#wanted} other actors have ${taken}`;
      throw new ClusterError(text);
    }
    const engines = await this.#hold(cpus);
    if (engines === null || this.#closed !== null) {
      throw new WorkerStartError('cluster', this.#closed ?? STOPPED);
    }
    const side = {
      spec: this.#spec(++this.#lastSide, spec.cpus, spec.concurrency),
      startTimeout: this.#options.startTimeout,
    };
    try {
      const actor: ActorSlot = new ActorSlot(side, this, {
        ended: (exit, why) => {
          this.#actors.delete(actor);
          this.#letGo(engines);
          events.ended(exit, why);
        },
      });
      this.#actors.set(actor, engines);
      return actor;
    } catch (error) {
      this.#letGo(engines);
      throw new WorkerStartError('cluster', (error as Error).message ?? preview(error), error);
    }
  }

  /** @see SideHost.sideEnded */
  sideEnded({ uid }: Slot): void {
    this.#service?.ended(uid);
  }

  /** Runs a chunk that takes several engines, which are held back, in a process with their threads. */
  #runWide(held: HeldChunk, engines: readonly EngineId[]): void {
    held.whenSettled(() => this.#letGo(engines));
    const { cpus } = held;
    let wide = [...this.#wide].find((one) => one.cpus === cpus && one.isIdle);
    if (!wide) {
      const spec = this.#spec(++this.#lastSide, cpus);
      try {
        wide = new WideSlot({ spec, startTimeout: this.#options.startTimeout }, cpus, this);
      } catch (error) {
        const exit = { reason: 'exit', code: 1, error: error as Error } as const;
        held.ended(null, { ...exit, reached: { claimed: 1, position: 0 } });
        return;
      }
      this.#wide.add(wide);
    }
    wide.run(held);
  }

  /** @see WideHost.wideAgain */
  wideAgain({ slot }: WideSlot, held: HeldChunk): void {
    if (slot.wasUp) {
      held.released();
      this.again(held);
      return;
    }
    // It may never come up.
    const exit = { reason: 'exit', code: 1 } as const;
    held.ended(slot.by, { ...exit, reached: { claimed: 1, position: 0 } });
  }

  /** @see WideHost.wideEnded */
  wideEnded(wide: WideSlot): void {
    this.#wide.delete(wide);
    this.sideEnded(wide.slot);
  }

  #tellChanged(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #tell(event: EngineEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  /** @see SlotOwner.ready */
  ready(slot: Slot): void {
    this.#failedStarts = 0;
    if (slot.status.running === 0) slot.port.unref();
    this.#tellChanged();
    this.#tell({ kind: 'joined', engine: slot.info });
    this.#assign();
  }

  /** @see SlotOwner.ended */
  ended(slot: Slot, exit: WorkerExit, why: string): void {
    if (this.#slots.get(slot.id) === slot) this.#slots.delete(slot.id);
    this.#service?.ended(slot.uid);
    if (slot.wasUp) this.#tell({ kind: 'left', engine: slot.info, why });
    else this.#failedStarts++;
    if (this.#closed === null && slot.id < this.#wanted) {
      if (this.#failedStarts < MAX_FAILED_STARTS) this.#start(slot.id);
      else {
        const text = `${MAX_FAILED_STARTS} in a row ended before they were up, the last one ${howEnded(exit)}`;
        this.#cannotStart(text, exit.error);
      }
    }
    this.#tellChanged();
    this.#assign();
    this.#failWithoutEngines();
  }

  /** Replaces engines, whatever they do; resolves when the new ones are up. */
  async restart(engines: readonly EngineId[]): Promise<void> {
    this.#failedStarts = 0;
    this.#startError = null;
    for (const id of engines) {
      const slot = this.#slots.get(id);
      if (slot) slot.kill('it was restarted');
      else if (id < this.#wanted) this.#start(id);
    }
    const old = new Set(engines.map((id) => this.#slots.get(id)));
    const isOld = (id: EngineId): boolean => {
      const slot = this.#slots.get(id);
      return !slot?.isUp || old.has(slot);
    };
    while (engines.some(isOld) && this.#closed === null) {
      if (this.#startError) throw this.#startError;
      await this.#changed();
    }
  }

  // ---- Chunks -------------------------------------------------------------------------------

  publish(record: JobRecord): string {
    return this.#jobs.add(record);
  }

  withdraw(job: string): void {
    this.#jobs.withdraw(job);
  }

  /** Takes a chunk; `settled` is called once, with its outcome. */
  submit(chunk: Chunk, settled: (outcome: Outcome) => void): void {
    const job = this.#jobs.get(chunk.job);
    if (this.#closed !== null || !job) {
      const why = this.#closed ?? `there is no job ${chunk.job}`;
      const exit = { reason: 'lost', why } as const;
      queueMicrotask(() => settled({ kind: 'ended', by: null, clock: 0, messages: [], exit }));
      return;
    }
    this.#jobs.hold(chunk.job);
    const held = new HeldChunk(chunk, job, (outcome) => {
      this.#held.delete(chunk.id);
      this.#jobs.release(chunk.job);
      settled(outcome);
    });
    this.#held.set(chunk.id, held);
    const { target } = chunk;
    if (target.kind !== 'one') {
      this.#queue.push(held);
      this.#assign();
      // Those that are to come take it, too.
      if (this.#slots.size === 0) queueMicrotask(() => this.#failWithoutEngines());
      return;
    }
    const slot = this.#slots.get(target.engine);
    if (slot?.uid === target.uid && slot.state === 'ready') slot.enqueue(held);
    else queueMicrotask(() => held.lost(slot?.by ?? null, 'it is there no more'));
  }

  /** Gives what waits to engines that are free. */
  #assign(): void {
    if (this.#queue.length === 0) return;
    const isHeldBack = ({ id }: Slot): boolean => this.#heldBack.has(id);
    const free = [...this.#slots.values()].filter((slot) => slot.isFree && !isHeldBack(slot));
    if (free.length === 0) return;
    const queue = this.#queue;
    const kept: (HeldChunk | Hold)[] = [];
    let looked = 0;
    // No further than there are engines: a queue may be long.
    for (; looked < queue.length && free.length > 0; looked++) {
      const held = queue[looked]!;
      if (held.isSettled) continue;
      const { cpus } = held;
      if (held instanceof Hold || cpus > 1) {
        // Who comes later must not take engines that it waits for.
        if (free.length < cpus) break;
        const engines = free.splice(0, cpus).map(({ id }) => id);
        for (const id of engines) this.#heldBack.add(id);
        if (held instanceof Hold) held.begin(engines);
        else this.#runWide(held, engines);
        continue;
      }
      const { target } = held.chunk;
      const at = free.findIndex(({ id }) => target.kind !== 'some' || target.engines.includes(id));
      if (at < 0) kept.push(held);
      else free.splice(at, 1)[0]!.send(held);
    }
    queue.splice(0, looked, ...kept);
  }

  /** @see SlotOwner.freed */
  freed(): void {
    this.#assign();
  }

  /** @see SlotOwner.again */
  again(held: HeldChunk): void {
    this.#queue.unshift(held);
  }

  /** @see SlotOwner.news */
  news(slot: Slot, message: FromWorker, run: string | null): void {
    const { by } = slot;
    for (const listener of [...this.#news]) {
      if (message.type === 'log') listener({ kind: 'log', by, message: { ...message, by } });
      else if (message.type === 'progress' && run !== null) {
        listener({ kind: 'progress', run, amount: message.amount });
      }
    }
  }

  /** A copy of memory that an engine has sent; null where it has none, or is another one by now. */
  ask(pid: number, handle: SegmentHandle): Promise<ArrayBuffer | null> {
    const slot = [...this.#all()].find(({ port }) => port.address.pid === pid);
    return slot ? slot.exchange.ask(handle) : Promise.resolve(null);
  }

  cancel(run: string): void {
    const isOf = ({ chunk }: HeldChunk): boolean => chunk.run === run;
    this.#drop(isOf);
    for (const slot of this.#all()) {
      if (slot.takeBack(isOf).length > 0) slot.abort(run);
    }
  }

  kill(chunk: number): void {
    const held = this.#held.get(chunk);
    if (!held) return;
    const isIt = (one: HeldChunk): boolean => one === held;
    this.#drop(isIt);
    for (const slot of this.#all()) {
      if (slot.takeBack(isIt).length > 0) slot.kill('what it ran was stopped');
    }
  }

  /** Engines, and those that have the threads of several. */
  *#all(): Generator<Slot, void, undefined> {
    yield* this.#slots.values();
    for (const { slot } of this.#wide) yield slot;
  }

  #drop(which: (held: HeldChunk) => boolean): void {
    for (const held of this.#queue) {
      if (!(held instanceof Hold) && which(held)) held.lost(null, 'it was taken back');
    }
    this.#queue = this.#queue.filter(({ isSettled }) => !isSettled);
  }

  get status(): QueueStatus {
    const slots = [...this.#slots.values()].sort((a, b) => a.id - b.id);
    let waiting = 0;
    for (const item of this.#queue) waiting += tasksOf(item);
    return { engines: slots.map(({ status }) => status), waiting };
  }

  /** Ends all engines: those that run something at once. Resolves when their processes have ended. */
  async close(): Promise<void> {
    if (this.#closed === null) {
      this.#closed = STOPPED;
      this.#wanted = 0;
      for (const held of this.#queue.splice(0)) held.lost(null, STOPPED);
    }
    const slots = [...this.#all(), ...[...this.#actors.keys()].map(({ slot }) => slot)];
    const timer = setTimeout(() => {
      for (const slot of slots) slot.kill(STOPPED);
    }, STOP_MS);
    for (const slot of slots) {
      if (slot.isFree) slot.drain();
      else slot.kill(STOPPED);
    }
    await Promise.all(slots.map((slot) => slot.gone()));
    clearTimeout(timer);
    this.#tellChanged();
  }
}
