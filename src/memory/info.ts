/**
 * What shared memory there is now, read from the kernel.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { native } from '../native.ts';
import { outboxBytes } from './outbox.ts';

/** One shared segment. */
export interface SharedSegmentInfo {
  /** The number by which the kernel knows the memory. */
  readonly inode: number;
  /** Size of the data. */
  readonly bytes: number;
  /** The process that made it. */
  readonly owner: number;
  /** The processes that map its data now. */
  readonly mappedBy: readonly number[];
}

/** A live reading of the shared memory that this process made or maps. */
export interface SharedMemoryInfo {
  readonly segments: readonly SharedSegmentInfo[];
  /** Of all segments together. */
  readonly bytes: number;
  /** Of these, what only waits to be used again, or to be opened by its receiver. */
  readonly waitingBytes: number;
}

interface Seen {
  readonly owner: number;
  readonly pids: Set<number>;
}

/**
 * Lists the shared segments that this process made or maps, and which processes map them.
 *
 * A live reading: on Linux the mappings of all processes of this user are looked through, elsewhere
 * only what this process holds is known.
 */
export function sharedMemoryInfo(): SharedMemoryInfo {
  const mapped = process.platform === 'linux' ? readMappings() : new Map<number, Seen>();
  const segments = native.memory.list().map(({ inode, bytes, created }): SharedSegmentInfo => {
    const seen = mapped.get(inode);
    return {
      inode,
      bytes,
      owner: seen?.owner ?? (created ? process.pid : 0),
      mappedBy: seen ? [...seen.pids].sort((a, b) => a - b) : [],
    };
  });
  return {
    segments,
    bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0),
    waitingBytes: outboxBytes(),
  };
}

function readMappings(): Map<number, Seen> {
  const found = new Map<number, Seen>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    let maps: string;
    try {
      maps = readFileSync(`/proc/${name}/maps`, 'latin1');
    } catch {
      continue; // Ended meanwhile, or not ours to look at.
    }
    if (!maps.includes('/memfd:heddle:')) continue;
    for (const line of maps.split('\n')) {
      const match =
        /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) \S+ (\d+)\s+\/memfd:heddle:(\d+)/.exec(line);
      // Only data begins at 0; the page of control behind it is mapped by itself.
      if (!match || Number.parseInt(match[3]!, 16) !== 0) continue;
      const inode = Number(match[4]);
      const seen = found.get(inode) ?? { owner: Number(match[5]), pids: new Set() };
      seen.pids.add(Number(name));
      found.set(inode, seen);
    }
  }
  return found;
}
