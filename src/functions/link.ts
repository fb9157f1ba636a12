/**
 * Makes the functions of a payload: loads what goes by reference, compiles the rest, and joins them
 * with the values that they capture.
 */
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { Decoder } from '../codec/index.ts';
import { type Compiled, compile } from './compile.ts';
import { complete } from './complete.ts';
import { nameBeside } from './coverage.ts';
import { moduleObject } from './module-objects.ts';
import type { CodeNode, Extra, FunctionNode, FunctionPayload, Slots } from './payload.ts';
import { isOwn, madeClasses } from './registry.ts';
import type { System } from './typescript.ts';

/** What the linker must know of functions that this environment has already. */
export interface Known {
  /** A class by its id. */
  get(id: string): unknown;
  /** Called for each class that is compiled. */
  add(id: string, fn: object): void;
}

/** Whether a payload can be linked without waiting for a module. */
export function needsLoading(payload: FunctionPayload): boolean {
  return payload.nodes.some(({ kind }) => kind === 'module' || kind === 'resolve');
}

/** Makes the function of a payload. */
export async function link(payload: FunctionPayload, known: Known): Promise<unknown> {
  const modules = new Map<FunctionNode, unknown>();
  await Promise.all(
    payload.nodes.map(async (node) => {
      if (node.kind === 'module') modules.set(node, await load(node));
      if (node.kind === 'resolve') modules.set(node, await resolver(node.base));
    }),
  );
  return new Linker(payload, known, modules).functionAt(0);
}

/** The same for a payload that needs no module. */
export function linkSync(payload: FunctionPayload, known: Known): unknown {
  return new Linker(payload, known, new Map()).functionAt(0);
}

class Linker {
  readonly #nodes: readonly FunctionNode[];
  readonly #slots: Slots | null;
  readonly #known: Known;
  readonly #modules: ReadonlyMap<FunctionNode, unknown>;
  readonly #decoder: Decoder;
  readonly #made: unknown[] = [];
  /** Functions whose captures are being collected, and how to give them those afterwards. */
  readonly #binders = new Map<number, ((values: readonly unknown[]) => void) | null>();
  readonly #state: ('open' | 'done')[] = [];

  constructor(payload: FunctionPayload, known: Known, modules: ReadonlyMap<FunctionNode, unknown>) {
    this.#nodes = payload.nodes;
    this.#slots = payload.slots;
    this.#known = known;
    this.#modules = modules;
    this.#decoder = new Decoder(payload.slots?.references ?? [], (i) => this.functionAt(i));
  }

  functionAt(index: number): unknown {
    if (index in this.#made) return this.#made[index];
    const node = this.#nodes[index]!;
    if (node.kind !== 'code') {
      this.#made[index] = this.#other(node);
      return this.#made[index];
    }
    const class_ = node.id === undefined ? undefined : this.#known.get(node.id);
    if (class_ !== undefined) {
      this.#made[index] = class_;
      this.#update(node, class_ as object);
      return class_;
    }
    // Asked for by one of its own captures: it has to be there before they are.
    if (this.#binders.has(index)) return this.#make(index, node);
    this.#binders.set(index, null);
    // What a class captures may change as long as it is there, so it is given in any case.
    if (node.id !== undefined) this.#make(index, node);
    const values = node.slots.map((slot) => this.#valueAt(slot));
    const bind = this.#binders.get(index);
    this.#binders.delete(index);
    if (index in this.#made) bind?.(values.slice(node.eager));
    else this.#finish(index, node, compile(node, values));
    return this.#made[index];
  }

  #make(index: number, node: CodeNode): unknown {
    const values = node.slots.slice(0, node.eager).map((slot) => this.#valueAt(slot));
    if (index in this.#made) return this.#made[index];
    const compiled = compile(node, values);
    this.#binders.set(index, compiled.bind);
    this.#finish(index, node, compiled);
    return compiled.fn;
  }

  #finish(index: number, node: CodeNode, { fn, bind }: Compiled): void {
    this.#made[index] = fn;
    if (node.id !== undefined) {
      this.#known.add(node.id, fn);
      madeClasses.set(fn, { version: node.version ?? '', bind });
    }
    if (node.extra) this.#complete(fn, node.extra);
  }

  /** Gives a class that came before what it captures and has by now. */
  #update(node: CodeNode, fn: object): void {
    const made = isOwn(node.id!) ? undefined : madeClasses.get(fn);
    if (!made || made.version === (node.version ?? '')) return;
    made.version = node.version ?? '';
    made.bind?.(node.slots.slice(node.eager).map((slot) => this.#valueAt(slot)));
    this.#complete(fn, node.extra);
  }

  #complete(fn: object, extra: Extra | null): void {
    complete(fn, extra, (slot) => this.#valueAt(slot));
  }

  #valueAt(slot: number): unknown {
    const { steps, ends, boxes } = this.#slots!;
    const box = boxes[slot]!;
    const own = steps.slice(ends[slot - 1] ?? 0, ends[slot]);
    if (this.#state[slot] === undefined) {
      this.#state[slot] = 'open';
      this.#decoder.run(own);
      this.#state[slot] = 'done';
    } else if (this.#state[slot] === 'open') {
      // Asked for by something inside of it: where the value is a function, it is not in its box yet.
      const set = own.find((step) => step[0] === 'set' && step[1] === box);
      if (set) return this.#decoder.get(set[3] as number);
    }
    return box[0];
  }

  #other(node: Exclude<FunctionNode, CodeNode>): unknown {
    switch (node.kind) {
      case 'module':
      case 'resolve':
        return this.#modules.get(node);
      case 'global':
        return pick(globalThis, node.path, 'globalThis');
      case 'require': {
        const main = node.main && moduleObject(node.main);
        return Object.assign(requireOf(node.base), { main: main ?? undefined });
      }
      case 'commonjs':
        return moduleObject(node);
      case 'import':
        return importer(node.base);
      case 'coverage':
        return () => noCounters;
      case 'known': {
        const fn = this.#known.get(node.id);
        if (fn === undefined) throw new Error('a class came back to where it is not known');
        return fn;
      }
    }
  }
}

/** Counters that istanbul's code adds to; nobody reads them here. */
const noCounters = {
  s: {},
  f: {},
  b: new Proxy({}, { get: () => [] }),
};

/** Whether a module is, or may be, TypeScript: a module of a program that is. */
function isTypeScript(specifier: string, parent: string | null | undefined): boolean {
  const typed = /\.[cm]?tsx?(?:[?#]|$)/;
  return typed.test(specifier) || (specifier.startsWith('.') && typed.test(parent ?? ''));
}

async function prepare(url: string): Promise<System> {
  const { prepareTypeScript } = await import('./typescript.ts');
  return prepareTypeScript(url);
}

async function load(node: Extract<FunctionNode, { kind: 'module' }>): Promise<unknown> {
  const { url, parent, name, system, attributes } = node;
  const typed = isTypeScript(url, parent) ? await prepare(parent ?? url) : null;
  const namespace: unknown =
    system === 'require' || typed === 'require'
      ? (requireOf(parent ?? url)(url.startsWith('file:') ? fileURLToPath(url) : url) as unknown)
      : parent || attributes
        ? await importer(parent ?? null)(url, attributes && { with: attributes })
        : await import(url);
  // The name of an export may have dots itself.
  if (holds(namespace, name)) return (namespace as Record<string, unknown>)[name];
  return pick(namespace, name === '' ? [] : name.split('.'), url);
}

/** `require` of a CommonJS module. What makes it is loaded when it is needed: a worker may never. */
function requireOf(base: string): NodeJS.Require {
  return process.getBuiltinModule('node:module').createRequire(base);
}

function holds(value: unknown, key: string): boolean {
  return value !== null && value !== undefined && key in (Object(value) as object);
}

function pick(from: unknown, path: readonly string[], where: string): unknown {
  let value = from;
  for (const key of path) {
    // What is there may well be undefined.
    if (!holds(value, key)) {
      const names = Object.keys(Object(from) as object).join(', ') || 'nothing';
      throw new TypeError(`${where} exports no '${path.join('.')}'; it exports ${names}`);
    }
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** `import.meta.resolve` as the module at `base` has it: no module of the worker's can lend its own. */
async function resolver(base: string): Promise<(specifier: unknown) => string> {
  const { resolve } = await import('import-meta-resolve');
  return (specifier) => resolve(`${specifier}`, base);
}

type Importer = (specifier: unknown, options?: unknown) => Promise<unknown>;

/** `import()` as the module at `base` would call it. */
function importer(base: string | null): Importer {
  const from = base ?? path.join(process.cwd(), '[code]');
  const url = from.startsWith('file:') ? from : pathToFileURL(from).href;
  // Only a script that is said to lie there finds what is found from there.
  const script = new vm.Script('(specifier, options) => import(specifier, options)', {
    filename: nameBeside(url),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const load = script.runInThisContext() as Importer;
  const start = (specifier: string, options: unknown): Promise<unknown> => {
    // Node warns that this is experimental when import() is called, before it returns.
    const { emitWarning } = process;
    process.emitWarning = () => {};
    try {
      return load(specifier, options);
    } finally {
      process.emitWarning = emitWarning;
    }
  };
  return async (specifier, options) => {
    // A URL object, say: import() makes text of what it is given.
    const name = `${specifier}`;
    if (isTypeScript(name, base)) await prepare(url);
    return start(name, options);
  };
}
