/**
 * The header of an .npy file (format versions 1 to 3): a Python dictionary in text, as NEP 1 and
 * `numpy.lib.format` describe it.
 */
import { type NpyType, npyType } from './npy-types.ts';

/** What the header of an .npy file says. */
export interface NpyHeader {
  readonly type: NpyType;
  readonly shape: readonly number[];
  /** Whether the first axis runs fastest. */
  readonly fortran: boolean;
  /** The number of elements. */
  readonly count: number;
}

/**
 * A file is not an .npy or .npz file, is damaged, or holds what no typed array holds.
 */
export class NpyError extends Error {
  override readonly name = 'NpyError';
  readonly code = 'ERR_HEDDLE_NPY';

  /**
   * @param path - the file, and for a member of an .npz file its name
   * @param why - what is wrong with it, to complete the path
   */
  constructor(path: string, why: string, options?: ErrorOptions) {
    super(`${path}: ${why}`, options);
  }
}

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
/** NumPy aligns the elements so that a mapped file can be used as it is. */
const ALIGNMENT = 64;
/** The most axes that NumPy (2.0) gives an array. */
export const MAX_AXES = 64;
/** NumPy itself refuses headers of more than 10 000 characters unless it is told otherwise. */
const MAX_HEADER = 1 << 20;
const MAX_DEPTH = 16;

/** Bytes before the header's length is known. */
export const PREFIX = 12;

/** Whether a file begins as an .npy file does. */
export function isNpy(start: Buffer): boolean {
  return start.length >= MAGIC.length && start.subarray(0, MAGIC.length).equals(MAGIC);
}

/**
 * Where the text of the header lies.
 *
 * @param start - the first {@link PREFIX} bytes of the file, fewer where it is shorter
 * @param size - of the whole file in bytes
 */
export function headerSpan(
  path: string,
  start: Buffer,
  size: number,
): { readonly start: number; readonly length: number } {
  if (!isNpy(start)) throw new NpyError(path, 'is not an .npy file');
  const version = start[6] ?? 0;
  if (version < 1 || version > 3) throw new NpyError(path, `has the unknown version ${version}`);
  const at = version === 1 ? 10 : 12;
  if (start.length < at) throw new NpyError(path, 'is cut off in its header');
  const length = version === 1 ? start.readUInt16LE(8) : start.readUInt32LE(8);
  if (length > MAX_HEADER) {
    throw new NpyError(
      path,
      `says that its header has ${length} bytes; ${MAX_HEADER} are the most`,
    );
  }
  if (at + length > size) throw new NpyError(path, 'is cut off in its header');
  return { start: at, length };
}

/** A value of Python's literal syntax. */
type Literal = string | number | boolean | null | Literal[] | Map<Literal, Literal>;

/** Reads one Python literal; throws a SyntaxError where the text is none. */
class LiteralReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Literal {
    const value = this.#value(0);
    this.#skip();
    if (this.#at < this.#text.length) throw new SyntaxError('text behind the dictionary');
    return value;
  }

  #skip(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #value(depth: number): Literal {
    if (depth > MAX_DEPTH) throw new SyntaxError('nested too deeply');
    this.#skip();
    // Python 2 marked long integers and Unicode strings.
    const number = this.#take(/[+-]?\d+L?(?![\w.])/y);
    if (number !== undefined) return Number.parseInt(number, 10);
    const word = this.#take(/(?:True|False|None)(?!\w)/y);
    if (word !== undefined) return word === 'None' ? null : word === 'True';
    const quoted = this.#take(/u?(?:'[^'\\\n]*'|"[^"\\\n]*")/y);
    if (quoted !== undefined) return quoted.slice(quoted.startsWith('u') ? 2 : 1, -1);
    const open = this.#text[this.#at];
    if (open === '{') return this.#dictionary(depth);
    if (open === '(') return this.#list(')', depth);
    if (open === '[') return this.#list(']', depth);
    throw new SyntaxError(`no value at character ${this.#at}`);
  }

  /** Entries with commas between them up to the closing bracket. */
  #entries(close: string, entry: () => void): number {
    this.#at += 1;
    let commas = 0;
    let behindEntry = false;
    while (true) {
      this.#skip();
      const next = this.#text[this.#at];
      if (next === close) break;
      if (behindEntry) {
        if (next !== ',') throw new SyntaxError(`no comma at character ${this.#at}`);
        this.#at += 1;
        commas += 1;
        behindEntry = false;
      } else {
        entry();
        behindEntry = true;
      }
    }
    this.#at += 1;
    return commas;
  }

  #list(close: string, depth: number): Literal {
    const list: Literal[] = [];
    const commas = this.#entries(close, () => list.push(this.#value(depth + 1)));
    // A value in parentheses is a tuple by its comma only.
    return close === ')' && list.length === 1 && commas === 0 ? (list[0] as Literal) : list;
  }

  #dictionary(depth: number): Literal {
    const map = new Map<Literal, Literal>();
    this.#entries('}', () => {
      const key = this.#value(depth + 1);
      this.#skip();
      if (this.#text[this.#at] !== ':') throw new SyntaxError(`no colon at character ${this.#at}`);
      this.#at += 1;
      map.set(key, this.#value(depth + 1));
    });
    return map;
  }
}

/** Shows a part of a damaged header. */
function excerpt(text: string): string {
  return JSON.stringify(text.trim().slice(0, 80));
}

/** Reads the dictionary of a header, as the version of the file encodes it. */
export function parseHeader(path: string, bytes: Buffer, version: number): NpyHeader {
  const text = bytes.toString(version === 3 ? 'utf8' : 'latin1');
  let literal: Literal;
  try {
    literal = new LiteralReader(text).whole();
  } catch (cause) {
    throw new NpyError(path, `has a header that is not understood: ${excerpt(text)}`, { cause });
  }
  const keys = ['descr', 'fortran_order', 'shape'];
  if (!(literal instanceof Map) || literal.size !== 3 || !keys.every((key) => literal.has(key))) {
    throw new NpyError(path, `has a header without exactly ${keys.join(', ')}: ${excerpt(text)}`);
  }
  const descr = literal.get('descr');
  const fortran = literal.get('fortran_order');
  const shape = literal.get('shape');
  if (typeof fortran !== 'boolean') {
    throw new NpyError(path, `has a 'fortran_order' other than True and False: ${excerpt(text)}`);
  }
  if (!Array.isArray(shape) || !shape.every((length) => Number.isSafeInteger(length))) {
    throw new NpyError(path, `has a shape that is no tuple of whole numbers: ${excerpt(text)}`);
  }
  const lengths = shape as number[];
  if (lengths.some((length) => length < 0)) {
    throw new NpyError(path, `has the shape (${lengths.join(', ')})`);
  }
  const type = typeof descr === 'string' ? npyType(descr) : 'fields or subarrays, a structure';
  if (typeof type === 'string') {
    const named = typeof descr === 'string' ? `'${descr.slice(0, 40)}'` : 'a structured dtype';
    throw new NpyError(path, `holds ${named} (${type}), which no typed array holds`);
  }
  // A length of 0 anywhere makes an empty array, whatever the others multiply to.
  const count = lengths.includes(0) ? 0 : lengths.reduce((all, length) => all * length, 1);
  if (!Number.isSafeInteger(count * type.itemSize)) {
    throw new NpyError(path, `has the shape (${lengths.join(', ')}), more than can be counted`);
  }
  return { type, shape: lengths, fortran, count };
}

/** The bytes before the elements of a new file, of format version 1. */
export function formatHeader(descr: string, fortran: boolean, shape: readonly number[]): Buffer {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const order = fortran ? 'True' : 'False';
  const dict = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${tuple}), }`;
  const length = Math.ceil((10 + dict.length + 1) / ALIGNMENT) * ALIGNMENT - 10;
  const header = Buffer.alloc(10 + length, ' ');
  MAGIC.copy(header);
  header[6] = 1;
  header[7] = 0;
  header.writeUInt16LE(length, 8);
  header.write(dict, 10, 'latin1');
  header[header.length - 1] = 0x0a;
  return header;
}
