/**
 * A queue that tells when all that was put into it has been done.
 */
import { restore, state } from '../codec/index.ts';
import { rangeError } from '../errors.ts';
import {
  deadEntries,
  fullEntries,
  type HolderTable,
  heldBy,
  newEntry,
  ownEntry,
  setHeld,
  TABLE_WORDS,
} from './holders.ts';
import { type Ledger, Queue, type QueueOptions } from './queue.ts';
import {
  type AsyncWaitOptions,
  Deadline,
  newWords,
  sleep,
  sleepAsync,
  type WaitOptions,
  wake,
} from './words.ts';

// All of it is changed with the queue's lock held.
/**
 * That a value is being taken: whose entry gets which count, and the position behind the value. A process
 * that dies while it writes leaves this to the next one that has the lock, which writes it again.
 */
const PLANNED = 0;
const ENTRY = 1;
const NEW_COUNT = 2;
const ABANDONED = 3;
/** Changes when all is done. */
const BELL = 4;
/** What those have taken for whom the table has no room: an entry without a token. */
const OTHERS = 5;
const OTHERS_ENTRY = OTHERS - 2;
/** A Float64. */
const POSITION_BYTES = 24;
const HOLDERS: HolderTable = { at: 8, signal: BELL };
const WORDS = HOLDERS.at + TABLE_WORDS;

interface State {
  readonly queue: ArrayBuffer;
  readonly words: Int32Array;
}

function isState(options: QueueOptions | State): options is State {
  return typeof options === 'object' && options !== null && 'words' in options;
}

/** Who has taken how many values that are not done. */
class Takers implements Ledger {
  readonly words: Int32Array;
  readonly #position: Float64Array;
  /** Called when a value that was taken can't be made. */
  onDropped: () => void = () => {};

  constructor(words: Int32Array) {
    this.words = words;
    this.#position = new Float64Array(words.buffer, words.byteOffset + POSITION_BYTES, 1);
  }

  take(position: number, commit: (position: number) => void): void {
    const { words } = this;
    const entry = ownEntry(words, HOLDERS) || newEntry(words, HOLDERS) || OTHERS_ENTRY;
    Atomics.store(words, ENTRY, entry);
    Atomics.store(words, NEW_COUNT, heldBy(words, entry) + 1);
    this.#position[0] = position;
    Atomics.store(words, PLANNED, 1);
    this.#carryOut(commit);
  }

  recover(commit: (position: number) => void): void {
    if (Atomics.load(this.words, PLANNED) !== 0) this.#carryOut(commit);
  }

  #carryOut(commit: (position: number) => void): void {
    const { words } = this;
    commit(this.#position[0]!);
    setHeld(words, Atomics.load(words, ENTRY), Atomics.load(words, NEW_COUNT));
    Atomics.store(words, PLANNED, 0);
  }

  dropped(): void {
    this.onDropped();
  }

  /** Values that were taken and are not done. */
  get count(): number {
    let count = Atomics.load(this.words, OTHERS);
    for (const entry of fullEntries(this.words, HOLDERS)) count += heldBy(this.words, entry);
    return count;
  }

  /** One of them is done: one of ours, or where we have none, of somebody else; false where there is none. */
  finish(): boolean {
    const { words } = this;
    const own = ownEntry(words, HOLDERS);
    if (own !== 0 && heldBy(words, own) > 0) return this.#finishOf(own);
    if (Atomics.load(words, OTHERS) > 0) return this.#finishOf(OTHERS_ENTRY);
    for (const entry of fullEntries(words, HOLDERS)) return this.#finishOf(entry);
    return false;
  }

  #finishOf(entry: number): true {
    setHeld(this.words, entry, heldBy(this.words, entry) - 1);
    return true;
  }

  /** What dead takers had counts as done. */
  giveUpDead(look: boolean): void {
    const { words } = this;
    for (const entry of deadEntries(words, HOLDERS, look)) {
      Atomics.add(words, ABANDONED, heldBy(words, entry));
      setHeld(words, entry, 0);
    }
  }
}

/**
 * A {@link Queue} whose values are tasks: who has got one says when it is done, and others wait until all
 * are. Travels like a {@link Lock}.
 *
 * What a process or thread had got and not done when it died counts as done, and as
 * {@link JoinableQueue.abandoned}: nobody waits for the dead.
 *
 * @example
 * ```ts
 * const jobs = new JoinableQueue<string>();
 * const done = map(workers, async () => {
 *   for await (const job of jobs) { work(job); jobs.taskDone(); }
 * });
 * for (const job of names) await jobs.put(job);
 * await jobs.join();
 * jobs.close();
 * ```
 */
export class JoinableQueue<T = unknown> extends Queue<T> {
  readonly #takers: Takers;
  readonly #queue: ArrayBuffer;

  constructor(options: QueueOptions | State = {}) {
    const takers = new Takers(isState(options) ? options.words : newWords(WORDS));
    super(isState(options) ? options.queue : options, takers);
    this.#queue = super[state]() as ArrayBuffer;
    this.#takers = takers;
    takers.onDropped = () => this.taskDone();
  }

  override [state](): State {
    return { queue: this.#queue, words: this.#takers.words };
  }

  static override [restore](from: unknown): JoinableQueue {
    return new JoinableQueue(from as State);
  }

  /** Values that were put and are not done: in the queue, or got. */
  get unfinished(): number {
    return this.withLock((size) => size + this.#takers.count);
  }

  /** How many values were lost with those who had got them, over the life of the queue. */
  get abandoned(): number {
    return Atomics.load(this.#takers.words, ABANDONED);
  }

  /**
   * Says that a value that was got is done; once for each.
   *
   * @throws RangeError where none was got that is not done
   */
  taskDone(): void {
    const { words } = this.#takers;
    const left = this.withLock((size) => {
      if (!this.#takers.finish()) {
        throw rangeError('taskDone()', 'a call', 'called once for each value that was got');
      }
      return size + this.#takers.count;
    });
    if (left > 0) return;
    Atomics.add(words, BELL, 1);
    wake(words, BELL);
  }

  /**
   * Waits, without blocking the thread, until all that was put is done.
   *
   * @returns whether it was before the time was up
   */
  async join(options: AsyncWaitOptions = {}): Promise<boolean> {
    const deadline = Deadline.of(options);
    const { words } = this.#takers;
    let look = deadline.left === 0;
    for (;;) {
      const bell = Atomics.load(words, BELL);
      if (this.#isDone(look)) return true;
      if (deadline.left === 0) return this.#isDone(true);
      look = await sleepAsync(words, BELL, bell, deadline, options.signal);
    }
  }

  /** The same, blocking the thread: for workers. */
  joinSync(options: WaitOptions = {}): boolean {
    const deadline = new Deadline(options);
    const { words } = this.#takers;
    let look = deadline.left === 0;
    for (;;) {
      const bell = Atomics.load(words, BELL);
      if (this.#isDone(look)) return true;
      if (deadline.left === 0) return this.#isDone(true);
      look = sleep(words, BELL, bell, deadline);
    }
  }

  #isDone(look: boolean): boolean {
    return this.withLock((size) => {
      this.#takers.giveUpDead(look);
      return size + this.#takers.count === 0;
    });
  }
}
