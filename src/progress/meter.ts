/**
 * The numbers of a progress bar, and how they read.
 */

/** Counts of a job, or of a user's own work. */
export interface Counts {
  dispatched: number;
  finished: number;
  failed: number;
}

export interface MeterSettings {
  readonly label: string;
  readonly unit: string;
}

/** Seconds as a person writes them: 5 s, 1:05, 2:00:05. */
export function duration(seconds: number): string {
  const whole = Math.max(Math.round(seconds), 0);
  if (whole < 60) return `${whole} s`;
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  const rest = two(whole % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** A rate with three figures at most: 0.42/s, 120/s, 1.2M/s. */
export function rate(perSecond: number): string {
  if (!Number.isFinite(perSecond) || perSecond <= 0) return '–/s';
  if (perSecond >= 1e6) return `${(perSecond / 1e6).toFixed(1)}M/s`;
  if (perSecond >= 1e4) return `${(perSecond / 1e3).toFixed(0)}k/s`;
  if (perSecond >= 10) return `${perSecond.toFixed(0)}/s`;
  return `${perSecond.toFixed(2)}/s`;
}

const BLOCKS = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'] as const;
const BAR_WIDTH = 24;

function bar(part: number): string {
  const eighths = Math.round(Math.min(Math.max(part, 0), 1) * BAR_WIDTH * 8);
  const full = Math.floor(eighths / 8);
  const rest = full < BAR_WIDTH ? BLOCKS[eighths % 8]! : '';
  return (BLOCKS[8].repeat(full) + rest).padEnd(BAR_WIDTH, ' ');
}

export class Meter {
  readonly settings: MeterSettings;
  readonly counts: Counts = { dispatched: 0, finished: 0, failed: 0 };
  total: number | null;
  readonly #began: number;
  #ended: number | null = null;

  constructor(settings: MeterSettings, total: number | null, now = performance.now()) {
    this.settings = settings;
    this.total = total;
    this.#began = now;
  }

  end(now = performance.now()): void {
    this.#ended ??= now;
  }

  /** One line of text. `bars` draws a bar; `columns` is what fits. */
  line(bars: boolean, columns: number, now = performance.now()): string {
    const { label, unit } = this.settings;
    const { dispatched, finished, failed } = this.counts;
    const { total } = this;
    const seconds = ((this.#ended ?? now) - this.#began) / 1000;
    const perSecond = finished / seconds;
    const parts: string[] = [];
    const known = total !== null && total > 0;
    const percent = known ? `${Math.floor((100 * finished) / total)}%` : '';
    if (bars && known) parts.push(`${percent.padStart(4)} │${bar(finished / total)}│`);
    const width = total === null ? 0 : String(total).length;
    const count = String(finished).padStart(bars ? width : 0);
    parts.push(
      total === null
        ? `${count} ${unit}`
        : `${count}/${total} ${unit}${bars || !known ? '' : ` (${percent})`}`,
    );
    const running = Math.max(dispatched - finished, 0);
    if (this.#ended === null && running > 0) parts.push(`${running} in progress`);
    if (failed > 0) parts.push(`${failed} failed`);
    parts.push(rate(perSecond));
    if (this.#ended !== null) parts.push(`in ${duration(seconds)}`);
    else if (total !== null && perSecond > 0) {
      parts.push(`${duration((total - finished) / perSecond)} left`);
    }
    const text = `${label ? `${label}: ` : ''}${parts.join(bars ? '  ' : ', ')}`;
    return text.length > columns ? `${text.slice(0, Math.max(columns - 1, 0))}…` : text;
  }
}
