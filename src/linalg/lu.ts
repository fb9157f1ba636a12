/**
 * LU factors, taken apart.
 */
import { type Elements, type Matrix, type NdArray, newMatrix, shaped } from '../arrays/index.ts';
import { native } from '../native.ts';
import {
  type Call,
  callAsync,
  callSync,
  checkFinite,
  type QueuedOptions,
  type SyncOptions,
} from './call.ts';
import type { MatrixInput, StackLike } from './inputs.ts';
import { along, axesOf, columnsOf, matrices, result, rowsOf, unwanted } from './stack.ts';

/** The factors of A = P L U. */
export interface Lu<D extends Elements> {
  /** The permutation, m × m. */
  readonly p: Matrix<D>;
  /** Lower triangular with ones on its diagonal, m × k with k = min(m, n). */
  readonly l: Matrix<D>;
  /** Upper triangular, k × n. */
  readonly u: Matrix<D>;
}

/** The factors of A = L U where L's rows are in A's order. */
export interface PermutedLu<D extends Elements> {
  /** PL: a lower triangular matrix whose rows are permuted, m × k. */
  readonly pl: Matrix<D>;
  /** Upper triangular, k × n. */
  readonly u: Matrix<D>;
}

/** The factors with the permutation as indices: row i of A is row p[i] of LU. */
export interface IndexedLu<D extends Elements, P = Int32Array> {
  /** For each row of A its row in LU; of a stack an array with its axes before. */
  readonly p: P;
  readonly l: Matrix<D>;
  readonly u: Matrix<D>;
}

/** Options of {@link lu}. */
export interface LuOptions extends QueuedOptions {
  /** Returns `{ pl, u }`: L with its rows in A's order. */
  permuteL?: boolean | undefined;
  /** Returns the permutation as an Int32Array of indices. */
  pIndices?: boolean | undefined;
}
/** Options of {@link luSync}. */
export type LuSyncOptions = SyncOptions<LuOptions>;

type AnyLu<D extends Elements> =
  | Lu<D>
  | PermutedLu<D>
  | IndexedLu<D>
  | IndexedLu<D, NdArray<Int32Array>>;

function planLu<D extends Elements>(a: MatrixInput<D>, options: LuSyncOptions): Call<AnyLu<D>> {
  const matrix = matrices('a', a);
  const axes = axesOf(matrix);
  const m = rowsOf(matrix);
  const n = columnsOf(matrix);
  const k = Math.min(m, n);
  const l = result(matrix, ...axes, m, k);
  const u = result(matrix, ...axes, k, n);
  // Made first: it is the largest, and there may be no such.
  const p =
    options.permuteL || options.pIndices ? undefined : newMatrix(matrix.data, [...axes, m, m]);
  const rows = options.permuteL ? undefined : result(matrix, ...axes, m);
  return {
    operation: native.linalg.lu,
    operands: [
      along(matrix, axes),
      along(l, axes),
      along(u, axes),
      rows === undefined ? unwanted(matrix) : along(rows, axes, 1),
    ],
    numbers: [options.permuteL ? 1 : 0, checkFinite()],
    threads: options.threads,
    options: ['permuteL', 'pIndices'],
    name: 'lu',
    axes,
    finish() {
      if (rows === undefined) return { pl: l, u };
      if (p !== undefined) {
        for (let i = 0; i < rows.data.length; i++) p.data[i * m + (rows.data[i] as number)] = 1;
        return { p, l, u };
      }
      const indices = Int32Array.from(rows.data);
      return axes.length === 0 ? { p: indices, l, u } : { p: shaped(indices, rows.shape), l, u };
    },
  };
}

/**
 * The LU factors with row exchanges: A = P L U.
 *
 * @param a - m × n, or a stack: … × m × n
 * @param options - `permuteL`: `{ pl, u }` with PL in one; `pIndices`: the permutation as indices;
 *   `threads`, `signal`, `onProgress`
 * @returns `{ p, l, u }`, as `scipy.linalg.lu`; of a singular matrix too
 * @throws LinAlgError for a NaN or an infinity; otherwise as `matmul`
 *
 * LAPACK: `getrf`.
 */
export async function lu<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: LuOptions & { permuteL: true },
): Promise<PermutedLu<D>>;
export async function lu<D extends Elements>(
  a: StackLike<D>,
  options: LuOptions & { pIndices: true },
): Promise<IndexedLu<D, NdArray<Int32Array>>>;
export async function lu<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: LuOptions & { pIndices: true },
): Promise<IndexedLu<D>>;
export async function lu<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options?: LuOptions,
): Promise<Lu<D>>;
export async function lu<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: LuOptions = {},
): Promise<AnyLu<D>> {
  return callAsync(planLu(a, options), options);
}

/** {@link lu}, blocking until the result is there. */
export function luSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: LuSyncOptions & { permuteL: true },
): PermutedLu<D>;
export function luSync<D extends Elements>(
  a: StackLike<D>,
  options: LuSyncOptions & { pIndices: true },
): IndexedLu<D, NdArray<Int32Array>>;
export function luSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: LuSyncOptions & { pIndices: true },
): IndexedLu<D>;
export function luSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options?: LuSyncOptions,
): Lu<D>;
export function luSync<D extends Elements = Float64Array>(
  a: MatrixInput<D>,
  options: LuSyncOptions = {},
): AnyLu<D> {
  return callSync(planLu(a, options), options);
}
