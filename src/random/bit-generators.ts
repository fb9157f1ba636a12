/**
 * The bit generators: where raw bits come from, and how their places are read, set and moved.
 */
import { rangeError, typeError } from '../errors.ts';
import { native } from '../native.ts';
import { type Entropy, SeedSequence, seedWords } from './seed-sequence.ts';
import { HALF, HAS_HALF, Kind, Stream } from './stream.ts';

/** What generators are seeded with. */
export type SeedLike = Entropy | SeedSequence;

/** Whole numbers in a state: decimal strings when read; numbers and bigints too when set. */
export type Decimal = string | number | bigint;

/** The place of a bit generator as JSON, with NumPy's names, so that the two can exchange it. */
export interface BitGeneratorState<S = unknown> {
  readonly bit_generator: string;
  readonly state: S;
  /** Whether `uinteger`, the second half of a 64-bit output, is the next 32-bit draw. */
  readonly has_uint32: number;
  readonly uinteger: number;
}

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

const NAMES = ['PCG64', 'PCG64DXSM', 'Philox', 'SFC64'] as const;

/** The stream behind a bit generator; for the modules of this folder. */
export let streamOf: (generator: BitGenerator) => Stream;

/** Replaces the seed sequence. */
let adopt: (generator: BitGenerator, sequence: SeedSequence | undefined) => void;

/** Writes a whole number as `words` 32-bit words. */
function write(into: Uint32Array, at: number, words: number, name: string, value: unknown): void {
  const what = `a whole number from 0 to 2^${32 * words} - 1`;
  let rest: bigint;
  try {
    rest = BigInt(value as string);
  } catch {
    throw typeError(name, value, what);
  }
  if (rest < 0n || rest >> BigInt(32 * words) !== 0n) throw rangeError(name, value, what);
  for (let i = 0; i < words; i++) {
    into[at + i] = Number(rest & 0xffffffffn);
    rest >>= 32n;
  }
}

function read(from: Uint32Array, at: number, words: number): bigint {
  let value = 0n;
  for (let i = words - 1; i >= 0; i--) value = (value << 32n) | BigInt(from[at + i] as number);
  return value;
}

function readList(from: Uint32Array, at: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(read(from, at + 2 * i, 2)));
}

function writeList(
  into: Uint32Array,
  at: number,
  count: number,
  name: string,
  values: readonly Decimal[],
): void {
  if (values?.length !== count) throw typeError(name, values, `an array of ${count} whole numbers`);
  for (let i = 0; i < count; i++) write(into, at + 2 * i, 2, `${name}[${i}]`, values[i]);
}

/** A source of uniformly distributed 64-bit numbers. */
export abstract class BitGenerator<S extends BitGeneratorState = BitGeneratorState> {
  readonly #stream: Stream;
  #seedSequence: SeedSequence | undefined;

  static {
    streamOf = (generator) => generator.#stream;
    adopt = (generator, sequence) => {
      generator.#seedSequence = sequence;
    };
  }

  /**
   * @param kind - which algorithm
   * @param seed - entropy, or a seed sequence; the system's entropy where none is given
   */
  protected constructor(kind: Kind, seed: SeedLike | null | undefined) {
    const sequence = seed instanceof SeedSequence ? seed : new SeedSequence(seed);
    this.#seedSequence = sequence;
    this.#stream = new Stream(kind);
    native.random.seed(this.#stream.words, sequence[seedWords]());
  }

  /** The name of the algorithm. */
  get name(): string {
    return NAMES[this.#stream.kind];
  }

  /** What it was seeded from; none where it was jumped or made from a state. */
  get seedSequence(): SeedSequence | undefined {
    return this.#seedSequence;
  }

  /** Where it stands, as JSON; setting it puts it there. */
  get state(): S {
    this.#stream.settle();
    return this.readState(this.#stream.words);
  }

  set state(state: S) {
    const name = this.name;
    if (typeof state !== 'object' || state === null || typeof state.state !== 'object') {
      throw typeError('state', state, `the state of a ${name}`);
    }
    if (state.bit_generator !== name) {
      throw rangeError('state.bit_generator', state.bit_generator, `'${name}'`);
    }
    const words = this.#stream.words.slice();
    write(words, HALF, 1, 'state.uinteger', state.uinteger);
    if (![0, 1, false, true].includes(state.has_uint32)) {
      throw rangeError('state.has_uint32', state.has_uint32, '0 or 1');
    }
    words[HAS_HALF] = Number(state.has_uint32);
    this.writeState(words, state);
    this.#stream.words.set(words);
    this.#stream.reset();
  }

  /** The names that every kind's state has. */
  protected common(words: Uint32Array): Omit<BitGeneratorState, 'state'> {
    return {
      bit_generator: this.name,
      has_uint32: words[HAS_HALF] as number,
      uinteger: words[HALF] as number,
    };
  }

  protected abstract readState(words: Uint32Array): S;
  protected abstract writeState(words: Uint32Array, state: S): void;

  /** The next 64 bits; or, with a count, that many. */
  randomRaw(): bigint;
  randomRaw(count: number): BigUint64Array<ArrayBuffer>;
  randomRaw(count?: number): bigint | BigUint64Array<ArrayBuffer> {
    if (count !== undefined && (!Number.isSafeInteger(count) || count < 0)) {
      throw rangeError('count', count, 'a whole number of at least 0');
    }
    const out = new BigUint64Array(count ?? 1);
    native.random.fillRaw(this.#stream.words, out);
    return count === undefined ? (out[0] as bigint) : out;
  }

  /**
   * Bit generators of the same kind on streams that overlap neither with one another nor with this
   * one's; later calls make others.
   *
   * @throws TypeError where the seed sequence is not known
   */
  spawn(count: number): this[] {
    if (this.#seedSequence === undefined) {
      throw typeError('spawn', this, 'called on a generator that was seeded, not jumped');
    }
    const Self = this.constructor as new (seed: SeedSequence) => this;
    return this.#seedSequence.spawn(count).map((child) => new Self(child));
  }

  /** Another one at the same place, without a seed sequence. */
  protected twin(): this {
    const Self = this.constructor as new (seed: number) => this;
    const twin = new Self(0);
    twin.#seedSequence = undefined;
    this.#stream.settle();
    twin.#stream.words.set(this.#stream.words);
    return twin;
  }

  /** Moves the place; the half that 32-bit draws have left over is dropped. */
  protected move(delta: bigint, bits: number): void {
    const words = new Uint32Array(8);
    write(words, 0, bits / 32, 'delta', BigInt.asUintN(bits, delta));
    native.random.advance(this.#stream.words, words);
  }

  toJSON(): S & { readonly seedSequence?: unknown } {
    const seedSequence = this.#seedSequence?.toJSON();
    return seedSequence === undefined ? this.state : { ...this.state, seedSequence };
  }

  /** How instances travel to other workers. */
  [Symbol.for('heddle.state')](): unknown {
    return this.toJSON();
  }

  static [Symbol.for('heddle.restore')](json: unknown): BitGenerator {
    return bitGeneratorFromJSON(json as BitGeneratorState);
  }
}

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
  /** 128 bits instead of a seed: streams of different keys are independent. */
  key?: Decimal | undefined;
  /** Where to start: 256 bits. */
  counter?: Decimal | undefined;
}

/** Philox4x64-10: an encrypted counter. */
export class Philox extends BitGenerator<PhiloxState> {
  constructor(seed?: SeedLike | null, options: PhiloxOptions = {}) {
    const { key, counter } = options;
    if (key !== undefined && seed !== undefined && seed !== null) {
      throw typeError('key', key, 'left out where a seed is given');
    }
    super(Kind.Philox, key === undefined ? seed : 0);
    const { words } = streamOf(this);
    if (key !== undefined) {
      write(words, 8, 4, 'key', key);
      adopt(this, undefined);
    }
    if (counter !== undefined) write(words, 0, 8, 'counter', counter);
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
    super(Kind.SFC64, seed);
  }

  protected override readState(words: Uint32Array): SFC64State {
    return { ...this.common(words), state: { state: readList(words, 0, 4) } };
  }

  protected override writeState(words: Uint32Array, { state }: SFC64State): void {
    writeList(words, 0, 4, 'state.state.state', state.state);
  }
}

const KINDS = { PCG64, PCG64DXSM, Philox, SFC64 } as const;

/** The bit generator that a `toJSON()` or a `state` wrote down, of whatever kind it was. */
export function bitGeneratorFromJSON(json: BitGeneratorState): BitGenerator {
  const name = json?.bit_generator as keyof typeof KINDS;
  if (!Object.hasOwn(KINDS, name)) {
    throw rangeError('bit_generator', name, `one of ${Object.keys(KINDS).join(', ')}`);
  }
  const generator: BitGenerator = new KINDS[name](0);
  generator.state = json;
  const sequence = (json as { seedSequence?: Parameters<typeof SeedSequence.fromJSON>[0] })
    .seedSequence;
  adopt(generator, sequence === undefined ? undefined : SeedSequence.fromJSON(sequence));
  return generator;
}
