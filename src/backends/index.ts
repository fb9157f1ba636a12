/**
 * Starts workers: the launchers, and their registry.
 */
export { backendNamed, registerBackend } from './registry.ts';
