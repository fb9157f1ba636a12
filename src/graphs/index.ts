/**
 * Graphs of delayed calls: what they are made of, in which order they run, and what of them is kept.
 */
export {
  Call,
  type Delayable,
  type DelayedCall,
  type DelayedOptions,
  delayed,
  isCall,
  nameOf,
} from './call.ts';
export { CallFinder, withResults } from './containers.ts';
export { draw } from './draw.ts';
export { CycleError, DependencyError } from './errors.ts';
export { expand, type Graph } from './expand.ts';
export { GraphRun } from './run.ts';
