/**
 * Progress bars of jobs and invokers.
 */
export { besideProgress, type ProgressStream } from './display.ts';
export { invokeProgress, Progress, type ProgressOptions, reportProgress } from './progress.ts';
export { reportVerbose } from './verbose.ts';
