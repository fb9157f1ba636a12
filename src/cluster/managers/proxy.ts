/**
 * What all proxies have in common: what they stand for, how they travel, and when it goes.
 */
import { restore, state } from '../../codec/index.ts';
import { type Answer, type ManagerPlace, type Session, sessionOf } from './session.ts';
import { fromWire, type Wire, type Wires } from './wire.ts';

/** What a proxy is made of; plain data. */
export interface ProxyState {
  readonly place: ManagerPlace;
  /** Of the object in the manager. */
  readonly object: number;
}

/** The object of a manager that stands for itself. */
export const ROOT = 0;

/**
 * Objects of which the only proxy was never sent anywhere go with it. One that was sent may be on its way
 * to somebody who has it last.
 */
const collected = new FinalizationRegistry<{ readonly session: Session; readonly object: number }>(
  ({ session, object }) => session.forget(object),
);

/**
 * Stands for an object that lives in a manager's process. It may be sent anywhere, kept in other managed objects
 * too, and stands for the same object wherever it arrives.
 *
 * The object goes with `free()` (or `await using`), with its manager, and with this proxy where that was never sent.
 */
export abstract class ManagedProxy implements AsyncDisposable {
  readonly #session: Session;
  readonly #object: number;

  /** @internal */
  constructor({ place, object }: ProxyState) {
    this.#session = sessionOf(place);
    this.#object = object;
  }

  /** @internal */
  [state](): ProxyState {
    collected.unregister(this);
    return { place: this.#session.place, object: this.#object };
  }

  /** @internal Makes one of the class that arrives. */
  static [restore](this: new (from: ProxyState) => ManagedProxy, from: ProxyState): ManagedProxy {
    return new this(from);
  }

  /** Lets go of the object, whoever else has a proxy of it: their calls fail with a ManagedObjectError. */
  async free(): Promise<void> {
    collected.unregister(this);
    await this.#session.call(ROOT, 'free', [this.#object]);
  }

  /** As {@link ManagedProxy.free}; does nothing where the manager has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#session.ended) await this.free();
  }

  /** @internal Calls a method of the object; arguments that are no primitives are bytes already. */
  protected send(method: string, args: readonly Wires[]): Promise<Answer> {
    return this.#session.call(this.#object, method, args);
  }

  /** @internal The value that a method gives. */
  protected async value(method: string, ...args: readonly Wires[]): Promise<unknown> {
    const { value } = await this.send(method, args);
    return fromWire(value as Wire);
  }

  /** @internal The values that a method gives. */
  protected async list(method: string, ...args: readonly Wires[]): Promise<unknown[]> {
    const { value } = await this.send(method, args);
    return await Promise.all((value as readonly Wire[]).map(fromWire));
  }
}

/** Has the object of a new proxy go with it. */
export function adopt<P extends ManagedProxy>(proxy: P, session: Session, object: number): P {
  collected.register(proxy, { session, object }, proxy);
  return proxy;
}

/** Makes a new value of a managed one. It runs in the manager's process, and nobody comes between. */
export type Change<T> = (value: T) => T;
