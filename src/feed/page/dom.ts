/**
 * Elements of the page. What programs wrote becomes text nodes, and nothing else.
 */

type Child = Node | string | number | null;

/** What an element is made with: attributes, and a class. */
export interface Settings {
  readonly class?: string;
  readonly [attribute: string]: string | number | boolean | undefined;
}

/** Makes an element. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  settings: Settings = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== null).map(asNode));
  return element;
}

function asNode(child: Node | string | number): Node | string {
  return typeof child === 'number' ? String(child) : child;
}

/** Sets a text where it has changed: the page keeps what somebody has selected. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A column of a table: its head, and what stands in its cells. */
export interface Column<T> {
  readonly head: string;
  /** Numbers stand at the right. */
  readonly numeric?: boolean;
  cell(item: T): string | Node;
}

/** A table whose rows stay what they are as long as their item has the same key. */
export class Table<T> {
  readonly element: HTMLElement;
  readonly #body = el('tbody');
  readonly #empty: HTMLElement;
  readonly #rows = new Map<string, HTMLTableRowElement>();
  readonly #columns: readonly Column<T>[];
  readonly #keyOf: (item: T) => string;

  /**
   * @param caption - what is in the table
   * @param empty - what is said where nothing is in it
   */
  constructor(
    caption: string,
    columns: readonly Column<T>[],
    keyOf: (item: T) => string,
    empty: string,
  ) {
    this.#columns = columns;
    this.#keyOf = keyOf;
    this.#empty = el('p', { class: 'empty' }, empty);
    const heads = columns.map(({ head, numeric }) =>
      el('th', { scope: 'col', ...(numeric ? { class: 'number' } : {}) }, head),
    );
    const table = el(
      'table',
      {},
      el('caption', {}, caption),
      el('thead', {}, el('tr', {}, ...heads)),
      this.#body,
    );
    const scroll = el('div', {
      class: 'scroll',
      tabindex: 0,
      role: 'region',
      'aria-label': caption,
    });
    scroll.append(table, this.#empty);
    this.element = scroll;
  }

  show(items: readonly T[]): void {
    this.#empty.hidden = items.length > 0;
    const keys = new Set<string>();
    let before: Element | null = null;
    for (const item of items) {
      const key = this.#keyOf(item);
      keys.add(key);
      let row = this.#rows.get(key);
      if (!row) {
        row = el('tr', { 'data-key': key });
        for (const { numeric, head } of this.#columns) {
          row.append(el('td', { 'data-head': head, ...(numeric ? { class: 'number' } : {}) }));
        }
        this.#rows.set(key, row);
      }
      for (const [at, column] of this.#columns.entries()) {
        const cell = row.children[at]!;
        const content = column.cell(item);
        if (typeof content === 'string') setText(cell, content);
        else if (cell.firstChild !== content) cell.replaceChildren(content);
      }
      const expected: Element | null = before
        ? before.nextElementSibling
        : this.#body.firstElementChild;
      if (expected !== row) this.#body.insertBefore(row, expected);
      before = row;
    }
    for (const [key, row] of this.#rows) {
      if (keys.has(key)) continue;
      row.remove();
      this.#rows.delete(key);
    }
  }
}
