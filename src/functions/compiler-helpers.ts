/**
 * Functions that compilers put into programs, and that would be refused for how they are written.
 */
import type { FunctionNode } from './payload.ts';

/** What TypeScript's `__importStar` lists the names of a module by: it replaces itself when called. */
const OWN_KEYS =
  /^function\s*\((\w+)\)\s*\{\s*(?:return\s+)?[\w$]+\s*=\s*Object\.getOwnPropertyNames\s*\|\|\s*function/;

/** What a helper comes down to; null for other functions. */
export function helperNode(text: string): FunctionNode | null {
  return OWN_KEYS.test(text) ? { kind: 'global', path: ['Object', 'getOwnPropertyNames'] } : null;
}
