/**
 * What runs in a manager's process: its objects, and who is connected. It is the class of an actor, and is
 * called by others over connections.
 */
import { type Address, type Connection, type Listener, listen } from '../../connection/index.ts';
import { rangeError, typeError } from '../../errors.ts';
import { methodsOf } from '../actors/actors.ts';
import { ANSWER_ENTRIES, CALL_ENTRIES, sendBatch } from './batches.ts';
import { ManagedObjectError } from './errors.ts';
import { KeptDict, KeptList, KeptValue } from './kept-containers.ts';
import { KeptEvent, KeptLock, KeptQueue, KeptSemaphore } from './kept-sync.ts';
import { ROOT } from './proxy.ts';
import {
  ERROR,
  errorToWire,
  fromWire,
  GENERATOR,
  opening,
  RESULT,
  toWire,
  type Wire,
  type Wires,
} from './wire.ts';

type Method = (...args: readonly unknown[]) => unknown;

/** Containers, whose values stay as they were sent. */
const CONTAINERS = { dict: KeptDict, list: KeptList, namespace: KeptDict, value: KeptValue };

/** What is told who calls, and who has gone. */
const EXCHANGES = {
  queue: KeptQueue,
  lock: KeptLock,
  semaphore: KeptSemaphore,
  event: KeptEvent,
};

/** The names of the types that every manager has. */
export type KeptType = keyof typeof CONTAINERS | keyof typeof EXCHANGES;

/** What a method may be called on. */
interface Kept {
  readonly instance: Readonly<Record<string, Method>>;
  /** 'container', 'exchange': ours. 'instance': of a class of a user's. 'generator': of a method of one. */
  readonly kind: 'container' | 'exchange' | 'instance' | 'generator';
  readonly methods: ReadonlySet<string>;
}

/** What users have given a name, to be made by it. */
interface Registered {
  readonly make: unknown;
  readonly exposed: readonly string[] | null;
}

/** A proxy of an instance is made of its number, and of its methods: a name and a kind in turn. */
export type MadeInstance = readonly [object: number, ...methods: string[]];

const GENERATOR_METHODS: ReadonlySet<string> = new Set(['next', 'return', 'throw']);

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

function methodNames(type: { readonly prototype: object }): ReadonlySet<string> {
  const names = Object.getOwnPropertyNames(type.prototype);
  return new Set(names.filter((name) => !['constructor', 'left', 'end'].includes(name)));
}

/** One environment that is connected, and its answers. */
class ServedPeer {
  readonly #connection: Connection;
  #answers: unknown[] = [];
  /** Resolves when the system has taken over what was sent: who does not read is not read from. */
  room: Promise<void> = Promise.resolve();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  answer(id: number, kind: number, value: Wires): void {
    if (id === 0) return; // nobody waits for it
    if (this.#answers.length === 0) queueMicrotask(() => this.#flush());
    this.#answers.push(id, kind, value);
  }

  fail(id: number, error: unknown): void {
    this.answer(id, ERROR, errorToWire(error));
  }

  #flush(): void {
    const answers = this.#answers;
    this.#answers = [];
    this.room = sendBatch(this.#connection, answers, ANSWER_ENTRIES, ([id], error) => {
      this.fail(id as number, error);
    });
  }
}

export class ManagerServer {
  #id = '';
  #listener: Listener | null = null;
  readonly #connections = new Set<Connection>();
  readonly #objects = new Map<number, Kept>();
  readonly #registered = new Map<string, Registered>();
  /** Proxies that were given a name. */
  readonly #published = new Map<string, Wire>();
  #last = ROOT;

  constructor() {
    const instance = {
      identify: () => this.#id,
      create: (type: string, ...args: readonly unknown[]) => this.#create(type as KeptType, args),
      make: (type: Wire, ...args: readonly Wire[]) => this.#makeOf(type, args),
      makeNamed: (name: string, ...args: readonly Wire[]) => this.#makeNamed(name, args),
      register: (name: string, make: Wire, exposed?: readonly string[]) =>
        this.#register(name, make, exposed),
      publish: (name: string, proxy: Wire) => void this.#published.set(name, proxy),
      named: (name: string) => this.#named(name),
      free: (object: number) => this.#free(object),
      count: () => this.#objects.size - 1,
    };
    this.#objects.set(ROOT, {
      instance: instance as unknown as Kept['instance'],
      kind: 'container',
      methods: new Set(Object.keys(instance)),
    });
  }

  /**
   * Lets others in that have the key.
   *
   * @param id - of the manager
   * @param address - null for a socket of its own
   * @returns where it can be reached
   */
  async listen(id: string, address: Address | null, key: string): Promise<Address> {
    this.#id = id;
    this.#listener = await listen({ key, backlog: 4096, ...(address ? { address } : {}) });
    void this.#accept(this.#listener);
    return this.#listener.address;
  }

  /** Tells all who are connected that it ends. */
  async close(): Promise<void> {
    await this.#listener?.close();
    await Promise.all([...this.#connections].map((connection) => connection.close()));
  }

  async #accept(listener: Listener): Promise<void> {
    for await (const connection of listener) void this.#serve(connection);
  }

  async #serve(connection: Connection): Promise<void> {
    const peer = new ServedPeer(connection);
    this.#connections.add(connection);
    try {
      for await (const batch of connection as AsyncIterable<readonly unknown[]>) {
        for (let at = 0; at < batch.length; at += CALL_ENTRIES) {
          const [id, object, method] = [batch[at], batch[at + 1], batch[at + 2]];
          const args = batch[at + 3] as readonly Wires[];
          const loaded = this.#call(peer, id as number, object as number, method as string, args);
          if (loaded) await loaded;
        }
        await peer.room;
      }
    } catch {
      // It was lost, which is no different from an end that was announced.
    }
    this.#connections.delete(connection);
    for (const { kind, instance } of this.#objects.values()) {
      if (kind === 'exchange') instance.left!(peer);
    }
  }

  /** @returns resolves when the call has begun, where modules have to be loaded first */
  #call(
    peer: ServedPeer,
    id: number,
    object: number,
    method: string,
    args: readonly Wires[],
  ): Promise<void> | null {
    try {
      const kept = this.#objects.get(object);
      if (!kept) {
        throw freed(object);
      }
      if (!kept.methods.has(method)) {
        throw rangeError('method', method, `one of ${[...kept.methods].join(', ')}`);
      }
      const { instance, kind } = kept;
      if (kind === 'container' || kind === 'exchange') {
        const result =
          kind === 'container' ? instance[method]!(...args) : instance[method]!(peer, ...args);
        if (isThenable(result)) this.#whenDone(peer, id, result, (value) => value as Wires);
        else peer.answer(id, RESULT, result as Wires);
        return null;
      }
      return this.#callOpened(peer, id, kept, object, method, args as readonly Wire[]);
    } catch (error) {
      peer.fail(id, error);
      return null;
    }
  }

  #whenDone(
    peer: ServedPeer,
    id: number,
    result: PromiseLike<unknown>,
    answer: (value: unknown) => Wires,
  ): void {
    Promise.resolve(result)
      .then((value) => peer.answer(id, RESULT, answer(value)))
      .catch((error: unknown) => peer.fail(id, error));
  }

  /** A call whose arguments are made first. */
  #callOpened(
    peer: ServedPeer,
    id: number,
    kept: Kept,
    object: number,
    method: string,
    args: readonly Wire[],
  ): Promise<void> | null {
    const openings = args.map(opening);
    const waits = openings.flatMap(({ wait }) => (wait ? [wait] : []));
    const begin = (): void => {
      try {
        const result = kept.instance[method]!(...openings.map(({ open }) => open()));
        if (kept.kind === 'generator') this.#stepped(peer, id, object, result);
        else this.#called(peer, id, result);
      } catch (error) {
        if (kept.kind === 'generator') this.#objects.delete(object);
        peer.fail(id, error);
      }
    };
    if (waits.length > 0) return Promise.all(waits).then(begin, begin);
    begin();
    return null;
  }

  #called(peer: ServedPeer, id: number, result: unknown): void {
    const made = (value: unknown): Wire => toWire(value, 'result');
    if (isThenable(result)) this.#whenDone(peer, id, result, made);
    else if (isGenerator(result)) peer.answer(id, GENERATOR, this.#keepGenerator(result));
    else peer.answer(id, RESULT, made(result));
  }

  #keepGenerator(generator: object): number {
    const instance = generator as Kept['instance'];
    this.#objects.set(++this.#last, { instance, kind: 'generator', methods: GENERATOR_METHODS });
    return this.#last;
  }

  /** A step of a generator gives whether it has ended, and its value. */
  #stepped(peer: ServedPeer, id: number, object: number, result: unknown): void {
    const taken = async (): Promise<Wires> => {
      try {
        const { done = false, value } = (await result) as IteratorResult<unknown>;
        if (done) this.#objects.delete(object);
        return [done, toWire(await value, 'result')];
      } catch (error) {
        this.#objects.delete(object);
        throw error;
      }
    };
    this.#whenDone(peer, id, taken(), (value) => value as Wires);
  }

  // ---- What a manager itself is asked for -------------------------------------------------------

  #create(type: KeptType, args: readonly unknown[]): number {
    const isContainer = Object.hasOwn(CONTAINERS, type);
    const Type = { ...CONTAINERS, ...EXCHANGES }[type] as unknown as new (
      ...args: readonly unknown[]
    ) => Kept['instance'];
    this.#objects.set(++this.#last, {
      instance: new Type(...args),
      kind: isContainer ? 'container' : 'exchange',
      methods: methodNames(Type as unknown as { prototype: object }),
    });
    return this.#last;
  }

  async #makeOf(type: Wire, args: readonly Wire[]): Promise<MadeInstance> {
    return await this.#makeInstance(await fromWire(type), null, args);
  }

  async #makeNamed(name: string, args: readonly Wire[]): Promise<MadeInstance> {
    const found = this.#registered.get(name);
    if (!found) throw rangeError('name', name, 'a name that was registered');
    return await this.#makeInstance(found.make, found.exposed, args);
  }

  async #makeInstance(
    make: unknown,
    exposed: readonly string[] | null,
    args: readonly Wire[],
  ): Promise<MadeInstance> {
    if (typeof make !== 'function') throw typeError('type', make, 'a class or a function');
    const values = await Promise.all(args.map(fromWire));
    // What can't be constructed (an arrow) makes the object itself.
    const made: unknown = Object.hasOwn(make, 'prototype')
      ? Reflect.construct(make, values)
      : await (make as Method)(...values);
    if (typeof made !== 'object' || made === null) {
      throw typeError('what the function has made', made, 'an object');
    }
    const all = methodsOf(Object.getPrototypeOf(made) as object, make);
    const methods = all.filter(([name]) => !exposed || exposed.includes(name));
    this.#objects.set(++this.#last, {
      instance: made as Kept['instance'],
      kind: 'instance',
      methods: new Set(methods.map(([name]) => name)),
    });
    return [this.#last, ...methods.flat()];
  }

  async #register(name: string, make: Wire, exposed?: readonly string[]): Promise<void> {
    this.#registered.set(name, { make: await fromWire(make), exposed: exposed ?? null });
  }

  #named(name: string): Wire {
    const proxy = this.#published.get(name);
    if (proxy === undefined) throw rangeError('name', name, 'the name of something published');
    return proxy;
  }

  #free(object: number): void {
    if (object === ROOT) return;
    const kept = this.#objects.get(object);
    this.#objects.delete(object);
    if (kept?.kind === 'exchange') kept.instance.end!(freed(object));
  }
}

function freed(object: number): ManagedObjectError {
  return new ManagedObjectError(`object ${object} of the manager was freed`);
}

function isGenerator(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const tag = Object.prototype.toString.call(value);
  return tag === '[object Generator]' || tag === '[object AsyncGenerator]';
}
