/**
 * What the containers of a manager are in its process. Values are kept as they were sent; the functions of
 * `change` and `sort` alone have them made.
 */
import { rangeError, typeError } from '../../errors.ts';
import { fromWire, opening, sameWire, toWire, type Wire } from './wire.ts';

/** Opens a function, and loads what it needs. */
async function opened(fn: Wire, name: string): Promise<(...args: unknown[]) => unknown> {
  const value = await fromWire(fn);
  if (typeof value !== 'function') throw typeError(name, value, 'a function');
  return value as (...args: unknown[]) => unknown;
}

/**
 * Calls a function with values as they are now, made again. Others may run while modules of their classes are
 * loaded, but not from when they are read until the function has returned.
 */
async function withValues<R>(
  read: () => readonly Wire[],
  use: (values: unknown[]) => R,
): Promise<R> {
  for (;;) {
    const wires = [...read()];
    const openings = wires.map(opening);
    const waits = openings.flatMap(({ wait }) => (wait ? [wait] : []));
    if (waits.length > 0) {
      await Promise.all(waits);
      const now = read();
      if (now.length !== wires.length || now.some((wire, i) => wire !== wires[i])) continue;
    }
    return use(openings.map(({ open }) => open()));
  }
}

/** Makes a new value of an old one in one step. */
async function changed(read: () => Wire, fn: Wire, write: (value: Wire) => void): Promise<Wire> {
  const change = await opened(fn, 'fn');
  return await withValues(
    () => [read()],
    ([value]) => {
      const made = change(value);
      if (typeof (made as PromiseLike<unknown> | null | undefined)?.then === 'function') {
        throw typeError('fn', change, 'a function that gives the new value, and no promise of it');
      }
      const after = toWire(made, 'the new value');
      write(after);
      return after;
    },
  );
}

const flat = (map: ReadonlyMap<Wire, Wire>): Wire[] => [...map].flat();

/** Dictionaries and namespaces. */
export class KeptDict {
  readonly #map = new Map<Wire, Wire>();

  constructor(entries: readonly Wire[] = []) {
    this.set(entries);
  }

  #found(key: Wire): Wire[] {
    return this.#map.has(key) ? [this.#map.get(key)] : [];
  }

  get(key: Wire): Wire[] {
    return this.#found(key);
  }

  getAll(keys: readonly Wire[]): Wire[] {
    return keys.map((key) => this.#map.get(key));
  }

  set(entries: readonly Wire[]): void {
    for (let i = 0; i < entries.length; i += 2) this.#map.set(entries[i], entries[i + 1]);
  }

  setDefault(key: Wire, value: Wire): Wire {
    if (!this.#map.has(key)) this.#map.set(key, value);
    return this.#map.get(key);
  }

  change(key: Wire, fn: Wire): Promise<Wire> {
    return changed(
      () => this.#map.get(key),
      fn,
      (value) => this.#map.set(key, value),
    );
  }

  has(key: Wire): boolean {
    return this.#map.has(key);
  }

  delete(key: Wire): boolean {
    return this.#map.delete(key);
  }

  pop(key: Wire): Wire[] {
    const found = this.#found(key);
    this.#map.delete(key);
    return found;
  }

  popItem(): Wire[] {
    const last = [...this.#map.keys()].at(-1);
    return this.#map.size === 0 ? [] : [last, ...this.pop(last)];
  }

  clear(): void {
    this.#map.clear();
  }

  size(): number {
    return this.#map.size;
  }

  keys(): Wire[] {
    return [...this.#map.keys()];
  }

  values(): Wire[] {
    return [...this.#map.values()];
  }

  entries(): Wire[] {
    return flat(this.#map);
  }
}

const less = (a: never, b: never): number => (a < b ? -1 : a > b ? 1 : 0);

export class KeptList {
  #items: Wire[];

  constructor(items: readonly Wire[] = []) {
    this.#items = [...items];
  }

  #position(index: number): number {
    const { length } = this.#items;
    const position = index < 0 ? length + index : index;
    if (position >= 0 && position < length) return position;
    throw rangeError('index', index, `a position of the list, which has ${length} values`);
  }

  at(index: number): Wire {
    return this.#items.at(index);
  }

  set(index: number, value: Wire): void {
    this.#items[this.#position(index)] = value;
  }

  change(index: number, fn: Wire): Promise<Wire> {
    return changed(
      () => this.#items[this.#position(index)],
      fn,
      (value) => this.set(index, value),
    );
  }

  push(values: readonly Wire[]): number {
    for (const value of values) this.#items.push(value);
    return this.#items.length;
  }

  pop(index: number): Wire {
    const position = index < 0 ? this.#items.length + index : index;
    return position < 0 ? undefined : this.#items.splice(position, 1)[0];
  }

  splice(start: number, count: number, values: readonly Wire[] = []): Wire[] {
    const rest = this.#items.splice(start);
    const removed = rest.splice(0, Math.max(count, 0));
    this.#items = this.#items.concat(values, rest);
    return removed;
  }

  remove(value: Wire): boolean {
    const position = this.indexOf(value);
    if (position >= 0) this.#items.splice(position, 1);
    return position >= 0;
  }

  indexOf(value: Wire): number {
    return this.#items.findIndex((item) => sameWire(item, value));
  }

  count(value: Wire): number {
    return this.#items.filter((item) => sameWire(item, value)).length;
  }

  reverse(): void {
    this.#items.reverse();
  }

  async sort(compare?: Wire): Promise<void> {
    if (compare === undefined) {
      const [type] = this.#items.map((item) => typeof item);
      const sortable = type === 'number' || type === 'bigint' || type === 'string';
      if (this.#items.some((item) => typeof item !== type || !sortable)) {
        throw typeError(
          'compare',
          compare,
          'a function, as not all values are numbers, or strings',
        );
      }
      this.#items.sort(less as (a: Wire, b: Wire) => number);
      return;
    }
    const by = (await opened(compare, 'compare')) as (a: unknown, b: unknown) => number;
    await withValues(
      () => this.#items,
      (values) => {
        const order = values.map((value, i) => ({ value, item: this.#items[i] }));
        this.#items = order.sort((a, b) => by(a.value, b.value)).map(({ item }) => item);
      },
    );
  }

  slice(start: number, end?: number): Wire[] {
    return this.#items.slice(start, end);
  }

  length(): number {
    return this.#items.length;
  }

  clear(): void {
    this.#items = [];
  }
}

export class KeptValue {
  #value: Wire;

  constructor(value: Wire) {
    this.#value = value;
  }

  get(): Wire {
    return this.#value;
  }

  set(value: Wire): void {
    this.#value = value;
  }

  change(fn: Wire): Promise<Wire> {
    return changed(
      () => this.#value,
      fn,
      (value) => this.set(value),
    );
  }
}
