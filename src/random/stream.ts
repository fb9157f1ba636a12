/**
 * The words of a generator's state, and the block of draws that scalars are taken from.
 *
 * Scalars are read here, in JavaScript, because a native call for each would cost more than the
 * number. The block holds the generator's next outputs, so that a scalar of any kind, and a fill
 * after it, take exactly the draws that they would take from the generator itself: a fill first
 * puts the generator to where the scalars have come, and drops the rest of the block.
 *
 * native/random/state.h has the same layout.
 */
import { beginFrame, FRAME_HEADER as HEADER } from '../arrays/index.ts';
import { BLOCKING } from '../executor/index.ts';
import { native } from '../native.ts';

/** Words of a state, but for what lies behind it where a generator needs more. */
export const STATE_WORDS = 56;
/** Words of a place that lies behind the state; its origin lies behind that. */
export const TAIL_WORDS = 626;
const KIND = 48;
export const HAS_HALF = 49;
export const HALF = 50;
const LEFT = 51;
const SIZE = 52;

/** The numbers of the kinds of generators in native code. */
export const Kind = { PCG64: 0, PCG64DXSM: 1, Philox: 2, SFC64: 3, MT19937: 4 } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** Draws in a block: small after a fill has dropped one, larger while they are used up. */
const BLOCKS = [16, 128, 1024];
const NO_DOUBLES = new Float64Array(0);
const NO_BITS = new Uint32Array(0);

/** One size of block. */
interface Block {
  /** As native code sees it: the bits of the draws, then the doubles made of them. */
  readonly whole: Float64Array;
  readonly doubles: Float64Array;
  readonly bits: Uint32Array;
}

function newBlock(size: number): Block {
  const whole = new Float64Array(2 * size);
  return { whole, doubles: whole.subarray(size), bits: new Uint32Array(whole.buffer, 0, 2 * size) };
}
const TO_DOUBLE_HIGH = 2 ** -32;

const { normalLimit, normalWidth, exponentialLimit, exponentialWidth } = native.random.tables();
const frame = native.random.frame;

/** A generator's place, and draws from it one by one; of generators with outputs of 64 bits. */
export class Stream {
  readonly words: Uint32Array<ArrayBuffer>;
  #blocks: Block[] | undefined;
  #tier = 0;
  #block: Float64Array = NO_DOUBLES;
  /** The next double is at `left - 1`; so are its bits, as two words. */
  #doubles: Float64Array = NO_DOUBLES;
  protected bits: Uint32Array = NO_BITS;

  constructor(kind: Kind) {
    this.words = new Uint32Array(STATE_WORDS + (kind === Kind.MT19937 ? 2 * TAIL_WORDS : 0));
    this.words[KIND] = kind;
  }

  get kind(): Kind {
    return this.words[KIND] as Kind;
  }

  /** Lets the words say where the generator stands; before they are read, or written by a fill. */
  settle(): void {
    if (this.words[LEFT] !== 0) native.random.settle(this.words);
  }

  /** Drops what was read ahead: the place has been written anew. */
  reset(): void {
    this.words[LEFT] = 0;
    this.words[SIZE] = 0;
  }

  /** Draws the next block and returns its size. */
  protected refill(): number {
    // A block that was used up left its size; one that was dropped did not.
    if (this.words[SIZE] === 0) this.#use(0);
    else if (this.#tier < BLOCKS.length - 1) this.#use(this.#tier + 1);
    native.random.refill(this.words, this.#block);
    return this.words[LEFT] as number;
  }

  #use(tier: number): void {
    this.#blocks ??= [];
    this.#blocks[tier] ??= newBlock(BLOCKS[tier] as number);
    const { whole, doubles, bits } = this.#blocks[tier] as Block;
    this.#tier = tier;
    this.#block = whole;
    this.#doubles = doubles;
    this.bits = bits;
  }

  /** A double in [0, 1). */
  double(): number {
    const words = this.words;
    let left = words[LEFT] as number;
    if (left === 0) left = this.refill();
    words[LEFT] = --left;
    return this.#doubles[left] as number;
  }

  /** 32 bits: the low half of an output, then its high half. */
  next32(): number {
    const words = this.words;
    if (words[HAS_HALF] !== 0) {
      words[HAS_HALF] = 0;
      return words[HALF] as number;
    }
    let left = words[LEFT] as number;
    if (left === 0) left = this.refill();
    words[LEFT] = --left;
    words[HAS_HALF] = 1;
    words[HALF] = this.bits[2 * left + 1] as number;
    return this.bits[2 * left] as number;
  }

  /** A whole number from 0 to `range`, which is below 2^32 - 1, by Lemire's method. */
  bounded32(range: number): number {
    const size = range + 1;
    let bits = this.next32();
    let low = Math.imul(bits, size) >>> 0;
    if (low < size) {
      const threshold = (0xffffffff - range) % size;
      while (low < threshold) {
        bits = this.next32();
        low = Math.imul(bits, size) >>> 0;
      }
    }
    // The high half of the 64-bit product; exact in one step where it has at most 53 bits.
    if (size <= 0x200000) return Math.floor(bits * size * TO_DOUBLE_HIGH);
    const high = (bits >>> 16) * size;
    return Math.floor((high + Math.floor(((bits & 0xffff) * size) / 0x10000)) / 0x10000);
  }

  /** A standard normal number: here where the ziggurat takes the draw at once, else natively. */
  normal(): number {
    const words = this.words;
    let left = words[LEFT] as number;
    if (left === 0) left = this.refill();
    left--;
    const low = this.bits[2 * left] as number;
    const layer = low & 0xff;
    const magnitude = ((this.bits[2 * left + 1] as number) & 0x1fffffff) * 0x800000 + (low >>> 9);
    if (magnitude < (normalLimit[layer] as number)) {
      words[LEFT] = left;
      const value = magnitude * (normalWidth[layer] as number);
      return (low & 0x100) === 0 ? value : -value;
    }
    return this.draw(DistributionId.standardNormal, 0, 0);
  }

  /** A standard exponential number, likewise. */
  exponential(): number {
    const words = this.words;
    let left = words[LEFT] as number;
    if (left === 0) left = this.refill();
    left--;
    const low = this.bits[2 * left] as number;
    const layer = (low >>> 3) & 0xff;
    const magnitude = (this.bits[2 * left + 1] as number) * 0x200000 + (low >>> 11);
    if (magnitude < (exponentialLimit[layer] as number)) {
      words[LEFT] = left;
      return magnitude * (exponentialWidth[layer] as number);
    }
    return this.draw(DistributionId.standardExponential, 0, 0);
  }

  /** A number of any distribution. */
  draw(id: DistributionId, a: number, b: number, c = 0): number {
    if (this.#block.length === 0) this.#use(0);
    frame[HEADER] = id;
    frame[HEADER + 1] = a;
    frame[HEADER + 2] = b;
    frame[HEADER + 3] = c;
    return native.random.draw(this.words, this.#block);
  }
}

/** The same of MT19937, whose outputs have 32 bits: the block holds these, and nothing else. */
class NarrowStream extends Stream {
  override next32(): number {
    const words = this.words;
    let left = words[LEFT] as number;
    if (left === 0) left = this.refill();
    words[LEFT] = --left;
    return this.bits[left] as number;
  }

  override double(): number {
    const high = this.next32() >>> 5;
    return (high * 0x4000000 + (this.next32() >>> 6)) / 0x20000000000000;
  }

  override normal(): number {
    return this.draw(DistributionId.standardNormal, 0, 0);
  }

  override exponential(): number {
    return this.draw(DistributionId.standardExponential, 0, 0);
  }
}

export function newStream(kind: Kind): Stream {
  return kind === Kind.MT19937 ? new NarrowStream(kind) : new Stream(kind);
}

/** The numbers of the distributions in native code. */
export const DistributionId = {
  random: 0,
  uniform: 1,
  standardNormal: 2,
  normal: 3,
  standardExponential: 4,
  exponential: 5,
  inverseExponential: 6,
  standardGamma: 7,
  gamma: 8,
  beta: 9,
  chisquare: 10,
  poisson: 11,
  binomial: 12,
  lognormal: 13,
  laplace: 14,
  standardT: 15,
  geometric: 16,
  logistic: 17,
  gumbel: 18,
  rayleigh: 19,
  f: 20,
  hypergeometric: 21,
  logseries: 22,
  negativeBinomial: 23,
  noncentralChisquare: 24,
  noncentralF: 25,
  pareto: 26,
  power: 27,
  weibull: 28,
  standardCauchy: 29,
  triangular: 30,
  vonmises: 31,
  wald: 32,
  zipf: 33,
} as const;
export type DistributionId = (typeof DistributionId)[keyof typeof DistributionId];

/** What is drawn, with parameters that have been checked. */
export interface Drawn {
  readonly id: DistributionId;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** Writes what is drawn, and by how many cores, where native code reads it. */
export function writeFrame({ id, a, b, c }: Drawn, threads: number): void {
  beginFrame(frame, BLOCKING, threads);
  frame[HEADER] = id;
  frame[HEADER + 1] = a;
  frame[HEADER + 2] = b;
  frame[HEADER + 3] = c;
}

/** Fills an array with numbers of a distribution; `threads` is for those that can be parted. */
export function fill(
  stream: Stream,
  out: Float64Array | Float32Array | BigInt64Array,
  drawn: Drawn,
  threads = 1,
): void {
  writeFrame(drawn, threads);
  native.random.fill(stream.words, out);
}

/** `count` uniform numbers. */
export function uniforms(stream: Stream, count: number): Float64Array {
  const draws = new Float64Array(count);
  fill(stream, draws, { id: DistributionId.random, a: 0, b: 0, c: 0 });
  return draws;
}
