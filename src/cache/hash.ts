/**
 * A hash of any value, the same in every process.
 *
 * Each object is hashed by itself, and stands in what holds it by its digest (Merkle 1987), so that
 * one that is met twice costs once and that sharing makes no difference. Objects in a circle have no
 * digest until its first one is complete: until then they stand by their number in the circle, as in
 * Tarjan's algorithm for strongly connected components (1972).
 */
import { types } from 'node:util';
import {
  type Callable,
  customOf,
  hasPrivateState,
  isBuiltin,
  isPlainPrototype,
  kindOf,
  ownConstructor,
  PROXY_REMEDY,
  platformClassOf,
  REMEDY_CLASS,
  refusalOf,
  ruleFor,
  step,
  viewName,
} from '../codec/index.ts';
import { readFunction } from '../functions/index.ts';
import { ByteStack, digest } from './bytes.ts';

/** Under this a function that {@link memory} has made tells what it stands for. */
export const CACHED = Symbol.for('heddle.cached');

/** A value has no hash that would be the same in another process. */
export class HashError extends TypeError {
  override readonly name = 'HashError';
  readonly code = 'ERR_HEDDLE_HASH';
  /** Where the value was found, as an expression: `value.handler`. */
  readonly path: string;

  constructor(path: string, what: string, remedy: string) {
    super(`'${path}' cannot be hashed: it is ${what}. ${remedy}`);
    this.path = path;
  }
}

/** What kind of value follows. Part of what is hashed: numbers are never given anew. */
const TAG = {
  undefined: 0,
  null: 1,
  true: 2,
  false: 3,
  number: 4,
  text: 5,
  bigint: 6,
  symbol: 7,
  array: 8,
  hole: 9,
  object: 10,
  nullObject: 11,
  instance: 12,
  view: 13,
  buffer: 14,
  map: 15,
  set: 16,
  platform: 17,
  error: 18,
  function: 19,
  cached: 20,
  custom: 21,
  digest: 22,
  circle: 23,
  accessor: 24,
  end: 25,
} as const;

/** As deep as values may be that travel. */
const MAX_DEPTH = 1_000;

/** An object that is being hashed, or is in a circle whose first object is. */
interface Open {
  /** Its number among the objects that are open. */
  readonly ordinal: number;
}

const wellKnown = new Map<symbol, string>(
  Object.getOwnPropertyNames(Symbol)
    .map((name) => [(Symbol as unknown as Record<string, unknown>)[name], name] as const)
    .filter((entry): entry is [symbol, string] => typeof entry[0] === 'symbol'),
);

class Hasher {
  readonly #out = new ByteStack();
  readonly #digests = new Map<object, Buffer>();
  readonly #open = new Map<object, Open>();
  /** The open objects in the order in which they were met. */
  readonly #met: object[] = [];
  /** Keys from the root to where we are. */
  readonly #path: (string | number)[] = [];
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  run(value: unknown): string {
    this.#value(value);
    return this.#out.fold(0).toString('hex');
  }

  #refuse(what: string, remedy: string): HashError {
    const path = this.#path.reduce<string>((at, key) => step(at, key), this.#name);
    return new HashError(path, what, remedy);
  }

  #member(key: string | number, value: unknown): number {
    this.#path.push(key);
    const low = this.#value(value);
    this.#path.pop();
    return low;
  }

  /** Writes a value; gives the least number of an open object that it refers to. */
  #value(value: unknown): number {
    const out = this.#out;
    switch (typeof value) {
      case 'number':
        out.tag(TAG.number);
        out.number(value);
        return Number.POSITIVE_INFINITY;
      case 'string':
        out.tag(TAG.text);
        out.text(value);
        return Number.POSITIVE_INFINITY;
      case 'boolean':
        out.tag(value ? TAG.true : TAG.false);
        return Number.POSITIVE_INFINITY;
      case 'undefined':
        out.tag(TAG.undefined);
        return Number.POSITIVE_INFINITY;
      case 'bigint':
        out.tag(TAG.bigint);
        out.text(value.toString(16));
        return Number.POSITIVE_INFINITY;
      case 'symbol':
        out.tag(TAG.symbol);
        out.text(this.#symbol(value));
        return Number.POSITIVE_INFINITY;
      default:
        if (value === null) {
          out.tag(TAG.null);
          return Number.POSITIVE_INFINITY;
        }
        return this.#reference(value as object);
    }
  }

  #symbol(value: symbol): string {
    const key = Symbol.keyFor(value);
    if (key !== undefined) return `for ${key}`;
    const name = wellKnown.get(value);
    if (name !== undefined) return `@@${name}`;
    throw this.#refuse(kindOf(value), 'Use Symbol.for(), which is the same everywhere.');
  }

  /** Writes an object: its digest, or its number while it is open. */
  #reference(value: object): number {
    const out = this.#out;
    const known = this.#digests.get(value);
    if (known) {
      out.tag(TAG.digest);
      out.raw(known);
      return Number.POSITIVE_INFINITY;
    }
    const open = this.#open.get(value);
    if (open) {
      out.tag(TAG.circle);
      // From the end: what is before the circle must make no difference.
      out.number(this.#met.length - open.ordinal);
      return open.ordinal;
    }
    if (this.#path.length > MAX_DEPTH) {
      const [first = ''] = this.#path;
      throw new HashError(`${step(this.#name, first)}…`, 'nested too deeply', 'Flatten it.');
    }
    const ordinal = this.#met.push(value) - 1;
    this.#open.set(value, { ordinal });
    const start = out.length;
    const low = this.#content(value);
    const folded = out.fold(start);
    out.tag(TAG.digest);
    out.raw(folded);
    if (low < ordinal) return low;
    this.#complete(ordinal, folded);
    return Number.POSITIVE_INFINITY;
  }

  /** The first object of a circle is complete: all of the circle are by their place in it. */
  #complete(ordinal: number, folded: Buffer): void {
    const circle = this.#met.splice(ordinal);
    circle.forEach((member, position) => {
      this.#open.delete(member);
      const own =
        position === 0 ? folded : digest(Buffer.concat([folded, Buffer.from(`.${position}`)]));
      this.#digests.set(member, own);
    });
  }

  #content(value: object): number {
    if (types.isProxy(value)) throw this.#refuse('a Proxy', PROXY_REMEDY);
    if (typeof value === 'function') return this.#function(value as unknown as Callable);
    if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return this.#memory(value);
    const custom = customOf(value);
    if (custom) {
      this.#out.tag(TAG.custom);
      const { by } = custom;
      const type = typeof by === 'function' ? by : by.type;
      return Math.min(this.#member('constructor', type), this.#member('state', custom.state()));
    }
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (Array.isArray(value)) return this.#array(value, prototype);
    const refusal = refusalOf(value);
    if (refusal) throw this.#refuse(kindOf(value), refusal);
    if (prototype === null || isPlainPrototype(prototype)) {
      this.#out.tag(prototype === null ? TAG.nullObject : TAG.object);
      return this.#properties(value);
    }
    const platform = platformClassOf(value);
    if (platform) return this.#platform(value, platform, prototype);
    const isError = types.isNativeError(value);
    this.#out.tag(isError ? TAG.error : TAG.instance);
    return Math.min(
      this.#class(value, prototype),
      this.#members(value, (key) => isError && key === 'stack'),
    );
  }

  #class(value: object, prototype: object): number {
    const type = ownConstructor(prototype);
    if (!type) {
      // An object that inherits from another one: that is a part of what it is.
      return this.#member('__proto__', prototype);
    }
    if (hasPrivateState(type)) {
      throw this.#refuse(`${kindOf(value)} with #private members`, REMEDY_CLASS);
    }
    return this.#member('constructor', type);
  }

  #array(value: readonly unknown[], prototype: object | null): number {
    const out = this.#out;
    let low = Number.POSITIVE_INFINITY;
    out.tag(TAG.array);
    out.number(value.length);
    let there = 0;
    for (let i = 0; i < value.length; i++) {
      const item = value[i];
      if (typeof item === 'number') {
        out.tag(TAG.number);
        out.number(item);
        there++;
      } else if (i in value) {
        low = Math.min(low, this.#member(i, item));
        there++;
      } else out.tag(TAG.hole);
    }
    if (prototype !== null && !isBuiltin(prototype, 'Array')) {
      low = Math.min(low, this.#class(value, prototype));
    }
    if (Reflect.ownKeys(value).length > there + 1) {
      low = Math.min(
        low,
        this.#members(value, (key) => key === 'length' || isIndexOf(key, value.length)),
      );
    }
    return low;
  }

  /** Own enumerable members by name, in an order of their own. */
  #properties(value: object): number {
    const out = this.#out;
    let low = Number.POSITIVE_INFINITY;
    for (const key of Object.keys(value).sort()) {
      out.text(key);
      low = Math.min(low, this.#member(key, (value as Record<string, unknown>)[key]));
    }
    for (const key of Object.getOwnPropertySymbols(value)) {
      if (!Object.prototype.propertyIsEnumerable.call(value, key)) continue;
      const name = this.#symbol(key);
      out.tag(TAG.symbol);
      out.text(name);
      low = Math.min(low, this.#member(name, (value as Record<symbol, unknown>)[key]));
    }
    out.tag(TAG.end);
    return low;
  }

  /** All own members, hidden ones too. */
  #members(value: object, skip: (key: string | symbol) => boolean): number {
    const out = this.#out;
    let low = Number.POSITIVE_INFINITY;
    const named = Reflect.ownKeys(value)
      .filter((key) => !skip(key))
      .map((key) => [typeof key === 'symbol' ? this.#symbol(key) : key, key] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [name, key] of named) {
      const property = Object.getOwnPropertyDescriptor(value, key)!;
      out.tag(typeof key === 'symbol' ? TAG.symbol : TAG.text);
      out.text(name);
      if ('value' in property) low = Math.min(low, this.#member(name, property.value));
      else {
        out.tag(TAG.accessor);
        low = Math.min(low, this.#member(name, property.get), this.#member(name, property.set));
      }
    }
    out.tag(TAG.end);
    return low;
  }

  /** Typed arrays and buffers, by their kind and their bytes. */
  #memory(value: ArrayBufferView | ArrayBufferLike): number {
    const out = this.#out;
    if (!ArrayBuffer.isView(value)) {
      out.tag(TAG.buffer);
      out.text(types.isSharedArrayBuffer(value) ? 'SharedArrayBuffer' : 'ArrayBuffer');
      out.raw(digest(new Uint8Array(value)));
      return Number.POSITIVE_INFINITY;
    }
    out.tag(TAG.view);
    out.text(viewName(value));
    out.raw(digest(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)));
    const prototype = Object.getPrototypeOf(value) as object;
    const type = ownConstructor(prototype);
    return type && type.prototype === prototype ? this.#member('constructor', type) : Infinity;
  }

  #platform(
    value: object,
    platform: NonNullable<ReturnType<typeof platformClassOf>>,
    prototype: object,
  ): number {
    const rule = ruleFor(value, platform, 'machine');
    if (rule.kind !== 'carried') {
      throw this.#refuse(kindOf(value), rule.kind === 'refused' ? rule.remedy : 'Give plain data.');
    }
    const out = this.#out;
    out.tag(TAG.platform);
    out.text(rule.base);
    let low = this.#member('arguments', rule.args);
    if (types.isMap(value)) low = Math.min(low, this.#entries(value));
    if (types.isSet(value)) low = Math.min(low, this.#items(value));
    const made = prototype === platform.prototype;
    if (!made) low = Math.min(low, this.#class(value, prototype));
    // What Node itself keeps under symbols of its own is made of the arguments.
    const skip = (key: string | symbol): boolean =>
      key === 'stack' || (typeof key === 'symbol' && Symbol.keyFor(key) === undefined);
    return Math.min(low, this.#members(value, skip));
  }

  #entries(value: ReadonlyMap<unknown, unknown>): number {
    const out = this.#out;
    let low = Number.POSITIVE_INFINITY;
    out.tag(TAG.map);
    let position = 0;
    Map.prototype.forEach.call(value, (item, key) => {
      const at = position++;
      low = Math.min(low, this.#member(at, key), this.#member(at, item));
    });
    out.tag(TAG.end);
    return low;
  }

  #items(value: ReadonlySet<unknown>): number {
    const out = this.#out;
    let low = Number.POSITIVE_INFINITY;
    out.tag(TAG.set);
    let position = 0;
    Set.prototype.forEach.call(value, (item) => {
      low = Math.min(low, this.#member(position++, item));
    });
    out.tag(TAG.end);
    return low;
  }

  /** A function by its text and by what it takes from outside. */
  #function(fn: Callable): number {
    const cached = (fn as unknown as Record<symbol, unknown>)[CACHED];
    if (cached !== undefined) {
      this.#out.tag(TAG.cached);
      return this.#member('fn', cached);
    }
    let reading: ReturnType<typeof readFunction>;
    try {
      // The one that is asked for is read whole, wherever it comes from.
      reading = readFunction(fn, this.#path.length === 0);
    } catch (error) {
      throw this.#refuse('a function that cannot be read', (error as Error).message);
    }
    const { kind, text, captures } = reading;
    if (kind === 'native') {
      throw this.#refuse('a native or bound function', 'Use one of your own: (x) => f(x).');
    }
    const out = this.#out;
    out.tag(TAG.function);
    out.text(text);
    let low = Number.POSITIVE_INFINITY;
    for (const [name, value] of captures) {
      out.text(name);
      low = Math.min(low, this.#member(name, value));
    }
    out.tag(TAG.end);
    // What was put on it later is in no text.
    return kind === 'code' ? Math.min(low, this.#properties(fn)) : low;
  }
}

function isIndexOf(key: string | symbol, length: number): boolean {
  return typeof key === 'string' && /^(?:0|[1-9]\d*)$/.test(key) && Number(key) < length;
}

/**
 * A hash of a value: the same for equal values in every process and thread, and another one for
 * values that differ in anything that a function could see of them.
 *
 * Told apart: 0 and −0, `undefined` and a hole, 1 and '1' and 1n, arrays by the type of their
 * elements and their bytes (and `{ data, shape }` by the shape), classes by their text. The order of
 * a Map's entries and a Set's items counts, as it does for who iterates. The order of an object's
 * keys does not (joblib's rule for dictionaries), nor does which parts of a value are one object
 * met twice, nor on which buffer and where in it a typed array lies. Every NaN outside of typed
 * arrays is the same. Functions go by their text and by the values that they take from outside: of
 * functions from packages by the text alone, of those made by `task()` by URL and name.
 *
 * @param value - anything that can be sent to a worker
 * @returns 64 hexadecimal digits (SHA-256)
 * @throws {@link HashError} for what is no value: a Promise, a socket, an unregistered symbol, an
 *   instance with `#private` members and no hooks; with the path to it
 * @example
 * ```ts
 * hash({ rate: 0.1, data }) === hash({ data: data.slice(), rate: 0.1 }); // true
 * ```
 */
export function hash(value: unknown): string {
  return new Hasher('value').run(value);
}

/** {@link hash} of a value that is called `name` in errors. */
export function hashNamed(name: string, value: unknown): string {
  return new Hasher(name).run(value);
}
