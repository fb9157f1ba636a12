/**
 * Whether JSON says all of a value.
 */

/** Values within values; beyond that serializing is quicker than looking. */
const MOST = 500;

/**
 * Whether a value comes back from JSON as structured clone would give it: text, booleans, null and
 * ordinary numbers, in plain objects and arrays of which none is met twice.
 */
export function isJson(value: unknown): boolean {
  return isText(value, new Set());
}

function isText(value: unknown, met: Set<object>): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'object':
      return value === null || isPlain(value, met);
    default:
      return false;
  }
}

function isPlain(value: object, met: Set<object>): boolean {
  if (met.size > MOST || met.has(value)) return false;
  met.add(value);
  if (Array.isArray(value)) {
    const { length } = value;
    if (length > MOST || Object.keys(value).length !== length) return false;
    for (let i = 0; i < length; i++) if (!(i in value && isText(value[i], met))) return false;
    return true;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  // A method of that name says what the text is.
  if ('toJSON' in value) return false;
  return Object.keys(value).every((key) => isText((value as Record<string, unknown>)[key], met));
}
