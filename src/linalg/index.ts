/**
 * BLAS and LAPACK on typed arrays: `heddle/linalg`.
 *
 * Every operation returns a Promise and computes off the event loop; its `…Sync` twin blocks. The
 * arguments of a queued operation must not be changed before its Promise has settled.
 *
 * @packageDocumentation
 */

import '../inlined.ts';

export type { Elements, Matrix, MatrixLike, NdArray, NdArrayLike } from '../arrays/index.ts';
export { type ExecutionOptions, type ExecutorStats, executorStats } from '../executor/index.ts';
export { type BlasInfo, blasInfo, useBlas } from './blas.ts';
export type { QueuedOptions } from './call.ts';
export {
  type ComposedOptions,
  type ComposedSyncOptions,
  kron,
  kronSync,
  matrixPower,
  matrixPowerSync,
  multiDot,
  multiDotSync,
  outer,
  outerSync,
  type TraceOptions,
  type TraceSyncOptions,
  trace,
  traceSync,
} from './composed.ts';
export {
  type ComplexMatrix,
  type Eig,
  type Eigh,
  type EighOptions,
  type EighSyncOptions,
  type EigOptions,
  type EigSyncOptions,
  eig,
  eigh,
  eighSync,
  eigSync,
  eigvals,
  eigvalsh,
  eigvalshSync,
  eigvalsSync,
} from './eigen.ts';
export { LinAlgError } from './errors.ts';
export {
  type LuFactorOptions,
  type LuFactorSyncOptions,
  type LuFactors,
  type LuSolveOptions,
  type LuSolveSyncOptions,
  luFactor,
  luFactorSync,
  luSolve,
  luSolveSync,
} from './factored.ts';
export {
  type Integers,
  type MatrixInput,
  matrix,
  type NestedArray,
  type NestedNumbers,
  type StackLike,
  toArray,
} from './inputs.ts';
export {
  type DetOptions,
  type DetSyncOptions,
  det,
  detSync,
  type InvOptions,
  type InvSyncOptions,
  inv,
  invSync,
  type PinvOptions,
  type PinvSyncOptions,
  pinv,
  pinvSync,
  type SignAndLog,
  type SignsAndLogs,
  slogdet,
  slogdetSync,
} from './inverse.ts';
export {
  type IndexedLu,
  type Lu,
  type LuOptions,
  type LuSyncOptions,
  lu,
  luSync,
  type PermutedLu,
} from './lu.ts';
export { type NormOptions, type NormSyncOptions, norm, normSync } from './norms.ts';
export {
  type LeastSquares,
  type LeastSquaresStack,
  type LstsqOptions,
  type LstsqSyncOptions,
  lstsq,
  lstsqSync,
  type Qr,
  type QrOptions,
  type QrSyncOptions,
  qr,
  qrSync,
} from './orthogonal.ts';
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
  type ScaledOptions,
} from './products.ts';
export {
  type ConditionOrder,
  type CondOptions,
  type CondSyncOptions,
  cond,
  condSync,
  type MatrixRankOptions,
  type MatrixRankSyncOptions,
  matrixRank,
  matrixRankSync,
} from './rank.ts';
export {
  type Svd,
  type SvdOptions,
  type SvdSyncOptions,
  type SvdvalsOptions,
  type SvdvalsSyncOptions,
  svd,
  svdSync,
  svdvals,
  svdvalsSync,
} from './singular.ts';
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
export {
  type SolveTriangularOptions,
  type SolveTriangularSyncOptions,
  solveTriangular,
  solveTriangularSync,
} from './triangular.ts';
export {
  type AxpyOptions,
  type AxpySyncOptions,
  axpy,
  axpySync,
  type DotOptions,
  type DotSyncOptions,
  dot,
  dotSync,
  type ScaleOptions,
  type ScaleSyncOptions,
  scale,
  scaleSync,
} from './vectors.ts';
