/**
 * BLAS and LAPACK on typed arrays: `heddle/linalg`.
 *
 * @packageDocumentation
 */
export {};
