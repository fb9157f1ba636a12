/**
 * Where coverage is measured (NODE_V8_COVERAGE, as c8 sets it): what a worker counts in a shipped
 * function has to be what the engine would have counted in its file.
 *
 * The engine counts by offsets in a script, and tools put the counts of all processes together by
 * the script's file. So the code is compiled with the function at the offset that it has in there;
 * where that can't be done, under a name that is no file's.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type CodeNode, IMPORT, IMPORT_META } from './payload.ts';

/** Whether this process counts. */
export const measured = Boolean(process.env.NODE_V8_COVERAGE);
const files = new Map<string, string | null>();

/** How the script of a function is to be made. */
export interface Placement {
  /** How many blanks stand before its code. */
  readonly blanks: number;
  /** Whether the offsets are those of the file, or nobody counts. */
  readonly inFile: boolean;
}

const ANYWHERE: Placement = { blanks: 0, inFile: true };
const ELSEWHERE: Placement = { blanks: 0, inFile: false };

/** @param lead - how many characters come before the node's code */
export function placementOf(node: CodeNode, lead: number): Placement {
  const { origin } = node;
  if (!measured || !origin) return ANYWHERE;
  const text = textOf(origin.file);
  if (text === null) return ELSEWHERE;
  let start = 0;
  for (let line = 0; line < origin.line; line++) {
    start = text.indexOf('\n', start) + 1;
    if (start === 0) return ELSEWHERE;
  }
  start += origin.column;
  const code = node.code.slice(node.lead, node.code.length - node.lead);
  const blanks = start - node.lead - lead;
  // Another text: of a file that was compiled when it was loaded.
  const same = text.startsWith(asWritten(code), start);
  return same && blanks >= 0 ? { blanks, inFile: true } : ELSEWHERE;
}

/** What a script is called that lies beside a module, to import as that does, and is no part of it. */
export function nameBeside(url: string): string {
  return measured ? url.replace(/[^/]*$/, 'heddle-import-$&') : url;
}

function asWritten(code: string): string {
  return code.replaceAll(IMPORT_META, 'import.meta').replaceAll(IMPORT, 'import');
}

function textOf(file: string): string | null {
  let text = files.get(file);
  if (text === undefined) {
    try {
      const path = file.startsWith('file:') ? fileURLToPath(file) : file;
      text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
    } catch {
      text = null;
    }
    files.set(file, text);
  }
  return text;
}
