/**
 * Starts workers: the launchers, and their registry.
 */
export { backendNamed, checkBackend, registerBackend } from './registry.ts';
