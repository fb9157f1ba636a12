/**
 * Objects of options: one table per function says which there are, what each may be, and what type
 * it has. What no table knows is refused, and so is what makes no sense.
 */
import { rangeError, typeError } from './errors.ts';

/** One option: checks a value that was given, and gives it back. */
export type Option<T> = (name: string, value: unknown) => T;

/** The options of a function. */
export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** What a caller gives for a table: any of its options. */
export type OptionsOf<T extends OptionTable> = {
  readonly [K in keyof T]?: ReturnType<T[K]> | undefined;
};

/** The longest time that Node's timers can wait: 2³¹ − 1 ms, 24.8 days. */
export const MAX_TIMER_MS = 0x7fff_ffff;

/** How many letters two words differ by: insertions, deletions, replacements, swaps of neighbours. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, before[j - 2]! + 1);
      }
      row.push(least);
    }
    before = last;
    last = row;
  }
  return last[b.length]!;
}

/** The known name that somebody probably meant; undefined where none is near. */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');
  const word = plain(given);
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const name of known) {
    const other = plain(name);
    // `n_jobs` and `fullMatrix` mean a name that they contain, or are a part of.
    const part =
      Math.min(word.length, other.length) > 2 && (other.includes(word) || word.includes(other));
    const far = Math.min(distance(word, other), part ? 1 : Number.POSITIVE_INFINITY);
    if (far < least) {
      least = far;
      best = name;
    }
  }
  return least <= Math.max(1, Math.floor(word.length / 3)) ? best : undefined;
}

/**
 * Refuses keys that no option has.
 *
 * @param name - the argument as the caller knows it
 * @param options - what was given; undefined counts as none
 * @param known - the names that there are
 * @throws TypeError where it is no object, or has a key that is not known, with the nearest that is
 */
export function checkKeys(name: string, options: unknown, known: readonly string[]): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null) throw typeError(name, options, 'an object');
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const meant = nearestName(key, known);
    const right = meant
      ? `left out: did you mean '${meant}'?`
      : `left out: there are ${[...known].sort().join(', ') || 'no options'}`;
    throw typeError(`${name}.${key}`, (options as Record<string, unknown>)[key], right);
  }
}

/**
 * Checks what was given against a table.
 *
 * @param name - the argument as the caller knows it, usually 'options'
 * @returns the options that were given and are not undefined
 * @throws TypeError or RangeError that names the option
 */
export function readOptions<T extends OptionTable>(
  name: string,
  table: T,
  options: unknown,
): OptionsOf<T> {
  const read: Record<string, unknown> = {};
  if (options === undefined) return read as OptionsOf<T>;
  if (typeof options !== 'object' || options === null) throw typeError(name, options, 'an object');
  for (const key of Object.keys(options)) {
    if (!Object.hasOwn(table, key)) checkKeys(name, options, Object.keys(table));
    const value = (options as Record<string, unknown>)[key];
    if (value !== undefined) read[key] = table[key]!(key, value);
  }
  return read as OptionsOf<T>;
}

/** What a number may be. */
export interface NumberRange {
  readonly least: number;
  readonly most?: number;
  /** Infinity is allowed: no limit. */
  readonly unlimited?: boolean;
  readonly unit?: string;
}

function describeRange(what: string, { least, most, unlimited, unit }: NumberRange): string {
  const of = unit ? ` of ${unit}` : '';
  const roof = most === undefined ? '' : ` and at most ${most}`;
  return `${what}${of} of at least ${least}${roof}${unlimited ? ', or Infinity' : ''}`;
}

/** A whole number. */
export function wholeNumber(range: NumberRange): Option<number> {
  const right = describeRange('a whole number', range);
  const { least, most = Number.MAX_SAFE_INTEGER, unlimited = false } = range;
  return (name, value) => {
    if (typeof value !== 'number') throw typeError(name, value, right);
    if (unlimited && value === Number.POSITIVE_INFINITY) return value;
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw rangeError(name, value, right);
    }
    return value;
  };
}

/** Milliseconds that a timer can wait, or Infinity. */
export const milliseconds: Option<number> = wholeNumber({
  least: 0,
  most: MAX_TIMER_MS,
  unlimited: true,
  unit: 'milliseconds',
});

/** A number of bytes: as it is, or with a unit, of which each is 1024 of the one before. */
export type ByteSize = number | `${number}${'K' | 'M' | 'G' | 'T'}`;

const UNITS = ['K', 'M', 'G', 'T'];

/** A size that has been read from a table, which makes a number of every text. */
export function bytesOf(size: ByteSize | undefined): number | undefined {
  return size as number | undefined;
}

/** A number of bytes, as a number or as '1M'; what is given back is the number. */
export function byteSize(range: Omit<NumberRange, 'unit'>): Option<ByteSize> {
  const count = wholeNumber({ ...range, unit: "bytes (or a text like '100M')" });
  return (name, value) => {
    if (typeof value !== 'string') return count(name, value);
    const [, digits, unit] = /^(\d+(?:\.\d+)?)([KMGT])$/.exec(value) ?? [];
    if (digits === undefined) throw rangeError(name, value, "a number of bytes, or one as '100M'");
    return count(name, Math.round(Number(digits) * 1024 ** (UNITS.indexOf(unit!) + 1)));
  };
}

/** A number greater than 0. */
export function positiveNumber(range: Omit<NumberRange, 'least'>): Option<number> {
  const { most = Number.MAX_VALUE, unlimited = false, unit } = range;
  const of = unit ? ` of ${unit}` : '';
  const roof = range.most === undefined ? '' : ` and at most ${range.most}`;
  const right = `a number${of} greater than 0${roof}${unlimited ? ', or Infinity' : ''}`;
  return (name, value) => {
    if (typeof value !== 'number') throw typeError(name, value, right);
    if (unlimited && value === Number.POSITIVE_INFINITY) return value;
    if (!(value > 0 && value <= most)) throw rangeError(name, value, right);
    return value;
  };
}

/** One of some texts. */
export function oneOf<const V extends string>(...values: readonly V[]): Option<V> {
  const right = `one of ${values.map((value) => `'${value}'`).join(', ')}`;
  return (name, value) => {
    if (!values.includes(value as V)) throw rangeError(name, value, right);
    return value as V;
  };
}

/** true or false. */
export const flag: Option<boolean> = (name, value) => {
  if (typeof value !== 'boolean') throw typeError(name, value, 'true or false');
  return value;
};

/** A text; `what` says which. */
export function text(what: string): Option<string> {
  return (name, value) => {
    if (typeof value !== 'string') throw typeError(name, value, what);
    return value;
  };
}

/** A signal that stops what it is given to. */
export const abortSignal: Option<AbortSignal> = (name, value) => {
  const { addEventListener, aborted } = (value ?? {}) as Partial<AbortSignal>;
  if (typeof addEventListener !== 'function' || typeof aborted !== 'boolean') {
    throw typeError(name, value, 'an AbortSignal');
  }
  return value as AbortSignal;
};

/** Whatever; it is checked where it is used. */
export function anything<T>(): Option<T> {
  return (_name, value) => value as T;
}
