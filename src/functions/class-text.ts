/**
 * The text of a class, without what the engine keeps no variables for: what a class extends and its
 * computed keys are evaluated once, where the class is, and no function captures what they use.
 * The class itself has the results.
 */
import { type Callable, CloneError, isNative } from '../codec/index.ts';
import { declarationAt } from './declarations.ts';
import type { Binding, DefinitionSite } from './definition-site.ts';
import { isStandardGlobal } from './globals.ts';
import { keyOf, prototypeOf } from './members.ts';
import { commonNode } from './namespaces.ts';
import { BASE, KEY } from './payload.ts';
import type { FreeName } from './scope.ts';
import { type MemberText, type Source, unused } from './source.ts';

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

/** What is compiled in a worker for a class; for another function its text. */
export class ClassText {
  /** Values for the names that stand in the code for what was evaluated. */
  readonly given = new Map<string, unknown>();
  /** The computed keys that are known. */
  readonly keys = new Map<MemberText, PropertyKey>();
  readonly #edits: Edit[] = [];
  readonly #source: Source;

  /** @throws CloneError where a computed key can't be told */
  constructor(fn: Callable, source: Source, site: DefinitionSite, path: string) {
    this.#source = source;
    if (!source.isClass) return;
    this.#readBase(fn, site);
    for (const [i, member] of source.members.entries()) {
      if (member.key && !this.#isConstant(member.key, site))
        this.#readKey(fn, member, i, site, path);
    }
  }

  get code(): string {
    let { code } = this.#source;
    for (const { start, end, name } of [...this.#edits].sort((a, b) => b.start - a.start)) {
      // Lines stay where they are, and columns if there is room.
      const breaks = code.slice(start, end).replace(/[^\n]/g, '');
      const text = breaks === '' ? name.padEnd(end - start) : name + breaks;
      code = code.slice(0, start) + text + code.slice(end);
    }
    return code;
  }

  /** Whether a name is used in nothing but what was evaluated. */
  isReplaced(use: FreeName): boolean {
    if (this.given.has(use.name)) return true;
    if (use.captured) return false;
    return use.direct.every((at) => this.#edits.some(({ start, end }) => at >= start && at < end));
  }

  #readBase(fn: Callable, site: DefinitionSite): void {
    const { heritage, names } = this.#source;
    if (!heritage) return;
    const { name, start, end } = heritage;
    const prototype = prototypeOf(fn);
    const base: unknown =
      prototype && Object.getPrototypeOf(prototype) === null ? null : Object.getPrototypeOf(fn);
    // A class of the engine's from another realm: only the text can get at one there.
    if (typeof base === 'function' && isNative(base) && !commonNode(base)) return;
    if (name !== null) {
      const binding = attempt(() => site.bindingOf(name, this.#source));
      // A name that every worker has, or one that imports the class, stays as it is.
      if (binding?.kind === 'value' && binding.value === base) return;
      if (binding?.kind === 'absent' && (globalThis as Record<string, unknown>)[name] === base)
        return;
      if (!names.get(name)?.captured) {
        this.given.set(name, base);
        return;
      }
    }
    const given = unused(BASE, this.#source.code);
    this.#edits.push({ start, end, name: given });
    this.given.set(given, base);
  }

  /** `[Symbol.iterator]`, as long as Symbol is what it is everywhere. */
  #isConstant({ text }: { text: string }, site: DefinitionSite): boolean {
    if (!/^Symbol\.\w+$/.test(text)) return false;
    return site.bindingOf('Symbol', this.#source).kind === 'absent';
  }

  #readKey(fn: Callable, member: MemberText, i: number, site: DefinitionSite, path: string): void {
    const { start, end, text } = member.key!;
    const key = keyOf(fn, member);
    if (key !== undefined) {
      this.keys.set(member, key);
      const name = unused(`${KEY}${i}`, this.#source.code);
      this.#edits.push({ start, end, name });
      this.given.set(name, key);
      return;
    }
    for (const use of this.#source.names.values()) {
      if (!use.direct.some((at) => at >= start && at < end)) continue;
      if (isReadable(site.bindingOf(use.name, this.#source), use.name, site, this.#source))
        continue;
      throw new CloneError(
        path,
        `a class with a member whose key, [${text}], cannot be read`,
        'Give that member a name, or export the class from a module.',
      );
    }
  }
}

/** Whether a variable that nothing captures is surely the one that the engine shows. */
function isReadable(binding: Binding, name: string, site: DefinitionSite, source: Source): boolean {
  if (binding.kind === 'absent') return isStandardGlobal(name);
  if (binding.kind === 'dead') return false;
  if (binding.scope === 'Bound' || binding.scope === 'Global') return true;
  const declaration = declarationAt(site.location, source, name);
  if (binding.scope === 'Module') return declaration === null || declaration.isTop;
  return declaration !== null && !declaration.isTop;
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** The name of a function; null where its `name` is something else. */
export function nameOf(fn: Callable): string | null {
  const name = Object.getOwnPropertyDescriptor(fn, 'name')?.value as unknown;
  return typeof name === 'string' ? name : null;
}
