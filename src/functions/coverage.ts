/**
 * Where coverage is measured (NODE_V8_COVERAGE, as c8 sets it): what a worker counts in a shipped
 * function has to be what the engine would have counted in its script.
 *
 * The engine counts by offsets in a script, and tools put the counts of all processes together by
 * the script's file. So the code is compiled with the function at the offset that it has in there,
 * be that the file's text or what was made of it when it was loaded; where that can't be done, under
 * a name that is no file's.
 */
import type { CodeNode } from './payload.ts';

/** Whether this process counts. A test runner may say so later than this library is loaded. */
export function isMeasured(): boolean {
  return Boolean(process.env.NODE_V8_COVERAGE);
}

/** How the script of a function is to be made. */
export interface Placement {
  /** How many blanks stand before its code. */
  readonly blanks: number;
  /** Whether the offsets are those of its script, or nobody counts. */
  readonly inFile: boolean;
}

const ANYWHERE: Placement = { blanks: 0, inFile: true };
const ELSEWHERE: Placement = { blanks: 0, inFile: false };

/** @param lead - how many characters come before the node's code */
export function placementOf(node: CodeNode, lead: number): Placement {
  const { origin } = node;
  if (!origin || !isMeasured()) return ANYWHERE;
  const blanks = (origin.offset ?? -1) - node.lead - lead;
  return blanks >= 0 ? { blanks, inFile: true } : ELSEWHERE;
}

/** What a script is called that lies beside a module, to import as that does, and is no part of it. */
export function nameBeside(url: string): string {
  return isMeasured() ? url.replace(/[^/]*$/, 'heddle-import-$&') : url;
}
