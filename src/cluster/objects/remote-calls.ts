/**
 * Calls of a remote function, as what the scheduler runs: they come one by one, and each leaves an object.
 */
import { ObjectLostError } from '../../objects/index.ts';
import type { Ask, RunBy } from '../../protocol/index.ts';
import {
  type CallSite,
  type FinishedEvent,
  type Job,
  poolFor,
  type Sink,
  startRun,
  TaskError,
  type TaskSource,
} from '../../scheduler/index.ts';
import type { Transport } from '../transport/types.ts';
import { keepResult, MemoryGoneError } from './adoption.ts';
import { filledHoles, idsOf, type PackedArguments } from './arguments.ts';
import type { ObjectStore } from './store.ts';

/** A call, until its object is there. It is kept to be made again where its result is lost. */
interface RemoteCall {
  readonly id: string;
  readonly args: PackedArguments;
  readonly site: CallSite;
  /** How often its result may still be lost. */
  retries: number;
  /** Who has run it. */
  by: RunBy | null;
}

/** What calls have in common. */
export interface RemoteCallsOptions {
  readonly store: ObjectStore;
  readonly job: Job;
  /** What errors call the function. */
  readonly label: string;
  /** How often a result that is lost is made again. */
  readonly retries: number;
  /** Gets the bytes of memory that can't be opened here, and says whether anything can be called. */
  readonly transport: Pick<Transport, 'ask' | 'closed'>;
}

/** Calls of one function that are ready, until none is left and none runs. */
class CallStream implements TaskSource, Sink {
  readonly window = null;
  readonly waiting = 0;
  readonly position = null;
  readonly remaining = null;
  done = false;
  readonly #owner: RemoteCalls;
  /** Those that have been given out, by the scheduler's number. */
  readonly #given = new Map<number, RemoteCall>();
  #next = 0;
  #ready: (() => void) | null = null;

  constructor(owner: RemoteCalls) {
    this.#owner = owner;
  }

  get available(): number {
    return this.#owner.ready.length;
  }

  take(most: number): unknown[] {
    const tasks: unknown[] = [];
    for (const call of this.#owner.ready.splice(0, most)) {
      try {
        tasks.push(this.#owner.messageOf(call));
        this.#given.set(this.#next++, call);
      } catch (reason) {
        // An object of its arguments was freed meanwhile.
        this.#owner.settled(call, { status: 'rejected', reason });
      }
    }
    this.#finishIfDone();
    return tasks;
  }

  whenReady(callback: () => void): void {
    this.#ready = callback;
  }

  /** There are more. */
  tell(): void {
    this.#ready?.();
  }

  close(): void {
    this.done = true;
    this.#ready = null;
  }

  accept(first: number, values: ArrayLike<unknown>): void {
    for (let i = 0; i < values.length; i++) {
      const call = this.#given.get(first + i)!;
      this.#given.delete(first + i);
      this.#owner.settled(call, values[i] as PromiseSettledResult<unknown>);
    }
    this.#finishIfDone();
  }

  #finishIfDone(): void {
    if (this.#given.size === 0 && this.#owner.ready.length === 0) this.done = true;
  }

  /** Calls have been run, and what they gave will be accepted. */
  ran({ first, count, by }: FinishedEvent): void {
    if (!by) return;
    for (let i = first; i < first + count; i++) {
      const call = this.#given.get(i);
      if (call) call.by = by;
    }
  }

  end(): void {
    this.#owner.streamEnded(this);
  }

  fail(error: unknown): void {
    this.done = true;
    const calls = [...this.#given.values(), ...this.#owner.ready.splice(0)];
    this.#given.clear();
    for (const call of calls) this.#owner.settled(call, { status: 'rejected', reason: error });
    this.#owner.streamEnded(this);
  }
}

/** What a function threw, without the frame that `map` gives it. */
function thrown(reason: unknown): unknown {
  return reason instanceof TaskError ? reason.cause : reason;
}

export class RemoteCalls {
  /** Calls whose arguments are there, and that have not been given out. */
  readonly ready: RemoteCall[] = [];
  readonly #options: RemoteCallsOptions;
  #stream: CallStream | null = null;
  #starting = false;

  constructor(options: RemoteCallsOptions) {
    this.#options = options;
  }

  /** Makes a call when its arguments are there. */
  add(id: string, args: PackedArguments, site: CallSite): void {
    const call = { id, args, site, retries: this.#options.retries, by: null };
    this.#whenThere(call);
  }

  /**
   * A call begins when all objects of its arguments are there, those further down too: an engine that waited
   * for one might be the one that has to make it.
   */
  #whenThere(call: RemoteCall): void {
    const { store } = this.#options;
    const { holes, inner } = call.args;
    const missing = [...idsOf(holes), ...inner].filter((id) => !store.isSettled(id));
    let left = missing.length;
    if (left === 0) {
      this.#begin(call);
      return;
    }
    const settled = (): void => {
      if (--left === 0) this.#begin(call);
    };
    for (const id of missing) store.whenSettled(id, settled);
  }

  #begin(call: RemoteCall): void {
    const why = this.#options.transport.closed;
    if (why !== null) {
      this.#fail(call, new ObjectLostError(call.id, why));
      return;
    }
    this.ready.push(call);
    this.#start();
  }

  /** Gives calls out at the end of this turn, so that those that are made in it go together. */
  #start(): void {
    if (this.#starting) return;
    this.#starting = true;
    queueMicrotask(() => {
      this.#starting = false;
      const [first] = this.ready;
      if (!first) return;
      if (this.#stream && !this.#stream.done) {
        this.#stream.tell();
        return;
      }
      const stream = new CallStream(this);
      this.#stream = stream;
      const { job } = this.#options;
      try {
        startRun(poolFor(job.options), job, stream, stream, first.site, {
          signal: null,
          prepare: (run) => run.listeners.push({ finished: (event) => stream.ran(event) }),
        });
      } catch (error) {
        stream.fail(error);
      }
    });
  }

  /** What the scheduler is told of a call. */
  messageOf({ args: { args, holes } }: RemoteCall): unknown[] {
    const { store, label } = this.#options;
    return [0, args, ...filledHoles(store, holes, label)];
  }

  streamEnded(stream: CallStream): void {
    if (this.#stream === stream) this.#stream = null;
    if (this.ready.length > 0) this.#start();
  }

  settled(call: RemoteCall, outcome: PromiseSettledResult<unknown>): void {
    if (outcome.status === 'rejected') {
      this.#fail(call, thrown(outcome.reason));
      return;
    }
    const { store, transport } = this.#options;
    const { by } = call;
    const ask: Ask = async (handle) => (by ? await transport.ask(by, handle) : null);
    try {
      const kept = keepResult(outcome.value, ask);
      if (!(kept instanceof Promise)) {
        store.fulfil(call.id, kept);
        call.args.release();
        return;
      }
      kept.then(
        (there) => {
          store.fulfil(call.id, there);
          call.args.release();
        },
        (error: unknown) => this.#lost(call, error),
      );
    } catch (error) {
      this.#lost(call, error);
    }
  }

  /** The result was there, and its memory is not: the engine that had it has ended. It is made again. */
  #lost(call: RemoteCall, error: unknown): void {
    if (!(error instanceof MemoryGoneError)) {
      this.#fail(call, error);
    } else if (call.retries-- > 0) {
      // Its arguments may have to be made again, too.
      this.#whenThere(call);
    } else {
      this.#fail(call, new ObjectLostError(call.id, error.message, error.cause));
    }
  }

  #fail(call: RemoteCall, error: unknown): void {
    this.#options.store.fail(call.id, error);
    call.args.release();
  }
}
