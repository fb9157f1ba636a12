/**
 * Texts of programs as far as a page shows them.
 */
import { errorText, preview } from '../errors.ts';
import type { ErrorLine } from './messages.ts';

/** The longest name, line and stack that are kept (characters). */
const MAX_NAME = 120;
const MAX_LINE = 2000;
const MAX_STACK = 8000;

/** A text, or its beginning. */
export function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

export const nameText = (text: string): string => cut(text, MAX_NAME);
export const lineText = (text: string): string => cut(text, MAX_LINE);

/** What people read of an error, whatever it is. */
export function errorLine(where: string, error: unknown): ErrorLine {
  const text = errorText(error) ?? { name: 'thrown', message: preview(error), stack: '' };
  const argument = argumentOf(error);
  return {
    time: Date.now(),
    where,
    name: nameText(text.name),
    message: lineText(text.message),
    stack: cut(text.stack, MAX_STACK),
    argument: argument === null ? null : lineText(argument),
  };
}

/** Of errors of tasks: their argument as far as it fits on a line. Whatever getters do. */
function argumentOf(error: unknown): string | null {
  try {
    const { argument } = error as { argument?: unknown };
    return typeof argument === 'string' ? argument : null;
  } catch {
    return null;
  }
}
