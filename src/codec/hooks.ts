/**
 * The two symbols by which a class with private state travels.
 */

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
