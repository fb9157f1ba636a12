/**
 * Reading from objects that belong to a program: its getters and hooks may throw.
 */
import type { Closedness } from './wire.ts';

const textMethod = Function.prototype.toString;

/** The text of a function; a program may have put another method in the place of `toString`. */
export function textOf(fn: object): string {
  return Reflect.apply(textMethod, fn, []);
}

/** The stack of an error, null where that is no text: a program may make structures of stacks. */
export function stackOf(error: Error): string | null {
  try {
    const { stack } = error;
    return typeof stack === 'string' ? stack : null;
  } catch {
    return null;
  }
}

/** A property with the value that it has now; undefined where reading it throws. */
export function readProperty(value: object, key: string | symbol): PropertyDescriptor | undefined {
  const property = Object.getOwnPropertyDescriptor(value, key);
  if (!property || 'value' in property) return property;
  try {
    const { enumerable = false } = property;
    return { enumerable, value: (value as Record<string | symbol, unknown>)[key] };
  } catch {
    return undefined;
  }
}

/** What was done to an object that takes no more members; null for nothing. */
export function closedness(value: object): Closedness | null {
  if (Object.isExtensible(value)) return null;
  if (Object.isFrozen(value)) return 'freeze';
  return Object.isSealed(value) ? 'seal' : 'preventExtensions';
}

/** The symbols that every realm has, by their names. */
export const wellKnownSymbols = new Map<symbol, string>(
  Object.getOwnPropertyNames(Symbol)
    .map((name) => [(Symbol as unknown as Record<string, unknown>)[name], name] as const)
    .filter((entry): entry is [symbol, string] => typeof entry[0] === 'symbol'),
);
