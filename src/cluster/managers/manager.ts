/**
 * A process that has objects of which others have proxies, as multiprocessing's managers.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import path from 'node:path';
import type { Address } from '../../connection/index.ts';
import { typeError } from '../../errors.ts';
import {
  anything,
  flag,
  milliseconds,
  type OptionsOf,
  readOptions,
  text,
  wholeNumber,
} from '../../options.ts';
import { workerSettings } from '../../scheduler/index.ts';
import {
  DictProxy,
  entriesToWire,
  ListProxy,
  listToWire,
  type ManagedEntries,
  type ManagedKey,
  NamespaceProxy,
  ValueProxy,
} from './containers.ts';
import { EventProxy, LockProxy, QueueProxy, SemaphoreProxy } from './exchange.ts';
import { type Managed, newInstance } from './instances.ts';
import { ManagerProcess } from './process.ts';
import { adopt, type ManagedProxy, type ProxyState, ROOT } from './proxy.ts';
import type { KeptType } from './server.ts';
import { adoptSession, Session } from './session.ts';
import { fromWire, toWire, type Wire, type Wires } from './wire.ts';

const keyText = text('a text of at least 16 letters');
const nameText = text('a name');

const startOptions = {
  /** Where it listens: as for `listen` of heddle/connection. Default: a Unix socket of its own. */
  address: anything<Address>(),
  /** Which others have to have, of at least 16 letters. Default: a new one. */
  key: keyText,
  /** Milliseconds that its process may give no sign of life after its start. Default 60 000. */
  startTimeout: milliseconds,
  /** Variables of its process's environment, over those of this process; undefined takes one away. */
  env: workerSettings.env,
  /** The folder of its process. Default: that of this process. */
  cwd: workerSettings.cwd,
};

/** Options of {@link Manager.start}. */
export interface ManagerOptions extends OptionsOf<typeof startOptions> {}

const registerOptions = {
  /** The methods that proxies have. Default: all of the class and of those that it extends. */
  methods: anything<readonly string[]>(),
};

/** Options of {@link Manager.register}. */
export interface RegisterOptions extends OptionsOf<typeof registerOptions> {}

/** A class or a function that makes an object. */
export type ManagedType<T extends object, A extends readonly unknown[]> =
  | (new (
      ...args: A
    ) => T)
  | ((...args: A) => T | Promise<T>);

/**
 * A manager: a process that has dictionaries, lists, queues, locks and instances of any class, for all workers
 * and programs that have a proxy of them. Values are copied there and back.
 */
export class Manager implements AsyncDisposable {
  readonly #session: Session;
  /** Null where another program has started it. */
  readonly #process: ManagerProcess | null;

  private constructor(session: Session, process: ManagerProcess | null) {
    this.#session = session;
    this.#process = process;
  }

  /**
   * Starts a manager on this machine. It ends with {@link Manager.close}, or with this program, and keeps the
   * program up only while there are calls without an answer.
   *
   * @throws WorkerStartError where its process can't be started; Node's errors of an address
   *
   * @example
   * ```ts
   * await using manager = await Manager.start();
   * const counts = await manager.dict<string, number>({ a: 1 });
   * await map(['a', 'b', 'a'], (word) => counts.change(word, (n = 0) => n + 1));
   * console.log(await counts.copy()); // Map { 'a' => 3, 'b' => 1 }
   * ```
   */
  static async start(options?: ManagerOptions): Promise<Manager> {
    const given = readOptions('options', startOptions, options);
    const { address = null, key = randomBytes(32).toString('base64'), ...settings } = given;
    const id = randomUUID();
    const process = await ManagerProcess.start(settings);
    let place: Address;
    try {
      place = await process.server.listen(id, address, key);
    } catch (error) {
      await process.kill();
      throw error;
    }
    const session = new Session({ id, address: place, key });
    adoptSession(session);
    session.onEnd(() => {
      // A process that was killed can't take its socket away.
      if (!address && place.path && globalThis.process.platform !== 'win32') {
        rmSync(path.dirname(place.path), { recursive: true, force: true });
      }
    });
    return new Manager(session, process);
  }

  /**
   * Connects to a manager that another program has started.
   *
   * @param options - the `key` of that manager
   * @throws {@link ManagerLostError} where there is none, or has another key: `cause` says which
   */
  static async connect(address: Address, options: { readonly key: string }): Promise<Manager> {
    const { key } = readOptions('options', { key: keyText }, options);
    if (key === undefined) throw typeError('key', key, 'the key of the manager');
    const session = new Session({ id: '', address, key });
    const { value } = await session.call(ROOT, 'identify', []);
    session.identify(value as string);
    adoptSession(session);
    return new Manager(session, null);
  }

  /** Where it listens. */
  get address(): Address {
    return this.#session.place.address;
  }

  /** Which others have to have that {@link Manager.connect}. */
  get key(): string {
    return this.#session.place.key;
  }

  /** Of its process; null where another program has started it. */
  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  async #create<P extends ManagedProxy>(
    type: new (from: ProxyState) => P,
    kept: KeptType,
    args: readonly Wires[],
  ): Promise<P> {
    const { value } = await this.#session.call(ROOT, 'create', [kept, ...(args as Wire[])]);
    const object = value as number;
    return adopt(new type({ place: this.#session.place, object }), this.#session, object);
  }

  /** Makes a dictionary. */
  dict<K extends ManagedKey = string, V = unknown>(
    entries?: Iterable<readonly [K, V]>,
  ): Promise<DictProxy<K, V>>;
  dict<V>(entries: Readonly<Record<string, V>>): Promise<DictProxy<string, V>>;
  dict<K extends ManagedKey, V>(entries: ManagedEntries<K, V>): Promise<DictProxy<K, V>>;
  dict(entries: unknown = []): Promise<DictProxy<never, never>> {
    return this.#create<DictProxy<never, never>>(DictProxy, 'dict', [entriesToWire(entries)]);
  }

  /** Makes a list. */
  list<T = unknown>(values: Iterable<T> = []): Promise<ListProxy<T>> {
    return this.#create<ListProxy<T>>(ListProxy, 'list', [listToWire(values)]);
  }

  /** Makes a namespace. */
  namespace<T extends object = Record<string, unknown>>(
    values?: Partial<T>,
  ): Promise<NamespaceProxy<T>> {
    const entries = entriesToWire(values ?? {});
    return this.#create<NamespaceProxy<T>>(NamespaceProxy, 'namespace', [entries]);
  }

  /** Makes a value. */
  value<T>(value: T): Promise<ValueProxy<T>> {
    return this.#create<ValueProxy<T>>(ValueProxy, 'value', [toWire(value, 'value')]);
  }

  /** Makes a queue; with `maxSize` one of which `put` waits while it has so many values. */
  queue<T = unknown>(options?: { readonly maxSize?: number | undefined }): Promise<QueueProxy<T>> {
    const table = { maxSize: wholeNumber({ least: 0 }) };
    const { maxSize = 0 } = readOptions('options', table, options);
    return this.#create<QueueProxy<T>>(QueueProxy, 'queue', [maxSize]);
  }

  /** Makes a lock. */
  lock(): Promise<LockProxy> {
    return this.#create(LockProxy, 'lock', []);
  }

  /**
   * Makes a semaphore.
   *
   * @param value - how many may acquire before somebody releases
   * @param options - `bounded`: it can't be released more often than it was acquired
   */
  semaphore(
    value = 1,
    options?: { readonly bounded?: boolean | undefined },
  ): Promise<SemaphoreProxy> {
    const { bounded = false } = readOptions('options', { bounded: flag }, options);
    const count = wholeNumber({ least: 0 })('value', value);
    return this.#create(SemaphoreProxy, 'semaphore', [count, bounded]);
  }

  /** Makes an event. */
  event(): Promise<EventProxy> {
    return this.#create(EventProxy, 'event', []);
  }

  /**
   * Makes an instance of a class in the manager's process, and gives a proxy with the methods of the class.
   * Calls begin in the order in which they come; while a method awaits something others run.
   *
   * @param type - the class, which is sent as functions are; or a function, there called, that gives an
   *   object; or a name by {@link Manager.register}
   * @throws what its constructor throws
   */
  create<T extends object, A extends readonly unknown[]>(
    type: ManagedType<T, A>,
    ...args: A
  ): Promise<Managed<T>>;
  create<T extends object>(name: string, ...args: readonly unknown[]): Promise<Managed<T>>;
  async create(type: unknown, ...args: readonly unknown[]): Promise<Managed<object>> {
    const wires = args.map((arg, i) => toWire(arg, `argument ${i}`));
    if (typeof type !== 'string' && typeof type !== 'function') {
      throw typeError('type', type, 'a class, a function, or a name');
    }
    const [method, what] =
      typeof type === 'string' ? ['makeNamed', type] : ['make', toWire(type, 'type')];
    const { value } = await this.#session.call(ROOT, method!, [what as Wire, ...wires]);
    return newInstance(this.#session, value as readonly unknown[]);
  }

  /**
   * Gives a class a name, by which all who are connected can {@link Manager.create} instances.
   *
   * @param type - the class, or a function that gives an object
   */
  async register<T extends object, A extends readonly unknown[]>(
    name: string,
    type: ManagedType<T, A>,
    options?: RegisterOptions,
  ): Promise<void> {
    const { methods } = readOptions('options', registerOptions, options);
    if (methods !== undefined && !Array.isArray(methods)) {
      throw typeError('methods', methods, 'an array of names');
    }
    if (typeof type !== 'function') throw typeError('type', type, 'a class, or a function');
    const args = [nameText('name', name), toWire(type, 'type')];
    await this.#session.call(ROOT, 'register', methods ? [...args, methods] : args);
  }

  /** Gives a proxy a name, by which others find it with {@link Manager.named}. */
  async publish(name: string, proxy: unknown): Promise<void> {
    await this.#session.call(ROOT, 'publish', [nameText('name', name), toWire(proxy, 'proxy')]);
  }

  /**
   * The proxy that was published by a name.
   *
   * @throws RangeError where there is none
   */
  async named<P>(name: string): Promise<P> {
    const { value } = await this.#session.call(ROOT, 'named', [nameText('name', name)]);
    return (await fromWire(value as Wire)) as P;
  }

  /** How many objects it has. */
  async count(): Promise<number> {
    return (await this.#session.call(ROOT, 'count', [])).value as number;
  }

  /**
   * Ends the manager, or where another program has started it the connection to it. Calls without an answer and
   * later ones, here and everywhere, fail with a {@link ManagerClosedError}.
   *
   * @returns when its process has ended
   */
  async close(): Promise<void> {
    const why = 'the manager was closed';
    this.#session.closing(why);
    // Others are told first: what is given back as this program goes is not theirs any more.
    await this.#process?.close();
    await this.#session.close(why);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
