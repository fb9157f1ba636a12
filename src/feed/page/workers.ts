/**
 * Workers and engines, the pools that they are in, and the thread pools of the program.
 */
import type { FeedMessage, PoolInfo, RowState } from '../messages.ts';
import { el, Table } from './dom.ts';
import { bytes, count, duration, known } from './format.ts';
import type { PageState, View } from './state.ts';

type Pool = FeedMessage['pools'][number];

export class WorkersView implements View {
  readonly name = 'workers';
  readonly title = 'Workers';
  readonly element: HTMLElement;
  #now = 0;
  readonly #workers = new Table<RowState>(
    'Workers and engines',
    [
      { head: 'worker', cell: ({ name }) => name },
      { head: 'process', numeric: true, cell: ({ pid }) => known(pid, String) },
      { head: 'thread', numeric: true, cell: ({ threadId }) => known(threadId, String) },
      { head: 'state', cell: ({ state }) => state },
      { head: 'tasks', numeric: true, cell: ({ tasks }) => count(tasks) },
      { head: 'cores', numeric: true, cell: ({ cpu }) => known(cpu, (one) => one.toFixed(2)) },
      { head: 'memory', numeric: true, cell: ({ memory }) => known(memory, bytes) },
      { head: 'threads', numeric: true, cell: ({ threads }) => known(threads, String) },
      {
        head: 'BLAS threads',
        numeric: true,
        cell: ({ blasThreads }) =>
          known(blasThreads, (one) => (one < 0 ? 'no limit' : String(one))),
      },
      {
        head: 'last message',
        numeric: true,
        cell: ({ lastMessageAt }) =>
          known(lastMessageAt, (at) => `${duration(Math.max(this.#now - at, 0))} ago`),
      },
    ],
    ({ row }) => String(row),
    'No worker has been started.',
  );
  readonly #pools = new Table<Pool & { readonly key: string }>(
    'Pools',
    [
      {
        head: 'pool',
        cell: ({ name, backend }) => (name === null ? backend : `${name} (${backend})`),
      },
      { head: 'starting', numeric: true, cell: ({ workers }) => count(workers.starting) },
      { head: 'idle', numeric: true, cell: ({ workers }) => count(workers.idle) },
      { head: 'busy', numeric: true, cell: ({ workers }) => count(workers.busy) },
      { head: 'queue', numeric: true, cell: ({ queue }) => count(queue) },
      { head: 'done', numeric: true, cell: ({ tasks }) => count(tasks.finished) },
      { head: 'failed', numeric: true, cell: ({ tasks }) => count(tasks.failed) },
      { head: 'lost', numeric: true, cell: ({ tasks }) => count(tasks.lost) },
      { head: 'again', numeric: true, cell: ({ tasks }) => count(tasks.retried) },
      {
        head: 'median',
        numeric: true,
        cell: ({ runTime }) => known(runTime, ({ p50 }) => duration(p50)),
      },
      {
        head: '99 %',
        numeric: true,
        cell: ({ runTime }) => known(runTime, ({ p99 }) => duration(p99)),
      },
    ],
    ({ key }) => key,
    'There is no pool now.',
  );
  readonly #libraries = new Table<PoolInfo & { readonly key: string }>(
    'Thread pools of the program',
    [
      { head: 'library', cell: ({ name }) => name },
      { head: 'threads', numeric: true, cell: ({ threads }) => count(threads) },
      { head: 'set for', cell: ({ scope }) => scope },
    ],
    ({ key }) => key,
    'No library with threads of its own is loaded.',
  );

  constructor() {
    this.element = el(
      'section',
      {},
      this.#workers.element,
      this.#pools.element,
      this.#libraries.element,
    );
  }

  show({ message }: PageState): void {
    if (!message) return;
    this.#now = message.now;
    this.#workers.show(message.rows);
    this.#pools.show(message.pools.map((pool, at) => ({ ...pool, key: String(at) })));
    this.#libraries.show(message.threadpools.map((one, at) => ({ ...one, key: String(at) })));
  }
}
