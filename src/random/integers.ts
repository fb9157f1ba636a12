/**
 * Integers of every width, as NumPy draws them.
 */
import { types } from 'node:util';

import { dense, FRAME_HEADER as HEADER, isNdArray, type NdArrayLike } from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { native } from '../native.ts';
import { callEnd } from './distribution.ts';
import { type Numbers, type NumbersConstructor, type Size, target } from './output.ts';
import { broadcastIndices, broadcastShape, wantedShape } from './parameters.ts';
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
function frameIntegers(draw: number, low: bigint, range: bigint): void {
  const bits = BigInt.asUintN(64, low);
  frame[HEADER] = draw;
  frame[HEADER + 1] = Number(bits & 0xffffffffn);
  frame[HEADER + 2] = Number(bits >> 32n);
  frame[HEADER + 3] = Number(range & 0xffffffffn);
  frame[HEADER + 4] = Number(range >> 32n);
}

/** A bound, or an array of them. */
export type Bound =
  | number
  | bigint
  | readonly number[]
  | readonly bigint[]
  | Numbers
  | NdArrayLike<Numbers>;

/** Options of a call, of whatever type. */
interface Options {
  readonly dtype?: IntegerType | undefined;
  readonly endpoint?: boolean | undefined;
  readonly out?: Numbers | NdArrayLike<Numbers> | undefined;
}

const OPTIONS = ['dtype', 'endpoint', 'out'];

/**
 * Checks the bounds and draws: a scalar, or a fill.
 *
 * @param given - `low, high, size, options`; options may stand in the place of the size or of high
 */
export function integers(stream: Stream, given: readonly unknown[]): unknown {
  const alone = isOptions(given[1]);
  const { size, options } = alone
    ? callEnd(given[1], undefined, OPTIONS)
    : callEnd(given[2], given[3], OPTIONS);
  const { dtype, endpoint, out } = options as Options;
  const second = alone ? undefined : given[1];
  // NumPy's one-argument form: the given bound is the high one.
  const [low, high] = second === undefined || second === null ? [0, given[0]] : [given[0], second];
  const scalar = size === undefined && out === undefined;
  if (scalar && dtype === undefined && typeof low === 'number' && typeof high === 'number') {
    // The common call: no bigint is made for it.
    const range = high - low - (endpoint ? 0 : 1);
    if (
      Number.isSafeInteger(low) &&
      Number.isSafeInteger(high) &&
      range >= 0 &&
      range < 0xffffffff
    ) {
      return range === 0 ? low : low + stream.bounded32(range);
    }
  }
  if (typeof low === 'object' || typeof high === 'object') {
    return varyingIntegers(stream, low, high, size, options);
  }
  const first = bound('low', low);
  const last = bound('high', high) - (endpoint ? 0n : 1n);
  const kind = kindOf(dtype, typeof low === 'bigint' || typeof high === 'bigint');
  checkBounds(kind, dtype, first, last, endpoint);
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

function isOptions(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    !isNdArray(value)
  );
}

/** Refuses an empty range, and one that the type does not hold. */
function checkBounds(
  kind: Width,
  dtype: IntegerType | undefined,
  first: bigint,
  last: bigint,
  endpoint: boolean | undefined,
): void {
  if (first > last) {
    const high = last + (endpoint ? 0n : 1n);
    throw rangeError('high', high, endpoint ? `at least low (${first})` : `above low (${first})`);
  }
  const limits = dtype ?? (kind === asNumbers ? 'a number' : 'int64');
  if (first < kind.least) throw rangeError('low', first, `at least ${kind.least} for ${limits}`);
  if (last > kind.largest) throw rangeError('high', last, `within ${kind.largest} for ${limits}`);
}

/** A bound as an array with a shape. */
function boundsOf(name: string, value: unknown): { data: ArrayLike<unknown>; shape: number[] } {
  if (isNdArray(value)) return { data: dense(name, value), shape: [...value.shape] };
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && !types.isDataView(value))) {
    const data = value as unknown as ArrayLike<unknown>;
    return { data, shape: [data.length] };
  }
  return { data: [value], shape: [] };
}

/** Integers of a range of its own each. */
function varyingIntegers(
  stream: Stream,
  low: unknown,
  high: unknown,
  size: Size | undefined,
  { dtype, endpoint, out }: Options,
): unknown {
  const lows = boundsOf('low', low);
  const highs = boundsOf('high', high);
  const first = Array.from(lows.data, (value) => bound('low', value));
  const last = Array.from(highs.data, (value) => bound('high', value) - (endpoint ? 0n : 1n));
  const big = [lows, highs].some(({ data }) => typeof data[0] === 'bigint');
  const kind = kindOf(dtype, big);
  const own = broadcastShape('low, high', [lows.shape, highs.shape]);
  const wanted = wantedShape(size, out, own);
  const lowIndices = broadcastIndices(lows.shape, wanted);
  const highIndices = broadcastIndices(highs.shape, wanted);
  const offsets = new BigUint64Array(lowIndices.length);
  const ranges = new BigUint64Array(lowIndices.length);
  for (let i = 0; i < offsets.length; i++) {
    const from = first[lowIndices[i] as number] as bigint;
    const to = last[highIndices[i] as number] as bigint;
    checkBounds(kind, dtype, from, to, endpoint);
    offsets[i] = BigInt.asUintN(64, from);
    ranges[i] = to - from;
  }
  const shaped = isNdArray(low) || isNdArray(high);
  const asShape = size ?? (shaped ? wanted : (wanted[0] as number));
  const { data, result } = target(kind.Array, out === undefined ? asShape : size, out);
  frame[HEADER] = kind.draw;
  native.random.fillVaryingIntegers(stream.words, data, offsets, ranges);
  return result;
}

function kindOf(dtype: IntegerType | undefined, big: boolean): Width {
  if (dtype === undefined) return big ? widths.int64 : asNumbers;
  if (!Object.hasOwn(widths, dtype)) {
    throw typeError('dtype', dtype, `one of ${Object.keys(widths).join(', ')}`);
  }
  return widths[dtype];
}
