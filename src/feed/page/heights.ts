/**
 * How many threads work in a bar, and when.
 */
import type { CoreSpan, Slice } from '../messages.ts';

/** A part of a bar in which it is always the same number. */
export interface Piece {
  readonly from: number;
  readonly to: number;
  /** -1: as many as the library likes. */
  readonly threads: number;
}

/** What is looked up for each bar: the spans of each row, in order of time. */
export class Spans {
  readonly #rows = new Map<number, CoreSpan[]>();

  constructor(spans: readonly CoreSpan[]) {
    for (const span of spans) {
      const row = this.#rows.get(span[0]);
      if (row) row.push(span);
      else this.#rows.set(span[0], [span]);
    }
    for (const row of this.#rows.values()) row.sort((a, b) => a[1] - b[1]);
  }

  /** Those of a row that have something of a time. */
  within(row: number, from: number, to: number): CoreSpan[] {
    const all = this.#rows.get(row) ?? [];
    let low = 0;
    let high = all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (all[middle]![2] > from) high = middle;
      else low = middle + 1;
    }
    const found: CoreSpan[] = [];
    for (let at = low; at < all.length && all[at]![1] < to; at++) found.push(all[at]!);
    return found;
  }

  /**
   * The parts of a bar. While an operation runs it has that one's threads, while one waits for cores none, else the
   * one that runs the task. Of tasks that have called no operation that is known, those that a library may take.
   */
  pieces([row, , , started, completed, , , threads]: Slice): Piece[] {
    const spans = this.within(row, started, completed);
    if (spans.length === 0) return [{ from: started, to: completed, threads }];
    const pieces: Piece[] = [];
    let at = started;
    for (const [, from, to, cores] of spans) {
      const begin = Math.max(from, at);
      const end = Math.min(to, completed);
      if (end <= begin) continue;
      if (begin > at) pieces.push({ from: at, to: begin, threads: 1 });
      pieces.push({ from: begin, to: end, threads: cores });
      at = end;
    }
    if (at < completed) pieces.push({ from: at, to: completed, threads: 1 });
    return pieces;
  }
}
