/**
 * What a run's sink is given: results, and the error that the run ends with.
 *
 * Where results are given out in order, those of the tasks before the error come first, and nothing of
 * the tasks behind it.
 */
import { slice } from './losses.ts';
import type { Sink } from './sink.ts';

export class Delivery {
  readonly #sink: Sink;
  #failure: { readonly index: number; readonly error: unknown } | null = null;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** The first task whose result is not wanted; Infinity while all are. */
  get end(): number {
    return this.#failure?.index ?? Number.POSITIVE_INFINITY;
  }

  /** The error that waits for the results before it; null where there is none. */
  get failure(): { readonly error: unknown } | null {
    return this.#failure;
  }

  /** Whether all results before the error have been given. */
  get isDue(): boolean {
    return this.#failure !== null && this.#sink.position === this.#failure.index;
  }

  /** Gives results, but for those behind the error. */
  give(first: number, values: ArrayLike<unknown>): void {
    const wanted = Math.min(values.length, this.end - first);
    if (wanted >= values.length) this.#sink.accept(first, values);
    else if (wanted > 0) this.#sink.accept(first, slice(values, 0, wanted));
  }

  /** Gives the results of tasks that have not failed, where errors are results. */
  giveSettled(first: number, values: ArrayLike<unknown>): void {
    const settled: PromiseSettledResult<unknown>[] = [];
    for (let i = 0; i < values.length; i++) {
      settled.push({ status: 'fulfilled', value: values[i] });
    }
    this.give(first, settled);
  }

  /** Holds an error back until the results before it have been given. */
  failAt(index: number, error: unknown): void {
    this.#failure = { index, error };
  }
}
