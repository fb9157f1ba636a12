/**
 * Collects a function and everything that it needs: helpers, classes, constants, arrays, imports.
 *
 * A payload is a graph, because helpers may call each other: nodes are functions, slots are the
 * values that they capture, and either may refer to the other.
 */
import { types } from 'node:util';
import {
  type Callable,
  CloneError,
  Encoder,
  type FunctionSink,
  PROXY_REMEDY,
} from '../codec/index.ts';
import type { Outgoing } from '../memory/index.ts';
import { builtinReference, globalPath, isStandardGlobal } from './globals.ts';
import { type Inspection, inspectFunction, NoInspector, type Script, sourceOf } from './inspect.ts';
import { exportOf, importOf, type ModuleReference, requiredModule, scriptPath } from './modules.ts';
import { originOf } from './origin.ts';
import { type CodeNode, type FunctionNode, IMPORT, IMPORT_META, type Slots } from './payload.ts';
import type { FreeName } from './scope.ts';
import { parseFunction, type Source } from './source.ts';

/** What the collector must know of functions that were seen before. */
export interface Registry {
  /** A node for a function that needs no look: one made by task(), or one that came from there. */
  known(fn: Callable): FunctionNode | null;
  /** The identity of a class. */
  classId(fn: Callable): string;
  /** Captures that the user named with bind(). */
  bound(fn: Callable): Readonly<Record<string, unknown>> | null;
}

/** How a payload travels. */
export interface CaptureOptions {
  readonly to: 'thread' | 'process';
  readonly maxBytes: number;
}

const EXPORT_IT =
  "Export it from a module and pass task(new URL('./module.js', import.meta.url), 'name'), " +
  'or name what it captures: bind({ alpha, table }, fn).';

/** Names of the counters that istanbul puts into instrumented code. */
const COVERAGE = /^cov_[a-z0-9]+$/;

/** What stands in compiled code for what is no name in the source. */
const PARAMETERS: Readonly<Record<string, string>> = {
  'import.meta': IMPORT_META,
  'import()': IMPORT,
};

/** A name that is not there at all, as opposed to one whose value is undefined. */
const ABSENT = Symbol('absent');

/** Builds one payload's graph. */
export class Collector implements FunctionSink {
  readonly nodes: FunctionNode[] = [];
  readonly #encoder: Encoder;
  readonly #registry: Registry;
  readonly #indices = new Map<Callable, number>();
  readonly #standIns = new Map<unknown, Callable>();
  readonly #slots = new Map<unknown, number>();
  readonly #boxes: (readonly [unknown])[] = [];
  readonly #ends: number[] = [];
  /** Functions that are in the graph but were not looked at yet. */
  readonly #open: { fn: Callable; path: string; index: number }[] = [];

  constructor(registry: Registry, options: CaptureOptions) {
    this.#registry = registry;
    this.#encoder = new Encoder({ ...options, receivers: 'many', functions: this });
  }

  /** Takes a function and everything that it needs. */
  collect(fn: Callable): void {
    this.add(fn, '');
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

  #node(fn: Callable, path: string): FunctionNode {
    const known = this.#registry.known(fn);
    if (known) return known;
    const globally = globalPath(fn);
    if (globally) return { kind: 'global', path: globally };
    const builtin = builtinReference(fn);
    if (builtin) return { kind: 'module', system: 'import', ...builtin };
    const text = Function.prototype.toString.call(fn);
    if (/\{\s*\[native code\]\s*\}$/.test(text)) throw native(fn, path);
    const source = parsed(text, path);
    const place = new Place(fn);
    if (place.isInternal()) throw new CloneError(path, "a function of Node's own", EXPORT_IT);
    const code = this.#registry.bound(fn) ? null : place.reference(source);
    return code ? { kind: 'module', ...code } : this.#code(fn, path, source, place);
  }

  #code(fn: Callable, path: string, source: Source, place: Place): CodeNode {
    refuse(source, path);
    const bound = this.#registry.bound(fn);
    const names: string[] = [];
    const slots: number[] = [];
    const self: string[] = [];
    const free = [...source.names.values()].sort((a, b) => Number(b.eager) - Number(a.eager));
    let eager = 0;
    for (const use of free) {
      const value =
        bound && Object.hasOwn(bound, use.name) ? bound[use.name] : place.valueOf(use.name);
      if (value === ABSENT) continue;
      if (use.written && !COVERAGE.test(use.name)) throw assigned(use.name, path);
      if (value === fn && !use.eager && source.form === 'expression') {
        self.push(use.name);
        continue;
      }
      names.push(PARAMETERS[use.name] ?? use.name);
      slots.push(this.#capture(use, value, place, path));
      if (use.eager) eager++;
    }
    return {
      kind: 'code',
      ...(source.isClass ? { id: this.#registry.classId(fn) } : {}),
      name: nameOf(fn),
      code: source.code,
      form: source.form,
      lead: source.lead,
      strict: place.isStrict(),
      names,
      slots,
      eager,
      self,
      properties: this.#properties(fn, source, path),
      origin: originOf(source, place.location),
    };
  }

  /** Own properties of a function, such as `f.defaults = …`, and statics added after a class. */
  #properties(fn: Callable, source: Source, path: string): number {
    const own: Record<string, unknown> = {};
    for (const key of Object.keys(fn)) {
      if (!source.statics.has(key)) own[key] = (fn as unknown as Record<string, unknown>)[key];
    }
    return Object.keys(own).length === 0 ? -1 : this.#slot(own, path);
  }

  #capture(use: FreeName, value: unknown, place: Place, owner: string): number {
    const path = join(owner, use.name);
    const special = place.special(use.name, value);
    if (special) return this.#slot(this.#standIn(value, special), path);
    if (typeof value !== 'object' || value === null) return this.#slot(value, path);
    const node = nodeOf(value);
    if (node) return this.#slot(this.#standIn(value, node), path);
    if (!isModuleLike(use.name, value)) return this.#slot(value, path);
    // Of a namespace only what is used, or everything where that can't be told.
    const part: Record<string, unknown> = {};
    for (const key of use.whole ? Object.keys(value) : use.properties) {
      if (!(key in value)) continue;
      const item = (value as Record<string, unknown>)[key];
      const itemNode = typeof item === 'object' && item !== null ? nodeOf(item) : null;
      part[key] = itemNode ? this.#standIn(item, itemNode) : item;
    }
    return this.#slot(part, path);
  }

  /** A function that the encoder takes for the value of a node. */
  #standIn(value: unknown, node: FunctionNode): Callable {
    let fn = this.#standIns.get(value);
    if (!fn) {
      fn = (() => {}) as unknown as Callable;
      this.#standIns.set(value, fn);
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

/** The node for an object that every worker can get by itself: a global, a module of Node or npm. */
function nodeOf(value: object): FunctionNode | null {
  const path = globalPath(value);
  if (path) return { kind: 'global', path };
  const builtin = builtinReference(value);
  if (builtin) return { kind: 'module', system: 'import', ...builtin };
  const required = requiredModule(value);
  return required && { kind: 'module', ...required };
}

/** What is known of where a function is. */
class Place {
  readonly #fn: Callable;
  readonly #inspection: Inspection | null;

  constructor(fn: Callable) {
    this.#fn = fn;
    this.#inspection = inspectIfPossible(fn);
  }

  get location(): Inspection['location'] {
    return this.#inspection?.location ?? null;
  }

  get #script(): Script | null {
    return this.location?.script ?? null;
  }

  /**
   * The module that exports the function. One that takes nothing from outside goes by its text
   * instead, which is the same and loads nothing; a class has an identity.
   */
  reference(source: Source): ModuleReference | null {
    if (!this.#inspection) return null;
    const free = [...source.names.keys()].some((name) => this.valueOf(name) !== ABSENT);
    return free || source.isClass ? exportOf(this.#fn, this.#inspection) : null;
  }

  /** The value of a name from outside; ABSENT for one that every worker has or nobody has. */
  valueOf(name: string): unknown {
    if (name === 'import.meta') return importMeta(this.#script);
    if (name === 'import()') return undefined;
    if (!this.#inspection) {
      if (isStandardGlobal(name)) return ABSENT;
      throw new CloneError(name, 'which cannot be read without node:inspector', EXPORT_IT);
    }
    const { scopes } = this.#inspection;
    for (const { variables } of scopes) {
      if (Object.hasOwn(variables, name)) return variables[name];
    }
    if (isStandardGlobal(name) || !(name in globalThis)) return ABSENT;
    return (globalThis as Record<string, unknown>)[name];
  }

  /** Whether the function is inside of Node, and not exported by one of its modules. */
  isInternal(): boolean {
    return this.#script?.url.startsWith('node:') === true;
  }

  /** Nodes for names with a meaning of their own. */
  special(name: string, value: unknown): FunctionNode | null {
    const script = this.#script;
    if (COVERAGE.test(name) && typeof value === 'function') return { kind: 'coverage' };
    if (name === 'import()') return { kind: 'import', base: script ? scriptPath(script) : null };
    if (!script) return null;
    const imported = importOf(script, name);
    if (imported) return { kind: 'module', ...imported };
    const base = scriptPath(script);
    if (base && name === 'require' && typeof value === 'function' && 'cache' in value) {
      return { kind: 'require', base };
    }
    if (base && name === '__vite_ssr_dynamic_import__') return { kind: 'import', base };
    return null;
  }

  /** Whether the text was strict code where it was. */
  isStrict(): boolean {
    const fn = this.#fn as unknown as object;
    // Only functions of sloppy code have these.
    if (Object.hasOwn(fn, 'caller')) return false;
    const script = this.#script;
    if (!script || script.isModule) return true;
    return /^(?:\s|\/\/.*|\/\*[\s\S]*?\*\/|#!.*|\()*['"]use strict['"]/.test(sourceOf(script));
  }
}

function inspectIfPossible(fn: Callable): Inspection | null {
  try {
    return inspectFunction(fn);
  } catch (error) {
    if (error instanceof NoInspector) return null;
    throw error;
  }
}

function parsed(text: string, path: string): Source {
  try {
    return parseFunction(text);
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
  const what = nameOf(fn).startsWith('bound ') ? 'a bound function' : 'a native function';
  return new CloneError(path, what, 'Call it from a function of your own: (x) => f(x).');
}

function assigned(name: string, path: string): CloneError {
  return new CloneError(
    join(path, name),
    'a variable that it assigns to, which could not come back from a worker',
    'Return the value, or use shared.zeros() for what all are to write.',
  );
}

function nameOf(fn: Callable): string {
  const name = Object.getOwnPropertyDescriptor(fn, 'name')?.value as unknown;
  return typeof name === 'string' ? name : '';
}

function join(owner: string, name: string): string {
  return owner === '' ? name : `${owner} → ${name}`;
}

function importMeta(script: Script | null): object {
  const file = script ? scriptPath(script) : null;
  return {
    url: script?.url ?? '',
    ...(file ? { filename: file, dirname: file.replace(/[/\\][^/\\]*$/, '') } : {}),
  };
}

/** Namespaces, exports of modules that a compiler made, and what a test runner puts in their place. */
function isModuleLike(name: string, value: object): boolean {
  if (name === 'import.meta' || name === '__vite_ssr_import_meta__') return true;
  if (name === 'exports' || name === 'module') return true;
  if (Object.prototype.toString.call(value) === '[object Module]') return true;
  if ('__esModule' in value) return true;
  // What TypeScript's __importStar makes of a CommonJS module: a copy with the module as default.
  const { default: inner } = value as { default?: unknown };
  return typeof inner === 'object' && inner !== null && nodeOf(inner) !== null;
}
