/**
 * What a distribution is, and how a call of its method becomes numbers.
 */

import { FRAME_HEADER as HEADER, isNdArray } from '../arrays/index.ts';
import { typeError } from '../errors.ts';
import { resolveThreads } from '../executor/index.ts';
import { native } from '../native.ts';
import { checkKeys } from '../options.ts';
import { anyNumber, type Check, spread } from './arguments.ts';
import { type NumbersConstructor, type Out, type Size, target } from './output.ts';
import { broadcast, broadcastShape, type Grid, gridOf, wantedShape } from './parameters.ts';
import { type DistributionId, type Drawn, fill, type Stream } from './stream.ts';

/** Types that results may have; the first is the default. */
export type Results = 'float64' | 'floats' | 'counts';

/** A distribution: its number in native code, its parameters, and the types of its numbers. */
export interface Distribution {
  readonly id: DistributionId;
  readonly parameters: readonly ParameterSpec[];
  readonly results: Results;
  /** Checks of parameters against each other; may change what native code gets. */
  readonly together?: ((values: Values) => void) | undefined;
}

/** The three parameters that native code takes; those that a distribution lacks are 0. */
export type Values = [a: number, b: number, c: number];

/** One parameter. */
export interface ParameterSpec {
  readonly name: string;
  readonly check: Check;
  readonly default?: number | undefined;
}

/** Parameters, in short: `{ loc: [anyNumber, 0], scale: [nonNegative, 1] }`. */
export function distribution(
  id: DistributionId,
  results: Results,
  parameters: Readonly<Record<string, Check | readonly [Check, number]>>,
  together?: (values: Values) => void,
): Distribution {
  const specs = Object.entries(parameters).map(([name, spec]) =>
    typeof spec === 'function'
      ? { name, check: spec }
      : { name, check: spec[0], default: spec[1] as number },
  );
  return { id, results, parameters: specs, together };
}

/** The second parameter becomes its distance from the first. */
export function asSpread(values: Values): void {
  values[1] = spread(values[0], values[1]);
}

const FLOAT64 = Float64Array as unknown as NumbersConstructor<Float64Array>;
const FLOAT32 = Float32Array as unknown as NumbersConstructor<Float32Array>;
const INT64 = BigInt64Array as unknown as NumbersConstructor<BigInt64Array>;
const OTHERS = { float64: '', floats: " or 'float32'", counts: " or 'int64'" };

type ResultArray = Float64Array | Float32Array | BigInt64Array;

function kindOf(results: Results, dtype: unknown): NumbersConstructor<ResultArray> {
  if (dtype === undefined || dtype === 'float64') return FLOAT64;
  if (dtype === 'float32' && results === 'floats') return FLOAT32;
  if (dtype === 'int64' && results === 'counts') return INT64;
  throw typeError('dtype', dtype, `'float64'${OTHERS[results]}`);
}

/** The options of a call that its last arguments are: `size, options`, or `options` alone. */
export interface CallEnd {
  readonly size: Size | undefined;
  readonly options: Readonly<Record<string, unknown>>;
}

const NONE: Readonly<Record<string, unknown>> = Object.freeze({});

/** Options of the methods that draw from one distribution. */
export const SAMPLE_OPTIONS: readonly string[] = ['dtype', 'out', 'threads'];

/**
 * Tells options from a size.
 *
 * @param known - the options that there are
 * @throws TypeError for another one, with the nearest that there is
 */
export function callEnd(
  sizeOrOptions: unknown,
  options: unknown,
  known: readonly string[],
): CallEnd {
  if (typeof sizeOrOptions === 'object' && sizeOrOptions !== null) {
    if (!Array.isArray(sizeOrOptions)) {
      checkKeys('options', sizeOrOptions, known);
      return { size: undefined, options: sizeOrOptions as Record<string, unknown> };
    }
  }
  if (options !== undefined && options !== null && typeof options !== 'object') {
    throw typeError('options', options, 'an object');
  }
  if (options) checkKeys('options', options, known);
  return {
    size: (sizeOrOptions ?? undefined) as Size | undefined,
    options: (options ?? NONE) as Record<string, unknown>,
  };
}

/** Checks parameters that are numbers. */
export function checked(of: Distribution, given: readonly unknown[]): Drawn {
  const values: Values = [0, 0, 0];
  for (let i = 0; i < of.parameters.length; i++) {
    const { name, check, default: other } = of.parameters[i] as ParameterSpec;
    values[i] = check(name, given[i] === undefined ? other : given[i]);
  }
  of.together?.(values);
  return { id: of.id, a: values[0], b: values[1], c: values[2] };
}

/**
 * Draws what a call of a method asks for: a number, an array, or `out` filled.
 *
 * @param given - the parameters, then `size, options` or `options`
 * @param known - the options of the method
 */
export function sample(
  stream: Stream,
  of: Distribution,
  given: readonly unknown[],
  known: readonly string[] = SAMPLE_OPTIONS,
): unknown {
  const count = of.parameters.length;
  const end = callEnd(given[count], given[count + 1], known);
  for (let i = 0; i < count; i++) {
    const value = given[i];
    if (typeof value === 'object' && value !== null) return sampleVarying(stream, of, given, end);
  }
  const drawn = checked(of, given);
  const { size, options } = end;
  const Kind = kindOf(of.results, options.dtype);
  if (size === undefined && options.out === undefined) {
    if (Kind === FLOAT64) return stream.draw(drawn.id, drawn.a, drawn.b, drawn.c);
    const one = new Kind(1);
    fill(stream, one, drawn);
    return one[0];
  }
  const output = target(Kind, size, options.out as Out<Float64Array>);
  const threads =
    options.threads === undefined ? 1 : resolveThreads(options.threads as number, 'openmp');
  fill(stream, output.data, drawn, threads);
  return output.result;
}

const ZERO = new Float64Array(1);

/** The same where a parameter is an array: a number is drawn for each of its elements. */
function sampleVarying(
  stream: Stream,
  of: Distribution,
  given: readonly unknown[],
  { size, options }: CallEnd,
): unknown {
  const { parameters } = of;
  let flat = true;
  const grids = parameters.map(({ name, check, default: other }, i): Grid => {
    const value = given[i];
    const grid = gridOf(name, value);
    if (grid === undefined) {
      return { data: [check(name, value === undefined ? other : value)], shape: [] };
    }
    checkAll(check, name, grid.data);
    if (isNdArray(value)) flat = false;
    return grid;
  });
  const Kind = kindOf(of.results, options.dtype);
  const own = broadcastShape(
    parameters.map(({ name }) => name).join(', '),
    grids.map(({ shape }) => shape),
  );
  const out = options.out as Out<ResultArray> | undefined;
  const wanted = wantedShape(size, out, own);
  const values = grids.map((grid) =>
    grid.data.length === 1 ? Float64Array.of(grid.data[0] as number) : broadcast(grid, wanted),
  );
  const asShape = size ?? (flat ? (wanted[0] as number) : wanted);
  const output = target(Kind, out === undefined ? asShape : size, out);
  if (output.data.length === 0) return output.result;
  if (of.together !== undefined) checkTogether(of.together, values);
  const [a = ZERO, b = ZERO, c = ZERO] = values;
  native.random.frame[HEADER] = of.id;
  native.random.fillVarying(stream.words, output.data, a, b, c);
  return output.result;
}

/** Checks each element; those of typed arrays are numbers, whichever. */
function checkAll(check: Check, name: string, data: ArrayLike<number>): void {
  if (check === anyNumber && ArrayBuffer.isView(data)) return;
  for (let i = 0; i < data.length; i++) check(name, data[i]);
}

/** Checks, and may change, the parameters of each number. */
function checkTogether(together: (values: Values) => void, values: Float64Array[]): void {
  const length = Math.max(...values.map((one) => one.length));
  // What is one for all may become another one for each.
  for (let i = 0; i < values.length; i++) {
    const one = values[i] as Float64Array;
    if (one.length !== length) values[i] = new Float64Array(length).fill(one[0] as number);
  }
  const [a = ZERO, b = ZERO, c = ZERO] = values;
  const each: Values = [0, 0, 0];
  for (let i = 0; i < length; i++) {
    each[0] = a[i] as number;
    each[1] = b[i] as number;
    each[2] = (c === ZERO ? 0 : c[i]) as number;
    together(each);
    a[i] = each[0];
    b[i] = each[1];
    if (c !== ZERO) c[i] = each[2];
  }
}
