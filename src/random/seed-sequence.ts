/**
 * SeedSequence: good seeds for any number of generators from any entropy, as NumPy has it.
 *
 * The mixing is M. E. O'Neill's ("Developing a seed_seq Alternative", 2015): entropy is hashed into
 * a pool of words, each of which then depends on all of them, and states are hashed out of the
 * pool. Entropy and spawn key become little-endian 32-bit words; with a spawn key the entropy is
 * padded to the pool's size, so that no entropy with a key is another entropy without one.
 */
import { randomFillSync } from 'node:crypto';
import { rangeError, typeError } from '../errors.ts';

/** The name of the method by which bit generators take their eight words. */
export const seedWords: unique symbol = Symbol('seed words');

const POOL_SIZE = 4;
const INIT_A = 0x43b0d7e5;
const MULTIPLIER_A = 0x931e8875;
const INIT_B = 0x8b51f9dd;
const MULTIPLIER_B = 0x58f38ded;
const MIX_LEFT = 0xca01f9dd;
const MIX_RIGHT = 0x4973f715;

/** Entropy: a whole number of any size (also written in decimal or 0x-hexadecimal), or several. */
export type Entropy = number | bigint | string | ArrayLike<number | bigint | string>;

/** Options of {@link SeedSequence}. */
export interface SeedSequenceOptions {
  /** Where in a tree of spawned sequences this one is. */
  spawnKey?: ArrayLike<number | bigint | string> | undefined;
  /** Words of the pool, at least 4 (the default). */
  poolSize?: number | undefined;
  /** Children that were spawned before: the next one gets this number. */
  nChildrenSpawned?: number | undefined;
}

/** What a {@link SeedSequence} is made of, as JSON. */
export interface SeedSequenceJSON {
  readonly entropy: string | string[];
  readonly spawnKey: string[];
  readonly poolSize: number;
  readonly nChildrenSpawned: number;
}

const WHOLE = 'a whole number of at least 0 (a bigint beyond 2^53 - 1)';

/** Appends the 32-bit words of a whole number, the lowest first; 0 is one word. */
function pushWords(words: number[], name: string, value: unknown): void {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || value < 0) throw rangeError(name, value, WHOLE);
    words.push(value >>> 0);
    if (value > 0xffffffff) words.push(Math.floor(value / 0x100000000));
    return;
  }
  let rest = whole(name, value);
  do {
    words.push(Number(rest & 0xffffffffn));
    rest >>= 32n;
  } while (rest !== 0n);
}

function whole(name: string, value: unknown): bigint {
  let result: bigint;
  if (typeof value === 'bigint') {
    result = value;
  } else if (typeof value === 'string' && /^\s*(0x[0-9a-f]+|[0-9]+)\s*$/i.test(value)) {
    result = BigInt(value);
  } else if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw rangeError(name, value, WHOLE);
    result = BigInt(value);
  } else {
    throw typeError(name, value, WHOLE);
  }
  if (result < 0n) throw rangeError(name, value, WHOLE);
  return result;
}

function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as ArrayLike<unknown>).length === 'number'
  );
}

/** What bit generators take their seeds from: {@link SeedSequence}, or an object of one's own. */
export interface SeedSource {
  /** `count` whole numbers of the type's bits. */
  generateState(count: number, dtype: 'uint32' | 'uint64'): ArrayLike<number | bigint>;
  /** Further sources, for the generators that `spawn` makes; it can't where there is none. */
  spawn?(count: number): Iterable<SeedSource>;
}

/** A source of seeds, and of further such sources that don't overlap with it. */
export class SeedSequence implements SeedSource {
  /** Whole numbers as given; 128 bits of the system's where none were. */
  readonly entropy: number | bigint | readonly (number | bigint)[];
  readonly spawnKey: readonly (number | bigint)[];
  readonly poolSize: number;
  #nChildrenSpawned: number;
  #entropyWords: number[];
  #pool: Uint32Array | undefined;

  /**
   * @param entropy - one or several whole numbers; the system's entropy where none is given
   * @throws TypeError or RangeError for what is no whole number of at least 0
   */
  constructor(entropy?: Entropy | null, options: SeedSequenceOptions = {}) {
    const { spawnKey, poolSize = POOL_SIZE, nChildrenSpawned = 0 } = options;
    if (!Number.isSafeInteger(poolSize) || poolSize < POOL_SIZE || poolSize > 0xffff) {
      throw rangeError('poolSize', poolSize, `a whole number from ${POOL_SIZE} to 65535`);
    }
    if (!Number.isSafeInteger(nChildrenSpawned) || nChildrenSpawned < 0) {
      throw rangeError('nChildrenSpawned', nChildrenSpawned, 'a whole number of at least 0');
    }
    this.poolSize = poolSize;
    this.#nChildrenSpawned = nChildrenSpawned;

    const words: number[] = [];
    if (entropy === undefined || entropy === null) {
      this.entropy = freshEntropy(poolSize);
      pushWords(words, 'entropy', this.entropy);
    } else if (typeof entropy === 'number' || typeof entropy === 'bigint') {
      this.entropy = entropy;
      pushWords(words, 'entropy', entropy);
    } else if (typeof entropy === 'string') {
      this.entropy = whole('entropy', entropy);
      pushWords(words, 'entropy', this.entropy);
    } else if (isArrayLike(entropy)) {
      this.entropy = toNumbers('entropy', entropy);
      for (const value of this.entropy) pushWords(words, 'entropy', value);
    } else {
      throw typeError('entropy', entropy, 'a whole number of at least 0, or an array of them');
    }
    if (spawnKey === undefined || spawnKey.length === 0) {
      this.spawnKey = [];
    } else {
      this.spawnKey = toNumbers('spawnKey', spawnKey);
      while (words.length < poolSize) words.push(0);
      for (const value of this.spawnKey) pushWords(words, 'spawnKey', value);
    }
    this.#entropyWords = words;
  }

  /** How many children were spawned; the next one's number. */
  get nChildrenSpawned(): number {
    return this.#nChildrenSpawned;
  }

  /** The mixed words that states are made of. */
  get pool(): Uint32Array {
    return this.#mixed().slice();
  }

  #mixed(): Uint32Array {
    this.#pool ??= mix(this.#entropyWords, this.poolSize);
    return this.#pool;
  }

  /** Words for seeding; fresh memory. */
  generateState(count: number, dtype?: 'uint32'): Uint32Array<ArrayBuffer>;
  generateState(count: number, dtype: 'uint64'): BigUint64Array<ArrayBuffer>;
  generateState(
    count: number,
    dtype: 'uint32' | 'uint64',
  ): Uint32Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>;
  generateState(
    count: number,
    dtype: 'uint32' | 'uint64' = 'uint32',
  ): Uint32Array<ArrayBuffer> | BigUint64Array<ArrayBuffer> {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw rangeError('count', count, 'a whole number of at least 0');
    }
    if (dtype !== 'uint32' && dtype !== 'uint64') {
      throw typeError('dtype', dtype, "'uint32' or 'uint64'");
    }
    const words = new Uint32Array(dtype === 'uint64' ? 2 * count : count);
    generate(this.#mixed(), words);
    // The words of a 64-bit number are in the machine's order, which is little-endian.
    return dtype === 'uint64' ? new BigUint64Array(words.buffer) : words;
  }

  /** Eight words, in memory that the next call writes again. */
  [seedWords](): Uint32Array {
    generate(this.#mixed(), WORDS);
    return WORDS;
  }

  /**
   * Makes `count` sequences whose streams overlap neither with one another's nor with this one's;
   * later calls make others.
   */
  spawn(count: number): SeedSequence[] {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw rangeError('count', count, 'a whole number of at least 0');
    }
    const first = this.#nChildrenSpawned;
    this.#nChildrenSpawned += count;
    const children = new Array<SeedSequence>(count);
    for (let i = 0; i < count; i++) {
      children[i] = new SeedSequence(this.entropy as Entropy, {
        spawnKey: [...this.spawnKey, first + i],
        poolSize: this.poolSize,
      });
    }
    return children;
  }

  toJSON(): SeedSequenceJSON {
    const { entropy } = this;
    return {
      entropy: typeof entropy === 'object' ? entropy.map(String) : String(entropy),
      spawnKey: this.spawnKey.map(String),
      poolSize: this.poolSize,
      nChildrenSpawned: this.#nChildrenSpawned,
    };
  }

  /** The sequence that {@link SeedSequence.toJSON} wrote down, its count of children included. */
  static fromJSON(json: SeedSequenceJSON): SeedSequence {
    return new SeedSequence(json.entropy, json);
  }

  /** How instances travel to other workers. */
  [Symbol.for('heddle.state')](): SeedSequenceJSON {
    return this.toJSON();
  }

  static [Symbol.for('heddle.restore')](json: SeedSequenceJSON): SeedSequence {
    return SeedSequence.fromJSON(json);
  }
}

function toNumbers(name: string, values: ArrayLike<unknown>): (number | bigint)[] {
  if (typeof values === 'string' || !isArrayLike(values)) {
    throw typeError(name, values, 'an array of whole numbers');
  }
  const numbers = new Array<number | bigint>(values.length);
  for (let i = 0; i < numbers.length; i++) {
    const value = values[i];
    numbers[i] = typeof value === 'number' ? value : whole(name, value);
  }
  return numbers;
}

function freshEntropy(poolSize: number): bigint {
  let entropy = 0n;
  for (const word of randomFillSync(new Uint32Array(poolSize))) {
    entropy = (entropy << 32n) | BigInt(word);
  }
  return entropy;
}

const WORDS = new Uint32Array(8);

/** Hashes words out of a pool. */
function generate(pool: Uint32Array, words: Uint32Array): void {
  let hash = INIT_B;
  for (let i = 0, from = 0; i < words.length; i++) {
    let value = (pool[from] as number) ^ hash;
    hash = Math.imul(hash, MULTIPLIER_B);
    value = Math.imul(value, hash);
    words[i] = value ^ (value >>> 16);
    if (++from === pool.length) from = 0;
  }
}

/** Hashes words into a pool in which each word depends on all of them. */
function mix(words: readonly number[], poolSize: number): Uint32Array {
  const pool = new Uint32Array(poolSize);
  let hash: number = INIT_A;
  for (let i = 0; i < poolSize; i++) {
    const mixed = (words[i] ?? 0) ^ hash;
    hash = Math.imul(hash, MULTIPLIER_A);
    const value = Math.imul(mixed, hash);
    pool[i] = value ^ (value >>> 16);
  }
  const steps = Math.max(words.length, poolSize);
  for (let from = 0; from < steps; from++) {
    for (let to = 0; to < poolSize; to++) {
      if (from === to) continue;
      // First each word of the pool into the others, then the words that had no place in it.
      const word = (from < poolSize ? pool[from] : words[from]) as number;
      const salted = word ^ hash;
      hash = Math.imul(hash, MULTIPLIER_A);
      let value = Math.imul(salted, hash);
      value ^= value >>> 16;
      value = (Math.imul(MIX_LEFT, pool[to] as number) - Math.imul(MIX_RIGHT, value)) | 0;
      pool[to] = value ^ (value >>> 16);
    }
  }
  return pool;
}
