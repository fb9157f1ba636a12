/**
 * Scoped configuration: settings that follow a call, also across `await`, and into workers.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { typeError } from '../errors.ts';
import { readOptions } from '../options.ts';
import { type Config, type ConfigScope, configKeys } from './types.ts';

/** A scope: what it and those around it set, and that over what the program sets. */
interface Layer {
  readonly own: ConfigScope;
  merged: ConfigScope;
  /** What `merged` was made with. */
  under: ConfigScope;
}

const storage = new AsyncLocalStorage<Layer>();

/** What holds outside of all scopes, and in them where they say nothing. */
let everywhere: ConfigScope = Object.freeze({});

/** The settings in force here: the innermost scope's, with those of the scopes around it. */
export function scopedConfig(): ConfigScope {
  const layer = storage.getStore();
  if (layer === undefined) return everywhere;
  if (layer.under !== everywhere) {
    layer.merged = Object.freeze({ ...everywhere, ...layer.own });
    layer.under = everywhere;
  }
  return layer.merged;
}

/** Checks settings. Unlike options, they are what the call is for: there must be some. */
function readSettings(options: unknown): ConfigScope {
  if (options === undefined) throw typeError('options', options, 'an object');
  return readOptions('options', configKeys, options) as ConfigScope;
}

function enter<T>(own: ConfigScope, body: () => T): T {
  const merged = Object.freeze({ ...everywhere, ...own });
  return storage.run({ own, merged, under: everywhere }, body);
}

/**
 * Sets defaults for everything in this program, until they are set anew; scopes of {@link withConfig}
 * and the options of a call go before. They reach the workers of jobs that are started later. Each
 * thread has its own.
 *
 * @param options - settings; one that is undefined is taken back, those that are not named stay
 * @throws TypeError or RangeError for an unknown key or a value that makes no sense; nothing is set then
 * @example
 * ```ts
 * setConfig({ backend: 'threads', maxBytes: '16M' });
 * ```
 */
export function setConfig(options: { readonly [K in keyof Config]?: Config[K] | undefined }): void {
  const set = readSettings(options);
  const all: Record<string, unknown> = { ...everywhere, ...set };
  for (const [key, value] of Object.entries(options)) if (value === undefined) delete all[key];
  everywhere = Object.freeze(all) as ConfigScope;
}

/** The settings in force here: those of `withConfig` around the call, over those of `setConfig`. */
export function getConfig(): ConfigScope {
  return scopedConfig();
}

/**
 * Runs `body` with settings that hold inside it and in everything it starts, also after an
 * `await`, and in the workers of jobs started there. Scopes nest: what the inner one doesn't set,
 * it takes from the outer one; a key that is undefined counts as not set.
 *
 * @param options - the settings
 * @param body - called once, at once
 * @returns what `body` returns (a Promise, if it is async)
 * @throws TypeError or RangeError for an unknown key or a value that makes no sense
 *
 * @example
 * ```ts
 * const product = await withConfig({ backendThreads: 1 }, () => matmul(a, b));
 * ```
 */
export function withConfig<T>(options: Partial<Config>, body: () => T): T {
  return enter({ ...storage.getStore()?.own, ...readSettings(options) }, body);
}

/** The settings in force here, as plain data to send to a worker. */
export function exportScope(): ConfigScope {
  return { ...scopedConfig() };
}

/** Runs `body` in a worker under the settings that {@link exportScope} gave. */
export function enterScope<T>(scope: ConfigScope, body: () => T): T {
  return enter({ ...scope }, body);
}
