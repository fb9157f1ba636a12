/**
 * A list of small values in shared memory.
 *
 * Each item has room for two values, and a word that says which one counts. Who changes an item has the
 * list's lock, writes where nobody reads, and switches the word over: one that dies before has changed
 * nothing. Who reads needs no lock: it looks at the word before and after.
 */
import { types } from 'node:util';

import { restore, state } from '../codec/index.ts';
import { rangeError, typeError } from '../errors.ts';
import { allocate } from '../memory/index.ts';
import { WORDS as LOCK_WORDS, letGo, takeSync } from './lock.ts';

/** What may be in a list. */
export type Shareable = number | bigint | boolean | string | Uint8Array | null;

const COUNT = LOCK_WORDS;
const HEADER_WORDS = 4;
/** How often the item was changed; the last bit says where its value is. */
const VERSION = 0;
/** Bytes for the value. */
const CAPACITY = 1;
/** Where the first of the two places is, in units of 8 bytes. */
const OFFSET = 2;
const ITEM_WORDS = 4;
/** The kind of a value, and how many bytes it takes. */
const VALUE_HEADER = 8;

const NULL = 0;
const NUMBER = 1;
const BIGINT = 2;
const BOOLEAN = 3;
const TEXT = 4;
const BYTES = 5;
/** A text that UTF-8 can't say, with half of a pair of surrogates: UTF-16, little-endian. */
const WIDE_TEXT = 6;

/** Half of a pair of surrogates, alone. */
const HALF = /\p{Surrogate}/u;
const encoder = new TextEncoder();
// A text may begin with U+FEFF, which is no mark of an encoding then.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

interface Encoded {
  readonly kind: number;
  readonly bytes: Uint8Array;
}

const RIGHT = 'a number, a bigint of 64 bits, a boolean, a text, a Uint8Array, or null';

function encodeItem(value: unknown, name: string): Encoded {
  const eight = new DataView(new ArrayBuffer(8));
  const bytes = new Uint8Array(eight.buffer);
  switch (typeof value) {
    case 'number':
      eight.setFloat64(0, value, true);
      return { kind: NUMBER, bytes };
    case 'bigint':
      if (BigInt.asIntN(64, value) !== value) throw rangeError(name, value, RIGHT);
      eight.setBigInt64(0, value, true);
      return { kind: BIGINT, bytes };
    case 'boolean':
      bytes[0] = value ? 1 : 0;
      return { kind: BOOLEAN, bytes };
    case 'string':
      return HALF.test(value)
        ? { kind: WIDE_TEXT, bytes: Buffer.from(value, 'utf16le') }
        : { kind: TEXT, bytes: encoder.encode(value) };
    default:
      if (value === null) return { kind: NULL, bytes: new Uint8Array(0) };
      if (types.isUint8Array(value)) return { kind: BYTES, bytes: value };
      throw typeError(name, value, RIGHT);
  }
}

function decodeItem(kind: number, bytes: Uint8Array): Shareable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (kind) {
    case NUMBER:
      return view.getFloat64(0, true);
    case BIGINT:
      return view.getBigInt64(0, true);
    case BOOLEAN:
      return bytes[0] === 1;
    case TEXT:
      return decoder.decode(bytes);
    case WIDE_TEXT:
      return Buffer.from(bytes.buffer).toString('utf16le');
    case BYTES:
      return bytes;
    default:
      return null;
  }
}

/** What an item has room for: what it is made of, and at least a number. */
function roomFor(bytes: number): number {
  return Math.max(Math.ceil(bytes / 8) * 8, 8);
}

/**
 * A list of a fixed length of numbers, bigints, booleans, texts, bytes and nulls, which all who have it
 * see and change. Travels like a {@link Lock}; one that dies while it changes an item has changed
 * nothing.
 *
 * An item may become one of another type. A text or bytes may be as long as what was there at first,
 * rounded up to a multiple of 8 bytes (of UTF-8).
 *
 * @example
 * ```ts
 * const list = new ShareableList(['howdy', 100, -273.154, true, null]);
 * await map([1, 2], (i) => list.set(i, i * 10));
 * console.log(list.toArray()); // [ 'howdy', 10, 20, true, null ]
 * ```
 */
export class ShareableList {
  readonly #buffer: ArrayBuffer;
  readonly #words: Int32Array;

  /**
   * @param items - the values at first
   * @throws TypeError or RangeError for what can't be in a list
   */
  constructor(items: Iterable<Shareable> | ArrayBuffer) {
    if (types.isArrayBuffer(items)) {
      this.#buffer = items;
      this.#words = new Int32Array(items);
      return;
    }
    const encoded = [...items].map((item, at) => encodeItem(item, `items[${at}]`));
    const start = 4 * (HEADER_WORDS + ITEM_WORDS * encoded.length);
    let end = start;
    const slots = encoded.map(({ bytes }) => {
      const capacity = roomFor(bytes.length);
      const slot = { capacity, offset: end / 8 };
      end += 2 * (VALUE_HEADER + capacity);
      return slot;
    });
    this.#buffer = allocate(end, 'readwrite');
    const words = new Int32Array(this.#buffer);
    this.#words = words;
    words[COUNT] = encoded.length;
    for (const [at, { capacity, offset }] of slots.entries()) {
      const item = HEADER_WORDS + at * ITEM_WORDS;
      words[item + CAPACITY] = capacity;
      words[item + OFFSET] = offset;
      this.#write(item, 0, encoded[at]!);
    }
  }

  [state](): ArrayBuffer {
    return this.#buffer;
  }

  static [restore](buffer: ArrayBuffer): ShareableList {
    return new ShareableList(buffer);
  }

  get length(): number {
    return this.#words[COUNT]!;
  }

  /** Bytes of text or of a Uint8Array that an item has room for. */
  capacity(index: number): number {
    return this.#words[this.#item(index) + CAPACITY]!;
  }

  /**
   * The item at a place.
   *
   * @param index - negative: counted from the end
   * @throws RangeError where there is none
   */
  get(index: number): Shareable {
    const words = this.#words;
    const item = this.#item(index);
    for (;;) {
      const version = Atomics.load(words, item + VERSION);
      const at = this.#offsetOf(item, version);
      const kind = words[at / 4]!;
      const length = Math.min(words[at / 4 + 1]!, words[item + CAPACITY]!);
      const bytes = new Uint8Array(this.#buffer, at + VALUE_HEADER, length).slice();
      // Somebody has written here meanwhile only if the word was switched before.
      if (Atomics.load(words, item + VERSION) === version) return decodeItem(kind, bytes);
    }
  }

  /**
   * Changes the item at a place.
   *
   * @param index - negative: counted from the end
   * @throws RangeError where there is none, or not the room; TypeError for what can't be in a list
   */
  set(index: number, value: Shareable): void {
    const item = this.#item(index);
    const encoded = encodeItem(value, 'value');
    const capacity = this.#words[item + CAPACITY]!;
    if (encoded.bytes.length > capacity) {
      const right = `at most ${capacity} bytes, which is the room that item ${index} was made with`;
      throw rangeError('value', `${encoded.bytes.length} bytes`, right);
    }
    takeSync(this.#words);
    try {
      const version = Atomics.load(this.#words, item + VERSION) + 1;
      this.#write(item, version, encoded);
      Atomics.store(this.#words, item + VERSION, version);
    } finally {
      letGo(this.#words);
    }
  }

  /** How many items are equal to a value. */
  count(value: Shareable): number {
    let count = 0;
    for (const one of this) if (isSame(one, value)) count++;
    return count;
  }

  /** Where the first item is that is equal to a value; −1 where there is none. */
  indexOf(value: Shareable): number {
    for (let at = 0; at < this.length; at++) if (isSame(this.get(at), value)) return at;
    return -1;
  }

  /** All items, each as it is when it is read. */
  toArray(): Shareable[] {
    return [...this];
  }

  *[Symbol.iterator](): Generator<Shareable, void, void> {
    for (let at = 0; at < this.length; at++) yield this.get(at);
  }

  #item(index: number): number {
    const { length } = this;
    const at = index < 0 ? index + length : index;
    if (!Number.isSafeInteger(at) || at < 0 || at >= length) {
      throw rangeError('index', index, `a whole number from ${-length} to ${length - 1}`);
    }
    return HEADER_WORDS + at * ITEM_WORDS;
  }

  /** Where the value of a version is, in bytes. */
  #offsetOf(item: number, version: number): number {
    const first = this.#words[item + OFFSET]! * 8;
    return first + (version & 1) * (VALUE_HEADER + this.#words[item + CAPACITY]!);
  }

  #write(item: number, version: number, { kind, bytes }: Encoded): void {
    const at = this.#offsetOf(item, version);
    this.#words[at / 4] = kind;
    this.#words[at / 4 + 1] = bytes.length;
    new Uint8Array(this.#buffer, at + VALUE_HEADER, bytes.length).set(bytes);
  }
}

function isSame(a: Shareable, b: Shareable): boolean {
  if (types.isUint8Array(a) && types.isUint8Array(b)) {
    return Buffer.compare(a, b) === 0;
  }
  return a === b;
}
