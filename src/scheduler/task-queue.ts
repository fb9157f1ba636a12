/**
 * The tasks of a run that are to be sent: those that were taken back or lost, then the source's.
 */
import { slice } from './losses.ts';
import type { Chunk } from './seams.ts';
import type { TaskSource } from './source.ts';

export class TaskQueue {
  readonly #source: TaskSource;
  /** Tasks to be sent again; the last one first. */
  #again: Chunk[] = [];
  #nextIndex = 0;
  /** Tasks from this index on are not wanted. */
  #end = Number.POSITIVE_INFINITY;

  constructor(source: TaskSource) {
    this.#source = source;
  }

  /** Whether nothing is left, and nothing will come. */
  get isDone(): boolean {
    return this.#source.done && this.#again.length === 0;
  }

  /** Whether the source has no more. */
  get isRead(): boolean {
    return this.#source.done;
  }

  /** Whether the next task has to run alone. */
  get isAlone(): boolean {
    return this.#again.at(-1)?.alone === true;
  }

  /** Whether tasks wait that have been read already. */
  get hasAgain(): boolean {
    return this.#again.length > 0;
  }

  /** Tasks that the source could give now, where that is known. */
  get available(): number | null {
    return this.#source.available ?? this.#source.remaining;
  }

  /** Index of the next task that is read. */
  get nextIndex(): number {
    return this.#nextIndex;
  }

  /** Tasks that are left, of which there are `unknown` where the source doesn't tell. */
  count(unknown: number): number {
    let tasks = this.#source.done ? 0 : (this.#source.remaining ?? unknown);
    for (const { args } of this.#again) tasks += args.length;
    return tasks;
  }

  /** Queues tasks to be sent again, but for those that nobody wants any more. */
  push(chunk: Chunk): void {
    const { first, args } = chunk;
    const wanted = this.#end - first;
    if (wanted >= args.length) this.#again.push(chunk);
    else if (wanted > 0) this.#again.push({ first, args: slice(args, 0, wanted) });
  }

  /** The tasks that were queued last, as they are; null where there are none. */
  pop(): Chunk | null {
    return this.#again.pop() ?? null;
  }

  /**
   * Up to `most` tasks; null where there are none now.
   *
   * @throws what the source throws
   */
  next(most: number): Chunk | null {
    const chunk = this.#again.pop();
    if (chunk) {
      const { first, args } = chunk;
      if (args.length <= most) return chunk;
      this.#again.push({ first: first + most, args: slice(args, most, args.length) });
      return { first, args: slice(args, 0, most) };
    }
    if (this.#source.done) return null;
    const args = this.#source.take(most);
    if (args.length === 0) return null;
    const first = this.#nextIndex;
    this.#nextIndex += args.length;
    return { first, args };
  }

  /** Drops all tasks from an index on, and reads no more. */
  endAt(index: number): void {
    this.#end = Math.min(this.#end, index);
    this.#source.close();
    for (const chunk of this.#again.splice(0)) this.push(chunk);
  }

  /** Drops everything. */
  close(): void {
    this.#again = [];
    this.#source.close();
  }

  clear(): void {
    this.#again = [];
  }
}
