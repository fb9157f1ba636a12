/**
 * Errors about arguments, for every floor: what was given, and what would be right.
 */
import { inspect } from 'node:util';

/** The code that every argument error of this library carries. */
export const INVALID_ARGUMENT = 'ERR_HEDDLE_INVALID_ARGUMENT';

/** Shows a value in a message: short, on one line, never throwing. */
export function preview(value: unknown): string {
  let text: string;
  try {
    text = inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 4 });
  } catch {
    // A getter or a trap of a proxy threw; what reads a tag may run into the same.
    text = typeof value === 'function' ? '[Function]' : '[Object]';
  }
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

/** What people read of an error. */
export interface ErrorText {
  readonly name: string;
  readonly message: string;
  /** Empty where there is none. */
  readonly stack: string;
}

/** The texts of an error, null for what is none. Never throws, whatever getters and proxies do. */
export function errorText(thrown: unknown): ErrorText | null {
  try {
    if (!(thrown instanceof Error)) return null;
  } catch {
    return null;
  }
  const read = (key: keyof ErrorText): string | null => {
    try {
      const value: unknown = thrown[key];
      return typeof value === 'string' ? value : key === 'stack' ? null : preview(value);
    } catch {
      return null;
    }
  };
  return {
    name: read('name') ?? 'Error',
    message: read('message') ?? '',
    stack: read('stack') ?? '',
  };
}

function describe(name: string, value: unknown, expected: string): string {
  return `'${name}' must be ${expected}, but ${preview(value)} was given`;
}

/**
 * A RangeError for a value of the right kind that makes no sense.
 *
 * @param name - the argument or option as the caller knows it
 * @param value - what was given
 * @param expected - what would be right, to complete "must be …"
 */
export function rangeError(name: string, value: unknown, expected: string): RangeError {
  return Object.assign(new RangeError(describe(name, value, expected)), { code: INVALID_ARGUMENT });
}

/** A TypeError for a value of the wrong kind; parameters as those of {@link rangeError}. */
export function typeError(name: string, value: unknown, expected: string): TypeError {
  return Object.assign(new TypeError(describe(name, value, expected)), { code: INVALID_ARGUMENT });
}

/** EMFILE, ENFILE, ENOMEM and EAGAIN of Linux, macOS and (the first three) Windows. */
const SHORTAGES = new Set<unknown>([24, 23, 12, 11, 35]);

/**
 * Whether an error of the addon says that the process has no thread, descriptor or memory left, and
 * nothing about what was asked for: the same may work later.
 */
export function isExhausted(error: unknown): boolean {
  const { code, errno } = (error ?? {}) as { code?: unknown; errno?: unknown };
  if (code === 'ERR_HEDDLE_OUT_OF_MEMORY') return true;
  const system = code === 'ERR_HEDDLE_SYSTEM' || code === 'ERR_HEDDLE_SHARED_MEMORY';
  return system && SHORTAGES.has(errno);
}
