/**
 * Shared segments, and who holds them. It is asked for only while somebody looks at it: the answer takes a walk
 * through the mappings of all processes.
 */
import type { MemoryMessage } from '../messages.ts';
import { Asked } from './asked.ts';
import { el, setText, Table } from './dom.ts';
import { bytes, count } from './format.ts';
import type { View } from './state.ts';

type Segment = MemoryMessage['segments'][number];

export class MemoryView implements View {
  readonly name = 'memory';
  readonly title = 'Memory';
  readonly element: HTMLElement;
  readonly #asked = new Asked<MemoryMessage>(2000, (memory) => this.#show(memory));
  readonly #sum = el('p', { id: 'memory-sum' });
  readonly #holders = new Table<{
    readonly name: string;
    readonly segments: number;
    readonly bytes: number;
  }>(
    'By holder',
    [
      { head: 'holder', cell: ({ name }) => name },
      { head: 'segments', numeric: true, cell: ({ segments }) => count(segments) },
      { head: 'bytes', numeric: true, cell: (one) => bytes(one.bytes) },
    ],
    ({ name }) => name,
    'Nobody holds shared memory.',
  );
  readonly #segments = new Table<Segment>(
    'Segments',
    [
      { head: 'segment', cell: ({ inode }) => String(inode) },
      { head: 'bytes', numeric: true, cell: (one) => bytes(one.bytes) },
      { head: 'made by', cell: ({ owner }) => owner },
      { head: 'held by', cell: ({ holders }) => holders.join(', ') },
    ],
    ({ inode }) => String(inode),
    'There is no shared segment.',
  );

  constructor() {
    this.element = el('section', {}, this.#sum, this.#holders.element, this.#segments.element);
  }

  show(): void {
    this.#asked.ask('memory.json');
  }

  #show({ segments, bytes: all, waitingBytes }: MemoryMessage): void {
    setText(
      this.#sum,
      `${bytes(all)} in ${count(segments.length)} shared segments; of these ${bytes(waitingBytes)} wait to be used again`,
    );
    const holders = new Map<string, { name: string; segments: number; bytes: number }>();
    for (const segment of segments) {
      for (const name of segment.holders) {
        const one = holders.get(name) ?? { name, segments: 0, bytes: 0 };
        one.segments++;
        one.bytes += segment.bytes;
        holders.set(name, one);
      }
    }
    this.#holders.show([...holders.values()].sort((a, b) => b.bytes - a.bytes));
    this.#segments.show([...segments].sort((a, b) => b.bytes - a.bytes));
  }
}
