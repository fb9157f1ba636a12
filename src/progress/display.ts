/**
 * Where progress is shown: bars that are redrawn on a terminal, and a line now and then elsewhere.
 */
import type { Meter } from './meter.ts';

/** What a display writes to; `process.stderr` is one. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const REDRAW_MS = 100;
const LINE_MS = 5000;
const CLEAR_LINE = '\u001b[2K';
const UP = '\u001b[1A';

export class Display {
  readonly #stream: ProgressStream;
  readonly #meters = new Set<Meter>();
  #timer: NodeJS.Timeout | null = null;
  /** Lines that are on the terminal now, to be drawn over. */
  #drawn = 0;

  constructor(stream: ProgressStream) {
    this.#stream = stream;
  }

  get #terminal(): boolean {
    return this.#stream.isTTY === true;
  }

  get #columns(): number {
    return this.#terminal ? Math.max((this.#stream.columns || 80) - 1, 20) : Infinity;
  }

  add(meter: Meter): void {
    this.#meters.add(meter);
    if (this.#timer) return;
    this.#timer = setInterval(() => this.#tick(), this.#terminal ? REDRAW_MS : LINE_MS);
    this.#timer.unref();
  }

  /** Shows a meter for the last time. */
  remove(meter: Meter): void {
    if (!this.#meters.delete(meter)) return;
    if (this.#meters.size === 0 && this.#timer) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
    this.interrupt(() => {
      this.#stream.write(`${meter.line(this.#terminal, this.#columns)}\n`);
    });
  }

  /** Lets something else be written between the bars. */
  interrupt(write: () => void): void {
    const text = this.#erase();
    if (text) this.#stream.write(text);
    write();
    if (this.#terminal && this.#meters.size > 0) this.#tick();
  }

  #erase(): string {
    let text = '';
    for (; this.#drawn > 0; this.#drawn--) text += UP + CLEAR_LINE;
    return text && `${text}\r`;
  }

  #tick(): void {
    // In one write: another process's output must not come between the parts.
    let text = this.#erase();
    for (const meter of this.#meters) {
      text += `${meter.line(this.#terminal, this.#columns)}\n`;
      if (this.#terminal) this.#drawn++;
    }
    if (text) this.#stream.write(text);
  }
}

let standard: Display | null = null;

/** The display on stderr. */
export function standardDisplay(): Display {
  standard ??= new Display(process.stderr);
  return standard;
}

/** Writes something without tearing the bars on stderr. */
export function besideProgress(write: () => void): void {
  if (standard) standard.interrupt(write);
  else write();
}
