/**
 * What the task stream is drawn of: tasks in the row of who ran them. Short ones of the same name that follow each
 * other become one slice, so that a program of a hundred thousand tasks a second makes some dozens, whether these
 * are of one run or of a run each.
 */
import type { Slice } from './messages.ts';
import { Ring } from './ring.ts';

/** Slices that are kept. */
export const KEPT_SLICES = 20_000;

/** Tasks with a shorter pause between them go together, up to slices of so many milliseconds. */
const MAX_PAUSE_MS = 0.5;
const MAX_LENGTH_MS = 20;

/** Names that have a colour of their own. */
const MAX_LABELS = 200;

/** A slice that the next tasks may become a part of. */
interface OpenSlice {
  readonly row: number;
  readonly label: number;
  run: number;
  readonly started: number;
  readonly failed: boolean;
  readonly threads: number;
  completed: number;
  tasks: number;
}

export class Slices {
  readonly labels: string[] = ['other'];
  readonly #indexOf = new Map<string, number>();
  readonly #open = new Map<number, OpenSlice>();
  readonly #ring = new Ring<Slice>(KEPT_SLICES);

  /** The place of a name in {@link labels}; 0 for names beyond the most that are kept. */
  labelIndex(label: string): number {
    let index = this.#indexOf.get(label);
    if (index === undefined) {
      if (this.labels.length > MAX_LABELS) return 0;
      index = this.labels.push(label) - 1;
      this.#indexOf.set(label, index);
    }
    return index;
  }

  add(slice: Readonly<OpenSlice>): void {
    const open = this.#open.get(slice.row);
    if (
      open &&
      open.label === slice.label &&
      open.failed === slice.failed &&
      open.threads === slice.threads &&
      slice.started >= open.completed &&
      slice.started - open.completed < MAX_PAUSE_MS &&
      slice.completed - open.started < MAX_LENGTH_MS
    ) {
      open.completed = slice.completed;
      open.tasks += slice.tasks;
      if (open.run !== slice.run) open.run = 0;
      return;
    }
    if (open) this.#close(open);
    this.#open.set(slice.row, slice as OpenSlice);
  }

  #close({ row, label, run, started, completed, tasks, failed, threads }: OpenSlice): void {
    this.#ring.push([row, label, run, started, completed, tasks, failed ? 1 : 0, threads]);
  }

  /** All that are known, as a ring that can be read. */
  read(): Ring<Slice> {
    for (const open of this.#open.values()) this.#close(open);
    this.#open.clear();
    return this.#ring;
  }
}
