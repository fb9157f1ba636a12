/**
 * share(): the typed arrays of a structure that exists, moved into shared memory.
 */
import { types } from 'node:util';
import {
  allocate,
  allocateCopy,
  checkMode,
  handleOf,
  type SharedMode,
  type ShareOptions,
} from '../memory/index.ts';
import { checkKeys } from '../options.ts';
import type { Callable } from './callables.ts';
import {
  builtinErrorName,
  hasPrivateState,
  isBuiltin,
  isIndex,
  MAX_LISTED,
  ownConstructor,
} from './classes.ts';
import { CloneError, kindOf, REMEDY_CLASS, step } from './clone-error.ts';
import { customOf } from './hooks.ts';
import { build, buildError, platformClassOf, ruleFor } from './platform.ts';
import { viewName } from './views.ts';

/** Buffers below this size share a segment: each costs a page, a descriptor and a mapping. */
const SMALL = 64 * 1024;
const ALIGNMENT = 64;

/**
 * Moves the typed arrays of a structure into shared segments, so that workers map them instead of
 * getting copies.
 *
 * Returns a structure of the same kind in which the typed arrays are new ones; the given one stays
 * as it is. Objects, arrays, Maps and instances that hold no typed array, and arrays that are shared
 * already, are taken over unchanged. Workers see the arrays copy-on-write by default: they may
 * write, and nobody else sees it. What this process writes, they see. With `mode: 'readwrite'`
 * everyone sees all writes; two that write the same element at a time need a lock, or
 * `Atomics.add` and `Atomics.compareExchange`, which work across processes.
 *
 * Instances keep their classes, whose constructors do not run; one with `#private` members that holds
 * an array is taken apart and made anew by the hooks of its class ({@link heddle}).
 *
 * @param value - a typed array or any structure that holds some
 * @throws {@link CloneError} for an object that holds an array and of which no copy can be made: an
 *   instance with private members and no hooks, a promise, what Node makes
 * @example
 * ```ts
 * const model = share({ weights: new Float64Array(1e8), names });
 * await map(users, (user) => score(model, user));   // one copy, however many workers
 * ```
 */
export function share<T>(value: T, options: ShareOptions = {}): T {
  checkKeys('options', options, ['mode']);
  return new Sharer(checkMode(options.mode ?? 'copyonwrite')).run(value) as T;
}

class Sharer {
  readonly #mode: SharedMode;
  readonly #buffers = new Map<ArrayBufferLike, { buffer: ArrayBufferLike; offset: number }>();
  readonly #copies = new Map<object, unknown>();
  readonly #found = new Set<ArrayBufferLike>();
  readonly #holders = new Map<object, object[]>();
  /** What classes with hooks gave of their instances. */
  readonly #states = new Map<object, unknown>();
  /** Objects that hold a buffer that moves, at any depth. */
  readonly #changed = new Set<object>();

  constructor(mode: SharedMode) {
    this.#mode = mode;
  }

  run(value: unknown): unknown {
    this.#collect(value, null);
    if (this.#found.size === 0) return value;
    this.#allocate();
    return this.#copy(value);
  }

  #allocate(): void {
    let small = 0;
    for (const buffer of this.#found) {
      if (buffer.byteLength < SMALL) small += align(buffer.byteLength);
      else {
        const copy = allocateCopy(new Uint8Array(buffer), this.#mode);
        this.#buffers.set(buffer, { buffer: copy, offset: 0 });
      }
    }
    if (small === 0) return;
    const target = allocate(small, this.#mode);
    let offset = 0;
    for (const buffer of this.#found) {
      if (buffer.byteLength >= SMALL) continue;
      this.#move(buffer, target, offset);
      offset += align(buffer.byteLength);
    }
  }

  #move(from: ArrayBufferLike, to: ArrayBuffer, offset: number): void {
    new Uint8Array(to, offset, from.byteLength).set(new Uint8Array(from));
    this.#buffers.set(from, { buffer: to, offset });
  }

  /** Finds the buffers to be moved, and remembers which containers hold one. */
  #collect(value: unknown, holder: object | null): void {
    if (typeof value !== 'object' || value === null || types.isProxy(value)) return;
    const holders = this.#holders.get(value);
    if (holders) {
      if (holder) holders.push(holder);
      if (this.#changed.has(value)) this.#mark(holder);
      return;
    }
    this.#holders.set(value, holder ? [holder] : []);
    if (!ArrayBuffer.isView(value)) {
      for (const item of this.#members(value)) this.#collect(item, value);
    } else if (value.byteLength > 0 && !handleOf(value.buffer)) {
      this.#found.add(value.buffer);
      this.#mark(value);
    }
  }

  #mark(value: object | null): void {
    const open = value ? [value] : [];
    for (let at = open.pop(); at; at = open.pop()) {
      if (this.#changed.has(at)) continue;
      this.#changed.add(at);
      open.push(...(this.#holders.get(at) ?? []));
    }
  }

  /** The value itself where nothing below it moved, else a copy of its containers. */
  #copy(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || !this.#changed.has(value)) return value;
    if (this.#copies.has(value)) return this.#copies.get(value);
    if (ArrayBuffer.isView(value)) return this.#view(value);
    const custom = customOf(value);
    if (custom) return this.#keep(value, custom.restore(this.#copy(this.#states.get(value))));
    const copy = this.#keep(value, this.#blank(value));
    if (types.isMap(value)) {
      mapForEach.call(value, (item, key) => mapSet.call(copy, key, this.#copy(item)));
    } else if (types.isSet(value)) {
      setForEach.call(value, (item) => setAdd.call(copy, this.#copy(item)));
    }
    this.#assign(value, copy);
    if (!Object.isExtensible(value)) Object.preventExtensions(copy);
    return copy;
  }

  /** Gives a copy the own properties that its kind has not given it. */
  #assign(value: object, copy: object): void {
    for (const key of Reflect.ownKeys(value)) {
      const descriptor = Object.getOwnPropertyDescriptor(value, key)!;
      if (Object.getOwnPropertyDescriptor(copy, key)?.configurable === false) {
        (copy as Record<string | symbol, unknown>)[key] = descriptor.value;
        continue;
      }
      if ('value' in descriptor) descriptor.value = this.#copy(descriptor.value);
      Object.defineProperty(copy, key, descriptor);
    }
  }

  /** An object of the same kind and class that is still empty. */
  #blank(value: object): object {
    const prototype = Object.getPrototypeOf(value) as object | null;
    const type = this.#class(value, prototype);
    const platform = platformClassOf(value);
    if (Array.isArray(value)) return made('Array', [value.length], prototype);
    if (platform) {
      const rule = ruleFor(value, platform, 'process');
      if (rule.kind === 'carried') return made(rule.base, rule.args, prototype);
      throw this.#refusal(value, kindOf(value), 'Share the arrays by themselves.');
    }
    if (types.isNativeError(value)) return buildError(builtinErrorName(value), type);
    return Object.create(prototype) as object;
  }

  /** The class of an instance, if it is not the language's or Node's. */
  #class(value: object, prototype: object | null): Callable | undefined {
    const type = prototype && ownConstructor(prototype);
    if (!type) return undefined;
    if (hasPrivateState(type)) {
      throw this.#refusal(value, `${kindOf(value)} with #private members`, REMEDY_CLASS);
    }
    return type;
  }

  /** The error about an object of which no copy can be made. */
  #refusal(value: object, what: string, remedy: string): CloneError {
    const keys: string[] = [];
    const seen = new Set<object>();
    let at = value;
    for (let holder = this.#holders.get(at)?.[0]; holder; holder = this.#holders.get(at)?.[0]) {
      if (seen.has(holder)) break;
      seen.add(holder);
      keys.unshift(keyOf(holder, at));
      at = holder;
    }
    return new CloneError(`value${keys.join('')}`, what, remedy);
  }

  #keep<T>(value: object, copy: T): T {
    this.#copies.set(value, copy);
    return copy;
  }

  #view(value: ArrayBufferView): unknown {
    const moved = this.#buffers.get(value.buffer);
    if (!moved) return value;
    const at = moved.offset + value.byteOffset;
    const length =
      'length' in value ? (value as unknown as { length: number }).length : value.byteLength;
    const prototype = Object.getPrototypeOf(value) as object;
    const name = viewName(value);
    if (Buffer.isBuffer(value)) {
      const bytes = Buffer.from(moved.buffer as ArrayBuffer, at, length);
      return this.#keep(value, Object.setPrototypeOf(bytes, prototype) as Buffer);
    }
    if (isBuiltin(prototype, name)) {
      return this.#keep(value, made(name, [moved.buffer, at, length], prototype));
    }
    this.#class(value, prototype);
    const copy = this.#keep(value, made(name, [moved.buffer, at, length], prototype));
    for (const key of ownMembers(value)) {
      Object.defineProperty(copy, key, Object.getOwnPropertyDescriptor(value, key)!);
    }
    return copy;
  }

  /** What an object holds: the state that its class gives, or its members. */
  #members(value: object): Iterable<unknown> {
    const custom = customOf(value);
    if (custom) {
      const state = custom.state();
      this.#states.set(value, state);
      return [state];
    }
    const members: unknown[] = [];
    if (types.isMap(value)) mapForEach.call(value, (item) => members.push(item));
    if (types.isSet(value)) setForEach.call(value, (item) => members.push(item));
    if (Array.isArray(value) && isBuiltin(Object.getPrototypeOf(value) as object, 'Array')) {
      return value;
    }
    for (const key of Reflect.ownKeys(value)) {
      const descriptor = Object.getOwnPropertyDescriptor(value, key)!;
      if ('value' in descriptor) members.push(descriptor.value);
    }
    return members;
  }
}

const mapForEach = Map.prototype.forEach;
const mapSet = Map.prototype.set;
const setForEach = Set.prototype.forEach;
const setAdd = Set.prototype.add;

/** An object of the platform's with the prototype of a class that extends it. */
function made(base: string, args: readonly unknown[], prototype: object | null): object {
  const type = prototype && ownConstructor(prototype);
  const object = build(base, args, type?.prototype === prototype ? (type ?? undefined) : undefined);
  if (Object.getPrototypeOf(object) !== prototype) Object.setPrototypeOf(object, prototype);
  return object;
}

/** Members of a view beside its elements. */
function ownMembers(view: ArrayBufferView): (string | symbol)[] {
  const { length = 0 } = view as unknown as { length?: number };
  return length > MAX_LISTED ? [] : Reflect.ownKeys(view).filter((key) => !isIndex(key));
}

/** Under which key a container holds a value, as it would be written. */
function keyOf(holder: object, value: object): string {
  if (types.isMap(holder)) {
    for (const [key, item] of holder) {
      if (item === value) return `.get(${JSON.stringify(key) ?? String(key)})`;
    }
  }
  const found = Object.entries(holder).find(([, item]) => item === value);
  return found ? step('', found[0]) : '[…]';
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
