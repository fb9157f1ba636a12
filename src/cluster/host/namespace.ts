/**
 * What runs inside engines for `push`, `pull`, `execute` and the like. These functions travel by their
 * text: each has all that it needs in itself.
 *
 * Names are properties of `globalThis`, so that functions and code see them as they see globals. `eval` that
 * is called by another name runs code in the global scope, and what that declares can be removed again,
 * which can't be done with what a `vm.Script` declares.
 */

/** What an engine keeps about its names; under a symbol that any copy of this package finds. */
interface Names {
  /** What `globalThis` had before the first name. */
  readonly globals: Set<string>;
}

type Global = Record<string | symbol, unknown>;

/** Gives values names. */
export function pushNames(values: Record<string, unknown>): void {
  const all = globalThis as unknown as Global;
  const symbol = Symbol.for('heddle.names');
  all[symbol] ??= { globals: new Set(Object.getOwnPropertyNames(globalThis)) };
  const names = all[symbol] as Names;
  for (const name of Object.keys(values)) {
    if (!names.globals.has(name)) continue;
    const text = `'${name}' must be a name that is free, but engines have a global of that name`;
    throw Object.assign(new RangeError(text), { code: 'ERR_HEDDLE_INVALID_ARGUMENT' });
  }
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(globalThis, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
}

/** The values of names, or of expressions of names. */
export function pullNames(names: readonly string[]): unknown[] {
  // biome-ignore lint/security/noGlobalEval: code of the caller's, in the global scope
  const evaluate = eval;
  return names.map((name) => evaluate(`(${name}\n)`));
}

/** Runs a script; gives the value of its last expression, where that is no function. */
export function executeScript(code: string, file: string): unknown {
  const all = globalThis as unknown as Global;
  const symbol = Symbol.for('heddle.names');
  all[symbol] ??= { globals: new Set(Object.getOwnPropertyNames(globalThis)) };
  // biome-ignore lint/security/noGlobalEval: code of the caller's, in the global scope
  const evaluate = eval;
  const value: unknown = evaluate(`${code}\n//# sourceURL=${file}`);
  return typeof value === 'function' || typeof value === 'symbol' ? undefined : value;
}

/**
 * Imports modules and gives them names.
 *
 * @param modules - pairs of a name and what it is imported by
 * @param from - URL of the folder that they are looked for from
 */
export async function importNames(
  modules: readonly (readonly [string, string])[],
  from: string,
): Promise<void> {
  const all = globalThis as unknown as Global;
  const symbol = Symbol.for('heddle.names');
  all[symbol] ??= { globals: new Set(Object.getOwnPropertyNames(globalThis)) };
  const { resolve } = await import('import-meta-resolve');
  for (const [name, specifier] of modules) {
    const value: unknown = await import(resolve(specifier, from));
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  }
}

/** Removes all names. */
export function clearNames(): void {
  const names = (globalThis as unknown as Global)[Symbol.for('heddle.names')] as Names | undefined;
  if (!names) return;
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (!names.globals.has(name)) Reflect.deleteProperty(globalThis, name);
  }
}

/** Calls a function with some of its arguments taken from names: pairs of a position and a name. */
export function callWithNames(
  fn: (...args: unknown[]) => unknown,
  args: unknown[],
  names: readonly (readonly [number, string])[],
): unknown {
  // biome-ignore lint/security/noGlobalEval: code of the caller's, in the global scope
  const evaluate = eval;
  for (const [position, name] of names) args[position] = evaluate(`(${name}\n)`);
  return fn(...args);
}
