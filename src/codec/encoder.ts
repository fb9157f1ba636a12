/**
 * The full encoder: copies a value into a skeleton that structured clone carries, and writes down
 * the steps that put the special values back in their places.
 */
import { types } from 'node:util';
import { type Callable, type FunctionSink, mapStack } from './callables.ts';
import {
  builtinErrorName,
  hasPrivateState,
  isBuiltin,
  isIndex,
  isPlainPrototype,
  MAX_LISTED,
  ownConstructor,
} from './classes.ts';
import { CloneError, kindOf, PROXY_REMEDY, REMEDY_CLASS, step } from './clone-error.ts';
import { customOf } from './hooks.ts';
import {
  build,
  COLLECT,
  type PlatformClass,
  platformClassOf,
  refusalOf,
  ruleFor,
} from './platform.ts';
import { closedness, readProperty, stackOf, wellKnownSymbols } from './properties.ts';
import { remoteReference } from './remotes.ts';
import { sealedReference } from './sealed.ts';
import { type ViewOptions, ViewTable, viewName } from './views.ts';
import { ACCESSOR, HIDDEN, type Reference, SHOWN, type Step } from './wire.ts';

/** What the encoder must know of the way that the message goes. */
export interface EncoderOptions extends ViewOptions {
  readonly functions: FunctionSink;
}

/** Stands in the skeleton's place until a step sets the real value. */
class Placeholder {
  readonly index: number;
  constructor(index: number) {
    this.index = index;
  }
}

/** Structured clone on the other side runs out of stack at 1900. */
const MAX_DEPTH = 1_000;

/** What to do about own properties that can't travel. */
interface MemberOptions {
  /** Keys that are no members: `lastIndex` of a RegExp is one of its arguments. */
  readonly skip?: (key: string | symbol) => boolean;
  /**
   * An error has to arrive: what accessors give travels instead of them, and what Node keeps under
   * unregistered symbols stays behind.
   */
  readonly isError?: boolean;
}

/** Encodes one value. */
export class Encoder {
  readonly references: Reference[] = [];
  readonly steps: Step[] = [];
  readonly views: ViewTable;
  readonly #options: EncoderOptions;
  /** Everything seen: its copy, or the placeholder that stands for it. */
  readonly #seen = new Map<object, unknown>();
  /** Instances whose state is being read, which therefore cannot refer to themselves. */
  readonly #open = new Set<object>();
  /** What has to happen when everything else has. */
  readonly #last: Step[] = [];
  #depth = 0;

  constructor(options: EncoderOptions) {
    this.#options = options;
    this.views = new ViewTable(this.references, options);
  }

  /** Encodes the root value; a box because the root may itself be special. */
  root(value: unknown, path: string): [unknown] {
    const box: [unknown] = [undefined];
    this.#put(box, 0, value, path);
    for (const step of this.#last.splice(0)) this.steps.push(step);
    return box;
  }

  #reference(reference: Reference): Placeholder {
    return new Placeholder(this.references.push(reference) - 1);
  }

  /** Puts the copy of `value` in its place, or has a step do that. */
  #put(holder: object, key: string | number, value: unknown, path: string): void {
    const copy = this.#copy(value, path);
    const placed = copy instanceof Placeholder ? null : copy;
    // What a program has put on the prototypes may be a setter, or frozen.
    if (key in holder) {
      Object.defineProperty(holder, key, {
        value: placed,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    } else {
      (holder as Record<string | number, unknown>)[key] = placed;
    }
    if (copy instanceof Placeholder) this.steps.push(['set', holder, key, copy.index]);
  }

  #copy(value: unknown, path: string): unknown {
    switch (typeof value) {
      case 'symbol':
        return this.#symbol(value, path);
      case 'function':
        return this.#callable(value as unknown as Callable, path);
      case 'object': {
        if (value === null) return null;
        const seen = this.#seen.get(value);
        if (seen !== undefined) return seen;
        if (this.#open.has(value)) {
          throw new CloneError(
            path,
            `${kindOf(value)} inside its own state`,
            'Leave it out there.',
          );
        }
        if (++this.#depth > MAX_DEPTH) {
          const where = `${path.slice(0, 60)}…`;
          throw new CloneError(
            where,
            'nested too deeply',
            'Flatten the structure, as into arrays.',
          );
        }
        const copy = this.#object(value, path);
        this.#depth--;
        return copy;
      }
      default:
        return value;
    }
  }

  #remember<T>(value: object, copy: T): T {
    this.#seen.set(value, copy);
    return copy;
  }

  #symbol(value: symbol, path: string): Placeholder {
    const key = Symbol.keyFor(value);
    if (key !== undefined) return this.#reference({ kind: 'symbol', key, wellKnown: false });
    const name = wellKnownSymbols.get(value);
    if (name) return this.#reference({ kind: 'symbol', key: name, wellKnown: true });
    throw new CloneError(path, kindOf(value), 'Use Symbol.for(), which is the same everywhere.');
  }

  #callable(fn: Callable, path: string): Placeholder {
    const seen = this.#seen.get(fn);
    if (seen instanceof Placeholder) return seen;
    const index = this.#options.functions.add(fn, path);
    return this.#remember(fn, this.#reference({ kind: 'function', index }));
  }

  #object(value: object, path: string): unknown {
    if (types.isProxy(value)) {
      throw new CloneError(path, 'a Proxy', PROXY_REMEDY);
    }
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (Array.isArray(value) && isBuiltin(prototype, 'Array')) return this.#array(value, path);
    if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) {
      return this.#memory(value, prototype, path);
    }
    const index = this.#options.functions.find?.(value) ?? -1;
    if (index >= 0) return this.#remember(value, this.#reference({ kind: 'function', index }));
    const refusal = refusalOf(value);
    if (refusal) throw new CloneError(path, kindOf(value), refusal);
    if (prototype === null) {
      return this.#filled(value, this.#reference({ kind: 'null-object' }), path);
    }
    if (isPlainPrototype(prototype)) {
      const copy = this.#remember(value, {});
      this.#properties(value, copy, path);
      this.#symbols(value, copy, path);
      return copy;
    }
    return this.#special(value, prototype, path);
  }

  /** An object that is more than its properties. */
  #special(value: object, prototype: object, path: string): unknown {
    const passedOn = sealedReference(value) ?? remoteReference(value);
    if (passedOn) return this.#remember(value, this.#reference(passedOn));
    const restored = this.#restored(value, path);
    if (restored) return restored;
    if (Array.isArray(value)) return this.#subArray(value, prototype, path);
    if (types.isMap(value) && isBuiltin(prototype, 'Map')) return this.#map(value, path);
    if (types.isSet(value) && isBuiltin(prototype, 'Set')) return this.#set(value, path);
    const platform = platformClassOf(value);
    if (platform) return this.#platform(value, prototype, platform, path);
    if (types.isNativeError(value)) return this.#error(value, prototype, path);
    const reference = { kind: 'instance', class: this.#class(value, prototype, path) } as const;
    return this.#closed(value, this.#filled(value, this.#reference(reference), path));
  }

  /** A view or a buffer. */
  #memory(
    value: ArrayBufferView | ArrayBufferLike,
    prototype: object | null,
    path: string,
  ): Placeholder {
    const name = ArrayBuffer.isView(value) ? viewName(value) : bufferName(value);
    if (prototype === Buffer.prototype || isBuiltin(prototype, name)) {
      return this.#remember(value, new Placeholder(this.views.add(value, path)));
    }
    const restored = prototype && this.#restored(value, path);
    if (restored) return restored;
    if (!ArrayBuffer.isView(value) || prototype === null) {
      throw new CloneError(path, `${kindOf(value)}, a kind of ${name}`, REMEDY_CLASS);
    }
    const { length = 0 } = value as unknown as { length?: number };
    if (length > MAX_LISTED) {
      const what = `${kindOf(value)} of more than ${MAX_LISTED} elements, a kind of ${name}`;
      throw new CloneError(path, what, REMEDY_CLASS);
    }
    const placeholder = new Placeholder(
      this.views.add(value, path, this.#class(value, prototype, path)),
    );
    this.#remember(value, placeholder);
    this.#members(value, placeholder.index, path, { skip: isIndex });
    return placeholder;
  }

  #array(value: readonly unknown[], path: string): unknown[] {
    const copy = this.#remember(value, new Array<unknown>(value.length));
    let dense = 0;
    for (let i = 0; i < value.length; i++) {
      if (!(i in value)) continue;
      dense++;
      const item = value[i];
      if (typeof item === 'number' || typeof item === 'string') copy[i] = item;
      else this.#put(copy, i, item, `${path}[${i}]`);
    }
    this.#symbols(value, copy, path);
    const keys = Object.keys(value);
    for (let i = dense; i < keys.length; i++) {
      const key = keys[i]!;
      this.#put(copy, key, (value as unknown as Record<string, unknown>)[key], step(path, key));
    }
    return copy;
  }

  #properties(value: object, copy: object, path: string): void {
    for (const key of Object.keys(value)) {
      this.#put(copy, key, (value as Record<string, unknown>)[key], step(path, key));
    }
  }

  /** The members of a plain object or array that have symbols for keys. */
  #symbols(value: object, copy: object, path: string): void {
    if (Object.getOwnPropertySymbols(value).length === 0) return;
    const skip = (key: string | symbol): boolean =>
      typeof key === 'string' || !Object.prototype.propertyIsEnumerable.call(value, key);
    this.#members(value, copy, path, { skip });
  }

  /** An object that is made first and gets its own properties when they are complete. */
  #filled(
    value: object,
    placeholder: Placeholder,
    path: string,
    options: MemberOptions = {},
  ): Placeholder {
    this.#remember(value, placeholder);
    this.#members(value, placeholder.index, path, options);
    return placeholder;
  }

  /** An instance that takes no more members, or changes none, if that is how it is. */
  #closed(value: object, placeholder: Placeholder): Placeholder {
    const how = closedness(value);
    if (how !== null) this.#last.push(['close', placeholder.index, how]);
    return placeholder;
  }

  /** All own properties of an object, hidden ones and accessors too. */
  #members(value: object, target: object | number, path: string, options: MemberOptions): void {
    const properties = {};
    const keys: (string | number)[] = [];
    const flags: number[] = [];
    const values: unknown[] = [];
    let simple = false;
    for (const key of Reflect.ownKeys(value)) {
      if (options.skip?.(key)) continue;
      const property = options.isError
        ? readProperty(value, key)
        : Object.getOwnPropertyDescriptor(value, key);
      if (!property) continue;
      const at = typeof key === 'string' ? step(path, key) : `${path}[${String(key)}]`;
      if (typeof key === 'string' && property.enumerable && 'value' in property) {
        simple = true;
        this.#put(properties, key, property.value, at);
        continue;
      }
      const name = typeof key === 'string' ? key : this.#symbolKey(key, at, options);
      if (name === null) continue;
      keys.push(name);
      const shown = property.enumerable ? SHOWN : HIDDEN;
      flags.push('value' in property ? shown : shown | ACCESSOR);
      const parts = 'value' in property ? [property.value] : [property.get, property.set];
      for (const part of parts) this.#put(values, values.length, part, at);
    }
    if (simple) this.steps.push(['assign', target, properties]);
    if (keys.length > 0) this.steps.push(['define', target, keys, flags, values]);
  }

  #symbolKey(key: symbol, path: string, { isError }: MemberOptions): number | null {
    if (Symbol.keyFor(key) === undefined && !wellKnownSymbols.has(key)) {
      if (isError) return null;
      const remedy = 'Use Symbol.for(), which is the same everywhere.';
      throw new CloneError(path, 'a member whose key is an unregistered symbol', remedy);
    }
    return this.#symbol(key, path).index;
  }

  #map(value: ReadonlyMap<unknown, unknown>, path: string): Map<unknown, unknown> {
    const copy = this.#remember(value, new Map<unknown, unknown>());
    this.#entries(value, copy, copy, path);
    this.#members(value, copy, path, {});
    return copy;
  }

  /** The entries of a Map: put into `copy` if that can be done here, or by steps into `target`. */
  #entries(
    value: ReadonlyMap<unknown, unknown>,
    copy: Map<unknown, unknown> | null,
    target: object | number,
    path: string,
  ): void {
    const entries: unknown[] = [];
    const before = this.steps.length;
    mapForEach.call(value, (item, key) => {
      const name = typeof key === 'string' ? JSON.stringify(key) : String(entries.length / 2);
      this.#put(entries, entries.length, key, `${path}.keys()[${name}]`);
      this.#put(entries, entries.length, item, `${path}.get(${name})`);
    });
    if (!copy || this.steps.length > before) this.steps.push(['map', target, entries]);
    else for (let i = 0; i < entries.length; i += 2) copy.set(entries[i], entries[i + 1]);
  }

  #set(value: ReadonlySet<unknown>, path: string): Set<unknown> {
    const copy = this.#remember(value, new Set<unknown>());
    this.#items(value, copy, copy, path);
    this.#members(value, copy, path, {});
    return copy;
  }

  #items(
    value: ReadonlySet<unknown>,
    copy: Set<unknown> | null,
    target: object | number,
    path: string,
  ): void {
    const items: unknown[] = [];
    const before = this.steps.length;
    setForEach.call(value, (item) => {
      this.#put(items, items.length, item, `${path}.values()[${items.length}]`);
    });
    if (!copy || this.steps.length > before) this.steps.push(['collect', target, items]);
    else for (const item of items) copy.add(item);
  }

  /** An instance of a class that extends Array. */
  #subArray(value: readonly unknown[], prototype: object, path: string): Placeholder {
    const type = this.#class(value, prototype, path);
    const placeholder = this.#built('Array', [value.length], type);
    const filled = this.#filled(value, placeholder, path, { skip: (key) => key === 'length' });
    return this.#closed(value, filled);
  }

  #built(base: string, args: readonly unknown[], type: number): Placeholder {
    return this.#reference({ kind: 'built', base, args, class: type });
  }

  /** An object with internal slots. */
  #platform(value: object, prototype: object, platform: PlatformClass, path: string): unknown {
    const rule = ruleFor(value, platform, this.#options.to);
    if (rule.kind === 'refused') throw new CloneError(path, kindOf(value), rule.remedy);
    if (rule.kind === 'cloned') return this.#remember(value, value);
    if (rule.kind === 'moved') {
      const { moves } = this.#options;
      if (!moves)
        throw new CloneError(path, `${kindOf(value)}, which can be in one place`, rule.remedy);
      this.views.transfer.push(value);
      return this.#remember(value, value);
    }
    const { base, args } = rule;
    const type = prototype === platform.prototype ? NO_CLASS : this.#class(value, prototype, path);
    const plain = type === NO_CLASS && CLONED.has(base);
    if (plain && Reflect.ownKeys(value).length === 0) return this.#remember(value, value);
    // What one that has just been made has of its own is made of its slots, or Node's own business.
    const made = build(base, args);
    const skip = (key: string | symbol): boolean => Object.hasOwn(made, key);
    const { lastIndex } = value as { lastIndex?: unknown };
    const moved = types.isRegExp(value) && lastIndex !== 0;
    if (plain && !moved && Reflect.ownKeys(value).every(skip)) return this.#remember(value, value);
    const placeholder = this.#remember(value, this.#built(base, args, type));
    const { index } = placeholder;
    if (base === 'Map') this.#entries(value as Map<unknown, unknown>, null, index, path);
    if (base === 'Set') this.#items(value as Set<unknown>, null, index, path);
    if (moved) this.steps.push(['assign', index, { lastIndex }]);
    if (base === 'DOMException') this.#describe(value as Error, index, path);
    else this.#members(value, index, path, { skip });
    return type === NO_CLASS ? placeholder : this.#closed(value, placeholder);
  }

  #error(value: Error, prototype: object, path: string): Placeholder {
    const index = this.#errorClass(value, prototype, path);
    const name = builtinErrorName(value);
    const placeholder = this.#reference({ kind: 'error', name, class: index });
    this.#remember(value, placeholder);
    this.#describe(value, placeholder.index, path);
    return placeholder;
  }

  /**
   * The nearest class of an error that can travel: an error has to arrive, if need be as one of its
   * base classes.
   */
  #errorClass(value: Error, prototype: object, path: string): number {
    for (let at: object | null = prototype; at; at = Object.getPrototypeOf(at) as object | null) {
      const type = Object.getOwnPropertyDescriptor(at, 'constructor')?.value as unknown;
      if (typeof type !== 'function' || type.prototype !== at) continue;
      if (isBuiltin(at, type.name)) return NO_CLASS;
      try {
        return this.#class(value, at, `${path}.constructor`);
      } catch {
        // The next one may.
      }
    }
    return NO_CLASS;
  }

  /** The texts of an error and its other members. */
  #describe(value: Error, target: number, path: string): void {
    const stack = stackOf(value);
    if (stack !== null) {
      this.steps.push(['define', target, ['stack'], [HIDDEN], [mapStack(stack)]]);
    }
    this.#members(value, target, path, { skip: (key) => key === 'stack', isError: true });
  }

  /** An object whose class says itself what it is made of. */
  #restored(value: object, path: string): Placeholder | null {
    const custom = customOf(value);
    if (custom === null) return null;
    if (custom === undefined) {
      throw new CloneError(path, `${kindOf(value)} with one of two hooks`, REMEDY_CLASS);
    }
    const { by } = custom;
    const hooked = typeof by === 'function';
    // Who sent a serializer here knows it by its id.
    const fn = hooked ? by : by.adopted ? null : (by.restore as unknown as Callable);
    const index = fn === null ? NO_CLASS : this.#options.functions.add(fn, path);
    this.#open.add(value);
    const box: [unknown] = [undefined];
    this.#put(box, 0, custom.state(), `${path}[heddle.state]()`);
    this.#open.delete(value);
    const reference: Reference = hooked
      ? { kind: 'restored', class: index, state: box }
      : { kind: 'registered', id: by.id, restore: index, state: box };
    return this.#remember(value, this.#reference(reference));
  }

  /** The class of an instance that travels by its properties. */
  #class(value: object, prototype: object, path: string): number {
    const type = ownConstructor(prototype);
    if (type === null) {
      // Iterators of the language, and what iterates over their results.
      if (typeof (value as { next?: unknown }).next === 'function') {
        throw new CloneError(path, kindOf(value), COLLECT);
      }
      throw new CloneError(path, 'an object whose prototype has no class', REMEDY_CLASS);
    }
    if (hasPrivateState(type)) {
      throw new CloneError(path, `${kindOf(value)} with #private members`, REMEDY_CLASS);
    }
    return this.#options.functions.add(type, path);
  }
}

/** Stands for the class of the language or of Node itself. */
const NO_CLASS = -1;

/** What structured clone carries by itself if it has no members of its own. */
const CLONED = new Set(['Date', 'RegExp', 'Number', 'String', 'Boolean', 'BigInt']);

const mapForEach = Map.prototype.forEach;
const setForEach = Set.prototype.forEach;

function bufferName(value: ArrayBufferLike): string {
  return types.isSharedArrayBuffer(value) ? 'SharedArrayBuffer' : 'ArrayBuffer';
}
