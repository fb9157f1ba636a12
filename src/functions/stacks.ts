/**
 * Error stacks of compiled functions, in terms of the files that people wrote.
 */
import { fileURLToPath } from 'node:url';
import type { Origin } from './payload.ts';

/** Marks file names whose positions are still those of compiled code. */
const MARK = '?heddle=';
const KEEP = 2_000;

const origins = new Map<string, Origin>();
let next = 0;

/**
 * The file name under which code of this origin is compiled.
 *
 * @param inFile - whether its offsets are those of the file, for tools that go by them
 */
export function registerOrigin(origin: Origin, inFile: boolean): string {
  // Without a map the positions are right as they are, in any tool that shows them.
  if (!origin.map && inFile) return origin.file;
  const id = String(++next);
  origins.set(id, origin);
  if (origins.size > KEEP) origins.delete(origins.keys().next().value!);
  // As part of a path the mark makes another file of it, in a URL it doesn't.
  const file =
    inFile || !origin.file.startsWith('file:') ? origin.file : fileURLToPath(origin.file);
  return `${file}${MARK}${id}`;
}

/** Translates the frames of a stack that are in compiled code. */
export function mapStack(stack: string): string {
  if (!stack.includes(MARK)) return stack;
  return stack.replace(/([^\s(]+)\?heddle=(\d+):(\d+):(\d+)/g, (whole, file, id, line, column) => {
    const origin = origins.get(id as string);
    const found = origin && lookUp(origin, Number(line) - 1, Number(column) - 1);
    return found ?? (origin ? `${file}:${line}:${column}` : (whole as string));
  });
}

function lookUp({ map, line: first }: Origin, line: number, column: number): string | null {
  const segments = map?.lines[line - first];
  let best: readonly [number, number, number, number] | undefined;
  for (const segment of segments ?? []) if (segment[0] <= column) best = segment;
  best ??= segments?.[0];
  if (!best || !map) return null;
  return `${map.sources[best[1]]}:${best[2] + 1}:${best[3] + 1}`;
}
