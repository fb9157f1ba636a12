/**
 * `module` and `require.main` of CommonJS: what they tell of a file is the same in a worker, which has
 * objects of its own for them, one for each file.
 */
import type { Module } from 'node:module';
import path from 'node:path';
import type { CommonJsModule } from './payload.ts';

let nodeModule: typeof import('node:module') | undefined;

/** Loaded when it is first needed: it makes Node load its ES modules, too, and few workers need it. */
function modules(): typeof import('node:module') {
  nodeModule ??= process.getBuiltinModule('node:module');
  return nodeModule;
}

/** What a module is known by elsewhere; null for what is no object of a module. */
export function commonJsModule(value: unknown): CommonJsModule | null {
  if (!(value instanceof modules().Module)) return null;
  const { id, filename } = value as { readonly id: unknown; readonly filename: unknown };
  return { id: String(id), file: typeof filename === 'string' ? filename : null };
}

const known = new Map<string, Module>();

/**
 * The object of a module: that of the file where it is loaded here, else one that loads nothing and
 * whose exports are not known.
 */
export function moduleObject({ id, file }: CommonJsModule): Module {
  const key = file ?? id;
  let module = known.get(key);
  if (module === undefined) {
    module = (file === null ? undefined : loaded(file)) ?? make(id, file);
    known.set(key, module);
  }
  return module;
}

function loaded(file: string): Module | undefined {
  return modules().createRequire(file).cache[file];
}

function make(id: string, file: string | null): Module {
  const { createRequire, Module: NodeModule } = modules();
  const module = new NodeModule(file ?? id);
  module.id = id;
  module.loaded = true;
  if (file !== null) {
    module.filename = file;
    const above = (folder: string) => file.startsWith(path.dirname(folder));
    const paths = createRequire(file).resolve.paths('package') ?? [];
    module.paths = paths.filter((one) => path.basename(one) === 'node_modules' && above(one));
  }
  Object.defineProperty(module, 'exports', {
    configurable: true,
    get: () => {
      throw new ReferenceError(
        `the exports of ${file ?? id} are not known in a worker, where that module is not loaded; a ` +
          'function that uses module.exports by itself, and not module as a whole, gets them',
      );
    },
    set: (value: unknown) => {
      Object.defineProperty(module, 'exports', { configurable: true, writable: true, value });
    },
  });
  return module;
}
