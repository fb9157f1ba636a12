/**
 * The bit generators of 64-bit outputs: PCG64, PCG64DXSM, Philox, SFC64.
 */
import { rangeError, typeError } from '../errors.ts';
import {
  adopt,
  BitGenerator,
  type BitGeneratorState,
  type Decimal,
  read,
  readList,
  registerKind,
  type SeedLike,
  streamOf,
  write,
  writeList,
} from './bit-generator.ts';
import { Kind } from './stream.ts';

/** The state of {@link PCG64} and {@link PCG64DXSM}. */
export type PCG64State = BitGeneratorState<{ readonly state: Decimal; readonly inc: Decimal }>;

/** The state of {@link Philox}. */
export interface PhiloxState
  extends BitGeneratorState<{
    readonly counter: readonly Decimal[];
    readonly key: readonly Decimal[];
  }> {
  readonly buffer: readonly Decimal[];
  readonly buffer_pos: number;
}

/** The state of {@link SFC64}. */
export type SFC64State = BitGeneratorState<{ readonly state: readonly Decimal[] }>;

function count(name: string, value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value !== 'number') throw typeError(name, value, 'a whole number');
  if (!Number.isSafeInteger(value)) throw rangeError(name, value, 'a whole number');
  return BigInt(value);
}

/** What PCG64 and PCG64DXSM have in common. */
abstract class Congruential extends BitGenerator<PCG64State> {
  protected override readState(words: Uint32Array): PCG64State {
    return {
      ...this.common(words),
      state: { state: String(read(words, 0, 4)), inc: String(read(words, 4, 4)) },
    };
  }

  protected override writeState(words: Uint32Array, { state }: PCG64State): void {
    write(words, 0, 4, 'state.state.state', state.state);
    write(words, 4, 4, 'state.state.inc', state.inc);
  }

  /** Moves it as if `delta` numbers had been drawn; back, where it is negative. */
  advance(delta: number | bigint): this {
    this.move(count('delta', delta), 128);
    return this;
  }

  /** A new one at the place after `jumps` times 2^128 / φ draws: far from any other jump's. */
  jumped(jumps: number | bigint = 1): this {
    const twin = this.twin();
    twin.move(count('jumps', jumps) * 0x9e3779b97f4a7c15f39cc0605cedc835n, 128);
    return twin;
  }
}

/** O'Neill's PCG XSL-RR 128/64, the default: small, fast, can be advanced and jumped. */
export class PCG64 extends Congruential {
  constructor(seed?: SeedLike | null) {
    super(Kind.PCG64, seed);
  }
}

/** PCG64 with a stronger output function, for very many streams. */
export class PCG64DXSM extends Congruential {
  constructor(seed?: SeedLike | null) {
    super(Kind.PCG64DXSM, seed);
  }
}

/** Options of {@link Philox}. */
export interface PhiloxOptions {
  /**
   * 128 bits instead of a seed, as one number or as two words of 64, the lowest first: streams of
   * different keys are independent.
   */
  key?: Decimal | ArrayLike<Decimal> | undefined;
  /** Where to start: 256 bits, as one number or as four words. */
  counter?: Decimal | ArrayLike<Decimal> | undefined;
}

/** Writes 64-bit words that are given one by one, or as one number. */
function writeWords(
  into: Uint32Array,
  at: number,
  count: number,
  name: string,
  value: Decimal | ArrayLike<Decimal>,
): void {
  if (typeof value === 'object' && value !== null) writeList(into, at, count, name, value);
  else write(into, at, 2 * count, name, value);
}

/** Philox4x64-10: an encrypted counter. */
export class Philox extends BitGenerator<PhiloxState> {
  constructor(seed?: SeedLike | null, options: PhiloxOptions = {}) {
    const { key, counter } = options;
    if (key !== undefined && seed !== undefined && seed !== null) {
      throw typeError('key', key, 'left out where a seed is given');
    }
    super(Kind.Philox, key === undefined ? seed : 0, 2);
    const { words } = streamOf(this);
    if (key !== undefined) {
      writeWords(words, 8, 2, 'key', key);
      adopt(this, undefined);
    }
    if (counter !== undefined) writeWords(words, 0, 4, 'counter', counter);
  }

  protected override readState(words: Uint32Array): PhiloxState {
    return {
      ...this.common(words),
      state: { counter: readList(words, 0, 4), key: readList(words, 8, 2) },
      buffer: readList(words, 12, 4),
      buffer_pos: words[20] as number,
    };
  }

  protected override writeState(words: Uint32Array, state: PhiloxState): void {
    writeList(words, 0, 4, 'state.state.counter', state.state.counter);
    writeList(words, 8, 2, 'state.state.key', state.state.key);
    writeList(words, 12, 4, 'state.buffer', state.buffer);
    if (!Number.isInteger(state.buffer_pos) || state.buffer_pos < 0 || state.buffer_pos > 4) {
      throw rangeError('state.buffer_pos', state.buffer_pos, 'a whole number from 0 to 4');
    }
    words[20] = state.buffer_pos;
    words[21] = 0;
  }

  /** Adds `delta` to the counter, each step of which gives four numbers, as NumPy does. */
  advance(delta: number | bigint): this {
    this.move(count('delta', delta), 256);
    return this;
  }

  /** A new one at the place after `jumps` times 2^128 steps of the counter. */
  jumped(jumps: number | bigint = 1): this {
    const twin = this.twin();
    twin.move(count('jumps', jumps) << 128n, 256);
    return twin;
  }
}

/** Doty-Humphrey's small fast chaotic generator; it can't be advanced, only spawned. */
export class SFC64 extends BitGenerator<SFC64State> {
  constructor(seed?: SeedLike | null) {
    super(Kind.SFC64, seed, 3);
  }

  protected override readState(words: Uint32Array): SFC64State {
    return { ...this.common(words), state: { state: readList(words, 0, 4) } };
  }

  protected override writeState(words: Uint32Array, { state }: SFC64State): void {
    writeList(words, 0, 4, 'state.state.state', state.state);
  }
}

registerKind('PCG64', PCG64);
registerKind('PCG64DXSM', PCG64DXSM);
registerKind('Philox', Philox);
registerKind('SFC64', SFC64);
