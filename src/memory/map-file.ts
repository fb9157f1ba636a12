/**
 * Files as typed arrays, through the page cache.
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import { type DType, type DTypes, lengthOf, type TypedArray } from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { checkKeys } from '../options.ts';
import { arrayOrShaped, constructorOf, type ShapedArray } from './dtype.ts';
import { denseStride, type NpyArray, type NpyLayout, readHeader } from './npy.ts';
import { NpyError } from './npy-header.ts';
import { allocateFile } from './segment.ts';

type Mode = 'copyonwrite' | 'readwrite' | 'create';

/** How a file is mapped. */
export interface MapFileOptions {
  /**
   * `'copyonwrite'` (default): writes stay in the process that makes them and never reach the file.
   * `'readwrite'`: they do, and all workers see them. `'create'`: the file is made anew, of zeros.
   */
  readonly mode?: Mode;
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
 *   .npy file says (with its `stride` and `dtype`), or one dimension to the end of the file
 * @param options - `mode`, `offset`
 * @returns the mapping, which is unmapped when it is collected
 * @throws RangeError or TypeError where an argument and the file don't fit, with the sizes; `NpyError`
 *   for an .npy file that is damaged, or whose elements can't be used as they lie (the other order of
 *   bytes, float16: `loadNpy` reads these); the error of the system where it can't be opened
 * @example
 * ```ts
 * const table = mapFile('items.npy');
 * const scratch = mapFile('scratch.bin', 'float32', [rows, 128], { mode: 'create' });
 * ```
 */
export function mapFile(file: string): NpyArray;
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
  checkKeys('options', options, ['mode', 'offset']);
  const { mode = 'copyonwrite' } = options;
  if (mode !== 'copyonwrite' && mode !== 'readwrite' && mode !== 'create') {
    throw typeError('mode', mode, "'copyonwrite', 'readwrite' or 'create'");
  }
  // Workers may have another working directory.
  const full = path.resolve(file);
  const header = mode === 'create' ? null : readHeader(full);
  if (header) checkHeader(file, header, dtype, shape);
  const kind = dtype ?? header?.type.holder;
  if (!kind) throw typeError('dtype', dtype, `given, as ${file} is not an .npy file`);
  const { BYTES_PER_ELEMENT: width } = constructorOf(kind);
  const offset = options.offset ?? header?.offset ?? 0;
  if (!Number.isSafeInteger(offset) || offset < 0 || offset % width !== 0) {
    // The processor wants numbers aligned, for Atomics at least.
    throw rangeError('offset', offset, `a multiple of ${width} bytes of at least 0`);
  }
  const wanted = shape ?? header?.shape ?? [rest(full, offset, width, mode)];
  const size = header ? header.count : lengthOf(wanted);
  const data = view(full, kind, offset, size, mode);
  if (header === null || shape !== undefined) return arrayOrShaped(data, wanted);
  const stride = denseStride(header.shape, header.fortran);
  return { data, shape: header.shape, stride, offset: 0, dtype: header.type.name };
}

/** Compares what the caller says with what the file says. */
function checkHeader(
  file: string,
  header: NpyLayout,
  dtype: DType | undefined,
  shape: number | readonly number[] | undefined,
): void {
  const { type, fortran, count, offset } = header;
  if (offset % type.itemSize !== 0) {
    throw new NpyError(file, `has its elements at byte ${offset}, not aligned; use loadNpy()`);
  }
  if (type.swapped || type.name === 'float16') {
    const what = type.swapped ? 'in the order of bytes of another machine' : 'half precision';
    throw new NpyError(file, `holds ${type.name} ${what}, which can't be mapped; use loadNpy()`);
  }
  if (dtype !== undefined && dtype !== type.holder) {
    throw typeError('dtype', dtype, `'${type.holder}', as ${file} says`);
  }
  if (shape === undefined) return;
  if (lengthOf(shape) !== count) {
    throw rangeError('shape', shape, `a shape of the ${count} elements in ${file}`);
  }
  if (fortran && header.shape.filter((length) => length !== 1).length > 1) {
    throw rangeError('shape', shape, `left out, as ${file} is in Fortran order`);
  }
}

function view(file: string, kind: DType, offset: number, size: number, mode: Mode): TypedArray {
  const View = constructorOf(kind);
  const bytes = size * View.BYTES_PER_ELEMENT;
  if (bytes === 0) return new View(new ArrayBuffer(0), 0, 0);
  if (!Number.isSafeInteger(offset + bytes)) {
    throw rangeError('shape', size, 'a shape whose bytes can be counted');
  }
  const buffer = allocateFile(file, offset, bytes, mode);
  try {
    return new View(buffer, 0, size);
  } catch {
    // V8 has a limit for typed arrays that nothing tells in advance.
    throw rangeError('shape', size, `a shape that one ${View.name} can have`);
  }
}

function rest(file: string, offset: number, itemSize: number, mode: Mode): number {
  if (mode === 'create') throw typeError('shape', undefined, 'given for a file that is created');
  const bytes = statSync(file).size - offset;
  if (bytes < 0 || bytes % itemSize !== 0) {
    throw rangeError('dtype', `${itemSize} bytes wide`, `of a width that divides ${bytes} bytes`);
  }
  return bytes / itemSize;
}
