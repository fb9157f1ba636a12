/**
 * The values of a batch as one thing to send: the arguments of its tasks, or their results.
 *
 * Numbers travel as one typed array, other primitives as they are, and only the rest through the
 * codec, once for the whole batch.
 */

export type ValueBatch =
  /** All undefined. */
  | { readonly kind: 'void'; readonly count: number }
  /** All numbers. */
  | { readonly kind: 'numbers'; readonly values: Float64Array }
  /** All primitives (no symbols), as they are; or, inside one environment, any values. */
  | { readonly kind: 'plain'; readonly values: readonly unknown[] }
  /** The codec's message for the array. */
  | { readonly kind: 'coded'; readonly count: number; readonly message: unknown };

/** Values in a value batch. */
export function valueCount(valueBatch: ValueBatch): number {
  return valueBatch.kind === 'void' || valueBatch.kind === 'coded'
    ? valueBatch.count
    : valueBatch.values.length;
}

function allNumbers(values: readonly unknown[]): boolean {
  for (let i = 0; i < values.length; i++) if (typeof values[i] !== 'number') return false;
  return true;
}

function allPrimitive(values: readonly unknown[]): boolean {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    const type = typeof value;
    if (type === 'symbol' || type === 'function' || (type === 'object' && value !== null)) {
      return false;
    }
  }
  return true;
}

function allUndefined(values: readonly unknown[]): boolean {
  for (let i = 0; i < values.length; i++) if (values[i] !== undefined) return false;
  return true;
}

/** Packs values that need no codec; null if these do. */
export function packPrimitives(values: readonly unknown[]): ValueBatch | null {
  const first = values[0];
  if (typeof first === 'number' && allNumbers(values)) {
    return { kind: 'numbers', values: new Float64Array(values as readonly number[]) };
  }
  if (first === undefined && allUndefined(values)) return { kind: 'void', count: values.length };
  return allPrimitive(values) ? { kind: 'plain', values } : null;
}

/** The values of a value batch; `decode` undoes the codec's work. */
export function unpackValues(
  valueBatch: ValueBatch,
  decode: (message: unknown) => unknown,
): ArrayLike<unknown> {
  switch (valueBatch.kind) {
    case 'void':
      return new Array<undefined>(valueBatch.count).fill(undefined);
    case 'numbers':
    case 'plain':
      return valueBatch.values;
    case 'coded':
      return decode(valueBatch.message) as readonly unknown[];
  }
}
