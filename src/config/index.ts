/**
 * Configuration: the knobs of the process, the scopes laid over them, and this environment's role.
 */
export {
  BUDGET_VARIABLE,
  type BudgetListener,
  coreBudget,
  mostCores,
  watchBudget,
} from './budget.ts';
export { ensureInitialized, initialize, parallelConfig } from './initialize.ts';
export {
  type AskedThreads,
  askedChildThreads,
  childThreadsFor,
  type KnobSource,
  knobSources,
  knobVariables,
} from './knobs.ts';
export {
  explainOperationThreads,
  type OperationApi,
  type OperationThreads,
  operationThreads,
} from './operations.ts';
export { becomeWorker, type WorkerRole, workerRole } from './role.ts';
export {
  enterScope,
  exportScope,
  getConfig,
  scopedConfig,
  setConfig,
  withConfig,
} from './scope.ts';
export {
  type Config,
  type ConfigScope,
  configKeys,
  MAX_WORKERS,
  type ParallelConfig,
} from './types.ts';
