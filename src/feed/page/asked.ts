/**
 * Answers that are asked for only while somebody looks at them.
 */

export class Asked<T> {
  readonly #period: number;
  readonly #answered: (answer: T) => void;
  #asking = false;
  #last = { name: '', time: Number.NEGATIVE_INFINITY };

  /**
   * @param period - between two questions (ms)
   * @param answered - called with each answer
   */
  constructor(period: number, answered: (answer: T) => void) {
    this.#period = period;
    this.#answered = answered;
  }

  /** Asks, unless that was done a moment ago or an answer is on its way. */
  ask(name: string): void {
    const time = performance.now();
    if (this.#asking || (name === this.#last.name && time - this.#last.time < this.#period)) return;
    this.#asking = true;
    this.#last = { name, time };
    fetch(name)
      .then(async (response) => {
        if (response.ok) this.#answered((await response.json()) as T);
      })
      // The connection says so itself where the program is gone.
      .catch(() => {})
      .finally(() => {
        this.#asking = false;
      });
  }
}
