/**
 * The variable HEDDLE_DASHBOARD: what a program opens without a word in its code.
 */
import { rangeError } from '../errors.ts';

/** 'off': nothing, whatever the program says. 'asked': what the program opens itself. */
export type DashboardMode = 'off' | 'asked' | 'page' | 'attach';

const modes: Readonly<Record<string, DashboardMode>> = {
  '': 'asked',
  '0': 'off',
  '1': 'page',
  attach: 'attach',
};

/**
 * What the variable says.
 *
 * @throws RangeError for a value that it does not take
 */
export function dashboardMode(): DashboardMode {
  const value = process.env.HEDDLE_DASHBOARD ?? '';
  const mode = Object.hasOwn(modes, value) ? modes[value] : undefined;
  if (mode === undefined) throw rangeError('HEDDLE_DASHBOARD', value, "0, 1 or 'attach'");
  return mode;
}
