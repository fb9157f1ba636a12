/**
 * One actor: its process, and the calls that are on their way there.
 */
import { ActorDiedError, type ActorPlace } from '../../objects/index.ts';
import {
  type Ask,
  decodeWithBytes,
  type FromWorker,
  type ValueBatch,
  type WorkerExit,
} from '../../protocol/index.ts';
import { howEnded, type Job, valueCodec } from '../../scheduler/index.ts';
import { filledHoles, idsOf, type PackedArguments } from '../objects/arguments.ts';
import type { ObjectStore } from '../objects/store.ts';
import type { ActorPort, JobRecord, Outcome, Transport } from '../transport/types.ts';
import { MAKE } from './runtime.ts';

/** How many calls may go together. */
const MAX_BATCH = 1024;

/** Batches that may be on their way to an actor that runs one call at a time. */
const BATCHES = 2;

/** A call of an actor. */
export interface ActorCall {
  /** The place of the function in the actor's job. */
  readonly fn: number;
  readonly args: PackedArguments;
  /** For errors. */
  readonly method: string;
  /** Takes what it gave: sealed, or a primitive. */
  fulfil(value: unknown, ask: Ask): void;
  fail(error: unknown): void;
}

export interface ActorOptions {
  readonly id: string;
  readonly name: string | null;
  /** Name of its class. */
  readonly type: string;
  readonly job: Job;
  readonly cpus: number;
  readonly concurrency: number;
  /** How often another instance may take its place. */
  readonly restarts: number;
  /** Arguments of {@link MAKE}. */
  readonly made: PackedArguments;
  /** It has ended for good. */
  ended(): void;
}

/** Calls of one caller, which go in their order, each when its arguments are there. */
class Caller {
  readonly waiting: ActorCall[] = [];
}

export class Actor {
  readonly options: ActorOptions;
  readonly #store: ObjectStore;
  readonly #transport: Transport;
  readonly #record: JobRecord;
  #port: ActorPort | null = null;
  #place: ActorPlace = { id: -1, uid: '', node: '', pid: -1, threads: 1 };
  #state: 'starting' | 'ready' | 'dead' = 'starting';
  #restarts: number;
  /** Why it has ended for good. */
  #death: ((method: string | null) => unknown) | null = null;
  #killed: string | null = null;
  #gone: Promise<void> = Promise.resolve();
  /** Calls that can be sent. */
  #ready: ActorCall[] = [];
  readonly #callers = new Map<string, Caller>();
  /** Batches on their way. */
  #underWay = 0;
  #flushing = false;

  constructor(options: ActorOptions, store: ObjectStore, transport: Transport) {
    this.options = options;
    this.#store = store;
    this.#transport = transport;
    this.#restarts = options.restarts;
    const { context: _, ...open } = options.job.openMessage();
    this.#record = { open: { ...open, prompt: true } };
  }

  get place(): ActorPlace {
    return this.#place;
  }

  // ---- Its life -----------------------------------------------------------------------------

  /**
   * Starts its process and makes the instance.
   *
   * @throws what the constructor has thrown; ActorDiedError; WorkerStartError
   */
  async start(): Promise<void> {
    const { cpus, concurrency } = this.options;
    const port = await this.#transport.startActor(
      { cpus, concurrency },
      { ended: (exit, why) => this.#ended(exit, why) },
    );
    this.#port = port;
    if (this.#killed !== null) {
      this.#gone = port.kill(this.#killed);
      await this.#gone;
      throw this.#error('has ended', null);
    }
    const { id, uid, node, pid, threads } = port.info;
    this.#place = { id, uid, node, pid, threads };
    try {
      await this.#make(port);
    } catch (error) {
      this.#gone = port.kill('its constructor has failed');
      await this.#gone;
      throw error;
    }
    this.#state = 'ready';
    this.#flush();
  }

  #make(port: ActorPort): Promise<void> {
    const { made } = this.options;
    return new Promise<void>((resolve, reject) => {
      const call: ActorCall = {
        fn: MAKE,
        args: made,
        method: 'constructor',
        fulfil: () => resolve(),
        fail: reject,
      };
      this.#send(port, [call], true);
    });
  }

  #error(why: string, method: string | null, exit?: WorkerExit): ActorDiedError {
    const { id, type } = this.options;
    const how = {
      why,
      method,
      restarting: this.#state !== 'dead' && this.#killed === null && this.#restarts > 0,
      pid: this.#place.pid,
      exitCode: exit?.reason === 'exit' ? exit.code : null,
      signal: exit?.reason === 'signal' ? exit.signal : null,
    };
    return new ActorDiedError({ id, type }, how, exit?.error);
  }

  #ended(exit: WorkerExit, _why: string): void {
    this.#port = null;
    if (this.#state === 'dead') return;
    // Its constructor has thrown, and whoever started it sees to that.
    if (this.#state === 'starting') return;
    if (this.#killed !== null || this.#transport.closed !== null || this.#restarts <= 0) {
      const text = this.#killed ?? this.#transport.closed;
      this.#die((method) =>
        this.#error(text === null ? ended(exit) : `has ended: ${text}`, method, exit),
      );
      return;
    }
    this.#restart();
  }

  #restart(): void {
    this.#restarts--;
    this.#state = 'starting';
    this.start().catch((error: unknown) => {
      if (this.#state === 'dead') return;
      const may = this.#restarts > 0 && this.#killed === null && this.#transport.closed === null;
      if (may) this.#restart();
      else
        this.#die((method) => this.#error('could not be started again', method, lastExit(error)));
    });
  }

  #die(death: (method: string | null) => unknown): void {
    this.#state = 'dead';
    this.#death = death;
    const { made, ended } = this.options;
    for (const call of this.#ready.splice(0)) this.#fail(call, death(call.method));
    for (const { waiting } of this.#callers.values()) {
      for (const call of waiting.splice(0)) this.#fail(call, death(call.method));
    }
    this.#callers.clear();
    made.release();
    ended();
  }

  /** Ends it for good; resolves when its process has ended. */
  async kill(why: string): Promise<void> {
    this.#killed ??= why;
    const port = this.#port;
    if (port) this.#gone = port.kill(this.#killed);
    if (this.#state !== 'dead') this.#die((method) => this.#error(`has ended: ${why}`, method));
    await this.#gone;
  }

  // ---- Its calls ----------------------------------------------------------------------------

  /** @param caller - whose calls go in their order */
  call(caller: string, call: ActorCall): void {
    if (this.#death) {
      this.#fail(call, this.#death(call.method));
      return;
    }
    const known = this.#callers.get(caller);
    if (!known && this.#areThere(call)) {
      this.#enqueue(call);
      return;
    }
    const queue = known ?? new Caller();
    this.#callers.set(caller, queue);
    queue.waiting.push(call);
    if (!known) this.#advance(caller, queue);
  }

  #areThere({ args: { holes } }: ActorCall): boolean {
    return holes.length === 0 || idsOf(holes).every((id) => this.#store.isSettled(id));
  }

  /** Sends calls of a caller whose arguments are there, up to the first whose are not. */
  #advance(caller: string, { waiting }: Caller): void {
    for (let call = waiting[0]; call; call = waiting[0]) {
      const missing = idsOf(call.args.holes).find((id) => !this.#store.isSettled(id));
      if (missing !== undefined) {
        const queue = this.#callers.get(caller)!;
        this.#store.whenSettled(missing, () => this.#advance(caller, queue));
        return;
      }
      waiting.shift();
      this.#enqueue(call);
    }
    this.#callers.delete(caller);
  }

  #enqueue(call: ActorCall): void {
    this.#ready.push(call);
    if (this.#flushing) return;
    this.#flushing = true;
    // Calls of one turn go together.
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#state !== 'ready') return;
    const { concurrency } = this.options;
    const [most, size] = concurrency > 1 ? [concurrency, 1] : [BATCHES, MAX_BATCH];
    while (this.#ready.length > 0 && this.#underWay < most && this.#port) {
      this.#send(this.#port, this.#ready.splice(0, size), false);
    }
  }

  #fail(call: ActorCall, error: unknown): void {
    call.args.release();
    call.fail(error);
  }

  /** @param stays - the arguments may be needed again */
  #send(port: ActorPort, wanted: readonly ActorCall[], stays: boolean): void {
    const { codec } = this.options.job;
    const calls: ActorCall[] = [];
    const tasks: unknown[] = [];
    for (const call of wanted) {
      try {
        const { args, holes } = call.args;
        if (holes.length === 0) tasks.push([call.fn, args]);
        else tasks.push([call.fn, args, ...filledHoles(this.#store, holes, call.method)]);
        calls.push(call);
      } catch (error) {
        // An object of its arguments has failed, or was freed.
        this.#fail(call, error);
      }
    }
    if (calls.length === 0) return;
    const packed = codec.pack(tasks, 'arguments');
    const args = packed.message;
    this.#underWay++;
    const batch = new SentCalls(calls, stays, (handle) => port.ask(handle));
    port.call(
      this.#record,
      { count: calls.length, args },
      (message) => batch.told(message),
      (outcome) => {
        packed.release?.();
        this.#underWay--;
        if (outcome.kind === 'ended') this.#port = null;
        batch.settled(outcome, (method, exit) => this.#error(this.#why(exit), method, exit));
        this.#flush();
      },
    );
  }

  #why(exit: WorkerExit | undefined): string {
    if (this.#killed !== null) return `has ended: ${this.#killed}`;
    return exit ? ended(exit) : 'has left a call out';
  }
}

function ended(exit: WorkerExit): string {
  const text = howEnded(exit);
  const why = exit.error ? ` (${exit.error.message})` : '';
  return (exit.reason === 'exit' ? text : `was ${text}`) + why;
}

/** How the process ended that did not get as far as to have an instance. */
function lastExit(error: unknown): WorkerExit {
  const { message } = error as Error;
  return { reason: 'lost', why: message, error: error as Error };
}

type Died = (method: string, exit: WorkerExit | undefined) => unknown;

/** Calls that have been sent together. */
class SentCalls {
  readonly #calls: (ActorCall | null)[];
  readonly #stays: boolean;
  readonly #ask: Ask;
  #fatal: Error | null = null;

  constructor(calls: readonly ActorCall[], stays: boolean, ask: Ask) {
    this.#calls = [...calls];
    this.#stays = stays;
    this.#ask = ask;
  }

  #take(position: number): ActorCall | null {
    const call = this.#calls[position] ?? null;
    this.#calls[position] = null;
    if (call && !this.#stays) call.args.release();
    return call;
  }

  told(message: FromWorker): void {
    switch (message.type) {
      case 'result':
        this.#results(message.offset, message.values);
        return;
      case 'failure':
        this.#failed(this.#take(message.offset), message.error);
        return;
      case 'unreadable':
      case 'open-failed':
        for (let i = 0; i < this.#calls.length; i++) this.#failed(this.#take(i), message.error);
        return;
      case 'fatal':
        this.#fatal = message.error as Error;
    }
  }

  #results(offset: number, values: ValueBatch): void {
    const list =
      values.kind === 'coded'
        ? (valueCodec.decode(values.message) as readonly unknown[])
        : values.kind === 'void'
          ? new Array<undefined>(values.count).fill(undefined)
          : values.values;
    for (let i = 0; i < list.length; i++) this.#take(offset + i)?.fulfil(list[i], this.#ask);
  }

  /** The call has thrown. */
  #failed(call: ActorCall | null, message: unknown): void {
    if (!call) return;
    const fail = (error: unknown): void => call.fail(error);
    const decode = async (): Promise<unknown> => {
      await valueCodec.loading(message);
      return valueCodec.decode(message);
    };
    decode()
      .catch((error: unknown) => decodeWithBytes(valueCodec, this.#ask, error, decode))
      .then(fail, fail);
  }

  settled(outcome: Outcome, died: Died): void {
    const exit = outcome.kind === 'ended' ? outcome.exit : undefined;
    const told = exit && this.#fatal ? { ...exit, error: this.#fatal } : exit;
    for (let i = 0; i < this.#calls.length; i++) {
      const call = this.#take(i);
      call?.fail(died(call.method, told));
    }
  }
}
