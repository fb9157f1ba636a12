/**
 * New arrays in shared memory, made on purpose.
 */
import { types } from 'node:util';
import { type DType, type DTypes, lengthOf, type TypedArray } from '../arrays/index.ts';
import { typeError } from '../errors.ts';
import { checkKeys } from '../options.ts';
import { arrayOrShaped, constructorOf, dtypeOf, type ShapedArray } from './dtype.ts';
import type { SharedMode } from './handle.ts';
import { allocate } from './segment.ts';

/** How shared memory is to be used. */
export interface ShareOptions {
  /** See {@link SharedMode}. */
  readonly mode?: SharedMode;
}

/** The mode of shared memory, if it is one. */
export function checkMode(mode: SharedMode): SharedMode {
  if (mode !== 'copyonwrite' && mode !== 'readwrite') {
    throw typeError('mode', mode, "'copyonwrite' or 'readwrite'");
  }
  return mode;
}

function zeros<D extends DType>(
  dtype: D,
  shape: number | readonly number[],
  options: ShareOptions = {},
): DTypes[D] | ShapedArray<DTypes[D]> {
  checkKeys('options', options, ['mode']);
  const View = constructorOf(dtype);
  const size = lengthOf(shape);
  const mode = checkMode(options.mode ?? 'readwrite');
  // Memory of no bytes cannot be mapped; nothing can be written to it either.
  const bytes = size * View.BYTES_PER_ELEMENT;
  const buffer = bytes === 0 ? new ArrayBuffer(0) : allocate(bytes, mode);
  return arrayOrShaped(new View(buffer, 0, size) as DTypes[D], shape);
}

function from<D extends DType>(
  values: Iterable<number> | Iterable<bigint> | TypedArray,
  options: ShareOptions & { readonly dtype?: D } = {},
): DTypes[D] {
  checkKeys('options', options, ['mode', 'dtype']);
  const typed = ArrayBuffer.isView(values) && !types.isDataView(values);
  const source = (typed ? values : Array.from(values as Iterable<number>)) as ArrayLike<number>;
  const dtype = options.dtype ?? (typed ? (dtypeOf(values as TypedArray) as D) : ('float64' as D));
  const mode = options.mode ?? 'readwrite';
  const array = zeros(dtype, source.length, { mode }) as DTypes[D];
  (array as Float64Array).set(source);
  return array;
}

/** Makes arrays in shared memory; everyone sees everyone's writes unless `mode` says otherwise. */
export interface Shared {
  /**
   * Zeros. A length gives a typed array, a list of lengths `{ data, shape }`.
   *
   * @example
   * ```ts
   * const out = shared.zeros('float64', rows);
   * await mapChunks(rows, (start, end) => { for (let i = start; i < end; i++) out[i] = f(i); });
   * ```
   */
  zeros<D extends DType>(dtype: D, length: number, options?: ShareOptions): DTypes[D];
  zeros<D extends DType>(
    dtype: D,
    shape: readonly number[],
    options?: ShareOptions,
  ): ShapedArray<DTypes[D]>;
  /** A copy of values: of a typed array's own element type, else 'float64' unless `dtype` is given. */
  from<T extends TypedArray>(array: T, options?: ShareOptions): T;
  from<D extends DType = 'float64'>(
    values: Iterable<number> | Iterable<bigint>,
    options?: ShareOptions & { readonly dtype?: D },
  ): DTypes[D];
}

/** See {@link Shared}. */
export const shared: Shared = Object.freeze({ zeros, from }) as unknown as Shared;
