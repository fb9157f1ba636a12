/**
 * NumPy's .npy files (format versions 1 to 3, as NEP 1 and numpy.lib.format describe them).
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { typeError } from '../errors.ts';
import {
  constructorOf,
  type DType,
  dtypeOf,
  type ShapedArray,
  sizeOf,
  type TypedArray,
} from './dtype.ts';

/** What the header of an .npy file says. */
export interface NpyHeader {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Where the numbers begin, in bytes. */
  readonly offset: number;
}

/** A file is no .npy file, or one that typed arrays cannot hold. */
export class NpyError extends Error {
  readonly code = 'ERR_HEDDLE_NPY';

  constructor(path: string, why: string) {
    super(`${path}: ${why}`);
    this.name = 'NpyError';
  }
}

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
/** NumPy aligns the numbers so that a mapped file can be used as it is. */
const ALIGNMENT = 64;

const descriptors: Readonly<Record<string, DType>> = {
  f8: 'float64',
  f4: 'float32',
  i8: 'int64',
  u8: 'uint64',
  i4: 'int32',
  u4: 'uint32',
  i2: 'int16',
  u2: 'uint16',
  i1: 'int8',
  u1: 'uint8',
  b1: 'uint8',
};

/** Whether a file begins as an .npy file does. */
export function isNpy(start: Buffer): boolean {
  return start.length >= MAGIC.length && start.subarray(0, MAGIC.length).equals(MAGIC);
}

/** Reads the header of an .npy file; null where the file is no such. */
export function readHeader(path: string): NpyHeader | null {
  const file = openSync(path, 'r');
  try {
    const fixed = Buffer.alloc(12);
    const got = readSync(file, fixed, 0, 12, 0);
    if (!isNpy(fixed.subarray(0, got))) return null;
    const { start, length } = headerPlace(path, fixed.subarray(0, got));
    const text = Buffer.alloc(length);
    if (readSync(file, text, 0, length, start) !== length) throw new NpyError(path, 'is cut off');
    return parseHeader(path, text, start + length);
  } finally {
    closeSync(file);
  }
}

function headerPlace(path: string, fixed: Buffer): { start: number; length: number } {
  const version = fixed[6] ?? 0;
  if (version < 1 || version > 3) throw new NpyError(path, `has the unknown version ${version}`);
  const start = version === 1 ? 10 : 12;
  if (fixed.length < start) throw new NpyError(path, 'is cut off');
  const length = version === 1 ? fixed.readUInt16LE(8) : fixed.readUInt32LE(8);
  // NumPy itself refuses headers of more than 10 000 characters.
  if (length > 1 << 20) throw new NpyError(path, 'has a header of senseless length');
  return { start, length };
}

function parseHeader(path: string, text: Buffer, offset: number): NpyHeader {
  const header = text.toString('utf8');
  const descr = /['"]descr['"]\s*:\s*['"]([^'"]*)['"]/.exec(header)?.[1];
  const fortran = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(header)?.[1];
  const shapeText = /['"]shape['"]\s*:\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descr === undefined || fortran === undefined || shapeText === undefined) {
    throw new NpyError(path, `has a header that is not understood: ${header.trim().slice(0, 80)}`);
  }
  const dtype = descriptors[descr.slice(1)];
  if (!dtype || !/^[<|=]/.test(descr)) {
    throw new NpyError(path, `holds '${descr}', which no typed array holds as it is`);
  }
  const shape = shapeText
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => (/^\d+L?$/.test(part) ? Number.parseInt(part, 10) : Number.NaN));
  if (shape.some(Number.isNaN)) throw new NpyError(path, `has the shape (${shapeText})`);
  if (fortran === 'True' && shape.filter((length) => length !== 1).length > 1) {
    throw new NpyError(path, 'is in column-major order; save it with numpy.ascontiguousarray()');
  }
  return { dtype, shape, offset };
}

/**
 * Writes an array as an .npy file, which `numpy.load` and {@link loadNpy} read.
 *
 * @param path - the file, overwritten where it exists
 * @param array - a typed array (saved with one dimension) or `{ data, shape }`, row-major
 */
export async function saveNpy(path: string, array: TypedArray | ShapedArray): Promise<void> {
  const { data, shape } = ArrayBuffer.isView(array)
    ? { data: array, shape: [array.length] }
    : array;
  if (!ArrayBuffer.isView(data))
    throw typeError('array', array, 'a typed array or { data, shape }');
  if (sizeOf(shape) !== data.length) {
    throw typeError('shape', shape, `a shape of the ${data.length} elements in data`);
  }
  const kind = dtypeOf(data);
  const descr =
    kind === 'uint8clamped' ? 'u1' : Object.entries(descriptors).find(([, d]) => d === kind)![0];
  const order = descr.endsWith('1') ? '|' : '<';
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dict = `{'descr': '${order}${descr}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const length = Math.ceil((10 + dict.length + 1) / ALIGNMENT) * ALIGNMENT - 10;
  const header = Buffer.alloc(10 + length, ' ');
  MAGIC.copy(header);
  header[6] = 1;
  header[7] = 0;
  header.writeUInt16LE(length, 8);
  header.write(dict, 10, 'latin1');
  header[header.length - 1] = 0x0a;
  const file = await open(path, 'w');
  try {
    await writeAll(file, header);
    await writeAll(file, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  } finally {
    await file.close();
  }
}

type FileHandle = Awaited<ReturnType<typeof open>>;

/** One write takes at most 2 GiB. */
const PIECE = 1 << 30;

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, at, Math.min(PIECE, bytes.byteLength - at));
    at += bytesWritten;
  }
}

/**
 * Reads an .npy file into memory of this process. To map one instead of reading it, and share it
 * between workers, see `mapFile`.
 *
 * @throws {@link NpyError} when the file is none, or holds what no typed array holds
 */
export async function loadNpy(path: string): Promise<ShapedArray> {
  const header = readHeader(path);
  if (!header) throw new NpyError(path, 'is not an .npy file');
  const View = constructorOf(header.dtype);
  const size = sizeOf(header.shape);
  const bytes = new Uint8Array(size * View.BYTES_PER_ELEMENT);
  const file = await open(path, 'r');
  try {
    for (let at = 0; at < bytes.byteLength; ) {
      const length = Math.min(PIECE, bytes.byteLength - at);
      const { bytesRead } = await file.read(bytes, at, length, header.offset + at);
      if (bytesRead === 0) throw new NpyError(path, 'is cut off');
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
  return { data: new View(bytes.buffer, 0, size), shape: header.shape };
}
