/**
 * What the page knows: the newest message, and the latest of what goes on for ever.
 */
import type {
  CoreSpan,
  ErrorLine,
  FeedMessage,
  LogLine,
  News,
  Sample,
  Slice,
} from '../messages.ts';

/** As many as the program keeps. */
const KEPT = { slices: 20_000, spans: 20_000, samples: 600, logs: 1000, errors: 200 } as const;

/** The latest items; cut now and then, so that adding is cheap. */
class Latest<T> {
  items: T[] = [];
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  add({ items }: News<T>): void {
    for (const item of items) this.items.push(item);
    if (this.items.length > 1.25 * this.#most) this.items = this.items.slice(-this.#most);
  }
}

export class PageState {
  message: FeedMessage | null = null;
  /** When it came, by the page's clock. */
  receivedAt = 0;
  slices = new Latest<Slice>(KEPT.slices);
  spans = new Latest<CoreSpan>(KEPT.spans);
  samples = new Latest<Sample>(KEPT.samples);
  logs = new Latest<LogLine>(KEPT.logs);
  errors = new Latest<ErrorLine>(KEPT.errors);

  /** A new connection begins with all that the program has kept. */
  reset(): void {
    this.slices = new Latest<Slice>(KEPT.slices);
    this.spans = new Latest<CoreSpan>(KEPT.spans);
    this.samples = new Latest<Sample>(KEPT.samples);
    this.logs = new Latest<LogLine>(KEPT.logs);
    this.errors = new Latest<ErrorLine>(KEPT.errors);
  }

  accept(message: FeedMessage): void {
    this.message = message;
    this.receivedAt = performance.now();
    this.slices.add(message.slices);
    this.spans.add(message.spans);
    this.samples.add(message.samples);
    this.logs.add(message.logs);
    this.errors.add(message.errors);
  }
}

/** A part of the page that is shown by its tab. */
export interface View {
  readonly name: string;
  readonly title: string;
  readonly element: HTMLElement;
  /** Draws the newest state; called only while the view is to be seen. */
  show(state: PageState): void;
}
