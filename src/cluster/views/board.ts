/**
 * What has come of the tasks of a call so far.
 */

/** The outcomes of tasks by their index, and when each came. */
export class ResultBoard {
  /** Tasks in all; null while that is not known. */
  length: number | null;
  readonly began = performance.now();
  /** When the last outcome came; null while some are missing. */
  ended: number | null = null;
  settled = 0;
  readonly #outcomes: (PromiseSettledResult<unknown> | undefined)[] = [];
  readonly #received: number[] = [];
  #waiting: (() => void)[] = [];

  constructor(length: number | null) {
    this.length = length;
  }

  at(index: number): PromiseSettledResult<unknown> | undefined {
    return this.#outcomes[index];
  }

  /** When the outcome of a task came (ms of `performance.now()`); null while it has not. */
  receivedAt(index: number): number | null {
    return this.#received[index] ?? null;
  }

  put(index: number, outcome: PromiseSettledResult<unknown>): void {
    if (this.#outcomes[index]) return;
    this.#outcomes[index] = outcome;
    this.#received[index] = performance.now();
    this.settled++;
    this.#wake();
  }

  /** Nothing more will come. */
  end(): void {
    this.ended ??= performance.now();
    this.length ??= this.settled;
    this.#wake();
  }

  /** Until something has come. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
