/**
 * The actors of a cluster: how they are made, found and called.
 */

import { types } from 'node:util';
import { rangeError, typeError } from '../../errors.ts';
import type { ActorState, MethodKind } from '../../objects/index.ts';
import { type OptionsOf, readOptions, wholeNumber } from '../../options.ts';
import type { Backend } from '../../protocol/index.ts';
import { Job, resolveOptions } from '../../scheduler/index.ts';
import { packArguments } from '../objects/arguments.ts';
import type { ObjectStore } from '../objects/store.ts';
import type { Transport } from '../transport/types.ts';
import { Actor } from './actor.ts';
import { callActor, makeActor, stepActor } from './runtime.ts';

function text(name: string, value: unknown): string {
  if (typeof value !== 'string') throw typeError(name, value, 'a text');
  if (value === '') throw rangeError(name, value, 'a text of at least one letter');
  return value;
}

function restarts(name: string, value: unknown): number {
  return value === Number.POSITIVE_INFINITY ? value : wholeNumber({ least: 0 })(name, value);
}

export const actorOptions = {
  /** By which `client.actor.named()` finds it. */
  name: text,
  /**
   * Engines that are held back as long as it lives: no load-balanced work goes there, and the actor has their
   * threads. Default 0: none is, and its BLAS and OpenMP have one thread.
   */
  cpus: wholeNumber({ least: 0 }),
  /** How often another instance may take its place when its process ends. Default 0. */
  restarts,
  /** Calls that may run at a time, where methods wait for something. Default 1. */
  concurrency: wholeNumber({ least: 1 }),
};

/** Options of {@link Client.actor}. */
export interface ActorOptions extends OptionsOf<typeof actorOptions> {}

/** Actors that have ended of which the class is still known. */
const MAX_ENDED = 1024;

/** A class. */
export type ActorClass = new (...args: never[]) => object;

const iterated = (fn: unknown): MethodKind =>
  types.isGeneratorFunction(fn) ? 'generator' : 'method';

/**
 * The methods of a class and of those that it extends, in that order.
 *
 * @param prototype - of the class
 * @param type - for errors
 */
export function methodsOf(prototype: object, type: unknown): [string, MethodKind][] {
  const methods = new Map<string, MethodKind>();
  for (
    let at = prototype as object | null;
    at && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    for (const name of Object.getOwnPropertyNames(at)) {
      const method: unknown = Object.getOwnPropertyDescriptor(at, name)?.value;
      if (name === 'constructor' || methods.has(name) || typeof method !== 'function') continue;
      methods.set(name, iterated(method));
    }
  }
  for (const name of ['then', '$']) {
    if (!methods.has(name)) continue;
    const why =
      name === 'then' ? 'a handle of it would be awaited' : 'handles have that themselves';
    throw rangeError('type', type, `a class without a method '${name}': ${why}`);
  }
  return [...methods];
}

export class Actors {
  readonly #store: ObjectStore;
  readonly #transport: Transport;
  readonly #backend: Backend;
  readonly #actors = new Map<string, Actor>();
  readonly #states = new Map<string, ActorState>();
  readonly #names = new Map<string, string>();
  /** Classes of those that have ended, by their ids: the latest. */
  readonly #ended = new Map<string, string>();
  #last = 0;

  constructor(store: ObjectStore, transport: Transport, backend: Backend) {
    this.#store = store;
    this.#transport = transport;
    this.#backend = backend;
  }

  /** Actors that have not ended for good. */
  get size(): number {
    return this.#actors.size;
  }

  get(id: string): Actor | undefined {
    return this.#actors.get(id);
  }

  /** The class of an actor that has ended, as far as that is still known. */
  typeOfEnded(id: string): string {
    return this.#ended.get(id) ?? '';
  }

  /** What a handle of an actor is made of. */
  state(id: string): ActorState {
    const state = this.#states.get(id)!;
    const place = this.#actors.get(id)?.place;
    return place ? { ...state, place } : state;
  }

  /** The id of the actor with a name; undefined where there is none. */
  named(name: string): string | undefined {
    return this.#names.get(text('name', name));
  }

  /**
   * Makes an actor.
   *
   * @returns its id, when its instance has been made
   */
  async make(type: ActorClass, args: readonly unknown[], options?: ActorOptions): Promise<string> {
    if (typeof type !== 'function' || typeof type.prototype !== 'object') {
      throw typeError('type', type, 'a class');
    }
    if (!Array.isArray(args))
      throw typeError('args', args, 'an array of the constructor’s arguments');
    const given = readOptions('options', actorOptions, options);
    const { name = null, cpus = 0, restarts = 0, concurrency = 1 } = given;
    const methods = methodsOf(type.prototype as object, type);
    if (name !== null && this.#names.has(name)) {
      throw rangeError('name', name, 'one that no other actor has');
    }
    const id = `${this.#store.session}/actor${++this.#last}`;
    const settings = { backend: this.#backend, progress: false, verbose: 0, returnErrors: true };
    const job = new Job('objects', makeActor as never, resolveOptions(settings as never));
    job.addFunction(callActor, 'a method');
    job.addFunction(stepActor, 'a method');
    const made = packArguments(this.#store, [type, ...args]);
    const ended = (): void => {
      job.release();
      this.#actors.delete(id);
      this.#states.delete(id);
      this.#ended.set(id, type.name);
      if (this.#ended.size > MAX_ENDED) this.#ended.delete(this.#ended.keys().next().value!);
      if (name !== null && this.#names.get(name) === id) this.#names.delete(name);
    };
    const settled = { id, name, type: type.name, job, cpus, concurrency, restarts, made, ended };
    const actor = new Actor(settled, this.#store, this.#transport);
    this.#actors.set(id, actor);
    if (name !== null) this.#names.set(name, id);
    const { place } = actor;
    this.#states.set(id, { id, name, type: type.name, methods, place });
    try {
      await this.#whenThere(made.holes);
      await actor.start();
    } catch (error) {
      await actor.kill('it could not be started');
      throw error;
    }
    return id;
  }

  async #whenThere(holes: readonly (number | string)[]): Promise<void> {
    for (let i = 1; i < holes.length; i += 2) await this.#store.whenSealed(holes[i] as string);
  }

  /** Ends an actor for good. */
  async kill(id: string): Promise<void> {
    await this.#actors.get(id)?.kill('it was killed');
  }

  /** The cluster has been stopped. */
  async close(why: string): Promise<void> {
    await Promise.all([...this.#actors.values()].map((actor) => actor.kill(why)));
  }
}
