/**
 * Fields of a log line as plain data that every channel carries.
 */

const DEEPEST = 6;

/** An error with its stack, as pino's standard serializer gives it. */
function plainError(error: Error, depth: number): object {
  const own = plainObject(error, depth);
  const { name, message, stack, cause } = error;
  return {
    type: error.constructor?.name ?? name,
    message,
    stack,
    ...own,
    ...(cause === undefined ? {} : { cause: plain(cause, depth + 1) }),
  };
}

function plainObject(value: object, depth: number): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(value)) {
    if (typeof entry !== 'function' && entry !== undefined) result[key] = plain(entry, depth + 1);
  }
  return result;
}

function plain(value: unknown, depth: number): unknown {
  if (value === null || typeof value !== 'object') {
    return typeof value === 'symbol' || typeof value === 'function' ? String(value) : value;
  }
  if (depth > DEEPEST) return Object.prototype.toString.call(value);
  if (value instanceof Error) return plainError(value, depth);
  if (value instanceof Date || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map((entry) => plain(entry, depth + 1));
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === 'function') return plain((toJSON as () => unknown).call(value), depth + 1);
  return plainObject(value, depth);
}

/** Copies fields so that they can be sent: errors with their stacks, no functions. */
export function plainFields(fields: object): object {
  return plain(fields, 0) as object;
}
