/**
 * Errors that a computation itself ends with.
 */

/** A matrix for which the operation has no result: singular, not positive definite, … */
export class LinAlgError extends Error {
  override readonly name = 'LinAlgError';
  readonly code = 'ERR_HEDDLE_LINALG';
  /** LAPACK's `info`: which pivot, minor or value; 0 where LAPACK was not asked. */
  readonly info: number;

  constructor(message: string, info = 0) {
    super(message);
    this.info = info;
  }
}

/** The error for an argument with a NaN or an infinity in it. */
export function notFinite(operation: string): LinAlgError {
  return new LinAlgError(
    `${operation}: the matrices must have no NaN and no infinity in them ` +
      '(withConfig({ assumeFinite: true }) skips the check)',
  );
}

/** The error for a matrix with no inverse. */
export function singular(operation: string, info: number): LinAlgError {
  return new LinAlgError(`${operation}: the matrix is singular; its pivot ${info} is zero`, info);
}

/** The error for a matrix that is not positive definite. */
export function notPositiveDefinite(operation: string, info: number): LinAlgError {
  return new LinAlgError(
    `${operation}: the matrix is not positive definite; its leading minor of order ${info} is not`,
    info,
  );
}

/** The error for an iteration that did not end; `what` LAPACK's `info` counts. */
export function notConverged(operation: string, info: number, what: string): LinAlgError {
  return new LinAlgError(`${operation}: no convergence; ${info} ${what}`, info);
}
