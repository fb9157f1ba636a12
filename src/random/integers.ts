/**
 * Integers of every width, as NumPy draws them.
 */
import { FRAME_HEADER as HEADER, type NdArrayLike } from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { native } from '../native.ts';
import { type Numbers, type NumbersConstructor, type Size, target } from './output.ts';
import type { Stream } from './stream.ts';

/** The integer types. Those of 64 bits come as bigints. */
export interface IntegerArrays {
  bool: Uint8Array;
  int8: Int8Array;
  uint8: Uint8Array;
  int16: Int16Array;
  uint16: Uint16Array;
  int32: Int32Array;
  uint32: Uint32Array;
  int64: BigInt64Array;
  uint64: BigUint64Array;
}

/** The name of an integer type. */
export type IntegerType = keyof IntegerArrays;

interface Width {
  /** The number of the kind of draw in native code. */
  readonly draw: number;
  readonly least: bigint;
  readonly largest: bigint;
  readonly Array: NumbersConstructor<Numbers>;
}

function width(draw: number, bits: number, signed: boolean, Kind: unknown): Width {
  return {
    draw,
    least: signed ? -(1n << BigInt(bits - 1)) : 0n,
    largest: (1n << BigInt(signed ? bits - 1 : bits)) - 1n,
    Array: Kind as NumbersConstructor<Numbers>,
  };
}

const widths: Readonly<Record<IntegerType, Width>> = {
  bool: width(0, 1, false, Uint8Array),
  int8: width(1, 8, true, Int8Array),
  uint8: width(1, 8, false, Uint8Array),
  int16: width(2, 16, true, Int16Array),
  uint16: width(2, 16, false, Uint16Array),
  int32: width(3, 32, true, Int32Array),
  uint32: width(3, 32, false, Uint32Array),
  int64: width(4, 64, true, BigInt64Array),
  uint64: width(4, 64, false, BigUint64Array),
};

/** Drawn as int64, as NumPy does where no type is asked for, and written as numbers. */
const asNumbers: Width = {
  draw: 4,
  least: BigInt(Number.MIN_SAFE_INTEGER),
  largest: BigInt(Number.MAX_SAFE_INTEGER),
  Array: Float64Array as unknown as NumbersConstructor<Numbers>,
};

/** A bound as a bigint. */
function bound(name: string, value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value !== 'number') throw typeError(name, value, 'a whole number or a bigint');
  if (!Number.isSafeInteger(value)) {
    throw rangeError(name, value, 'a whole number within ±(2^53 - 1), or a bigint');
  }
  return BigInt(value);
}

const frame = native.random.frame;

/** Writes the frame of a native fill. */
export function frameIntegers(draw: number, low: bigint, range: bigint): void {
  const bits = BigInt.asUintN(64, low);
  frame[HEADER] = draw;
  frame[HEADER + 1] = Number(bits & 0xffffffffn);
  frame[HEADER + 2] = Number(bits >> 32n);
  frame[HEADER + 3] = Number(range & 0xffffffffn);
  frame[HEADER + 4] = Number(range >> 32n);
}

/** What a call of `integers` asks for. */
export interface IntegersCall {
  readonly low: unknown;
  readonly high: unknown;
  readonly size: Size | undefined;
  readonly dtype: IntegerType | undefined;
  readonly endpoint: boolean | undefined;
  readonly out: Numbers | NdArrayLike<Numbers> | undefined;
}

/** Checks the bounds and draws: a scalar, or a fill. */
export function integers(stream: Stream, call: IntegersCall): unknown {
  const { size, dtype, out } = call;
  // NumPy's one-argument form: the given bound is the high one.
  const [low, high] =
    call.high === undefined || call.high === null ? [0, call.low] : [call.low, call.high];
  const scalar = size === undefined && out === undefined;
  if (scalar && dtype === undefined && typeof low === 'number' && typeof high === 'number') {
    // The common call: no bigint is made for it.
    const range = high - low - (call.endpoint ? 0 : 1);
    if (
      Number.isSafeInteger(low) &&
      Number.isSafeInteger(high) &&
      range >= 0 &&
      range < 0xffffffff
    ) {
      return range === 0 ? low : low + stream.bounded32(range);
    }
  }
  const first = bound('low', low);
  const last = bound('high', high) - (call.endpoint ? 0n : 1n);
  const big = typeof low === 'bigint' || typeof high === 'bigint';
  const kind = kindOf(dtype, big);
  if (first > last) {
    throw rangeError('high', high, call.endpoint ? `at least low (${low})` : `above low (${low})`);
  }
  const limits = dtype ?? (kind === asNumbers ? 'a number' : 'int64');
  if (first < kind.least) throw rangeError('low', low, `at least ${kind.least} for ${limits}`);
  if (last > kind.largest) throw rangeError('high', high, `within ${kind.largest} for ${limits}`);
  frameIntegers(kind.draw, first, last - first);
  if (scalar) {
    const one = new kind.Array(1);
    native.random.fillIntegers(stream.words, one);
    return dtype === 'bool' ? one[0] === 1 : one[0];
  }
  const { data, result } = target(kind.Array, size, out);
  native.random.fillIntegers(stream.words, data);
  return result;
}

function kindOf(dtype: IntegerType | undefined, big: boolean): Width {
  if (dtype === undefined) return big ? widths.int64 : asNumbers;
  if (!Object.hasOwn(widths, dtype)) {
    throw typeError('dtype', dtype, `one of ${Object.keys(widths).join(', ')}`);
  }
  return widths[dtype];
}
