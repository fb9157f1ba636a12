/**
 * A queue of values between processes and threads: a ring of bytes in shared memory.
 */
import { types } from 'node:util';

// Values in queues may be instances, which travel with their class.
import '../functions/index.ts';
import {
  decode,
  deserialize,
  discard,
  encode,
  loading,
  pin,
  restore,
  serialize,
  state,
} from '../codec/index.ts';
import { rangeError } from '../errors.ts';
import { allocate, mappingsOf } from '../memory/index.ts';
import { checkKeys } from '../options.ts';
import { WORDS as LOCK_WORDS, letGo, takeSync } from './lock.ts';
import {
  type AsyncWaitOptions,
  Deadline,
  sleep,
  sleepAsync,
  type WaitOptions,
  wake,
} from './words.ts';

// The lock has the first words. Positions grow for ever and are taken modulo the ring's size.
const PUTS = LOCK_WORDS;
const GETS = LOCK_WORDS + 1;
const WAITING_PUTS = LOCK_WORDS + 2;
const WAITING_GETS = LOCK_WORDS + 3;
const COUNT = LOCK_WORDS + 4;
const LIMIT = LOCK_WORDS + 5;
const CLOSED = LOCK_WORDS + 6;
/** Float64 positions: bytes read and written since the beginning. */
const POSITIONS = 64;
const RING = 128;
const LENGTH_BYTES = 4;

/** The queue was closed and nothing is left in it, or nothing may be put into it any more. */
export class QueueClosedError extends Error {
  override readonly name = 'QueueClosedError';
  readonly code = 'ERR_HEDDLE_QUEUE_CLOSED';

  constructor() {
    super('the queue is closed');
  }
}

/** Sizes of a queue. */
export interface QueueOptions {
  /** How many values it holds before `put` waits. Default: as many as its memory holds. */
  readonly maxSize?: number;
  /** Its memory. Arrays from 64 KiB on take none of it, they travel in segments. Default 1 MiB. */
  readonly bytes?: number;
}

const SHARED_FROM = 64 * 1024;

/** What keeps account of values that have been taken; it is called with the queue's lock held. */
export interface Ledger {
  /**
   * A value is taken: `commit` has to be called with the position, and what is written beside that must be
   * whole wherever the process dies.
   */
  take(position: number, commit: (position: number) => void): void;
  /** Ends what one that died with the lock has begun. */
  recover(commit: (position: number) => void): void;
  /** A value that was taken could not be made: nobody has it. Called without the lock. */
  dropped(): void;
}

/** A value on its way into a queue. */
interface Packed {
  readonly bytes: Uint8Array;
  /** It has been put. */
  release(forsaken: () => boolean): void;
  /** It has not, and won't be; does nothing after `release`. */
  drop(): void;
}

/** A value on its way out of a queue. */
interface Taken {
  readonly message: unknown;
  /** Lets go of what holds its memory until it is decoded. */
  release(): void;
}

/** How many Queue objects there are here on a buffer. */
const objects = new WeakMap<ArrayBuffer, { count: number }>();
const collected = new FinalizationRegistry<{ count: number }>((users) => {
  users.count--;
});

function count(queue: object, buffer: ArrayBuffer): void {
  let users = objects.get(buffer);
  if (!users) {
    users = { count: 0 };
    objects.set(buffer, users);
  }
  users.count++;
  collected.register(queue, users);
}

/**
 * Whether nobody will open the memory of a value that was put at a position and has not been opened
 * yet: it has been taken by one who has it open, or has died; or nobody has the queue any more.
 */
function forsaken(buffer: ArrayBuffer, position: number): () => boolean {
  const positions = new Float64Array(buffer, POSITIONS, 2);
  return () =>
    positions[0]! > position || (objects.get(buffer)!.count === 0 && mappingsOf(buffer) <= 1);
}

/**
 * A queue that any number of processes and threads put into and get from. It travels like a Lock.
 *
 * A process that dies while it puts or gets leaves the queue whole. Big arrays in a value live with
 * the process that put it until they are got; if that process dies before, getting the value fails.
 *
 * @example
 * ```ts
 * const log = new Queue<string>();
 * const done = map(rows, (row) => { log.putSync(`row ${row}`); return work(row); });
 * done.finally(() => log.close());
 * for await (const line of log) console.log(line);
 * ```
 */
export class Queue<T = unknown> {
  readonly #buffer: ArrayBuffer;
  readonly #words: Int32Array;
  readonly #positions: Float64Array;
  readonly #ring: Uint8Array;
  readonly #ledger: Ledger | null;

  /** @param ledger - keeps account of what is taken; leave it out */
  constructor(options: QueueOptions | ArrayBuffer = {}, ledger: Ledger | null = null) {
    this.#ledger = ledger;
    if (types.isArrayBuffer(options)) {
      this.#buffer = options;
    } else {
      checkKeys('options', options, ['maxSize', 'bytes']);
      const { maxSize = 0, bytes = 2 ** 20 } = options;
      if (!Number.isSafeInteger(maxSize) || maxSize < 0 || maxSize > 0x7fffffff) {
        throw rangeError('maxSize', maxSize, 'a whole number of at least 1, or 0 for no limit');
      }
      if (!Number.isSafeInteger(bytes) || bytes < 64 || bytes > 2 ** 31) {
        throw rangeError('bytes', bytes, 'a whole number from 64 to 2 ** 31');
      }
      this.#buffer = allocate(RING + bytes, 'readwrite');
      new Int32Array(this.#buffer)[LIMIT] = maxSize;
    }
    count(this, this.#buffer);
    const whole = this.#buffer;
    this.#words = new Int32Array(whole, 0, POSITIONS / 4);
    this.#positions = new Float64Array(whole, POSITIONS, 2);
    this.#ring = new Uint8Array(whole, RING);
  }

  [state](): unknown {
    return this.#buffer;
  }

  static [restore](buffer: unknown): Queue {
    return new Queue(buffer as ArrayBuffer);
  }

  /** @internal Calls a function with the queue's lock held, and the number of values in it. */
  protected withLock<R>(body: (size: number) => R): R {
    this.#enter();
    try {
      return body(Atomics.load(this.#words, COUNT));
    } finally {
      letGo(this.#words);
    }
  }

  /** How many values are in it now. */
  get size(): number {
    return Atomics.load(this.#words, COUNT);
  }

  get closed(): boolean {
    return Atomics.load(this.#words, CLOSED) !== 0;
  }

  /** Says that nothing more will be put: who waits to get, ends when the queue is empty. */
  close(): void {
    Atomics.store(this.#words, CLOSED, 1);
    for (const index of [PUTS, GETS]) {
      Atomics.add(this.#words, index, 1);
      wake(this.#words, index);
    }
  }

  /**
   * Puts a value in, and waits for room without blocking the thread.
   *
   * @returns whether there was room before the time was up
   * @throws CloneError when the value cannot travel, RangeError when it is larger than the queue
   */
  async put(value: T, options: AsyncWaitOptions = {}): Promise<boolean> {
    const deadline = Deadline.of(options);
    const record = this.#pack(value);
    try {
      for (;;) {
        const seen = Atomics.load(this.#words, GETS);
        if (this.#tryPut(record)) return true;
        if (deadline.left === 0) return false;
        await this.#sleep(GETS, WAITING_PUTS, seen, deadline, options.signal);
      }
    } finally {
      record.drop(); // unless it has been put
    }
  }

  /** The same, blocking the thread: for workers. */
  putSync(value: T, options: WaitOptions = {}): boolean {
    const deadline = new Deadline(options);
    const record = this.#pack(value);
    try {
      for (;;) {
        const seen = Atomics.load(this.#words, GETS);
        if (this.#tryPut(record)) return true;
        if (deadline.left === 0) return false;
        this.#sleepSync(GETS, WAITING_PUTS, seen, deadline);
      }
    } finally {
      record.drop(); // unless it has been put
    }
  }

  /**
   * Takes the oldest value out, and waits for one without blocking the thread.
   *
   * @returns `{ value }`, or null when the time was up
   * @throws {@link QueueClosedError} when there is none and never will be
   */
  async get(options: AsyncWaitOptions = {}): Promise<{ value: T } | null> {
    const deadline = Deadline.of(options);
    for (;;) {
      const seen = Atomics.load(this.#words, PUTS);
      const closed = this.closed;
      const taken = this.#tryGet();
      if (taken) {
        try {
          await loading(taken.message);
          return { value: decode(taken.message) as T };
        } catch (error) {
          this.#ledger?.dropped();
          throw error;
        } finally {
          taken.release();
        }
      }
      if (closed) throw new QueueClosedError();
      if (deadline.left === 0) return null;
      await this.#sleep(PUTS, WAITING_GETS, seen, deadline, options.signal);
    }
  }

  /** The same, blocking the thread: for workers. */
  getSync(options: WaitOptions = {}): { value: T } | null {
    const deadline = new Deadline(options);
    for (;;) {
      const seen = Atomics.load(this.#words, PUTS);
      const closed = this.closed;
      const taken = this.#tryGet();
      if (taken) {
        try {
          if (loading(taken.message)) {
            discard(taken.message);
            throw new TypeError(
              'the value needs a module to be loaded: use get() instead of getSync()',
            );
          }
          return { value: decode(taken.message) as T };
        } catch (error) {
          this.#ledger?.dropped();
          throw error;
        } finally {
          taken.release();
        }
      }
      if (closed) throw new QueueClosedError();
      if (deadline.left === 0) return null;
      this.#sleepSync(PUTS, WAITING_GETS, seen, deadline);
    }
  }

  /** Values until the queue is closed and empty. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    for (;;) {
      let item: { value: T } | null;
      try {
        item = await this.get();
      } catch (error) {
        if (error instanceof QueueClosedError) return;
        throw error;
      }
      yield item!.value;
    }
  }

  #pack(value: T): Packed {
    if (this.closed) throw new QueueClosedError();
    const { message, release, drop } = encode(value, {
      to: 'process',
      maxBytes: SHARED_FROM,
      receivers: 'one',
      path: 'value',
    });
    try {
      const bytes = serialize(message);
      const needed = bytes.byteLength + LENGTH_BYTES;
      if (needed > this.#ring.length) {
        throw rangeError(
          'value',
          `${needed} bytes`,
          `at most ${this.#ring.length} bytes: make the queue with more 'bytes'`,
        );
      }
      return { bytes, release, drop };
    } catch (error) {
      drop();
      throw error;
    }
  }

  #tryPut({ bytes: record, release }: Packed): boolean {
    const words = this.#words;
    if (this.closed) throw new QueueClosedError();
    this.#enter();
    let put = 0;
    try {
      const [read, written] = this.#positions as unknown as [number, number];
      const limit = words[LIMIT]!;
      if (limit > 0 && words[COUNT]! >= limit) return false;
      if (written - read + record.byteLength + LENGTH_BYTES > this.#ring.length) return false;
      const length = new Uint8Array(Uint32Array.of(record.byteLength).buffer);
      this.#write(written, length);
      this.#write(written + LENGTH_BYTES, record);
      // The value is in the queue from here on: one that dies before has put nothing.
      this.#positions[1] = written + LENGTH_BYTES + record.byteLength;
      put = written;
      Atomics.add(words, COUNT, 1);
    } finally {
      letGo(words);
    }
    release(forsaken(this.#buffer, put));
    Atomics.add(words, PUTS, 1);
    if (Atomics.load(words, WAITING_GETS) > 0) wake(words, PUTS, 1);
    return true;
  }

  #tryGet(): Taken | null {
    const words = this.#words;
    if (this.#positions[0] === this.#positions[1]) return null;
    this.#enter();
    let taken: Taken;
    try {
      const [read, written] = this.#positions as unknown as [number, number];
      if (written === read) return null;
      const length = new Uint32Array(this.#read(read, LENGTH_BYTES).buffer)[0]!;
      const message = deserialize(this.#read(read + LENGTH_BYTES, length)) as unknown;
      // Whoever put it lets go of its memory once it is taken: it is open by then.
      taken = { message, release: pin(message) };
      const next = read + LENGTH_BYTES + length;
      if (this.#ledger) this.#ledger.take(next, this.#commit);
      else this.#commit(next);
      Atomics.sub(words, COUNT, 1);
    } finally {
      letGo(words);
    }
    Atomics.add(words, GETS, 1);
    if (Atomics.load(words, WAITING_PUTS) > 0) wake(words, GETS, 1);
    return taken;
  }

  /** What is before a position has been taken. */
  readonly #commit = (position: number): void => {
    this.#positions[0] = position;
  };

  /** Takes the lock, and counts anew after one that died with it: it may not have come to that. */
  #enter(): void {
    if (!takeSync(this.#words)) return;
    this.#ledger?.recover(this.#commit);
    let [read, written] = this.#positions as unknown as [number, number];
    let count = 0;
    for (; read < written; count++) {
      read += LENGTH_BYTES + new Uint32Array(this.#read(read, LENGTH_BYTES).buffer)[0]!;
    }
    Atomics.store(this.#words, COUNT, count);
  }

  #write(position: number, bytes: Uint8Array): void {
    const at = position % this.#ring.length;
    const first = Math.min(bytes.length, this.#ring.length - at);
    this.#ring.set(bytes.subarray(0, first), at);
    this.#ring.set(bytes.subarray(first), 0);
  }

  #read(position: number, length: number): Uint8Array<ArrayBuffer> {
    const at = position % this.#ring.length;
    const first = Math.min(length, this.#ring.length - at);
    const bytes = new Uint8Array(length);
    bytes.set(this.#ring.subarray(at, at + first));
    bytes.set(this.#ring.subarray(0, length - first), first);
    return bytes;
  }

  async #sleep(
    index: number,
    waiting: number,
    seen: number,
    deadline: Deadline,
    signal?: AbortSignal,
  ): Promise<void> {
    Atomics.add(this.#words, waiting, 1);
    try {
      await sleepAsync(this.#words, index, seen, deadline, signal);
    } finally {
      Atomics.sub(this.#words, waiting, 1);
    }
  }

  #sleepSync(index: number, waiting: number, seen: number, deadline: Deadline): void {
    Atomics.add(this.#words, waiting, 1);
    sleep(this.#words, index, seen, deadline);
    Atomics.sub(this.#words, waiting, 1);
  }
}
