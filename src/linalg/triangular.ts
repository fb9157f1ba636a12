/**
 * Triangular systems of many right-hand sides, in place: BLAS's trsm.
 */
import { type Elements, type Matrix, type MatrixLike, sameElements } from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { native } from '../native.ts';
import {
  type Call,
  callAsync,
  callSync,
  checkFinite,
  type QueuedOptions,
  type SyncOptions,
} from './call.ts';
import { singular } from './errors.ts';
import { type MatrixInput, takeBoth } from './inputs.ts';
import {
  along,
  axesOf,
  broadcast,
  columnsOf,
  matrices,
  resultIn,
  rowsOf,
  squares,
} from './stack.ts';

/** Options of {@link solveTriangular}. */
export interface SolveTriangularOptions<D extends Elements> extends QueuedOptions {
  /** Which triangle of A is read: `'lower'` (default) or `'upper'`. */
  triangle?: 'lower' | 'upper' | undefined;
  /** `'left'` (default): AX = αB; `'right'`: XA = αB. */
  side?: 'left' | 'right' | undefined;
  /** Takes Aᵀ for A. */
  transpose?: boolean | undefined;
  /** Takes A's diagonal to be all ones, and does not read it. */
  unitDiagonal?: boolean | undefined;
  /** α; 1 when not given. */
  alpha?: number | undefined;
  /** Where X is written: an array of B's shape apart from A, or B itself. */
  out?: MatrixLike<D> | undefined;
}
/** Options of {@link solveTriangularSync}. */
export type SolveTriangularSyncOptions<D extends Elements> = SyncOptions<SolveTriangularOptions<D>>;

function oneOf<T extends string>(name: string, value: T, choices: readonly T[]): T {
  if (choices.includes(value)) return value;
  throw typeError(name, value, choices.map((choice) => `'${choice}'`).join(' or '));
}

function planSolveTriangular<D extends Elements>(
  a: MatrixInput<D>,
  b: MatrixInput<D>,
  options: SolveTriangularSyncOptions<D>,
): Call<Matrix<D>> {
  const [given, sides] = takeBoth('a', a, 'b', b);
  const square = squares('a', given);
  const right = matrices('b', sides);
  sameElements('b.data', square, right);
  const { alpha = 1 } = options;
  if (typeof alpha !== 'number') throw typeError('alpha', alpha, 'a number');
  const lower = oneOf('triangle', options.triangle ?? 'lower', ['lower', 'upper']) === 'lower';
  const left = oneOf('side', options.side ?? 'left', ['left', 'right']) === 'left';
  const n = rowsOf(square);
  if ((left ? rowsOf(right) : columnsOf(right)) !== n) {
    throw rangeError(
      'b.shape',
      right.shape,
      `that of ${n} ${left ? 'rows' : 'columns'}, as many as 'a' has`,
    );
  }
  const axes = broadcast('b', axesOf(square), axesOf(right));
  const solution = resultIn(options.out, square, [...axes, rowsOf(right), columnsOf(right)]);
  return {
    operation: native.linalg.trsm,
    operands: [along(square, axes), along(right, axes), along(solution, axes)],
    numbers: [
      left ? 1 : 0,
      lower ? 1 : 0,
      options.transpose ? 1 : 0,
      options.unitDiagonal ? 1 : 0,
      alpha,
      checkFinite(),
    ],
    threads: options.threads,
    options: ['triangle', 'side', 'out', 'alpha', 'transpose', 'unitDiagonal'],
    name: 'solveTriangular',
    axes,
    failed: singular,
    finish: () => solution,
  };
}

/**
 * Solves AX = αB, or XA = αB, for a triangular A, without a copy where X takes B's place.
 *
 * @param a - n × n, or a stack: … × n × n; only one triangle is read
 * @param b - n × m, or m × n for `side: 'right'`; or a stack of them. The axes before the last two
 *   are broadcast
 * @param options - `triangle`, `side`, `transpose`, `unitDiagonal`, `alpha`; `out` (may be `b`),
 *   `threads`, `signal`, `onProgress`
 * @returns X, of b's shape, with the axes of the broadcast stack
 * @throws LinAlgError where A is singular (`info`: which element of the diagonal is zero), or for a
 *   NaN or an infinity; otherwise as `matmul`
 *
 * BLAS: `trsm`.
 */
export async function solveTriangular<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  b: MatrixInput<D>,
  options: SolveTriangularOptions<D> = {},
): Promise<Matrix<D>> {
  return callAsync(planSolveTriangular(a, b, options), options);
}

/** {@link solveTriangular}, blocking until the result is there. */
export function solveTriangularSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  b: MatrixInput<D>,
  options: SolveTriangularSyncOptions<D> = {},
): Matrix<D> {
  return callSync(planSolveTriangular(a, b, options), options);
}
