/**
 * Scoped configuration: settings that follow a call, also across `await`, and into workers.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { type Config, type ConfigScope, checked, configKeys } from './types.ts';

const storage = new AsyncLocalStorage<ConfigScope>();
const EMPTY: ConfigScope = Object.freeze({});

/** The settings in force here: the innermost scope's, with those of the scopes around it. */
export function scopedConfig(): ConfigScope {
  return storage.getStore() ?? EMPTY;
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
  const scope = checked<Config>('options', options, configKeys);
  return storage.run(Object.freeze({ ...scopedConfig(), ...scope }), body);
}

/** The settings in force here, as plain data to send to a worker. */
export function exportScope(): ConfigScope {
  return { ...scopedConfig() };
}

/** Runs `body` in a worker under the settings that {@link exportScope} gave. */
export function enterScope<T>(scope: ConfigScope, body: () => T): T {
  return storage.run(Object.freeze({ ...scope }), body);
}
