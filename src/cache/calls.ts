/**
 * Calls whose results are kept: looked up by a key, or made and written down.
 */
import fs from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { types } from 'node:util';
import { type Callable, platformClassOf } from '../codec/index.ts';
import { errorText } from '../errors.ts';
import { functionText } from '../functions/index.ts';
import { isTaskContext } from '../worker/index.ts';
import type { Compression } from './compression.ts';
import { readValue, writeValue } from './file.ts';
import { hash, hashNamed } from './hash.ts';
import { ENDING, removeBeyond } from './limits.ts';

/** What of an argument makes no difference: all of it, or some of its members. */
export interface Ignored {
  readonly index: number;
  /** The argument and all after it. */
  readonly rest: boolean;
  /** null: all of it. */
  readonly member: string | null;
}

/** A function whose results are kept, as plain data: it goes to workers as it is. */
export interface CacheSettings {
  readonly fn: (...args: never[]) => unknown;
  /** Where its results are; null: nowhere. */
  readonly folder: string | null;
  readonly ignored: readonly Ignored[];
  /** The function can tell whether it got an argument from this index on, even an undefined one. */
  readonly countsFrom: number;
  readonly version: string | number | null;
  readonly compress: Compression;
  readonly bytes: number;
  readonly age: number;
}

/** A result is said to be used no more often than this (ms). */
const USED_MS = 1000;

/** Calls that are being made in this thread, by the file of their result. */
const underWay = new Map<string, Promise<unknown>>();

/** Bytes in each folder, as far as this thread knows. */
const totals = new Map<string, number>();

function warn(what: string, cause: unknown): void {
  const { message } = errorText(cause) ?? { message: String(cause) };
  process.emitWarning(`${what}: ${message}`, { type: 'HeddleWarning', code: 'HEDDLE_CACHE' });
}

/** Names of folders by function. */
const folders = new WeakMap<object, string>();

/** The folder of a function's results: of its text, so that clear() finds all of them. */
function folderOf(base: string, fn: CacheSettings['fn']): string {
  let folder = folders.get(fn);
  if (folder === undefined) {
    const name = fn.name.replace(/[^\w-]/g, '').slice(0, 40) || 'function';
    folder = `${name}-${hash(functionText(fn as unknown as Callable)).slice(0, 16)}`;
    folders.set(fn, folder);
  }
  return path.join(base, folder);
}

/** The arguments as far as they make a difference. */
function relevant(args: readonly unknown[], { ignored, countsFrom }: CacheSettings): unknown[] {
  const left = [...args];
  // Which task of which job it is makes no difference to the value.
  if (isTaskContext(left.at(-1))) left.pop();
  for (const { index, rest, member } of ignored) {
    if (rest) left.length = Math.min(left.length, index);
    else if (index >= left.length) continue;
    else if (member === null) left[index] = undefined;
    else {
      left[index] = without(left[index], member);
    }
  }
  // f(x) and f(x, undefined) are the same call to a function that does not count its arguments.
  while (left.length > 0 && left.length <= countsFrom && left.at(-1) === undefined) left.pop();
  return left;
}

/** An object of the same class without a member; itself where it is more than its members. */
function without(value: unknown, member: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, member)) return value;
  if (Array.isArray(value) || types.isProxy(value) || platformClassOf(value)) return value;
  const { [member]: _, ...others } = Object.getOwnPropertyDescriptors(
    value,
  ) as PropertyDescriptorMap;
  return Object.create(Object.getPrototypeOf(value) as object | null, others);
}

/** The file of a call's result. */
function fileOf(settings: CacheSettings & { readonly folder: string }, args: unknown[]): string {
  const { fn, folder, version } = settings;
  const told = hashNamed('arguments', relevant(args, settings));
  const key = hash([hashNamed('fn', fn), version, told]);
  return path.join(folderOf(folder, fn), key.slice(0, 40) + ENDING);
}

function isKept(settings: CacheSettings): settings is CacheSettings & { readonly folder: string } {
  return settings.folder !== null;
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'ENOENT';
}

/** The result in a file, if there is one that counts. */
async function found(file: string, age: number): Promise<{ readonly value: unknown } | null> {
  try {
    const { value, writtenAt, usedAt } = await readValue(file, true);
    const now = Date.now();
    if (now - writtenAt > age) return null;
    if (now - usedAt > USED_MS) use(file, now, writtenAt);
    return { value };
  } catch (error) {
    if (!isMissing(error))
      warn(`The result in ${file} can't be used, and is computed again`, error);
    return null;
  }
}

/** Notes that a result was used; not every file system does. */
function use(file: string, now: number, writtenAt: number): void {
  try {
    fs.utimesSync(file, new Date(now), new Date(writtenAt));
  } catch {
    // It was removed meanwhile, or belongs to somebody else.
  }
}

/** Calls the function, and keeps what it gives. */
async function make(
  settings: CacheSettings & { readonly folder: string },
  file: string,
  args: unknown[],
): Promise<unknown> {
  const started = Date.now();
  const value = await Reflect.apply(settings.fn, undefined, args);
  try {
    await mkdir(path.dirname(file), { recursive: true });
    const about = { started, duration: Date.now() - started };
    const bytes = await writeValue(file, 'result', value, settings.compress, about);
    await keepWithin(settings, bytes);
  } catch (error) {
    const { name } = settings.fn;
    warn(`The result of ${name ? `'${name}'` : 'a function'} could not be kept`, error);
  }
  return value;
}

/** Makes room, when as much has been written as there may be. */
async function keepWithin(
  { folder, bytes, age }: CacheSettings & { readonly folder: string },
  more: number,
): Promise<void> {
  if (bytes === Number.POSITIVE_INFINITY && age === Number.POSITIVE_INFINITY) return;
  const known = totals.get(folder);
  const total = (known ?? 0) + more;
  totals.set(folder, total);
  // What others write is seen when a program begins, and whenever it has filled its share.
  if (known !== undefined && total <= bytes) return;
  totals.set(folder, await removeBeyond(folder, { bytes, age, items: Number.POSITIVE_INFINITY }));
}

/** The result of a call: kept from before, or made now. */
export async function callCached(settings: CacheSettings, args: unknown[]): Promise<unknown> {
  if (!isKept(settings)) return await Reflect.apply(settings.fn, undefined, args);
  const file = fileOf(settings, args);
  for (;;) {
    const running = underWay.get(file);
    if (!running) break;
    // Who asks for the same meanwhile gets a copy of its own, from the file.
    await running.catch(() => {});
    const kept = await found(file, settings.age);
    if (kept) return kept.value;
  }
  return await alone(file, async () => {
    const kept = await found(file, settings.age);
    return kept ? kept.value : await make(settings, file, args);
  });
}

/** Makes the call whatever is kept, and keeps its result instead. */
export async function callAnew(settings: CacheSettings, args: unknown[]): Promise<unknown> {
  if (!isKept(settings)) return await Reflect.apply(settings.fn, undefined, args);
  const file = fileOf(settings, args);
  return await alone(file, () => make(settings, file, args));
}

async function alone(file: string, call: () => Promise<unknown>): Promise<unknown> {
  const running = call();
  underWay.set(file, running);
  try {
    return await running;
  } finally {
    if (underWay.get(file) === running) underWay.delete(file);
  }
}

/** Whether the result of a call is kept. */
export async function isCached(settings: CacheSettings, args: unknown[]): Promise<boolean> {
  if (!isKept(settings)) return false;
  try {
    const { mtimeMs } = fs.statSync(fileOf(settings, args));
    return Date.now() - mtimeMs <= settings.age;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Removes all results of the function. */
export async function clearFunction(settings: CacheSettings): Promise<void> {
  if (!isKept(settings)) return;
  await rm(folderOf(settings.folder, settings.fn), { recursive: true, force: true });
}
