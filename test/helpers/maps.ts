/** Files that are mapped into this process. */
import { readFileSync } from 'node:fs';

export function mappedFiles(): string[] {
  const lines = readFileSync('/proc/self/maps', 'utf8').split('\n');
  return [...new Set(lines.flatMap((line) => /\s(\/.*)$/.exec(line)?.[1] ?? []))];
}
