/**
 * What is known of the place where a function was made: its script, and what its names mean there.
 */
import path from 'node:path';
import { type Callable, CloneError } from '../codec/index.ts';
import { declarationAt, isRequiredName, isStrictAt, mayNameExpression } from './declarations.ts';
import { isStandardGlobal } from './globals.ts';
import { type Inspection, inspectFunction, NoInspector, type Script, sourceOf } from './inspect.ts';
import { exportOf, isEntry, type ModuleReference, scriptPath } from './modules.ts';
import { parseFunction, type Source } from './source.ts';

export const EXPORT_IT =
  "Export it from a module and pass task(new URL('./module.js', import.meta.url), 'name'), " +
  'or name what it captures: bind({ alpha, table }, fn).';

/** What a name from outside means to a function. */
export type Binding =
  | {
      readonly kind: 'value';
      readonly value: unknown;
      /**
       * Who has it: a scope as the inspector calls it ('Module', 'Closure', 'Block', …), 'Bound' by
       * bind(), 'Global' for a property of globalThis, or the 'Syntax' itself (`import.meta`).
       */
      readonly scope: string;
    }
  /** It is declared, but has no value yet: using it throws. */
  | { readonly kind: 'dead' }
  /** Every worker has it, or nobody. */
  | { readonly kind: 'absent' };

const ABSENT: Binding = { kind: 'absent' };
const DEAD: Binding = { kind: 'dead' };

/** Whether the engine tells variables without a value yet from those that are undefined. */
const [major, minor] = process.versions.node.split('.');
const showsDead = Number(major) >= 22;

/** One function's place. */
export class DefinitionSite {
  readonly #fn: Callable;
  readonly #inspection: Inspection | null;
  readonly #bound: Readonly<Record<string, unknown>> | null;

  /** @param bound - values that the user named with bind(), which come before all others */
  constructor(fn: Callable, bound: Readonly<Record<string, unknown>> | null) {
    this.#fn = fn;
    this.#bound = bound;
    this.#inspection = inspectIfPossible(fn);
  }

  get location(): Inspection['location'] {
    return this.#inspection?.location ?? null;
  }

  get script(): Script | null {
    return this.location?.script ?? null;
  }

  /**
   * The module that exports the function. One that takes nothing from outside goes by its text
   * instead, which is the same and loads nothing; a class has an identity.
   */
  reference(source: Source): ModuleReference | null {
    if (!this.#inspection || this.#bound) return null;
    const names = [...source.names.keys()];
    const free = names.some((name) => this.bindingOf(name, source).kind !== 'absent');
    return free || source.isClass ? exportOf(this.#fn, this.#inspection) : null;
  }

  /**
   * What a name means where the function is. The engine knows that: a variable that a function
   * uses is in the innermost of its scopes that has one of this name.
   */
  bindingOf(name: string, source: Source): Binding {
    if (this.#bound && Object.hasOwn(this.#bound, name)) {
      return { kind: 'value', value: this.#bound[name], scope: 'Bound' };
    }
    if (name === 'import.meta') return syntax(importMeta(this.script));
    if (name === 'import()') return syntax(undefined);
    if (!this.#inspection) {
      if (isStandardGlobal(name)) return ABSENT;
      throw new CloneError(name, 'which cannot be read without node:inspector', EXPORT_IT);
    }
    // The one variable that scopes don't show.
    if (this.script && mayNameExpression(this.script, name)) {
      if (declarationAt(this.location, source, name)?.kind === 'name') {
        throw new CloneError(
          name,
          'the name of a function expression around it, which cannot be read',
          'Give that function to a variable, and use the variable.',
        );
      }
    }
    for (const { kind, variables } of this.#inspection.scopes) {
      const there = kind === 'With' ? name in variables : Object.hasOwn(variables, name);
      if (!there) continue;
      let value: unknown;
      try {
        value = variables[name];
      } catch {
        return DEAD;
      }
      if (value === undefined && !showsDead && this.#isDead(name, source)) return DEAD;
      return { kind: 'value', value, scope: kind };
    }
    if (isStandardGlobal(name) || !(name in globalThis)) return ABSENT;
    return {
      kind: 'value',
      value: (globalThis as Record<string, unknown>)[name],
      scope: 'Global',
    };
  }

  /**
   * Whether a name stands for a module that somebody else than Node has loaded, and that is therefore
   * in no cache of Node's: Jest, in a realm of its own. Nobody else pays for the look at the text.
   */
  isRequired(name: string, source: Source): boolean {
    const isForeign = !((this.#fn as unknown) instanceof Function);
    return isForeign && isRequiredName(this.location, source, name);
  }

  /** Whether a variable that seems to be undefined has no value yet, as far as its text tells. */
  #isDead(name: string, source: Source): boolean {
    const declaration = declarationAt(this.location, source, name);
    if (!declaration?.defined || declaration.written) return false;
    return ['class', 'const', 'let', 'param'].includes(declaration.kind);
  }

  /** Whether the function is inside of Node, and not exported by one of its modules. */
  isInternal(): boolean {
    return this.script?.url.startsWith('node:') === true;
  }

  /**
   * Parses the function's text as the kind of code that it was where it was.
   *
   * @throws SyntaxError when it can't be evaluated again
   */
  parse(text: string): Source {
    // Only functions of sloppy code have a caller.
    if (Object.hasOwn(this.#fn, 'caller')) return parseFunction(text, false);
    if (this.#isStrictScript()) return parseFunction(text, true);
    const source = parseFunction(text, false);
    const isPart = source.isModal && !source.isClass && isStrictAt(this.location, source);
    return isPart ? parseFunction(text, true) : source;
  }

  #isStrictScript(): boolean {
    const { script } = this;
    if (!script || script.isModule) return true;
    return /^(?:\s|\/\/.*|\/\*[\s\S]*?\*\/|#!.*|\()*['"]use strict['"]/.test(sourceOf(script));
  }
}

function syntax(value: unknown): Binding {
  return { kind: 'value', value, scope: 'Syntax' };
}

function inspectIfPossible(fn: Callable): Inspection | null {
  try {
    return inspectFunction(fn);
  } catch (error) {
    if (error instanceof NoInspector) return null;
    throw error;
  }
}

/** Whether this Node says of a module whether the program was started with it: `import.meta.main`. */
const hasMain =
  Number(major) > 24 ||
  (Number(major) === 24 && Number(minor) >= 2) ||
  (Number(major) === 22 && Number(minor) >= 18);

function importMeta(script: Script | null): object {
  const file = script ? scriptPath(script) : null;
  return {
    ...(file === null ? {} : { dirname: path.dirname(file), filename: file }),
    ...(hasMain ? { main: file !== null && isEntry(file) } : {}),
    // Stands for that of the worker, which resolves as this module does.
    resolve: null,
    url: script?.url ?? '',
  };
}
