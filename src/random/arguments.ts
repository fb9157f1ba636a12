/**
 * Checks of the parameters of distributions: what NumPy refuses is refused.
 */
import { rangeError, typeError } from '../errors.ts';

/** Checks one number; the name is for the error. */
export type Check = (name: string, value: unknown) => number;

/** Any number. */
export function anyNumber(name: string, value: unknown): number {
  if (typeof value !== 'number') throw typeError(name, value, 'a number');
  return value;
}

/** A check of numbers for which `holds` is true. */
function numberWhere(holds: (x: number) => boolean, expected: string): Check {
  return (name, value) => {
    const x = anyNumber(name, value);
    if (!holds(x)) throw rangeError(name, value, expected);
    return x;
  };
}

/** A number that is not negative, as −0 is; NaN passes. */
export const nonNegative: Check = numberWhere(
  (x) => !(x < 0 || Object.is(x, -0)),
  'a number of at least 0',
);

/** A number above 0, or NaN. */
export const positive: Check = numberWhere((x) => !(x <= 0), 'a number above 0');

/** A number above 0. */
export const positiveNumber: Check = numberWhere((x) => x > 0, 'a number above 0');

/** A number above 1. */
export const aboveOne: Check = numberWhere((x) => x > 1, 'a number above 1');

/** A number from 0 to 1. */
export const probability: Check = numberWhere((x) => x >= 0 && x <= 1, 'a number from 0 to 1');

/** A number above 0, at most 1. */
export const positiveProbability: Check = numberWhere(
  (x) => x > 0 && x <= 1,
  'a number above 0 and at most 1',
);

/** A number from 0 to below 1. */
export const probabilityBelowOne: Check = numberWhere(
  (x) => x >= 0 && x < 1,
  'a number from 0 to below 1',
);

/** The largest mean whose Poisson numbers fit in 63 bits, ten standard deviations away. */
export const LARGEST_MEAN: number = 2 ** 63 - 10 * Math.sqrt(2 ** 63);

/** A mean of a Poisson distribution. */
export const poissonMean: Check = numberWhere(
  (x) => x >= 0 && x <= LARGEST_MEAN,
  `a number from 0 to ${LARGEST_MEAN}`,
);

/** A whole number of trials, items, …: from `least` to 2^53 - 1. */
export function wholeNumber(name: string, value: unknown, least = 0): number {
  const x = anyNumber(name, value);
  if (!Number.isSafeInteger(x) || x < least) {
    throw rangeError(name, value, `a whole number from ${least} to 2^53 - 1`);
  }
  return x;
}

/** A whole number below 10^9, which what is in an urn may be. */
export function urnCount(name: string, value: unknown): number {
  const x = wholeNumber(name, value);
  if (x >= 1e9) throw rangeError(name, value, 'a whole number below 10^9');
  return x;
}

/** The distance from low to high, which must be a finite number of at least 0. */
export function spread(low: number, high: number): number {
  const range = high - low;
  if (!Number.isFinite(range)) throw rangeError('high', high, 'a finite distance from low');
  if (range < 0 || Object.is(range, -0)) throw rangeError('high', high, 'at least low');
  return range;
}
