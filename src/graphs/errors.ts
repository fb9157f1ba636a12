/**
 * The errors of graphs.
 */
import { errorText, preview } from '../errors.ts';

/** Names of a circle that fit in a message. */
const MAX_NAMES = 12;

/** Calls need each other in a circle: none of them can be the first. */
export class CycleError extends RangeError {
  override readonly name = 'CycleError';
  readonly code = 'ERR_HEDDLE_CYCLE';
  /** The labels of the calls of the circle; each needs the one behind it, the last one the first. */
  readonly labels: readonly string[];

  constructor(labels: readonly string[]) {
    const shown =
      labels.length > MAX_NAMES
        ? [...labels.slice(0, MAX_NAMES - 1), `… (${labels.length - MAX_NAMES + 1} more)`]
        : labels;
    super(
      `delayed calls need each other in a circle: ${[...shown, labels[0]].join(' → ')} ` +
        '(an arrow points to what is needed). A call can only need calls that do not need it.',
    );
    this.labels = labels;
  }
}

/** A call was not made, because one whose result it needs has failed. */
export class DependencyError extends Error {
  override readonly name = 'DependencyError';
  readonly code = 'ERR_HEDDLE_DEPENDENCY';
  /** What the call is called. */
  readonly label: string;
  /** The call that failed. */
  readonly failed: string;

  constructor(label: string, failed: string, cause: unknown) {
    const text = errorText(cause);
    super(
      `'${label}' was not called: '${failed}', which it needs, failed: ${text?.message ?? preview(cause)}`,
      { cause },
    );
    this.label = label;
    this.failed = failed;
  }
}
