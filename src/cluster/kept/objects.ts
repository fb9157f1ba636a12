/**
 * What a cluster keeps for its clients: objects and actors.
 */
import { rangeError } from '../../errors.ts';
import {
  type ActorHandle,
  actorHandle,
  ObjectRef,
  type RemoteArguments,
} from '../../objects/index.ts';
import type { Backend } from '../../protocol/index.ts';
import { type ActorClass, type ActorOptions, Actors } from '../actors/actors.ts';
import { type RemoteFunction, type RemoteOptions, remoteFunction } from '../objects/remote.ts';
import { ObjectStore } from '../objects/store.ts';
import type { Transport } from '../transport/types.ts';
import { ClusterKeeper } from './keeper.ts';

let lastSession = 0;

export class ClusterObjects {
  readonly store: ObjectStore;
  readonly #transport: Transport;
  readonly #backend: Backend;
  readonly #actors: Actors;
  readonly #keeper: ClusterKeeper;

  constructor(transport: Transport, backend: Backend, maxBytes: number) {
    // The same in no other program, whose references may come here.
    const session = `${process.pid}.${process.hrtime.bigint()}.${++lastSession}`;
    this.#transport = transport;
    this.#backend = backend;
    this.store = new ObjectStore(session, { reach: transport.reach, maxBytes });
    this.#actors = new Actors(this.store, transport, backend);
    this.#keeper = new ClusterKeeper(this.store, this.#actors, transport, maxBytes);
  }

  put<T>(value: T): ObjectRef<T> {
    const kept = this.store.seal(value, 'value');
    const ref = new ObjectRef<T>(this.store.add());
    this.store.fulfil(ref.id, kept);
    return ref;
  }

  remote<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    options?: RemoteOptions,
  ): RemoteFunction<A, R> {
    const context = { store: this.store, transport: this.#transport, backend: this.#backend };
    return remoteFunction(context, fn, options);
  }

  async makeActor<C extends ActorClass>(
    type: C,
    args: RemoteArguments<ConstructorParameters<C>>,
    options?: ActorOptions,
  ): Promise<ActorHandle<InstanceType<C>>> {
    const id = await this.#actors.make(type, args, options);
    return actorHandle(this.#actors.state(id));
  }

  namedActor<T>(name: string): ActorHandle<T> {
    const id = this.#actors.named(name);
    if (id === undefined) throw rangeError('name', name, 'the name of an actor that lives');
    return actorHandle(this.#actors.state(id));
  }

  /** Ends everything; `stop` ends the engines. */
  async close(stop: () => Promise<void>): Promise<void> {
    const why = 'the cluster was stopped';
    await Promise.all([stop(), this.#keeper.close(why)]);
  }
}
