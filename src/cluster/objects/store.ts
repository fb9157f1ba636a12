/**
 * The objects of a cluster: values that are there, will be there, or could not be made; and who has
 * references to them.
 */
import { loading, receive, Sealed, seal, unsealed } from '../../codec/index.ts';
import { ObjectLostError } from '../../objects/index.ts';
import type { Reach } from '../../protocol/index.ts';
import type { KeptValue } from './adoption.ts';

/** An object. */
interface Entry {
  readonly id: string;
  state: 'pending' | 'ready' | 'failed';
  /** Sealed; a primitive as it is. */
  kept: KeptValue | null;
  error: unknown;
  /** References: here, in other values and calls, and those that engines have. */
  references: number;
  waiting: (() => void)[];
}

/** What a value is sealed with. */
export interface StoreOptions {
  readonly reach: Exclude<Reach, 'local' | 'thread'>;
  readonly maxBytes: number;
}

/** Ids of the objects to which a sealed value refers. */
export function objectsIn(value: unknown): readonly string[] {
  return value instanceof Sealed ? value.objects : [];
}

/** Makes a sealed value again. */
export async function unseal(value: unknown): Promise<unknown> {
  if (!(value instanceof Sealed)) return value;
  const message = unsealed(value);
  await loading(message);
  return receive(message);
}

export class ObjectStore {
  /** What all ids begin with. */
  readonly session: string;
  readonly #options: StoreOptions;
  readonly #entries = new Map<string, Entry>();
  /** References that engines have, by their uids. */
  readonly #lent = new Map<string, Map<string, number>>();
  #last = 0;
  #closed: string | null = null;

  constructor(session: string, options: StoreOptions) {
    this.session = session;
    this.#options = options;
  }

  /** Objects that there are. */
  get size(): number {
    return this.#entries.size;
  }

  // ---- Values -------------------------------------------------------------------------------

  /** Makes room for an object. It goes with its last reference, of which there is none yet. */
  add(id = `${this.session}/${++this.#last}`): string {
    if (this.#closed !== null) throw new ObjectLostError(id, this.#closed);
    this.#entries.set(id, {
      id,
      state: 'pending',
      kept: null,
      error: undefined,
      references: 0,
      waiting: [],
    });
    return id;
  }

  /**
   * Seals a value as it is now.
   *
   * @throws CloneError where it can't travel
   */
  seal(value: unknown, path: string): KeptValue {
    const { reach: to, maxBytes } = this.#options;
    const sealing = seal(value, { to, maxBytes, receivers: 'many', path });
    // Memory that was shared on purpose is there as long as its arrays are.
    const shared =
      sealing.value instanceof Sealed &&
      sealing.value.memory.some((part) => !(part instanceof ArrayBuffer) && part.mode !== 'once');
    const owner = shared ? value : null;
    return { value: sealing.value, owner, release: () => sealing.release() };
  }

  /** The object is there. Nobody may want it any more. */
  fulfil(id: string, kept: KeptValue): void {
    const entry = this.#entries.get(id);
    if (entry?.state !== 'pending') {
      kept.release();
      return;
    }
    entry.state = 'ready';
    entry.kept = kept;
    for (const inner of objectsIn(kept.value)) this.retain(inner);
    this.#wake(entry);
    if (entry.references === 0) this.#drop(entry);
  }

  fail(id: string, error: unknown): void {
    const entry = this.#entries.get(id);
    if (entry?.state !== 'pending') return;
    entry.state = 'failed';
    entry.error = error;
    this.#wake(entry);
    if (entry.references === 0) this.#drop(entry);
  }

  #wake(entry: Entry): void {
    const { waiting } = entry;
    entry.waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Whether nothing more will become of it. */
  isSettled(id: string): boolean {
    return this.#entries.get(id)?.state !== 'pending';
  }

  /** Calls back when nothing more will become of an object; at once where that is so. */
  whenSettled(id: string, callback: () => void): void {
    const entry = this.#entries.get(id);
    if (entry?.state === 'pending') entry.waiting.push(callback);
    else callback();
  }

  /**
   * The sealed value of an object that is settled.
   *
   * @throws its error; ObjectLostError
   */
  sealed(id: string): unknown {
    const entry = this.#entries.get(id);
    if (!entry) throw new ObjectLostError(id, this.#closed ?? 'it was freed');
    if (entry.state === 'failed') throw entry.error;
    return entry.kept!.value;
  }

  /** The sealed value of an object, when it is there. */
  async whenSealed(id: string): Promise<unknown> {
    this.retain(id);
    try {
      await new Promise<void>((resolve) => this.whenSettled(id, resolve));
      return this.sealed(id);
    } finally {
      this.release(id);
    }
  }

  // ---- References ---------------------------------------------------------------------------

  retain(id: string): void {
    const entry = this.#entries.get(id);
    if (entry) entry.references++;
  }

  release(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry || --entry.references > 0 || entry.state === 'pending') return;
    this.#drop(entry);
  }

  /** Whoever has references to it. */
  free(id: string): void {
    const entry = this.#entries.get(id);
    if (entry) this.#drop(entry);
  }

  #drop(entry: Entry): void {
    if (this.#entries.get(entry.id) !== entry) return;
    this.#entries.delete(entry.id);
    if (entry.kept) {
      for (const inner of objectsIn(entry.kept.value)) this.release(inner);
      entry.kept.release();
    }
    this.#wake(entry);
  }

  /** References have been sent to an engine. */
  lend(engine: string, ids: readonly string[]): void {
    if (ids.length === 0) return;
    let counts = this.#lent.get(engine);
    if (!counts) {
      counts = new Map();
      this.#lent.set(engine, counts);
    }
    for (const id of ids) {
      if (!this.#entries.has(id)) continue;
      this.retain(id);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }

  /**
   * An engine has let go of references.
   *
   * @param count - how many; those that functions have brought along were not lent
   */
  takeBack(engine: string, id: string, count: number): void {
    const counts = this.#lent.get(engine);
    const lent = counts?.get(id);
    if (!counts || lent === undefined) return;
    const back = Math.min(count, lent);
    if (lent > back) counts.set(id, lent - back);
    else counts.delete(id);
    for (let i = 0; i < back; i++) this.release(id);
  }

  /** An engine has ended: it has none any more. */
  takeBackAll(engine: string): void {
    const counts = this.#lent.get(engine);
    this.#lent.delete(engine);
    for (const [id, count] of counts ?? []) {
      for (let i = 0; i < count; i++) this.release(id);
    }
  }

  /** The cluster has been stopped: what is not there will not come, and the rest goes. */
  close(why: string): void {
    this.#closed = why;
    for (const entry of [...this.#entries.values()]) this.#drop(entry);
    this.#lent.clear();
  }
}
