/**
 * What a program has of a cluster: its engines, views of them, and a backend for every other call.
 */
import { rangeError, typeError } from '../errors.ts';
import { type ActorHandle, ObjectRef, type RemoteArguments } from '../objects/index.ts';
import {
  abortSignal,
  MAX_TIMER_MS,
  milliseconds,
  type OptionsOf,
  readOptions,
} from '../options.ts';
import {
  map,
  type ParallelOptions,
  type Settled,
  type TaskFunction,
  type Tasks,
} from '../parallel/index.ts';
import type { Backend } from '../protocol/index.ts';
import { onAbort } from '../scheduler/index.ts';
import type { ActorClass, ActorOptions } from './actors/actors.ts';
import type { ClusterObjects } from './kept/objects.ts';
import type { RemoteFunction, RemoteOptions } from './objects/remote.ts';
import {
  checkRefs,
  type ObjectWaitOptions,
  type WaitedObjects,
  waitForObjects,
} from './objects/wait.ts';
import { ClusterError } from './transport/errors.ts';
import { laneBackend } from './transport/lanes.ts';
import type { EngineInfo, QueueStatus, Transport } from './transport/types.ts';
import type { AsyncResult } from './views/async-result.ts';
import { type BalancedOptions, balancedOptions, LoadBalancedView } from './views/balanced.ts';
import { DirectView } from './views/direct.ts';
import { engineIds, type Targets } from './views/targets.ts';

const waitOptions = {
  /** Milliseconds to wait at most. Default Infinity. */
  timeout: milliseconds,
  signal: abortSignal,
};

/** Options of {@link Client.waitForEngines}. */
export interface WaitForEnginesOptions extends OptionsOf<typeof waitOptions> {}

/** Makes and finds actors; see {@link Client.actor}. */
export interface ActorMaker {
  <C extends ActorClass>(
    type: C,
    args: RemoteArguments<ConstructorParameters<C>>,
    options?: ActorOptions,
  ): Promise<ActorHandle<InstanceType<C>>>;
  /**
   * The handle of an actor by its name.
   *
   * @throws RangeError where there is none
   */
  named<T>(name: string): ActorHandle<T>;
}

/** A program's side of a cluster; from {@link Cluster.client}. */
export class Client implements AsyncDisposable {
  /**
   * Engines as they are free, as a backend for every call: `imap(items, fn, { backend: client.backend })`.
   */
  readonly backend: Backend;
  readonly #transport: Transport;
  readonly #kept: ClusterObjects;
  readonly #stop: () => Promise<void>;
  readonly #subscriptions = new Set<Disposable>();

  /** @internal */
  constructor(
    transport: Transport,
    backend: Backend,
    kept: ClusterObjects,
    stop: () => Promise<void>,
  ) {
    this.#kept = kept;
    const make = <C extends ActorClass>(
      type: C,
      args: RemoteArguments<ConstructorParameters<C>>,
      options?: ActorOptions,
    ): Promise<ActorHandle<InstanceType<C>>> => kept.makeActor(type, args, options);
    this.actor = Object.assign(make, {
      named: <T>(name: string): ActorHandle<T> => kept.namedActor<T>(name),
    });
    this.#transport = transport;
    this.backend = backend;
    this.#stop = stop;
  }

  /** Numbers of the engines that are up now. */
  get ids(): readonly number[] {
    return this.#transport.engines().map(({ id }) => id);
  }

  /** The engines that are up now. */
  get engines(): readonly EngineInfo[] {
    return this.#transport.engines();
  }

  /**
   * Waits until so many engines are up.
   *
   * @throws a DOMException TimeoutError when they are not by then; the signal's reason; ClusterError when the
   * cluster is stopped
   */
  async waitForEngines(count: number, options?: WaitForEnginesOptions): Promise<void> {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw rangeError('count', count, 'a whole number of at least 0');
    }
    const { timeout = Number.POSITIVE_INFINITY, signal } = readOptions(
      'options',
      waitOptions,
      options,
    );
    signal?.throwIfAborted();
    const { promise, resolve, reject } = withResolvers<void>();
    const look = (): void => {
      if (this.ids.length >= count) resolve();
      else if (this.#transport.closed !== null) reject(new ClusterError(this.#transport.closed));
    };
    const late = (): void => {
      const text = `${this.ids.length} of ${count} engines were up after ${timeout} ms`;
      reject(new DOMException(text, 'TimeoutError'));
    };
    // Engines that start keep no program up: the timer does.
    const endless = timeout === Number.POSITIVE_INFINITY;
    const timer = endless ? setInterval(() => {}, MAX_TIMER_MS) : setTimeout(late, timeout);
    using _changes = this.#transport.onEngines(look);
    const forget = signal ? onAbort(signal, () => reject(signal.reason)) : undefined;
    look();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      forget?.();
    }
  }

  /**
   * A view of engines that are addressed one by one.
   *
   * @param targets - 'all' (default): those that there are at each call; a number, numbers, or a range
   * @throws RangeError for a number that no engine has
   */
  directView(targets: Targets = 'all'): DirectView {
    const context = { transport: this.#transport, backend: this.backend };
    if (targets === 'all') return new DirectView(context, () => this.ids);
    const ids = engineIds(this.ids, targets);
    return new DirectView(context, () => ids);
  }

  /** A view of engines that take work as they are free. */
  loadBalancedView(options?: BalancedOptions): LoadBalancedView {
    const { targets = 'all', ...rest } = readOptions('options', balancedOptions, options);
    if (targets === 'all') return new LoadBalancedView(this.backend, rest);
    const engines = engineIds(this.ids, targets);
    return new LoadBalancedView(laneBackend(this.#transport, { kind: 'some', engines }), rest);
  }

  /** `map` on the engines of the cluster, as they are free. */
  map<A, R>(
    tasks: Tasks<A>,
    fn: TaskFunction<A, R>,
    options: Omit<ParallelOptions, 'backend'> & { readonly returnErrors: true },
  ): Promise<Settled<Awaited<R>>[]>;
  map<A, R>(
    tasks: Tasks<A>,
    fn: TaskFunction<A, R>,
    options?: Omit<ParallelOptions, 'backend'>,
  ): Promise<Awaited<R>[]>;
  map<A, R>(
    tasks: Tasks<A>,
    fn: TaskFunction<A, R>,
    options: Omit<ParallelOptions, 'backend'> = {},
  ): Promise<unknown[]> {
    return map(tasks, fn, { ...options, backend: this.backend });
  }

  /**
   * Makes an actor: an instance of a class in a process of its own, which keeps its state between calls. The
   * handle has the methods of the class (those of its prototypes); they give promises, and a generator method an
   * async generator whose values are made as they are asked for. Calls of one caller are made in their order,
   * one at a time unless `concurrency` says more. Handles may be sent anywhere.
   *
   * An actor lives until `handle.$.kill()` or the end of its cluster. When its process ends otherwise, what
   * was sent to it fails with an {@link ActorDiedError}, and another instance with the same arguments takes its
   * place as often as `restarts` says.
   *
   * `client.actor.named(name)` gives the handle of an actor that was made with that name.
   *
   * @param type - the class, which is sent as functions are
   * @param args - of its constructor; a reference among them arrives as its value
   * @returns when the instance has been made
   * @throws what the constructor throws; ClusterError where `cpus` asks for more engines than are free of other
   *   actors; RangeError for a name that is taken
   *
   * @example
   * ```ts
   * class Counter {
   *   count = 0;
   *   add(n: number) { this.count += n; return this.count; }
   * }
   * const counter = await client.actor(Counter, []);
   * console.log(await counter.add(2), await counter.add(3)); // 2 5
   * ```
   */
  readonly actor: ActorMaker;

  /**
   * Keeps a value for engines: it is packed now, once. Large arrays are copied into shared memory, which all
   * who get the value map.
   *
   * @throws CloneError where it can't travel
   */
  put<T>(value: T): ObjectRef<T> {
    return this.#kept.put(value);
  }

  /**
   * Values of objects, when they are there.
   *
   * @throws what the call that was to make one has thrown, as it threw it; WorkerCrashedError and
   *   TaskTimeoutError of the call; DependencyError where an object of its arguments could not be made;
   *   {@link ObjectLostError}
   */
  get<T>(ref: ObjectRef<T>): Promise<T>;
  get<T extends readonly ObjectRef<unknown>[]>(
    refs: readonly [...T],
  ): Promise<{ -readonly [K in keyof T]: T[K] extends ObjectRef<infer V> ? V : never }>;
  async get(refs: ObjectRef<unknown> | readonly ObjectRef<unknown>[]): Promise<unknown> {
    if (refs instanceof ObjectRef) return await refs.get();
    return await Promise.all(checkRefs('refs', refs).map((ref) => ref.get()));
  }

  /**
   * Waits until some of the objects are there, or could not be made.
   *
   * @throws RangeError where two references are to the same object
   */
  wait<T>(refs: readonly ObjectRef<T>[], options?: ObjectWaitOptions): Promise<WaitedObjects<T>> {
    return waitForObjects(this.#kept.store, refs, options);
  }

  /**
   * Makes a function that engines call as they are free. Each call gives a reference to its result at once;
   * calls that are made in one turn go together. A reference among the arguments arrives as its value; further
   * down it stays one. Results stay in shared memory until somebody asks for them.
   *
   * @param fn - as for `map`, but it gets no context
   * @throws CloneError where it can't travel; RangeError for more `cpus` than there are engines
   *
   * @example
   * ```ts
   * const square = client.remote((x: number) => x * x);
   * const add = client.remote((a: number, b: number) => a + b);
   * console.log(await client.get(add(square(3), square(4)))); // 25
   * ```
   */
  remote<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    options?: RemoteOptions,
  ): RemoteFunction<A, R> {
    return this.#kept.remote(fn, options);
  }

  /** What runs, waits and has been done, in tasks: of each engine, and what waits for any of them. */
  queueStatus(): Promise<QueueStatus> {
    return this.#transport.status();
  }

  /** Gives results up: {@link AsyncResult.abort} of each. */
  async abort(results: AsyncResult<unknown> | readonly AsyncResult<unknown>[]): Promise<void> {
    const list = Array.isArray(results) ? results : [results];
    await Promise.all(list.map((result: AsyncResult<unknown>) => result.abort()));
  }

  /**
   * Replaces engines, whatever they do: what was pushed to them is gone, and what they have in hand is an
   * {@link EngineLostError}, or runs on another engine where it is load-balanced.
   *
   * @returns resolves when the new ones are up
   */
  async restart(targets: Targets = 'all'): Promise<void> {
    await this.#transport.restart(engineIds(this.ids, targets));
  }

  /**
   * Calls back when an engine has come up, or has gone.
   *
   * @returns ends the calls when disposed of
   */
  on(event: 'joined' | 'left', listener: (engine: EngineInfo) => void): Disposable {
    if (event !== 'joined' && event !== 'left') {
      throw rangeError('event', event, "'joined' or 'left'");
    }
    if (typeof listener !== 'function') throw typeError('listener', listener, 'a function');
    const inner = this.#transport.onEngines((change) => {
      if (change.kind === event) listener(change.engine);
    });
    const subscription = {
      [Symbol.dispose]: () => {
        inner[Symbol.dispose]();
        this.#subscriptions.delete(subscription);
      },
    };
    this.#subscriptions.add(subscription);
    return subscription;
  }

  /**
   * Ends the client: its listeners are called no more. Engines go on unless told otherwise.
   *
   * @param options - `engines`: stops the cluster as well
   */
  async shutdown(options?: { readonly engines?: boolean }): Promise<void> {
    for (const one of [...this.#subscriptions]) one[Symbol.dispose]();
    if (options?.engines) await this.#stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }
}

/** Node 20 has no Promise.withResolvers. */
function withResolvers<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
} {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
