/**
 * Processes beside the engines: those of actors, and those that have the threads of several engines. For
 * each, engines may be held back, so that all together are no more than the cores there are.
 */
import type {
  FromWorker,
  RequestMessage,
  ValueBatch,
  WorkerExit,
  WorkerSpec,
} from '../../protocol/index.ts';
import type { ActorEvents, ActorPort, EngineInfo, JobRecord, Outcome } from '../transport/types.ts';
import { nextChunk } from '../transport/types.ts';
import { HeldChunk } from './held.ts';
import { Slot, type SlotOwner } from './slot.ts';

/** What a process beside the engines needs of the host. */
export interface SideHost {
  news(slot: Slot, message: FromWorker, run: string | null): void;
  sending(slot: Slot, held: HeldChunk): void;
  request(slot: Slot, message: RequestMessage): void;
  /** The process has ended. */
  sideEnded(slot: Slot): void;
}

/** How a process beside the engines is started. */
export interface SideSpec {
  readonly spec: WorkerSpec;
  readonly startTimeout: number;
}

/** What all processes beside the engines do: pass on to the host what is the host's business. */
abstract class SideSlot<H extends SideHost> implements SlotOwner {
  readonly slot: Slot;
  protected readonly host: H;

  constructor({ spec, startTimeout }: SideSpec, host: H) {
    this.host = host;
    this.slot = new Slot(spec, this, startTimeout);
  }

  abstract ready(): void;
  abstract freed(): void;
  abstract again(held: HeldChunk): void;
  abstract ended(slot: Slot, exit: WorkerExit, why: string): void;

  news(slot: Slot, message: FromWorker, run: string | null): void {
    this.host.news(slot, message, run);
  }

  sending(slot: Slot, held: HeldChunk): void {
    this.host.sending(slot, held);
  }

  request(slot: Slot, message: RequestMessage): void {
    this.host.request(slot, message);
  }
}

/** The process of an actor. */
export class ActorSlot extends SideSlot<SideHost> implements ActorPort {
  readonly #events: ActorEvents;

  constructor(side: SideSpec, host: SideHost, events: ActorEvents) {
    super(side, host);
    this.#events = events;
    // Somebody waits for it.
    this.slot.port.ref();
  }

  get info(): EngineInfo {
    return this.slot.info;
  }

  call(
    job: JobRecord,
    batch: { readonly count: number; readonly args: ValueBatch },
    told: (message: FromWorker) => void,
    settled: (outcome: Outcome) => void,
  ): void {
    const { id, uid } = this.slot;
    const { count, args } = batch;
    const chunk = {
      id: nextChunk(),
      run: 'actor',
      job: 'actor',
      target: { kind: 'one', engine: id, uid } as const,
      count,
      batch: { first: 0, args },
    };
    this.slot.enqueue(new HeldChunk(chunk, job, settled, told));
  }

  ask: ActorPort['ask'] = (handle) => this.slot.exchange.ask(handle);

  kill(why: string): Promise<void> {
    this.slot.kill(why);
    return this.slot.gone();
  }

  ready(): void {
    this.slot.port.unref();
  }

  freed(): void {}

  again(): void {}

  ended(slot: Slot, exit: WorkerExit, why: string): void {
    this.host.sideEnded(slot);
    this.#events.ended(exit, why);
  }
}

/** A process with more threads than an engine has ends when it has had nothing to do for so long (ms). */
const IDLE_MS = 10_000;

/** What a wide process tells the host. */
export interface WideHost extends SideHost {
  /** It had not begun a chunk when it ended, or could not be started for it. */
  wideAgain(wide: WideSlot, held: HeldChunk): void;
  wideEnded(wide: WideSlot): void;
}

/** A process that has the threads of several engines, for one chunk at a time. */
export class WideSlot extends SideSlot<WideHost> {
  /** How many engines' threads it has. */
  readonly cpus: number;
  #timer: NodeJS.Timeout | null = null;

  constructor(side: SideSpec, cpus: number, host: WideHost) {
    super(side, host);
    this.cpus = cpus;
  }

  /** Whether it can take a chunk. */
  get isIdle(): boolean {
    const { state, status } = this.slot;
    return state !== 'draining' && state !== 'killed' && status.running + status.waiting === 0;
  }

  run(held: HeldChunk): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.slot.enqueue(held);
  }

  ready(): void {}

  freed(): void {
    this.#timer = setTimeout(() => {
      if (this.isIdle) this.slot.drain();
    }, IDLE_MS).unref();
  }

  again(held: HeldChunk): void {
    this.host.wideAgain(this, held);
  }

  ended(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.host.wideEnded(this);
  }
}
