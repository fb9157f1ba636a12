/**
 * Thread pools of this process: what is loaded, how many threads it takes, and limits on that.
 */
import { infosOf } from './controller.ts';
import { allPools } from './limits.ts';
import type { ThreadpoolInfo } from './types.ts';

export { ThreadpoolController } from './controller.ts';
export { registerController } from './custom.ts';
export { ownVariable, setDefaultThreads } from './defaults.ts';
export {
  MARK,
  setByUser,
  type ThreadVariable,
  threadEnvironment,
  threadVariables,
} from './environment.ts';
export { ThreadpoolLimits, threadpoolLimits } from './limits.ts';
export type {
  InfoSource,
  LibraryController,
  LimitOptions,
  Limits,
  ThreadpoolInfo,
  ThreadpoolQuery,
} from './types.ts';

/**
 * Describes every runtime with threads of its own that is loaded into this process now: BLAS
 * libraries, OpenMP, libvips, and what {@link registerController} has made known. Whoever loaded
 * them, and however; each file once, with symbolic links resolved.
 */
export function threadpoolInfo(): ThreadpoolInfo[] {
  return infosOf(allPools());
}
