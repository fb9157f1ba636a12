/**
 * The way of one environment (a program, a thread, a worker process) to a manager: one connection, which
 * all its proxies share and which is made when the first of them is used.
 */
import {
  type Address,
  type Connection,
  ConnectionClosedError,
  connect,
} from '../../connection/index.ts';
import { ANSWER_ENTRIES, CALL_ENTRIES, sendBatch } from './batches.ts';
import { ManagerClosedError, ManagerLostError } from './errors.ts';
import { ERROR, fromWire, type Wire, type Wires } from './wire.ts';

/** How a manager is found. */
export interface ManagerPlace {
  /** The same for all who have it. */
  readonly id: string;
  readonly address: Address;
  readonly key: string;
}

/** What a call gave. */
export interface Answer {
  readonly kind: number;
  readonly value: Wires;
}

interface Pending {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** How long to wait for the connection (ms). */
const CONNECT_TIMEOUT = 30_000;

export class Session {
  #place: ManagerPlace;
  #connection: Connection | null = null;
  #connecting = false;
  /** Why nothing can be called any more. */
  #ended: Error | null = null;
  #closing: Error | null = null;
  #outgoing: unknown[] = [];
  #flushing = false;
  readonly #pending = new Map<number, Pending>();
  #last = 0;
  readonly #listeners: (() => void)[] = [];

  constructor(place: ManagerPlace) {
    this.#place = place;
  }

  get place(): ManagerPlace {
    return this.#place;
  }

  /** Says which manager it is that was found by its address. */
  identify(id: string): void {
    this.#place = { ...this.#place, id };
  }

  /** Calls back when nothing can be called any more. */
  onEnd(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Why nothing can be called any more; null while it can. */
  get ended(): Error | null {
    return this.#ended ?? this.#closing;
  }

  /**
   * Calls a method. Calls of one turn go together, and begin in their order.
   *
   * @throws what the method throws; {@link ManagerClosedError}; {@link ManagerLostError}
   */
  call(object: number, method: string, args: readonly Wires[]): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#ended ?? this.#closing) throw this.#ended ?? this.#closing;
      const id = ++this.#last;
      if (this.#pending.size === 0) this.#connection?.ref();
      this.#pending.set(id, { resolve, reject });
      this.#enqueue(id, object, method, args);
    });
  }

  /** Lets go of an object that nobody here has any more. */
  forget(object: number): void {
    // It may have been made and collected before there was anything else to say.
    if (!this.#ended && this.#connection) this.#enqueue(0, 0, 'free', [object]);
  }

  #enqueue(id: number, object: number, method: string, args: readonly Wires[]): void {
    this.#outgoing.push(id, object, method, args);
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      if (this.#connection) this.#flush(this.#connection);
      else if (!this.#connecting) void this.#open();
    });
  }

  #flush(connection: Connection): void {
    const batch = this.#outgoing;
    if (batch.length === 0) return;
    this.#outgoing = [];
    void sendBatch(connection, batch, CALL_ENTRIES, ([id], error) => {
      this.#take(id as number)?.reject(error);
    });
  }

  async #open(): Promise<void> {
    this.#connecting = true;
    const { address, key } = this.place;
    try {
      const connection = await connect(address, { key, timeout: CONNECT_TIMEOUT });
      if (this.#ended) {
        connection.destroy();
        return;
      }
      this.#connection = connection;
      if (this.#pending.size === 0) connection.unref();
      this.#flush(connection);
      await this.#receive(connection);
    } catch (error) {
      this.#end(this.#closing ?? endOf(error));
    }
  }

  async #receive(connection: Connection): Promise<never> {
    for (;;) {
      const batch = (await connection.receive()) as readonly unknown[];
      for (let at = 0; at < batch.length; at += ANSWER_ENTRIES) {
        const kind = batch[at + 1] as number;
        const value = batch[at + 2] as Wires;
        this.#settle(batch[at] as number, { kind, value });
      }
    }
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending && this.#pending.delete(id) && this.#pending.size === 0) this.#connection?.unref();
    return pending;
  }

  #settle(id: number, answer: Answer): void {
    const pending = this.#take(id);
    if (answer.kind !== ERROR) {
      pending?.resolve(answer);
      return;
    }
    const decode = async (): Promise<unknown> => await fromWire(answer.value as Wire);
    void decode().then(
      (error) => pending?.reject(error),
      (error: unknown) => pending?.reject(error),
    );
  }

  #end(error: Error): void {
    if (this.#ended) return;
    this.#ended = error;
    this.#outgoing = [];
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
    for (const listener of this.#listeners) listener();
    // A proxy that comes later tries again, and finds out by itself.
    if (sessions.get(this.place.id) === this) sessions.delete(this.place.id);
  }

  /** Says that it ends now, however the connection does: later calls fail at once. */
  closing(why: string): void {
    this.#closing ??= new ManagerClosedError(why);
  }

  /** Ends it from this side. */
  async close(why: string): Promise<void> {
    this.closing(why);
    this.#end(this.#closing!);
    await this.#connection?.close();
  }
}

/** What a connection ended with, as whoever has a proxy is told. */
function endOf(error: unknown): Error {
  if (error instanceof ConnectionClosedError) {
    return new ManagerClosedError('the manager was closed', { cause: error });
  }
  const { message } = error as Error;
  return new ManagerLostError(`the manager can't be reached (any more): ${message}`, {
    cause: error,
  });
}

const sessions = new Map<string, Session>();

/** The session of this environment with a manager; made where there is none. */
export function sessionOf(place: ManagerPlace): Session {
  const known = sessions.get(place.id);
  if (known) return known;
  const session = new Session(place);
  sessions.set(place.id, session);
  return session;
}

/** Has proxies of its manager that come here use a session. */
export function adoptSession(session: Session): void {
  sessions.set(session.place.id, session);
}
