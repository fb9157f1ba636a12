/**
 * What the codec must know of classes: which are the language's own, and which have state that no
 * property shows.
 */
import { type Callable, hasPrivate } from './callables.ts';
import { isNative, isPlatformClass } from './platform.ts';
import { textOf } from './properties.ts';

/** Object.prototype of this realm or of another one (vitest's vm pools have several). */
export function isPlainPrototype(prototype: object): boolean {
  return (
    prototype === Object.prototype ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf'))
  );
}

/** Whether a prototype is that of a language class of any realm. */
export function isBuiltin(prototype: object | null, name: string): boolean {
  if (prototype === null) return false;
  const type = (globalThis as Record<string, unknown>)[name] as { prototype?: object } | undefined;
  if (type?.prototype === prototype) return true;
  const other = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value as unknown;
  return typeof other === 'function' && other.name === name && isNative(other);
}

/** The class of the language that an error is of, itself or by inheritance. */
export function builtinErrorName(error: Error): string {
  for (let at = Object.getPrototypeOf(error); at; at = Object.getPrototypeOf(at)) {
    const name = (at as { constructor?: { name?: string } }).constructor?.name ?? '';
    if (/Error$/.test(name) && isBuiltin(at, name)) return name;
  }
  return 'Error';
}

/** The class whose prototype an object is; null where it doesn't say. */
export function ownConstructor(prototype: object): Callable | null {
  const type = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value as unknown;
  return typeof type === 'function' ? (type as unknown as Callable) : null;
}

const privateState = new WeakMap<object, boolean>();

/** Whether instances of a class carry state that no property shows. */
export function hasPrivateState(type: Callable): boolean {
  const known = privateState.get(type);
  if (known !== undefined) return known;
  let found = false;
  for (
    let at: unknown = type;
    typeof at === 'function' && at !== Function.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    // What the platform's classes hide is made by their own constructors.
    if (isPlatformClass(at as unknown as Callable)) break;
    const text = textOf(at);
    // Compilers turn private members into WeakMaps; the syntax itself is `#name` in a class. Only a
    // parser tells it from a comment, and members of instances from static ones.
    if (/^class\b/.test(text) && /#[\p{ID_Start}$_\\]/u.test(text)) {
      found ||= hasPrivate(at as unknown as Callable);
    }
  }
  privateState.set(type, found);
  return found;
}

/** Own properties beside its elements can't be listed alone; of so many elements all are. */
export const MAX_LISTED = 1_000_000;

/** Whether a key is that of an element. */
export function isIndex(key: string | symbol): boolean {
  return typeof key === 'string' && /^(?:0|[1-9]\d*)$/.test(key);
}
