/**
 * A reduction as what the scheduler runs: blocks of the input, then blocks of their results, until one is
 * left. Which belong together follows from the input's length alone.
 */
import { inspect } from 'node:util';
import { decode, encode } from '../codec/index.ts';
import type { Job, Sink, TaskDescriber, TaskSource } from '../scheduler/index.ts';

type Reducer = (...args: never[]) => unknown;

/** What is reduced how. */
export interface ReductionPlan {
  readonly fn: Reducer;
  /** What puts results of blocks together; null: `fn` does. */
  readonly combine: Reducer | null;
  /** What each block begins with where there is a `combine`, else what the first one does. */
  readonly initial: { readonly value: unknown } | null;
  /** Values in a block, at least 2. */
  readonly chunkSize: number;
}

/** Values that follow each other and become one on the next level. */
interface Block {
  /** Level of the result: 1 for blocks of the input. */
  readonly level: number;
  /** Its place there. */
  readonly index: number;
  readonly values: readonly unknown[];
}

/** Results that have come of a block that is not complete. */
interface Partial {
  readonly values: unknown[];
  have: number;
}

interface Level {
  readonly partials: Map<number, Partial>;
  /** Its results in all; null while the input is being read. */
  count: number | null;
}

/** Stands for what only the worker knows. */
const SO_FAR = { [inspect.custom]: () => '<result so far>' };

/** How many blocks are more than one value, of `count` values in blocks of `size`. */
function callsOf(count: number, size: number): number {
  return Math.ceil(count / size) - (count % size === 1 ? 1 : 0);
}

export class Reduction implements TaskSource, Sink, TaskDescriber {
  readonly window = null;
  readonly waiting = 0;
  readonly position = null;
  /** Resolves with what is left; null where the input was empty. */
  readonly result: Promise<{ readonly value: unknown } | null>;
  readonly #input: TaskSource;
  readonly #plan: ReductionPlan;
  readonly #job: Job;
  readonly #levels: Level[] = [];
  readonly #ready: Block[] = [];
  /** Blocks on their way, by the number that the scheduler gives them. */
  readonly #given = new Map<number, Block>();
  #lastGiven = 0;
  /** Values of the input that are not a block yet. */
  #values: unknown[] = [];
  #blocks = 0;
  #read = false;
  #left: number | null;
  #final: { readonly value: unknown } | null = null;
  #closed = false;
  #callback: (() => void) | null = null;
  #telling = false;
  #resolve!: (result: { readonly value: unknown } | null) => void;
  #reject!: (error: unknown) => void;

  constructor(input: TaskSource, plan: ReductionPlan, job: Job) {
    this.#input = input;
    this.#plan = plan;
    this.#job = job;
    job.describer = this;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (plan.initial && !plan.combine) this.#values.push(plan.initial.value);
    this.#left = this.#tasksOf(input.remaining);
    // Nobody asks for tasks where there are none.
    if (this.#left === 0) {
      this.#values.push(...Array.from(input.take(2)));
      this.#endInput();
    }
  }

  /** How many tasks there are for so many values of the input. */
  #tasksOf(remaining: number | null): number | null {
    if (remaining === null) return null;
    const { chunkSize, combine } = this.#plan;
    let count = remaining + this.#values.length;
    let tasks = combine ? Math.ceil(count / chunkSize) : callsOf(count, chunkSize);
    for (count = Math.ceil(count / chunkSize); count > 1; count = Math.ceil(count / chunkSize)) {
      tasks += callsOf(count, chunkSize);
    }
    return tasks;
  }

  // ---- Source -------------------------------------------------------------------------------

  get done(): boolean {
    return this.#closed || (this.#read && this.#ready.length === 0 && this.#isComplete);
  }

  /** Nothing that is on its way leads to another block. */
  get #isComplete(): boolean {
    return this.#final !== null || this.#blocks === 0;
  }

  get remaining(): number | null {
    return this.#left;
  }

  take(most: number): unknown[] {
    const tasks: unknown[] = [];
    while (tasks.length < most && !this.#closed) {
      const block = this.#ready.pop() ?? this.#nextBlock();
      if (block === 'later') break;
      if (!block) continue;
      this.#given.set(this.#lastGiven++, block);
      tasks.push(this.#messageOf(block));
      if (this.#left !== null) this.#left--;
    }
    return tasks;
  }

  /** The next block of the input; null where there may be another one that is ready instead. */
  #nextBlock(): Block | null | 'later' {
    if (this.#read) return 'later';
    const { chunkSize } = this.#plan;
    const items = this.#input.take(chunkSize - this.#values.length);
    for (let i = 0; i < items.length; i++) this.#values.push(items[i]);
    if (this.#values.length === chunkSize) return this.#cut();
    if (this.#input.done) {
      const last = this.#values.length > 0 ? this.#cut() : null;
      this.#endInput();
      return last;
    }
    return items.length === 0 ? 'later' : null;
  }

  /** Makes a block of what was read; null where it is one value, which is its own result. */
  #cut(): Block | null {
    const values = this.#values;
    const index = this.#blocks++;
    this.#values = [];
    if (this.#plan.combine || values.length > 1) return { level: 1, index, values };
    this.#arrived(1, index, values[0]);
    return null;
  }

  #endInput(): void {
    if (this.#read) return;
    this.#read = true;
    const block = this.#values.length > 0 ? this.#cut() : null;
    if (block) this.#ready.push(block);
    if (this.#blocks > 0) this.#setCount(1, this.#blocks);
  }

  whenReady(callback: () => void): void {
    this.#callback = callback;
    this.#input.whenReady(callback);
  }

  close(): void {
    this.#closed = true;
    this.#callback = null;
    this.#input.close();
  }

  /** A fold: see `CallMode` 'calls'. */
  #messageOf({ level, values }: Block): unknown[] {
    const { fn, combine, initial } = this.#plan;
    const ofInput = level === 1;
    const called = ofInput || !combine ? this.#job.addFunction(fn, 'fn') : this.#combineIndex();
    const all = ofInput && combine ? [this.#copy(initial!.value), ...values] : values;
    return [called, all, null];
  }

  #combineIndex(): number {
    return this.#job.addFunction(this.#plan.combine!, 'combine');
  }

  /** In the calling process, and with one message, blocks would change the same object. */
  #copy(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const { message } = encode(value, { to: 'thread', maxBytes: Number.POSITIVE_INFINITY });
    return decode(structuredClone(message));
  }

  // ---- Sink ---------------------------------------------------------------------------------

  accept(first: number, values: ArrayLike<unknown>): void {
    for (let i = 0; i < values.length; i++) {
      const { level, index } = this.#given.get(first + i)!;
      this.#given.delete(first + i);
      this.#arrived(level, index, values[i]);
    }
    if (this.#ready.length > 0 || this.#final) this.#tell();
  }

  /** Whoever waits for tasks asks again, when whoever gave us these results is done with them. */
  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    queueMicrotask(() => {
      this.#telling = false;
      this.#callback?.();
    });
  }

  #level(level: number): Level {
    this.#levels[level] ??= { partials: new Map(), count: null };
    return this.#levels[level];
  }

  #arrived(level: number, index: number, value: unknown): void {
    const { chunkSize } = this.#plan;
    const { partials } = this.#level(level);
    const at = Math.floor(index / chunkSize);
    let partial = partials.get(at);
    if (!partial) {
      partial = { values: [], have: 0 };
      partials.set(at, partial);
    }
    partial.values[index % chunkSize] = value;
    partial.have++;
    this.#look(level, at);
  }

  /** Makes a block of results that are all there. */
  #look(level: number, at: number): void {
    const { chunkSize } = this.#plan;
    const { partials, count } = this.#level(level);
    const partial = partials.get(at);
    if (!partial) return;
    const most = count === null ? chunkSize : Math.min(chunkSize, count - at * chunkSize);
    if (partial.have < most) return;
    partials.delete(at);
    const { values } = partial;
    if (count === 1) this.#final = { value: values[0] };
    else if (values.length === 1) this.#arrived(level + 1, at, values[0]);
    else this.#ready.push({ level: level + 1, index: at, values });
  }

  /** The input has ended: it is known which blocks are the last. */
  #setCount(level: number, count: number): void {
    const { chunkSize } = this.#plan;
    this.#level(level).count = count;
    if (count > 1) this.#setCount(level + 1, Math.ceil(count / chunkSize));
    this.#look(level, Math.floor((count - 1) / chunkSize));
  }

  end(): void {
    this.#resolve(this.#final);
  }

  fail(error: unknown): void {
    this.#levels.length = 0;
    this.#reject(error);
  }

  // ---- What people read ---------------------------------------------------------------------

  describe(
    index: number,
    task: unknown,
    step: number | null,
  ): { label: string; argument: unknown } {
    const { chunkSize, combine, fn, initial } = this.#plan;
    const { level, index: at, values } = this.#given.get(index)!;
    const name = (level > 1 && combine ? combine : fn).name || 'a function';
    const each = chunkSize ** (level - 1);
    const shift = initial && !combine ? 1 : 0;
    const from = Math.max(at * chunkSize * each - shift, 0);
    const to = (at * chunkSize + values.length) * each - 1 - shift;
    const label = `${name}, which reduces tasks ${from} to ${to}`;
    const [, all] = task as readonly [number, readonly unknown[], null];
    if (step === null || step === 0) return { label, argument: all.slice(0, 2) };
    return { label, argument: [SO_FAR, all[step + 1]] };
  }
}
