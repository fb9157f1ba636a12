/**
 * Logs of workers, and timelines of jobs.
 */
export { getLogger, type Logger, type LogMethod, setLogger } from './logging.ts';
export { traceRun } from './trace.ts';
export { micro, PID, rowNames, type TraceEvent, traceJson } from './trace-format.ts';
