/**
 * Where calls may be inside of arguments: in arrays, plain objects, Maps and Sets, at any depth. Nothing
 * here recurses, so that data may be as deep as it likes, and go in circles.
 */
import { types } from 'node:util';
import { isBuiltin, isPlainPrototype } from '../codec/index.ts';
import { type Call, isCall } from './call.ts';

type Container = unknown[] | Map<unknown, unknown> | Set<unknown> | Record<PropertyKey, unknown>;

/** The value where it is of a class of the language's own, and not of one that extends it. */
function asContainer(value: unknown): Container | null {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return null;
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (Array.isArray(value)) return isBuiltin(prototype, 'Array') ? value : null;
  if (types.isMap(value)) return isBuiltin(prototype, 'Map') ? value : null;
  if (types.isSet(value)) return isBuiltin(prototype, 'Set') ? value : null;
  const isPlain = prototype === null || isPlainPrototype(prototype);
  return isPlain ? (value as Record<PropertyKey, unknown>) : null;
}

/** Calls back with what is in a container; getters are left alone. */
function each(container: Container, visit: (value: unknown) => void): void {
  if (Array.isArray(container)) {
    for (let i = 0; i < container.length; i++) {
      const value = container[i];
      if (typeof value === 'object') visit(value);
    }
  } else if (container instanceof Set || types.isSet(container)) {
    for (const value of container as Set<unknown>) visit(value);
  } else if (types.isMap(container)) {
    for (const [key, value] of container) {
      visit(key);
      visit(value);
    }
  } else {
    for (const key of Reflect.ownKeys(container)) {
      const property = Object.getOwnPropertyDescriptor(container, key)!;
      if (property.enumerable && 'value' in property) visit(property.value);
    }
  }
}

/** What calls are found with; one for each graph that is read. */
export class CallFinder {
  /** Containers that have been looked through, and had no call in them. */
  readonly #without = new Set<object>();

  /**
   * Calls back with each call that is in a value, once or more often.
   *
   * @returns whether there was one inside of a container
   */
  find(value: unknown, found: (call: Call) => void): boolean {
    if (typeof value !== 'object' || value === null) return false;
    if (isCall(value)) {
      found(value);
      return false;
    }
    const outer = asContainer(value);
    if (!outer || this.#without.has(outer)) return false;
    const seen = new Set<object>([outer]);
    let inside = false;
    // A set is iterated over what is added meanwhile, too.
    for (const container of seen) {
      each(container as Container, (one) => {
        if (isCall(one)) {
          inside = true;
          found(one);
          return;
        }
        const inner = asContainer(one);
        if (inner && !this.#without.has(inner)) seen.add(inner);
      });
    }
    if (!inside) this.#without.add(outer);
    return inside;
  }
}

/** The containers, of those that a value consists of, that have calls in them or in what they have. */
function containersWithCalls(outer: Container): Set<Container> {
  const holders = new Map<Container, Container[]>([[outer, []]]);
  const dirty = new Set<Container>();
  for (const [container] of holders) {
    each(container, (value) => {
      if (isCall(value)) dirty.add(container);
      const inner = asContainer(value);
      if (!inner) return;
      const known = holders.get(inner);
      if (known) known.push(container);
      else holders.set(inner, [container]);
    });
  }
  for (const container of dirty) for (const holder of holders.get(container)!) dirty.add(holder);
  return dirty;
}

/** An empty one of the same kind. */
function emptyLike(container: Container): Container {
  if (Array.isArray(container)) return new Array<unknown>(container.length);
  if (types.isMap(container)) return new Map();
  if (types.isSet(container)) return new Set();
  return Object.create(Object.getPrototypeOf(container) as object | null) as Record<
    string,
    unknown
  >;
}

/**
 * A value with results in place of calls. What has no call in it stays the same object; what has is
 * copied, however often it occurs once.
 *
 * @param resultOf - the result of a call
 */
export function withResults(value: unknown, resultOf: (call: Call) => unknown): unknown {
  if (isCall(value)) return resultOf(value);
  const outer = asContainer(value);
  if (!outer) return value;
  const dirty = containersWithCalls(outer);
  if (!dirty.has(outer)) return value;
  const copies = new Map<Container, Container>();
  const copyOf = (container: Container): Container => {
    let copy = copies.get(container);
    if (!copy) {
      copy = emptyLike(container);
      copies.set(container, copy);
    }
    return copy;
  };
  const replaced = (one: unknown): unknown => {
    if (isCall(one)) return resultOf(one);
    return dirty.has(one as Container) ? copyOf(one as Container) : one;
  };
  const result = copyOf(outer);
  // A map is iterated over what is added meanwhile, too.
  for (const [container, copy] of copies) fill(container, copy, replaced);
  return result;
}

function fill(container: Container, copy: Container, replaced: (one: unknown) => unknown): void {
  if (types.isMap(container)) {
    const map = copy as Map<unknown, unknown>;
    for (const [key, value] of container) map.set(replaced(key), replaced(value));
  } else if (types.isSet(container)) {
    for (const value of container) (copy as Set<unknown>).add(replaced(value));
  } else {
    // Holes of arrays stay holes, and a key '__proto__' is a key.
    for (const key of Reflect.ownKeys(container)) {
      if (Array.isArray(container) && key === 'length') continue;
      const property = Object.getOwnPropertyDescriptor(container, key)!;
      if ('value' in property) property.value = replaced(property.value);
      Object.defineProperty(copy, key, property);
    }
  }
}
