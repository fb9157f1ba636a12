/**
 * NumPy's .npz files: zip archives of .npy files, stored or deflated.
 *
 * Reading goes by the archive's directory and streams each member through zlib, writing streams
 * each array into the archive; neither holds an archive in memory.
 */
import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import type { TypedArray } from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { checkKeys } from '../options.ts';
import {
  type ByteSource,
  type NpyArray,
  type NpyContent,
  npyContent,
  readArray,
  type StridedArray,
} from './npy.ts';
import { NpyError } from './npy-header.ts';

/** What of an .npz file is read. */
export interface LoadNpzOptions {
  /** The arrays that are read. Default: all. */
  readonly names?: readonly string[] | undefined;
}

/** How an .npz file is written. */
export interface SaveNpzOptions {
  /** Whether arrays are deflated, as `numpy.savez_compressed` does. Default `false`. */
  readonly compress?: boolean | undefined;
}

const SUFFIX = '.npy';
const STORED = 0;
const DEFLATED = 8;
/** Deflate never expands a byte to more than this (RFC 1951: 258 bytes for two bits). */
const MAX_EXPANSION = 1032;

/** What is wrong with an archive, as an error of this module; errors of the system as they are. */
function damaged(path: string, cause: unknown): unknown {
  if (cause instanceof NpyError) return cause;
  const { code, syscall } = cause as NodeJS.ErrnoException;
  if (code !== undefined && syscall !== undefined) return cause;
  const why = `is not an .npz file, or is damaged: ${(cause as Error).message}`;
  return new NpyError(path, why, { cause });
}

/** The members that are arrays; of several with one name the last is meant. */
async function arraysOf(archive: ZipFile): Promise<Map<string, Entry>> {
  const found = new Map<string, Entry>();
  for await (const entry of archive.eachEntry()) {
    if (entry.fileName.endsWith(SUFFIX)) {
      found.set(entry.fileName.slice(0, -SUFFIX.length), entry);
    }
  }
  return found;
}

/** Reads a member from its start, and compares its checksum at the end. */
class MemberSource implements ByteSource {
  readonly path: string;
  readonly size: number;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #sum: number;
  #left: Buffer = Buffer.alloc(0);
  #crc = 0;

  constructor(path: string, entry: Entry, stream: Readable) {
    this.path = path;
    this.size = entry.uncompressedSize;
    this.#sum = entry.crc32;
    this.#chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (done) return false;
    this.#left = value;
    this.#crc = zlib.crc32(value, this.#crc);
    return true;
  }

  async fill(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      if (this.#left.length === 0 && !(await this.#more())) {
        throw new NpyError(this.path, 'is cut off');
      }
      const some = this.#left.subarray(0, bytes.length - at);
      bytes.set(some, at);
      at += some.length;
      this.#left = this.#left.subarray(some.length);
    }
  }

  /** Reads what is left, and throws where the bytes were not those that were archived. */
  async finish(): Promise<void> {
    while (await this.#more());
    if (this.#crc !== this.#sum) throw new NpyError(this.path, 'is damaged: its checksum differs');
  }
}

async function readMember(
  path: string,
  fileSize: number,
  archive: ZipFile,
  entry: Entry,
): Promise<NpyArray> {
  const inside = `${path}: ${entry.fileName}`;
  const { compressedSize, uncompressedSize, compressionMethod } = entry;
  if (entry.isEncrypted()) throw new NpyError(inside, 'is encrypted');
  if (compressionMethod !== STORED && compressionMethod !== DEFLATED) {
    throw new NpyError(inside, `is compressed by method ${compressionMethod}, not by deflate`);
  }
  const most = compressionMethod === STORED ? compressedSize : compressedSize * MAX_EXPANSION;
  if (compressedSize > fileSize || uncompressedSize > most) {
    const sizes = `${compressedSize} bytes for ${uncompressedSize}`;
    throw new NpyError(inside, `is damaged: it says that it has ${sizes}`);
  }
  const stream = await archive.openReadStreamPromise(entry);
  try {
    const source = new MemberSource(inside, entry, stream);
    const array = await readArray(source);
    await source.finish();
    return array;
  } catch (error) {
    throw damaged(inside, error);
  } finally {
    stream.destroy();
  }
}

/**
 * Reads the arrays of an .npz file, stored or deflated, as {@link loadNpy} reads each.
 *
 * @param path - the file
 * @param options - `names`: which arrays; the others are not looked at
 * @returns the arrays by their names (without `.npy`), in the order of the archive, in an object
 *   without a prototype. Members that are no `.npy` files are left out.
 * @throws {@link NpyError} when the file is no such archive, when it or an array in it is damaged
 *   (checksums are compared), when one that is asked for is missing, or holds what no typed array
 *   holds; the error of the system when it can't be read
 */
export async function loadNpz(
  path: string,
  options: LoadNpzOptions = {},
): Promise<Record<string, NpyArray>> {
  checkKeys('options', options, ['names']);
  const { names } = options;
  if (names !== undefined && !(Array.isArray(names) && names.every((n) => typeof n === 'string'))) {
    throw typeError('names', names, 'a list of names');
  }
  const { openPromise } = await import('yauzl').then((module) => module.default);
  const status = await stat(path);
  if (!status.isFile()) throw new NpyError(path, 'is not a regular file');
  const result: Record<string, NpyArray> = Object.create(null);
  let archive: ZipFile;
  try {
    archive = await openPromise(path, { lazyEntries: true, autoClose: false });
  } catch (error) {
    throw damaged(path, error);
  }
  try {
    const found = await arraysOf(archive);
    for (const name of names ?? found.keys()) {
      const entry = found.get(name);
      if (entry === undefined) {
        const there = [...found.keys()].slice(0, 20).join(', ');
        throw new NpyError(path, `has no array '${name}'; it has ${there || 'none'}`);
      }
      result[name] = await readMember(path, status.size, archive, entry);
    }
  } catch (error) {
    throw damaged(path, error);
  } finally {
    archive.close();
  }
  return result;
}

/** Zip archives count years from 1980; NumPy writes their first day, so that files compare. */
const MADE = new Date(1980, 0, 1);

/**
 * Writes arrays as an .npz file, which `numpy.load` and {@link loadNpz} read.
 *
 * @param path - the file, overwritten where it exists
 * @param arrays - by name; each as `saveNpy` takes it
 * @param options - `compress`: whether they are deflated
 * @throws as `saveNpy`, before the file is touched; RangeError for a name that no archive can have
 * @example
 * ```ts
 * await saveNpz('model.npz', { weights, bias }, { compress: true });
 * const { weights: again } = await loadNpz('model.npz', { names: ['weights'] });
 * ```
 */
export async function saveNpz(
  path: string,
  arrays: Readonly<Record<string, TypedArray | StridedArray>>,
  options: SaveNpzOptions = {},
): Promise<void> {
  checkKeys('options', options, ['compress']);
  const { compress = false } = options;
  if (typeof compress !== 'boolean') throw typeError('compress', compress, 'true or false');
  if (typeof arrays !== 'object' || arrays === null || ArrayBuffer.isView(arrays)) {
    throw typeError('arrays', arrays, 'an object of arrays by name');
  }
  const contents = Object.entries(arrays).map(([name, array]) => {
    checkName(name);
    return [name, npyContent(`arrays.${name}`, array)] as const;
  });
  const { ZipFile: Archive } = await import('yazl').then((module) => module.default);
  const archive = new Archive();
  for (const [name, content] of contents) {
    const settings = { size: content.size, compress, mtime: MADE, forceDosTimestamp: true };
    archive.addReadStreamLazy(name + SUFFIX, settings, (ready) => ready(null, streamOf(content)));
  }
  archive.end();
  const output = archive.outputStream as Readable;
  archive.on('error', (error: Error) => output.destroy(error));
  await pipeline(output, createWriteStream(path));
}

/** Bytes that a stream gets at once. */
const CHUNK = 1 << 20;

/** The stream keeps what it is given for a while: pieces that are written anew are copied. */
function streamOf(content: NpyContent): Readable {
  return Readable.from(
    (function* () {
      for (const piece of content.pieces()) {
        for (let at = 0; at < piece.length; at += CHUNK) {
          yield Buffer.from(piece.subarray(at, at + CHUNK));
        }
      }
    })(),
    { objectMode: false },
  );
}

function checkName(name: string): void {
  const parts = name.split('/');
  const wrong =
    name === '' ||
    name.includes('\\') ||
    name.includes('\0') ||
    parts.includes('..') ||
    name.startsWith('/') ||
    /^[A-Za-z]:\//.test(name) ||
    Buffer.byteLength(name) > 0xff00;
  if (wrong) {
    throw rangeError('arrays', name, "made of names that a path in an archive can have (no '..')");
  }
}
