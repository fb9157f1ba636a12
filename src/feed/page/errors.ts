/**
 * Errors with their stacks, and the lines of workers; the latest first.
 */
import type { ErrorLine, LogLine } from '../messages.ts';
import { el, setText } from './dom.ts';
import { count } from './format.ts';
import type { PageState, View } from './state.ts';

/** Lines that are shown at once. */
const SHOWN = 200;

function clock(time: number): string {
  return new Date(time).toLocaleTimeString('en-GB');
}

function errorItem(error: ErrorLine): HTMLElement {
  const { time, where, name, message, stack, argument } = error;
  return el(
    'li',
    {},
    el(
      'details',
      {},
      el('summary', {}, `${clock(time)} ${where}: ${name}: ${message}`),
      argument === null ? null : el('p', {}, 'argument: ', el('code', {}, argument)),
      el('pre', {}, stack || 'without a stack'),
    ),
  );
}

function logItem({ time, who, level, text }: LogLine): HTMLElement {
  return el(
    'li',
    { class: level === 'error' || level === 'fatal' || level === 'warn' ? level : 'line' },
    el('span', { class: 'meta' }, `${clock(time)} ${who} ${level} `),
    el('span', { class: 'text' }, text),
  );
}

/** A list that only grows at its beginning. */
class Feed<T> {
  readonly element: HTMLElement;
  readonly #list = el('ol', { class: 'lines' });
  readonly #empty: HTMLElement;
  readonly #make: (item: T) => HTMLElement;
  #last: T | undefined;

  constructor(title: string, empty: string, make: (item: T) => HTMLElement) {
    this.#make = make;
    this.#empty = el('p', { class: 'empty' }, empty);
    this.element = el('div', {}, el('h2', {}, title), this.#empty, this.#list);
  }

  show(items: readonly T[]): void {
    const known = this.#last === undefined ? -1 : items.lastIndexOf(this.#last);
    if (this.#last !== undefined && known < 0) this.#list.replaceChildren();
    for (const item of items.slice(Math.max(known + 1, items.length - SHOWN))) {
      this.#list.prepend(this.#make(item));
    }
    this.#last = items.at(-1);
    while (this.#list.children.length > SHOWN) this.#list.lastChild!.remove();
    this.#empty.hidden = items.length > 0;
  }
}

export class ErrorsView implements View {
  readonly name = 'errors';
  readonly title = 'Errors and logs';
  readonly element: HTMLElement;
  readonly #sum = el('p', { id: 'errors-sum' });
  readonly #errors = new Feed('Errors', 'Nothing has failed.', errorItem);
  readonly #logs = new Feed('Logs', 'No worker has logged anything.', logItem);

  constructor() {
    const columns = el('div', { class: 'columns' }, this.#errors.element, this.#logs.element);
    this.element = el('section', {}, this.#sum, columns);
  }

  show({ message, errors, logs }: PageState): void {
    if (!message) return;
    const { totals } = message;
    setText(this.#sum, `${count(totals.errors)} errors, ${count(totals.logs)} lines`);
    this.#errors.show(errors.items);
    this.#logs.show(logs.items);
  }
}
