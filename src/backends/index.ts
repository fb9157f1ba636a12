/**
 * Starts workers: the launchers, and their registry.
 */
export { type CoreUse, coreUse } from './core-account.ts';
export { writesProfile } from './flags.ts';
export { backendNamed, checkBackend, registerBackend } from './registry.ts';
