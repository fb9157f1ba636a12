/**
 * Thread pools of this process: what is loaded, how many threads it takes, and limits on that.
 */

export { ThreadpoolController } from './controller.ts';
export { registerController } from './custom.ts';
export { setDefaultThreads } from './defaults.ts';
export {
  changedEnvironment,
  forcedThreadEnvironment,
  type ThreadVariable,
  threadEnvironment,
  threadVariables,
} from './environment.ts';
export { threadpoolInfo } from './info.ts';
export { ThreadpoolLimits, threadpoolLimits } from './limits.ts';
export type {
  InfoSource,
  LibraryController,
  LimitOptions,
  Limits,
  ThreadpoolInfo,
  ThreadpoolQuery,
} from './types.ts';
export {
  type DecidingVariable,
  decidingVariable,
  readerOf,
  readVariables,
  setByUser,
  threadLimit,
  type VariableReader,
} from './variables.ts';
