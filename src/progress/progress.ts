/**
 * Progress of jobs, and of whatever else a program does.
 */
import { rangeError, typeError } from '../errors.ts';
import { anything, type OptionsOf, readOptions } from '../options.ts';
import { type ProgressSettings, progressSettings, type Run } from '../scheduler/index.ts';
import { type Display, displayOn, type ProgressStream, standardDisplay } from './display.ts';
import { Meter } from './meter.ts';

const progressOptions = {
  ...progressSettings,
  /** Where it is shown. Default: stderr. */
  stream: anything<ProgressStream>(),
};

/** Settings of {@link invokeProgress}. */
export interface ProgressOptions extends OptionsOf<typeof progressOptions> {}

/** A progress bar of one's own; from {@link invokeProgress}. */
export class Progress implements Disposable {
  readonly #meter: Meter;
  readonly #display: Display;
  #open = true;

  /** @internal */
  constructor(meter: Meter, display: Display) {
    this.#meter = meter;
    this.#display = display;
    display.add(meter);
  }

  /** Counts `amount` more units as done. */
  advance(amount = 1): void {
    if (typeof amount !== 'number') throw typeError('amount', amount, 'a number');
    this.#meter.counts.finished += amount;
    const { counts } = this.#meter;
    counts.dispatched = Math.max(counts.dispatched, counts.finished);
  }

  /** Units that have been counted. */
  get completed(): number {
    return this.#meter.counts.finished;
  }

  /** Units in all; null where that is not known. May be set when it becomes known. */
  get total(): number | null {
    return this.#meter.total;
  }

  set total(value: number | null) {
    this.#meter.total = value;
  }

  /** Shows the bar for the last time. */
  finish(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#meter.end();
    this.#display.remove(this.#meter);
  }

  [Symbol.dispose](): void {
    this.finish();
  }
}

function checkTotal(total: unknown): number | null {
  if (total === undefined || total === null) return null;
  if (typeof total !== 'number') throw typeError('total', total, 'a number');
  if (!(total >= 0)) throw rangeError('total', total, 'a number of at least 0');
  return total;
}

/**
 * Shows progress on stderr: a bar on a terminal, beside which the program may write as it likes. Where
 * that is none, with TERM=dumb and where CI is set, one line at the end. There are no colours.
 *
 * @example
 * ```ts
 * using progress = invokeProgress({ label: 'reading', total: files.length, unit: 'files' });
 * for (const file of files) { await read(file); progress.advance(); }
 * ```
 */
export function invokeProgress(options?: ProgressOptions): Progress {
  const read = readOptions('options', progressOptions, options);
  const { label = '', unit = 'steps', stream } = read;
  const meter = new Meter({ label, unit }, checkTotal(read.total));
  return new Progress(meter, displayOn(stream));
}

/**
 * Shows the progress of a run, where its options ask for it. Counts tasks; once a task calls
 * `ctx.progress.advance`, what the tasks count.
 */
export function reportProgress(
  run: Run,
  progress: boolean | ProgressSettings,
  total: number | null,
  display: Display = standardDisplay(),
): void {
  if (progress === false) return;
  const settings = progress === true ? {} : progress;
  const given = checkTotal(settings.total);
  const { label = '', unit = 'tasks' } = settings;
  const meter = new Meter({ label, unit }, given ?? total);
  const { counts } = meter;
  let own = false;
  display.add(meter);
  run.listeners.push({
    dispatched(count) {
      if (!own) counts.dispatched += count;
    },
    withdrawn(count) {
      if (!own) counts.dispatched -= count;
    },
    finished({ count, failed }) {
      if (!own) counts.finished += count;
      if (failed) counts.failed += count;
    },
    advanced(amount) {
      if (!own) {
        own = true;
        counts.dispatched = 0;
        counts.finished = 0;
        meter.total = given;
      }
      counts.finished += amount;
    },
    ended() {
      meter.end();
      display.remove(meter);
    },
  });
}
