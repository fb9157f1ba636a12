/**
 * Element types of .npy files: NumPy's array-protocol type strings
 * (https://numpy.org/doc/stable/reference/arrays.interface.html), and the typed arrays that hold
 * them.
 */
import { endianness } from 'node:os';
import type { DType, TypedArray } from '../arrays/index.ts';
import { typeError } from '../errors.ts';
import { dtypeOf } from './dtype.ts';

/** A unit of time: NumPy's, with a number before it for a multiple. */
type TimeUnit = `[${string}]` | '';

/**
 * What an .npy file holds, by NumPy's name. Beside the types that a typed array is of, four that
 * one only carries:
 * - `'bool'` in a Uint8Array of 0 and 1
 * - `'float16'` in a Float32Array, which holds every one of them exactly
 * - `'datetime64[…]'` and `'timedelta64[…]'` in a BigInt64Array that counts units (NaT: −2⁶³)
 */
export type NpyDType =
  | Exclude<DType, 'uint8clamped'>
  | 'bool'
  | 'float16'
  | `datetime64${TimeUnit}`
  | `timedelta64${TimeUnit}`;

/** How elements of one type lie in a file, and in memory. */
export interface NpyType {
  readonly name: NpyDType;
  /** The typed array that elements are read into. */
  readonly holder: DType;
  /** Bytes of an element in the file. */
  readonly itemSize: number;
  /** Whether its bytes are in the order that this machine does not use. */
  readonly swapped: boolean;
}

/** The order of bytes of this machine, as NumPy marks it. */
const HOST_ORDER = endianness() === 'LE' ? '<' : '>';

/** By kind and size. */
const simple: ReadonlyMap<string, readonly [NpyDType, DType]> = new Map([
  ['f8', ['float64', 'float64']],
  ['f4', ['float32', 'float32']],
  ['f2', ['float16', 'float32']],
  ['i8', ['int64', 'int64']],
  ['u8', ['uint64', 'uint64']],
  ['i4', ['int32', 'int32']],
  ['u4', ['uint32', 'uint32']],
  ['i2', ['int16', 'int16']],
  ['u2', ['uint16', 'uint16']],
  ['i1', ['int8', 'int8']],
  ['u1', ['uint8', 'uint8']],
  ['b1', ['bool', 'uint8']],
] as const);

const TIME = /^([Mm])8(\[\d{0,9}(?:Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?$/;

/** What no typed array holds, by the letter of its kind. */
const refused: ReadonlyMap<string, string> = new Map([
  ['c', 'complex numbers: save the real and the imaginary part'],
  ['O', 'Python objects, which only Python unpickles'],
  ['S', 'byte strings'],
  ['a', 'byte strings'],
  ['U', 'strings'],
  ['T', 'strings'],
  ['V', 'raw bytes of a structure'],
  ['f', 'floating-point numbers wider than 64 bits'],
  ['g', 'floating-point numbers wider than 64 bits'],
]);

/**
 * The type that a type string names.
 *
 * @returns a sentence about what it holds where no typed array holds it
 */
export function npyType(descr: string): NpyType | string {
  const [, order = '', kind = ''] = /^([<>|=]?)(.*)$/s.exec(descr) as RegExpExecArray;
  const time = TIME.exec(kind);
  const found = simple.get(kind);
  const itemSize = Number(time ? 8 : kind.slice(1));
  // Without an order, or with '=', it is that of the machine that reads; '|' says that none matters.
  const swapped = itemSize > 1 && (order === '<' || order === '>') && order !== HOST_ORDER;
  if (itemSize > 1 && order === '|' && (time || found)) return 'a type without an order of bytes';
  if (time) {
    const unit = (time[2] ?? '') as TimeUnit;
    const name = time[1] === 'M' ? (`datetime64${unit}` as const) : (`timedelta64${unit}` as const);
    return { name, holder: 'int64', itemSize, swapped };
  }
  if (found) return { name: found[0], holder: found[1], itemSize, swapped };
  const letter = /^[a-zA-Z]\d*$/.test(kind) ? (kind[0] as string) : '';
  return refused.get(letter) ?? 'an unknown type';
}

/** Whether a name is of a type that a typed array only carries. */
export function isCarried(name: unknown): name is NpyDType {
  return (
    typeof name === 'string' &&
    (/^(?:datetime|timedelta)64/.test(name) || /^(bool|float16)$/.test(name))
  );
}

/**
 * The type string that elements are saved by.
 *
 * @param dtype - the name that was asked for; the array's own type where there is none
 * @throws TypeError where the array does not carry elements of that type
 */
export function descrFor(data: TypedArray, dtype: NpyDType | undefined): string {
  const own = dtypeOf(data);
  const name = dtype ?? (own === 'uint8clamped' ? 'uint8' : own);
  const time = /^(datetime|timedelta)64(.*)$/s.exec(String(name));
  if (time) {
    const kind = `${time[1] === 'datetime' ? 'M' : 'm'}8${time[2]}`;
    if (!TIME.test(kind)) throw typeError('dtype', dtype, "with a unit of NumPy's, such as '[ns]'");
    if (own !== 'int64') throw carriedBy(dtype, 'a BigInt64Array', data);
    return HOST_ORDER + kind;
  }
  for (const [kind, [known]] of simple) {
    if (known !== name) continue;
    if (name === 'bool') {
      if (data.BYTES_PER_ELEMENT !== 1) throw carriedBy(dtype, 'an array of bytes', data);
    } else if (name === 'float16') {
      if (own !== 'float32' && own !== 'float64') {
        throw carriedBy(dtype, 'a Float32Array or Float64Array', data);
      }
    } else if (name !== own && !(name === 'uint8' && own === 'uint8clamped')) {
      throw typeError('dtype', dtype, `'${own}', as the array is, or a type that it carries`);
    }
    return (kind.endsWith('1') ? '|' : HOST_ORDER) + kind;
  }
  const names = [...simple.values()].map(([known]) => `'${known}'`).join(', ');
  throw typeError('dtype', dtype, `one of ${names}, 'datetime64[…]', 'timedelta64[…]'`);
}

function carriedBy(dtype: unknown, what: string, data: TypedArray): TypeError {
  return typeError('array', data, `${what}, which carries '${String(dtype)}'`);
}
