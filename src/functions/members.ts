/**
 * What of a function or class is in no text: members that were put on it or on its prototype later
 * (methods of constructor functions, patches, decorators), and what its static fields hold now.
 */
import { type Callable, isNative, textOf } from '../codec/index.ts';
import type { MemberText, Source } from './source.ts';

/** A property as it is. */
export interface Found {
  readonly on: 'own' | 'prototype';
  readonly key: PropertyKey;
  /** Null for one that the text shows and that is gone. */
  readonly property: PropertyDescriptor | null;
  /** A static field, which evaluating the text defines as well. */
  readonly isField: boolean;
}

const OF_FUNCTIONS = new Set<PropertyKey>(['length', 'name', 'prototype', 'caller', 'arguments']);

/** The prototype of what may be called with `new`; null for other functions. */
export function prototypeOf(fn: object): object | null {
  const value = Object.getOwnPropertyDescriptor(fn, 'prototype')?.value as unknown;
  return typeof value === 'object' ? value : null;
}

/** Whether a function has no properties but those that each has. */
export function isBare(fn: object): boolean {
  if (!Reflect.ownKeys(fn).every((key) => OF_FUNCTIONS.has(key))) return false;
  const prototype = prototypeOf(fn);
  if (prototype === null) return true;
  return Reflect.ownKeys(prototype).every((key) => key === 'constructor') && isUsualParent(fn);
}

/** Whether a function that is no class has what makes one of it: members on its prototype. */
export function isConstructor(fn: object): boolean {
  const prototype = prototypeOf(fn);
  if (prototype === null || isGenerator(prototype)) return false;
  return Reflect.ownKeys(prototype).some((key) => key !== 'constructor') || !isUsualParent(fn);
}

/**
 * What a function's prototype inherits from: a function, whose prototype it is; what all do, which is
 * Object's; nothing; or some other object.
 */
export type Parent = { readonly of: Callable } | 'usual' | 'nothing' | 'other';

export function parentOf(fn: object): Parent {
  const prototype = prototypeOf(fn);
  if (prototype === null || isGenerator(prototype)) return 'usual';
  const parent = Object.getPrototypeOf(prototype) as object | null;
  if (parent === null) return 'nothing';
  if (Object.getPrototypeOf(parent) === null && Object.hasOwn(parent, 'isPrototypeOf')) {
    return 'usual';
  }
  const of = Object.getOwnPropertyDescriptor(parent, 'constructor')?.value as unknown;
  if (typeof of !== 'function' || prototypeOf(of) !== parent) return 'other';
  return { of: of as unknown as Callable };
}

function isUsualParent(fn: object): boolean {
  return parentOf(fn) === 'usual';
}

/** The function that another inherits from; null where that is what all functions do. */
export function baseOf(fn: object): Callable | null {
  const base = Object.getPrototypeOf(fn) as unknown;
  // The prototypes of the kinds of functions are no functions to be called, or they are native.
  if (typeof base !== 'function' || !Object.hasOwn(base, 'prototype')) return null;
  return base as unknown as Callable;
}

const usual = Function.prototype as object;

/**
 * Whether a function inherits from what all of its kind do: it can be told from its text. The
 * prototypes of async functions and generators have no constructor that others could have made.
 */
export function inheritsAsUsual(fn: object): boolean {
  const base = Object.getPrototypeOf(fn) as object | null;
  return base === usual || (base !== null && isOfKind(base));
}

/** The prototype of all functions, or of a kind of them, in any realm. */
function isOfKind(base: object): boolean {
  if (typeof base === 'function') {
    const above = Object.getPrototypeOf(base) as object | null;
    if (above === null || Object.getPrototypeOf(above) !== null) return false;
    return !Object.hasOwn(base, 'prototype') && isNative(base as unknown as Callable);
  }
  const tag = Object.getOwnPropertyDescriptor(base, Symbol.toStringTag);
  return /^(?:Async)?(?:Generator)?Function$/.test(String(tag?.value)) && tag!.writable === false;
}

/** The computed key of a method, told by the method that has it; undefined where there is none. */
export function keyOf(fn: object, member: MemberText): PropertyKey | undefined {
  const holder = member.isStatic ? fn : prototypeOf(fn);
  if (!holder || member.kind === 'field') return undefined;
  return Reflect.ownKeys(holder).find((key) => shows(member, read(holder, key)));
}

/** Everything that evaluating the text would not make, in the order in which it is found. */
export function findMembers(
  fn: object,
  source: Source,
  keys: ReadonlyMap<MemberText, PropertyKey>,
): Found[] {
  const found: Found[] = [];
  const prototype = prototypeOf(fn);
  const own = source.members.filter(({ isStatic }) => isStatic);
  const shared = source.members.filter(({ isStatic, kind }) => !isStatic && kind !== 'field');
  compare('own', fn, own);
  if (prototype && !isGenerator(prototype)) compare('prototype', prototype, shared);
  return found;

  function compare(on: Found['on'], holder: object, texts: readonly MemberText[]): void {
    const shown = new Map<PropertyKey, MemberText[]>();
    for (const text of texts) {
      const key = text.name ?? keys.get(text);
      if (key !== undefined) shown.set(key, [...(shown.get(key) ?? []), text]);
    }
    for (const key of Reflect.ownKeys(holder)) {
      const members = shown.get(key);
      const property = read(holder, key);
      const given = key === 'length' && property.value !== source.arity;
      if (members === undefined && on === 'own' && OF_FUNCTIONS.has(key) && !given) continue;
      if (on === 'prototype' && key === 'constructor' && property.value === fn) continue;
      const isField = members?.at(-1)?.kind === 'field';
      if (members && !isField && isAsWritten(members, property)) continue;
      found.push({ on, key, property, isField });
    }
    for (const key of shown.keys()) {
      if (!Object.hasOwn(holder, key)) found.push({ on, key, property: null, isField: false });
    }
    if (on === 'prototype' && !Object.hasOwn(holder, 'constructor')) {
      found.push({ on, key: 'constructor', property: null, isField: false });
    }
  }
}

/** What a generator function has: no class, but what its generators inherit from. */
function isGenerator(prototype: object): boolean {
  return !Object.hasOwn(prototype, 'constructor') && 'next' in prototype;
}

function read(holder: object, key: PropertyKey): PropertyDescriptor {
  return Object.getOwnPropertyDescriptor(holder, key)!;
}

function isAsWritten(members: readonly MemberText[], property: PropertyDescriptor): boolean {
  if (property.enumerable || !property.configurable) return false;
  if (property.get || property.set) {
    return (['get', 'set'] as const).every((kind) => {
      const member = members.findLast((one) => one.kind === kind);
      return member ? shows(member, property) : property[kind] === undefined;
    });
  }
  return property.writable === true && shows(members.at(-1)!, property);
}

/** Whether a property has the function of a member's text. */
function shows({ kind, text }: MemberText, property: PropertyDescriptor): boolean {
  if (kind === 'field') return false;
  const fn = kind === 'method' ? (property.value as unknown) : property[kind];
  return typeof fn === 'function' && textOf(fn) === text;
}
