/**
 * The parser, loaded when the first function is looked at: a worker that only runs functions does
 * not need it.
 */
import { createRequire } from 'node:module';
import type { Options, Program } from 'acorn';

type Acorn = typeof import('acorn');

let module: Acorn | null = null;

export function acorn(): Acorn {
  module ??= createRequire(import.meta.url)('acorn') as Acorn;
  return module;
}

/**
 * Parses a whole script or module.
 *
 * @throws SyntaxError when it has what the parser doesn't know
 */
export function parseScript(
  text: string,
  isModule: boolean,
  options: Partial<Options> = {},
): Program {
  const parse = (code: string): Program =>
    acorn().parse(code, {
      ecmaVersion: 'latest',
      sourceType: isModule ? 'module' : 'script',
      allowHashBang: true,
      allowReturnOutsideFunction: true,
      ...options,
    });
  try {
    return parse(text);
  } catch (error) {
    // Node 20 takes `assert` for what the language calls `with`; as many letters keep all places.
    const today = text.replace(/(\bfrom\s*(['"])[^'"\n]*\2\s*)assert(\s*\{)/g, '$1with  $3');
    if (today === text) throw error;
    return parse(today);
  }
}
