/**
 * Who has taken how many of something: a table in shared memory, so that what a dead holder had can be
 * given back. Whoever changes it has the lock of the object that it is part of.
 */
import { GONE, isGone, ownStart, ownToken, watch } from './words.ts';

/** Token, start of the process, count. */
const ENTRY_WORDS = 3;
const MAX_HOLDERS = 256;

/** How many words a table takes. */
export const TABLE_WORDS = MAX_HOLDERS * ENTRY_WORDS;

/** Where a table is among the words of an object. */
export interface HolderTable {
  readonly at: number;
  /** The word whose sleepers are woken when a thread ends that is in the table. */
  readonly signal: number;
}

/** Where our entry is, so that it need not be looked for. */
const entries = new WeakMap<Int32Array, number>();

/** What an entry has; 0 for no entry, which is 0. */
export function heldBy(words: Int32Array, entry: number): number {
  return entry === 0 ? 0 : Atomics.load(words, entry + 2);
}

/** Changes what an entry has; does nothing for no entry. */
export function setHeld(words: Int32Array, entry: number, count: number): void {
  if (entry !== 0) Atomics.store(words, entry + 2, count);
}

/** Where our entry is; 0 when there is none. */
export function ownEntry(words: Int32Array, table: HolderTable): number {
  const known = entries.get(words);
  if (known !== undefined) return known;
  const token = ownToken();
  for (let at = table.at; at < table.at + TABLE_WORDS; at += ENTRY_WORDS) {
    const found = Atomics.load(words, at);
    if (found === 0) return 0;
    if (found !== token || isDead(words, at)) continue;
    // It may be from before the object came here once more, with words that nobody watches yet.
    watch(words, at, 0, table.signal, at + 2);
    entries.set(words, at);
    return at;
  }
  return 0;
}

/** Makes our entry; 0 when there is no place for one: then nobody gives back what we have. */
export function newEntry(words: Int32Array, table: HolderTable): number {
  for (let at = table.at; at < table.at + TABLE_WORDS; at += ENTRY_WORDS) {
    const found = Atomics.load(words, at);
    // What a dead holder had must have been given back before another uses its place.
    if (found !== 0 && (Atomics.load(words, at + 2) > 0 || !isDead(words, at))) continue;
    watch(words, at, 0, table.signal, at + 2);
    Atomics.store(words, at + 1, ownStart());
    Atomics.store(words, at, ownToken());
    entries.set(words, at);
    return at;
  }
  return 0;
}

function isDead(words: Int32Array, entry: number): boolean {
  return isGone(Atomics.load(words, entry), Atomics.load(words, entry + 1));
}

/** The entries that have something, in the order of the table. */
export function* fullEntries(words: Int32Array, table: HolderTable): Generator<number> {
  for (let at = table.at; at < table.at + TABLE_WORDS; at += ENTRY_WORDS) {
    if (Atomics.load(words, at) === 0) return;
    if (Atomics.load(words, at + 2) > 0) yield at;
  }
}

/**
 * The entries of dead holders that have something.
 *
 * @param look - whether to look if processes live, which costs more than most waits; threads that have
 *   ended are known without
 */
export function* deadEntries(
  words: Int32Array,
  table: HolderTable,
  look: boolean,
): Generator<number> {
  for (const at of fullEntries(words, table)) {
    if (Atomics.load(words, at) === GONE || (look && isDead(words, at))) yield at;
  }
}
