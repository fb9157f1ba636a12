/**
 * The two symbols by which a class with private state travels.
 */
import type { Callable } from './callables.ts';
import { ownConstructor } from './classes.ts';

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

/** An object whose class says itself what it is made of. */
export interface CustomObject {
  state(): unknown;
  restore(state: unknown): unknown;
  /** The class. */
  readonly type: Callable;
}

/**
 * How an object travels by the hooks of its class; null where that has none, undefined where it has
 * one of the two.
 */
export function customOf(value: object): CustomObject | null | undefined {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null) return null;
  const type = ownConstructor(prototype) as (Callable & Record<symbol, unknown>) | null;
  const restoring = type?.[restore];
  const getState = (value as Record<symbol, unknown>)[state];
  if (typeof getState !== 'function') return typeof restoring === 'function' ? undefined : null;
  if (type === null || typeof restoring !== 'function') return undefined;
  return {
    type,
    state: () => Reflect.apply(getState, value, []) as unknown,
    restore: (from) => Reflect.apply(restoring, type, [from]) as unknown,
  };
}
