/**
 * How much of a cache is kept: the results that were used last.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';

/** The ending of a result's file. */
export const ENDING = '.heddle';

/** What was not complete this long ago was left behind by a program that has ended (ms). */
const ABANDONED_MS = 3_600_000;

/** A result in a folder. */
interface Entry {
  readonly file: string;
  readonly bytes: number;
  readonly writtenAt: number;
  readonly usedAt: number;
}

/** How much may be kept. */
export interface Limits {
  readonly bytes: number;
  /** Milliseconds since a result was computed. */
  readonly age: number;
  readonly items: number;
}

async function names(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

async function entries(folder: string, now: number): Promise<Entry[]> {
  const found: Entry[] = [];
  for (const kind of await names(folder)) {
    for (const name of await names(path.join(folder, kind))) {
      const file = path.join(folder, kind, name);
      let status: Awaited<ReturnType<typeof stat>>;
      try {
        status = await stat(file);
      } catch {
        continue; // Another process was faster.
      }
      if (name.endsWith('.tmp')) {
        if (now - status.mtimeMs > ABANDONED_MS) await rm(file, { force: true });
      } else if (name.endsWith(ENDING)) {
        found.push({
          file,
          bytes: status.size,
          writtenAt: status.mtimeMs,
          usedAt: Math.max(status.atimeMs, status.mtimeMs),
        });
      }
    }
  }
  return found;
}

/**
 * Removes results that are too old, then those that were used longest ago, until the rest is within
 * the limits.
 *
 * @returns the bytes that are left
 */
export async function removeBeyond(folder: string, limits: Limits): Promise<number> {
  const now = Date.now();
  const byUse = (await entries(folder, now)).sort((a, b) => b.usedAt - a.usedAt);
  let bytes = 0;
  let items = 0;
  for (const entry of byUse) {
    const fits = bytes + entry.bytes <= limits.bytes && items < limits.items;
    if (fits && now - entry.writtenAt <= limits.age) {
      bytes += entry.bytes;
      items++;
    } else await rm(entry.file, { force: true });
  }
  return bytes;
}
