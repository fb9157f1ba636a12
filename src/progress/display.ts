/**
 * Where progress is shown: bars that are redrawn on a terminal, and their last line elsewhere.
 */
import type { Meter } from './meter.ts';
import { watchTerminal } from './terminal.ts';

/** What a display writes to; `process.stderr` is one. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const REDRAW_MS = 100;
const CLEAR_LINE = '\u001b[2K';
const UP = '\u001b[1A';

/** Whether a terminal can be drawn over: not where a log is kept, or that is said to be dumb. */
function isDrawable(stream: ProgressStream, { CI, TERM }: NodeJS.ProcessEnv): boolean {
  const log = CI !== undefined && CI !== '' && CI !== '0' && CI !== 'false';
  return stream.isTTY === true && !log && TERM !== 'dumb';
}

export class Display {
  readonly #stream: ProgressStream;
  readonly #meters = new Set<Meter>();
  readonly #drawable: boolean;
  #timer: NodeJS.Timeout | null = null;
  /** Lines that are on the terminal now, to be drawn over. */
  #drawn = 0;
  /** The program has begun a line and not ended it. */
  #within = false;
  #watch: ReturnType<typeof watchTerminal> | null = null;

  constructor(stream: ProgressStream, environment: NodeJS.ProcessEnv = process.env) {
    this.#stream = stream;
    this.#drawable = isDrawable(stream, environment);
  }

  get #columns(): number {
    return this.#drawable ? Math.max((this.#stream.columns || 80) - 1, 20) : Infinity;
  }

  add(meter: Meter): void {
    this.#meters.add(meter);
    if (!this.#drawable || this.#timer) return;
    if (isOfProcess(this.#stream)) {
      this.#watch = watchTerminal({
        hide: () => this.#put(this.#erase()),
        show: (within) => {
          this.#within = within;
          this.#draw();
        },
      });
    }
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
    this.#timer.unref();
  }

  /** Shows a meter for the last time. */
  remove(meter: Meter): void {
    if (!this.#meters.delete(meter)) return;
    const line = `${meter.line(this.#drawable, this.#columns)}\n`;
    this.#put(this.#erase() + (this.#within ? `\n${line}` : line));
    this.#within = false;
    if (this.#meters.size > 0) {
      this.#draw();
      return;
    }
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    this.#watch?.stop();
    this.#watch = null;
  }

  /** Lets something else be written between the bars. */
  interrupt(write: () => void): void {
    this.#put(this.#erase());
    write();
    this.#draw();
  }

  #put(text: string): void {
    if (text === '') return;
    if (this.#watch) this.#watch.write(text);
    else this.#stream.write(text);
  }

  #erase(): string {
    let text = '';
    for (; this.#drawn > 0; this.#drawn--) text += UP + CLEAR_LINE;
    return text && `${text}\r`;
  }

  #draw(): void {
    if (!this.#drawable || this.#within) return;
    // In one write: another process's output must not come between the parts.
    let text = this.#erase();
    for (const meter of this.#meters) {
      text += `${meter.line(true, this.#columns)}\n`;
      this.#drawn++;
    }
    this.#put(text);
  }
}

let standard: Display | null = null;

function isOfProcess(stream: unknown): boolean {
  return stream === process.stderr || stream === process.stdout;
}

/** The display on stderr. */
export function standardDisplay(): Display {
  standard ??= new Display(process.stderr);
  return standard;
}

/** The display on a stream. Both streams of a terminal are one place, which has one display. */
export function displayOn(stream: ProgressStream | undefined): Display {
  const terminal = isOfProcess(stream) && stream?.isTTY === true && process.stderr.isTTY === true;
  return stream === undefined || terminal ? standardDisplay() : new Display(stream);
}

/** Writes something without tearing the bars on stderr. */
export function besideProgress(write: () => void): void {
  if (standard) standard.interrupt(write);
  else write();
}
