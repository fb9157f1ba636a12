/**
 * The part of time that the task stream shows: it follows the present, or stands where somebody has put it.
 */

/** What is shown before anybody zooms (ms), and how near and far one can. */
const USUAL_MS = 20_000;
const MIN_MS = 1;
const MAX_MS = 3_600_000;

export class TimeWindow {
  span = USUAL_MS;
  /** Its end; null: the present. */
  #end: number | null = null;

  /** Where it ends. */
  end(now: number): number {
    return this.#end ?? now;
  }

  get follows(): boolean {
    return this.#end === null;
  }

  /** Makes it longer or shorter around a time, which stays where it is. */
  zoom(factor: number, around: number, now: number): void {
    const span = Math.min(Math.max(this.span * factor, MIN_MS), MAX_MS);
    const end = this.end(now);
    // While it follows the present that is what stays.
    if (!this.follows) this.#end = around + ((end - around) * span) / this.span;
    this.span = span;
  }

  /** Moves it by milliseconds; at the present it follows again. */
  pan(ms: number, now: number): void {
    const end = this.end(now) + ms;
    this.#end = end >= now ? null : end;
  }

  /** Stops, so that one can look at something. */
  hold(now: number): void {
    this.#end ??= now;
  }

  follow(): void {
    this.#end = null;
  }

  /** Shows all from a time on. */
  fit(first: number, now: number): void {
    this.span = Math.min(Math.max(now - first, MIN_MS), MAX_MS);
    this.#end = null;
  }
}
