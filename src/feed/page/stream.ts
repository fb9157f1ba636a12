/**
 * The task stream: a row for each worker, in it a bar for its tasks, as high as threads work in it, and below
 * how many threads all of them had together.
 */
import type { RowState, Slice } from '../messages.ts';
import { colorOf, FAILED } from './colors.ts';
import { el, setText } from './dom.ts';
import { count, duration } from './format.ts';
import { type Piece, Spans } from './heights.ts';
import type { PageState, View } from './state.ts';
import { TimeWindow } from './window.ts';

const ROW = 26;
const BAR = 20;
/** The strip of threads in use. */
const STRIP = 48;
const AXIS = 18;
const NAMES = 150;
const NARROW_NAMES = 80;

/** The rows that have something in the window, or are alive. */
function rowsToShow(rows: readonly RowState[], slices: readonly Slice[], from: number): RowState[] {
  const used = new Set<number>();
  for (const slice of slices) if (slice[4] >= from) used.add(slice[0]);
  return rows.filter(({ row, state }) => used.has(row) || state !== 'ended');
}

export class StreamView implements View {
  readonly name = 'stream';
  readonly title = 'Task stream';
  readonly element: HTMLElement;
  readonly #canvas = el('canvas', {
    id: 'stream-canvas',
    tabindex: 0,
    role: 'img',
    'aria-label': 'Task stream: a row for each worker, a bar for its tasks',
    'aria-describedby': 'stream-help',
  });
  readonly #legend = el('ul', { class: 'legend', 'aria-label': 'Colours of functions' });
  readonly #tip = el('div', { class: 'tip', role: 'status' });
  readonly #window = new TimeWindow();
  #state: PageState | null = null;
  #rows: RowState[] = [];
  #spans = new Spans([]);
  #drag: number | null = null;
  /** A frame is asked for. */
  #due = false;

  constructor() {
    const help = el(
      'p',
      { id: 'stream-help', class: 'help' },
      'Wheel, + and − zoom; drag, ← and → move; 0 shows all, Space stops and End follows the present. The height of a bar is how many threads ' +
        'work in it (of tasks without an operation of Heddle: may work), the strip below is their sum: red above the cores.',
    );
    const button = (text: string, label: string, act: () => void): HTMLElement => {
      const made = el('button', { type: 'button', 'aria-label': label }, text);
      made.addEventListener('click', () => {
        act();
        this.#draw();
      });
      return made;
    };
    const buttons = el(
      'div',
      { class: 'buttons' },
      button('+', 'Zoom in', () => this.#zoom(0.5)),
      button('−', 'Zoom out', () => this.#zoom(2)),
      button('all', 'Show all', () => this.#fit()),
      button('stop', 'Stop or follow the present', () => this.#toggle()),
    );
    this.#tip.hidden = true;
    const place = el('div', { class: 'stream' }, this.#canvas, this.#tip);
    this.element = el('section', {}, buttons, this.#legend, place, help);
    this.#listen(place);
  }

  #listen(place: HTMLElement): void {
    const canvas = this.#canvas;
    new ResizeObserver(() => this.#draw()).observe(place);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#draw());
    canvas.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault();
        this.#window.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.#timeAt(event.offsetX), this.#now);
        this.#draw();
      },
      { passive: false },
    );
    canvas.addEventListener('pointerdown', (event) => {
      this.#drag = event.offsetX;
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (this.#drag !== null) {
        this.#window.pan((this.#drag - event.offsetX) * this.#msPerPixel, this.#now);
        this.#drag = event.offsetX;
        this.#draw();
      }
      this.#hover(event.offsetX, event.offsetY);
    });
    const drop = (): void => {
      this.#drag = null;
    };
    canvas.addEventListener('pointerup', drop);
    canvas.addEventListener('pointercancel', drop);
    canvas.addEventListener('pointerleave', () => {
      this.#tip.hidden = true;
    });
    canvas.addEventListener('keydown', (event) => {
      const acts: Readonly<Record<string, () => void>> = {
        '+': () => this.#zoom(0.5),
        '=': () => this.#zoom(0.5),
        '-': () => this.#zoom(2),
        '0': () => this.#fit(),
        ArrowLeft: () => this.#window.pan(-this.#window.span / 5, this.#now),
        ArrowRight: () => this.#window.pan(this.#window.span / 5, this.#now),
        End: () => this.#window.follow(),
        ' ': () => this.#toggle(),
      };
      const act = Object.hasOwn(acts, event.key) ? acts[event.key] : undefined;
      if (!act) return;
      event.preventDefault();
      act();
      this.#draw();
    });
  }

  /** The program's time now: of its last message, and what has passed since. */
  get #now(): number {
    return this.#state?.message?.now ?? 0;
  }

  get #left(): number {
    return this.#canvas.clientWidth < 600 ? NARROW_NAMES : NAMES;
  }

  get #msPerPixel(): number {
    return this.#window.span / Math.max(this.#canvas.clientWidth - this.#left, 1);
  }

  #timeAt(x: number): number {
    return this.#window.end(this.#now) - this.#window.span + (x - this.#left) * this.#msPerPixel;
  }

  #zoom(factor: number): void {
    this.#window.zoom(factor, this.#window.end(this.#now) - this.#window.span / 2, this.#now);
  }

  /** Stands still, or follows again. */
  #toggle(): void {
    if (this.#window.follows) this.#window.hold(this.#now);
    else this.#window.follow();
  }

  #fit(): void {
    const first = this.#state?.slices.items.reduce(
      (least, slice) => Math.min(least, slice[3]),
      this.#now,
    );
    this.#window.fit(first ?? 0, this.#now);
  }

  show(state: PageState): void {
    this.#state = state;
    this.#showLegend(state);
    this.#draw();
  }

  #showLegend({ message, slices }: PageState): void {
    const seen = new Set(slices.items.map((slice) => slice[1]));
    const labels = [...seen].sort((a, b) => a - b);
    while (this.#legend.children.length > labels.length) this.#legend.lastChild!.remove();
    for (const [at, label] of labels.entries()) {
      let item = this.#legend.children[at];
      if (!item) {
        item = el('li', {}, el('span', { class: 'swatch' }), el('span'));
        this.#legend.append(item);
      }
      (item.firstElementChild as HTMLElement).style.backgroundColor = colorOf(label);
      setText(item.lastElementChild!, message?.labels[label] ?? 'other');
    }
  }

  /** Draws with the next frame: never more often than the screen shows it. */
  #draw(): void {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.#paint();
    });
  }

  #paint(): void {
    const { message, slices, spans } = this.#state ?? {};
    const width = this.#canvas.clientWidth;
    if (!message || !slices || !spans || width === 0) return;
    const end = this.#window.end(message.now);
    const from = end - this.#window.span;
    this.#rows = rowsToShow(message.rows, slices.items, from);
    const height = this.#rows.length * ROW + STRIP + AXIS;
    const ratio = devicePixelRatio;
    if (this.#canvas.width !== Math.round(width * ratio))
      this.#canvas.width = Math.round(width * ratio);
    if (this.#canvas.height !== Math.round(height * ratio)) {
      this.#canvas.height = Math.round(height * ratio);
      this.#canvas.style.height = `${height}px`;
    }
    const context = this.#canvas.getContext('2d')!;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = '12px system-ui, sans-serif';
    const left = this.#left;
    const ink = getComputedStyle(document.body).color;
    const visible = slices.items.filter((slice) => slice[4] >= from && slice[3] <= end);
    const perPixel = this.#msPerPixel;
    const exactX = (time: number): number => left + (time - from) / perPixel;
    const xOf = (time: number): number => Math.round(Math.min(Math.max(exactX(time), left), width));
    const { cores } = message.program;
    this.#spans = new Spans(spans.items);
    const bars = visible.map((slice) => this.#spans.pieces(slice));
    const most = bars.flat().reduce((high, { threads }) => Math.max(high, threads), cores);
    const rowAt = new Map(this.#rows.map(({ row }, at) => [row, at]));
    for (const [at, { name }] of this.#rows.entries()) {
      context.fillStyle = ink;
      context.fillText(name, 0, at * ROW + 17, left - 6);
      context.globalAlpha = 0.12;
      context.fillRect(left, (at + 1) * ROW - 1, width - left, 1);
      context.globalAlpha = 1;
    }
    // Where the row is painted to already: of many slices on one pixel the first is seen, and failed ones.
    const painted = new Int32Array(this.#rows.length).fill(-1);
    for (const [index, [row, label, , started, completed, , failed]] of visible.entries()) {
      const at = rowAt.get(row);
      if (at === undefined) continue;
      const last = Math.max(xOf(completed), xOf(started) + 1);
      if (last <= painted[at]! && !failed) continue;
      painted[at] = last;
      context.fillStyle = failed ? FAILED : colorOf(label);
      for (const { from: begin, to: until, threads } of bars[index]!) {
        const x = xOf(begin);
        const bar = Math.max(Math.round((BAR * (threads < 0 ? most : threads)) / most), 2);
        context.fillRect(x, (at + 1) * ROW - 3 - bar, Math.max(xOf(until), x + 1) - x, bar);
      }
    }
    this.#drawStrip(context, bars.flat(), { xOf: exactX, width, left, cores, ink });
    this.#drawAxis(context, { from, end, width, left, height, ink });
  }

  /** Threads of all bars together, over the cores that there are. */
  #drawStrip(
    context: CanvasRenderingContext2D,
    pieces: readonly Piece[],
    {
      xOf,
      width,
      left,
      cores,
      ink,
    }: { xOf(time: number): number; width: number; left: number; cores: number; ink: string },
  ): void {
    // What a column of pixels shows is the mean of its time: tasks that follow each other don't add up.
    const changes = new Float64Array(width + 3);
    const add = (x: number, threads: number): void => {
      const at = Math.min(Math.max(x, left), width);
      const whole = Math.floor(at);
      changes[whole]! += threads * (1 - (at - whole));
      changes[whole + 1]! += threads * (at - whole);
    };
    for (const { from, to, threads } of pieces) {
      const used = threads < 0 ? cores : threads;
      add(xOf(from), used);
      add(xOf(to), -used);
    }
    const base = this.#rows.length * ROW + STRIP - 2;
    const room = STRIP - 10;
    const columns: number[] = [];
    let sum = 0;
    let most = cores;
    for (let x = left; x <= width; x++) {
      sum += changes[x]!;
      columns.push(Math.round(sum * 1e6) / 1e6);
      if (sum > most) most = sum;
    }
    for (let at = 0, next = 0; at < columns.length; at = next) {
      const used = columns[at]!;
      while (next < columns.length && columns[next] === used) next++;
      if (used === 0) continue;
      const within = Math.min(used, cores);
      context.fillStyle = '#8fa8c4';
      context.fillRect(left + at, base - (room * within) / most, next - at, (room * within) / most);
      if (used <= cores) continue;
      context.fillStyle = FAILED;
      const above = (room * (used - cores)) / most;
      context.fillRect(left + at, base - (room * used) / most, next - at, above);
    }
    context.fillStyle = ink;
    context.fillRect(left, Math.round(base - (room * cores) / most), width - left, 1);
    context.fillText(`threads of ${cores} cores`, 0, base - 4, left - 6);
  }

  #drawAxis(
    context: CanvasRenderingContext2D,
    {
      from,
      end,
      width,
      left,
      height,
      ink,
    }: { from: number; end: number; width: number; left: number; height: number; ink: string },
  ): void {
    const now = this.#now;
    context.fillStyle = ink;
    const steps = Math.max(Math.floor((width - left) / 140), 1);
    for (let i = 0; i <= steps; i++) {
      const time = from + ((end - from) * i) / steps;
      const text = time >= now ? 'now' : `−${duration(now - time)}`;
      const x = left + ((width - left) * i) / steps;
      context.textAlign = i === 0 ? 'left' : i === steps ? 'right' : 'center';
      context.fillText(text, x, height - 4);
    }
    context.textAlign = 'left';
  }

  /** The slice at a time, or the nearest that is no more than a pixel away. */
  #sliceAt(row: number, time: number): Slice | undefined {
    let best: Slice | undefined;
    let least = this.#msPerPixel;
    for (const slice of this.#state?.slices.items ?? []) {
      if (slice[0] !== row) continue;
      const away = Math.max(slice[3] - time, time - slice[4], 0);
      if (away > least) continue;
      least = away;
      best = slice;
    }
    return best;
  }

  /** Threads of a bar in words: those that its operations had at most, else those that they may have. */
  #threadsOf(slice: Slice): string {
    const [row, , , started, completed, , , threads] = slice;
    const had = this.#spans.within(row, started, completed).map(([, , , cores]) => cores);
    const own = threads < 0 ? 'BLAS threads without limit' : `${threads} BLAS threads`;
    return had.length > 0
      ? `operations on up to ${Math.max(...had)} threads (${own} its own)`
      : own;
  }

  #hover(x: number, y: number): void {
    const row = this.#rows[Math.floor(y / ROW)];
    const slice = x < this.#left || !row ? undefined : this.#sliceAt(row.row, this.#timeAt(x));
    this.#tip.hidden = slice === undefined;
    if (!slice || !row) return;
    const [, label, run, started, completed, tasks, failed] = slice;
    const threads = this.#threadsOf(slice);
    const name = this.#state?.message?.labels[label] ?? 'other';
    setText(
      this.#tip,
      `${name} ${run === 0 ? '(several runs)' : `#${run}`} · ${row.name} · ${count(tasks)} ${tasks === 1 ? 'task' : 'tasks'}${failed ? ' (failed)' : ''}` +
        ` · ${duration(completed - started)} · ${threads}`,
    );
    this.#tip.style.left = `${Math.min(x + 12, Math.max(this.#canvas.clientWidth - 260, 0))}px`;
    this.#tip.style.top = `${y + 16}px`;
  }
}
