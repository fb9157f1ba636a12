/**
 * Functions as they are read, not sent: their text and what they take from outside, for who wants to
 * know whether two functions compute the same.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AnyNode } from 'acorn';
import { type Callable, isNativeText, textOf } from '../codec/index.ts';
import { isCounter } from './coverage-counters.ts';
import { type Binding, DefinitionSite } from './definition-site.ts';
import { baseOf } from './members.ts';
import { requiredModule, scriptPath } from './modules.ts';
import { commonNode, isNamespace, isPartOfModule, isRequire, usedPart } from './namespaces.ts';
import { bindings, references } from './registry.ts';
import type { FreeName } from './scope.ts';
import { parseExpression, type Source } from './source.ts';

/** What of a function tells it from others. */
export interface FunctionReading {
  /**
   * 'code' has been read with all it takes from outside; 'packaged' is by its text alone; 'named' by
   * a name that means the same everywhere; 'native' has neither, as a bound function.
   */
  readonly kind: 'code' | 'packaged' | 'named' | 'native';
  /** The text, or the name. */
  readonly text: string;
  /** The values of the names that it takes from outside. */
  readonly captures: readonly (readonly [name: string, value: unknown])[];
}

/** Our own files, whether they lie in `node_modules` or not. */
const OWN = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..') + path.sep;

/** Readings that can't change: those of functions that take nothing from outside. */
const fixed = new WeakMap<object, FunctionReading>();

/** Whether what a function captures is somebody else's business: it comes with a package. */
function isPackaged(site: DefinitionSite): boolean {
  const file = site.script && scriptPath(site.script);
  return file !== null && (/[\\/]node_modules[\\/]/.test(file) || file.startsWith(OWN));
}

/**
 * Reads a function.
 *
 * What it captures is read as it is now. Left out are names that every program has (`Math`), and
 * those that the function itself assigns to, which are what it does and not what it starts from. Of
 * namespaces only what is used is read. Functions of packages (in `node_modules`) go by their text
 * alone, unless `whole` is set.
 *
 * @param whole - read what it captures wherever it comes from
 * @throws {@link CloneError} where a name can't be read
 */
export function readFunction(fn: Callable, whole = false): FunctionReading {
  const known = fixed.get(fn);
  if (known) return known;
  const reference = references.get(fn);
  if (reference) return { kind: 'named', text: `task ${reference.id}`, captures: [] };
  const common = commonNode(fn);
  if (common) return { kind: 'named', text: JSON.stringify(common), captures: [] };
  const text = textOf(fn);
  if (isNativeText(text)) return { kind: 'native', text, captures: [] };
  const site = new DefinitionSite(fn, bindings.get(fn) ?? null);
  if (!whole && isPackaged(site)) return { kind: 'packaged', text, captures: [] };
  const source = site.parse(text);
  const captures: (readonly [string, unknown])[] = [];
  const base = baseOf(fn);
  if (base) captures.push(['extends', base]);
  for (const use of [...source.names.values()].sort(byName)) {
    const capture = captureOf(fn, use, site, source);
    if (capture) captures.push([use.name, capture.value]);
  }
  const reading: FunctionReading = { kind: 'code', text, captures };
  if (source.names.size === 0 && !base) fixed.set(fn, reading);
  return reading;
}

/** The text of a function by itself; of one made by `task()`, its name. */
export function functionText(fn: Callable): string {
  const reference = references.get(fn);
  return reference ? `task ${reference.id}` : textOf(fn);
}

function byName(a: FreeName, b: FreeName): number {
  return a.name < b.name ? -1 : 1;
}

/** The value that a name brings into a function, null for what tells nothing. */
function captureOf(
  fn: Callable,
  use: FreeName,
  site: DefinitionSite,
  source: Source,
): { readonly value: unknown } | null {
  const binding: Binding = site.bindingOf(use.name, source);
  if (binding.kind !== 'value' || binding.scope === 'Syntax' || use.written) return null;
  const { value } = binding;
  if (value === fn) return null;
  if (typeof value === 'function') {
    return isCounter(use.name, value) || isRequire(value) ? null : { value };
  }
  if (typeof value !== 'object' || value === null) return { value };
  const common = isPartOfModule(value, use) ? null : commonNode(value);
  if (common) return { value: JSON.stringify(common) };
  if (use.name === '__vite_ssr_import_meta__') return null;
  const required = (name: string) => binding.scope !== 'Bound' && site.isRequired(name, source);
  if (!requiredModule(value) && !isNamespace(value, use, required)) return { value };
  const standIn = (item: unknown): string | undefined => {
    const node = typeof item === 'object' && item !== null ? commonNode(item) : null;
    return node ? JSON.stringify(node) : undefined;
  };
  return { value: usedPart(value, use, standIn) };
}

/** The names of a function's parameters. */
export interface Parameters {
  /** In order; null for one that is taken apart, `{ a, b }` say. */
  readonly names: readonly (string | null)[];
  /** The last takes all arguments that are left. */
  readonly rest: boolean;
}

/** Reads the names of a function's parameters; none where it has no text. */
export function readParameters(fn: Callable): Parameters {
  const names: (string | null)[] = [];
  let rest = false;
  for (const pattern of parametersOf(textOf(fn))) {
    let at = pattern;
    if (at.type === 'AssignmentPattern') at = at.left;
    if (at.type === 'RestElement') {
      rest = true;
      at = at.argument;
    }
    names.push(at.type === 'Identifier' ? at.name : null);
  }
  return { names, rest };
}

function parametersOf(text: string): readonly AnyNode[] {
  // A method's text is no expression by itself.
  for (const code of [`(${text})`, `({ ${text} })`]) {
    const expression: AnyNode | null = parseExpression(code, false);
    const found =
      expression?.type === 'ObjectExpression' && expression.properties[0]?.type === 'Property'
        ? expression.properties[0].value
        : expression;
    if (found && 'params' in found) return found.params as readonly AnyNode[];
  }
  return [];
}
