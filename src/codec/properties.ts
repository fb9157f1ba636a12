/**
 * Reading from objects that belong to a program: its getters and hooks may throw.
 */

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
