/**
 * TypeScript in workers of programs that run it in a way of their own.
 *
 * Workers inherit tsx, and Node 22.18 and later strip types by themselves. What vitest compiles, it
 * compiles for itself alone: on Node 20 a worker of its tests can run no module in TypeScript.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** tsx's interface for ES modules as it is found from these modules, the first that has it. */
export function findTsx(from: readonly string[]): URL | null {
  for (const base of from) {
    try {
      const manifest = createRequire(base).resolve('tsx/package.json');
      // What `require` finds for 'tsx/esm/api' is the CommonJS half, which can't be imported.
      return new URL('./dist/esm/api/index.mjs', pathToFileURL(manifest));
    } catch {
      // Not there; perhaps the next one has it.
    }
  }
  return null;
}

/** tsx's interfaces for both kinds of module: what a CommonJS program requires is TypeScript too. */
export function tsxInterfaces(tsx: URL): readonly string[] {
  return [tsx.href, new URL('../../cjs/api/index.mjs', tsx).href];
}

/** Flags by which a program registers what loads its ES modules. */
export const LOADER_FLAGS: readonly string[] = ['--import', '--loader', '--experimental-loader'];

/** Whether this process was started with one of these flags, by itself or by NODE_OPTIONS. */
export function startedWith(
  flags: readonly string[],
  among: readonly string[] = [process.env.NODE_OPTIONS ?? '', ...process.execArgv],
): boolean {
  const given = among.join(' ');
  return new RegExp(`(^|\\s)(${flags.join('|')})(=|\\s|$)`).test(given);
}

/** Whether this thread has some way to run TypeScript: Node's, or that of a loader. */
function runsTypeScript(): boolean {
  const { typescript } = process.features as { readonly typescript?: unknown };
  if (typescript || import.meta.url.endsWith('.ts')) return true;
  // A loader of the program may be for TypeScript; one that is not says what is missing.
  return startedWith(LOADER_FLAGS);
}

/** How ts-node makes itself known to who looks for it. */
const TS_NODE = Symbol.for('ts-node.register.instance');

/** ts-node as this process has it. */
export interface TsNode {
  /** The file of its interface. */
  readonly file: string;
  /** What it was told, as far as that is plain data. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** ts-node, where this process runs TypeScript by it; null otherwise. */
export function findTsNode(): TsNode | null {
  const service = (process as unknown as Record<symbol, unknown>)[TS_NODE] as
    | { readonly options?: object; readonly configFilePath?: string }
    | undefined;
  if (!service) return null;
  for (const [file, module] of Object.entries(createRequire(import.meta.url).cache)) {
    const exports = module?.exports as { REGISTER_INSTANCE?: unknown } | undefined;
    if (!/\bts-node\b/.test(file) || exports?.REGISTER_INSTANCE !== TS_NODE) continue;
    const options = JSON.parse(JSON.stringify(service.options ?? {})) as Record<string, unknown>;
    const { configFilePath: project } = service;
    return { file, options: { ...options, ...(project ? { project } : {}), transpileOnly: true } };
  }
  return null;
}

/** Whether something that `require` goes through runs TypeScript, and nothing for `import` does. */
function requiresTypeScript(): boolean {
  // Its hooks for ES modules are a loader.
  if (Object.hasOwn(process, TS_NODE)) return !startedWith(['--loader', '--experimental-loader']);
  return !runsTypeScript() && '.ts' in createRequire(import.meta.url).extensions;
}

/** How a module in TypeScript is loaded. */
export type System = 'import' | 'require';

let ready: Promise<System> | null = null;

async function registerTsx(url: string): Promise<System> {
  if (requiresTypeScript()) return 'require';
  if (runsTypeScript()) return 'import';
  const tsx = findTsx([url, pathToFileURL(`${process.cwd()}/`).href]);
  if (!tsx) {
    throw new TypeError(
      `A worker can't load ${url}: Node ${process.versions.node} runs no TypeScript by itself. ` +
        'Install tsx beside it, or take Node 22.18 or later.',
    );
  }
  for (const href of tsxInterfaces(tsx)) {
    const { register } = (await import(href)) as { register(): unknown };
    register();
  }
  return 'import';
}

/**
 * Sees to it that this thread can import a module in TypeScript. To be called before the first try:
 * Node remembers a module that could not be loaded.
 *
 * @returns what then loads it
 * @throws TypeError where nothing is there that can
 */
export function prepareTypeScript(url: string): Promise<System> {
  ready ??= registerTsx(url);
  ready.catch(() => {
    ready = null;
  });
  return ready;
}
