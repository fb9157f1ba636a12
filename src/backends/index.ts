/**
 * Starts workers: the launchers, and their registry.
 */
export { writesProfile } from './flags.ts';
export { backendNamed, checkBackend, registerBackend } from './registry.ts';
