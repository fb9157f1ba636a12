/**
 * The option `preDispatch`: a number, 'all', or an expression like '2*jobs'. Parsed by hand; it is
 * never run as code.
 */
import { rangeError, typeError } from '../errors.ts';

const RIGHT = "a whole number of at least 1, 'all', or an expression like '2*jobs'";

/** Evaluates an arithmetic expression of numbers and `jobs`; NaN where it is none. */
function evaluate(text: string, jobs: number): number {
  const tokens = text.match(/\d+(?:\.\d+)?|\.\d+|[a-z_]+|\/\/|[-+*/()]|\S/gi) ?? [];
  let at = 0;
  const take = (...options: string[]): string | undefined =>
    options.includes(tokens[at] ?? '') ? tokens[at++] : undefined;

  const atom = (): number => {
    const token = tokens[at++];
    if (token === undefined) return Number.NaN;
    if (token === '(') {
      const value = sum();
      return take(')') ? value : Number.NaN;
    }
    if (token === '-') return -atom();
    if (token === '+') return atom();
    if (token === 'jobs' || token === 'n_jobs') return jobs;
    return /^[\d.]/.test(token) ? Number(token) : Number.NaN;
  };
  const product = (): number => {
    let value = atom();
    for (let op = take('*', '/', '//'); op; op = take('*', '/', '//')) {
      const right = atom();
      if (op === '*') value *= right;
      else value = op === '/' ? value / right : Math.floor(value / right);
    }
    return value;
  };
  const sum = (): number => {
    let value = product();
    for (let op = take('+', '-'); op; op = take('+', '-')) {
      value = op === '+' ? value + product() : value - product();
    }
    return value;
  };

  const value = sum();
  return at === tokens.length ? value : Number.NaN;
}

/** How many batches may be on their way at a time. */
export function preDispatchLimit(value: number | string, jobs: number): number {
  if (value === 'all') return Number.POSITIVE_INFINITY;
  if (typeof value !== 'number' && typeof value !== 'string') {
    throw typeError('preDispatch', value, RIGHT);
  }
  const number = typeof value === 'number' ? value : Math.floor(evaluate(value, jobs));
  if (!Number.isSafeInteger(number) || number < 1) throw rangeError('preDispatch', value, RIGHT);
  return number;
}
