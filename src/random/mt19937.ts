/**
 * MT19937, the Mersenne Twister, as NumPy seeds it and as its RandomState did.
 */
import { FRAME_HEADER as HEADER } from '../arrays/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { native } from '../native.ts';
import {
  adopt,
  BitGenerator,
  type Decimal,
  type NamedState,
  read,
  registerKind,
  type SeedLike,
  stateWords,
  streamOf,
  write,
} from './bit-generator.ts';
import { SeedSequence, type SeedSource } from './seed-sequence.ts';
import { Kind, STATE_WORDS } from './stream.ts';

/** The state of {@link MT19937}: 624 words, and which is the next. */
export type MT19937State = NamedState<{
  readonly key: ArrayLike<number | bigint>;
  readonly pos: number;
}>;

const SIZE = 624;
const POSITION = STATE_WORDS + SIZE;

/**
 * The Mersenne Twister (Matsumoto and Nishimura 1998), for numbers that others have drawn with it.
 *
 * Its outputs have 32 bits, its state 2.5 KB; it is slower than the others, and can be jumped but
 * not advanced.
 */
export class MT19937 extends BitGenerator<MT19937State> {
  constructor(seed?: SeedLike | null) {
    super(Kind.MT19937, seed);
  }

  /**
   * One that is seeded as NumPy's `RandomState(seed)` and `_legacy_seeding(seed)` do it. It has no
   * seed sequence.
   *
   * @param seed - a whole number below 2^32, or an array of them
   */
  static legacy(seed: number | bigint | ArrayLike<number | bigint>): MT19937 {
    const generator = new MT19937(0);
    const { words } = streamOf(generator);
    const key = words.subarray(STATE_WORDS, POSITION);
    if (typeof seed === 'number' || typeof seed === 'bigint') {
      key[0] = seed32('seed', seed);
      multiplyOut(key);
    } else if (typeof seed === 'object' && seed !== null && typeof seed.length === 'number') {
      if (seed.length === 0) throw rangeError('seed', seed, 'not empty');
      mixIn(
        key,
        Array.from(seed, (value, i) => seed32(`seed[${i}]`, value)),
      );
    } else {
      throw typeError('seed', seed, 'a whole number below 2^32, or an array of them');
    }
    words[POSITION] = SIZE;
    adopt(generator, undefined);
    return generator;
  }

  protected override seed(sequence: SeedSource): void {
    const { words } = streamOf(this);
    const key =
      sequence instanceof SeedSequence
        ? sequence.generateState(SIZE)
        : stateWords(sequence, SIZE, 'uint32', SIZE);
    words.set(key, STATE_WORDS);
    words[STATE_WORDS] = 0x80000000;
    // NumPy leaves the last word to be drawn as it is.
    words[POSITION] = SIZE - 1;
  }

  protected override readState(words: Uint32Array): MT19937State {
    const key = Array.from(words.subarray(STATE_WORDS, POSITION));
    return { bit_generator: this.name, state: { key, pos: words[POSITION] as number } };
  }

  protected override writeState(words: Uint32Array, { state }: MT19937State): void {
    const { key, pos } = state;
    if (key?.length !== SIZE) throw typeError('state.state.key', key, `${SIZE} whole numbers`);
    for (let i = 0; i < SIZE; i++) {
      write(words, STATE_WORDS + i, 1, `state.state.key[${i}]`, key[i] as Decimal);
    }
    if (!Number.isInteger(pos) || pos < 0 || pos > SIZE) {
      throw rangeError('state.state.pos', pos, `a whole number from 0 to ${SIZE}`);
    }
    words[POSITION] = pos;
  }

  /** A new one at the place after `jumps` times 2^128 outputs; at least 0. */
  jumped(jumps = 1): this {
    if (!Number.isSafeInteger(jumps) || jumps < 0) {
      throw rangeError('jumps', jumps, 'a whole number of at least 0');
    }
    const twin = this.twin();
    native.random.frame[HEADER] = jumps;
    native.random.jump(streamOf(twin).words);
    return twin;
  }
}

function seed32(name: string, value: unknown): number {
  const word = new Uint32Array(1);
  write(word, 0, 1, name, value);
  return Number(read(word, 0, 1));
}

/** Fills the key from its first word (Knuth's generator, as the reference code has it). */
function multiplyOut(key: Uint32Array): void {
  for (let i = 1; i < SIZE; i++) {
    const last = key[i - 1] as number;
    key[i] = Math.imul(1812433253, last ^ (last >>> 30)) + i;
  }
}

/** Fills the key from any number of words. */
function mixIn(key: Uint32Array, seeds: readonly number[]): void {
  key[0] = 19650218;
  multiplyOut(key);
  let i = 1;
  const step = (factor: number, add: number) => {
    const last = key[i - 1] as number;
    key[i] = ((key[i] as number) ^ Math.imul(last ^ (last >>> 30), factor)) + add;
    if (++i === SIZE) {
      key[0] = key[SIZE - 1] as number;
      i = 1;
    }
  };
  for (let k = Math.max(SIZE, seeds.length), j = 0; k > 0; k--) {
    step(1664525, (seeds[j] as number) + j);
    if (++j === seeds.length) j = 0;
  }
  for (let k = SIZE - 1; k > 0; k--) step(1566083941, -i);
  key[0] = 0x80000000;
}

registerKind('MT19937', MT19937);
