/**
 * Errors that a computation itself ends with.
 */

/** A matrix for which the operation has no result: singular, not positive definite, … */
export class LinAlgError extends Error {
  override readonly name = 'LinAlgError';
  readonly code = 'ERR_HEDDLE_LINALG';
  /** LAPACK's `info`: which pivot, minor or value; 0 where LAPACK was not asked. */
  readonly info: number;
  /** Which matrix of a stack it was, by its index along each axis; the first one that failed. */
  readonly index: readonly number[];

  constructor(message: string, info = 0, index: readonly number[] = []) {
    super(message);
    this.info = info;
    this.index = index;
  }
}

/** What failed: the operation's name, LAPACK's `info`, and the index in a stack. */
export interface Failure {
  readonly operation: string;
  readonly info: number;
  readonly index: readonly number[];
}

function failed({ operation, info, index }: Failure, what: string, code = info): LinAlgError {
  const where = index.length === 0 ? 'the matrix' : `the matrix [${index.join(', ')}] of the stack`;
  return new LinAlgError(`${operation}: ${what.replace('the matrix', where)}`, code, index);
}

/** The error for an argument with a NaN or an infinity in it. */
export function notFinite(failure: Failure): LinAlgError {
  const text =
    'the matrix must have no NaN and no infinity in it, nor may what goes with it ' +
    '(withConfig({ assumeFinite: true }) skips the check)';
  return failed(failure, text, 0);
}

/** The error for a matrix with no inverse. */
export function singular(failure: Failure): LinAlgError {
  return failed(failure, `the matrix is singular; its pivot ${failure.info} is zero`);
}

/** The error for a matrix that is not positive definite. */
export function notPositiveDefinite(failure: Failure): LinAlgError {
  return failed(
    failure,
    `the matrix is not positive definite; its leading minor of order ${failure.info} is not`,
  );
}

/** The error for an iteration that did not end; `what` LAPACK's `info` counts. */
export function notConverged(failure: Failure, what: string): LinAlgError {
  return failed(failure, `no convergence for the matrix; ${failure.info} ${what}`);
}
