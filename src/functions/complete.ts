/**
 * Makes of a function or class what no text makes of it: what it inherits, and members that were
 * put on it later. When a class comes again, what it no longer has goes.
 */
import type { Extra, Member } from './payload.ts';

/** What the text made of a property, by its holder and key, where something else was put there. */
const written = new WeakMap<object, Map<PropertyKey, PropertyDescriptor | undefined>>();

/** What something inherits by its text, where that was replaced. */
const inherited = new WeakMap<object, object | null>();

/**
 * @param extra - null where the text is all that there is
 * @param valueAt - the value of a slot
 */
export function complete(
  fn: object,
  extra: Extra | null,
  valueAt: (slot: number) => unknown,
): void {
  const { prototype } = fn as { readonly prototype?: object };
  const { base = -1, parent = -1, members = [] } = extra ?? {};
  inherit(fn, base < 0 ? undefined : (valueAt(base) as object));
  if (prototype) {
    const from = (slot: number) => (valueAt(slot) as { readonly prototype: object }).prototype;
    inherit(prototype, parent === null ? null : parent < 0 ? undefined : from(parent));
  }
  const given = new Map<object, Set<PropertyKey>>();
  for (const member of members) {
    const holder = member.on === 'own' ? fn : prototype;
    if (!holder) continue;
    const key = typeof member.key === 'number' ? (valueAt(member.key) as symbol) : member.key;
    const keys = given.get(holder) ?? new Set();
    given.set(holder, keys.add(key));
    remember(holder, key);
    give(holder, key, member, valueAt);
  }
  for (const holder of [fn, prototype]) if (holder) takeBack(holder, given.get(holder));
}

/** @param from - undefined for what the text says */
function inherit(holder: object, from: object | null | undefined): void {
  const before = inherited.get(holder);
  if (from === undefined && before === undefined) return;
  if (before === undefined) {
    inherited.set(holder, Object.getPrototypeOf(holder) as object | null);
  }
  Object.setPrototypeOf(holder, (from === undefined ? before : from) as object | null);
}

function remember(holder: object, key: PropertyKey): void {
  const properties = written.get(holder) ?? new Map<PropertyKey, PropertyDescriptor | undefined>();
  written.set(holder, properties);
  if (!properties.has(key)) properties.set(key, Object.getOwnPropertyDescriptor(holder, key));
}

function give(
  holder: object,
  key: PropertyKey,
  { content, enumerable, configurable, writable }: Member,
  valueAt: (slot: number) => unknown,
): void {
  // It was given before, and can't have changed where it comes from either.
  const before = Object.getOwnPropertyDescriptor(holder, key);
  if (before && !before.configurable && !before.writable) return;
  if (content === null) {
    Reflect.deleteProperty(holder, key);
  } else if (typeof content === 'number') {
    const value = valueAt(content);
    Object.defineProperty(holder, key, { enumerable, configurable, writable, value });
  } else {
    // Both are named even if both are missing: that is what makes an accessor.
    const part = (slot: number) => (slot < 0 ? undefined : valueAt(slot));
    const get = part(content.get) as () => unknown;
    const set = part(content.set) as (value: unknown) => void;
    Object.defineProperty(holder, key, { enumerable, configurable, get, set });
  }
}

/** Has everything else as the text made it. */
function takeBack(holder: object, given: ReadonlySet<PropertyKey> | undefined): void {
  for (const [key, property] of written.get(holder) ?? []) {
    if (given?.has(key)) continue;
    if (Object.getOwnPropertyDescriptor(holder, key)?.configurable === false) continue;
    Reflect.deleteProperty(holder, key);
    if (property) Object.defineProperty(holder, key, property);
  }
}
