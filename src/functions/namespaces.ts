/**
 * Objects that stand for modules. They are told by what they are, and not by what they are called
 * or look like: an object of the program arrives whole, whatever its properties are.
 */
import { createRequire, Module } from 'node:module';
import path from 'node:path';
import { types } from 'node:util';
import { isPlainPrototype, textOf } from '../codec/index.ts';
import { builtinReference, globalPath } from './globals.ts';
import { commonJsModule } from './module-objects.ts';
import { requiredModule } from './modules.ts';
import type { FunctionNode } from './payload.ts';
import type { FreeName } from './scope.ts';

const require = createRequire(import.meta.url);

/** The node for what every worker has: something of the language's, or of Node's. */
export function commonNode(value: unknown): FunctionNode | null {
  const steps = globalPath(value);
  if (steps) return { kind: 'global', path: steps };
  const builtin = builtinReference(value) ?? builtinNamespace(value);
  if (builtin) return { kind: 'module', system: 'import', ...builtin };
  const module = commonJsModule(value);
  return module && { kind: 'commonjs', ...module };
}

/** Whether a function takes of the object of a CommonJS module only properties that it names. */
export function isPartOfModule(value: object, use: FreeName): boolean {
  return value instanceof Module && !use.whole;
}

/** What `import()` gives for a module of Node's own. */
function builtinNamespace(value: unknown): { readonly url: string; readonly name: string } | null {
  if (!types.isModuleNamespaceObject(value) || !Object.hasOwn(value as object, 'default')) {
    return null;
  }
  try {
    const builtin = builtinReference((value as unknown as { default: unknown }).default);
    return builtin?.name === 'default' ? { url: builtin.url, name: '' } : null;
  } catch {
    // A module that has not been evaluated yet, which is none of Node's.
    return null;
  }
}

/** The node for an object that every worker can get by itself: as above, or a module. */
export function nodeOf(value: object): FunctionNode | null {
  const common = commonNode(value);
  if (common) return common;
  const required = requiredModule(value);
  return required && { kind: 'module', ...required };
}

/** The names under which vitest's code knows what it imports; they may be proxies. */
const OF_VITEST = /^__vi_import_\d+__$|^__vite_ssr_import_/;

/**
 * Whether an object is, or stands for, a module, of which only what is used has to travel.
 *
 * @param isRequired - whether the variable that holds it was declared by `require()`
 */
export function isNamespace(
  value: object,
  use: FreeName,
  isRequired: (name: string) => boolean,
): boolean {
  if (types.isModuleNamespaceObject(value) || OF_VITEST.test(use.name)) return true;
  if (types.isProxy(value)) return false;
  if (value instanceof Module || isExports(value)) return true;
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype !== null && !isPlainPrototype(prototype) && !isExports(prototype)) return false;
  if (isReadOnly(value) || isCopy(value)) return true;
  return (isMarked(value) || isRequired(use.name)) && !needsWhole(value, use);
}

/**
 * What a function uses of a namespace, or everything where that can't be told.
 *
 * @param standIn - what takes the place of a value; undefined for the value itself
 */
export function usedPart(
  value: object,
  use: FreeName,
  standIn: (item: unknown, key: string) => unknown,
): Record<string, unknown> {
  const part: Record<string, unknown> = {};
  for (const key of use.whole ? Object.keys(value) : use.properties) {
    if (!(key in value)) continue;
    const item = (value as Record<string, unknown>)[key];
    part[key] = standIn(item, key) ?? item;
  }
  return part;
}

/** The exports of a CommonJS module, that of the script which was started among them. */
function isExports(value: object): boolean {
  if (require.main?.exports === value) return true;
  // Where code comes from the command line, its module is in no cache.
  const global = (globalThis as { module?: unknown }).module;
  if (global instanceof Module && global.exports === value) return true;
  for (const key in require.cache) if (require.cache[key]?.exports === value) return true;
  return false;
}

/**
 * Namespaces as bundlers and test runners make them: nothing but getters. Nobody can write to such
 * an object, so a part of it is as good as the whole, whoever made it.
 */
function isReadOnly(value: object): boolean {
  let getters = 0;
  for (const key of Object.getOwnPropertyNames(value)) {
    const property = Object.getOwnPropertyDescriptor(value, key)!;
    if (property.get && !property.set) getters++;
    else if (property.set || property.writable) return false;
  }
  return getters > 0;
}

/** What TypeScript's `__importStar` makes of a CommonJS module: a copy with it as `default`. */
function isCopy(value: object): boolean {
  const inner = Object.getOwnPropertyDescriptor(value, 'default')?.value as unknown;
  if ((typeof inner !== 'object' && typeof inner !== 'function') || inner === null) return false;
  if (nodeOf(inner) === null) return false;
  const [copy, from] = [value as Record<string, unknown>, inner as Record<string, unknown>];
  const names = Object.keys(value).filter((key) => key !== 'default');
  return names.length > 0 && names.every((key) => key in from && Object.is(copy[key], from[key]));
}

/** The exports of a CommonJS module that was compiled from an ES one, wherever it is kept. */
function isMarked(value: object): boolean {
  const mark = Object.getOwnPropertyDescriptor(value, '__esModule');
  return mark?.value === true && mark.enumerable === false;
}

/** Whether a function that is called as a method may want more of the object than it is named for. */
function needsWhole(value: object, { methods }: FreeName): boolean {
  for (const key of methods) {
    const method = (value as Record<string, unknown>)[key];
    if (typeof method !== 'function') continue;
    if (/\b(?:this|super)\b/.test(textOf(method))) return true;
  }
  return false;
}

/** Whether a function is some module's `require`, whatever it is called. */
export function isRequire(value: unknown): value is NodeJS.Require {
  if (typeof value !== 'function' || !Object.hasOwn(value, 'cache')) return false;
  const { resolve } = value as { resolve?: unknown };
  return (
    typeof resolve === 'function' && typeof (resolve as { paths?: unknown }).paths === 'function'
  );
}

/** A file from which a worker's `require` finds what this one finds. */
export function requireBase(of: NodeJS.Require, script: string | null): string {
  const folder = path.resolve(of.resolve.paths('./module')?.[0] ?? '.');
  // That of the script itself where it is: what loads TypeScript goes by a file's ending.
  return script && path.dirname(script) === folder ? script : path.join(folder, '[require]');
}
