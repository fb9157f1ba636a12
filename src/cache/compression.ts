/**
 * Compression by Node's zlib.
 */
import { promisify } from 'node:util';
import { rangeError } from '../errors.ts';
import type { Option } from '../options.ts';

/** How bytes are compressed. */
export type Compression = 'none' | 'deflate' | 'brotli' | 'zstd';

type Transform = (bytes: Uint8Array, options?: object) => Promise<Buffer>;
type Callback = (
  bytes: Uint8Array,
  options: object,
  done: (e: Error | null, b: Buffer) => void,
) => void;

interface Zlib {
  readonly constants: Readonly<Record<string, number>>;
  readonly [name: string]: unknown;
}

/** Loaded when it is needed. */
function zlib(): Zlib {
  return process.getBuiltinModule('node:zlib') as unknown as Zlib;
}

/** In files: never to be given anew. */
const METHODS: readonly Compression[] = ['none', 'deflate', 'brotli', 'zstd'];

/** Whether this Node has zstd (22.15 and later do). */
function hasZstd(): boolean {
  return typeof zlib().zstdCompress === 'function';
}

/** The number of a method in a file. */
export function methodNumber(method: Compression): number {
  return METHODS.indexOf(method);
}

/** The method of a number in a file; undefined where there is none. */
export function methodOf(number: number): Compression | undefined {
  return METHODS[number];
}

/** Why this Node can't read what was compressed so; null where it can. */
export function unreadable(method: Compression): string | null {
  return method === 'zstd' && !hasZstd() ? 'is compressed by zstd, which needs Node 22.15' : null;
}

/** The option `compress`: which method is meant. */
export const compression: Option<Compression> = (name, value) => {
  if (value === false) return 'none';
  if (value === true) return hasZstd() ? 'zstd' : 'deflate';
  const known = value === 'deflate' || value === 'brotli' || value === 'zstd';
  const right = "true, false, 'deflate', 'brotli' or 'zstd' (which needs Node 22.15)";
  if (!known || (value === 'zstd' && !hasZstd())) throw rangeError(name, value, right);
  return value;
};

/** Brotli's default is its slowest, 30 times as slow as this for a hundredth fewer bytes. */
const BROTLI_QUALITY = 5;

/** Compresses bytes on a thread of libuv's. */
export async function compress(bytes: Uint8Array, method: Compression): Promise<Uint8Array> {
  const { constants, deflate, brotliCompress, zstdCompress } = zlib();
  switch (method) {
    case 'none':
      return bytes;
    case 'deflate':
      return await promise(deflate)(bytes, {});
    case 'brotli': {
      const params = {
        [constants.BROTLI_PARAM_QUALITY!]: BROTLI_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT!]: bytes.length,
      };
      return await promise(brotliCompress)(bytes, { params });
    }
    case 'zstd':
      return await promise(zstdCompress)(bytes, {});
  }
}

/**
 * Makes bytes again.
 *
 * @param length - how many there were: what would be more is not made
 * @throws where the bytes are damaged, or don't make so many
 */
export async function decompress(
  bytes: Uint8Array,
  method: Compression,
  length: number,
): Promise<Uint8Array> {
  const { inflate, brotliDecompress, zstdDecompress } = zlib();
  const by = { none: null, deflate: inflate, brotli: brotliDecompress, zstd: zstdDecompress };
  const transform = by[method];
  const made = transform
    ? await promise(transform)(bytes, { maxOutputLength: Math.max(length, 1) })
    : bytes;
  if (made.length !== length) throw new Error(`${made.length} bytes where ${length} should be`);
  return made;
}

function promise(call: unknown): Transform {
  return promisify(call as Callback) as Transform;
}
