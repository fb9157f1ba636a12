/**
 * Which module a function comes from, and under which name it is exported or imported there.
 */

import { readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { AnyNode, ImportDeclaration, ModuleDeclaration, Pattern, Statement } from 'acorn';
import { textOf } from '../codec/index.ts';
import { parseScript } from './acorn.ts';
import { type Inspection, type Script, sourceOf } from './inspect.ts';

/** Where to get a value: a module, how to load it, and the export (dots for what is in it). */
export interface ModuleReference {
  readonly url: string;
  /** The module that imports it, where `url` is not absolute. */
  readonly parent?: string;
  readonly name: string;
  readonly system: 'import' | 'require';
  /** What is said of it after `with`, where something is. */
  readonly attributes?: Readonly<Record<string, string>>;
}

interface Imported {
  readonly specifier: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>> | null;
}

interface ModuleNames {
  /** What a local name imports; '*' is the namespace. */
  readonly imports: ReadonlyMap<string, Imported>;
  /** The names under which local names are exported. */
  readonly exports: ReadonlyMap<string, string>;
  /** Where an anonymous default export begins: line from 1 and column, or null. */
  readonly anonymousDefault: { readonly line: number; readonly column: number } | null;
}

const require = createRequire(import.meta.url);
const parsed = new Map<string, ModuleNames | null>();

function namesOf(script: Script): ModuleNames | null {
  let names = parsed.get(script.id);
  if (names === undefined) {
    try {
      names = collectNames(sourceOf(script));
    } catch {
      names = null;
    }
    parsed.set(script.id, names);
  }
  return names;
}

function collectNames(source: string): ModuleNames {
  const program = parseScript(source, true, { locations: true });
  const imports = new Map<string, Imported>();
  const exports = new Map<string, string>();
  let anonymousDefault: ModuleNames['anonymousDefault'] = null;
  for (const node of program.body) {
    if (node.type === 'ImportDeclaration') {
      const specifier = String(node.source.value);
      const attributes = attributesOf(node);
      for (const item of node.specifiers) {
        const name =
          item.type === 'ImportSpecifier'
            ? nameOf(item.imported)
            : item.type === 'ImportDefaultSpecifier'
              ? 'default'
              : '*';
        imports.set(item.local.name, { specifier, name, attributes });
      }
    } else if (node.type === 'ExportNamedDeclaration' && !node.source) {
      for (const item of node.specifiers) exports.set(nameOf(item.local), nameOf(item.exported));
      for (const name of declared(node.declaration)) exports.set(name, name);
    } else if (node.type === 'ExportDefaultDeclaration') {
      const { declaration } = node;
      if (declaration.type === 'Identifier') exports.set(declaration.name, 'default');
      else if ('id' in declaration && declaration.id) exports.set(declaration.id.name, 'default');
      else anonymousDefault = declaration.loc!.start;
    }
  }
  return { imports, exports, anonymousDefault };
}

function attributesOf({ attributes }: ImportDeclaration): Imported['attributes'] {
  if (attributes.length === 0) return null;
  return Object.fromEntries(attributes.map(({ key, value }) => [nameOf(key), String(value.value)]));
}

function nameOf(node: AnyNode): string {
  return node.type === 'Identifier' ? node.name : String((node as { value?: unknown }).value);
}

function declared(node: Statement | ModuleDeclaration | null | undefined): string[] {
  if (!node) return [];
  if (node.type === 'VariableDeclaration') return node.declarations.flatMap(({ id }) => bound(id));
  return 'id' in node && node.id ? [(node.id as { name: string }).name] : [];
}

function bound(pattern: Pattern): string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap((item) =>
        bound(item.type === 'RestElement' ? item.argument : item.value),
      );
    case 'ArrayPattern':
      return pattern.elements.flatMap((item) => (item ? bound(item) : []));
    case 'AssignmentPattern':
      return bound(pattern.left);
    default:
      return [];
  }
}

/** The path of a script, whether its URL is one or not; null for code from elsewhere. */
export function scriptPath(script: Script): string | null {
  const url = script.url.replace(/[?#].*$/, '');
  if (url.startsWith('file:')) {
    try {
      return fileURLToPath(url);
    } catch {
      return null;
    }
  }
  return path.isAbsolute(url) ? url : null;
}

let entry: string | null | undefined;

/**
 * Whether a file is the script that this thread was started with. That may have been named by its
 * folder, without its ending, or by a link.
 */
export function isEntry(file: string): boolean {
  if (entry === undefined) {
    const given = process.argv[1];
    entry = given ? realPath(given) : null;
  }
  return file === require.main?.filename || (entry !== null && realPath(file) === entry);
}

const realPaths = new Map<string, string | null>();

function realPath(file: string): string | null {
  let found = realPaths.get(file);
  if (found === undefined) {
    try {
      // A folder stands for the `main` of its package.
      found = realpathSync(require.resolve(path.resolve(file)));
    } catch {
      found = null;
    }
    realPaths.set(file, found);
  }
  return found;
}

/** What a name in a module imports, if it does. */
export function importOf(script: Script, name: string): ModuleReference | null {
  const found = script.isModule ? namesOf(script)?.imports.get(name) : undefined;
  if (!found) return null;
  return {
    url: found.specifier,
    // Also for a relative one: compilers let './helper.js' mean helper.ts, for some who import it.
    ...(URL.canParse(found.specifier) ? {} : { parent: script.url }),
    name: found.name === '*' ? '' : found.name,
    system: 'import',
    ...(found.attributes ? { attributes: found.attributes } : {}),
  };
}

/** How a worker gets a function from the module that exports it; null where none does. */
export function exportOf(fn: object, { location, scopes }: Inspection): ModuleReference | null {
  const script = location?.script;
  if (!script) return null;
  const file = scriptPath(script);
  if (script.isModule) {
    if (file === null ? !script.url.startsWith('data:') : isEntry(file)) return null;
    const names = namesOf(script);
    const module = scopes.find(({ kind }) => kind === 'Module')?.variables ?? {};
    for (const [local, exported] of names?.exports ?? []) {
      const value = readable(module, local);
      if (value === fn) return reference(script.url, exported);
      if (makes(value, fn)) return reference(script.url, `${exported}.prototype.constructor`);
    }
    const start = names?.anonymousDefault;
    if (
      start &&
      start.line - 1 === location.line &&
      isAnonymousDefault(fn, start, location.column)
    ) {
      return reference(script.url, 'default');
    }
    return null;
  }
  return file === null ? null : (ownExport(fn, file) ?? requiredExport(fn, file));
}

/** A variable of a module; one without a value yet throws. */
function readable(variables: Readonly<Record<string, unknown>>, name: string): unknown {
  try {
    return variables[name];
  } catch {
    return undefined;
  }
}

function reference(url: string, name: string): ModuleReference {
  return { url, name, system: 'import' };
}

function isAnonymousDefault(fn: object, start: { column: number }, column: number): boolean {
  const text = textOf(fn);
  // An arrow is said to begin where it begins, another function at its parameters.
  return column === start.column || column === start.column + text.indexOf('(');
}

/** Where a CommonJS module exports a function: the module's exports themselves or a property. */
function requiredExport(fn: object, file: string): ModuleReference | null {
  const module = require.cache[file];
  if (!module || isEntry(file)) return null;
  const url = pathToFileURL(file).href;
  const exports = module.exports as unknown;
  if (exports === fn) return { url, name: '', system: 'require' };
  if (makes(exports, fn)) return { url, name: 'prototype.constructor', system: 'require' };
  if ((typeof exports !== 'object' && typeof exports !== 'function') || !exports) return null;
  for (const key of Object.keys(exports)) {
    const value = (exports as Record<string, unknown>)[key];
    if (value === fn) return { url, name: key, system: 'require' };
    if (makes(value, fn)) return { url, name: `${key}.prototype.constructor`, system: 'require' };
  }
  return null;
}

/** Whether a function gives instances of a class that no one exports, and shows its prototype. */
function makes(factory: unknown, type: object): boolean {
  if (typeof factory !== 'function' || factory === type) return false;
  const prototype = Object.getOwnPropertyDescriptor(factory, 'prototype')?.value as unknown;
  if (typeof prototype !== 'object' || prototype === null) return false;
  return Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value === type;
}

/** The CommonJS module whose exports a value is. */
export function requiredModule(value: unknown): ModuleReference | null {
  for (const [file, module] of Object.entries(require.cache)) {
    if (module?.exports === value && !isEntry(file) && path.isAbsolute(file)) {
      return { url: pathToFileURL(file).href, name: '', system: 'require' };
    }
  }
  return null;
}

const own = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/**
 * Functions of this library go by reference even where a test runner evaluated its modules in its
 * own way: the worker has them all, and they stand on an addon.
 */
function ownExport(fn: object, file: string): ModuleReference | null {
  const relative = path.relative(own, file);
  if (relative.startsWith('..') || path.isAbsolute(relative)) return null;
  const { name } = fn as { name?: string };
  if (!name || !/^\w+$/.test(name)) return null;
  const source = readFileSync(file, 'utf8');
  const url = pathToFileURL(file).href;
  const direct = new RegExp(`^export (?:async )?(?:function\\*?|class|const) ${name}\\b`, 'm');
  if (direct.test(source)) return reference(url, name);
  const listed = new RegExp(`^export \\{[^}]*\\b${name}(?: as (\\w+))?\\b`, 'm').exec(source);
  return listed && reference(url, listed[1] ?? name);
}
