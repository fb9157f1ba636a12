/**
 * The cores that worker processes leave to each other: the parent's side.
 *
 * A worker's share of the cores is its own while it has something to do. What one that has nothing to do
 * doesn't need the others may have, by a page of memory that all of them map (native/workers/core_account.h
 * says how, and why they never have more than all cores together).
 */
import { coreBudget, watchBudget } from '../config/index.ts';
import { native } from '../native.ts';

/** Entries that a page has: workers that may be in it at a time. */
const ENTRIES = 255;

/** The page, while a worker is in it. */
interface Page {
  readonly fd: number;
  readonly memory: ArrayBuffer;
  readonly free: number[];
  /** The number of each entry's worker. */
  readonly workers: number[];
  /** Those that have been used: entries from there on never. */
  used: number;
  /** Workers that have something to do. */
  working: number;
  watched: boolean;
}

let page: Page | null = null;

/** The page, made where there is none; null where none can be had. */
function openPage(): Page | null {
  if (page) return page;
  let fd: number;
  try {
    fd = native.workers.createPage();
  } catch {
    return null; // workers keep to their shares
  }
  try {
    const memory = native.workers.mapPage(fd);
    page = { fd, memory, free: [], workers: [], used: 0, working: 0, watched: false };
    return page;
  } catch {
    native.workers.closeDescriptor(fd);
    return null;
  }
}

/** Has the page follow the core budget, while a worker works: affinity and quotas change. */
function watch(of: Page): void {
  if (of.watched) return;
  of.watched = true;
  const isNeeded = (): boolean => {
    of.watched = of === page && of.working > 0;
    return of.watched;
  };
  watchBudget((cores) => native.workers.coreBudget(of.memory, cores), { isNeeded });
}

/** A worker's entry in the account. */
export class CoreShare {
  /** The descriptor of the page, which stays open as long as there is a share. */
  readonly fd: number;
  readonly entry: number;
  readonly #page: Page;
  #working = true;
  #closed = false;

  private constructor(of: Page, entry: number, worker: number, share: number) {
    this.#page = of;
    of.workers[entry] = worker;
    this.fd = of.fd;
    this.entry = entry;
    native.workers.openCores(of.memory, entry, share);
    of.working++;
    watch(of);
  }

  /**
   * An entry for a new worker, which counts as having something to do until it is said to have nothing.
   *
   * @param worker - its number
   * @param share - cores that are its own
   * @returns null where there is no room for it, or no memory to share: then it keeps to its share
   */
  static open(worker: number, share: number): CoreShare | null {
    const cores = coreBudget(); // which throws where a variable makes no sense
    const of = openPage();
    if (!of) return null;
    native.workers.coreBudget(of.memory, cores);
    const entry = of.free.pop() ?? (of.used < ENTRIES ? of.used++ : null);
    return entry === null ? null : new CoreShare(of, entry, worker, share);
  }

  /** Says whether the worker has something to do. */
  working(working: boolean): void {
    if (this.#closed || working === this.#working) return;
    this.#working = working;
    const of = this.#page;
    of.working += working ? 1 : -1;
    native.workers.setWorking(of.memory, this.entry, working);
    if (working) watch(of);
  }

  /** The worker has ended. */
  close(): void {
    if (this.#closed) return;
    const of = this.#page;
    if (this.#working) of.working--;
    this.#closed = true;
    native.workers.closeCores(of.memory, this.entry);
    of.free.push(this.entry);
    if (of.free.length < of.used) return;
    native.workers.closeDescriptor(of.fd);
    page = null;
  }
}

/** What a worker process has of the cores. */
export interface CoreUse {
  /** The worker's number, as in events and `ctx.worker.id`. */
  readonly worker: number;
  /** Cores that are its own while it has something to do. */
  readonly share: number;
  /** Cores that its operations have now. */
  readonly inUse: number;
  readonly working: boolean;
}

/** What each worker process has of the cores now. */
export function coreUse(): CoreUse[] {
  if (!page) return [];
  const { memory, workers } = page;
  return native.workers
    .readCores(memory)
    .map(([share, inUse, working], entry) => ({ worker: workers[entry]!, share, inUse, working }))
    .filter(({ share }) => share > 0);
}
