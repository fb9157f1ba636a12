/**
 * Files as typed arrays, through the page cache.
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import { rangeError, typeError } from '../errors.ts';
import {
  constructorOf,
  type DType,
  type DTypes,
  type ShapedArray,
  shaped,
  sizeOf,
} from './dtype.ts';
import { readHeader } from './npy.ts';
import { allocateFile } from './segment.ts';

/** How a file is mapped. */
export interface MapFileOptions {
  /**
   * `'copyonwrite'` (default): writes stay in the process that makes them and never reach the file.
   * `'readwrite'`: they do, and all workers see them. `'create'`: the file is made anew, of zeros.
   */
  readonly mode?: 'copyonwrite' | 'readwrite' | 'create';
  /** Where the numbers begin, in bytes. Default 0, and for an .npy file behind its header. */
  readonly offset?: number;
}

/**
 * Maps a file of raw numbers, or an .npy file, as a typed array.
 *
 * Nothing is read before it is used; what is used comes from the page cache, of which all workers
 * share one copy. So an array may be larger than the memory, and costs nothing to send to a worker:
 * that maps the same file. The file must not become shorter while it is mapped: touching what is no
 * longer there ends the process (SIGBUS).
 *
 * @param file - the path
 * @param dtype - the element type; may be left out for an .npy file, which says it
 * @param shape - a length gives a typed array, a list of lengths `{ data, shape }`; left out: as the
 *   .npy file says, or one dimension to the end of the file
 * @example
 * ```ts
 * const table = mapFile('items.npy');
 * const scratch = mapFile('scratch.bin', 'float32', [rows, 128], { mode: 'create' });
 * ```
 */
export function mapFile(file: string): ShapedArray;
export function mapFile<D extends DType>(
  file: string,
  dtype: D,
  shape: number,
  options?: MapFileOptions,
): DTypes[D];
export function mapFile<D extends DType>(
  file: string,
  dtype: D,
  shape?: readonly number[],
  options?: MapFileOptions,
): ShapedArray<DTypes[D]>;
export function mapFile(
  file: string,
  dtype?: DType,
  shape?: number | readonly number[],
  options: MapFileOptions = {},
): unknown {
  const { mode = 'copyonwrite' } = options;
  if (mode !== 'copyonwrite' && mode !== 'readwrite' && mode !== 'create') {
    throw typeError('mode', mode, "'copyonwrite', 'readwrite' or 'create'");
  }
  // Workers may have another working directory.
  const full = path.resolve(file);
  const header = mode === 'create' ? null : readHeader(full);
  if (header && dtype !== undefined && dtype !== header.dtype) {
    throw typeError('dtype', dtype, `'${header.dtype}', as ${file} says`);
  }
  const kind = dtype ?? header?.dtype;
  if (!kind) throw typeError('dtype', dtype, `given, as ${file} is not an .npy file`);
  const View = constructorOf(kind);
  const offset = options.offset ?? header?.offset ?? 0;
  const width = View.BYTES_PER_ELEMENT;
  if (!Number.isSafeInteger(offset) || offset < 0 || offset % width !== 0) {
    // The processor wants numbers aligned, for Atomics at least.
    throw rangeError('offset', offset, `a multiple of ${width} bytes of at least 0`);
  }
  const wanted = shape ?? header?.shape ?? [rest(full, offset, width, mode)];
  const size = sizeOf(wanted);
  const bytes = size * width;
  if (header && shape !== undefined && size !== sizeOf(header.shape)) {
    throw rangeError('shape', shape, `a shape of the ${sizeOf(header.shape)} numbers in ${file}`);
  }
  const buffer = bytes === 0 ? new ArrayBuffer(0) : allocateFile(full, offset, bytes, mode);
  return shaped(new View(buffer, 0, size), wanted);
}

function rest(file: string, offset: number, itemSize: number, mode: string): number {
  if (mode === 'create') throw typeError('shape', undefined, 'given for a file that is created');
  const bytes = statSync(file).size - offset;
  if (bytes < 0 || bytes % itemSize !== 0) {
    throw rangeError('dtype', `${itemSize} bytes wide`, `of a width that divides ${bytes} bytes`);
  }
  return bytes / itemSize;
}
