/**
 * The public face: re-exports, nothing else.
 *
 * @packageDocumentation
 */
export {
  type Config,
  ensureInitialized,
  initialize,
  type ParallelConfig,
  parallelConfig,
  withConfig,
} from './config/index.ts';
export { type CpuCountOptions, cpuCount } from './machine/index.ts';
export { threadEnvironment } from './threadpools/environment.ts';
