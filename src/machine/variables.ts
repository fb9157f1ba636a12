/**
 * Environment variables that hold counts: read strictly, so that a typing error is never taken
 * for "use the default".
 */
import { rangeError } from '../errors.ts';

/** Where variables are read: `process.env`, or a record in its place. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads a whole number from an environment variable.
 *
 * @param name - the variable
 * @param options - the smallest value allowed (1), values allowed besides, the environment
 * @returns the number, or undefined where the variable is missing or empty
 * @throws RangeError naming the variable and its value
 */
export function integerVariable(
  name: string,
  options: { min?: number; also?: readonly number[]; env?: Environment } = {},
): number | undefined {
  const { min = 1, also = [], env = process.env } = options;
  const text = env[name]?.trim();
  if (text === undefined || text === '') return undefined;
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value) && (value >= min || also.includes(value))) return value;
  const others = also.length > 0 ? `, or ${also.join(' or ')}` : '';
  throw rangeError(name, env[name], `a whole number of at least ${min}${others}`);
}
