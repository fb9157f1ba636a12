/**
 * Shares out arrays, and puts them together again.
 */
import { types } from 'node:util';
import { typeError } from '../../errors.ts';

type TypedArray = NodeJS.TypedArray;

function isTypedArray(value: unknown): value is TypedArray {
  return types.isTypedArray(value);
}

/**
 * Where each of some parts begins and ends: neighbours stay together, and the first parts are longer by one
 * where the length can't be divided, as ipyparallel has it.
 */
export function bounds(length: number, parts: number): (readonly [from: number, to: number])[] {
  const least = Math.floor(length / parts);
  const longer = length % parts;
  let from = 0;
  return Array.from({ length: parts }, (_, i) => {
    const to = from + least + (i < longer ? 1 : 0);
    const part = [from, to] as const;
    from = to;
    return part;
  });
}

/**
 * The parts of an array, a typed array or another thing with a length.
 *
 * @param flatten - parts of one element are that element
 * @throws TypeError for anything else
 */
export function partsOf(name: string, value: unknown, parts: number, flatten: boolean): unknown[] {
  const array = isTypedArray(value) ? value : arrayOf(name, value);
  return bounds(array.length, parts).map(([from, to]) => {
    // Not a view: that would take the whole buffer along.
    const part = array.slice(from, to) as unknown[] | TypedArray;
    return flatten && part.length === 1 ? part[0] : part;
  });
}

/** Anything with a length, or that can be iterated over, as an array. */
export function arrayOf(name: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const like = typeof value === 'object' && value !== null;
  if (isTypedArray(value)) return Array.from(value as Iterable<unknown>);
  if (like && Symbol.iterator in value) return [...(value as Iterable<unknown>)];
  if (like && typeof (value as { length?: unknown }).length === 'number') {
    return Array.from(value as ArrayLike<unknown>);
  }
  throw typeError(name, value, 'an array, a typed array or something else with a length');
}

/** Puts parts together: typed arrays of one kind as one, arrays and single values as an array. */
export function joined(parts: readonly unknown[]): unknown {
  const arrays = parts.filter((part) => isTypedArray(part));
  const first = arrays[0];
  if (first && arrays.length === parts.length) {
    if (arrays.every((array) => array.constructor === first.constructor)) {
      return joinedTyped(arrays);
    }
  }
  return parts.flatMap((part) => {
    if (Array.isArray(part)) return part as unknown[];
    return isTypedArray(part) ? Array.from(part as Iterable<unknown>) : [part];
  });
}

function joinedTyped(arrays: readonly TypedArray[]): TypedArray {
  const length = arrays.reduce((sum, array) => sum + array.length, 0);
  const Type = arrays[0]!.constructor as new (length: number) => TypedArray;
  const whole = new Type(length);
  let at = 0;
  for (const array of arrays) {
    (whole as Float64Array).set(array as Float64Array, at);
    at += array.length;
  }
  return whole;
}
