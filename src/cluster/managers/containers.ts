/**
 * Proxies of containers: what is in them is kept as it was sent, and made again by who asks for it.
 */
import { rangeError, typeError } from '../../errors.ts';
import { type Change, ManagedProxy } from './proxy.ts';
import { isPrimitive, toWire, type Wire } from './wire.ts';

/** What may be a key: what a Map finds again when it comes from elsewhere. */
export type ManagedKey = string | number | bigint | boolean | null | undefined;

function keyOf(key: unknown): Wire {
  if (isPrimitive(key)) return key;
  throw typeError('key', key, 'a primitive: an object would be another one in the manager');
}

/** @returns keys and values in turn, as they are sent */
export function entriesToWire(entries: unknown): Wire[] {
  const wires: Wire[] = [];
  if (typeof entries !== 'object' || entries === null) {
    throw typeError('entries', entries, 'an object, a Map, or pairs of a key and a value');
  }
  const pairs = Symbol.iterator in entries ? entries : Object.entries(entries);
  for (const pair of pairs as Iterable<unknown>) {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw typeError('entries', pair, 'pairs of a key and a value');
    }
    const [key, value] = pair as [unknown, unknown];
    wires.push(keyOf(key), toWire(value, `entries[${String(key)}]`));
  }
  return wires;
}

/** Where a container's entries come from: an object, a Map, or pairs of a key and a value. */
export type ManagedEntries<K extends ManagedKey, V> =
  | Iterable<readonly [K, V]>
  | (K extends string ? Readonly<Record<K, V>> : never);

function pairsOf(list: readonly unknown[]): [unknown, unknown][] {
  return Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i], list[2 * i + 1]]);
}

/** A dictionary in a manager's process: a Map whose methods give promises. Keys are primitives. */
export class DictProxy<K extends ManagedKey = ManagedKey, V = unknown> extends ManagedProxy {
  /** The value of a key; `missing` where there is none. */
  async get(key: K): Promise<V | undefined>;
  async get<D>(key: K, missing: D): Promise<V | D>;
  async get(key: K, missing?: unknown): Promise<unknown> {
    const found = await this.list('get', keyOf(key));
    return found.length === 0 ? missing : found[0];
  }

  /** The values of several keys, in one call; undefined where there is none. */
  async getAll(keys: Iterable<K>): Promise<(V | undefined)[]> {
    return (await this.list('getAll', Array.from(keys, keyOf))) as (V | undefined)[];
  }

  async set(key: K, value: V): Promise<void> {
    await this.send('set', [[keyOf(key), toWire(value, 'value')]]);
  }

  /** Sets several entries, in one call. */
  async update(entries: ManagedEntries<K, V>): Promise<void> {
    await this.send('set', [entriesToWire(entries)]);
  }

  /** Sets the value of a key where there is none; gives the value that there is then. */
  async setDefault(key: K, value: V): Promise<V> {
    return (await this.value('setDefault', keyOf(key), toWire(value, 'value'))) as V;
  }

  /**
   * Gives a key the value that a function makes of its present one (undefined where there is none), in the
   * manager's process and in one step. Gives the new value.
   *
   * @throws what the function throws; the value stays as it was then
   */
  async change(key: K, fn: Change<V | undefined>): Promise<V> {
    return (await this.value('change', keyOf(key), toWire(fn, 'fn'))) as V;
  }

  async has(key: K): Promise<boolean> {
    return (await this.value('has', keyOf(key))) as boolean;
  }

  /** Removes an entry; gives whether there was one. */
  async delete(key: K): Promise<boolean> {
    return (await this.value('delete', keyOf(key))) as boolean;
  }

  /** Removes an entry, and gives its value; `missing` where there was none. */
  async pop(key: K): Promise<V | undefined>;
  async pop<D>(key: K, missing: D): Promise<V | D>;
  async pop(key: K, missing?: unknown): Promise<unknown> {
    const found = await this.list('pop', keyOf(key));
    return found.length === 0 ? missing : found[0];
  }

  /** Removes the latest entry, and gives it; null where there is none. */
  async popItem(): Promise<[K, V] | null> {
    const found = await this.list('popItem');
    return found.length === 0 ? null : (found as [K, V]);
  }

  async clear(): Promise<void> {
    await this.send('clear', []);
  }

  async size(): Promise<number> {
    return (await this.value('size')) as number;
  }

  async keys(): Promise<K[]> {
    return (await this.list('keys')) as K[];
  }

  async values(): Promise<V[]> {
    return (await this.list('values')) as V[];
  }

  async entries(): Promise<[K, V][]> {
    return pairsOf(await this.list('entries')) as [K, V][];
  }

  /** What there is now, as a Map of this environment. */
  async copy(): Promise<Map<K, V>> {
    return new Map(await this.entries());
  }

  /** The entries that there are when it begins. */
  async *[Symbol.asyncIterator](): AsyncGenerator<[K, V], void, void> {
    yield* await this.entries();
  }
}

function indexOf(index: number, name = 'index'): number {
  if (Number.isSafeInteger(index)) return index;
  throw typeof index === 'number'
    ? rangeError(name, index, 'a whole number')
    : typeError(name, index, 'a whole number');
}

/** @returns values as they are sent */
export function listToWire(values: Iterable<unknown>): Wire[] {
  return Array.from(values, (value, i) => toWire(value, `values[${i}]`));
}

/** A list in a manager's process. Negative positions count from its end. */
export class ListProxy<T = unknown> extends ManagedProxy {
  /** The value at a position; undefined where there is none. */
  async at(index: number): Promise<T | undefined> {
    return (await this.value('at', indexOf(index))) as T | undefined;
  }

  /** @throws RangeError where there is no such position */
  async set(index: number, value: T): Promise<void> {
    await this.send('set', [indexOf(index), toWire(value, 'value')]);
  }

  /**
   * Gives a position the value that a function makes of its present one, in the manager's process and in one
   * step. Gives the new value.
   *
   * @throws what the function throws; RangeError where there is no such position
   */
  async change(index: number, fn: Change<T>): Promise<T> {
    return (await this.value('change', indexOf(index), toWire(fn, 'fn'))) as T;
  }

  /** Adds values at the end; gives the new length. */
  push(...values: readonly T[]): Promise<number> {
    return this.extend(values);
  }

  /** Adds the values of an iterable at the end, in one call; gives the new length. */
  async extend(values: Iterable<T>): Promise<number> {
    return (await this.value('push', listToWire(values))) as number;
  }

  /** Adds a value before a position. */
  async insert(index: number, value: T): Promise<void> {
    await this.send('splice', [indexOf(index), 0, [toWire(value, 'value')]]);
  }

  /** Removes the value at a position (the last), and gives it; undefined where there is none. */
  async pop(index = -1): Promise<T | undefined> {
    return (await this.value('pop', indexOf(index))) as T | undefined;
  }

  /** Removes `count` values from a position on, puts others there, and gives those that were removed. */
  async splice(start: number, count: number, ...values: readonly T[]): Promise<T[]> {
    const [from, gone] = [indexOf(start, 'start'), indexOf(count, 'count')];
    return (await this.list('splice', from, gone, listToWire(values))) as T[];
  }

  /** Removes the first value that is the same; gives whether there was one. */
  async remove(value: T): Promise<boolean> {
    return (await this.value('remove', toWire(value, 'value'))) as boolean;
  }

  /**
   * The position of the first value that is the same: an equal primitive, or one that is sent as the same bytes,
   * such as an object with the same members in the same order. -1 where there is none.
   */
  async indexOf(value: T): Promise<number> {
    return (await this.value('indexOf', toWire(value, 'value'))) as number;
  }

  async includes(value: T): Promise<boolean> {
    return (await this.indexOf(value)) >= 0;
  }

  /** How many of its values are the same as this. */
  async count(value: T): Promise<number> {
    return (await this.value('count', toWire(value, 'value'))) as number;
  }

  async reverse(): Promise<void> {
    await this.send('reverse', []);
  }

  /**
   * Sorts the list in the manager's process.
   *
   * @param compare - as for an array; it is sent there. Left out: numbers and bigints by size, strings by their
   *   code units; other values, and a mixture, are a TypeError
   */
  async sort(compare?: (a: T, b: T) => number): Promise<void> {
    await this.send('sort', compare === undefined ? [] : [toWire(compare, 'compare')]);
  }

  /** Values from a position up to another, as an array of this environment. */
  async slice(start = 0, end?: number): Promise<T[]> {
    const to = end === undefined ? undefined : indexOf(end, 'end');
    return (await this.list('slice', indexOf(start, 'start'), to)) as T[];
  }

  async length(): Promise<number> {
    return (await this.value('length')) as number;
  }

  async clear(): Promise<void> {
    await this.send('clear', []);
  }

  /** What there is now, as an array of this environment. */
  copy(): Promise<T[]> {
    return this.slice();
  }

  /** The values that there are when it begins. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    yield* await this.slice();
  }
}

/** One value in a manager's process. */
export class ValueProxy<T = unknown> extends ManagedProxy {
  async get(): Promise<T> {
    return (await this.value('get')) as T;
  }

  async set(value: T): Promise<void> {
    await this.send('set', [toWire(value, 'value')]);
  }

  /**
   * Gives it the value that a function makes of its present one, in the manager's process and in one step. Gives
   * the new value.
   *
   * @throws what the function throws
   */
  async change(fn: Change<T>): Promise<T> {
    return (await this.value('change', toWire(fn, 'fn'))) as T;
  }
}

/** Values by names in a manager's process, each of a type of its own. */
export class NamespaceProxy<T extends object = Record<string, unknown>> extends ManagedProxy {
  async get<K extends keyof T & string>(name: K): Promise<T[K] | undefined> {
    return (await this.list('get', name))[0] as T[K] | undefined;
  }

  async set<K extends keyof T & string>(name: K, value: T[K]): Promise<void> {
    await this.send('set', [[name, toWire(value, name)]]);
  }

  /** Sets several, in one call. */
  async update(values: Partial<T>): Promise<void> {
    await this.send('set', [entriesToWire(values)]);
  }

  async has(name: keyof T & string): Promise<boolean> {
    return (await this.value('has', name)) as boolean;
  }

  /** Removes a name; gives whether there was one. */
  async delete(name: keyof T & string): Promise<boolean> {
    return (await this.value('delete', name)) as boolean;
  }

  /** What there is now, as an object of this environment. */
  async copy(): Promise<T> {
    return Object.fromEntries(pairsOf(await this.list('entries'))) as T;
  }
}
