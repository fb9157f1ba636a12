/**
 * Errors on their way out of a worker. Whatever was thrown arrives: as it is where that can be sent,
 * else as much of it as can. Getters and proxies may throw while it is looked at.
 */
import { errorText, preview } from '../errors.ts';
import type { Codec, Packed } from '../protocol/index.ts';

/** What was thrown as an error of texts, which any serializer takes. */
export function plainError(thrown: unknown): Error {
  const text = errorText(thrown);
  if (!text) return new Error(typeof thrown === 'string' ? thrown : preview(thrown));
  const plain = new Error(text.message);
  plain.name = text.name;
  if (text.stack) plain.stack = text.stack;
  return plain;
}

function define(error: Error, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable });
}

function keysOf(thrown: unknown): readonly string[] {
  try {
    return thrown instanceof Error ? Object.keys(thrown) : [];
  } catch {
    return [];
  }
}

/** The parts of an error that can be sent, where it can't be as a whole. */
function sendable(thrown: unknown, reason: Error, codec: Codec): Error {
  const plain = plainError(thrown);
  define(plain, 'name', plain.name, false);
  for (const key of keysOf(thrown)) {
    try {
      const value = (thrown as Record<string, unknown>)[key];
      codec.packOne(value, key).release?.();
      define(plain, key, value, true);
    } catch {
      // This part stays behind.
    }
  }
  const why = errorText(reason)?.message ?? preview(reason);
  define(plain, 'cause', new Error(`A part of this error can't be sent: ${why}`), false);
  return plain;
}

/** The message of what was thrown; there always is one. */
export function packError(codec: Codec, thrown: unknown): Packed<unknown> {
  try {
    return codec.packOne(thrown, 'error');
  } catch (reason) {
    try {
      return codec.packOne(sendable(thrown, reason as Error, codec), 'error');
    } catch {
      // A task may have replaced what all this is made with. A text needs nothing.
      return { message: plainText(thrown), transfer: [], release: null, takeAway: null };
    }
  }
}

/** What was thrown as one text. */
export function plainText(thrown: unknown): string {
  try {
    const text = errorText(thrown);
    return text ? `${text.name}: ${text.message}` : preview(thrown);
  } catch {
    return 'an error that can not be shown';
  }
}
