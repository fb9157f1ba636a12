/**
 * NumPy's .npy files (format versions 1 to 3).
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type AxisCount, isDense, lengthOf, strided, type TypedArray } from '../arrays/index.ts';
import { typeError } from '../errors.ts';
import { checkKeys } from '../options.ts';
import { constructorOf, type ShapedArray } from './dtype.ts';
import { decodeHalves, encodeHalf } from './float16.ts';
import {
  formatHeader,
  headerSpan,
  isNpy,
  MAX_AXES,
  NpyError,
  type NpyHeader,
  PREFIX,
  parseHeader,
} from './npy-header.ts';
import { descrFor, isCarried, type NpyDType } from './npy-types.ts';

/** An array out of an .npy file. */
export interface NpyArray<T extends TypedArray = TypedArray> extends ShapedArray<T> {
  /** Elements from one entry of each axis to the next: Fortran order where the file has it. */
  readonly stride: readonly number[];
  readonly offset: 0;
  /** What the elements are, by NumPy's name: where it is no type of `data`, what that carries. */
  readonly dtype: NpyDType;
}

/** An array to be written: row-major where `stride` is missing, from `offset` (0) on. */
export interface StridedArray<T extends TypedArray = TypedArray> extends ShapedArray<T> {
  readonly stride?: readonly number[] | undefined;
  readonly offset?: number | undefined;
  /** Heeded where it names a type that `data` only carries, as in what {@link loadNpy} returns. */
  readonly dtype?: string | undefined;
}

/** How an array is written. */
export interface SaveNpyOptions {
  /**
   * What the elements are, where a typed array only carries them: `'bool'`, `'float16'` (the
   * nearest to each element), `'datetime64[ns]'`, `'timedelta64[s]'`, … Default: the array's
   * `dtype` if it is one of these, else the type of its `data`.
   */
  readonly dtype?: NpyDType | undefined;
}

/** Strides of a dense array. */
export function denseStride(shape: readonly number[], fortran: boolean): number[] {
  const stride = new Array<number>(shape.length);
  let next = 1;
  for (let i = 0; i < shape.length; i++) {
    const axis = fortran ? i : shape.length - 1 - i;
    stride[axis] = next;
    next *= shape[axis] as number;
  }
  return stride;
}

// ---- Reading -----------------------------------------------------------------------------------

/** Bytes that come one after the other: a file's, or those of a member of an archive. */
export interface ByteSource {
  /** For messages. */
  readonly path: string;
  /** All bytes that there are, with certainty. */
  readonly size: number;
  /** Puts the next bytes there; throws NpyError where there are not as many. */
  fill(bytes: Uint8Array): Promise<void>;
}

/** One read or write takes at most 2 GiB; less than 4 GiB fit into one array of bytes. */
const PIECE = 1 << 28;

/** Consecutive parts of a buffer's bytes, none too long for one call. */
export function* windows(
  buffer: ArrayBufferLike,
  start: number,
  length: number,
  piece: number = PIECE,
): Generator<Uint8Array> {
  for (let at = 0; at < length; at += piece) {
    yield new Uint8Array(buffer, start + at, Math.min(piece, length - at));
  }
}

const swap = { 1: 'none', 2: 'swap16', 4: 'swap32', 8: 'swap64' } as const;

function swapBytes(bytes: Uint8Array, width: number): void {
  const method = swap[width as keyof typeof swap];
  if (method !== 'none') Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)[method]();
}

/** Reads one array. No memory is taken for elements that the source does not have. */
export async function readArray(source: ByteSource): Promise<NpyArray> {
  const { path, size } = source;
  const start = Buffer.alloc(Math.min(PREFIX, size));
  await source.fill(start);
  const span = headerSpan(path, start, size);
  const text = Buffer.alloc(span.length);
  // In version 1 the header begins within the prefix.
  const known = start.subarray(span.start, span.start + span.length);
  known.copy(text);
  await source.fill(text.subarray(known.length));
  const header = parseHeader(path, text, start[6] as number);
  const data = allocate(path, header, size - span.start - span.length);
  // A header of version 1 that is shorter than the rest of the prefix leaves bytes of elements.
  const rest = start.subarray(span.start + known.length);
  await readElements(source, header, data, rest);
  const { type, shape, fortran } = header;
  return { data, shape, stride: denseStride(shape, fortran), offset: 0, dtype: type.name };
}

function allocate(path: string, { type, count }: NpyHeader, available: number): TypedArray {
  if (count * type.itemSize > available) {
    const needs = `${count} elements of ${type.itemSize} bytes`;
    throw new NpyError(path, `is cut off: it should hold ${needs}, but has ${available} bytes`);
  }
  const Holder = constructorOf(type.holder);
  try {
    return new Holder(new ArrayBuffer(count * Holder.BYTES_PER_ELEMENT), 0, count);
  } catch (cause) {
    const why = `holds ${count} elements, more than memory or a typed array has room for`;
    throw new NpyError(path, why, { cause });
  }
}

async function readElements(
  source: ByteSource,
  { type, count }: NpyHeader,
  data: TypedArray,
  first: Uint8Array,
): Promise<void> {
  const { itemSize, swapped } = type;
  let given = first.subarray(0, count * itemSize);
  const fill = async (bytes: Uint8Array) => {
    bytes.set(given.subarray(0, bytes.length));
    const had = Math.min(given.length, bytes.length);
    given = given.subarray(had);
    await source.fill(bytes.subarray(had));
    if (swapped) swapBytes(bytes, itemSize);
  };
  if (type.name !== 'float16') {
    for (const part of windows(data.buffer, 0, data.byteLength)) await fill(part);
    return;
  }
  const halves = new Uint16Array(Math.min(count, 1 << 16));
  for (let at = 0; at < count; at += halves.length) {
    const some = halves.subarray(0, Math.min(halves.length, count - at));
    await fill(new Uint8Array(some.buffer, 0, some.byteLength));
    decodeHalves(some, data as Float32Array, at);
  }
}

/** Reads a file from its start. */
function fileSource(path: string, file: FileHandle, size: number): ByteSource {
  let position = 0;
  return {
    path,
    size,
    async fill(bytes) {
      for (let at = 0; at < bytes.length; ) {
        const { bytesRead } = await file.read(bytes, at, bytes.length - at, position);
        // The file had them when its size was read.
        if (bytesRead === 0) throw new NpyError(path, 'was cut off while it was read');
        at += bytesRead;
        position += bytesRead;
      }
    },
  };
}

/**
 * Reads an .npy file into memory of this process. To map one instead of reading it, and share it
 * between workers, see `mapFile`.
 *
 * Either order of bytes and of axes is read. Memory is taken for what the file really has, and not
 * before its size has been compared with its header.
 *
 * @param path - the file
 * @returns the elements in the order of the file, with `shape` and, for either order of axes,
 *   `stride`; `dtype` says what elements are that no typed array holds as they are ({@link NpyDType})
 * @throws {@link NpyError} when the file is not an .npy file, is damaged, or holds what no typed
 *   array holds (complex numbers, objects, strings, structures); the error of the system when it
 *   can't be read
 */
export async function loadNpy(path: string): Promise<NpyArray> {
  const file = await open(path, 'r');
  try {
    const status = await file.stat();
    if (status.isDirectory()) throw new NpyError(path, 'is a folder');
    if (!status.isFile()) throw new NpyError(path, 'is not a regular file, whose size is known');
    return await readArray(fileSource(path, file, status.size));
  } finally {
    await file.close();
  }
}

/** What is needed to map an .npy file. */
export interface NpyLayout extends NpyHeader {
  /** Where the elements begin, in bytes. */
  readonly offset: number;
}

/** Reads the header of an .npy file; null where the file is no such. */
export function readHeader(path: string): NpyLayout | null {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const start = Buffer.alloc(PREFIX);
    const got = start.subarray(0, readSync(file, start, 0, PREFIX, 0));
    if (!isNpy(got)) return null;
    const span = headerSpan(path, got, size);
    const text = Buffer.alloc(span.length);
    if (readSync(file, text, 0, span.length, span.start) !== span.length) {
      throw new NpyError(path, 'is cut off in its header');
    }
    return { ...parseHeader(path, text, got[6] as number), offset: span.start + span.length };
  } finally {
    closeSync(file);
  }
}

// ---- Writing -----------------------------------------------------------------------------------

/** An array to be written, checked. */
export interface NpyContent {
  /** All bytes of the file. */
  readonly size: number;
  /** The file, piece by piece; a piece may be changed as soon as the next one is asked for. */
  pieces(): Generator<Uint8Array>;
}

/** NumPy's own limit, which is higher than that of arrays here. */
const NPY_AXES: AxisCount = {
  least: 0,
  most: MAX_AXES,
  expected: `a list of at most ${MAX_AXES} lengths`,
};

/**
 * Checks an array, and says what its file is.
 *
 * @param name - of the argument, for errors
 */
export function npyContent(
  name: string,
  array: TypedArray | StridedArray,
  options: SaveNpyOptions = {},
): NpyContent {
  const given: StridedArray = ArrayBuffer.isView(array)
    ? { data: array as TypedArray, shape: [(array as TypedArray).length] }
    : array;
  if (typeof given !== 'object' || given === null || !ArrayBuffer.isView(given.data)) {
    throw typeError(name, array, 'a typed array or { data, shape }');
  }
  checkKeys('options', options, ['dtype']);
  const dtype = options.dtype ?? (isCarried(given.dtype) ? given.dtype : undefined);
  const descr = descrFor(given.data, dtype);
  const { data, shape, stride, offset } = strided(name, given, NPY_AXES);
  const count = lengthOf(shape);
  if (given.stride === undefined && given.offset === undefined && count !== data.length) {
    throw typeError(`${name}.shape`, shape, `a shape of the ${data.length} elements in data`);
  }
  const rowMajor = isDense(shape, stride);
  const fortran = !rowMajor && isDense(shape, stride, 'F');
  const header = formatHeader(descr, fortran, shape);
  const itemSize = Number(/\d/.exec(descr)?.[0]);
  return {
    size: header.length + count * itemSize,
    *pieces() {
      yield header;
      const parts =
        rowMajor || fortran
          ? denseParts(data, offset, count)
          : gathered(data, shape, stride, offset, count);
      for (const part of parts) yield encodeElements(part, dtype);
    },
  };
}

/** Elements that are worked on at once where they are not written as they lie. */
const SOME = 1 << 16;

/** Subarrays come out wrong beyond 4 GiB of elements' bytes, views on the buffer do not. */
function* denseParts(data: TypedArray, offset: number, count: number): Generator<TypedArray> {
  const width = data.BYTES_PER_ELEMENT;
  const View = data.constructor as new (b: ArrayBufferLike, o: number, n: number) => TypedArray;
  const piece = PIECE / width;
  for (let at = 0; at < count; at += piece) {
    const start = data.byteOffset + (offset + at) * width;
    yield new View(data.buffer, start, Math.min(piece, count - at));
  }
}

/** The elements in row-major order, whatever their strides. */
function* gathered(
  data: TypedArray,
  shape: readonly number[],
  stride: readonly number[],
  offset: number,
  count: number,
): Generator<TypedArray> {
  const Some = data.constructor as new (length: number) => TypedArray;
  const out = new Some(Math.min(count, SOME));
  const index = new Array<number>(shape.length).fill(0);
  let from = offset;
  let filled = 0;
  for (let i = 0; i < count; i++) {
    out[filled++] = data[from] as never;
    if (filled === out.length) {
      yield out;
      filled = 0;
    }
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += stride[axis] as number;
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      from -= (stride[axis] as number) * (shape[axis] as number);
      index[axis] = 0;
    }
  }
  if (filled > 0) yield out.subarray(0, filled) as TypedArray;
}

/** The bytes of elements in the file. */
function encodeElements(part: TypedArray, dtype: NpyDType | undefined): Uint8Array {
  if (dtype === 'bool')
    return Uint8Array.from(part as Uint8Array, (value) => (value === 0 ? 0 : 1));
  if (dtype === 'float16') {
    const halves = Uint16Array.from(part as Float32Array, encodeHalf);
    return new Uint8Array(halves.buffer);
  }
  return new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
}

/**
 * Writes an array as an .npy file, which `numpy.load` and {@link loadNpy} read.
 *
 * @param path - the file, overwritten where it exists
 * @param array - a typed array (saved with one dimension) or `{ data, shape, stride?, offset? }`. An
 *   array that is dense in Fortran order is written so; any other stride is written row-major.
 * @param options - `dtype`, for what a typed array only carries
 * @throws TypeError where it is no array or does not carry the type, RangeError where its strides
 *   leave its data, before the file is touched; the error of the system when it can't be written
 */
export async function saveNpy(
  path: string,
  array: TypedArray | StridedArray,
  options: SaveNpyOptions = {},
): Promise<void> {
  const content = npyContent('array', array, options);
  const file = await open(path, 'w');
  try {
    for (const piece of content.pieces()) await writeAll(file, piece);
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.byteLength - at);
    at += bytesWritten;
  }
}
