/**
 * What bit generators have in common: how they are seeded, and how their places are read and set.
 */
import { rangeError, typeError } from '../errors.ts';
import { zeros } from '../executor/index.ts';
import { native } from '../native.ts';
import { type Entropy, SeedSequence, type SeedSource, seedWords } from './seed-sequence.ts';
import { HALF, HAS_HALF, Kind, newStream, type Stream } from './stream.ts';

/** What generators are seeded with: entropy, a {@link SeedSequence}, or a source of one's own. */
export type SeedLike = Entropy | SeedSequence | SeedSource;

/** Whole numbers in a state: decimal strings when read; numbers and bigints too when set. */
export type Decimal = string | number | bigint;

/** What the states of all kinds have. */
export interface NamedState<S = unknown> {
  readonly bit_generator: string;
  readonly state: S;
}

/** The place of a bit generator as JSON, with NumPy's names, so that the two can exchange it. */
export interface BitGeneratorState<S = unknown> extends NamedState<S> {
  /** Whether `uinteger`, the second half of a 64-bit output, is the next 32-bit draw. */
  readonly has_uint32: number;
  readonly uinteger: number;
}

const NAMES = ['PCG64', 'PCG64DXSM', 'Philox', 'SFC64', 'MT19937'] as const;

/** The stream behind a bit generator; for the modules of this folder. */
export let streamOf: (generator: BitGenerator) => Stream;

/** Replaces the seed sequence. */
export let adopt: (generator: BitGenerator, sequence: SeedSource | undefined) => void;

/** Writes a whole number as `words` 32-bit words. */
export function write(
  into: Uint32Array,
  at: number,
  words: number,
  name: string,
  value: unknown,
): void {
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

export function read(from: Uint32Array, at: number, words: number): bigint {
  let value = 0n;
  for (let i = words - 1; i >= 0; i--) value = (value << 32n) | BigInt(from[at + i] as number);
  return value;
}

export function readList(from: Uint32Array, at: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(read(from, at + 2 * i, 2)));
}

export function writeList(
  into: Uint32Array,
  at: number,
  count: number,
  name: string,
  values: ArrayLike<Decimal>,
): void {
  if (values?.length !== count) throw typeError(name, values, `an array of ${count} whole numbers`);
  for (let i = 0; i < count; i++) write(into, at + 2 * i, 2, `${name}[${i}]`, values[i]);
}

/** A source of uniformly distributed 64-bit numbers. */
export abstract class BitGenerator<S extends NamedState = NamedState> {
  readonly #stream: Stream;
  #seedSequence: SeedSource | undefined;

  static {
    streamOf = (generator) => generator.#stream;
    adopt = (generator, sequence) => {
      generator.#seedSequence = sequence;
    };
  }

  /**
   * @param kind - which algorithm
   * @param seed - entropy, or a seed sequence; the system's entropy where none is given
   * @param seedNumbers - 64-bit words that this kind takes from the sequence
   */
  protected constructor(kind: Kind, seed: SeedLike | null | undefined, seedNumbers = 4) {
    const sequence = isSeedSource(seed) ? seed : new SeedSequence(seed);
    this.#seedSequence = sequence;
    this.#stream = newStream(kind);
    this.seed(sequence, seedNumbers);
  }

  /** Seeds the state by words of a sequence. */
  protected seed(sequence: SeedSource, numbers: number): void {
    const words =
      sequence instanceof SeedSequence
        ? sequence[seedWords]()
        : stateWords(sequence, numbers, 'uint64', 8);
    native.random.seed(this.#stream.words, words);
  }

  /** The name of the algorithm. */
  get name(): string {
    return NAMES[this.#stream.kind];
  }

  /** What it was seeded from; none where it was jumped or made from a state. */
  get seedSequence(): SeedSource | undefined {
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
    // A generator of 32-bit outputs has no half of one left over.
    if (this.#stream.kind !== Kind.MT19937) {
      const { uinteger, has_uint32: half } = state as NamedState as BitGeneratorState;
      write(words, HALF, 1, 'state.uinteger', uinteger);
      if (![0, 1, false, true].includes(half)) {
        throw rangeError('state.has_uint32', half, '0 or 1');
      }
      words[HAS_HALF] = Number(half);
    }
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
    const out = zeros(BigUint64Array, count ?? 1);
    native.random.fillRaw(this.#stream.words, out);
    return count === undefined ? (out[0] as bigint) : out;
  }

  /**
   * Bit generators of the same kind on streams that overlap neither with one another nor with this
   * one's; later calls make others.
   *
   * @throws TypeError where the seed sequence is not known, or can't spawn
   */
  spawn(count: number): this[] {
    const sequence = this.#seedSequence;
    if (sequence === undefined) {
      throw typeError('spawn', this, 'called on a generator that was seeded, not jumped');
    }
    if (typeof sequence.spawn !== 'function') {
      throw typeError('seedSequence', sequence, 'one with a method spawn(count)');
    }
    const Self = this.constructor as new (seed: SeedSource) => this;
    return Array.from(sequence.spawn(count), (child) => new Self(child));
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
    // A source of the caller's own has no JSON that could be read again.
    const sequence = this.#seedSequence;
    if (!(sequence instanceof SeedSequence)) return this.state;
    return { ...this.state, seedSequence: sequence.toJSON() };
  }

  /** How instances travel to other workers. */
  [Symbol.for('heddle.state')](): unknown {
    return this.toJSON();
  }

  static [Symbol.for('heddle.restore')](json: unknown): BitGenerator {
    return bitGeneratorFromJSON(json as NamedState);
  }
}

function isSeedSource(value: unknown): value is SeedSource {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<SeedSource>).generateState === 'function'
  );
}

/** What a source of the caller's own gives, as 32-bit words; those that it doesn't give are 0. */
export function stateWords(
  source: SeedSource,
  count: number,
  dtype: 'uint32' | 'uint64',
  length: number,
): Uint32Array {
  const given = source.generateState(count, dtype);
  const words = new Uint32Array(length);
  const each = dtype === 'uint64' ? 2 : 1;
  if (typeof given?.length !== 'number' || given.length < count) {
    throw typeError('generateState()', given, `an array of ${count} whole numbers`);
  }
  for (let i = 0; i < count; i++) write(words, each * i, each, 'generateState()', given[i]);
  return words;
}

type Restorable = new (seed: number) => BitGenerator;
const restorable = new Map<string, Restorable>();

/** Tells by which class states of a name are read. */
export function registerKind(name: (typeof NAMES)[number], Kind: Restorable): void {
  restorable.set(name, Kind);
}

/** The bit generator that a `toJSON()` or a `state` wrote down, of whatever kind it was. */
export function bitGeneratorFromJSON(json: NamedState): BitGenerator {
  const Kind = restorable.get(json?.bit_generator);
  if (Kind === undefined) {
    throw rangeError('bit_generator', json?.bit_generator, `one of ${NAMES.join(', ')}`);
  }
  const generator = new Kind(0);
  generator.state = json;
  const sequence = (json as { seedSequence?: Parameters<typeof SeedSequence.fromJSON>[0] })
    .seedSequence;
  adopt(generator, sequence === undefined ? undefined : SeedSequence.fromJSON(sequence));
  return generator;
}
