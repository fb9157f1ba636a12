/**
 * Names of actors, by which their methods are called.
 */
import {
  Remote,
  type RemoteState,
  registerRemote,
  remoteKind,
  remoteState,
} from '../codec/index.ts';
import { ActorDiedError } from './errors.ts';
import { type ActorPlace, type GeneratorStep, type Keeper, keeperOf } from './keeper.ts';
import { ObjectRef } from './object-ref.ts';

type AnyMethod = (...args: never[]) => unknown;

/** The names of an object's methods. */
export type MethodNames<T> = {
  [K in keyof T]: T[K] extends AnyMethod ? K : never;
}[keyof T] &
  string;

/** Arguments any of which may be a reference: the method gets the value. */
export type RemoteArguments<A extends readonly unknown[]> = {
  readonly [K in keyof A]: A[K] | ObjectRef<Awaited<A[K]>>;
};

/** What a method of an actor gives who calls it. */
export type ActorReturn<R> = [R] extends [never]
  ? Promise<never>
  : R extends Generator<infer T, infer U, infer N>
    ? AsyncGenerator<T, U, N>
    : R extends AsyncGenerator<infer T, infer U, infer N>
      ? AsyncGenerator<T, U, N>
      : Promise<Awaited<R>>;

type ActorMethod<F> = F extends (...args: infer A) => infer R
  ? (...args: RemoteArguments<A>) => ActorReturn<R>
  : never;

type ObjectMethod<F> = F extends (...args: infer A) => infer R
  ? (...args: RemoteArguments<A>) => ObjectRef<Awaited<R>>
  : never;

/** What a handle has beside the methods of its actor. */
export interface ActorControl<T> {
  readonly id: string;
  /** By which others find it; null where it has none. */
  readonly name: string | null;
  /** Where it runs now. In an engine: where it ran when the handle was sent there. */
  readonly engine: ActorPlace;
  /** The same methods, whose results are kept: each gives a reference at once. */
  readonly remote: { readonly [K in MethodNames<T>]: ObjectMethod<T[K]> };
  /** Ends it, whatever it does; it is not started again. Resolves when its process has ended. */
  kill(): Promise<void>;
}

/** An actor as who calls it sees it: its methods, which give promises. Plain data, which may be sent. */
export type ActorHandle<T> = {
  readonly [K in MethodNames<T>]: ActorMethod<T[K]>;
} & { readonly $: ActorControl<T> };

/** How a method is called. */
export type MethodKind = 'method' | 'generator';

/** What a handle is made of. */
export interface ActorState extends RemoteState {
  readonly name: string | null;
  /** Name of its class. */
  readonly type: string;
  readonly methods: readonly (readonly [name: string, kind: MethodKind])[];
  readonly place: ActorPlace;
}

function keeper({ id, type }: ActorState, method: string | null): Keeper {
  const found = keeperOf(id);
  if (found) return found;
  const why = 'has ended: its cluster was stopped';
  const how = { why, method, restarting: false, pid: -1, exitCode: null, signal: null };
  throw new ActorDiedError({ id, type }, how);
}

let lastGenerator = 0;

/** The values of a generator method, which runs as they are asked for. */
class RemoteGenerator implements AsyncGenerator<unknown, unknown, unknown> {
  readonly #state: ActorState;
  readonly #method: string;
  readonly #args: readonly unknown[];
  readonly #id = `${process.pid}.${++lastGenerator}`;
  #begun = false;
  #done = false;
  /** Steps are taken one after the other, as the language has it. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(state: ActorState, method: string, args: readonly unknown[]) {
    this.#state = state;
    this.#method = method;
    this.#args = args;
  }

  next(value?: unknown): Promise<IteratorResult<unknown, unknown>> {
    return this.#after(() => this.#step('next', value));
  }

  return(value?: unknown): Promise<IteratorResult<unknown, unknown>> {
    return this.#after(async () => {
      // One that has not begun has nothing to clean up.
      if (!this.#begun) this.#done = true;
      if (this.#done) return { done: true, value: await value };
      return await this.#step('return', await value);
    });
  }

  throw(error: unknown): Promise<IteratorResult<unknown, unknown>> {
    return this.#after(async () => {
      if (!this.#begun) this.#done = true;
      if (this.#done) throw error;
      return await this.#step('throw', error);
    });
  }

  #after<R>(act: () => Promise<R>): Promise<R> {
    const result = this.#last.then(act, act);
    this.#last = result;
    return result;
  }

  async #step(
    kind: 'next' | 'return' | 'throw',
    value: unknown,
  ): Promise<IteratorResult<unknown, unknown>> {
    if (this.#done) return { done: true, value: undefined };
    const args = this.#begun ? [] : this.#args;
    const call = { actor: this.#state.id, method: this.#method, args };
    const generator = this.#id;
    const step: GeneratorStep = this.#begun
      ? { generator, kind, value }
      : { generator, kind: 'begin' };
    this.#begun = true;
    try {
      const result = await keeper(this.#state, this.#method).step(call, step);
      const { done, value: item } = result as { done: boolean; value: unknown };
      this.#done = done;
      return { done, value: item } as IteratorResult<unknown, unknown>;
    } catch (error) {
      this.#done = true;
      throw error;
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

class Control implements ActorControl<unknown> {
  readonly #state: ActorState;
  readonly remote: Readonly<Record<string, (...args: unknown[]) => ObjectRef<never>>>;

  constructor(state: ActorState) {
    this.#state = state;
    const remote: Record<string, (...args: unknown[]) => ObjectRef<never>> = {};
    for (const [method] of state.methods) {
      remote[method] = (...args) => {
        const call = { actor: state.id, method, args };
        return new ObjectRef(keeper(state, method).callForObject(call));
      };
    }
    this.remote = Object.freeze(remote);
  }

  get id(): string {
    return this.#state.id;
  }

  get name(): string | null {
    return this.#state.name;
  }

  get engine(): ActorPlace {
    const { id, place } = this.#state;
    return keeperOf(id)?.placeOf(id) ?? place;
  }

  async kill(): Promise<void> {
    await keeperOf(this.#state.id)?.kill(this.#state.id);
  }
}

class Handle extends Remote {
  readonly $: Control;
  readonly #state: ActorState;

  constructor(state: ActorState) {
    super();
    this.#state = state;
    this.$ = new Control(state);
    for (const [method, kind] of state.methods) {
      const call =
        kind === 'generator'
          ? (...args: unknown[]) => new RemoteGenerator(state, method, args)
          : (...args: unknown[]) => {
              try {
                return keeper(state, method).call({ actor: state.id, method, args });
              } catch (error) {
                return Promise.reject(error);
              }
            };
      Object.defineProperty(this, method, { value: call, enumerable: true });
    }
  }

  get [remoteKind](): 'actor' {
    return 'actor';
  }

  [remoteState](): ActorState {
    return { ...this.#state, place: this.$.engine };
  }
}

/** Makes the handle of an actor. */
export function actorHandle<T>(state: ActorState): ActorHandle<T> {
  return new Handle(state) as unknown as ActorHandle<T>;
}

registerRemote('actor', (state) => new Handle(state as ActorState));
