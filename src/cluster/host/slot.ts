/**
 * One engine: its process, the jobs that it has open, and the chunks that are with it.
 */
import { backendNamed } from '../../backends/index.ts';
import { bytesOf } from '../../memory/index.ts';
import {
  type FromWorker,
  MAX_TASKS,
  MemoryExchange,
  type ReplyMessage,
  type RequestMessage,
  type RunBy,
  systemNow,
  VERSION,
  valueCount,
  type WorkerExit,
  type WorkerPort,
  type WorkerSpec,
} from '../../protocol/index.ts';
import {
  Deadlines,
  decideReached,
  oldestFirst,
  ResponsiveTimer,
  systemClock,
  timeLeft,
} from '../../scheduler/index.ts';
import type { EngineInfo, EngineStatus } from '../transport/types.ts';
import { EngineJobs } from './engine-jobs.ts';
import type { HeldChunk } from './held.ts';

/** What a slot tells its host. */
export interface SlotOwner {
  /** The engine is up. */
  ready(slot: Slot): void;
  /** A chunk is done, or an engine has room. */
  freed(slot: Slot): void;
  /** The engine had not begun it when it ended. */
  again(held: HeldChunk): void;
  news(slot: Slot, message: FromWorker, run: string | null): void;
  /** A chunk goes to the engine: what it refers to goes along. */
  sending(slot: Slot, held: HeldChunk): void;
  /** A task asks for something that is kept elsewhere. */
  request(slot: Slot, message: RequestMessage): void;
  /** The engine's process has ended. */
  ended(slot: Slot, exit: WorkerExit, why: string): void;
}

/** A chunk that has been sent to the engine. */
interface Sent {
  readonly id: number;
  readonly held: HeldChunk;
  readonly slot: number;
  readonly context: number;
  count: number;
  settled: number;
  /** Since when it runs, where the engine can't tell. */
  begun: number;
  readonly worker: Slot;
}

let lastSent = 0;
let lastUid = 0;

export class Slot {
  readonly id: number;
  readonly uid = `${process.pid}.${++lastUid}`;
  readonly port: WorkerPort;
  /** Add to its times to get those of this machine's clock; engines are on this machine. */
  readonly clockOffset = 0;
  /** What the time-outs go by. */
  state: 'starting' | 'ready' | 'draining' | 'killed' = 'starting';
  /** Why this side has ended it. */
  #why: string | null = null;
  /** The task, and its chunk, that it was ended for because it ran too long. */
  #expired: { readonly sent: Sent; readonly position: number } | null = null;
  /** What it said before it ended. */
  #fatal: FromWorker | null = null;
  #build = '';
  #heddle = '';
  readonly #threads: number;
  readonly #concurrency: number;
  readonly #owner: SlotOwner;
  readonly #jobs: EngineJobs;
  readonly #sent: (Sent | null)[];
  /** Chunks for this engine alone, in order. */
  #queue: HeldChunk[] = [];
  #load = 0;
  #done = 0;
  #deadlines: Deadlines | null = null;
  /** The shortest time-out that there has been (ms). */
  #shortest = Number.POSITIVE_INFINITY;
  readonly #ends: (() => void)[] = [];
  /** Gives it, and gets from it, the bytes of memory that can't be opened on the other side. */
  readonly exchange = new MemoryExchange(
    (message, transfer) => this.port.send(message, transfer),
    bytesOf,
  );
  readonly #startTimer: ResponsiveTimer | null;
  #gone = false;

  /** @param startTimeout - milliseconds that it may give no sign of life after its start */
  constructor(spec: WorkerSpec, owner: SlotOwner, startTimeout: number) {
    this.id = spec.id;
    this.#threads = Math.max(spec.childThreads, 1);
    this.#concurrency = spec.concurrency ?? 1;
    this.#owner = owner;
    this.port = backendNamed('processes').start(spec, {
      message: (message) => this.#received(message),
      exit: (exit) => this.#exited(exit),
    });
    // Until it has something to do others may have its cores.
    this.port.working?.(false);
    this.#jobs = new EngineJobs((message) => this.port.send(message));
    this.#sent = new Array<Sent | null>(this.port.slots).fill(null);
    const silent = () => this.kill(`it gave no sign of life for ${startTimeout} ms`);
    const endless = startTimeout === Number.POSITIVE_INFINITY;
    this.#startTimer = endless ? null : new ResponsiveTimer(startTimeout, false, silent);
  }

  get by(): RunBy {
    const { host, pid } = this.port.address;
    return { engine: this.id, node: host, pid, threads: this.#threads };
  }

  /** Whether it has ever been up. */
  get wasUp(): boolean {
    return this.#build !== '';
  }

  get isUp(): boolean {
    return this.state === 'ready' || this.state === 'draining';
  }

  /** Whether it could begin a chunk now. */
  get isFree(): boolean {
    return this.state === 'ready' && this.#load === 0 && this.#queue.length === 0;
  }

  get info(): EngineInfo {
    const { state } = this;
    const working = this.#load > 0 ? 'busy' : 'idle';
    const { host, pid } = this.port.address;
    return {
      id: this.id,
      uid: this.uid,
      node: host,
      pid,
      threads: this.#threads,
      heddle: this.#heddle,
      build: this.#build,
      state: state === 'ready' ? working : state === 'starting' ? 'starting' : 'draining',
    };
  }

  get status(): EngineStatus {
    let running = 0;
    let waiting = 0;
    const sent = oldestFirst(this.#sent);
    for (const { held, slot, count, settled } of sent) {
      if (held.isSettled) continue;
      const { claims } = this.port;
      const claimed = claims ? claims.end(slot) - claims.unclaimed(slot) : count;
      const begun = Math.max(claimed, settled);
      running += begun - settled;
      waiting += count - begun;
    }
    for (const { chunk } of this.#queue) waiting += chunk.count;
    return { id: this.id, running, waiting, done: this.#done };
  }

  // ---- Sending ------------------------------------------------------------------------------

  /** Gives it a chunk that is for this engine alone: after those that it has. */
  enqueue(held: HeldChunk): void {
    this.#queue.push(held);
    this.#pump();
  }

  /** Sends it a chunk. */
  send(held: HeldChunk): void {
    const { chunk, job } = held;
    const slot = this.#sent.indexOf(null);
    const id = ++lastSent;
    const { count } = chunk;
    this.#jobs.flush();
    const context = this.#jobs.contextOf(chunk.job, job);
    const begun = this.#load === 0 ? systemNow() : Number.POSITIVE_INFINITY;
    const sent: Sent = { id, held, slot, context, count, settled: 0, begun, worker: this };
    this.#sent[slot] = sent;
    if (this.#load++ === 0) {
      this.port.working?.(true);
      this.port.ref();
    }
    this.port.claims?.open(slot, count);
    this.#owner.sending(this, held);
    // To the engine each chunk is a run of its own: all of a run would be aborted together anyway.
    this.port.send({ type: 'batch', context, run: id, batch: id, slot, ...chunk.batch });
    const { timeout } = job.open;
    if (timeout !== undefined) this.#watch(timeout);
  }

  /** Answers a request of a task; one that has gone needs no answer. */
  reply(message: ReplyMessage): void {
    if (!this.#gone) this.port.send(message);
  }

  #pump(): void {
    while (this.state === 'ready' || this.state === 'draining') {
      if (this.#queue.length === 0 || this.#load >= this.#sent.length) break;
      const held = this.#queue.shift()!;
      if (held.isSettled) continue;
      this.send(held);
    }
  }

  // ---- What comes back ----------------------------------------------------------------------

  #received(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        this.#heddle = message.version;
        this.#build = message.build;
        this.#startTimer?.end();
        if (this.state !== 'starting') return;
        this.state = 'ready';
        this.#owner.ready(this);
        this.#pump();
        return;
      case 'result': {
        const sent = this.#find(message.batch);
        if (!sent) return;
        const count = valueCount(message.values);
        sent.settled += count;
        sent.begun = systemNow();
        this.#done += count;
        if (count > 0 || message.last) sent.held.add(message);
        if (message.last) this.#finish(sent, message.memory);
        return;
      }
      case 'failure': {
        const sent = this.#find(message.batch);
        if (!sent) return;
        sent.settled = message.offset + 1;
        this.#done++;
        sent.held.add(message);
        return;
      }
      case 'cores':
      case 'unreadable':
        this.#find(message.batch)?.held.add(message);
        return;
      case 'open-failed':
        for (const sent of this.#sent) {
          if (sent?.context === message.context) sent.held.add(message);
        }
        return;
      case 'fatal':
        this.#fatal = message;
        return;
      case 'progress': {
        const sent = this.#sent.find((one) => one?.id === message.run);
        if (sent) this.#owner.news(this, message, sent.held.chunk.run);
        return;
      }
      case 'log':
        this.#owner.news(this, message, null);
        return;
      case 'request':
        this.#owner.request(this, message);
        return;
      case 'ask':
      case 'bytes':
        this.exchange.receive(message);
        return;
      case 'init-failed':
        this.kill(message.what ?? 'it could not be set up');
    }
  }

  #find(batch: number): Sent | undefined {
    return this.#sent.find((one) => one?.id === batch) ?? undefined;
  }

  #finish(sent: Sent, memory: number | undefined): void {
    const { held } = sent;
    this.#sent[sent.slot] = null;
    if (--this.#load === 0) {
      this.port.working?.(false);
      this.port.unref();
    }
    held.done(this.by);
    const [next] = oldestFirst(this.#sent);
    if (next) next.begun = systemNow();
    this.#replaceAtLimit(held, memory);
    this.#pump();
    this.#stopIfDone();
    this.#owner.freed(this);
  }

  /** Ends when what it has is done, where a job says that an engine has served long enough. */
  #replaceAtLimit({ job }: HeldChunk, memory = 0): void {
    const { maxTasksPerWorker, maxWorkerMemory } = job.open.limits ?? {};
    const over =
      this.#done >= (maxTasksPerWorker ?? Number.POSITIVE_INFINITY) ||
      memory > (maxWorkerMemory ?? Number.POSITIVE_INFINITY);
    if (over && this.state === 'ready') this.drain();
  }

  // ---- Time-outs ----------------------------------------------------------------------------

  #watch(timeout: number): void {
    if (timeout < this.#shortest) {
      this.#shortest = timeout;
      this.#deadlines?.end();
      this.#deadlines = new Deadlines(timeout, () => this.#look(), systemClock);
    }
    this.#deadlines!.watch();
  }

  /** Ends the engine where a task has run too long; says when the next look is due (ms). */
  #look(): number | null {
    let wait: number | null = null;
    for (const sent of this.#sent) {
      const timeout = sent?.held.job.open.timeout;
      if (!sent || timeout === undefined) continue;
      const running = timeLeft(sent, timeout, systemNow());
      if (running && running.left <= 0) {
        this.#expired = { sent, position: running.position };
        this.kill('a task ran too long');
        return null;
      }
      wait = Math.min(wait ?? timeout, running ? Math.max(running.left, 1) : timeout);
    }
    return wait;
  }

  // ---- Ends ---------------------------------------------------------------------------------

  /** A job won't be needed any more. */
  close(job: string): void {
    if (!this.#gone) this.#jobs.close(job);
  }

  /** Tells tasks of a run that nobody wants it. */
  abort(run: string): void {
    for (const sent of this.#sent) {
      if (sent?.held.chunk.run === run) this.port.send({ type: 'abort', run: sent.id });
    }
  }

  /**
   * Takes chunks back that it has not begun.
   *
   * @returns what it has begun of them
   */
  takeBack(which: (held: HeldChunk) => boolean): HeldChunk[] {
    const begun: HeldChunk[] = [];
    for (const held of this.#queue) if (which(held)) held.lost(null, 'it was taken back');
    this.#queue = this.#queue.filter((held) => !held.isSettled);
    for (const sent of this.#sent) {
      if (!sent || sent.held.isSettled || !which(sent.held)) continue;
      const { claims } = this.port;
      const taken = claims?.steal(sent.slot, MAX_TASKS) ?? 0;
      sent.count -= taken;
      if (sent.count > 0) begun.push(sent.held);
      // The engine will find it empty, and say so.
      else sent.held.lost(null, 'it was taken back');
    }
    return begun;
  }

  /** Takes no more for any engine, and ends when what it has is done. */
  drain(): void {
    if (this.state === 'killed' || this.state === 'draining') return;
    const wasUp = this.state === 'ready';
    this.state = 'draining';
    // One that is not up yet has nothing to finish.
    if (wasUp) this.#stopIfDone();
    else this.kill('it was stopped');
  }

  #stopIfDone(): void {
    if (this.state !== 'draining' || this.#load > 0 || this.#queue.length > 0) return;
    this.port.send({ type: 'stop' });
  }

  /** Ends it now. */
  kill(why: string): void {
    if (this.#gone) return;
    this.#why ??= why;
    this.state = 'killed';
    this.port.kill();
  }

  /** Resolves when its process has ended. */
  gone(): Promise<void> {
    if (this.#gone) return Promise.resolve();
    // The program waits for its engine's end.
    this.port.ref();
    return new Promise((resolve) => this.#ends.push(resolve));
  }

  #exited(exit: WorkerExit): void {
    if (this.#gone) return;
    const ours = this.#why !== null;
    const by = this.by;
    const version = this.state === 'starting' ? null : VERSION;
    this.#gone = true;
    this.state = 'killed';
    this.#startTimer?.end();
    this.exchange.end();
    this.#jobs.end();
    this.port.unref();
    this.#deadlines?.end();
    const ended: WorkerExit = ours ? { reason: 'lost', why: this.#why! } : exit;
    const concurrency = this.#concurrency;
    const worker = { port: this.port, slots: this.#sent, version, concurrency };
    const ends = decideReached(worker, exit, ours);
    for (const { batch: sent, reached } of ends) {
      const { held } = sent;
      if (held.isSettled) continue;
      const begun = reached.claimed > 0 || reached.position !== null || reached.beforeFirstTask;
      if (!begun) {
        this.#again(held, by, ended);
        continue;
      }
      if (this.#fatal) held.add(this.#fatal);
      const expired = this.#expired?.sent === sent ? this.#expired.position : undefined;
      const how = expired === undefined ? ended : { ...exit, expired };
      held.ended(by, { ...how, reached });
    }
    for (const held of this.#queue) this.#again(held, by, ended);
    this.#queue = [];
    this.#owner.ended(this, ended, this.#why ?? 'its process ended');
    for (const resolve of this.#ends) resolve();
  }

  /** Another engine may take it, unless it is for this one alone. */
  #again(held: HeldChunk, by: RunBy, exit: WorkerExit): void {
    if (held.isSettled) return;
    if (held.chunk.target.kind !== 'one') {
      this.#owner.again(held);
      return;
    }
    held.ended(by, { ...exit, reached: { claimed: 0, position: null } });
  }
}
