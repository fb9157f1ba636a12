/**
 * BLAS and LAPACK on typed arrays: `heddle/linalg`.
 *
 * Every operation returns a Promise and computes off the event loop; its `…Sync` twin blocks. The
 * arguments of a queued operation must not be changed before its Promise has settled.
 *
 * @packageDocumentation
 */
export { type ExecutorStats, executorStats } from '../executor/index.ts';
export { type BlasInfo, blasInfo, useBlas } from './blas.ts';
export { LinAlgError } from './errors.ts';
export type { Elements, Matrix, MatrixLike } from './matrix.ts';
export {
  type GramOptions,
  type GramSyncOptions,
  gram,
  gramSync,
  type MatmulOptions,
  type MatmulSyncOptions,
  matmul,
  matmulSync,
  type OutOptions,
} from './products.ts';
export {
  type Assumption,
  type CholeskyOptions,
  type CholeskySyncOptions,
  cholesky,
  choleskySync,
  type SolveOptions,
  type SolveSyncOptions,
  solve,
  solveSync,
} from './solve.ts';
