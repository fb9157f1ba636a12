/**
 * Checks of the parameters of distributions: what NumPy refuses is refused.
 */
import { rangeError, typeError } from '../errors.ts';

function number(name: string, value: unknown): number {
  if (typeof value !== 'number') throw typeError(name, value, 'a number');
  return value;
}

/** Any number. */
export const anyNumber = number;

/** A number that is not negative, as −0 is; NaN passes and gives NaN. */
export function nonNegative(name: string, value: unknown): number {
  const x = number(name, value);
  if (x < 0 || Object.is(x, -0)) throw rangeError(name, value, 'a number of at least 0');
  return x;
}

/** A number above 0, or NaN. */
export function positive(name: string, value: unknown): number {
  const x = number(name, value);
  if (x <= 0) throw rangeError(name, value, 'a number above 0');
  return x;
}

/** A number from 0 to 1. */
export function probability(name: string, value: unknown): number {
  const x = number(name, value);
  if (!(x >= 0 && x <= 1)) throw rangeError(name, value, 'a number from 0 to 1');
  return x;
}

/** The largest mean whose Poisson numbers stay below 2^53, ten standard deviations away. */
const LARGEST_MEAN = Number.MAX_SAFE_INTEGER - 10 * Math.sqrt(Number.MAX_SAFE_INTEGER);

/** A mean of a Poisson distribution. */
export function poissonMean(name: string, value: unknown): number {
  const x = number(name, value);
  if (!(x >= 0 && x <= LARGEST_MEAN)) {
    throw rangeError(name, value, `a number from 0 to ${LARGEST_MEAN}`);
  }
  return x;
}

/** A whole number of trials, items, …: from `least` to 2^53 - 1. */
export function wholeNumber(name: string, value: unknown, least = 0): number {
  const x = number(name, value);
  if (!Number.isSafeInteger(x) || x < least) {
    throw rangeError(name, value, `a whole number from ${least} to 2^53 - 1`);
  }
  return x;
}

/** The distance from low to high, which must be a finite number of at least 0. */
export function spread(low: unknown, high: unknown): number {
  const range = number('high', high) - number('low', low);
  if (!Number.isFinite(range)) throw rangeError('high', high, 'a finite distance from low');
  if (range < 0 || Object.is(range, -0)) throw rangeError('high', high, 'at least low');
  return range;
}
