/**
 * The two symbols by which a class with private state travels.
 */
import type { Callable } from './callables.ts';
import { ownConstructor } from './classes.ts';
import { type Registration, serializerOf } from './serializers.ts';

/** The name of the method that returns what an instance is made of. */
export const state: unique symbol = Symbol.for('heddle.state');

/** The name of the static method that makes an instance from such a state. */
export const restore: unique symbol = Symbol.for('heddle.restore');

/**
 * The symbols that a class with `#private` members implements to travel as a model, an argument
 * or a result.
 *
 * @example
 * ```ts
 * class Tree {
 *   #nodes: Float64Array;
 *   constructor(nodes: Float64Array) { this.#nodes = nodes; }
 *   [heddle.state]() { return this.#nodes; }
 *   static [heddle.restore](nodes: Float64Array) { return new Tree(nodes); }
 * }
 * ```
 */
export const heddle: { readonly state: typeof state; readonly restore: typeof restore } =
  Object.freeze({ state, restore });

/** An object of which its class, or a registered serializer, says what it is made of. */
export interface CustomObject {
  state(): unknown;
  restore(state: unknown): unknown;
  /** The class that has the hooks, or the serializer. */
  readonly by: Callable | Registration;
}

/**
 * How an object travels by the hooks of its class or a registered serializer; null where there are
 * none, undefined where its class has one of the two hooks.
 */
export function customOf(value: object): CustomObject | null | undefined {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null) return null;
  const type = ownConstructor(prototype) as (Callable & Record<symbol, unknown>) | null;
  const restoring = type?.[restore];
  const getState = (value as Record<symbol, unknown>)[state];
  if (typeof getState !== 'function' && typeof restoring !== 'function') return registered(value);
  if (type === null || typeof getState !== 'function' || typeof restoring !== 'function') {
    return undefined;
  }
  return {
    by: type,
    state: () => Reflect.apply(getState, value, []) as unknown,
    restore: (from) => Reflect.apply(restoring, type, [from]) as unknown,
  };
}

function registered(value: object): CustomObject | null {
  const found = serializerOf(value);
  if (!found) return null;
  return {
    by: found,
    state: () => found.state(value as never),
    restore: (from) => found.restore(from as never),
  };
}
