/**
 * Whether two values are the same graph: the same kinds of objects with the same contents, where
 * the same ones meet again.
 */
import { types } from 'node:util';

class Comparison {
  readonly #there = new Map<object, object>();
  readonly #back = new Map<object, object>();
  /** By how much views of one buffer lie elsewhere in the other: the same for all of them. */
  readonly #shifts = new Map<object, number>();

  /** What differs, as a path and a word; null where nothing does. */
  compare(a: unknown, b: unknown, path: string): string | null {
    if (typeof a !== 'object' || a === null) return Object.is(a, b) ? null : `${path}: value`;
    if (typeof b !== 'object' || b === null) return `${path}: no object`;
    if (this.#there.has(a) || this.#back.has(b)) {
      return this.#there.get(a) === b && this.#back.get(b) === a ? null : `${path}: identity`;
    }
    this.#there.set(a, b);
    this.#back.set(b, a);
    if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${path}: prototype`;
    return this.#contents(a, b, path);
  }

  #contents(a: object, b: object, path: string): string | null {
    if (types.isDate(a)) return this.compare(a.getTime(), (b as Date).getTime(), path);
    if (types.isBoxedPrimitive(a)) return this.compare(a.valueOf(), b.valueOf(), path);
    if (types.isRegExp(a)) return this.compare(String(a), String(b), path);
    if (ArrayBuffer.isView(a)) return this.#view(a, b as ArrayBufferView, path);
    if (types.isMap(a)) return this.#list([...a].flat(1), [...(b as typeof a)].flat(1), path);
    if (types.isSet(a)) return this.#list([...a], [...(b as typeof a)], path);
    if (types.isNativeError(a)) {
      const hidden = (error: Error) => [error.message, error.cause, 'cause' in error];
      const other = this.#list(hidden(a), hidden(b as Error), path);
      if (other) return other;
    }
    if (Array.isArray(a) && a.length !== (b as unknown[]).length) return `${path}: length`;
    return this.#properties(a as Record<string, unknown>, b as Record<string, unknown>, path);
  }

  #properties(a: Record<string, unknown>, b: Record<string, unknown>, path: string): string | null {
    const keys = Object.keys(a);
    // Own ones only, as in "__proto__"; holes have no keys.
    if (JSON.stringify(keys) !== JSON.stringify(Object.keys(b))) return `${path}: keys`;
    for (const key of keys) {
      const own = (object: object) =>
        Object.getOwnPropertyDescriptor(object, key)!.value as unknown;
      const found = this.compare(own(a), own(b), `${path}.${key}`);
      if (found) return found;
    }
    return null;
  }

  #list(a: readonly unknown[], b: readonly unknown[], path: string): string | null {
    if (a.length !== b.length) return `${path}: size`;
    for (let i = 0; i < a.length; i++) {
      const found = this.compare(a[i], b[i], `${path}<${i}>`);
      if (found) return found;
    }
    return null;
  }

  #view(a: ArrayBufferView, b: ArrayBufferView, path: string): string | null {
    const bytes = (view: ArrayBufferView) =>
      Buffer.from(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
    if (!bytes(a).equals(bytes(b))) return `${path}: bytes`;
    const shift = this.#shifts.get(a.buffer) ?? b.byteOffset - a.byteOffset;
    this.#shifts.set(a.buffer, shift);
    if (b.byteOffset - a.byteOffset !== shift) return `${path}: offset`;
    const known = this.#there.get(a.buffer);
    if (known === undefined && !this.#back.has(b.buffer)) {
      this.#there.set(a.buffer, b.buffer);
      this.#back.set(b.buffer, a.buffer);
      return null;
    }
    return known === b.buffer && this.#back.get(b.buffer) === a.buffer ? null : `${path}: buffer`;
  }
}

/** What differs between two graphs; null where nothing does. */
export function difference(a: unknown, b: unknown): string | null {
  return new Comparison().compare(a, b, 'value');
}
