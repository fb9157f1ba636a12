/**
 * Functions to payloads.
 */
import { type Callable, CloneError, type CodecTarget, textOf } from '../codec/index.ts';
import type { Outgoing } from '../memory/index.ts';
import { Collector } from './capture.ts';
import { isStandardGlobal } from './globals.ts';
import { inspectFunction } from './inspect.ts';
import { inheritsAsUsual, isBare } from './members.ts';
import type { FunctionPayload } from './payload.ts';
import { payloadBytes } from './payload-bytes.ts';
import { bindings, classId, knownNode, references, rememberMine } from './registry.ts';
import { parseFunction } from './source.ts';

/** How a function travels. */
export interface FunctionOptions {
  /** The kind of worker. Default 'process', whose payloads serve threads too. */
  readonly to?: CodecTarget;
  /** Size in bytes from which captured arrays are shared. Default 1 MiB. */
  readonly maxBytes?: number;
  /** The receiver is who gave this environment its work. */
  readonly toCaller?: boolean;
  /** What the function is called in error messages. */
  readonly path?: string;
  /** The receiver has the function itself, and can look at its properties; not only call it. */
  readonly asValue?: boolean;
}

/** More than this is refused: it would go to every worker as a copy. */
const MAX_CAPTURES = 64 * 2 ** 20;
const TEXTS = 2_000;
/** Under so many names a text is remembered. */
const NAMES = 8;

const { ownKeys } = Reflect;
const { getPrototypeOf } = Object;

/** A payload of a text, for functions that are called like this. */
interface KnownText extends Named {
  readonly payload: FunctionPayload;
  readonly seesItself: boolean;
}

/** Payloads of functions that take nothing from outside, by their text: of strict and sloppy code. */
const byText = {
  strict: new Map<string, readonly KnownText[]>(),
  sloppy: new Map<string, readonly KnownText[]>(),
};

/** A payload that is the function's as long as that looks the same. */
interface Kept {
  readonly payload: FunctionPayload;
  /** What was to be seen of it; null where it is only called, and can't look at itself. */
  readonly members: Members | null;
}

const byFunction = new WeakMap<object, Kept>();
const segments = new WeakMap<FunctionPayload, readonly Outgoing[]>();
/** A payload may be dropped without a word; its memory goes with it. */
const dropped = new FinalizationRegistry<readonly Outgoing[]>(releaseThem);

/** Has the next payload of a function made anew. */
export function forget(fn: object): void {
  byFunction.delete(fn);
}

/** Makes the payload of a function or class. */
export function encodeGraph(fn: Callable, options: FunctionOptions): FunctionPayload {
  const { asValue = false } = options;
  const kept = byFunction.get(fn);
  if (kept && isAsKept(fn, kept, asValue)) return kept.payload;
  const reference = references.get(fn);
  if (reference) return reference;
  if (bindings.has(fn)) return collect(fn, options);
  // Functions and no others show their kind of code: those of sloppy code have a caller.
  const known = Object.hasOwn(fn, 'caller') ? byText.sloppy : byText.strict;
  const text = textOf(fn);
  const same = known.get(text);
  const found = same && sameAs(fn, same, asValue);
  // Not kept by function as well: most are made anew for each job, and that takes longer than all
  // that it would save.
  if (found) return found;
  const payload = collect(fn, options);
  const { name, length } = fn as unknown as Named;
  const [root] = payload.nodes;
  if (payload.nodes.length > 1 || payload.slots !== null) return payload;
  if (root?.kind !== 'code') {
    byFunction.set(fn, { payload, members: asValue ? membersOf(fn) : null });
  } else if (root.dead.length + root.self.length === 0) {
    const { names, seesItself, isModal } = parseFunction(text, root.strict);
    const free = [...names.keys()];
    const isCalled = !asValue && !seesItself && root.id === undefined;
    if (free.every(isStandardGlobal)) {
      byFunction.set(fn, { payload, members: isCalled ? null : membersOf(fn) });
    }
    // Two functions of one text are one, where that has no name that may mean something else in
    // another place, and means the same in both kinds of code. A look at the place takes longer than
    // all the rest.
    if (root.id !== undefined || !free.every((name) => UNSHADOWED.has(name))) return payload;
    if (isBare(fn) && inheritsAsUsual(fn) && (known === byText.sloppy || !isModal)) {
      if (known.size >= TEXTS) known.delete(known.keys().next().value!);
      known.set(text, [...(same ?? []).slice(1 - NAMES), { payload, name, length, seesItself }]);
    }
  }
  return payload;
}

function isAsKept(fn: Callable, { members }: Kept, asValue: boolean): boolean {
  return members ? hasMembers(fn, members) : !asValue;
}

/** The payload of those of a function's text that are as it is; null where there is none. */
function sameAs(
  fn: Callable,
  known: readonly KnownText[],
  asValue: boolean,
): FunctionPayload | null {
  const { name, length } = fn as unknown as Named;
  let isUsual: boolean | null = null;
  for (const one of known) {
    if (one.name !== name) continue;
    // Nobody can tell one from another that has members of its own.
    if (!asValue && !one.seesItself) return one.payload;
    isUsual ??= (isSimple(fn) || isBare(fn)) && inheritsAsUsual(fn);
    if (isUsual && one.length === length) return one.payload;
  }
  return null;
}

/** Globals that no program gives another meaning. */
const UNSHADOWED = new Set(['Math', 'NaN', 'Infinity', 'undefined']);

/**
 * What is to be seen of a function: its name and arity where it has nothing else of its own; or all
 * own properties of it and of its prototype, with what they hold, one after the other.
 */
type Members = Simple | readonly unknown[];

interface Named {
  readonly name: unknown;
  readonly length: unknown;
}

interface Simple extends Named {
  readonly base: unknown;
}

/**
 * Whether a function is an arrow or a method with nothing of its own, told by the keys that the
 * engine gives those, in its order: a fraction of the time that a list of properties takes.
 */
function isSimple(fn: object): boolean {
  const keys = ownKeys(fn);
  return keys.length === 2 && keys[0] === 'length' && keys[1] === 'name';
}

function membersOf(fn: Callable): Members {
  if (!isSimple(fn)) return listMembers(fn);
  const { name, length } = fn as unknown as Named;
  return { name, length, base: getPrototypeOf(fn) as unknown };
}

function hasMembers(fn: Callable, members: Members): boolean {
  if (!('base' in members)) return sameMembers(members, listMembers(fn));
  const { name, length } = fn as unknown as Named;
  return (
    name === members.name &&
    length === members.length &&
    getPrototypeOf(fn) === members.base &&
    isSimple(fn)
  );
}

function listMembers(fn: Callable): readonly unknown[] {
  const members: unknown[] = [];
  const prototype = Object.getOwnPropertyDescriptor(fn, 'prototype')?.value as unknown;
  for (const holder of [fn, prototype]) {
    if (typeof holder !== 'object' && typeof holder !== 'function') continue;
    if (holder === null) continue;
    members.push(Object.getPrototypeOf(holder));
    for (const key of Reflect.ownKeys(holder)) {
      const { value, get, set } = Object.getOwnPropertyDescriptor(holder, key)!;
      members.push(key, value, get, set);
    }
  }
  return members;
}

function sameMembers(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((item, i) => Object.is(item, other[i]));
}

function collect(fn: Callable, options: FunctionOptions): FunctionPayload {
  const { to = 'process', maxBytes = 2 ** 20, toCaller = false, asValue = false } = options;
  const registry = {
    known: knownNode,
    classId,
    bound: (f: Callable) => bindings.get(f) ?? null,
    digest: (content: unknown) => digest(payloadBytes(content)),
  };
  const collector = new Collector(registry, { to, maxBytes, toCaller, asValue });
  try {
    collector.collect(fn);
  } catch (error) {
    if (!(error instanceof CloneError)) throw error;
    throw new CloneError(error.path, error.what, error.remedy, describe(fn, options.path));
  }
  const { nodes } = collector;
  const { slots, outgoing } = collector.finish();
  const [root] = nodes;
  const content = { nodes, slots };
  const bytes = payloadBytes(content);
  if (bytes.byteLength > MAX_CAPTURES) {
    releaseThem(outgoing);
    throw new CloneError(
      '',
      `a function with ${Math.round(bytes.byteLength / 2 ** 20)} MiB of captures that are not shared`,
      'Put large arrays into typed arrays and share() them, or give them to invoker() as its model.',
      describe(fn, options.path),
    );
  }
  const id = root?.kind === 'code' && root.id !== undefined ? root.id : digest(bytes);
  const payload: FunctionPayload = { id, ...content };
  rememberMine(payload);
  if (outgoing.length > 0) {
    segments.set(payload, outgoing);
    dropped.register(payload, outgoing, payload);
  }
  return payload;
}

/** Loaded when it is needed, which is never in a worker. */
function digest(bytes: Buffer): string {
  const crypto = process.getBuiltinModule('node:crypto');
  return crypto.createHash('sha1').update(bytes).digest('base64url');
}

function releaseThem(outgoing: readonly Outgoing[]): void {
  for (const item of outgoing) item.release();
}

/** Whether a payload has shared memory. */
export function hasSegments(payload: FunctionPayload): boolean {
  return segments.has(payload);
}

/** Frees the shared memory of a payload. */
export function releaseAll(payload: FunctionPayload): void {
  dropped.unregister(payload);
  releaseThem(segments.get(payload) ?? []);
}

/** A function in a message: what it is called, and where it is. */
function describe(fn: Callable, path: string | undefined): string {
  const { name } = fn as { name?: string };
  const isClass = /^class\b/.test(textOf(fn));
  const called = `${isClass ? 'the class' : 'the function'} ${name ? `'${name}'` : '(anonymous)'}`;
  let position = '';
  try {
    const { location } = inspectFunction(fn);
    if (location?.script?.url) {
      position = `${location.script.url}:${location.line + 1}:${location.column + 1}`;
    }
  } catch {
    // Without an inspector the name has to do.
  }
  const where = [path && path !== name ? `'${path}'` : '', position].filter(Boolean).join(', ');
  return where ? `${called} (${where})` : called;
}
