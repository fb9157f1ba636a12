/**
 * Where the worker entries are, and with which flags Node runs them.
 */
import { pathToFileURL } from 'node:url';
import {
  findTsNode,
  findTsx,
  LOADER_FLAGS,
  startedWith,
  type TsNode,
  tsxInterfaces,
} from '../functions/index.ts';

/** Tells a worker process that it has a page, or that it has none. */
export const PAGE = '--heddle-page';
export const NO_PAGE = '--heddle-no-page';

/** Tells a worker process that it is in no account of cores; else there is the number of its entry. */
export const NO_SHARE = '-';

/** Flags that are about the main program alone, with whether a value follows them. */
const own: readonly (readonly [RegExp, boolean])[] = [
  [/^(-e|--eval|-p|--print|-pe)$/, true],
  [/^(--eval|--print)=/, false],
  [/^(-c|--check|-i|--interactive|--test|--watch|--watch-preserve-output)$/, false],
  [/^--(watch-path|test-[a-z-]+)(=|$)/, false],
  [/^--inspect(-brk|-port|-wait)?(=|$)/, false],
  [/^--debug-port(=|$)/, false],
  [/^--input-type(=|$)/, false],
];

function inherited(flags: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < flags.length; i++) {
    const flag = flags[i]!;
    const rule = own.find(([pattern]) => pattern.test(flag));
    if (!rule) kept.push(flag);
    else if (rule[1]) i++;
  }
  return kept;
}

const fromSource = import.meta.url.endsWith('.ts');

const HOOKS = [...LOADER_FLAGS, '--require', '-r'];

/** Whether flags, which workers inherit, load modules through hooks. */
function hasLoaderFlags(): boolean {
  return startedWith(HOOKS);
}

/** Whether workers load modules through hooks, which may make CommonJS of what is required. */
function hasLoaders(more: readonly string[]): boolean {
  return hasLoaderFlags() || startedWith(HOOKS, more) || findTsNode() !== null;
}

/** ts-node where it came by its command or was registered, neither of which a worker inherits. */
function unheritedTsNode(): TsNode | null {
  return hasLoaderFlags() ? null : findTsNode();
}

function registration({ file, options }: TsNode): string {
  return `(${JSON.stringify(file)}).register(${JSON.stringify(options)});`;
}

/**
 * The entry of a kind of worker, `.ts` in the sources; in the package the ES module,
 * or the CommonJS file that requires it, which Node starts faster.
 *
 * @param more - flags that the worker has besides those of this process
 */
export function entryUrl(kind: 'process' | 'thread', more: readonly string[] = []): URL {
  const extension = fromSource ? 'ts' : hasLoaders(more) ? 'js' : 'cjs';
  return new URL(`../worker/${kind}.${extension}`, import.meta.url);
}

/** The flags of this process that are not about the main program alone. */
export function inheritedFlags(): readonly string[] {
  return inherited(process.execArgv);
}

let flags: { readonly from: readonly string[]; readonly flags: readonly string[] } | null = null;

/**
 * The flags of this process that a worker takes over. When Heddle runs from its sources (its own
 * tests do) and no loader for TypeScript is among them, tsx is added.
 */
export function entryFlags(): readonly string[] {
  if (flags?.from === process.execArgv) return flags.flags;
  const kept = inherited(process.execArgv);
  if (fromSource && !kept.some((flag) => flag.includes('tsx'))) {
    const tsx = findTsx([import.meta.url]);
    if (tsx) kept.push('--import', new URL('../../loader.mjs', tsx).href);
  }
  const tsNode = unheritedTsNode();
  if (tsNode) {
    // Its command puts itself among the flags, and would look for its settings beside the entry.
    const command = kept.findIndex((flag) => /\bts-node\b.*\bbin/.test(flag));
    if (command >= 0) kept.length = command;
    const code =
      "import { createRequire } from 'node:module';" +
      `createRequire(${JSON.stringify(tsNode.file)})${registration(tsNode)}`;
    kept.push('--import', `data:text/javascript,${encodeURIComponent(code)}`);
  }
  flags = { from: process.execArgv, flags: kept };
  return kept;
}

/** What a worker thread runs: its entry, or a piece of code that leads to it. */
export interface ThreadEntry {
  readonly entry: string | URL;
  readonly eval: boolean;
}

/** tsx's interface for ES modules, if this process or Heddle's own sources need it in a thread. */
function tsxInterface(): URL | null {
  const flag = process.execArgv.find((text) => /\btsx\b/.test(text) && !text.startsWith('--eval'));
  if (flag === undefined && !fromSource) return null;
  const loader = flag === undefined ? null : /(file:.*\/tsx\/dist\/)[^/]*$/.exec(flag);
  if (loader) return new URL('esm/api/index.mjs', loader[1]);
  return findTsx([import.meta.url, pathToFileURL(`${process.cwd()}/`).href]);
}

/**
 * The entry of worker threads, which inherit flags by themselves. But `--import tsx` does nothing in
 * a worker thread, so a program that runs under tsx has it registered there by its own interface.
 *
 * @param more - flags that the thread is given
 */
export function threadEntry(more: readonly string[] = []): ThreadEntry {
  const entry = entryUrl('thread', more);
  const tsx = tsxInterface();
  const tsNode = tsx ? null : unheritedTsNode();
  if (tsNode) {
    const code = `require${registration(tsNode)} import(${JSON.stringify(entry.href)});`;
    return { entry: code, eval: true };
  }
  if (!tsx) {
    // Node takes no file with --input-type, which a thread can't be started without.
    const typed = process.execArgv.some((flag) => flag.startsWith('--input-type'));
    return typed
      ? { entry: `import(${JSON.stringify(entry.href)});`, eval: true }
      : { entry, eval: false };
  }
  const code =
    `Promise.all(${JSON.stringify(tsxInterfaces(tsx))}.map((url) => import(url)))` +
    '.then((kinds) => { for (const tsx of kinds) tsx.register(); ' +
    `return import(${JSON.stringify(entry.href)}); })` +
    '.catch((error) => { process.nextTick(() => { throw error; }); });';
  return { entry: code, eval: true };
}
