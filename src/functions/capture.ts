/**
 * Collects a function and everything that it needs: helpers, classes, constants, arrays, imports.
 *
 * A payload is a graph, because helpers may call each other: nodes are functions, slots are the
 * values that they capture, and either may refer to the other.
 */
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import {
  type Callable,
  CloneError,
  type CodecTarget,
  Encoder,
  type FunctionSink,
  isNativeText,
  PROXY_REMEDY,
  textOf,
} from '../codec/index.ts';
import type { Outgoing } from '../memory/index.ts';
import { ClassText, nameOf } from './class-text.ts';
import { helperNode } from './compiler-helpers.ts';
import { isCounter } from './coverage-counters.ts';
import { type Binding, DefinitionSite, EXPORT_IT } from './definition-site.ts';
import {
  baseOf,
  type Found,
  findMembers,
  inheritsAsUsual,
  isConstructor,
  parentOf,
} from './members.ts';
import { commonJsModule } from './module-objects.ts';
import { importOf, scriptPath } from './modules.ts';
import {
  commonNode,
  isNamespace,
  isPartOfModule,
  isRequire,
  nodeOf,
  requireBase,
  usedPart,
} from './namespaces.ts';
import { originOf } from './origin.ts';
import type { CodeNode, Extra, FunctionNode, Member, Slots } from './payload.ts';
import type { FreeName } from './scope.ts';
import type { MemberText, Source } from './source.ts';

/** What the collector must know of functions that were seen before. */
export interface Registry {
  /** A node for a function that needs no look: one made by task(), or one that came from there. */
  known(fn: Callable, toCaller: boolean): FunctionNode | null;
  /** The identity of a class. */
  classId(fn: Callable): string;
  /** Captures that the user named with bind(). */
  bound(fn: Callable): Readonly<Record<string, unknown>> | null;
  /** A short text that is another for other contents. */
  digest(content: unknown): string;
}

/** How a payload travels. */
export interface CaptureOptions {
  readonly to: CodecTarget;
  readonly maxBytes: number;
  /** The receiver is who gave this environment its work, and knows the classes that it sent. */
  readonly toCaller?: boolean;
  /** The receiver does more than call the function. Default true. */
  readonly asValue?: boolean;
}

/** Builds one payload's graph. */
export class Collector implements FunctionSink {
  readonly nodes: FunctionNode[] = [];
  readonly #encoder: Encoder;
  readonly #registry: Registry;
  readonly #indices = new Map<Callable, number>();
  readonly #standIns = new Map<string, Callable>();
  readonly #slots = new Map<unknown, number>();
  readonly #boxes: (readonly [unknown])[] = [];
  readonly #ends: number[] = [];
  /** Functions that are in the graph but were not looked at yet. */
  readonly #open: { fn: Callable; path: string; index: number }[] = [];

  readonly #options: CaptureOptions;
  /** What is being tried by a collector whose result nobody sends; null for one that is no trial. */
  readonly #tried: Set<unknown> | null;

  constructor(registry: Registry, options: CaptureOptions, tried: Set<unknown> | null = null) {
    this.#registry = registry;
    this.#options = options;
    this.#tried = tried;
    this.#encoder = new Encoder({ ...options, receivers: 'many', functions: this });
  }

  /** Takes a function and everything that it needs. */
  collect(fn: Callable): void {
    this.add(fn, '');
    this.#collectOpen();
  }

  #collectOpen(): void {
    for (let next = this.#open.shift(); next; next = this.#open.shift()) {
      this.nodes[next.index] = this.#node(next.fn, next.path);
    }
  }

  /** Must be called once, after collect(). */
  finish(): { slots: Slots | null; outgoing: readonly Outgoing[] } {
    this.#encoder.views.finish();
    const { references, steps, views } = this.#encoder;
    const slots =
      this.#boxes.length === 0 ? null : { boxes: this.#boxes, ends: this.#ends, references, steps };
    return { slots, outgoing: views.outgoing };
  }

  add(fn: Callable, path: string): number {
    const known = this.#indices.get(fn);
    if (known !== undefined) return known;
    // Its node is made when its turn comes: looking at it now would mix the steps of its captures
    // with those of the value in which it was found.
    const index = this.nodes.push({ kind: 'coverage' }) - 1;
    this.#indices.set(fn, index);
    this.#open.push({ fn, path, index });
    return index;
  }

  find(value: object): number {
    const node = commonNode(value);
    return node ? this.#indices.get(this.#standIn(node))! : -1;
  }

  #node(fn: Callable, path: string): FunctionNode {
    const known = this.#registry.known(fn, this.#options.toCaller === true);
    if (known) return known;
    const common = commonNode(fn);
    if (common) return common;
    const text = textOf(fn);
    if (isNativeText(text)) throw native(fn, path);
    const helper = helperNode(text);
    if (helper) return helper;
    const site = new DefinitionSite(fn, this.#registry.bound(fn));
    const source = parsed(text, site, path);
    if (site.isInternal()) throw new CloneError(path, "a function of Node's own", EXPORT_IT);
    const code = site.reference(source);
    return code ? { kind: 'module', ...code } : this.#code(fn, path, source, site);
  }

  #code(fn: Callable, path: string, source: Source, site: DefinitionSite): CodeNode {
    refuse(source, path);
    const text = new ClassText(fn, source, site, path);
    const names: string[] = [];
    const slots: number[] = [];
    const self: string[] = [];
    const dead: string[] = [];
    for (const [name, value] of text.given) {
      names.push(name);
      slots.push(this.#slot(value, join(path, nameOf(fn) ?? name)));
    }
    let eager = names.length;
    const free = [...source.names.values()].sort((a, b) => Number(b.eager) - Number(a.eager));
    for (const use of free) {
      if (text.isReplaced(use)) continue;
      const binding = site.bindingOf(use.name, source);
      if (binding.kind === 'absent') continue;
      if (binding.kind === 'dead') {
        dead.push(use.name);
        continue;
      }
      if (use.written) throw assigned(use.name, path);
      if (binding.value === fn && !use.eager && source.form === 'expression') {
        self.push(use.name);
        continue;
      }
      names.push(source.parameters.get(use.name) ?? use.name);
      slots.push(this.#capture(use, binding, site, source, path));
      if (use.eager) eager++;
    }
    // Nothing sees the properties of one that is called, and that neither it nor a capture refers to.
    const isHidden =
      this.#options.asValue === false &&
      this.#indices.get(fn) === 0 &&
      !source.seesItself &&
      slots.length + self.length === 0;
    const extra = isHidden ? null : this.#extra(fn, source, text.keys, path);
    const isClass = source.isClass || (!isHidden && isConstructor(fn));
    return {
      kind: 'code',
      ...(isClass ? { id: this.#registry.classId(fn) } : {}),
      ...(isClass && (slots.length > 0 || extra) ? { version: this.#versionOf(fn) } : {}),
      name: source.members.some((one) => one.isStatic && one.name === 'name')
        ? null
        : (nameOf(fn) ?? ''),
      code: text.code,
      form: source.form,
      lead: source.lead,
      strict: source.strict,
      names,
      slots,
      eager,
      self,
      dead,
      extra,
      origin: originOf(source, site.location),
    };
  }

  /** What of a function or class is in no text. */
  #extra(
    fn: Callable,
    source: Source,
    keys: ReadonlyMap<MemberText, PropertyKey>,
    path: string,
  ): Extra | null {
    const members: Member[] = [];
    const owner = join(path, nameOf(fn) || 'function');
    for (const found of findMembers(fn, source, keys)) {
      const at = step(found.on === 'own' ? owner : `${owner}.prototype`, found.key);
      // A static field of what can't be sent is what the text makes of it.
      if (found.isField && !this.#canSend(found.property?.value)) continue;
      members.push(this.#member(found, at));
    }
    const base = source.heritage ? null : baseOf(fn);
    if (!base && !source.heritage && !inheritsAsUsual(fn)) {
      const what = 'a function that inherits from what is no class';
      throw new CloneError(path || owner, what, 'Put what it inherits on the function itself.');
    }
    const parent = parentOf(fn);
    if (parent === 'other') {
      const what = 'an object that is the prototype of no class, from which it inherits';
      throw new CloneError(`${owner}.prototype`, what, 'Let it inherit from a class.');
    }
    const above = typeof parent === 'object' ? parent.of : null;
    const inherited = above === baseOf(fn) && source.heritage ? null : above;
    if (members.length === 0 && !base && !inherited && parent !== 'nothing') return null;
    const at = inherited ? this.#slot(inherited, `${owner}.prototype`) : -1;
    return {
      members,
      base: base ? this.#slot(base, owner) : -1,
      parent: parent === 'nothing' ? null : at,
    };
  }

  #member({ on, key, property }: Found, path: string): Member {
    const slot = (value: unknown): number => (value === undefined ? -1 : this.#slot(value, path));
    const { enumerable = false, configurable = true, writable = true } = property ?? {};
    return {
      on,
      key: typeof key === 'symbol' ? this.#slot(key, path) : String(key),
      content:
        property === null
          ? null
          : 'value' in property
            ? this.#slot(property.value, path)
            : { get: slot(property.get), set: slot(property.set) },
      enumerable,
      configurable,
      writable,
    };
  }

  /** Whether a value can travel, which nothing tells but a try. */
  #canSend(value: unknown): boolean {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return true;
    const tried = this.#tried ?? new Set();
    if (tried.has(value) || ArrayBuffer.isView(value)) return true;
    tried.add(value);
    const trial = this.#trial(tried);
    try {
      trial.#slot(value, '');
      trial.#collectOpen();
      return true;
    } catch (error) {
      if (error instanceof CloneError) return false;
      throw error;
    } finally {
      for (const item of trial.finish().outgoing) item.release();
      tried.delete(value);
    }
  }

  #trial(tried: Set<unknown>): Collector {
    const options = { ...this.#options, maxBytes: Infinity, asValue: true };
    return new Collector(this.#registry, options, tried);
  }

  /** Another text when something that a class captures, or that was put on it, has changed. */
  #versionOf(fn: Callable): string {
    if (this.#tried) return '';
    const trial = this.#trial(new Set());
    trial.collect(fn);
    const { slots, outgoing } = trial.finish();
    for (const item of outgoing) item.release();
    return this.#registry.digest({ nodes: trial.nodes, slots });
  }

  #capture(
    use: FreeName,
    { value, scope }: Extract<Binding, { kind: 'value' }>,
    site: DefinitionSite,
    source: Source,
    owner: string,
  ): number {
    const path = join(owner, use.name);
    const special = specialNode(use.name, value, scope, site);
    if (special) return this.#slot(this.#standIn(special), path);
    if (typeof value !== 'object' || value === null) return this.#slot(value, path);
    const node = isPartOfModule(value, use) ? null : nodeOf(value);
    if (node) return this.#slot(this.#standIn(node), path);
    const isMeta = scope === 'Syntax' || use.name === '__vite_ssr_import_meta__';
    const required = (name: string) => scope !== 'Bound' && site.isRequired(name, source);
    if (!isMeta && !isNamespace(value, use, required)) return this.#slot(value, path);
    const part = usedPart(value, use, (item, key) => {
      const itemNode = key === 'resolve' && isMeta ? resolveNode(site) : objectNode(item);
      return itemNode ? this.#standIn(itemNode) : undefined;
    });
    return this.#slot(part, path);
  }

  /** A function that the encoder takes for the value of a node. */
  #standIn(node: FunctionNode): Callable {
    const key = JSON.stringify(node);
    let fn = this.#standIns.get(key);
    if (!fn) {
      fn = (() => {}) as unknown as Callable;
      this.#standIns.set(key, fn);
      this.#indices.set(fn, this.nodes.push(node) - 1);
    }
    return fn;
  }

  #slot(value: unknown, path: string): number {
    // A Map takes −0 for 0.
    const shareable = !Object.is(value, -0);
    const known = shareable ? this.#slots.get(value) : undefined;
    if (known !== undefined) return known;
    const index = this.#boxes.push(this.#encoder.root(value, path)) - 1;
    this.#ends.push(this.#encoder.steps.length);
    if (shareable) this.#slots.set(value, index);
    return index;
  }
}

/** The node for what a name stands for by itself, whatever its value is. */
function specialNode(
  name: string,
  value: unknown,
  scope: string,
  { script }: DefinitionSite,
): FunctionNode | null {
  if (name === 'import()' && scope === 'Syntax') {
    return { kind: 'import', base: script ? scriptPath(script) : null };
  }
  // Only variables of the module itself are imports: what has the name of one may be another's.
  const imported = script && scope === 'Module' ? importOf(script, name) : null;
  if (imported) return { kind: 'module', ...imported };
  if (typeof value !== 'function' || scope === 'Bound') return null;
  if (isCounter(name, value)) return { kind: 'coverage' };
  const base = script && scriptPath(script);
  if (isRequire(value)) {
    const main = commonJsModule(value.main);
    return { kind: 'require', base: requireBase(value, base), main };
  }
  if (base && name === '__vite_ssr_dynamic_import__') return { kind: 'import', base };
  return null;
}

function objectNode(item: unknown): FunctionNode | null {
  return typeof item === 'object' && item !== null ? nodeOf(item) : null;
}

/** The node for `import.meta.resolve`; null for code from nowhere. */
function resolveNode({ script }: DefinitionSite): FunctionNode | null {
  if (!script) return null;
  const file = scriptPath(script);
  const base = URL.canParse(script.url) || file === null ? script.url : pathToFileURL(file).href;
  return { kind: 'resolve', base };
}

function parsed(text: string, site: DefinitionSite, path: string): Source {
  try {
    return site.parse(text);
  } catch (cause) {
    const what = `a function whose text cannot be compiled again (${(cause as Error).message})`;
    throw new CloneError(path, what, EXPORT_IT);
  }
}

const LEXICAL: Readonly<Record<string, string>> = {
  this: "uses the 'this' of the place where it was made",
  arguments: "uses the 'arguments' of the function around it",
  super: "uses 'super'",
  'new.target': "uses the 'new.target' of the function around it",
};

function refuse(source: Source, path: string): void {
  for (const what of source.lexical) {
    const why = LEXICAL[what] ?? `uses the private member ${what} of the class around it`;
    throw new CloneError(path, `a function that ${why}`, 'Pass what it needs as an argument.');
  }
  if (source.evaluates) {
    throw new CloneError(path, 'a function that calls eval', EXPORT_IT);
  }
}

function native(fn: Callable, path: string): CloneError {
  if (types.isProxy(fn)) return new CloneError(path, 'a Proxy', PROXY_REMEDY);
  const what = (nameOf(fn) ?? '').startsWith('bound ') ? 'a bound function' : 'a native function';
  return new CloneError(path, what, 'Call it from a function of your own: (x) => f(x).');
}

function assigned(name: string, path: string): CloneError {
  return new CloneError(
    join(path, name),
    'a variable that it assigns to, which could not come back from a worker',
    'Return the value, or use shared.zeros() for what all are to write.',
  );
}

/** A property access as it would be written. */
function step(owner: string, key: PropertyKey): string {
  if (typeof key === 'symbol') return `${owner}[${String(key)}]`;
  return /^[A-Za-z_$][\w$]*$/.test(String(key))
    ? `${owner}.${String(key)}`
    : `${owner}[${JSON.stringify(key)}]`;
}

function join(owner: string, name: string): string {
  return owner === '' ? name : `${owner} → ${name}`;
}
