/**
 * The native probe of the tests, and the libraries that they load with it.
 */
import { copyFileSync, existsSync, mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { type LibraryName, libraries } from '../helpers/debian.ts';

/** A library that the probe has opened; opaque. */
export type Library = { readonly __library: unique symbol };

interface Probe {
  load(file: string): Library;
  call(library: Library, name: string): number;
  call(library: Library, name: string, argument: number): undefined;
  callText(library: Library, name: string, text: string): number;
  team(library: Library): number;
  nested(library: Library, outer: number, inner: number): [all: number, largestInner: number];
  product(library: Library, n: number): number;
  stressProcessRuntime(threads: number, rounds: number): string;
  /** What went wrong, empty if all held, and how often a worker had more cores than its share. */
  stressCores(workers: number, rounds: number, budget: number): [wrong: string, lent: number];
  /** Of other entries: share, in use, ms without work or -1. */
  availableCores(
    budget: number,
    own: number,
    share: number,
    entries: readonly (readonly [number, number, number])[],
  ): number;
  /** The width that the executor's policy gives an operation now, and the widest that would pay. */
  decide(demand: PolicyDemand, load: PolicyLoad): [width: number, widest: number];
  /** A trial of an elementary function; see test/native/elementary.h. */
  elementary(
    name: string,
    kind: 0 | 1 | 2,
    seed: number,
    count: number,
  ): [unlikeLibrary: number, unlikeEachOther: number, hash: bigint];
  /** The version of glibc; empty with another C library. */
  glibcVersion(): string;
}

/** What an operation asks the executor for; see native/executor/demand.h. */
export interface PolicyDemand {
  readonly work: number;
  readonly maxThreads: number;
  readonly team: boolean;
}

/** What the executor is doing; see native/executor/policy.h. */
export interface PolicyLoad {
  readonly budget: number;
  readonly blasCeiling: number;
  readonly forkWaiting: boolean;
  readonly busy: number;
  readonly idle: boolean;
  readonly rate: number;
  readonly drain: number;
  readonly queuedWork: number;
  readonly expectedWork: number;
}

const root = path.resolve(import.meta.dirname, '../..');
const addon = process.env.HEDDLE_ADDON;
/** Where the build puts the probe and the stand-ins: beside the addon that is under test. */
export const probeFolder = addon
  ? path.join(path.dirname(path.resolve(addon)).replace(/-out$/, ''), 'probe')
  : path.join(root, 'build/cmake/probe');
/** The probe's own file. */
export const probeFile = path.join(probeFolder, 'heddle-probe.node');

if (!existsSync(probeFile)) {
  throw new Error(`${probeFile} is missing: run \`npm run build:native\``);
}
export const probe = createRequire(import.meta.url)(probeFile) as Probe;

/** The path of a real library; an error that names its package where it is missing. */
export function libraryFile(name: LibraryName): string {
  const [debianPackage, file] = libraries[name];
  if (!existsSync(file)) throw new Error(`${file} is missing: apt-get install ${debianPackage}`);
  return file;
}

/** Loads a real library as an addon would. */
export function loadLibrary(name: LibraryName): Library {
  return probe.load(libraryFile(name));
}

/** Loads a stand-in from test/native/stubs. */
export function loadStub(file: string): Library {
  return probe.load(path.join(probeFolder, file));
}

/** Loads a copy of a file under another folder, perhaps under another name. */
export function loadCopy(file: string, name = path.basename(file)): Library {
  const target = path.join(mkdtempSync(path.join(os.tmpdir(), 'heddle-copy-')), name);
  copyFileSync(file, target);
  return probe.load(target);
}
