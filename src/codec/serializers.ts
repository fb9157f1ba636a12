/**
 * Serializers of classes that belong to somebody else, and can't have hooks of their own.
 */
import { typeError } from '../errors.ts';
import type { Callable } from './callables.ts';

/** How the instances of a class travel. */
export interface Serializer<T, S> {
  /** What an instance is made of: anything that can be sent. */
  readonly state: (value: T) => S;
  /**
   * Makes an instance of that. It is sent to workers as any function: what it captures travels, and
   * what it imports is imported there.
   */
  readonly restore: (state: S) => T;
}

/** A serializer that is known here. */
export interface Registration {
  /** The same in every environment. */
  readonly id: string;
  /** Undefined in a worker that can't get the class: it only receives. */
  readonly type?: Callable | undefined;
  readonly state: (value: never) => unknown;
  readonly restore: (state: never) => unknown;
  /** It came from another environment, which knows it by its id. */
  readonly adopted: boolean;
}

const environment = `${process.pid}.${process.hrtime.bigint()}`;
const byId = new Map<string, Registration>();
const byPrototype = new Map<object, Registration>();
let count = 0;

/**
 * Says how the instances of a class travel, as a model, an argument, a capture or a result, where
 * that class can't be given the hooks of {@link heddle}: it is a library's, say.
 *
 * Workers learn it with the next job, those that are running too. It holds for instances of classes
 * that extend the class as well, unless these have one of their own, or hooks.
 *
 * @param type - the class
 * @param serializer - two functions, one the inverse of the other
 * @returns what ends the registration, by `using` or `[Symbol.dispose]()`
 * @throws TypeError if `type` is no class, or one of the functions is none
 * @example
 * ```ts
 * import { Table, tableFromIPC, tableToIPC } from 'apache-arrow';
 * registerSerializer(Table, { state: (table) => tableToIPC(table), restore: (bytes) => tableFromIPC(bytes) });
 * ```
 */
export function registerSerializer<T extends object, S>(
  type: abstract new (...args: never[]) => T,
  serializer: Serializer<T, S>,
): Disposable {
  const prototype: unknown = typeof type === 'function' ? type.prototype : undefined;
  if (typeof prototype !== 'object' || prototype === null) throw typeError('type', type, 'a class');
  for (const key of ['state', 'restore'] as const) {
    const fn: unknown = serializer?.[key];
    if (typeof fn !== 'function') throw typeError(`serializer.${key}`, fn, 'a function');
  }
  const registration: Registration = {
    id: `${environment}:${++count}`,
    type,
    state: serializer.state as Registration['state'],
    restore: serializer.restore as Registration['restore'],
    adopted: false,
  };
  add(registration);
  return { [Symbol.dispose]: () => remove(registration) };
}

function add(registration: Registration): void {
  byId.set(registration.id, registration);
  const { type } = registration;
  if (type) byPrototype.set(type.prototype as object, registration);
}

function remove(registration: Registration): void {
  byId.delete(registration.id);
  const prototype = registration.type?.prototype as object;
  if (byPrototype.get(prototype) === registration) byPrototype.delete(prototype);
}

/** All that are known here. */
export function serializers(): readonly Registration[] {
  return byId.size === 0 ? [] : [...byId.values()];
}

/** Takes over what another environment has registered. */
export function adoptSerializers(list: readonly Omit<Registration, 'adopted'>[]): void {
  for (const one of list) if (!byId.has(one.id)) add({ ...one, adopted: true });
}

/** The serializer of an object's class, or of the nearest class that it extends. */
export function serializerOf(value: object): Registration | null {
  if (byPrototype.size === 0) return null;
  for (
    let at = Object.getPrototypeOf(value) as object | null;
    at;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    const found = byPrototype.get(at);
    if (found) return found;
  }
  return null;
}

/** The serializer with an id, if it is known here. */
export function serializerById(id: string): Registration | undefined {
  return byId.get(id);
}

/** Makes an instance, and remembers its class: a worker's own may be another than the one sent. */
export function restoreBy(registration: Registration, state: unknown): unknown {
  const value = registration.restore(state as never);
  if (registration.adopted && typeof value === 'object' && value !== null) {
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype && prototype !== Object.prototype && !serializerOf(value)) {
      byPrototype.set(prototype, registration);
    }
  }
  return value;
}
