/**
 * What a script's text says of a name, for the little that the engine's scopes don't tell.
 */
import { parseScript } from './acorn.ts';
import { type Declaration, declarationOf, type Scope } from './declared.ts';
import { type Location, type Script, sourceOf } from './inspect.ts';
import { scopesOf } from './scope.ts';
import type { Source } from './source.ts';

const scopes = new Map<string, ReadonlyMap<number, Scope> | null>();

function scopesOfScript(script: Script): ReadonlyMap<number, Scope> | null {
  let found = scopes.get(script.id);
  if (found === undefined) {
    try {
      const program = parseScript(sourceOf(script), script.isModule);
      found = scopesOf(program, script.isModule);
    } catch {
      found = null;
    }
    scopes.set(script.id, found);
  }
  return found;
}

/** Where in its script a function's text begins, in characters; -1 where that can't be told. */
export function startOf(location: Location | null, source: Source): number {
  const script = location?.script;
  if (!script) return -1;
  const line = location.line - script.startLine;
  const column = line === 0 ? location.column - script.startColumn : location.column;
  const start = offsetOf(sourceOf(script), line, column);
  // The engine says where the parameters begin.
  return start < 0 ? -1 : start - (source.anchor - source.lead);
}

/** The scope around a function, by the text of its script; null where that can't be told. */
function scopeAround(location: Location | null, source: Source): Scope | null {
  const start = startOf(location, source);
  if (start < 0 || !location?.script) return null;
  // A member of a class is known by its parameters as well.
  const at = source.form === 'expression' ? start : start + source.anchor - source.lead;
  return scopesOfScript(location.script)?.get(at) ?? null;
}

/**
 * What a name that a function takes from outside was declared by, in the same script; null where
 * that can't be told.
 */
export function declarationAt(
  location: Location | null,
  source: Source,
  name: string,
): Declaration | null {
  const scope = scopeAround(location, source);
  return scope && declarationOf(name, scope);
}

const strictParts = new Map<string, boolean>();

/** Whether a place in a script of sloppy code is strict: inside of a class, or of a function that says so. */
export function isStrictAt(location: Location | null, source: Source): boolean {
  const script = location?.script;
  if (!script) return false;
  let some = strictParts.get(script.id);
  if (some === undefined) {
    some = /['"]use strict['"]|\bclass\b/.test(sourceOf(script));
    if (strictParts.size >= 10_000) strictParts.clear();
    strictParts.set(script.id, some);
  }
  return some && scopeAround(location, source)?.strict === true;
}

/**
 * Whether a name stands for a module for good: declared by `require()`, which is that of the whole
 * script, or of the function around it that modules are evaluated in, and assigned to nowhere.
 */
export function isRequiredName(location: Location | null, source: Source, name: string): boolean {
  const script = location?.script;
  if (!script || script.isModule || !sourceOf(script).includes('require')) return false;
  const scope = scopeAround(location, source);
  const declaration = scope && declarationOf(name, scope);
  if (!declaration?.required || declaration.written) return false;
  for (let at: Scope | null = scope; at; at = at.parent) {
    if (!at.names.has('require')) continue;
    const { names } = at;
    return ['require', 'module', 'exports'].every((one) => {
      const found = names.get(one);
      return found?.kind === 'param' && !found.written;
    });
  }
  return true;
}

function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let i = 0; i < line; i++) {
    start = text.indexOf('\n', start) + 1;
    if (start === 0) return -1;
  }
  return start + column;
}

/** What comes before a function that is part of an expression, and so has its name to itself. */
const BEFORE =
  '(?:[=(,:?!&|+\\-~[>]|\\b(?:return|throw|case|yield|await|typeof|void|new|in|of|default))' +
  '(?:\\s|/\\*(?:[^*]|\\*(?!/))*\\*/)*(?:async\\s+)?';

const named = new Map<string, boolean>();

/** Whether a script may have a function expression of this name: a cheap look before a parse. */
export function mayNameExpression(script: Script, name: string): boolean {
  const key = `${script.id} ${name}`;
  let found = named.get(key);
  if (found === undefined) {
    const text = sourceOf(script);
    const escaped = name.replaceAll('$', '\\$');
    found =
      text.includes(name) &&
      new RegExp(`${BEFORE}function\\s*\\*?\\s*${escaped}\\s*\\(`).test(text);
    if (named.size >= 10_000) named.clear();
    named.set(key, found);
  }
  return found;
}
