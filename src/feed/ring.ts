/**
 * The latest items of something that goes on for ever.
 */
import type { News } from './messages.ts';

export class Ring<T> {
  readonly #items: T[] = [];
  readonly #capacity: number;
  #count = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Items that there ever were: the number of the next one. */
  get count(): number {
    return this.#count;
  }

  push(item: T): void {
    this.#items[this.#count % this.#capacity] = item;
    this.#count++;
  }

  /** Those that are kept, oldest first. */
  all(): T[] {
    return this.since(0).items as T[];
  }

  /**
   * The items from one number on.
   *
   * @param most - the oldest of more are left out
   */
  since(number: number, most = this.#capacity): News<T> {
    const first = Math.max(number, this.#count - Math.min(most, this.#capacity), 0);
    const items: T[] = [];
    for (let at = first; at < this.#count; at++) items.push(this.#items[at % this.#capacity]!);
    return { items, lost: Math.max(first - number, 0) };
  }
}
