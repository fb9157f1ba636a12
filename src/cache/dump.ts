/**
 * Any value to a file and back.
 */
import path from 'node:path';
import { typeError } from '../errors.ts';
import { flag, type OptionsOf, readOptions } from '../options.ts';
import { type Compression, compression } from './compression.ts';
import { readValue, writeValue } from './file.ts';

/** The option as it is given: the method, or whether. */
export type Compress = boolean | Exclude<Compression, 'none'>;

/** How {@link dump} writes. */
export interface DumpOptions {
  /**
   * Compress: `'zstd'` (Node 22.15 and later), `'deflate'` or `'brotli'`; `true`: zstd where there
   * is one, else deflate. What is compressed can't be mapped. Default false.
   */
  readonly compress?: Compress | undefined;
}

const dumpOptions = { compress: compression };

const loadOptions = {
  /**
   * Map arrays of at least 1 MiB copy-on-write instead of reading them (default): nothing is read
   * before it is used, and what is written stays in this program.
   */
  map: flag,
};

/** How {@link load} reads. */
export interface LoadOptions extends OptionsOf<typeof loadOptions> {}

/** Where a file is, for good: the working directory may change. */
export function checkFile(name: string, file: unknown): string {
  if (typeof file === 'string' && file !== '' && !file.includes('\0')) return path.resolve(file);
  throw typeError(name, file, 'the path of a file');
}

/**
 * Writes a value to a file, as joblib's `dump`: everything that can be sent to a worker, so
 * instances of classes, functions with what they capture, Maps, arrays that share a buffer. An array
 * in memory that others write to is written as it is at that moment.
 *
 * The file is complete or not there: it is written under another name and renamed. The value must
 * stay as it is until the promise has settled.
 *
 * @returns the bytes of the file
 * @throws {@link CloneError} with the path to what can't be written; the error of the system
 * @example
 * ```ts
 * await dump({ weights, names }, 'model.heddle');
 * const model = await load<Model>('model.heddle');
 * ```
 */
export async function dump(value: unknown, file: string, options?: DumpOptions): Promise<number> {
  const target = checkFile('file', file);
  const { compress = 'none' } = readOptions('options', dumpOptions, options);
  return await writeValue(target, 'value', value, compress, null);
}

/**
 * Reads a value that {@link dump} has written. Checksums are compared: of arrays that are mapped the
 * first time that a thread reads the file, of everything else each time.
 *
 * As with any format that holds functions, a file is a program: read only what you trust.
 *
 * @throws {@link DumpError} where it is no such file, is damaged, or of another version; the error
 *   of the system where it can't be read
 */
export async function load<T = unknown>(file: string, options?: LoadOptions): Promise<T> {
  const { map = true } = readOptions('options', loadOptions, options);
  return (await readValue(checkFile('file', file), map)).value as T;
}
