/**
 * Loads a worker's bundles with the code that the engine made of them in an earlier worker.
 *
 * Compiling is a good part of what a worker does before its first task. What comes of it is kept in
 * a folder beside the bundles, as Python keeps its `.pyc` files: whoever can write there can write
 * the bundles, too. The engine takes it only where its version and flags are the same. Where nothing
 * can be kept, bundles are loaded as other modules are.
 *
 * See https://v8.dev/blog/code-caching and `vm.Script`.
 */
import fs from 'node:fs';
import path from 'node:path';
import vm from 'node:vm';
import type { NativeAddon } from '../native.ts';

/** Where the entry of a worker has put the addon's file: see src/native.ts. */
const FOUND = Symbol.for('heddle.addon');

const found = globalThis as { [FOUND]?: string };

/** Where code is kept, in the folder of the bundles. */
export const CODE_FOLDER = 'code';

/**
 * What the engine has refused is written anew when it is older (ms): where programs with other flags
 * take turns, none of them does it again and again. What a folder has besides is removed by then.
 */
const STALE_MS = 60_000;

/** A CommonJS module, as far as bundles are loaded through it. */
export interface BundleModule {
  readonly filename: string;
  readonly exports: unknown;
  readonly paths: string[];
  require(name: string): unknown;
}

interface ModuleClass {
  readonly _cache: Record<string, unknown>;
  new (filename: string, parent: BundleModule): BundleModule;
}

/** Before the code in a file: its sum. */
const SUM_BYTES = 8;

/**
 * Sums bytes; by the addon, which the bundle loads anyway: node:crypto takes a worker as long as all of
 * its bundle.
 */
type SumOf = (bytes: Buffer) => bigint;

/** Null where the addon can't be loaded, which the bundle has more to say about. */
function loadSumOf(parent: BundleModule): SumOf | null {
  const override = process.env.HEDDLE_ADDON;
  try {
    // As src/native.ts finds it; in the process it is loaded once.
    const file = override ? path.resolve(override) : found[FOUND]!;
    return (parent.require(file) as Pick<NativeAddon, 'workers'>).workers.checksum;
  } catch {
    return null;
  }
}

/**
 * The code in a file. What is damaged goes: the engine looks at the version of what it is given and
 * not at the rest, and crashes on it.
 */
function read(file: string, sumOf: SumOf): Buffer | null {
  let bytes: Buffer;
  try {
    bytes = fs.readFileSync(file);
  } catch {
    return null;
  }
  const code = bytes.subarray(SUM_BYTES);
  if (bytes.length > SUM_BYTES && sumOf(code) === bytes.readBigUInt64LE()) return code;
  try {
    fs.rmSync(file, { force: true });
  } catch {
    // The folder is not ours to write: the code is compiled anew each time.
  }
  return null;
}

function isStale(file: string): boolean {
  return Date.now() - fs.statSync(file).mtimeMs > STALE_MS;
}

/** Code that is not kept yet, and where it is to be. */
interface Unkept {
  readonly script: vm.Script;
  readonly file: string;
  readonly sumOf: SumOf;
}

const unkept: Unkept[] = [];

/**
 * Keeps what the engine has compiled of the bundles until now. To be called when a first task is
 * done: what it has needed is there, too. Nobody minds if it can't be done.
 */
export function saveCodeCache(): void {
  for (const one of unkept.splice(0)) {
    try {
      keep(one);
    } catch {
      // The folder is not ours to write, or the disk is full.
    }
  }
}

function keep({ script, file, sumOf }: Unkept): void {
  const folder = path.dirname(file);
  fs.mkdirSync(folder, { recursive: true });
  // Several workers start together. The first that is ready keeps its code.
  if (fs.existsSync(file) && !(script.cachedDataRejected && isStale(file))) return;
  const mine = `${file}.${process.pid}`;
  const code = script.createCachedData();
  const sum = Buffer.alloc(SUM_BYTES);
  sum.writeBigUInt64LE(sumOf(code));
  fs.writeFileSync(mine, Buffer.concat([sum, code]), { flag: 'wx' });
  // As a whole: others may be reading.
  fs.renameSync(mine, file);
  sweep(folder, path.basename(file));
}

/** Removes what other builds of the bundle have left, and what was not written to its end. */
function sweep(folder: string, current: string): void {
  const [bundle, build] = current.split('-');
  for (const name of fs.readdirSync(folder)) {
    const [itsBundle, itsBuild] = name.split('-');
    if (itsBundle !== bundle) continue;
    const whole = itsBuild === build && !/\.\d+$/.test(name);
    const file = path.join(folder, name);
    if (!whole && isStale(file)) fs.rmSync(file, { force: true });
  }
}

/**
 * Loads a bundle.
 *
 * @param parent - the module that asks for it: the entry of a kind of worker, each of which needs
 *   something else of a bundle
 * @param name - of the bundle's file, in the folder of `parent`
 * @param build - tells the text of the bundle from that of every other build
 * @returns its exports
 */
export function loadWithCodeCache(parent: BundleModule, name: string, build: string): unknown {
  const { dir: folder, name: kind } = path.parse(parent.filename);
  const filename = path.join(folder, name);
  // Where coverage is measured, the counts of functions that were compiled before would be missing.
  if (process.env.NODE_V8_COVERAGE) return parent.require(filename);
  const { constructor: Module } = parent as unknown as { constructor: ModuleClass };
  const file = path.join(
    folder,
    CODE_FOLDER,
    [name, build, kind, process.version, process.platform, process.arch].join('-'),
  );
  const text = fs.readFileSync(filename, 'utf8');
  const source = `(function(exports,require,module,__filename,__dirname){${text}\n})`;
  const sumOf = loadSumOf(parent);
  const cachedData = sumOf && read(file, sumOf);
  const script = new vm.Script(source, { filename, ...(cachedData ? { cachedData } : {}) });
  const made = new Module(filename, parent) as {
    -readonly [K in keyof BundleModule]: BundleModule[K];
  } & { loaded: boolean; importer: (specifier: string) => Promise<unknown> };
  made.filename = filename;
  made.paths = parent.paths;
  // The engine calls nobody for an import() in a script, so bundles call this one. It is in the same
  // folder.
  made.importer = (specifier) => import(specifier);
  Module._cache[filename] = made;
  const make = script.runInThisContext() as (...parts: readonly unknown[]) => void;
  make.call(made.exports, made.exports, (id: string) => made.require(id), made, filename, folder);
  made.loaded = true;
  if (sumOf && (!cachedData || script.cachedDataRejected)) unkept.push({ script, file, sumOf });
  return made.exports;
}
