/**
 * The runs that share the workers of a pool, in the order in which they are asked for tasks: by
 * priority, and in turn where that is the same, so that none of these starves.
 */
import type { RunPort } from './seams.ts';

export class RunQueue implements Iterable<RunPort> {
  /** The greater priority first; of the same, who has not been served for longest. */
  readonly #runs: RunPort[] = [];

  get size(): number {
    return this.#runs.length;
  }

  /** Puts a run behind those of its priority. */
  add(run: RunPort): void {
    const runs = this.#runs;
    const { priority } = run.job.options;
    let at = runs.length;
    while (at > 0 && runs[at - 1]!.job.options.priority < priority) at--;
    // What others have sent ahead of their turn must not be in its way.
    for (let i = at; i < runs.length; i++) runs[i]!.withdrawAll();
    runs.splice(at, 0, run);
  }

  remove(run: RunPort): void {
    const at = this.#runs.indexOf(run);
    if (at >= 0) this.#runs.splice(at, 1);
  }

  /**
   * Asks one after the other, until one takes its turn; the others of its priority go first then.
   *
   * @param ask - whether a run takes its turn; it may end over it
   */
  serve(ask: (run: RunPort) => boolean): boolean {
    const runs = this.#runs;
    for (let i = 0; i < runs.length; i++) {
      const run = runs[i]!;
      if (!ask(run)) continue;
      if (runs.length > 1) this.#endTurn(run);
      return true;
    }
    return false;
  }

  #endTurn(run: RunPort): void {
    const runs = this.#runs;
    const at = runs.indexOf(run);
    if (at < 0) return;
    const { priority } = run.job.options;
    let end = at + 1;
    while (end < runs.length && runs[end]!.job.options.priority === priority) end++;
    for (let i = at + 1; i < end; i++) runs[i - 1] = runs[i]!;
    runs[end - 1] = run;
  }

  some(test: (run: RunPort) => boolean): boolean {
    return this.#runs.some(test);
  }

  /** The runs as they are now; they may end while they are gone through. */
  [Symbol.iterator](): Iterator<RunPort> {
    return [...this.#runs].values();
  }
}
