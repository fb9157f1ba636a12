/**
 * The counters that istanbul puts into instrumented code. Nobody reads them in a worker, and what
 * they hold is no part of what a function computes.
 */
import { textOf } from '../codec/index.ts';
import { inspectFunction, NoInspector } from './inspect.ts';

/** What istanbul calls its function; a function of a program may be called like this, too. */
const NAME = /^cov_[a-z0-9]+$/;

/** Whether a function is the one by which instrumented code gets at its counters. */
export function isCounter(name: string, fn: object): boolean {
  if (!NAME.test(name)) return false;
  const text = textOf(fn);
  // Before its first call it makes them; afterwards it is another one, which has them.
  if (text.includes('__coverage__') && text.includes('_coverageSchema')) return true;
  if (!/^function\s*\(\)\s*\{\s*return actualCoverage;?\s*\}$/.test(text)) return false;
  try {
    const { scopes } = inspectFunction(fn);
    const found = scopes.find(({ variables }) => Object.hasOwn(variables, 'actualCoverage'));
    const counters = found?.variables.actualCoverage as object | undefined;
    return typeof counters === 'object' && counters !== null && '_coverageSchema' in counters;
  } catch (error) {
    if (error instanceof NoInspector) return false;
    throw error;
  }
}
