/**
 * Keeps objects and actors for this program and for its engines.
 */
import { decode, Sealed, unsealed } from '../../codec/index.ts';
import { isGone } from '../../memory/index.ts';
import {
  ActorDiedError,
  addKeeper,
  type GeneratorStep,
  type Keeper,
  type MethodCall,
  ObjectLostError,
} from '../../objects/index.ts';
import { type Ask, type Codec, decodeWithBytes, remoteCodec } from '../../protocol/index.ts';
import { valueCodec } from '../../scheduler/index.ts';
import { packError } from '../../worker/index.ts';
import type { ActorCall } from '../actors/actor.ts';
import type { Actors } from '../actors/actors.ts';
import { CALL, STEP } from '../actors/runtime.ts';
import { keepResult, MemoryGoneError } from '../objects/adoption.ts';
import { type PackedArguments, packArguments, receivedArguments } from '../objects/arguments.ts';
import { type ObjectStore, objectsIn, unseal } from '../objects/store.ts';
import type { EngineService, Transport } from '../transport/types.ts';

/** What engines ask for. */
type Request =
  | {
      readonly do: 'get' | 'free' | 'released';
      readonly id: string;
      /** References that were collected. */
      readonly count?: number;
    }
  | { readonly do: 'kill'; readonly actor: string }
  | ({ readonly do: 'call' } & SentCall)
  | ({ readonly do: 'object'; readonly id: string } & SentCall);

/** A call from an engine: see `src/worker/requests.ts`. */
interface SentCall {
  readonly actor: string;
  readonly method: string;
  readonly step: boolean;
  readonly args: unknown;
  readonly refs: readonly (number | string)[];
}

const HERE = 'here';

/** How an actor has ended of which no more is known. */
const unknownEnd = { restarting: false, pid: -1, exitCode: null, signal: null } as const;

/** A call whose value this program waits for. */
class ValueCall implements ActorCall {
  readonly #actor: string;
  readonly fn: number;
  readonly args: PackedArguments;
  readonly method: string;
  readonly fail: (error: unknown) => void;
  readonly #resolve: (value: unknown) => void;

  constructor(
    actor: string,
    fn: number,
    args: PackedArguments,
    method: string,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.#actor = actor;
    this.fn = fn;
    this.args = args;
    this.method = method;
    this.#resolve = resolve;
    this.fail = reject;
  }

  fulfil(value: unknown, ask: Ask): void {
    if (!(value instanceof Sealed)) this.#resolve(value);
    else unsealGiven(value, ask).then(this.#resolve, (error: unknown) => this.#lost(error));
  }

  /** The result can't be made here, maybe because its memory has gone with the actor. */
  #lost(error: unknown): void {
    if (!isGone(error)) {
      this.fail(error);
      return;
    }
    const { method } = this;
    const why = 'ended before its result was here';
    const how = { ...unknownEnd, why, method };
    this.fail(new ActorDiedError({ id: this.#actor, type: '' }, how, error));
  }
}

export class ClusterKeeper implements Keeper, EngineService {
  readonly #store: ObjectStore;
  readonly #actors: Actors;
  readonly #transport: Transport;
  readonly #codec: Codec;
  readonly #known: Disposable;

  constructor(store: ObjectStore, actors: Actors, transport: Transport, maxBytes: number) {
    this.#store = store;
    this.#actors = actors;
    this.#transport = transport;
    this.#codec = remoteCodec(valueCodec, transport.reach, maxBytes, 'many', 'keep');
    this.#known = addKeeper(store.session, this);
    transport.serve(this);
  }

  // ---- For this program ---------------------------------------------------------------------

  async get(id: string): Promise<unknown> {
    return await unseal(await this.#store.whenSealed(id));
  }

  free(id: string): void {
    this.#store.free(id);
  }

  retained(id: string): void {
    this.#store.retain(id);
  }

  released(id: string): void {
    this.#store.release(id);
  }

  call({ actor, method, args }: MethodCall): Promise<unknown> {
    return this.#value(actor, method, CALL, [method, ...args]);
  }

  step({ actor, method, args }: MethodCall, step: GeneratorStep): Promise<unknown> {
    return this.#value(actor, method, STEP, [method, step, ...args]);
  }

  /** What a call of this program's gives; one promise, because there may be many of them. */
  #value(id: string, method: string, fn: number, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const packed = packArguments(this.#store, args);
      this.#call(HERE, id, new ValueCall(id, fn, packed, method, resolve, reject));
    });
  }

  callForObject({ actor, method, args }: MethodCall): string {
    const packed = packArguments(this.#store, [method, ...args]);
    const id = this.#store.add();
    // Until there is a reference.
    this.#store.retain(id);
    queueMicrotask(() => this.#store.release(id));
    this.#object(HERE, id, actor, method, packed);
    return id;
  }

  placeOf(actor: string) {
    return this.#actors.get(actor)?.place ?? null;
  }

  kill(actor: string): Promise<void> {
    return this.#actors.kill(actor);
  }

  /** A call whose result goes to who has made it, as it is. */
  #result(
    caller: string,
    id: string,
    method: string,
    fn: number,
    args: PackedArguments,
  ): Promise<unknown> {
    return new Promise((fulfil, fail) => {
      this.#call(caller, id, { fn, method, args, fulfil, fail });
    });
  }

  #call(caller: string, id: string, call: ActorCall): void {
    const actor = this.#actors.get(id);
    if (actor) {
      actor.call(caller, call);
      return;
    }
    call.args.release();
    const { method } = call;
    const closed = this.#transport.closed;
    const why = closed === null ? 'has ended before' : `has ended: ${closed}`;
    const how = { ...unknownEnd, why, method };
    call.fail(new ActorDiedError({ id, type: this.#actors.typeOfEnded(id) }, how));
  }

  /** A call whose result becomes an object. */
  #object(caller: string, id: string, actor: string, method: string, args: PackedArguments): void {
    const store = this.#store;
    const fail = (error: unknown): void => {
      const gone = error instanceof MemoryGoneError;
      store.fail(id, gone ? new ObjectLostError(id, error.message, error.cause) : error);
    };
    const call = {
      fn: CALL,
      method,
      args,
      fail,
      fulfil: (value: unknown, ask: Ask) => {
        try {
          const kept = keepResult(value, ask);
          if (kept instanceof Promise) kept.then((there) => store.fulfil(id, there), fail);
          else store.fulfil(id, kept);
        } catch (error) {
          fail(error);
        }
      },
    };
    this.#call(caller, actor, call);
  }

  // ---- For engines --------------------------------------------------------------------------

  lent(uid: string, objects: readonly string[]): void {
    this.#store.lend(uid, objects);
  }

  ended(uid: string): void {
    this.#store.takeBackAll(uid);
  }

  async request(
    uid: string,
    body: unknown,
  ): Promise<{ readonly ok: boolean; readonly body: unknown }> {
    try {
      const value = await this.#answer(uid, decode(body) as Request);
      this.#store.lend(uid, objectsIn(value));
      return { ok: true, body: this.#codec.packOne(value, 'answer').message };
    } catch (error) {
      return { ok: false, body: packError(this.#codec, error).message };
    }
  }

  #answer(uid: string, request: Request): unknown {
    const store = this.#store;
    switch (request.do) {
      case 'get':
        return store.whenSealed(request.id);
      case 'free':
        store.free(request.id);
        return undefined;
      case 'released':
        store.takeBack(uid, request.id, request.count ?? 1);
        return undefined;
      case 'kill':
        return this.#actors.kill(request.actor);
      case 'call': {
        const { actor, method, step, args, refs } = request;
        const packed = receivedArguments(store, args, refs);
        return this.#result(uid, actor, method, step ? STEP : CALL, packed);
      }
      case 'object': {
        const { id, actor, method, args, refs } = request;
        store.add(id);
        // The engine has a reference to it.
        store.lend(uid, [id]);
        this.#object(uid, id, actor, method, receivedArguments(store, args, refs));
        return undefined;
      }
    }
  }

  /** The cluster has been stopped. */
  async close(why: string): Promise<void> {
    await this.#actors.close(why);
    this.#store.close(why);
    this.#known[Symbol.dispose]();
  }
}

/**
 * The value of a result that came for this program alone.
 *
 * @param ask - gets the bytes of memory that can't be opened here
 */
async function unsealGiven(value: Sealed, ask: Ask): Promise<unknown> {
  const message = unsealed(value);
  const decode = async (): Promise<unknown> => {
    await valueCodec.loading(message);
    return valueCodec.decode(message);
  };
  try {
    return await decode();
  } catch (error) {
    try {
      return await decodeWithBytes(valueCodec, ask, error, decode);
    } catch (reason) {
      if (valueCodec.unopened(reason)) valueCodec.discard(message);
      throw reason;
    }
  }
}
