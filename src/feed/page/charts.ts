/**
 * Curves of the latest ten minutes.
 */
import uPlot from 'uplot';
import { el } from './dom.ts';

/** One curve. */
export interface Curve {
  readonly label: string;
  readonly color: string;
  readonly fill?: string;
}

const HEIGHT = 150;

/** @param time - seconds since 1970 */
function clock(time: number): string {
  return new Date(1000 * time).toLocaleTimeString('en-GB');
}

function textColor(): string {
  return getComputedStyle(document.body).color;
}

export class Chart {
  readonly element: HTMLElement;
  readonly #place = el('div', { class: 'plot' });
  readonly #curves: readonly Curve[];
  readonly #format: (value: number) => string;
  #plot: uPlot | null = null;
  #data: uPlot.AlignedData = [[]];

  /**
   * @param title - what the curves are of
   * @param format - how their values read
   */
  constructor(title: string, curves: readonly Curve[], format: (value: number) => string) {
    this.#curves = curves;
    this.#format = format;
    this.element = el('figure', {}, el('figcaption', {}, title), this.#place);
    const again = (): void => this.#draw(true);
    new ResizeObserver(() => this.#resize()).observe(this.#place);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
  }

  /** @param data - times in seconds since 1970, then the values of each curve */
  show(data: uPlot.AlignedData): void {
    this.#data = data;
    if (this.#plot) this.#plot.setData(data);
    else this.#draw(false);
  }

  #resize(): void {
    const width = this.#place.clientWidth;
    if (width > 0) this.#plot?.setSize({ width, height: HEIGHT });
  }

  #draw(again: boolean): void {
    const width = this.#place.clientWidth;
    if (width === 0 || (again && !this.#plot)) return;
    this.#plot?.destroy();
    const stroke = textColor();
    const grid = { stroke: 'rgba(128,128,128,0.25)', width: 1 };
    this.#plot = new uPlot(
      {
        width,
        height: HEIGHT,
        cursor: { y: false },
        scales: { y: { range: (_, __, most) => [0, Math.max(most * 1.1, 1)] } },
        axes: [
          { stroke, grid, values: (_, ticks) => ticks.map(clock) },
          { stroke, grid, size: 72, values: (_, ticks) => ticks.map(this.#format) },
        ],
        series: [
          { label: 'time', value: (_: uPlot, time: number | null) => (time ? clock(time) : '–') },
          ...this.#curves.map(({ label, color, fill }) => ({
            label,
            stroke: color,
            ...(fill ? { fill } : {}),
            width: 1.5,
            points: { show: false },
            value: (_: uPlot, value: number | null) => (value === null ? '–' : this.#format(value)),
          })),
        ],
      },
      this.#data,
      this.#place,
    );
  }
}
