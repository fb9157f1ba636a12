/**
 * The full encoder: copies a value into a skeleton that structured clone carries, and writes down
 * the steps that put the special values back in their places.
 */
import { builtinModules } from 'node:module';
import { types } from 'node:util';
import { type Callable, hasPrivate, mapStack } from './callables.ts';
import { CloneError, kindOf, PROXY_REMEDY, step } from './clone-error.ts';
import { restore, state } from './hooks.ts';
import { type ViewOptions, ViewTable } from './views.ts';
import type { Reference, Step } from './wire.ts';

/** How the encoder hands over functions and classes; src/functions registers itself here. */
export interface FunctionSink {
  /** Takes a function or class and returns the index under which the decoder finds it. */
  add(fn: Callable, path: string): number;
}

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

const REMEDY_CLASS =
  'Give its class [heddle.state]() and static [heddle.restore](state), or send plain data.';
/** Structured clone on the other side runs out of stack at 1900. */
const MAX_DEPTH = 1_000;

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
  #depth = 0;

  constructor(options: EncoderOptions) {
    this.#options = options;
    this.views = new ViewTable(this.references, options);
  }

  /** Encodes the root value; a box because the root may itself be special. */
  root(value: unknown, path: string): [unknown] {
    const box: [unknown] = [undefined];
    this.#put(box, 0, value, path);
    return box;
  }

  #reference(reference: Reference): Placeholder {
    return new Placeholder(this.references.push(reference) - 1);
  }

  /** Puts the copy of `value` in its place, or has a step do that. */
  #put(holder: object, key: string | number, value: unknown, path: string): void {
    const copy = this.#copy(value, path);
    const placed = copy instanceof Placeholder ? null : copy;
    if (key === '__proto__') {
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
    if (Array.isArray(value)) return this.#array(value, path);
    if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) {
      return this.#remember(value, new Placeholder(this.views.add(value, path)));
    }
    if (types.isNativeError(value)) return this.#error(value, path);
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype === null) {
      const placeholder = this.#reference({ kind: 'null-object' });
      return this.#assigned(value, placeholder, path);
    }
    if (isPlainPrototype(prototype)) {
      const copy = this.#remember(value, {});
      this.#properties(value, copy, path);
      return copy;
    }
    if (types.isMap(value) && isBuiltin(prototype, 'Map')) return this.#map(value, path);
    if (types.isSet(value) && isBuiltin(prototype, 'Set')) return this.#set(value, path);
    if (types.isDate(value) || types.isRegExp(value)) return this.#remember(value, value);
    if (types.isBoxedPrimitive(value) && !types.isSymbolObject(value)) {
      return this.#remember(value, value);
    }
    if (value instanceof URL) {
      return this.#remember(value, this.#reference({ kind: 'url', href: value.href }));
    }
    if (this.#options.to === 'thread' && (types.isKeyObject(value) || value instanceof Blob)) {
      return this.#remember(value, value);
    }
    return this.#instance(value, prototype, path);
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

  /** An object that is made first and gets its own properties when they are complete. */
  #assigned(value: object, placeholder: Placeholder, path: string): Placeholder {
    this.#remember(value, placeholder);
    const properties = {};
    this.#properties(value, properties, path);
    this.steps.push(['assign', placeholder.index, properties]);
    return placeholder;
  }

  #map(value: ReadonlyMap<unknown, unknown>, path: string): Map<unknown, unknown> {
    const copy = this.#remember(value, new Map<unknown, unknown>());
    const entries: unknown[] = [];
    const before = this.steps.length;
    for (const [key, item] of value) {
      const name = typeof key === 'string' ? JSON.stringify(key) : String(entries.length / 2);
      this.#put(entries, entries.length, key, `${path}.keys()[${name}]`);
      this.#put(entries, entries.length, item, `${path}.get(${name})`);
    }
    if (this.steps.length > before) this.steps.push(['map', copy, entries]);
    else for (let i = 0; i < entries.length; i += 2) copy.set(entries[i], entries[i + 1]);
    return copy;
  }

  #set(value: ReadonlySet<unknown>, path: string): Set<unknown> {
    const copy = this.#remember(value, new Set<unknown>());
    const entries: unknown[] = [];
    const before = this.steps.length;
    for (const item of value) {
      this.#put(entries, entries.length, item, `${path}.values()[${entries.length}]`);
    }
    if (this.steps.length > before) this.steps.push(['collect', copy, entries]);
    else for (const item of entries) copy.add(item);
    return copy;
  }

  #error(value: Error, path: string): Placeholder {
    const prototype = Object.getPrototypeOf(value) as { constructor?: unknown };
    const type = prototype.constructor as Callable | undefined;
    const name = type?.name ?? 'Error';
    let index = -1;
    if (typeof type === 'function' && !isBuiltin(prototype, name)) {
      // An error whose class cannot travel still arrives, as the nearest built-in class.
      try {
        index = this.#options.functions.add(type, `${path}.constructor`);
      } catch {
        index = -1;
      }
    }
    const placeholder = this.#reference({
      kind: 'error',
      name: index >= 0 ? name : builtinErrorName(value),
      class: index,
      message: String(value.message),
    });
    this.#remember(value, placeholder);
    const hidden: Record<string, unknown> = {};
    for (const key of ['stack', 'cause', 'errors', 'name'] as const) {
      const descriptor = Object.getOwnPropertyDescriptor(value, key);
      if (descriptor && !descriptor.enumerable) {
        const item = (value as unknown as Record<string, unknown>)[key];
        const shown = key === 'stack' && typeof item === 'string' ? mapStack(item) : item;
        this.#put(hidden, key, shown, `${path}.${key}`);
      }
    }
    const properties = {};
    this.#properties(value, properties, path);
    this.steps.push(['describe', placeholder.index, hidden, properties]);
    return placeholder;
  }

  #instance(value: object, prototype: object, path: string): Placeholder {
    const found = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value as unknown;
    const refusal = refusalOf(value);
    if (refusal) throw new CloneError(path, kindOf(value), refusal);
    if (typeof found !== 'function') {
      throw new CloneError(path, 'an object whose prototype has no class', REMEDY_CLASS);
    }
    const type = found as unknown as Callable & Record<symbol, unknown>;
    if (isNodeClass(type)) throw new CloneError(path, kindOf(value), 'Send plain data instead.');
    const hooks = typeof type[restore] === 'function';
    const getState = (value as Record<symbol, unknown>)[state];
    if (hooks !== (typeof getState === 'function')) {
      throw new CloneError(path, `${kindOf(value)} with one of two hooks`, REMEDY_CLASS);
    }
    if (!hooks && hasPrivateState(type)) {
      throw new CloneError(path, `${kindOf(value)} with #private members`, REMEDY_CLASS);
    }
    const index = this.#options.functions.add(type, path);
    if (!hooks) {
      const placeholder = this.#reference({ kind: 'instance', class: index });
      return this.#assigned(value, placeholder, path);
    }
    this.#open.add(value);
    const box: [unknown] = [undefined];
    this.#put(box, 0, (getState as () => unknown).call(value), `${path}[heddle.state]()`);
    this.#open.delete(value);
    return this.#remember(value, this.#reference({ kind: 'restored', class: index, state: box }));
  }
}

const wellKnownSymbols = new Map<symbol, string>(
  Object.getOwnPropertyNames(Symbol)
    .map((name) => [(Symbol as unknown as Record<string, unknown>)[name], name] as const)
    .filter((entry): entry is [symbol, string] => typeof entry[0] === 'symbol'),
);

/** Object.prototype of this realm or of another one (vitest's vm pools have several). */
function isPlainPrototype(prototype: object): boolean {
  return (
    prototype === Object.prototype ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf'))
  );
}

/** Whether a prototype is that of a language class of any realm. */
function isBuiltin(prototype: object, name: string): boolean {
  const type = (globalThis as Record<string, unknown>)[name] as { prototype?: object } | undefined;
  if (type?.prototype === prototype) return true;
  const other = (prototype as { constructor?: unknown }).constructor;
  return typeof other === 'function' && other.name === name && isNative(other);
}

function isNative(fn: object): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(fn));
}

function builtinErrorName(error: Error): string {
  for (let at = Object.getPrototypeOf(error); at; at = Object.getPrototypeOf(at)) {
    const name = (at as { constructor?: { name?: string } }).constructor?.name ?? '';
    if (/Error$/.test(name) && isBuiltin(at, name)) return name;
  }
  return 'Error';
}

/** What to do instead of sending a value that can't exist elsewhere; null where it may go. */
function refusalOf(value: object): string | null {
  if (types.isPromise(value)) return 'Await it first.';
  if (types.isGeneratorObject(value)) return 'Collect it into an array first.';
  if (types.isWeakMap(value) || types.isWeakSet(value)) return 'Use a Map or a Set.';
  if (types.isMapIterator(value) || types.isSetIterator(value)) return 'Collect it first.';
  if (types.isSymbolObject(value) || types.isExternal(value)) return 'Leave it out.';
  if (typeof WeakRef !== 'undefined' && value instanceof WeakRef) return 'Send what it refers to.';
  if (types.isModuleNamespaceObject(value)) return 'Import the module where it is used.';
  return null;
}

const nodeClasses = new WeakSet<object>();
const userClasses = new WeakSet<object>();

/** Whether a class is one of Node's own or extends one: sockets, streams, emitters, timers. */
function isNodeClass(type: Callable): boolean {
  if (userClasses.has(type)) return false;
  if (!nodeClasses.has(type)) {
    // Modules load over time, so a class that is not known yet costs a look at all of them.
    for (const name of builtinModules) {
      if (name.startsWith('_') || !loaded(name)) continue;
      for (const value of Object.values(process.getBuiltinModule(name) as object)) {
        if (typeof value === 'function') nodeClasses.add(value);
      }
    }
    const timer = setTimeout(() => {}, 0);
    clearTimeout(timer);
    const immediate = setImmediate(() => {});
    clearImmediate(immediate);
    for (const one of [timer, immediate]) nodeClasses.add(one.constructor);
    // Globals that no module exports; signals, ports and channels of messages are event targets.
    for (const one of [AbortController, EventTarget, globalThis.Event]) nodeClasses.add(one);
    nodeClasses.delete(Object);
  }
  for (let at: unknown = type; typeof at === 'function'; at = Object.getPrototypeOf(at)) {
    if (nodeClasses.has(at) || (isNative(at) && at !== Function.prototype)) return true;
  }
  userClasses.add(type);
  return false;
}

function loaded(name: string): boolean {
  const list = (process as unknown as { moduleLoadList?: readonly string[] }).moduleLoadList;
  return list?.includes(`NativeModule ${name}`) ?? true;
}

const privateState = new WeakMap<object, boolean>();

/** Whether instances of a class carry state that no property shows. */
function hasPrivateState(type: Callable): boolean {
  const known = privateState.get(type);
  if (known !== undefined) return known;
  let found = false;
  for (
    let at: unknown = type;
    typeof at === 'function' && at !== Function.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    const text = Function.prototype.toString.call(at);
    // Compilers turn private members into WeakMaps; the syntax itself is `#name` in a class. Only a
    // parser tells it from a comment, and members of instances from static ones.
    if (/^class\b/.test(text) && /#[\p{ID_Start}$_\\]/u.test(text)) {
      found ||= hasPrivate(at as unknown as Callable);
    }
  }
  privateState.set(type, found);
  return found;
}
