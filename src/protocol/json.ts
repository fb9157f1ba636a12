/**
 * Whether JSON says all of a value.
 */

// A worker's tasks may replace what the language has, and messages go all the same.
const { getPrototypeOf, keys: keysOf } = Object;
const { stringify, parse } = JSON;

/** The text of a value of which {@link isJson} holds. */
export function toText(value: unknown): string {
  return stringify(value);
}

/** The value of a text. */
export function fromText(text: string): unknown {
  return parse(text);
}

/** Values within values; beyond that serializing is quicker than looking. */
const MAX_VALUES = 200;

/**
 * Whether a value comes back from JSON as structured clone would give it: text, booleans, null and
 * ordinary numbers, in plain objects and arrays of which none is met twice.
 */
export function isJson(value: unknown): boolean {
  return isText(value, []);
}

function isText(value: unknown, met: object[]): boolean {
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

function isPlain(value: object, met: object[]): boolean {
  if (met.length > MAX_VALUES) return false;
  for (let i = 0; i < met.length; i++) if (met[i] === value) return false;
  met[met.length] = value;
  if (Array.isArray(value)) {
    const { length } = value;
    if (length > MAX_VALUES || keysOf(value).length !== length) return false;
    for (let i = 0; i < length; i++) if (!(i in value && isText(value[i], met))) return false;
    return true;
  }
  if (getPrototypeOf(value) !== Object.prototype) return false;
  // A method of that name says what the text is.
  if ('toJSON' in value) return false;
  const keys = keysOf(value);
  for (let i = 0; i < keys.length; i++) {
    if (!isText((value as Record<string, unknown>)[keys[i]!], met)) return false;
  }
  return true;
}
