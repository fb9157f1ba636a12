/**
 * Scripts for engines.
 */
import path from 'node:path';
import { rangeError, typeError } from '../../errors.ts';
import { parseScript } from '../../functions/index.ts';

/** As much of acorn's nodes as is looked at here. */
interface Declaration {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly kind?: string;
  readonly id?: { readonly name: string };
}

/**
 * A script whose top-level `let`, `const` and `class` last beyond it, and may be declared again, as in a
 * REPL. All lines and columns but those of classes stay. A text that is no script is given back as it is:
 * the engine says what is wrong with it.
 */
export function lastingScript(code: string): string {
  let body: readonly Declaration[];
  try {
    const program = parseScript(code, false, { allowReturnOutsideFunction: false });
    body = program.body as unknown as readonly Declaration[];
  } catch {
    return code;
  }
  const parts: string[] = [];
  let done = 0;
  for (const { type, start, end, kind, id } of body) {
    if (type === 'VariableDeclaration' && kind !== 'var') {
      parts.push(code.slice(done, start), 'var'.padEnd(kind!.length));
      done = start + kind!.length;
    } else if (type === 'ClassDeclaration') {
      parts.push(code.slice(done, start), `var ${id!.name} = ${code.slice(start, end)};`);
      done = end;
    }
  }
  return [...parts, code.slice(done)].join('');
}

const NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u;

/** Checks a name for a value on engines. */
export function checkName(argument: string, name: unknown): string {
  if (typeof name !== 'string') throw typeError(argument, name, 'a name');
  if (NAME.test(name) && isFree(name)) return name;
  throw rangeError(argument, name, 'a name that a variable may have');
}

/** Whether the language lets a variable have a name. */
function isFree(name: string): boolean {
  try {
    parseScript(`var ${name};`, false);
    return true;
  } catch {
    return false;
  }
}

/** The name that a module gets: `lodash` of 'lodash', `myLib` of '@scope/my-lib', `os` of 'node:os'. */
function moduleName(specifier: string): string {
  const base = path.posix.basename(specifier.replace(/^node:/, '')).replace(/\.[cm]?[jt]s$/, '');
  return base.replace(/[^\p{ID_Continue}$]+(.)?/gu, (_, next: string | undefined) =>
    (next ?? '').toUpperCase(),
  );
}

/**
 * Modules, each with the name that it gets.
 *
 * @throws TypeError or RangeError for what is no module's name
 */
export function namedModules(modules: readonly unknown[]): [name: string, specifier: string][] {
  return modules.map((specifier, i) => {
    if (typeof specifier !== 'string') throw typeError(`modules[${i}]`, specifier, 'a text');
    return [checkName(`the name of '${specifier}'`, moduleName(specifier)), specifier];
  });
}
