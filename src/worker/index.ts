/**
 * What runs inside a worker.
 */
export { isTaskContext, type TaskContext, type TaskProgress, type WorkerInfo } from './context.ts';
export { packError, plainError } from './failures.ts';
export { workerLogChannel } from './log-channel.ts';
export { taskRng } from './rng.ts';
export { Runner } from './runner.ts';
export { type ServeOptions, serveWorker } from './serve.ts';
