/**
 * Objects of the platform: what the language and Node make with internal slots, which no property
 * shows. `Object.create(prototype)` gives an object without them, on which every method throws, so
 * each is either made anew by its own constructor or refused by its name.
 *
 * They are told by the classes on their prototype chain, which are found by identity, and never by
 * their shape: a `DOMException` has no own property but `stack`.
 */
import { types } from 'node:util';
import { textOf } from './properties.ts';
import type { CodecTarget } from './wire.ts';

type Constructor = abstract new (...args: never[]) => unknown;

/** A class of the platform on an object's prototype chain. */
export interface PlatformClass {
  /** As it is reached from `globalThis`, where it is: `DOMException`, `Intl.NumberFormat`. */
  readonly name: string;
  readonly prototype: object;
}

/** What becomes of an object with internal slots. */
export type PlatformRule =
  /** Made anew by `new base(...args)`. */
  | { readonly kind: 'carried'; readonly base: string; readonly args: readonly unknown[] }
  /** Structured clone carries it to another thread of this process. */
  | { readonly kind: 'cloned' }
  /** Another thread of this process can have it, instead of this one; the remedy is for several. */
  | { readonly kind: 'moved'; readonly remedy: string }
  | { readonly kind: 'refused'; readonly remedy: string };

/** Classes of the platform whose instances need no slots: what extends them may be anything. */
const SLOTLESS = new Set([
  'Object',
  'Array',
  'Iterator',
  'Error',
  'AggregateError',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SuppressedError',
  'SyntaxError',
  'TypeError',
  'URIError',
]);

/** Reads an accessor of a platform class from one of its instances, whatever a subclass has there. */
function read(from: PlatformClass, key: string, value: object): unknown {
  const getter = Object.getOwnPropertyDescriptor(from.prototype, key)?.get;
  if (!getter) throw new TypeError(`${from.name} has no ${key}`);
  return Reflect.apply(getter, value, []);
}

/** Calls a method of a platform class on one of its instances. */
function call(from: PlatformClass, key: string, value: object): unknown {
  const method = Object.getOwnPropertyDescriptor(from.prototype, key)?.value as () => unknown;
  return Reflect.apply(method, value, []);
}

type Arguments = (value: object, from: PlatformClass) => readonly unknown[];

/** `new Intl.X(locale, options)` with what an instance has resolved makes an equal one. */
const resolved: Arguments = (value, from) => {
  const options = call(from, 'resolvedOptions', value) as Record<string, unknown>;
  const { locale, hour12: _, ...rest } = options;
  // `hour12` would have the locale choose between two kinds of hours; `hourCycle` names one.
  return [locale, rest];
};

/** What a constructor has to be given to make an equal object; throws for one that has no slots. */
const carried: Readonly<Record<string, Arguments>> = {
  Date: (value) => [Date.prototype.getTime.call(value)],
  RegExp: (value, from) => [read(from, 'source', value), read(from, 'flags', value)],
  Map: (value) => (types.isMap(value) ? [] : missing()),
  Set: (value) => (types.isSet(value) ? [] : missing()),
  Number: (value) => [Number.prototype.valueOf.call(value)],
  String: (value) => [String.prototype.valueOf.call(value)],
  BigInt: (value) => [BigInt.prototype.valueOf.call(value)],
  Boolean: (value) => [Boolean.prototype.valueOf.call(value)],
  DOMException: (value, from) => [read(from, 'message', value), read(from, 'name', value)],
  URL: (value, from) => [read(from, 'href', value)],
  URLSearchParams: (value, from) => [call(from, 'toString', value)],
  Headers: (value, from) => [
    Array.from(call(from, 'entries', value) as Iterable<[string, string]>, ([k, v]) => [k, v]),
  ],
  TextEncoder: (value, from) => (read(from, 'encoding', value) ? [] : missing()),
  TextDecoder: (value, from) => [
    read(from, 'encoding', value),
    { fatal: read(from, 'fatal', value), ignoreBOM: read(from, 'ignoreBOM', value) },
  ],
  'Intl.Locale': (value, from) => [call(from, 'toString', value)],
  'Intl.Collator': resolved,
  'Intl.DateTimeFormat': resolved,
  'Intl.DisplayNames': resolved,
  'Intl.DurationFormat': resolved,
  'Intl.ListFormat': resolved,
  'Intl.NumberFormat': resolved,
  'Intl.PluralRules': resolved,
  'Intl.RelativeTimeFormat': resolved,
  'Intl.Segmenter': resolved,
};

function missing(): never {
  throw new TypeError('made without its constructor');
}

/** What to do with what gives its values one after another. */
export const COLLECT = 'Collect it into an array first.';
const BODY = 'Read its body first, as by await response.arrayBuffer(), and send that.';
const SIGNAL = "Use the task's own ctx.signal, which aborts with the job.";

const PORT = 'Give it to one task, as its argument.';

/** What structured clone takes to another thread, and what to do where that is not enough. */
const cloned: Readonly<Record<string, string>> = {
  KeyObject: 'Send what its export() gives, and make a key of that there.',
  CryptoKey: 'Send what crypto.subtle.exportKey() gives, and import that there.',
  Blob: 'Send its bytes: await blob.arrayBuffer().',
  X509Certificate: 'Send its raw bytes, and make a certificate of them there.',
  BlockList: 'Send its rules, and make a list of them there.',
  SocketAddress: 'Send its address, port and family.',
  'WebAssembly.Module': 'Send the bytes that it was compiled from, and compile them there.',
};

/** What to do instead, for those of which more can be said than that they can't go. */
const refused: Readonly<Record<string, string>> = {
  Promise: 'Await it first.',
  WeakMap: 'Use a Map or a Set.',
  WeakSet: 'Use a Map or a Set.',
  WeakRef: 'Send what it refers to.',
  FinalizationRegistry: 'Make it where it is used.',
  Symbol: 'Send the symbol itself.',
  File: 'Send its name and its bytes: await file.arrayBuffer().',
  FormData: 'Send its entries: [...form].',
  Request: BODY,
  Response: BODY,
  AbortSignal: SIGNAL,
  AbortController: SIGNAL,
  ReadableStream: 'Collect it first, as by Array.fromAsync(stream).',
  'WebAssembly.Instance': 'Send the bytes of its module, and make an instance of them there.',
  'WebAssembly.Memory': 'Send its contents: new Uint8Array(memory.buffer).',
  MessagePort: 'Only threads can be given one; use a Queue of heddle/sync.',
  MessageChannel: 'Use a Queue of heddle/sync.',
  BroadcastChannel: 'Open one of that name where it is used.',
};

/** Global objects that every worker has of its own, by identity. */
const globals = new Map<object, string>(
  ['globalThis', 'process', 'console', 'Atomics', 'Intl', 'JSON', 'Math', 'Reflect', 'WebAssembly']
    .map((name) => [(globalThis as unknown as Record<string, object>)[name], name] as const)
    .filter((entry): entry is [object, string] => typeof entry[0] === 'object'),
);

/** What to do instead of sending a value that can't exist elsewhere; null where it may go. */
export function refusalOf(value: object): string | null {
  const global = globals.get(value);
  if (global) return `Every worker has its own: use ${global} by its name.`;
  if (types.isPromise(value)) return refused.Promise!;
  if (types.isGeneratorObject(value)) return COLLECT;
  if (types.isWeakMap(value)) return refused.WeakMap!;
  if (types.isWeakSet(value)) return refused.WeakSet!;
  if (types.isMapIterator(value) || types.isSetIterator(value)) return COLLECT;
  if (types.isExternal(value)) return 'It is known to its addon in this thread alone.';
  if (types.isModuleNamespaceObject(value)) return 'Import the module where it is used.';
  if (types.isArgumentsObject(value)) return 'Send an array: [...arguments].';
  return null;
}

/** The nearest class of the platform on an object's prototype chain whose instances have slots. */
export function platformClassOf(value: object): PlatformClass | null {
  for (let at = prototypeOf(value); at; at = prototypeOf(at)) {
    const name = nameOf(at);
    if (name !== null && !SLOTLESS.has(name)) return { name, prototype: at };
  }
  return null;
}

function prototypeOf(value: object): object | null {
  return Object.getPrototypeOf(value) as object | null;
}

/** What becomes of an object on whose prototype chain a class of the platform is. */
export function ruleFor(value: object, from: PlatformClass, to: CodecTarget): PlatformRule {
  const { name } = from;
  const args = Object.hasOwn(carried, name) ? carried[name] : undefined;
  if (args) {
    try {
      return { kind: 'carried', base: name, args: args(value, from) };
    } catch {
      return { kind: 'refused', remedy: `Make it by its constructor: new ${name}().` };
    }
  }
  if (Object.hasOwn(cloned, name)) {
    return to === 'thread' ? { kind: 'cloned' } : { kind: 'refused', remedy: cloned[name]! };
  }
  if (name === 'MessagePort' && to === 'thread') return { kind: 'moved', remedy: PORT };
  const remedy = Object.hasOwn(refused, name) ? refused[name]! : 'Send plain data instead.';
  return { kind: 'refused', remedy };
}

/** Makes an object of the platform; its prototype is that of `type`, whose constructor isn't run. */
export function build(base: string, args: readonly unknown[], type?: Constructor): object {
  // The one that `new` doesn't make.
  if (base === 'BigInt') return Object(args[0]) as object;
  let found: unknown = globalThis;
  for (const name of base.split('.')) found = (found as Record<string, unknown>)[name];
  return Reflect.construct(found as new () => object, args as never[], type ?? (found as never));
}

/** By prototype: the name of its class if that is one of the platform's. */
const names = new WeakMap<object, string | null>();

function nameOf(prototype: object): string | null {
  const known = names.get(prototype);
  if (known !== undefined) return known;
  const type = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value as unknown;
  const name = typeof type === 'function' ? classNameOf(type as never, prototype) : null;
  names.set(prototype, name);
  return name;
}

function classNameOf(
  type: Constructor & { readonly name: string },
  prototype: object,
): string | null {
  if (!isPlatformClass(type)) return null;
  // Of a class that inherits from Node's own in the way of ES5 `constructor` may be the base's.
  if (prototype !== (type.prototype as unknown)) return null;
  const tag = Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag)?.value as unknown;
  return typeof tag === 'string' && /^(Intl|WebAssembly|Temporal)\./.test(tag) ? tag : type.name;
}

const platformClasses = new WeakSet<object>();
const otherClasses = new WeakSet<object>();

/** Whether a function is of the language or of Node, in this realm or another one. */
export function isPlatformClass(type: Constructor): boolean {
  if (platformClasses.has(type)) return true;
  if (otherClasses.has(type)) return false;
  const found = isNative(type) || isKnown(type);
  (found ? platformClasses : otherClasses).add(type);
  return found;
}

/** Whether the text of a function is none: it is written in another language. */
export function isNativeText(text: string): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(text);
}

export function isNative(fn: object): boolean {
  return isNativeText(textOf(fn));
}

/** Among what Node's modules export, and what they make of which no module exports the class. */
function isKnown(type: Constructor & { readonly name?: unknown }): boolean {
  // Modules load over time, so a class that is not known yet costs a look at all of them.
  for (const name of process.getBuiltinModule('node:module').builtinModules) {
    if (name.startsWith('_') || !isLoaded(name)) continue;
    for (const value of Object.values(process.getBuiltinModule(name) as object)) {
      if (typeof value === 'function') platformClasses.add(value);
    }
  }
  const timer = setTimeout(() => {}, 0);
  clearTimeout(timer);
  const immediate = setImmediate(() => {});
  clearImmediate(immediate);
  for (const one of [timer, immediate]) platformClasses.add(one.constructor);
  if (platformClasses.has(type)) return true;
  // Some globals are loaded when they are first read; an instance shows that its class has been.
  const { name } = type;
  if (typeof name !== 'string' || !GLOBALS.has(name)) return false;
  return (globalThis as Record<string, unknown>)[name] === type;
}

function isLoaded(name: string): boolean {
  const list = (process as unknown as { moduleLoadList?: readonly string[] }).moduleLoadList;
  return list?.includes(`NativeModule ${name}`) ?? true;
}

/** Classes of Node's that are globals, and no module's exports or only one's that isn't loaded. */
const GLOBALS = new Set(
  [
    'AbortController AbortSignal Blob BroadcastChannel ByteLengthQueuingStrategy CloseEvent',
    'CompressionStream CountQueuingStrategy Crypto CryptoKey CustomEvent DOMException',
    'DecompressionStream Event EventSource EventTarget File FormData Headers MessageChannel',
    'MessageEvent MessagePort Navigator Performance PerformanceEntry PerformanceMark',
    'PerformanceMeasure PerformanceObserver PerformanceObserverEntryList',
    'PerformanceResourceTiming QuotaExceededError ReadableByteStreamController ReadableStream',
    'ReadableStreamBYOBReader ReadableStreamBYOBRequest ReadableStreamDefaultController',
    'ReadableStreamDefaultReader Request Response Storage SubtleCrypto TextDecoder',
    'TextDecoderStream TextEncoder TextEncoderStream TransformStream',
    'TransformStreamDefaultController URL URLPattern URLSearchParams WebSocket WritableStream',
    'WritableStreamDefaultController WritableStreamDefaultWriter',
  ].flatMap((line) => line.split(' ')),
);

/**
 * Makes an error object that has nothing of its own yet. The constructor of a class of the program's
 * own must not run: it may want other arguments than a message.
 */
export function buildError(name: string, type?: Constructor): object {
  const found = (globalThis as Record<string, unknown>)[name];
  const base = (typeof found === 'function' ? found : Error) as Constructor;
  const error = Reflect.construct(Error, [], type ?? base) as object;
  // Where it is made tells nothing.
  Reflect.deleteProperty(error, 'stack');
  return error;
}
